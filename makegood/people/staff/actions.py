"""What is done to accounts: the first operator, invitations, second factors, switching off."""

import msgspec

from makegood.base.actor import Act
from makegood.base.ids import Ids
from makegood.base.refusal import Refused
from makegood.people.links import store as link_store
from makegood.people.links.actions import make_link, read_link, use_link
from makegood.people.staff import second_factor, store
from makegood.people.staff.rules import (
    FIRST_LINK_VALID,
    INVITATION_VALID,
    Account,
    NewAccount,
    normal_name,
)
from makegood.people.staff.second_factor import TotpOffer
from makegood.people.staff.sessions import (
    SignedIn,
    begin_session,
    revoke_all_sessions,
    rotate_session,
)
from makegood.people.staff.sign_in import CodeNeeded, Door, Visitor, ask_for_code, is_own_password
from makegood.store.database import Connection
from makegood.store.vault import Vault


class Invited(msgspec.Struct, frozen=True):
    """A new account and the token of the link by which the person sets a password."""

    account_id: str
    token: str


class Enrolled(msgspec.Struct, frozen=True):
    """A confirmed second factor: the session's new token and the codes to be kept, shown once."""

    token: str
    recovery_codes: tuple[str, ...]


async def create_first_operator_link(tx: Connection, act: Act, vault: Vault, ids: Ids) -> str:
    """The token of the link that makes the first operator; earlier ones stop to work.

    Refused `account_exists` once there is an operator.
    """
    if await store.lock_operators(tx, act.market_id):
        raise Refused("account_exists")
    await link_store.withdraw_links(tx, act.market_id, "first_operator", {}, act.now)
    return await make_link(tx, act, vault, ids, "first_operator", {}, FIRST_LINK_VALID)


async def create_first_operator(
    door: Door, act: Act, visitor: Visitor, token: str, new: NewAccount, password: str
) -> SignedIn:
    """Use the first link up, make the operator, and begin a session.

    The session is limited to setting up the second factor.
    """
    async with door.db.connection() as conn:
        await read_link(conn, act, door.vault, "first_operator", token)
    about = (new.sign_in_name, new.display_name)
    password_hash = await door.passwords.hash(password, about)
    operator = msgspec.structs.replace(new, role="operator", seller_id=None, supplier_id=None)
    async with door.db.transaction() as tx:
        await use_link(tx, act, door.vault, "first_operator", token)
        account = await add_account(tx, act, door.ids, operator, password_hash)
        return await _begin(tx, act, door, visitor, account)


async def add_account(
    tx: Connection, act: Act, ids: Ids, new: NewAccount, password_hash: str | None = None
) -> Account:
    """Store a new account; refused `account_exists` when the sign-in name is taken."""
    account_id = ids.uuid()
    named = msgspec.structs.replace(new, sign_in_name=normal_name(new.sign_in_name))
    if not named.sign_in_name:
        raise Refused("setting_invalid", fields=["sign_in_name"])
    if not await store.insert_account(tx, act.market_id, account_id, named, act.now, password_hash):
        raise Refused("account_exists")
    return await _known(tx, act, account_id)


async def invite(tx: Connection, act: Act, vault: Vault, ids: Ids, new: NewAccount) -> Invited:
    """Make an account without a password, and the link by which the person sets one."""
    account = await add_account(tx, act, ids, new)
    return Invited(account.account_id, await invite_again(tx, act, vault, ids, account))


async def invite_again(tx: Connection, act: Act, vault: Vault, ids: Ids, account: Account) -> str:
    """A new link for setting the password; earlier ones stop to work. Also for a lost password."""
    subject = {"account_id": account.account_id}
    await link_store.withdraw_links(tx, act.market_id, "invitation", subject, act.now)
    return await make_link(tx, act, vault, ids, "invitation", subject, INVITATION_VALID)


async def accept_invitation(
    door: Door, act: Act, visitor: Visitor, token: str, password: str
) -> SignedIn | CodeNeeded:
    """Use the link up, set the password, end older sessions and begin one.

    An account with a second factor is asked for its code: the link alone, which may have been
    read in a mailbox, never replaces it.
    """
    async with door.db.connection() as conn:
        subject = await read_link(conn, act, door.vault, "invitation", token)
        account = await _known(conn, act, subject["account_id"])
    about = (account.sign_in_name, account.display_name)
    password_hash = await door.passwords.hash(password, about)
    async with door.db.transaction() as tx:
        await use_link(tx, act, door.vault, "invitation", token)
        if account.disabled_at is not None:
            raise Refused("link_expired")
        await store.set_password(tx, act.market_id, account.account_id, password_hash)
        await revoke_all_sessions(tx, act, account.account_id)
        if account.has_second_factor:
            return ask_for_code(door, act, account)
        return await _begin(tx, act, door, visitor, account)


