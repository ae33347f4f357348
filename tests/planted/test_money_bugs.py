"""Money bugs planted on purpose: the random histories must find each of them within seconds."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from makegood.base.ids import UnitRef
from makegood.ledger import recipes, rules
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
from makegood.ledger.refund.rules import Refund, Step, Timings, Wait
from makegood.ledger.rules import AccountKey, Balance, Transfer
from tests.ledger.machine import MoneyMachine
from tests.ledger.model import Laws


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
}


@pytest.mark.parametrize("bug", sorted(BUGS))
def test_a_planted_money_bug_is_found(bug: str) -> None:
    machine = type("PlantedMachine", (MoneyMachine,), {"laws": BUGS[bug]})
    with pytest.raises(AssertionError):
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
