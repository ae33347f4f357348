"""Money bugs planted on purpose: the random histories must find each of them within seconds."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from makegood.base.ids import UnitRef
from makegood.base.money import Money
from makegood.base.refusal import Refused
from makegood.ledger import recipes, rules
from makegood.ledger.accounts import Cover
from makegood.ledger.advance import recipes as advances
from makegood.ledger.advance.rules import Advance, Look
from makegood.ledger.corrections import covers
from makegood.ledger.corrections import rules as corrections
from makegood.ledger.corrections.rules import Case, Owing, Piece, Shift
from makegood.ledger.coupons import rules as coupons
from makegood.ledger.coupons.rules import Coupon
from makegood.ledger.recipes import Funding, PaymentLeg
from makegood.ledger.refund import rules as saga
from makegood.ledger.refund.gateway import (
    Abilities,
    Accepted,
    Arrived,
    Declined,
    RefundReply,
    RefundRequest,
    Unknown,
)
from makegood.ledger.refund.plan import Terms, plan_refunds
from makegood.ledger.refund.rules import Refund, RefundOrder, Step, Timings, Wait
from makegood.ledger.rules import AccountKey, Balance, Transfer
from tests.ledger.machine import MoneyMachine
from tests.ledger.model import Laws

Plan = Callable[[str, datetime, RefundOrder, Sequence[PaymentLeg], Look, Terms], list[Refund]]
Legs: TypeAlias = Sequence[PaymentLeg]
Parts: TypeAlias = Sequence[Funding]
Move: TypeAlias = tuple[Cover, int, int]


def limits_ignore_what_is_pending(after: Mapping[AccountKey, Balance]) -> None:
    posted = {
        key: msgspec.structs.replace(balance, debits_pending=0, credits_pending=0)
        for key, balance in after.items()
    }
    rules.refuse_overdraft(posted)


def a_replacement_holds_one_cent(
    key: str, unit: UnitRef, amount_minor: int, currency: str, claim_no: str
) -> Transfer:
    return recipes.replacement_held(key, unit, 1, currency, claim_no)


def a_withdrawal_gives_twice(held: Transfer, key: str) -> Transfer:
    once = recipes.replacement_withdrawn(held, key)
    return msgspec.structs.replace(once, amount_minor=2 * once.amount_minor)


def silence_means_failed(refund: Refund, reply: RefundReply, now: datetime, t: Timings) -> Step:
    return saga.after_reply(refund, Declined() if isinstance(reply, Unknown) else reply, now, t)


def accepted_means_arrived(refund: Refund, reply: RefundReply, now: datetime, t: Timings) -> Step:
    return saga.after_reply(refund, Arrived() if isinstance(reply, Accepted) else reply, now, t)


def a_late_no_undoes_an_arrival(
    refund: Refund, reply: RefundReply, now: datetime, t: Timings
) -> Step:
    if isinstance(reply, Declined) and refund.state == "arrived":
        refund = msgspec.structs.replace(refund, state="sent")
    return saga.after_reply(refund, reply, now, t)


def always_sends_again(abilities: Abilities, asked: RefundReply) -> bool:
    return True


def a_new_number_for_every_attempt(refund: Refund) -> RefundRequest:
    request = saga.request_of(refund)
    number = f"{request.refund_no}-{refund.open_attempts}-{refund.checks}"
    return msgspec.structs.replace(request, refund_no=number)


def an_attempt_is_forgotten(refund: Refund, now: datetime, t: Timings) -> Refund | Wait | None:
    taken = saga.claim(refund, now, t)
    return msgspec.structs.replace(taken, open_attempts=0) if isinstance(taken, Refund) else taken


def a_void_keeps_the_reserve(
    pendings: Sequence[Transfer], kind: Literal["post", "void"]
) -> list[Transfer]:
    return rules.resolve_all(pendings, kind)[: 1 if kind == "void" else None]


def a_post_changes_only_one_side(transfers: Iterable[Transfer]) -> dict[AccountKey, Balance]:
    listed = list(transfers)
    changes = rules.changes(listed)
    for transfer in listed:
        if transfer.kind == "post":
            key = (transfer.credit, transfer.currency)
            changes[key] = msgspec.structs.replace(changes[key], credits_posted=0)
    return changes


def without_cover(kind: str) -> Plan:
    """Plans whose advances take nothing from one of their covers."""

    def plan(
        market: str, now: datetime, order: RefundOrder, legs: Legs, look: Look, terms: Terms
    ) -> list[Refund]:
        return [
            msgspec.structs.replace(
                refund,
                quota=tuple(part for part in refund.quota if kind not in (part.account + part.to)),
            )
            for refund in plan_refunds(market, now, order, legs, look, terms)
        ]

    return plan


def with_caps(**other: object) -> Plan:
    """Plans that read one of the operator's caps wrongly."""

    def plan(
        market: str, now: datetime, order: RefundOrder, legs: Legs, look: Look, terms: Terms
    ) -> list[Refund]:
        caps = msgspec.structs.replace(terms.caps, **other)
        wrong = msgspec.structs.replace(terms, caps=caps)
        return plan_refunds(market, now, order, legs, look, wrong)

    return plan


