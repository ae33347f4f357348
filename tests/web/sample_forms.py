"""Facts of portal pages other than the claim page, by name."""

from collections.abc import Callable
from datetime import timedelta

from makegood.claims.letter import letter_of
from makegood.policy.model import Pack
from makegood.web.page import Page
from makegood.web.portal.charged import Charged
from makegood.web.portal.shown import (
    Ask,
    CheckShown,
    ClaimForm,
    DoneStep,
    LineShown,
    OrderCard,
    OrderShown,
    ReasonGroup,
    RemedyChoice,
    SlotShown,
    UnitShown,
)
from tests.web import samples

Facts = tuple[str, dict[str, object]]
GROUPS = ["KEY", "DLV", "SND", "ACC", "MBR", "PAY", "SRV", "SEC"]


def facts_of(name: str, page: Page, pack: Pack) -> Facts:
    """Template and facts of a sample page."""
    return PAGES[name](page, pack)


def unit(number: int, *, open_: bool = True, claim_no: str = "") -> UnitShown:
    """One unit of the sample order."""
    return UnitShown(
        key=f"1.{number}",
        unit_no=number,
        title="星海点卡 100 元",
        paid_minor=9800,
        currency="CNY",
        delivered_at=samples.at(-28),
        promised_at=None,
        has_key=True,
        reveal_tracked=True,
        revealed=number == 1,
        window_open=open_,
        window_until=samples.at(3 * 24 * 60 if open_ else -60),
        window_state="normal",
        window_left="0.98",
        claim_no=claim_no,
        chosen=number == 1,
    )


def form(page: Page, pack: Pack, step: int) -> ClaimForm:
    """The guided claim at one of its steps."""
    words = page.words
    reasons = [r for r in pack.reasons.values() if r.group == "KEY"]
    groups = [
        ReasonGroup(
            code=code,
            reasons=reasons
            if code == "KEY"
            else [r for r in pack.reasons.values() if r.group == code],
            open=code == "KEY",
        )
        for code in ("KEY", "DLV", "SND", "PAY")
    ]
    slots = [
        SlotShown(
            code=use.slot,
            kind=pack.slots[use.slot].kind,
            name=words.pick(pack.slots[use.slot].name.zh, pack.slots[use.slot].name.en),
            how=words.pick(pack.slots[use.slot].how.zh, pack.slots[use.slot].how.en),
            required=use.required,
            text="8820 4412 2260" if pack.slots[use.slot].kind == "account" else "",
            files=[samples.EVIDENCE[0]] if pack.slots[use.slot].kind == "image" else [],
        )
        for use in pack.reasons["KEY02"].slots
        if pack.slots[use.slot].who == "buyer"
    ]
    check = CheckShown(
        tone="acc",
        head=words.t("open.check_ready.head"),
        text=words.t("open.check_ready.text"),
        facts=samples.FACTS[3:],
        asks=[
            Ask(s="done", text=words.t("open.asks.window")),
            Ask(
                s="next",
                text=words.t("open.asks.supplier"),
                note=words.t("open.asks.supplier_note"),
            ),
        ],
    )
    done = [DoneStep(number=1, title="卡密已被使用", text="第 1 件")] if step > 1 else []
    return ClaimForm(
        order_no=samples.ORDER.order_no,
        draft_no="D-sample",
        saved_at=None,
        at=(1, 2, 3, 4)[step - 1],
        units=[unit(1), unit(2)],
        groups=groups,
        reason="KEY02",
        description="兑换提示代码已被使用，我确认没有给过别人。",
        question="",
        slots=slots,
        check=check,
        remedies=[
            RemedyChoice(wants="reissue", amount_minor=0, currency="CNY"),
            RemedyChoice(wants="refund", amount_minor=9800, currency="CNY"),
            RemedyChoice(wants="explanation", amount_minor=0, currency="CNY"),
        ],
        wants="refund",
        done_steps=done,
        bar_head=words.t("open.bar.next", n=2) if step == 1 else words.t("open.bar.ready"),
        bar_text=words.t("open.bar.time"),
        errors={},
    )


def _home(page: Page, pack: Pack) -> Facts:
    card = OrderCard(
        order_no=samples.ORDER.order_no,
        title="星海点卡 100 元",
        count=2,
        seller_name="极点数卡",
        placed_at=samples.at(-30),
        may_claim=True,
        window_open=True,
        window_until=samples.at(3 * 24 * 60),
    )
    facts: dict[str, object] = {"claims": [], "orders": [card], "groups": GROUPS, "demo": None}
    return "portal/templates/home.html", facts