async def change_password(
    door: Door, act: Act, account: Account, session_id: str, old: str, new: str
) -> str:
    """Set a new password; other sessions end and this one gets the new token that is answered.

    Refused `sign_in_failed` when `old` is not the present password.
    """
    if not await is_own_password(door, act, account, old):
        raise Refused("sign_in_failed")
    new_hash = await door.passwords.hash(new, (account.sign_in_name, account.display_name))
    async with door.db.transaction() as tx:
        await store.set_password(tx, act.market_id, account.account_id, new_hash)
        await revoke_all_sessions(tx, act, account.account_id, keep=session_id)
        return await rotate_session(tx, act, door.ids, session_id)


async def begin_second_factor(
    tx: Connection, act: Act, vault: Vault, ids: Ids, account_id: str
) -> TotpOffer:
    """A new secret for the person's authenticator.

    Refused `account_exists` when a second factor is set: only a lead's reset replaces it.
    """
    account = await _known(tx, act, account_id)
    if account.has_second_factor:
        raise Refused("account_exists")
    return await second_factor.offer_totp(tx, act, vault, ids, account)


async def confirm_second_factor(
    tx: Connection, act: Act, vault: Vault, ids: Ids, account_id: str, session_id: str, code: str
) -> Enrolled:
    """Turn the offered secret into the second factor once a code of it fits."""
    if (await _known(tx, act, account_id)).has_second_factor:
        raise Refused("account_exists")
    if not await second_factor.accept_totp(tx, act, vault, account_id, code):
        raise Refused("sign_in_failed")
    await store.confirm_totp(tx, act.market_id, account_id, act.now)
    codes = await second_factor.renew_recovery_codes(tx, act, vault, ids, account_id)
    token = await rotate_session(tx, act, ids, session_id, second_factor=True)
    return Enrolled(token, codes)


async def confirm_codes_saved(tx: Connection, act: Act, account_id: str) -> None:
    """The person says that the recovery codes are kept elsewhere."""
    await store.note_codes_saved(tx, act.market_id, account_id, act.now)


async def renew_recovery_codes(
    tx: Connection, act: Act, vault: Vault, ids: Ids, account_id: str
) -> tuple[str, ...]:
    """Ten new codes, shown once; the old ones stop to work.

    Refused `second_factor_needed` while there is no second factor that they could stand in for.
    The caller asks for `Caller.two_factor` first.
    """
    if not (await _known(tx, act, account_id)).has_second_factor:
        raise Refused("second_factor_needed")
    return await second_factor.renew_recovery_codes(tx, act, vault, ids, account_id)


async def reset_second_factor(tx: Connection, act: Act, account: Account) -> None:
    """Forget a lost authenticator: sessions end, and the next sign-in sets up a new one."""
    await store.clear_second_factor(tx, act.market_id, account.account_id)
    await revoke_all_sessions(tx, act, account.account_id)


async def disable_account(tx: Connection, act: Act, account_id: str) -> bool:
    """Switch an account off and end its sessions; refused `last_operator` for the last one."""
    operators = await store.lock_operators(tx, act.market_id)
    if operators == [account_id]:
        raise Refused("last_operator")
    await revoke_all_sessions(tx, act, account_id)
    return await store.set_disabled(tx, act.market_id, account_id, act.now)


async def enable_account(tx: Connection, act: Act, account_id: str) -> bool:
    """Switch an account on again; False when there is none."""
    return await store.set_disabled(tx, act.market_id, account_id, None)


async def change_account(tx: Connection, act: Act, account: Account) -> None:
    """Write a person's name, role, department, skills, language and direct lead.

    A changed role ends the sessions, so that no page keeps the old rights.
    """
    before = await _known(tx, act, account.account_id)
    operators = await store.lock_operators(tx, act.market_id)
    if operators == [account.account_id] and account.role != "operator":
        raise Refused("last_operator")
    await store.set_place(tx, act.market_id, account)
    if before.role != account.role:
        await revoke_all_sessions(tx, act, account.account_id)


async def _begin(
    tx: Connection, act: Act, door: Door, visitor: Visitor, account: Account
) -> SignedIn:
    return await begin_session(
        tx, act, door.ids, account, second_factor=False, browser=visitor.browser
    )


async def _known(conn: Connection, act: Act, account_id: str) -> Account:
    """The account, which a session or a link has named: its absence is our own bug."""
    account = await store.load_account(conn, act.market_id, account_id)
    assert account is not None, "an account is never deleted"
    return account