def the_platforms_part_comes_out_of_escrow(
    market: str, now: datetime, order: RefundOrder, legs: Legs, look: Look, terms: Terms
) -> list[Refund]:
    borne = {"seller": order.amount_minor}
    wrong = msgspec.structs.replace(order, borne_by=borne)
    return plan_refunds(market, now, wrong, legs, look, terms)


def a_recovery_frees_no_quota(advance: Advance, key: str, parts: Parts) -> list[Transfer]:
    moves = advances.recovered(advance, key, parts)
    return [move for move in moves if not move.debit.startswith("quota_used")]


def a_recovery_frees_quota_twice(advance: Advance, key: str, parts: Parts) -> list[Transfer]:
    moves = advances.recovered(advance, key, parts)
    freed = [move for move in moves if move.debit.startswith("quota_used")]
    return moves + [msgspec.structs.replace(move, id=move.id[:-1] + "x") for move in freed]


def a_recovery_forgets_the_fund(advance: Advance, key: str, parts: Parts) -> list[Transfer]:
    moves = advances.recovered(advance, key, parts)
    return [move for move in moves if not move.debit.startswith("guarantee_fund")]


def a_write_off_fills_the_fund(advance: Advance, rule: str) -> list[Transfer]:
    paid = [Funding("bad_debt:0", advance.open_minor)]
    return advances.recovered(advance, rule, paid)


def a_write_off_keeps_the_quota(advance: Advance, rule: str) -> list[Transfer]:
    return advances.written_off(advance, rule)[:1]


def a_coupon_is_always_good(
    coupon: Coupon, order_no: str, amount: Money | None, now: datetime
) -> bool:
    return coupon.state == "issued"


def any_part_of_a_coupon_is_good(
    coupon: Coupon, order_no: str, amount: Money | None, now: datetime
) -> bool:
    return coupons.check_use(coupon, order_no, None, now)


def a_used_coupon_is_good_for_another_order(
    coupon: Coupon, order_no: str, amount: Money | None, now: datetime
) -> bool:
    unused = msgspec.structs.replace(coupon, state="issued")
    return coupons.check_use(unused, order_no, amount, now)


def an_arrival_stays_on_its_way(*_told: object) -> list[Transfer]:
    return []


def a_correction_returns_what_is_owed(
    case: Case, moves: Sequence[Shift], owing: Mapping[str, Owing], held: Parts
) -> list[Piece]:
    return corrections.pieces(case, moves, {}, held)


def a_correction_forgets_what_was_given_up(
    case: Case, moves: Sequence[Shift], owing: Mapping[str, Owing], held: Parts
) -> list[Piece]:
    never = {name: msgspec.structs.replace(one, lost_minor=0) for name, one in owing.items()}
    return corrections.pieces(case, moves, never, held)


