"""The liability matrix, row by row: facts, finding, who bears the price, and the cited rule."""

import pytest

from makegood.policy.check import liability_tables
from makegood.policy.facts import Value
from makegood.policy.judgement import Shares
from makegood.policy.tables import Row, Table
from tests.policy.given import PACK, judged, known

B = Shares(buyer=100)
S = Shares(seller=100)
U = Shares(supplier=100)
P = Shares(platform=100)
C = Shares(channel=100)
PUBLISHER = Shares(buyer=30, seller=35, supplier=35)
Facts = dict[str, Value]
SU: Facts = {"goods__source": "supplier"}
OWN: Facts = {"goods__source": "seller"}
FRESH: Facts = {"key__sold_twice": False}

# What the matrix says, each line: what happened, reason, facts, finding, shares, rule.
MATRIX: list[tuple[str, str, Facts, str, Shares, str]] = [
    ("key invalid, supplier batch", "KEY01", FRESH | SU | {"supplier__status": "invalid"},
     "key_invalid_supplier", U, "R-07.3"),
    ("key invalid, supplier without contract", "KEY01",
     FRESH | {"goods__source": "uncontracted", "supplier__status": "invalid"},
     "key_invalid_seller", S, "R-07.4"),
    ("key invalid, seller-sourced", "KEY01", FRESH | OWN | {"supplier__status": "invalid"},
     "key_invalid_seller", S, "R-07.4"),
    ("key used before the reveal", "KEY02",
     FRESH | SU | {"supplier__status": "redeemed", "supplier__redeemed_before_reveal": True},
     "key_used_before_supplier", U, "R-07.5"),
    ("redeemed after reveal, buyer's account", "KEY02",
     FRESH | {"key__tracked": True, "key__revealed": True, "supplier__status": "redeemed",
              "supplier__redeemed_before_reveal": False, "supplier__redeemed_by_buyer": True},
     "key_redeemed_by_buyer", B, "R-07.12"),
    ("redeemed after reveal by strangers, bad batch", "KEY02",
     FRESH | SU | {"supplier__status": "redeemed", "supplier__redeemed_before_reveal": False,
                   "supplier__redeemed_by_buyer": False, "batch__stranger_excess": True},
     "key_redeemed_strangers_supplier", U, "R-07.13"),
    ("redeemed after reveal by strangers, bad batch of the seller", "KEY02",
     FRESH | OWN | {"supplier__status": "redeemed", "supplier__redeemed_before_reveal": False,
                    "supplier__redeemed_by_buyer": False, "batch__stranger_excess": True},
     "key_redeemed_strangers_seller", S, "R-07.14"),
    ("redeemed after reveal, worked when viewed", "KEY02",
     FRESH | {"supplier__status": "redeemed", "supplier__redeemed_before_reveal": False,
              "supplier__redeemed_by_buyer": False, "batch__stranger_excess": False,
              "key__worked_at_reveal": True},
     "key_redeemed_after_working", B, "R-07.15"),
    ("same key delivered twice", "KEY05", {"key__sold_twice": True},
     "key_sold_twice", S, "R-07.2"),
    ("same key delivered twice by our stock bug", "KEY05",
     {"key__sold_twice": True, "key__stock_bug": True}, "key_sold_twice_platform", P, "R-07.1"),
    ("never viewed and taken back", "KEY01",
     {"key__tracked": True, "key__revealed": False, "key__withdrawn": True},
     "key_unrevealed", S, "R-07.11"),
    ("valid and unused", "KEY01",
     FRESH | {"key__tracked": True, "key__revealed": True, "supplier__status": "valid"},
     "key_works", B, "R-07.19"),
    ("not delivered, channel outage", "DLV01",
     SU | {"supplier__status": "failed", "delivery__channel_outage": True},
     "not_delivered_channel", U, "R-03.4"),
    ("not delivered, supplier failed", "DLV05", SU | {"supplier__status": "failed"},
     "not_delivered_supplier", U, "R-03.5"),
    ("not delivered, ordinary, by the seller", "DLV01",
     OWN | {"delivery__delivered": False, "delivery__promise_passed": True},
     "not_delivered_seller", S, "R-03.12"),
    ("not sent by our own system", "DLV01", {"delivery__platform_fault": True},
     "not_delivered_platform", P, "R-03.1"),
    ("out of stock after payment", "DLV06", {"order__out_of_stock": True},
     "out_of_stock", S, "R-03.2"),
    ("delivered late", "DLV02", {"delivery__delivered": True, "delivery__minutes_late": 30},
     "delivered_late", P, "R-04.3"),
    ("delivered late, supplier promised a time", "DLV02",
     {"delivery__delivered": True, "delivery__minutes_late": 30, "supplier__sla": True},
     "delivered_late_supplier", U, "R-04.2"),
    ("delivered in time", "DLV02", {"delivery__delivered": True, "delivery__minutes_late": 0},
     "delivered_on_time", B, "R-04.1"),
    ("partly delivered", "DLV03", OWN | {"delivery__units_missing": 2},
     "partly_delivered_seller", S, "R-08.3"),
    ("wrong target, buyer typed and confirmed", "DLV04",
     {"target__sent_as_typed": True, "supplier__delivered_to_matches": True,
      "buyer__target_confirmed": True}, "wrong_target_buyer", B, "R-06.6"),
    ("wrong target, seller's error", "DLV04", {"target__sent_as_typed": False},
     "wrong_target_seller", S, "R-06.2"),
    ("wrong target, platform's error", "DLV04",
     {"target__sent_as_typed": False, "target__changed_by": "platform"},
     "wrong_target_platform", P, "R-06.1"),
    ("region disclosed and confirmed", "KEY03",
     {"listing__region_disclosed": True, "buyer__spec_confirmed": True,
      "supplier__region_matches": True}, "region_disclosed", B, "R-11.3"),
    ("region not disclosed", "KEY03", {"listing__region_disclosed": False},
     "region_not_disclosed", S, "R-11.1"),
    ("region differs from the listing", "KEY03",
     {"listing__region_disclosed": True, "supplier__region_matches": False},
     "region_mismatch", S, "R-11.2"),
    ("wrong value", "KEY04", SU | {"supplier__face_matches": False},
     "wrong_value_supplier", U, "R-13.1"),
    ("revoked for its source", "KEY06", SU | {"revoke__cause": "source"},
     "key_revoked_supplier", U, "R-10.1"),
    ("publisher change after delivery", "KEY06", SU | {"revoke__cause": "publisher_change"},
     "publisher_change", PUBLISHER, "R-10.3"),
    ("expired when sold", "KEY07", OWN | {"key__expired_before_sale": True},
     "key_expired_seller", S, "R-14.2"),
    ("spec disclosed and confirmed", "SND01",
     {"listing__point_disclosed": True, "buyer__spec_confirmed": True,
      "goods__matches_listing": True}, "disclosed_and_confirmed", B, "R-05.4"),
    ("mismatch to the snapshot", "SND01", {"goods__matches_listing": False},
     "not_as_described", S, "R-05.2"),
    ("knowingly false description", "SND03",
     {"goods__matches_listing": False, "listing__false_on_purpose": True},
     "false_description", S, "R-05.1"),
    ("hidden defect", "SND02", {"goods__defect_present": True, "listing__point_disclosed": False},
     "hidden_defect", S, "R-17.1"),
    ("term shorter than sold", "SND05", SU | {"supplier__term_matches": False},
     "term_short_supplier", U, "R-18.1"),
    ("account reclaimed by the seller", "ACC02",
     {"account__resold_by_buyer": False, "account__reclaimed_by": "seller"},
     "account_reclaimed_seller", S, "R-21.2"),
    ("reclaimed by an earlier owner", "ACC08",
     {"account__resold_by_buyer": False, "account__reclaimed_by": "earlier_owner"},
     "account_stolen_origin", S, "R-21.3"),
    ("reclaimed within 7 days, by whom unknown", "ACC02",
     {"account__resold_by_buyer": False, "account__reclaimed": True,
      "account__days_after_handover": 7}, "account_reclaim_presumed", S, "R-21.7"),
    ("buyer resold, then claims", "ACC02", {"account__resold_by_buyer": True},
     "buyer_resold", B, "R-21.1"),
    ("ban, cause before transfer", "ACC03", {"ban__cause": "before_transfer"},
     "ban_before_transfer", S, "R-19.2"),
    ("ban, illegal channel used by the platform", "ACC04", {"ban__cause": "platform_channel"},
     "ban_platform_channel", P, "R-19.1"),
    ("ban, buyer cheated or shared", "ACC04", {"ban__cause": "buyer_conduct"},
     "ban_buyer_conduct", B, "R-19.3"),
    ("ban within 7 days, cause unknown", "ACC03",
     {"account__banned": True, "account__banned_days_after_handover": 7},
     "ban_presumed", S, "R-19.7"),
    ("membership dropped", "MBR01", SU | {"supplier__status": "cancelled"},
     "membership_dropped_supplier", U, "R-12.4"),
    ("membership dropped by the buyer", "MBR01", {"membership__changed_by": "buyer"},
     "membership_dropped_buyer", B, "R-12.6"),
    ("activation failed", "MBR02", OWN | {"supplier__status": "invalid"},
     "activation_failed_seller", S, "R-09.2"),
    ("removed from a shared seat", "MBR03", SU | {"seat__removed_by": "owner"},
     "seat_removed_supplier", U, "R-26.1"),
    ("renewal without consent", "MBR04",
     {"renewal__confirmed": False, "renewal__charged_by": "platform"},
     "renewal_unconfirmed_platform", P, "R-27.1"),
    ("charged, no order, our fault", "PAY01",
     {"payment__gateway_confirms": True, "order__exists": False},
     "charged_no_order_platform", P, "R-28.2"),
    ("charged, no order, channel's fault", "PAY01",
     {"payment__gateway_confirms": True, "order__exists": False, "payment__channel_fault": True},
     "charged_no_order_channel", C, "R-28.1"),
    ("duplicate charge by the channel", "PAY02", {"payment__captures": 2},
     "charged_twice_channel", C, "R-15.2"),
    ("duplicate charge by us", "PAY02",
     {"payment__captures": 2, "payment__duplicate_cause": "platform"},
     "charged_twice_platform", P, "R-15.1"),
    ("wrong amount", "PAY03", {"payment__amount_matches": False},
     "wrong_amount_platform", P, "R-29.2"),
    ("unauthorised, weak authentication", "PAY04", {"payment__auth": "weak"},
     "unauthorised_weak", P, "R-31.1"),
    ("refund never sent", "PAY05", {"refund__state": "not_sent"}, "refund_not_sent", P, "R-32.1"),
    ("handled late", "SRV01", {"service__minutes_over_promise": 10}, "service_late", P, "R-33.1"),
    ("rude agent", "SRV02", {"service__rude_found": True}, "service_rude", P, "R-34.1"),
    ("passed from one to another", "SRV03", {"service__handovers_unanswered": 3},
     "service_passed_on", P, "R-35.1"),
    ("promise not kept", "SRV04", {"service__promise_kept": False}, "promise_broken", P, "R-36.1"),
    ("platform account stolen, weak sign-in", "SEC01",
     {"security__takeover": True, "security__auth": "weak"}, "takeover_platform", P, "R-37.1"),
    ("fraud by the seller", "SEC02", {"seller__fraud_found": True}, "fraud_seller", S, "R-38.1"),
    ("illegal goods", "SEC03", {"goods__blocked_category": True}, "illegal_goods", S, "R-39.1"),
    ("minor, age gate failed", "SEC04",
     {"minor__is_minor": True, "minor__consent": False, "minor__age_gate_passed": False},
     "minor_gate_failed", P, "R-40.3"),
    ("data leak by us", "SEC05", {"leak__found": True, "leak__by": "platform"},
     "leak_platform", P, "R-41.1"),
    ("mistake, never viewed, within a day", "CHG01",
     {"key__tracked": True, "key__revealed": False, "order__hours_since_payment": 24},
     "mistake_unrevealed", S, "R-42.3"),
    ("mistake, but viewed", "CHG01", {"key__revealed": True}, "mistake_revealed", B, "R-42.1"),
    ("mistake after a day", "CHG01",
     {"key__revealed": False, "order__hours_since_payment": 25}, "mistake_too_late", B, "R-42.2"),
    ("ended early by the buyer, as the listing allows", "CHG02",
     {"listing__change_of_mind": True, "order__category": "membership"},
     "remorse_prepaid", S, "R-43.4"),
    ("change of mind", "CHG02", {"listing__change_of_mind": False}, "remorse", B, "R-43.3"),
    ("needs help only", "KEY08", {}, "usage_help", B, "R-16.1"),
    ("the account cannot be signed in", "ACC01",
     {"account__login_works": False, "account__changed_by_buyer": False},
     "account_login_failed", S, "R-23.2"),
    ("the account cannot be rebound", "ACC05", {"account__rebind_works": False},
     "rebind_failed", S, "R-20.2"),
    ("face check not disclosed", "ACC06",
     {"account__face_check_blocks": True, "listing__point_disclosed": False},
     "face_not_disclosed", S, "R-24.2"),
    ("assets missing", "ACC07", {"account__assets_match": False}, "assets_missing", S, "R-25.2"),
    ("the seller agrees", "SND01", {"seller__accepts": True}, "seller_accepts", S, "R-02.1"),
    ("the supplier accepts fault", "KEY01", {"supplier__accepts": True},
     "supplier_accepts", U, "R-02.2"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "facts", "finding", "shares", "rule"),
    [line[1:] for line in MATRIX],
    ids=[line[0] for line in MATRIX],
)
def test_a_row_of_the_matrix_gives_its_finding_shares_and_cited_rule(
    reason: str, facts: Facts, finding: str, shares: Shares, rule: str
) -> None:
    said = judged(reason, known(**facts))
    assert (said.finding, said.rule) == (finding, rule)
    assert said.shares == shares
    assert said.clause.zh
    assert said.clause.en


