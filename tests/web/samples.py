"""Claims, orders and forms in realistic states, for looking at pages without a database."""

from datetime import UTC, datetime, timedelta

import msgspec

from makegood.claims.view import (
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
)

NOW = datetime(2026, 11, 21, 13, 9, 33, tzinfo=UTC)
"""21:09 in Shanghai."""
MACHINE = PersonView("machine", "自动核验")
BUYER = PersonView("buyer", "买家")
SELLER = PersonView("seller", "极点数卡")
AGENT = PersonView("platform", "许知远")


def at(minutes: float) -> datetime:
    """So many minutes from the samples' present."""
    return NOW + timedelta(minutes=minutes)


ORDER = OrderView(
    order_no="YQ20261121204117583",
    version=1,
    line_no=1,
    units=[1],
    title="星海点卡 100 元",
    category="game_card",
    seller_id="s-2",
    seller_name="极点数卡",
    placed_at=at(-30),
    paid_at=at(-29),
    delivered_at=at(-28),
    promised_at=at(-20),
    unit_paid_minor=9800,
    currency="CNY",
    listing_text="卡密自动发货，激活前可退。",
    window_until=at(3 * 24 * 60),
    policy="starting@1",
)
FACTS = [
    FactView("supplier.redeemed_at", "2026-11-19T19:12:08Z", "supplier", "supplier", at(-11)),
    FactView("delivery.delivered_at", "2026-11-21T12:41:19Z", "delivery_log", "seller", at(-11)),
    FactView("supplier.redeemed_by_buyer", False, "supplier", "supplier", at(-11)),
    FactView("key.revealed", True, "platform_log", "platform", at(-11)),
    FactView("order.unit_paid_minor", 9800, "order", "none", at(-11)),
]
DECISION = DecisionView(
    number=1,
    finding="key_used_before_supplier",
    remedy="refund_full",
    amount_minor=9800,
    coupon_minor=0,
    currency="CNY",
    shares={"supplier": 100},
    rule_id="R-07",
    rule_version="1",
    clause_zh="卡密在买家查看之前已被兑换的，买家可选补发或退款，费用由供货商承担，不影响卖家押金。",
    clause_en="Where a code was redeemed before the buyer viewed it, the buyer chooses a "
    "replacement or a refund. The supplier pays; the seller’s deposit is untouched.",
    conditions=[
        ConditionView(
            "在查看之前已被兑换",
            "Redeemed before it was viewed",
            True,
            "supplier",
            "met",
            "supplier.redeemed_before_reveal",
        ),
        ConditionView(
            "由买家填写的账号兑换",
            "Redeemed to the account the buyer gave",
            False,
            "supplier",
            "met",
            "supplier.redeemed_by_buyer",
        ),
        ConditionView("金额在自动执行上限内", "Within the automatic limit", True, "order", "met"),
    ],
    decided_by=MACHINE,
    decided_at=at(-10),
    machine=True,
    reason_text="",
    would_change=["supplier.redeemed_by_buyer"],
    appeal_until=at(7 * 24 * 60 - 10),
)
REFUND = MoneyView(
    kind="refund",
    number="RF-20261121-0001",
    state="accepted",
    amount_minor=9800,
    currency="CNY",
    channel="epay",
    eta_at=at(23 * 60 + 12),
    at=at(-9),
)
EVIDENCE = [
    EvidenceView(
        "e1",
        "error_screen",
        "buyer",
        "image/jpeg",
        3_250_000,
        "7c1e5a" + "0" * 54 + "40af",
        [],
        at(-12),
    ),
    EvidenceView(
        "e2",
        "purchase_invoice",
        "seller",
        "application/pdf",
        182_000,
        "b7a3" + "1" * 56 + "5020",
        ["modified_after_opening"],
        at(-4),
    ),
]
STEPS = [
    StepView(
        version=1,
        what="claim_opened",
        by=BUYER,
        at=at(-12),
        audience="all",
        with_={},
    ),
    StepView(
        version=2,
        what="facts_recorded",
        by=MACHINE,
        at=at(-11),
        audience="all",
        with_={"count": 5},
    ),
    StepView(
        version=3,
        what="claim_decided",
        by=MACHINE,
        at=at(-10),
        audience="all",
        with_={"remedy": "refund", "amount_minor": 9800},
    ),
    StepView(
        version=4,
        what="money_moved",
        by=MACHINE,
        at=at(-9),
        audience="all",
        with_={"kind": "refund", "state": "accepted", "amount_minor": 9800},
    ),
    StepView(
        version=5,
        what="message_posted",
        by=SELLER,
        at=at(-3),
        audience="all",
        with_={},
        text="抱歉给您添麻烦了，这一批已经全部下架重新验卡。",
    ),
]


def deadline(kind: str, minutes: float, set_minutes: float = -10) -> DeadlineView:
    """A running deadline of a kind."""
    return DeadlineView(kind, at(minutes), "escalate", "platform", at(set_minutes), "running")


