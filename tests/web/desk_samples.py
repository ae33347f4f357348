"""Claims as staff and sellers see them, for rendering desk and seller pages without a database."""

from datetime import UTC, datetime, timedelta

from makegood.claims.view import (
    ClaimRow,
    ClaimView,
    ConditionView,
    DeadlineView,
    DecisionView,
    EvidenceView,
    FactView,
    MoneyView,
    OfferView,
    OrderView,
    PersonView,
    SlotView,
    StageView,
    StepView,
    SuggestionView,
    TaskView,
)

NOW = datetime(2026, 11, 21, 13, 47, tzinfo=UTC)
AGENT = PersonView(role="agent", name="许知远")
BUYER = PersonView(role="buyer", name="赵先生")
SELLER = PersonView(role="seller", name="老猫账号铺")
MACHINE = PersonView(role="system", name="核验")

AGENT_MAY = (
    "message note decide depart ask_evidence hand_over task_answer escalate assign take set_tags "
    "set_lane decline reveal"
).split()


def ago(**length: float) -> datetime:
    """A time before the samples' present."""
    return NOW - timedelta(**length)


def ahead(**length: float) -> datetime:
    """A time after the samples' present."""
    return NOW + timedelta(**length)


CONDITIONS = [
    ConditionView("问题是账号被找回", "The account was reclaimed", True, "buyer", "met"),
    ConditionView("交付后 30 天内", "Within 30 days of delivery", 3, "order", "met"),
    ConditionView(
        "换绑不是买家操作", "The rebind was not the buyer’s", True, "platform_log", "met"
    ),
    ConditionView("卖家有有效举证", "The seller proved otherwise", False, "agent", "not_met"),
    ConditionView("金额不超过自动额度", "Within the automatic cap", 68_000, "order", "held"),
]

ORDER = OrderView(
    order_no="YQ20261118142207583",
    version=2,
    line_no=1,
    units=[1],
    title="幻域 60 级账号，华东二区",
    category="account",
    seller_id="s-3",
    seller_name="老猫账号铺",
    placed_at=ago(days=3),
    paid_at=ago(days=3),
    delivered_at=ago(days=2, hours=23),
    promised_at=ago(days=2, hours=23),
    unit_paid_minor=68_000,
    currency="CNY",
    listing_text="60 级满装备，包换绑，30 天担保",
    window_until=ahead(days=27),
    policy="starting v1",
)

SUGGESTION = SuggestionView(
    finding="account_reclaimed_by_seller",
    remedy="full_refund",
    amount_minor=68_000,
    currency="CNY",
    shares={"buyer": 0, "seller": 100, "supplier": 0, "platform": 0},
    rule_id="R-21",
    rule_version="1",
    clause_zh="交付后 30 天内账号被找回，且换绑不是买家操作的，由卖家全额退款。",
    clause_en="An account reclaimed within 30 days by someone else is refunded by the seller.",
    conditions=CONDITIONS,
    remedies=["full_refund", "price_reduction"],
    why_person="careful_lane",
)

STEPS = [
    StepView(
        version=1, what="claim_opened", by=BUYER, at=ago(hours=2, minutes=15), audience="all",
        with_={}, text="登录提示密码错误，邮箱也被换掉了。买来第三天，一共玩了不到两小时。",
    ),
    StepView(
        version=2, what="message_posted", by=AGENT, at=ago(hours=2, minutes=9), audience="buyer",
        with_={}, text="已经收到，我在核对换绑记录。您这边暂时不需要做什么。",
    ),
    StepView(
        version=3, what="check_finished", by=MACHINE, at=ago(hours=2, minutes=7), audience="all",
        with_={},
    ),
    StepView(
        version=4, what="seller_answered", by=SELLER, at=ago(minutes=16), audience="all",
        with_={"kind": "contest"}, text="号发出去时是好的，买家自己换绑后弄丢了吧。我这边没动过。",
    ),
    StepView(
        version=5, what="evidence_added", by=SELLER, at=ago(minutes=16), audience="all", with_={}
    ),
    StepView(
        version=6, what="message_posted", by=PersonView(role="agent", name="周琪"),
        at=ago(minutes=11), audience="platform", with_={},
        text="这个号 6 月就退过一次，同一卖家。建议一并看。",
    ),
    StepView(
        version=7, what="review_started", by=MACHINE, at=ago(minutes=11), audience="all", with_={}
    ),
]  # fmt: skip


def stages(now: str = "handle") -> list[StageView]:
    """The five stages with one of them running."""
    names = ("accept", "verify", "handle", "feedback", "improve")
    at = names.index(now)
    return [
        StageView(name, "done" if n < at else "now" if n == at else "next", ago(hours=2))
        for n, name in enumerate(names)
    ]