def a_correction_frees_no_quota(case: Case, found: Sequence[Piece]) -> list[Transfer]:
    moves = covers.cover_transfers(case, found)
    return [move for move in moves if not move.debit.startswith("quota_used")]


def a_correction_forgets_the_fund(case: Case, found: Sequence[Piece]) -> list[Transfer]:
    moves = covers.cover_transfers(case, found)
    return [move for move in moves if "guarantee_fund" not in move.debit + move.credit]


def shards_do_not_share(look: Look, claim_no: str, day: str, need: int) -> list[Move]:
    return []


BUGS: dict[str, Laws] = {
    "limits ignore what is pending": Laws(refuse_overdraft=limits_ignore_what_is_pending),
    "no limits at all": Laws(refuse_overdraft=lambda after: None),
    "a replacement holds one cent": Laws(held=a_replacement_holds_one_cent),
    "a withdrawal gives twice": Laws(withdrawn=a_withdrawal_gives_twice),
    "silence means failed": Laws(after_reply=silence_means_failed),
    "accepted means arrived": Laws(after_reply=accepted_means_arrived),
    "a late no undoes an arrival": Laws(after_reply=a_late_no_undoes_an_arrival),
    "always sends again": Laws(may_send_again=always_sends_again),
    "a new number for every attempt": Laws(request_of=a_new_number_for_every_attempt),
    "an attempt is forgotten": Laws(claim=an_attempt_is_forgotten),
    "a void keeps the reserve": Laws(resolve_all=a_void_keeps_the_reserve),
    "a post changes only one side": Laws(changes=a_post_changes_only_one_side),
    "an advance takes no quota": Laws(plan=without_cover("guarantee_quota")),
    "an advance takes no cash": Laws(plan=without_cover("guarantee_fund")),
    "the cap of the day is not used up": Laws(plan=without_cover("advance_day")),
    "the cap of a claim is ignored": Laws(plan=with_caps(per_claim_minor=10**9)),
    "the cap of a seller's tier is ignored": Laws(plan=with_caps(per_tier={"B": 10**9})),
    "the platform's part comes out of escrow": Laws(plan=the_platforms_part_comes_out_of_escrow),
    "a recovery frees no quota": Laws(recovered=a_recovery_frees_no_quota),
    "a recovery frees quota twice": Laws(recovered=a_recovery_frees_quota_twice),
    "a recovery forgets the fund": Laws(recovered=a_recovery_forgets_the_fund),
    "a write-off fills the fund": Laws(written_off=a_write_off_fills_the_fund),
    "a write-off keeps the quota": Laws(written_off=a_write_off_keeps_the_quota),
    "a lapsed coupon is good": Laws(check_use=a_coupon_is_always_good),
    "any part of a coupon is good": Laws(check_use=any_part_of_a_coupon_is_good),
    "a used coupon is good again": Laws(check_use=a_used_coupon_is_good_for_another_order),
    "an arrival stays on its way": Laws(arrived=an_arrival_stays_on_its_way),
    "a correction returns what is owed": Laws(pieces=a_correction_returns_what_is_owed),
    "a correction forgets what was given up": Laws(pieces=a_correction_forgets_what_was_given_up),
    "a correction frees no quota": Laws(cover_transfers=a_correction_frees_no_quota),
    "a correction forgets the fund": Laws(cover_transfers=a_correction_forgets_the_fund),
    "shards do not share": Laws(levelling=shards_do_not_share),
}


@pytest.mark.parametrize("bug", sorted(BUGS))
def test_a_planted_money_bug_is_found(bug: str) -> None:
    """Found by a law that does not hold, or by a step that the book refuses where it must not."""
    machine = type("PlantedMachine", (MoneyMachine,), {"laws": BUGS[bug]})
    with pytest.raises((AssertionError, Refused)):
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=2000,
                stateful_step_count=25,
                deadline=None,
                database=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
