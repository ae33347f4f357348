"""Posting a linked set of transfers: all or none, once per id, with its event in the record."""

import secrets
from collections import Counter
from collections.abc import Sequence
from typing import Final

from makegood.base.actor import Act
from makegood.base.ids import derived_id
from makegood.base.refusal import Refused
from makegood.ledger import rules, store
from makegood.ledger.rules import Transfer
from makegood.record import rules as record
from makegood.record.canonical import Value
from makegood.record.rules import NewEvent, SealedEvent, StreamHead
from makegood.store.database import Connection

POSTED: Final = "ledger_posted"
"""The event of a linked set. It names every transfer of the set, and no other event does."""

_PUBLIC: Final = frozenset({"transfers"})


def stream_of(posting: str) -> str:
    """The event stream of one posting."""
    return f"ledger/{posting}"


async def post(tx: Connection, act: Act, transfers: Sequence[Transfer]) -> list[str]:
    """Post a linked set of transfers, all or none; answers the ids that were new.

    A set that was posted before is left as it is, and nothing is new. Other content under a
    known id, or half a set that is known, is our own bug and fails.

    Raises:
        Refused: `exceeds_paid` or `insufficient_funds` when an account would be overdrawn.
            Nothing was written then, and the caller's transaction stays usable.
    """
    wanted = _by_id(transfers)
    if not wanted:
        return []
    posting = derived_id("posting", *[transfer.id for transfer in wanted])
    event = _event(act, posting, wanted)
    row = await store.post_linked(tx, act.market_id, act.now, posting, wanted, event)
    assert not row["bug"], row["bug"]
    if lacking := row["lacking"]:
        code = rules.kind_of(lacking).refusal
        raise Refused(code, account=lacking, missing_minor=row["missing"])
    return [transfer.id for transfer in wanted] if row["is_new"] else []


def _event(act: Act, posting: str, transfers: Sequence[Transfer]) -> SealedEvent:
    """The set's event: its transfers in the open, everything else behind commitments.

    It is sealed before it is known whether the set is new, so that both are one statement. Its
    key is random as a cipher's nonce is: nobody decides by it, so no caller has to bring it.
    """
    fields: dict[str, Value] = {
        "transfers": [transfer.id for transfer in transfers],
        "recipes": dict(Counter(transfer.recipe for transfer in transfers)),
        "claims": sorted({transfer.claim_no for transfer in transfers} - {""}),
        "rules": sorted({transfer.rule for transfer in transfers} - {""}),
    }
    pseudonym = secrets.token_bytes(record.PSEUDONYM_BYTES)
    head = StreamHead(market_id=act.market_id, stream=stream_of(posting), pseudonym=pseudonym)
    event = NewEvent(POSTED, 1, fields, _PUBLIC)
    key = secrets.token_bytes(record.KEY_BYTES)
    (sealed,) = record.seal(head, [event], [key], act.now, act.actor)
    return sealed


def _by_id(transfers: Sequence[Transfer]) -> list[Transfer]:
    """The well-formed transfers in the order of their ids, each once."""
    wanted: dict[str, Transfer] = {}
    for transfer in transfers:
        rules.check_form(transfer)
        twin = wanted.setdefault(transfer.id, transfer)
        assert rules.same_content(twin, transfer), f"one id, two movements: {transfer}"
    return [wanted[id_] for id_ in sorted(wanted)]
