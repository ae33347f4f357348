"""Gateways, bills and chargebacks look right for the operator: axe, phone, both themes."""

import msgspec
from playwright.async_api import Browser as Chromium

from makegood.ledger.bills.actions import BillFile, import_bill
from makegood.ledger.refund.account_store import put_account
from makegood.ledger.refund.gateway import Dispute
from makegood.ledger.refund.health_store import Health, add_health
from tests.browser.looking import OTHER_PAIR, faults_seen
from tests.claims.town import Town
from tests.ledger.bills.papers import DAY, Move, plain
from tests.web.staff_kit import session_of


async def furnish(town: Town) -> list[str]:
    """Accounts that work, fail and are switched off; bills good and bad; disputes. The pages."""
    operator = town.act("operator", "op")
    async with town.db.transaction() as tx:
        for channel, kind in (("epay", "manual"), ("usdt", "manual"), ("old", "epay_v1")):
            config = msgspec.json.encode({"kind": kind, "channel": channel, "sandbox": True})
            await put_account(tx, operator, town.vault, channel, kind, config)
        now = town.clock.now()
        words = Health(bad=3, bad_at=now, trouble="credentials", words="refused: 商户密钥错误")
        await add_health(
            tx, [("main", "epay", words), ("main", "usdt", Health(good=9, good_at=now))]
        )
        moves = [Move(trade_no="T-O-1", amount_minor=9750), Move(trade_no="T-X", order_no="")]
        files = [plain(moves), b"time,type,trade_no,amount\n2026-11-20,pay,T-9,1.005"]
        bills = [
            await import_bill(
                tx,
                operator,
                BillFile(channel="epay", form="plain", filename="账单.csv", content=one, day=DAY),
            )
            for one in files
        ]
    told = Dispute(
        dispute_ref="DP-1",
        trade_no="T-O-1",
        amount_minor=9800,
        state="needs_response",
        kind="chargeback",
        reason="product_not_received",
        due_at=now,
    )
    claim_no = (await town.dispute(told, source="person")).claim_no
    return [
        "/ops/gateways",
        "/ops/gateways/new/wechat",
        "/ops/gateways/usdt",
        "/ops/bills",
        *(f"/ops/bills/{one.bill.bill_no}" for one in bills),
        "/ops/disputes",
        f"/desk/c/{claim_no}",
        "/setup/payments?kind=stripe",
    ]


async def test_the_pages_have_no_faults(street: Town, address: str, chromium: Chromium) -> None:
    paths = await furnish(street)
    token = await session_of(street, "op")
    assert await faults_seen(chromium, address, OTHER_PAIR, paths, token, shot="gates") == []