REFUNDING = ClaimView(
    claim_no="AS-261121-7K3QFX",
    version=5,
    state="executing",
    lane="fast",
    priority="P2",
    reason="KEY02",
    wants="refund",
    description="兑换提示代码已被使用，我确认没有给过别人。",
    follow_up_zh="",
    follow_up_en="",
    opened_at=at(-12),
    channel="web",
    owner=AGENT,
    buyer=BUYER,
    order=ORDER,
    claimed_minor=9800,
    held_minor=9800,
    stages=[
        StageView("accept", "done", at(-12)),
        StageView("verify", "done", at(-11)),
        StageView("handle", "now", None),
        StageView("feedback", "next", None),
        StageView("improve", "next", None),
    ],
    deadlines=[deadline("refund_order", 23 * 60 + 12)],
    facts=FACTS,
    slots=[
        SlotView("error_screen", "buyer", True, 1),
        SlotView("redeem_account", "buyer", True, 1),
    ],
    evidence=EVIDENCE,
    decision=DECISION,
    earlier_decisions=[],
    suggestion=None,
    money=[REFUND],
    offers=[],
    tasks=[],
    steps=STEPS,
    tags={},
    root_cause="",
    rating=None,
    may=["message", "add_evidence", "appeal", "ask_person"],
)
VERIFYING = msgspec.structs.replace(
    REFUNDING,
    state="verifying",
    decision=None,
    money=[],
    facts=[],
    steps=STEPS[:1],
    stages=[
        StageView("accept", "done", at(-1)),
        StageView("verify", "now", None),
        StageView("handle", "next", None),
        StageView("feedback", "next", None),
        StageView("improve", "next", None),
    ],
    deadlines=[deadline("auto_lane", 4), deadline("decision", 24 * 60)],
    may=["message", "add_evidence", "withdraw", "ask_person"],
    follow_up_zh="兑换时看到的提示原文是什么，在哪一步出现？",
    follow_up_en="What exactly did the message say, and at which step?",
)
NEGOTIATING = msgspec.structs.replace(
    VERIFYING,
    state="negotiating",
    facts=FACTS,
    follow_up_zh="",
    follow_up_en="",
    offers=[
        OfferView(
            number=1,
            by="seller",
            remedy="refund",
            amount_minor=4900,
            currency="CNY",
            text="这张卡已激活一半面值，退一半可以吗？",
            at=at(-5),
            state="open",
        )
    ],
    deadlines=[deadline("negotiation", 23 * 60)],
    may=[
        "message",
        "add_evidence",
        "accept_offer",
        "decline_offer",
        "counter_offer",
        "decide_now",
        "withdraw",
        "ask_person",
    ],
)
CHOOSING = msgspec.structs.replace(
    REFUNDING,
    state="decided",
    money=[],
    decision=msgspec.structs.replace(DECISION, choices=["reissue", "refund_full"]),
    deadlines=[deadline("choice", 47 * 60)],
    may=["choose_remedy", "message", "appeal"],
)
REISSUED = msgspec.structs.replace(
    REFUNDING,
    state="settled",
    decision=msgspec.structs.replace(DECISION, remedy="reissue", amount_minor=0),
    money=[
        msgspec.structs.replace(
            REFUND, kind="reissue", state="arrived", amount_minor=0, channel="stock", eta_at=None
        )
    ],
    deadlines=[],
    stages=[
        StageView("accept", "done", at(-12)),
        StageView("verify", "done", at(-11)),
        StageView("handle", "done", at(-9)),
        StageView("feedback", "now", None),
        StageView("improve", "next", None),
    ],
    may=["message", "reveal_replacement", "rate", "appeal", "reopen"],
)
REFUSED = msgspec.structs.replace(
    REFUNDING,
    state="closed",
    money=[],
    deadlines=[],
    decision=msgspec.structs.replace(
        DECISION,
        finding="key_redeemed_by_buyer",
        remedy="explanation",
        amount_minor=0,
        shares={"buyer": 100},
        clause_zh="卡密在查看之后由买家填写的账号兑换的，不支持退款。",
        clause_en="Where a code was redeemed after viewing, to the account the buyer gave, "
        "there is no refund.",
        conditions=[
            ConditionView(
                "在查看之前已被兑换", "Redeemed before it was viewed", False, "supplier", "not_met"
            ),
            ConditionView(
                "由买家填写的账号兑换",
                "Redeemed to the account the buyer gave",
                True,
                "supplier",
                "met",
            ),
        ],
    ),
    may=["appeal", "ask_person", "rate", "reopen"],
)
CLAIMS = {
    "refunding": REFUNDING,
    "verifying": VERIFYING,
    "negotiating": NEGOTIATING,
    "choosing": CHOOSING,
    "reissued": REISSUED,
    "refused": REFUSED,
}
