"""From who bears a refund now to who ought to bear it: what moves between which accounts. Pure.

Nothing that was booked is changed. A debt becomes smaller before money goes back, so that a
debtor never pays what is about to be returned.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from makegood.base.ids import derived_id
from makegood.ledger import accounts
from makegood.ledger.accounts import Party
from makegood.ledger.recipes import Funding
from makegood.ledger.rules import MAX_AMOUNT_MINOR, Transfer

RECIPE: Final = "corrected"
Bearer = Literal["seller", "supplier", "channel", "platform"]
BEARERS: Final[tuple[Bearer, ...]] = ("seller", "supplier", "channel", "platform")
DEBTORS: Final[tuple[Party, ...]] = ("seller", "supplier", "channel")


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What a correction is about. `key` tells one correction of a claim from the next."""

    claim_no: str
    order_no: str
    seller_id: str
    supplier_id: str
    channel: str = ""
    """Through which channel the claim was refunded, as `channels_of` names it."""
    currency: str
    rule: str
    key: str

    def debtor_of(self, party: str) -> str:
        """Whose debt a party's debt is: the seller or supplier by id; channels have none."""
        return {"seller": self.seller_id, "supplier": self.supplier_id}.get(party, "")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A refund of the claim by its number, and who bears how much of it now, in minor units."""

    number: str
    borne: Mapping[str, int]


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """So much of a refund that `giver` bore is `taker`'s from now on."""

    giver: Bearer
    taker: Bearer
    amount_minor: int
    line: str = ""


class Owing(msgspec.Struct, frozen=True, kw_only=True):
    """What a debtor of the claim still owes, and what of its debt was given up."""

    open_minor: int = 0
    lost_minor: int = 0


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a shift between one account and another."""

    shift: Shift
    credit: str
    debit: str
    amount_minor: int


def shifts(bears: Mapping[str, int], ought: Mapping[str, int]) -> list[Shift]:
    """What each hands over to whom so that all bear what they ought to; both sum to the same."""
    assert sum(bears.values()) == sum(ought.values()), f"not the same whole: {bears} {ought}"
    off = {party: bears.get(party, 0) - ought.get(party, 0) for party in BEARERS}
    found = []
    for giver in BEARERS:
        for taker in BEARERS:
            part = min(off[giver], -off[taker])
            if part > 0:
                off[giver] -= part
                off[taker] += part
                found.append(Shift(giver=giver, taker=taker, amount_minor=part))
    return found


def by_line(moves: Sequence[Shift], lines: Sequence[Line]) -> list[Shift]:
    """The same shifts, each cut by the refunds whose part it corrects, the oldest first.

    What no refund accounts for (it had been moved by hand) belongs to the last one.
    """
    left = {line.number: dict(line.borne) for line in lines}
    found: list[Shift] = []
    for move in moves:
        rest = move.amount_minor
        for number, borne in left.items():
            last = number == lines[-1].number
            part = rest if last else min(rest, max(0, borne.get(move.giver, 0)))
            borne[move.giver] = borne.get(move.giver, 0) - part
            rest -= part
            if part:
                found.append(msgspec.structs.replace(move, amount_minor=part, line=number))
    return found


def pieces(
    case: Case, moves: Sequence[Shift], owing: Mapping[str, Owing], held: Sequence[Funding]
) -> list[Piece]:
    """The shifts between accounts. `held` is what the seller's own accounts can give now."""
    gives = {party: _gives(case, party, owing.get(party, Owing())) for party in BEARERS}
    takes = {party: _takes(case, party, held) for party in BEARERS}
    return [
        Piece(shift=move, credit=credit, debit=debit, amount_minor=part)
        for move in moves
        for credit, amount_minor in cut(gives[move.giver], move.amount_minor)
        for debit, part in cut(takes[move.taker], amount_minor)
    ]


def transfer_of(case: Case, piece: Piece, number: str) -> Transfer:
    """The posting of one piece, known by the number of its correction."""
    return Transfer(
        id=derived_id(RECIPE, number),
        debit=piece.debit,
        credit=piece.credit,
        amount_minor=piece.amount_minor,
        currency=case.currency,
        recipe=RECIPE,
        order_no=case.order_no,
        claim_no=case.claim_no,
        rule=case.rule,
    )


def accounts_of(case: Case) -> set[str]:
    """Every account with a limit that a correction may touch."""
    owed = {accounts.receivable(party, case.claim_no) for party in DEBTORS}
    used = {used_quota(case, code) for code in owed}
    own = {own_account(case, party) for party in DEBTORS}
    shards = {
        code
        for kind in ("guarantee_fund", "guarantee_quota")
        for code in accounts.cover_shards(kind)
    }
    return owed | used | own | shards | {accounts.escrow(case.order_no)}


def own_account(case: Case, party: str) -> str:
    """Where a party gets back what it has paid."""
    match party:
        case "supplier":
            return accounts.supplier_balance(case.supplier_id)
        case "channel":
            return accounts.channel_balance(case.channel)
        case _:
            return accounts.seller_balance(case.seller_id)


def _gives(case: Case, party: Bearer, owing: Owing) -> dict[str, int]:
    """From where a party's part goes: what it still owes first, then what it had paid."""
    if party == "platform":
        return {accounts.shared("compensation_cost", case.claim_no): MAX_AMOUNT_MINOR}
    return {
        accounts.receivable(party, case.claim_no): owing.open_minor,
        accounts.shared("bad_debt", case.claim_no): owing.lost_minor,
        own_account(case, party): MAX_AMOUNT_MINOR,
    }


def _takes(case: Case, party: Bearer, held: Sequence[Funding]) -> dict[str, int]:
    """Onto what a party takes a part: a seller's own money first, else a debt."""
    if party == "platform":
        return {accounts.shared("compensation_cost", case.claim_no): MAX_AMOUNT_MINOR}
    own = {one.account: one.amount_minor for one in held} if party == "seller" else {}
    return own | {accounts.receivable(party, case.claim_no): MAX_AMOUNT_MINOR}


def cut(purse: dict[str, int], amount_minor: int) -> list[tuple[str, int]]:
    """Take an amount out of a purse, its first accounts first: (account, part)."""
    parts = []
    for account, left in purse.items():
        part = min(left, amount_minor)
        purse[account] -= part
        amount_minor -= part
        if part > 0:
            parts.append((account, part))
    return parts


def is_debt(account: str) -> bool:
    """Whether an account says what somebody owes to the platform."""
    return account.partition(":")[0].endswith("_receivable")


def used_quota(case: Case, debt: str) -> str:
    """The quota that goes with a debt."""
    party = debt.partition("_")[0]
    return accounts.quota_used(party, case.debtor_of(party), case.claim_no)
