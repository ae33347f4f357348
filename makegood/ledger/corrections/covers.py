"""What a correction does to quota and fund, and what waits where they have no room. Pure.

Quota in use is what is owed; the fund has given what is owed and what was given up.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from makegood.base.ids import derived_id
from makegood.ledger import accounts
from makegood.ledger import rules as book
from makegood.ledger.accounts import Cover
from makegood.ledger.advance.recipes import levelled
from makegood.ledger.advance.rules import Look
from makegood.ledger.corrections.rules import RECIPE, Case, Piece, is_debt, used_quota
from makegood.ledger.rules import Transfer

_COVERS: Final[tuple[Cover, ...]] = ("guarantee_fund", "guarantee_quota")


def quota_needed(found: Sequence[Piece]) -> int:
    """By how much the debts of the claim grow all together; negative where they shrink."""
    return sum(
        (is_debt(piece.debit) - is_debt(piece.credit)) * piece.amount_minor for piece in found
    )


def cash_needed(found: Sequence[Piece]) -> int:
    """What the fund pays for it: the debts' growth, less what it had lost and gets back."""
    lost = [piece.amount_minor for piece in found if piece.credit.startswith("bad_debt:")]
    return quota_needed(found) - sum(lost)


def within(case: Case, found: Sequence[Piece], lacking_minor: int) -> tuple[list[Piece], int]:
    """The pieces that the fund has room for, and how much waits until it has more.

    Whoever is to get something back gets it; the market bears it in the new debtor's place.
    """
    kept: list[Piece] = []
    waits = 0
    for piece in reversed(found):
        lends = is_debt(piece.debit) and not is_debt(piece.credit)
        part = min(lacking_minor, piece.amount_minor) if lends else 0
        lacking_minor -= part
        waits += part
        kept += _borne_by_the_market(case, piece, part)
        if piece.amount_minor > part:
            rest = piece.amount_minor - part
            kept.append(msgspec.structs.replace(piece, amount_minor=rest))
    return kept[::-1], waits


def lacking(found: Sequence[Piece], look: Look, floor_minor: int) -> int:
    """How much more quota or cash the debts would need than there is above the fund's floor."""
    quota, cash = quota_needed(found), cash_needed(found)
    short = [
        quota - sum(_room("guarantee_quota", look)) if quota > 0 else 0,
        cash - max(0, sum(_room("guarantee_fund", look)) - floor_minor) if cash > 0 else 0,
    ]
    return max(0, *short)


def cover_transfers(case: Case, found: Sequence[Piece]) -> list[Transfer]:
    """The quota that debtors use less or more, and the fund's cash."""
    grown: dict[str, int] = {}
    for piece in found:
        for code, sign in ((piece.debit, 1), (piece.credit, -1)):
            if is_debt(code):
                grown[code] = grown.get(code, 0) + sign * piece.amount_minor
    quota = accounts.cover("guarantee_quota", case.claim_no)
    moves = [(quota, used_quota(case, code), minor) for code, minor in sorted(grown.items())]
    cash = accounts.cover("guarantee_fund", case.claim_no)
    moves.append((accounts.fund_transit(case.claim_no), cash, cash_needed(found)))
    return [_signed(case, debit, credit, minor) for debit, credit, minor in moves if minor]


def levelling(case: Case, found: Sequence[Piece], look: Look) -> list[Transfer]:
    """What other shards give to the claim's own one before it is taken from."""
    own = book.shard_of(case.claim_no)
    need = {"guarantee_fund": cash_needed(found), "guarantee_quota": quota_needed(found)}
    moves = [
        (kind, shard, minor)
        for kind in _COVERS
        for shard, minor in accounts.level(_room(kind, look), own, max(0, need[kind]))
    ]
    return levelled(moves, f"{case.claim_no}/{case.key}", case.claim_no, "", case.currency)


def _room(kind: Cover, look: Look) -> list[int]:
    codes = accounts.cover_shards(kind)
    return [max(0, book.available_minor(code, look(code))) for code in codes]


def _borne_by_the_market(case: Case, piece: Piece, amount_minor: int) -> list[Piece]:
    """What the market bears for the time being; nothing where it does already."""
    if not amount_minor or piece.shift.giver == "platform":
        return []
    shift = msgspec.structs.replace(piece.shift, taker="platform")
    cost = accounts.shared("compensation_cost", case.claim_no)
    return [Piece(shift=shift, credit=piece.credit, debit=cost, amount_minor=amount_minor)]


def _signed(case: Case, debit: str, credit: str, amount_minor: int) -> Transfer:
    """A cover's change, in the other direction where it is negative."""
    sides = (debit, credit) if amount_minor > 0 else (credit, debit)
    return Transfer(
        id=derived_id(RECIPE, case.claim_no, case.key, debit, credit),
        debit=sides[0],
        credit=sides[1],
        amount_minor=abs(amount_minor),
        currency=case.currency,
        recipe=RECIPE,
        order_no=case.order_no,
        claim_no=case.claim_no,
        rule=case.rule,
    )
