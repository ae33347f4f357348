"""What places outside proved about one checkpoint, as plain files for a bundle or an export."""

import re
from collections.abc import Collection, Sequence
from itertools import count
from typing import Final

import msgspec

from makegood.base.time import rfc3339
from makegood.record.anchors import store
from makegood.record.anchors.actions import open_config, statement_of
from makegood.record.anchors.rules import Anchor, Place, Timestamper, Witness
from makegood.record.log.note import Verifier, parse_note, parse_verifier
from makegood.record.log.policy import NO_QUORUM, Group, Policy
from makegood.store.database import Connection
from makegood.store.vault import Vault

QUORUM: Final = "quorum"


class AnchoredCheckpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint of ours with everything that others said about it."""

    size: int
    checkpoint: bytes
    """The log's note with the cosignatures of all witnesses below it."""
    files: dict[str, bytes]
    """Name → content: `anchors/1-tsa.tsr` with `.root.pem` (and `.chain.pem`) beside it,
    `anchors/2-evm.json`, `anchors/anchors.json` with names, times and interests."""


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `anchors.json`."""

    file: str
    kind: str
    name: str
    interest: str
    at: str
    size: int


async def anchors_of(
    conn: Connection, vault: Vault, market_id: str, size: int
) -> AnchoredCheckpoint | None:
    """Everything about the checkpoint of exactly this size; None when nobody anchored it."""
    found = await store.anchors_of_size(conn, market_id, size)
    if not found:
        return None
    signed = statement_of(found[0]).checkpoint
    files: dict[str, bytes] = {}
    described: list[Described] = []
    for number, anchor in enumerate(found, start=1):
        sealed = await store.load_place(conn, market_id, anchor.place_id)
        assert sealed is not None, "an anchor refers to its place"
        place, config = sealed.place, open_config(vault, sealed)
        path = f"anchors/{number}-{place.kind}{_ENDINGS[place.kind]}"
        files[path] = anchor.proof or b""
        described.append(_described(path, place, anchor))
        match config:
            case Timestamper():
                files[f"{path}.root.pem"] = config.root_pem.encode()
                if config.intermediates_pem:
                    files[f"{path}.chain.pem"] = config.intermediates_pem.encode()
            case Witness():
                signed += anchor.proof or b""
    files["anchors/anchors.json"] = msgspec.json.format(msgspec.json.encode(described), indent=2)
    return AnchoredCheckpoint(size=size, checkpoint=signed, files=files)


async def best_anchored_size(conn: Connection, market_id: str, at_least: int) -> int | None:
    """The size of a checkpoint, not below `at_least`, that most places have seen; the newest of
    equals. None when there is none yet."""
    sizes = await store.anchored_sizes(conn, market_id, at_least)
    return max(sizes, key=lambda one: (one[1], one[0]))[0] if sizes else None


async def cosignatures_of(conn: Connection, market_id: str, size: int, note: bytes) -> bytes:
    """Signature lines of all witnesses for exactly this checkpoint of this size; maybe none."""
    text = parse_note(note).text
    places = {place.place_id: place for place in await store.list_places(conn, market_id)}
    return b"".join(
        anchor.proof or b""
        for anchor in await store.anchors_of_size(conn, market_id, size)
        if anchor.place_id in places
        and places[anchor.place_id].kind == "witness"
        and parse_note(statement_of(anchor).checkpoint).text == text
    )


async def policy_of_market(
    conn: Connection, vault: Vault, market_id: str, logs: Sequence[Verifier]
) -> Policy:
    """The policy that this market asks readers to hold it to: its keys, its witnesses, how many."""
    witnesses: dict[str, Verifier] = {}
    for place in await store.list_places(conn, market_id):
        sealed = await store.load_place(conn, market_id, place.place_id)
        config = open_config(vault, sealed) if sealed is not None else None
        if isinstance(config, Witness) and place.counts:
            verifier = parse_verifier(config.vkey)
            witnesses[name_in_policy(verifier.name, witnesses)] = verifier
    needed = min(await store.witnesses_needed(conn, market_id), len(witnesses))
    if needed == 0:
        return Policy(logs=tuple(logs), witnesses=witnesses)
    group = Group(needed, tuple(witnesses))
    return Policy(logs=tuple(logs), witnesses=witnesses, groups={QUORUM: group}, quorum=QUORUM)


def name_in_policy(name: str, taken: Collection[str]) -> str:
    """A witness's own name, by which verdicts show it; a number where a policy cannot hold that."""
    if _WORD.fullmatch(name) and name not in (*taken, NO_QUORUM, QUORUM):
        return name
    return next(made for number in count(1) if (made := f"w{number}") not in taken)


_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}")
_ENDINGS: Final = {"tsa": ".tsr", "witness": ".txt", "evm": ".json", "other": ".bin"}


def _described(path: str, place: Place, anchor: Anchor) -> Described:
    at = anchor.proven_at
    assert at is not None, "a finished anchor has its place's time"
    return Described(
        file=path,
        kind=place.kind,
        name=place.name,
        interest=place.interest,
        at=rfc3339(at),
        size=anchor.size,
    )
