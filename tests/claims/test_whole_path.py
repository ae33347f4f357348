"""One claim from the order to the money back, in each of the ways it can go."""

from tests.claims.town import Town


async def test_a_dead_key_is_refunded_by_machine_with_its_rule(town: Town) -> None:
    await town.order()
    town.supplier.answers["UP-77"] = {"status": "invalid"}
    opened = await town.open("KEY01")
    await town.settle()
    seen = await town.view(opened.claim_no, town.buyer)
    assert seen.decision is not None
    assert seen.decision.machine
    assert seen.decision.rule_id.startswith("R-")
    assert seen.decision.conditions
    assert seen.state == "settled", (seen.state, [s.what for s in seen.steps])
    assert sum(town.gateway.paid_back.values()) == 9800
    assert [m.state for m in seen.money if m.kind == "refund"] == ["arrived"]