def _home_empty(page: Page, pack: Pack) -> Facts:
    facts: dict[str, object] = {"claims": [], "orders": [], "groups": GROUPS, "demo": None}
    return "portal/templates/home.html", facts


def _proof(page: Page, pack: Pack) -> Facts:
    facts: dict[str, object] = {
        "again": False,
        "wrong": "",
        "next": "/",
        "order_no": "",
        "mails": True,
    }
    return "portal/templates/proof.html", facts


def _proof_wrong(page: Page, pack: Pack) -> Facts:
    facts: dict[str, object] = {
        "again": False,
        "wrong": "proof_failed",
        "next": "/",
        "order_no": "YQ1",
        "mails": True,
    }
    return "portal/templates/proof.html", facts


def _code(page: Page, pack: Pack) -> Facts:
    facts: dict[str, object] = {
        "proof_id": "p-1",
        "tag": "7K2M",
        "next": "/",
        "order_no": "YQ1",
        "wrong": True,
        "demo_mail": "",
    }
    return "portal/templates/code.html", facts


def _order(page: Page, pack: Pack) -> Facts:
    line = LineShown(
        line_no=1,
        title="星海点卡 100 元",
        paid_minor=29400,
        listing_text="卡密自动发货。",
        units=[unit(1), unit(2, claim_no="AS-261121-7K3QFX"), unit(3, open_=False)],
    )
    order = OrderShown(
        order_no=samples.ORDER.order_no,
        seller_name="极点数卡",
        placed_at=samples.at(-30),
        paid_at=samples.at(-29),
        total_minor=29400,
        currency="CNY",
        policy="starting@1",
        lines=[line],
    )
    return "portal/templates/order.html", {"order": order, "claims": []}


def _form(step: int) -> Callable[[Page, Pack], Facts]:
    def facts(page: Page, pack: Pack) -> Facts:
        return "portal/templates/claim.html", {"form": form(page, pack, step)}

    return facts


def _early(page: Page, pack: Pack) -> Facts:
    facts = {
        "early": True,
        "title": "星海点卡 100 元",
        "at": samples.NOW + timedelta(minutes=12),
        "reminded": False,
        "order_no": "YQ1",
        "unit": "1.1",
        "reason": "DLV01",
    }
    return "portal/templates/notyet.html", facts


def _late(page: Page, pack: Pack) -> Facts:
    facts = {
        "early": False,
        "title": "星海点卡 100 元",
        "at": samples.NOW - timedelta(days=1),
        "reminded": False,
        "order_no": "YQ1",
        "unit": "1.1",
        "reason": "KEY02",
    }
    return "portal/templates/notyet.html", facts


def _appeal(page: Page, pack: Pack) -> Facts:
    return "portal/templates/appeal.html", {"claim": samples.REFUSED, "wrong": False, "text": ""}


def _reopen(page: Page, pack: Pack) -> Facts:
    facts = {"claim": samples.REFUSED, "items": samples.EVIDENCE}
    return "portal/templates/reopen.html", facts


def _letter(page: Page, pack: Pack) -> Facts:
    return "portal/templates/letter.html", {"letter": letter_of(samples.REFUNDING, pack)}


def _error(page: Page, pack: Pack) -> Facts:
    facts: dict[str, object] = {
        "code": "our_fault",
        "title": page.words.t("error.our_fault.title"),
        "detail": page.words.t("error.our_fault.text"),
        "short": "E-500-ABCDEF",
    }
    return "templates/error.html", facts


def _refusal(page: Page, pack: Pack) -> Facts:
    facts: dict[str, object] = {
        "code": "claim_exists",
        "title": page.words.t("refusal.claim_exists.title"),
        "detail": page.words.t("refusal.claim_exists.text"),
    }
    return "templates/refusal.html", facts


def _charged(page: Page, pack: Pack) -> Facts:
    facts: dict[str, object] = {"typed": Charged(trade_no="x"), "wrong": {"trade_no", "contact"}}
    return "portal/templates/charged.html", facts


PAGES: dict[str, Callable[[Page, Pack], Facts]] = {
    "home": _home,
    "home-empty": _home_empty,
    "proof": _proof,
    "proof-wrong": _proof_wrong,
    "code": _code,
    "order": _order,
    "claim-1": _form(1),
    "claim-2": _form(2),
    "claim-3": _form(3),
    "claim-4": _form(4),
    "early": _early,
    "late": _late,
    "charged": _charged,
    "appeal": _appeal,
    "reopen": _reopen,
    "letter": _letter,
    "error": _error,
    "refusal": _refusal,
}
