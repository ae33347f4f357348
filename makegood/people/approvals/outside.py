"""Approvers from outside, for a shop of one: asked by a link, proven by an own authenticator.

The first link shows the secret of the second factor once; whoever has the mailbox and the
authenticator is the approver, and the operator has neither.
"""

from base64 import b32encode
from datetime import datetime, timedelta
from typing import Final

import msgspec
import pyotp

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.base.refusal import Refused
from makegood.people.approvals import outside_store as store
from makegood.people.approvals.rules import OUTSIDE, Approver, Proposal
from makegood.people.links.actions import make_link
from makegood.people.staff.rules import matching_step, normal_name
from makegood.people.staff.second_factor import STEP_S, TotpOffer
from makegood.people.staff.store import is_sign_in_name
from makegood.store.database import Connection
from makegood.store.vault import Vault

LINK_VALID: Final = timedelta(hours=72)
_PURPOSE: Final = "outside_totp"
_SECRET_BYTES: Final = 20
_ISSUER: Final = "Makegood"


class OutsideApprover(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who releases what a shop of one person proposes."""

    approver_id: str
    name: str
    contact: str
    has_factor: bool
    added_at: datetime
    ended_at: datetime | None = None


class Asked(msgspec.Struct, frozen=True):
    """A link to one proposal; `link_id` goes into the mail, the token is derived there."""

    link_id: str
    approver: OutsideApprover


async def add_outside_approver(
    tx: Connection, act: Act, ids: Ids, name: str, contact: str
) -> OutsideApprover:
    """Name an outside approver; nobody who signs in here can be one.

    Raises:
        Refused: `setting_invalid` without a name or an address to write to,
            `conflict_of_interest` for an address of the staff.
    """
    if not name.strip() or "@" not in contact:
        raise Refused("setting_invalid", fields=["name", "contact"])
    if await is_sign_in_name(tx, act.market_id, normal_name(contact)):
        raise Refused("conflict_of_interest")
    approver = OutsideApprover(
        approver_id=ids.uuid(),
        name=name.strip(),
        contact=contact.strip(),
        has_factor=False,
        added_at=act.now,
    )
    await store.insert_approver(
        tx,
        act.market_id,
        approver.approver_id,
        approver.name,
        approver.contact,
        act.actor.id,
        act.now,
    )
    return approver


async def end_outside_approver(tx: Connection, act: Act, approver_id: str) -> bool:
    """Nobody can be asked under this name any more; False when nobody could."""
    return await store.end_approver(tx, act.market_id, approver_id, act.now)


async def outside_approvers(conn: Connection, market_id: str) -> list[OutsideApprover]:
    """Those who can be asked, the first named first."""
    rows = await store.live_approvers(conn, market_id)
    return [msgspec.convert(dict(row), OutsideApprover) for row in rows]


async def ask_outside(
    tx: Connection, act: Act, vault: Vault, ids: Ids, approver: OutsideApprover, proposal: Proposal
) -> Asked:
    """A link for this approver to this proposal; works until it was used or is three days old."""
    if proposal.state != "open":
        raise Refused("already_approved")
    subject = {"approver_id": approver.approver_id, "proposal_no": proposal.proposal_no}
    token = await make_link(tx, act, vault, ids, "outside_approval", subject, LINK_VALID)
    return Asked(token.partition(".")[0], approver)


async def approver_by_id(
    conn: Connection, market_id: str, approver_id: str
) -> OutsideApprover | None:
    """One who can still be asked."""
    found = await outside_approvers(conn, market_id)
    return next((one for one in found if one.approver_id == approver_id), None)


async def offer_factor(
    tx: Connection, act: Act, vault: Vault, ids: Ids, approver: OutsideApprover
) -> TotpOffer:
    """The secret for a new authenticator, the same until a code of it was typed."""
    secret = await store.sealed_secret(tx, act.market_id, approver.approver_id)
    if secret is None:
        fresh = b32encode(ids.secret(_SECRET_BYTES))
        secret = vault.seal(act.market_id, _PURPOSE, approver.approver_id, fresh)
        await store.keep_secret(tx, act.market_id, approver.approver_id, secret)
    plain = vault.open_sealed(act.market_id, _PURPOSE, approver.approver_id, secret).decode()
    uri = pyotp.TOTP(plain).provisioning_uri(name=approver.contact, issuer_name=_ISSUER)
    return TotpOffer(plain, uri)


async def prove_outside(
    tx: Connection, act: Act, vault: Vault, approver: OutsideApprover, code: str
) -> Approver | None:
    """The approver after a fitting code, which is used up by it; None for any other code."""
    locked = await store.lock_factor(tx, act.market_id, approver.approver_id)
    if locked is None or locked["totp_sealed"] is None:
        return None
    sealed = locked["totp_sealed"]
    secret = vault.open_sealed(act.market_id, _PURPOSE, approver.approver_id, sealed).decode()
    first = int(act.now.timestamp()) // STEP_S - 1
    codes = [pyotp.TOTP(secret).at((first + place) * STEP_S) for place in range(3)]
    step = matching_step(codes, code, first, locked["totp_last_step"])
    if step is None:
        return None
    await store.use_step(tx, act.market_id, approver.approver_id, step, act.now)
    person_id = f"{OUTSIDE}{approver.approver_id}"
    return Approver(person_id=person_id, name=approver.name, role="lead", proven_at=act.now)
