"""Posting a linked set of transfers: all or none, once per id, with its event in the record."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import derived_id
from makegood.base.refusal import Refused
from makegood.ledger import rules, store
from makegood.ledger.rules import Transfer
from makegood.record import rules as record
from makegood.record import store as record_store
from makegood.record.canonical import Value
from makegood.record.rules import NewEvent, StreamHead
from makegood.store.database import Connection

POSTED: Final = "ledger_posted"
"""The event of a linked set. It names every transfer of the set, and no other event does."""

_PUBLIC: Final = frozenset({"transfers"})


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the database answered to a posting; `lacking` and `bug` are empty when it was well."""

    new_ids: list[str]
    lacking: str = ""
    missing_minor: int = 0
    bug: str = ""
    secret: bytes = b""
    pseudonym: bytes = b""


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
    row = await store.post_linked(tx, act.market_id, act.now, posting, wanted)
    told = Told(
        new_ids=sorted(map(str, row["new_ids"] or ())),
        lacking=row["lacking"] or "",
        missing_minor=row["missing"] or 0,
        bug=row["bug"] or "",
        secret=row["secret"] or b"",
        pseudonym=row["pseudonym"] or b"",
    )
    assert not told.bug, told.bug
    if told.lacking:
        code = rules.kind_of(told.lacking).refusal
        raise Refused(code, account=told.lacking, missing_minor=told.missing_minor)
    if told.new_ids:
        await _record(tx, act, posting, wanted, told)
    return told.new_ids


async def _record(
    tx: Connection, act: Act, posting: str, transfers: Sequence[Transfer], told: Told
) -> None:
    """The set's event: its transfers in the open, everything else behind commitments."""
    fields: dict[str, Value] = {
        "transfers": told.new_ids,
        "recipes": dict(Counter(transfer.recipe for transfer in transfers)),
        "claims": sorted({transfer.claim_no for transfer in transfers} - {""}),
        "rules": sorted({transfer.rule for transfer in transfers} - {""}),
    }
    head = StreamHead(market_id=act.market_id, stream=stream_of(posting), pseudonym=told.pseudonym)
    event = NewEvent(POSTED, 1, fields, _PUBLIC)
    await record_store.append(tx, record.seal(head, [event], [told.secret], act.now, act.actor))


def _by_id(transfers: Sequence[Transfer]) -> list[Transfer]:
    """The well-formed transfers in the order of their ids, each once."""
    wanted: dict[str, Transfer] = {}
    for transfer in transfers:
        rules.check_form(transfer)
        twin = wanted.setdefault(transfer.id, transfer)
        assert rules.same_content(twin, transfer), f"one id, two movements: {transfer}"
    return [wanted[id_] for id_ in sorted(wanted)]