ROWS = [(table, row) for table in liability_tables(PACK) for row in table.rows]


@pytest.mark.parametrize(("table", "row"), ROWS, ids=[row.id for _, row in ROWS])
def test_every_row_of_every_table_can_match_and_cites_itself(table: Table, row: Row) -> None:
    assert table.decide([_example(cell_values) for cell_values in _cells(row)]) == table.rows.index(
        row
    )


def _cells(row: Row) -> list[tuple[str, tuple[Value, ...]]]:
    return [(cell.op, cell.values) for cell in row.cells]


def _example(cell: tuple[str, tuple[Value, ...]]) -> bool | int | str | None:
    op, values = cell
    if op in ("any", "unknown"):
        return None
    first = values[0]
    assert isinstance(first, (bool, int, str))
    if isinstance(first, (bool, str)):
        return values[-1] if isinstance(values[-1], (bool, str)) else first
    return {"lt": first - 1, "le": first, "gt": first + 1, "ge": first}[op]


def test_the_matrix_covers_every_reason_or_its_table() -> None:
    tables = {PACK.reasons[line[1]].table for line in MATRIX}
    all_tables = {reason.table for reason in PACK.reasons.values()}
    assert all_tables - tables == set()


# The same rows: who pays first, how it is recovered, and what is marked for follow-up.
AFTERWARDS: list[tuple[str, str, str, tuple[str, ...]]] = [
    ("key_invalid_supplier", "platform", "supplier_statement", ()),
    ("key_invalid_seller", "escrow", "seller_escrow", ()),
    ("key_redeemed_by_buyer", "none", "abuse_review", ("abuse_review",)),
    ("key_redeemed_after_working", "none", "goodwill", ()),
    ("key_sold_twice", "escrow", "seller_penalty", ("seller_penalty",)),
    ("key_sold_twice_platform", "platform", "none", ()),
    ("not_delivered_channel", "platform", "supplier_sla", ()),
    ("wrong_target_buyer", "none", "paid_retry", ()),
    ("wrong_target_seller", "platform", "seller_escrow", ()),
    ("wrong_target_platform", "platform", "none", ()),
    ("region_disclosed", "none", "none", ()),
    ("not_as_described", "escrow", "seller_escrow", ()),
    ("false_description", "escrow", "seller_escrow", ("fraud",)),
    ("account_reclaimed_seller", "platform", "seller_contract", ("reclaim", "seller_ban", "cover")),
    ("account_stolen_origin", "platform", "seller_contract", ("stolen_origin",)),
    ("buyer_resold", "none", "none", ("cover_void",)),
    ("ban_platform_channel", "platform", "none", ()),
    ("ban_buyer_conduct", "none", "none", ()),
    ("publisher_change", "platform", "product_policy", ()),
    ("charged_twice_channel", "platform", "channel_reconcile", ()),
    ("charged_no_order_channel", "platform", "channel_reconcile", ()),
    ("unauthorised_weak", "platform", "channel_reconcile", ("ce3_packet",)),
    ("service_rude", "platform", "none", ()),
    ("minor_gate_failed", "platform", "none", ("minor",)),
    ("goodwill", "platform", "goodwill", ()),
]


@pytest.mark.parametrize(("finding", "advance", "recourse", "flags"), AFTERWARDS)
def test_who_pays_first_and_what_is_recovered_follow_the_matrix(
    finding: str, advance: str, recourse: str, flags: tuple[str, ...]
) -> None:
    said = PACK.findings[finding]
    assert (said.advance, said.recourse) == (advance, recourse)
    assert set(flags) <= set(said.flags)


def test_a_breach_of_our_own_promises_earns_a_coupon_and_no_refund() -> None:
    for finding in ("service_late", "service_rude", "service_passed_on", "promise_broken"):
        said = PACK.findings[finding]
        assert (said.refund_rule, said.kind, said.shares) == ("none", "service", P)


def test_equal_evidence_is_lost_by_the_side_that_bears_the_burden() -> None:
    """A person says so: there is a finding for each side, and each reason names its side."""
    assert PACK.findings["burden_seller"].shares == S
    assert PACK.findings["burden_buyer"].shares == B
    on_seller = {code for code, one in PACK.reasons.items() if one.burden == "seller"}
    assert {code for code in PACK.reasons if code[:3] in ("DLV", "KEY", "SND")} <= on_seller
