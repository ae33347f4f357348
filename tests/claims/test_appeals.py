"""What an appeal restores: the seller's money, and the figures of rules and deciders."""

from makegood.claims import actions, staff_actions, store
from makegood.claims.overturned import AppealEnded, appeals_between, by_decider, by_rule
from makegood.claims.staff_actions import Ruled
from makegood.claims.state import Claim
from makegood.ledger.accounts import seller_balance
from makegood.ledger.actions import balances
from tests.claims.test_promises import waiting_for_seller
from tests.claims.town import NOW, Town

SELLER_BEARS = Ruled(
    finding="not_as_described",
    remedy="refund_full",
    shares={"seller": 100},
    reason_text="规格不符",
    reason_for_departure="页面写的是国服",
)
MARKET_BEARS = Ruled(
    finding="not_as_described",
    remedy="refund_full",
    shares={"platform": 100},
    reason_text="商品页由平台改错",
    reason_for_departure="改动记录在平台",
)


async def refunded(town: Town, order_no: str = "O-1") -> str:
    """A claim whose refund arrived at the seller's cost."""
    claim_no = await waiting_for_seller(town, order_no)
    async with town.db.transaction() as tx:
        await actions.answer_as_seller(tx, town.seller, town.desk, claim_no, "contest", "不是我")
    async with town.db.transaction() as tx:
        await staff_actions.decide_claim(tx, town.agent, town.desk, claim_no, SELLER_BEARS)
    await town.settle()
    return claim_no


async def appeal(town: Town, claim_no: str) -> None:
    async with town.db.transaction() as tx:
        await actions.appeal(
            tx, town.seller, town.desk, claim_no, disputed=["finding"], text="看记录"
        )


async def reviewed(town: Town, claim_no: str, ruled: Ruled | None) -> Claim:
    async with town.db.transaction() as tx:
        claim = await staff_actions.decide_appeal(
            tx, town.act("agent", "chen"), town.desk, claim_no, text="看过", views={}, ruled=ruled
        )
    await town.settle()
    return claim


async def seller_has(town: Town) -> int:
    async with town.db.connection() as conn:
        code = seller_balance("s-1")
        return (await balances(conn, "main", [code]))[code].available_minor


def given_back(claim: Claim) -> int:
    """What the seller does not bear any more."""
    return sum(part.amount_minor for part in claim.shifted if part.giver == "seller")


async def claim_of(town: Town, claim_no: str) -> Claim:
    async with town.db.connection() as conn:
        loaded = await store.load(conn, "main", claim_no)
    assert loaded is not None
    return loaded.claim


async def test_a_seller_who_wins_gets_back_what_was_taken(town: Town) -> None:
    claim_no = await refunded(town)
    before = await seller_has(town)
    await appeal(town, claim_no)
    await reviewed(town, claim_no, MARKET_BEARS)
    claim = await claim_of(town, claim_no)
    assert await seller_has(town) - before == claim.opened.claimed_minor
    assert given_back(claim) == claim.opened.claimed_minor
    assert sum(town.gateway.paid_back.values()) == claim.opened.claimed_minor, "paid once"


async def test_an_upheld_decision_moves_nothing(town: Town) -> None:
    claim_no = await refunded(town)
    before = await seller_has(town)
    await appeal(town, claim_no)
    await reviewed(town, claim_no, None)
    assert await seller_has(town) == before
    assert given_back(await claim_of(town, claim_no)) == 0


async def test_the_buyer_is_not_told_what_the_seller_got_back(town: Town) -> None:
    claim_no = await refunded(town)
    await appeal(town, claim_no)
    await reviewed(town, claim_no, MARKET_BEARS)
    seen = {
        who: [step.what for step in (await town.view(claim_no, act)).steps]
        for who, act in {"buyer": town.buyer, "seller": town.seller}.items()
    }
    assert "bearing_corrected" in seen["seller"]
    assert "bearing_corrected" not in seen["buyer"]


async def test_figures_of_rules_and_deciders_are_read_from_the_history(town: Town) -> None:
    for order_no, ruled in (("O-1", MARKET_BEARS), ("O-2", None)):
        claim_no = await refunded(town, order_no)
        await appeal(town, claim_no)
        await reviewed(town, claim_no, ruled)
    async with town.db.connection() as conn:
        found = await appeals_between(conn, "main", NOW, town.clock.at.replace(year=2030))
    [decider] = by_decider(found)
    assert (decider.key, decider.decided, decider.changed) == ("xu", 2, 1)
    assert not decider.is_rate
    assert {one.by for one in found} == {"seller"}


def ended(rule: str, *, changed: bool) -> AppealEnded:
    return AppealEnded(
        claim_no="C",
        at=NOW,
        by="buyer",
        rule_id=rule,
        rule_version="1",
        decided_by="xu",
        decided_by_name="许知远",
        changed=changed,
    )


def test_a_rate_needs_thirty_appeals_and_has_an_interval() -> None:
    many = [ended("R-02.1", changed=n < 6) for n in range(30)]
    few = [ended("R-03.1", changed=True) for _ in range(29)]
    rules = {one.key: one for one in by_rule([*many, *few])}
    assert rules["R-02.1"].is_rate
    assert not rules["R-03.1"].is_rate
    assert rules["R-02.1"].low < 6 / 30 < rules["R-02.1"].high
