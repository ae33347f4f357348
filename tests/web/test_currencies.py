"""Amounts of markets whose currency has no decimals, or three: typed, shown and kept exactly."""

import re
from pathlib import Path

import msgspec
import pytest

from makegood.base.money import plain_amount
from makegood.claims.view import ConditionView
from makegood.ledger.amounts import read_minor
from makegood.orders.columns import amount_minor
from makegood.people.proofs.actions import proof_code
from makegood.policy.draft.store import list_drafts
from makegood.policy.explain import LABELS
from makegood.policy.model import Pack
from makegood.policy.packfile import read_pack_file
from makegood.store.database import Database
from makegood.store.notify import Hub
from makegood.web.words import Words, load_catalogue
from tests.claims.town import SETTINGS, Town
from tests.web.site_kit import Browser, site
from tests.web.staff_kit import signed_in
from tests.web.test_rules_pages import begun, edit, seen
from tests.web.test_words import NOW

FIGURES = {"reissue_eta_minutes": "90", "interest": "3.10", "deposit_interest": "1.50"}
OVERCHARGED = "payment.overcharged_minor"


class Abroad:
    """A market in a currency of its own, its buyer and its operator."""

    def __init__(self, town: Town, buyer: Browser, operator: Browser) -> None:
        self.town, self.buyer, self.operator = town, buyer, operator

    async def drafted(self) -> Pack:
        """The pack of the one draft."""
        async with self.town.db.connection() as conn:
            (draft,) = await list_drafts(conn, "main")
        return read_pack_file(draft.source)


async def abroad(db: Database, hub: Hub, folder: Path, currency: str) -> Abroad:
    town = Town(db)
    await town.found(msgspec.structs.replace(SETTINGS, currency=currency))
    app = site(town, hub, folder)
    return Abroad(town, Browser(app, "en"), await signed_in(town, app, "op", "en"))


@pytest.mark.parametrize(
    ("currency", "shown", "typed", "minor", "too_precise"),
    [("JPY", "50000", "1,500", 1500, "15.5"), ("KWD", "50.000", "12.345", 12_345, "1.2345")],
)
async def test_the_limit_of_a_pack_is_shown_and_edited_in_the_markets_currency(
    db: Database,
    hub: Hub,
    tmp_path: Path,
    currency: str,
    shown: str,
    typed: str,
    minor: int,
    too_precise: str,
) -> None:
    place = await abroad(db, hub, tmp_path, currency)
    draft = await begun(place.operator)
    page = await place.operator.open(draft)
    assert f'name="high_value" type="text" value="{shown}"' in page.text
    assert f"({currency})" in page.text

    limits = {"do": "limits", **FIGURES}
    refused = await place.operator.send(
        f"{draft}/edit", seen=seen(page.text), high_value=too_precise, **limits
    )
    assert "Too many decimals" in refused.text
    page = await place.operator.open(draft)
    await place.operator.send(f"{draft}/edit", seen=seen(page.text), high_value=typed, **limits)

    assert (await place.drafted()).head.limits.high_value_minor == minor


@pytest.mark.parametrize(
    ("currency", "typed", "minor", "shown"),
    [("JPY", "1500", 1500, "at least JP¥1,500"), ("KWD", "1.5", 1500, "at least KWD 1.500")],
)
async def test_a_condition_on_an_amount_is_typed_and_read_as_money(
    db: Database, hub: Hub, tmp_path: Path, currency: str, typed: str, minor: int, shown: str
) -> None:
    place = await abroad(db, hub, tmp_path, currency)
    draft = await begun(place.operator)
    await edit(place.operator, draft, "R-04", do="add_column", column=OVERCHARGED)
    row = {f"op.{OVERCHARGED}": "ge", f"n.{OVERCHARGED}": typed}
    await edit(place.operator, draft, "R-04", do="row", row="R-04.1", **row)

    number = draft.rpartition("/")[2]
    page = await place.operator.open(f"/ops/rules/R-04?draft={number}&edit=R-04.1")
    table = (await place.drafted()).tables["R-04"]

    assert table.rows[0].cells[table.inputs.index(OVERCHARGED)].values == (minor,)
    assert shown in page.text
    assert (
        f'name="n.{OVERCHARGED}" inputmode="decimal" value="{plain_amount(minor, currency)}"'
        in (page.text)
    )


@pytest.mark.parametrize(
    ("currency", "typed", "shown", "too_precise"),
    [("JPY", "980", "JP¥980", "98.5"), ("KWD", "1.234", "KWD 1.234", "1.2345")],
)
async def test_a_charge_without_an_order_is_told_in_the_markets_currency(
    db: Database,
    hub: Hub,
    tmp_path: Path,
    currency: str,
    typed: str,
    shown: str,
    too_precise: str,
) -> None:
    place = await abroad(db, hub, tmp_path, currency)
    buyer, told = place.buyer, {"trade_no": "T-2026-0001", "contact": "p@example.com"}
    await buyer.open("/charged")
    refused = await buyer.send("/charged", amount=too_precise, **told)
    assert refused.status_code == 422

    asked = await buyer.send("/charged", amount=typed, **told)
    proof_id = asked.url.path.rsplit("/", 1)[1]
    code = proof_code(place.town.vault, "main", proof_id)
    page = await buyer.send(f"/proof/{proof_id}", code=code, next="/")

    assert page.url.path == "/o/PAY-T-2026-0001"
    async with place.town.db.connection() as conn:
        claim_no = await conn.fetchval("select claim_no from claim")
    claim = await place.town.view(claim_no)
    assert (claim.claimed_minor, claim.order.currency) == (read_minor(typed, currency), currency)
    case = await buyer.open(f"/c/{claim_no}")
    assert shown in re.sub(r"<[^>]+>", "", case.text)


def test_facts_and_steps_are_shown_in_the_claims_currency() -> None:
    words = Words(load_catalogue(), "en", NOW, currency="CNY")

    assert "98" in (yen := str(words.fact("order.unit_paid_minor", 98, "JPY")))
    assert ".98" not in yen
    assert "1<s>.234</s>" in words.fact("order.unit_paid_minor", 1234, "KWD")
    assert "12<s>.34</s>" in words.fact("order.unit_paid_minor", 1234)


@pytest.mark.parametrize(
    ("currency", "cell", "minor"), [("JPY", "JP¥", None), ("JPY", "98", 98), ("KWD", "1.234", 1234)]
)
def test_imported_amounts_follow_the_currency(currency: str, cell: str, minor: int | None) -> None:
    if minor is None:
        with pytest.raises(ValueError, match="not an amount"):
            amount_minor("total", cell, currency)
    else:
        assert amount_minor("total", cell, currency) == minor


def test_an_import_in_a_currency_that_we_do_not_keep_is_refused_and_not_guessed() -> None:
    with pytest.raises(ValueError, match="none that we keep books in"):
        amount_minor("total", "98", "XTS")
    with pytest.raises(ValueError, match="more than 0 decimals"):
        amount_minor("total", "98.5", "JPY")


def test_a_condition_on_an_amount_states_it_as_money_without_another_unit() -> None:
    words = Words(load_catalogue(), "zh", NOW, currency="JPY")
    name = "order.unit_paid_minor"
    label = LABELS[name]
    condition = ConditionView(label.zh, label.en, 980, "order", "met", name)

    assert (label.zh, label.en) == ("实付金额", "Paid amount")
    assert re.sub(r"<[^>]+>", "", words.actual(condition)) == "JP¥980"