def claim(**changes: object) -> ClaimView:
    """A claim that waits for an agent's ruling; `changes` replace any field."""
    fields: dict[str, object] = {
        "claim_no": "AS-261121-7K3QFX",
        "version": 7,
        "state": "in_review",
        "lane": "careful",
        "priority": "P1",
        "reason": "ACC02",
        "wants": "refund",
        "description": STEPS[0].text,
        "follow_up_zh": "",
        "follow_up_en": "",
        "opened_at": ago(hours=2, minutes=15),
        "channel": "portal",
        "owner": AGENT,
        "buyer": BUYER,
        "order": ORDER,
        "claimed_minor": 68_000,
        "held_minor": 68_000,
        "stages": stages(),
        "deadlines": [
            DeadlineView(
                kind="decision", at=ahead(minutes=12, seconds=40), then="escalate",
                turn="platform", set_at=ago(hours=24), state="soon",
            ),
            DeadlineView(
                kind="hard_stop", at=ahead(days=14), then="escalate", turn="platform",
                set_at=ago(hours=2), state="running",
            ),
        ],
        "facts": [
            FactView("login_ok_at_handover", True, "delivery_log", "seller", ago(days=2)),
            FactView("password_works", False, "platform_log", "platform", ago(hours=2)),
            FactView("rebound_by_buyer", False, "platform_log", "platform", ago(hours=2)),
            FactView("resold_by_buyer", None, "platform_log", "platform", ago(hours=2)),
        ],
        "slots": [
            SlotView("lockout_video", "buyer", True, 1),
            SlotView("proof_of_unlinking", "seller", True, 0),
        ],
        "evidence": [
            EvidenceView(
                "ev-1", "lockout_video", "buyer", "video/mp4", 8_400_000, "e0b2" + "9d" * 30,
                [], ago(hours=2), has_thumb=False,
            ),
            EvidenceView(
                "ev-2", "proof_of_unlinking", "seller", "image/png", 310_000, "81c4" + "0e" * 30,
                ["edited_later"], ago(minutes=16), has_thumb=False,
            ),
        ],
        "decision": None,
        "earlier_decisions": [],
        "suggestion": SUGGESTION,
        "money": [],
        "offers": [],
        "tasks": [],
        "steps": STEPS,
        "tags": {"ACC02": 92, "SEC01": 41},
        "root_cause": "",
        "rating": None,
        "may": list(AGENT_MAY),
    }  # fmt: skip
    return ClaimView(**{**fields, **changes})  # type: ignore[arg-type]


DECISION = DecisionView(
    number=1,
    finding="account_reclaimed_by_seller",
    remedy="full_refund",
    amount_minor=68_000,
    coupon_minor=0,
    currency="CNY",
    shares={"buyer": 0, "seller": 100, "supplier": 0, "platform": 0},
    rule_id="R-21",
    rule_version="1",
    clause_zh=SUGGESTION.clause_zh,
    clause_en=SUGGESTION.clause_en,
    conditions=CONDITIONS,
    decided_by=AGENT,
    decided_at=ago(hours=1),
    machine=False,
    reason_text="换绑设备不是买家的，卖家截图晚于开案，按规则全额退款。",
    would_change=["卖家提交有效的解绑证明"],
    appeal_until=ahead(days=7),
)


def decided(**changes: object) -> ClaimView:
    """A claim that was decided and whose refund needs a person."""
    money = MoneyView(
        kind="refund", number="R-1", state="manual", amount_minor=68_000, currency="CNY",
        channel="epay_v1", eta_at=ahead(hours=20), at=ago(minutes=40),
    )  # fmt: skip
    task = TaskView(
        task_id="t-1", department="finance", question="请核对 11-18 的入账流水。",
        due_at=ahead(hours=6), answer="", done_at=None,
    )  # fmt: skip
    fields: dict[str, object] = {
        "state": "executing",
        "suggestion": None,
        "decision": DECISION,
        "money": [money],
        "tasks": [task],
        "may": ["message", "note", "task_answer", "confirm_manual_refund", "assign", "escalate"],
    }
    return claim(**{**fields, **changes})


def appealed(**changes: object) -> ClaimView:
    """A decided claim that the seller appealed."""
    filed = StepView(
        version=9, what="appeal_filed", by=SELLER, at=ago(minutes=30), audience="all",
        with_={}, text="换绑记录是我帮买家操作的，聊天里有同意。",
    )  # fmt: skip
    fields: dict[str, object] = {
        "state": "appealed",
        "suggestion": None,
        "decision": DECISION,
        "steps": [*STEPS, filed],
        "may": ["message", "note", "decide_appeal"],
    }
    return claim(**{**fields, **changes})


def waiting_seller(**changes: object) -> ClaimView:
    """A claim whose seller has the turn."""
    reply = DeadlineView(
        kind="seller_reply", at=ahead(hours=8, minutes=16), then="decide_on_facts",
        turn="seller", set_at=ago(hours=4), state="running",
    )  # fmt: skip
    fields: dict[str, object] = {
        "state": "waiting_seller",
        "deadlines": [reply],
        "steps": STEPS[:3],
        "may": ["message", "add_evidence", "answer"],
    }
    return claim(**{**fields, **changes})


def negotiating(**changes: object) -> ClaimView:
    """A claim with a counter-offer on the table."""
    offers = [
        OfferView(
            number=1, by="seller", remedy="price_reduction", amount_minor=20_000, currency="CNY",
            text="退 200，号您留着", at=ago(hours=1), state="countered",
        ),
        OfferView(
            number=2, by="buyer", remedy="price_reduction", amount_minor=40_000, currency="CNY",
            text="至少 400", at=ago(minutes=20), state="open",
        ),
    ]  # fmt: skip
    fields: dict[str, object] = {
        "state": "negotiating",
        "offers": offers,
        "may": ["message", "add_evidence", "accept_offer", "counter_offer", "decide_now"],
    }
    return waiting_seller(**{**fields, **changes})


_ROWS = [
    (
        "P0",
        "PAY02",
        "云帆月卡",
        "支付宝有两笔 15.00，订单只有一单",
        "小满会员店",
        1_500,
        -6,
        "mine",
    ),
    (
        "P1",
        "ACC02",
        "幻域 60 级账号",
        "卖家补交了截图，改于开案后",
        "老猫账号铺",
        68_000,
        12,
        "mine",
    ),
    (
        "P1",
        "SND01",
        "极光办公授权",
        "商品页写的是专业版，显示教育版",
        "正版小站",
        29_900,
        38,
        "mine",
    ),
    (
        "P2",
        "DLV01",
        "星海点卡 200 元",
        "付款 40 分钟了，订单还是处理中",
        "极点数卡",
        19_600,
        104,
        "",
    ),
    ("P2", "DLV01", "星海点卡 50 元", "请问什么时候到？急用", "点卡便利店", 4_900, 111, ""),
    ("P2", "KEY02", "礼享卡 200 元", "卡号能查到，余额 0.00", "礼卡屋", 18_800, 140, "system"),
    ("P2", "MBR01", "云帆年卡", "第 42 天显示非会员", "小满会员店", 13_600, 210, "mine"),
    ("P2", "ACC01", "繁星手游账号", "提示异地登录需要原手机验证", "游友之家", 42_000, 340, "mine"),
    (
        "P3",
        "KEY08",
        "云写作终身版",
        "已按文章操作三遍仍然报 0x14",
        "软件铺子",
        25_900,
        1300,
        "mine",
    ),
]
_STATES = [
    "verifying", "in_review", "in_review", "open", "open", "waiting_supplier", "waiting_seller",
    "waiting_seller", "waiting_buyer",
]  # fmt: skip
_OWNERS = {"mine": ("agent-1", "许知远"), "": ("agent-2", "陈默"), "system": ("system", "核验")}
_LETTERS = "ABCDEFGHJ"


def rows() -> list[ClaimRow]:
    """A queue's page, in its order."""
    return [_row(n, *fields) for n, fields in enumerate(_ROWS)]


def _row(
    n: int, priority: str, reason: str, title: str, excerpt: str, seller: str, amount: int,
    minutes: int, owner: str,
) -> ClaimRow:  # fmt: skip
    owner_id, owner_name = _OWNERS[owner]
    return ClaimRow(
        claim_no=f"AS-261121-7K3Q{_LETTERS[n]}X",
        state=_STATES[n],
        lane="careful" if reason.startswith("ACC") else "fast",
        priority=priority,
        reason=reason,
        title=title,
        order_no=f"YQ2026112100{n}",
        seller_id=f"s-{n}",
        seller_name=seller,
        amount_minor=amount,
        currency="CNY",
        owner_id=owner_id,
        owner_name=owner_name,
        opened_at=ago(hours=n + 1),
        changed_at=ago(minutes=n),
        next_deadline_at=ahead(minutes=minutes),
        next_deadline_kind="seller_reply" if _STATES[n] == "waiting_seller" else "decision",
        excerpt=excerpt,
        version=n + 3,
    )
