"""The operator's money pages on plain forms: ledger, refund board, statements, approvals."""

import csv
import io
from datetime import timedelta

from litestar import Litestar
from pyotp import TOTP

from makegood.ledger.actions import post
from makegood.ledger.audits.pause import open_pauses, pause_payouts
from makegood.ledger.recipes import deposit_paid
from makegood.people.approvals.actions import propose
from makegood.people.approvals.outside import outside_approvers
from makegood.people.approvals.rules import NewProposal
from makegood.people.links.actions import link_token
from makegood.web.paged_rows import AT_ONCE
from tests.claims.test_statements import SUPPLIER, dead_key, dispute
from tests.claims.town import Town
from tests.web.site_kit import Browser
from tests.web.staff_kit import add_person, signed_in
from tests.web.test_seller import shopkeeper


def table(text: str) -> list[list[str]]:
    """A CSV download as rows."""
    assert text.startswith("\ufeff"), "Excel needs the mark to read Chinese"
    return list(csv.reader(io.StringIO(text[1:])))


async def test_the_ledger_shows_fund_debts_refunds_and_every_entry(
    street: Town, app: Litestar
) -> None:
    claim_no = await dead_key(street, "O-9")
    operator = await signed_in(street, app, "op")

    page = await operator.open("/ops/ledger")

    assert page.status_code == 200
    assert "应收" in page.text
    assert "u-1" in page.text
    assert claim_no in page.text


async def test_the_ledgers_filters_are_its_address_and_the_download_follows_them(
    street: Town, app: Litestar
) -> None:
    claim_no = await dead_key(street, "O-9")
    operator = await signed_in(street, app, "op")

    answer = await operator.open(f"/ops/ledger.csv?account=supplier_receivable&q={claim_no}")

    rows = table(answer.text)
    assert rows[0][0] == "时间"
    assert {(row[3], row[5]) for row in rows[1:]} == {(f"supplier_receivable:{claim_no}", "98.00")}
    assert answer.headers["x-total-rows"] == str(len(rows) - 1)
    empty = await operator.open("/ops/ledger?m=2020-01")
    assert "没有符合的流水" in empty.text


async def test_a_pause_names_account_and_time_and_a_second_person_lets_payouts_go_on(
    street: Town, app: Litestar
) -> None:
    async with street.db.transaction() as tx:
        act = street.act("system", "system")
        await pause_payouts(
            tx, act, "CNY", found="cached balance", account="escrow:O-1", amount_minor=9800
        )
    await add_person(street, "op2", "operator")
    operator = await signed_in(street, app, "op")
    page = await operator.open("/ops/ledger")
    assert "借贷不平 ¥98.00" in page.text
    assert "escrow:O-1" in page.text

    await operator.send("/ops/ledger/resume", currency="CNY", reason="重算后一致")
    async with street.db.connection() as conn:
        assert len(await open_pauses(conn, "main")) == 1
    second = await signed_in(street, app, "op2")
    waiting = await second.open("/ops/approvals")
    assert "恢复出款" in waiting.text
    number = waiting.text.split('action="/ops/approvals/')[1].split('"')[0]
    done = await second.send(f"/ops/approvals/{number}", do="approved")

    assert "已放行并执行" in done.text
    async with street.db.connection() as conn:
        assert await open_pauses(conn, "main") == []


async def test_nobody_releases_an_own_proposal_on_the_page(street: Town, app: Litestar) -> None:
    async with street.db.transaction() as tx:
        new = NewProposal(kind="resume_payouts", subject="CNY", why="查过了")
        act = street.act("operator", "op")
        made = await propose(tx, act, street.desk.ids, new, by="op", by_name="运营")
    operator = await signed_in(street, app, "op")

    page = await operator.open("/ops/approvals")
    assert "这是您提出的" in page.text
    refused = await operator.send(f"/ops/approvals/{made.proposal_no}", do="approved")

    assert refused.status_code == 409
    assert "需要另一个人确认" in refused.text


async def test_a_stale_second_factor_is_asked_for_again(street: Town, app: Litestar) -> None:
    async with street.db.transaction() as tx:
        new = NewProposal(kind="resume_payouts", subject="CNY", why="查过了")
        act = street.act("lead", "qi")
        made = await propose(tx, act, street.desk.ids, new, by="qi", by_name="周琪")
    operator = await signed_in(street, app, "op")
    street.clock.at += timedelta(minutes=40)

    page = await operator.open("/ops/approvals")
    assert 'name="code"' in page.text
    refused = await operator.send(f"/ops/approvals/{made.proposal_no}", do="approved")

    assert refused.status_code == 409
    assert "请再输一次验证码" in refused.text


async def test_the_refund_board_filters_by_state(street: Town, app: Litestar) -> None:
    claim_no = await dead_key(street, "O-9")
    operator = await signed_in(street, app, "op")

    assert "没有符合的退款" in (await operator.open("/ops/refunds")).text
    arrived = await operator.open("/ops/refunds?show=arrived")
    assert claim_no in arrived.text
    rows = table((await operator.open("/ops/refunds.csv?show=arrived")).text)
    assert [row[1] for row in rows[1:]] == [claim_no]


async def test_a_download_of_refunds_has_every_row_once_also_beyond_one_page(
    street: Town, app: Litestar
) -> None:
    await dead_key(street, "O-9")
    copies = AT_ONCE + 2
    async with street.db.transaction() as tx:
        await tx.execute(
            """
            insert into refund
            select (jsonb_populate_record(refund, jsonb_build_object(
                'refund_no', 'R-' || n, 'refund_key', 'K-' || n))).*
            from refund, generate_series(1, $1) as n
            """,
            copies,
        )
    operator = await signed_in(street, app, "op")

    rows = table((await operator.open("/ops/refunds.csv?show=all")).text)

    numbers = [row[0] for row in rows[1:]]
    assert len(numbers) == len(set(numbers)) == copies + 1


async def test_m42_a_statement_is_a_page_a_table_and_a_pdf(street: Town, app: Litestar) -> None:
    claim_no = await dead_key(street, "O-9")
    operator = await signed_in(street, app, "op")
    base = f"/ops/suppliers/{SUPPLIER}"

    page = await operator.open(base)
    assert "每一行都与账本一致" in page.text
    rows = table((await operator.open(f"{base}/statement.csv")).text)
    pdf = await operator.open(f"{base}/statement.pdf")

    assert [row[8] for row in rows[1:]] == ["0.00", "98.00", "98.00"]
    assert claim_no in rows[2]
    assert pdf.content.startswith(b"%PDF-")


async def test_money_received_is_recorded_once(street: Town, app: Litestar) -> None:
    await dead_key(street, "O-9")
    operator = await signed_in(street, app, "op")
    base = f"/ops/suppliers/{SUPPLIER}"
    await operator.open(base)

    first = await operator.send(base, do="settle", amount="50", reference="B-1")
    again = await operator.send(base, do="settle", amount="50", reference="B-1")
    above = await operator.send(base, do="settle", amount="60", reference="B-2")

    assert "已登记到账" in first.text
    assert "没有重复入账" in again.text
    assert above.status_code == 409
    assert "¥48.00" in (await operator.open(base)).text


async def test_a_dispute_is_decided_with_a_reason(street: Town, app: Litestar) -> None:
    made = await dispute(street, await dead_key(street, "O-9"))
    operator = await signed_in(street, app, "op")
    base = f"/ops/suppliers/{SUPPLIER}"
    await operator.open(base)

    unsaid = await operator.send(base, do="decide", dispute=made.dispute_no, borne_by="platform")
    assert unsaid.status_code == 409
    done = await operator.send(
        base, do="decide", dispute=made.dispute_no, borne_by="seller", text="时区换算确有错误"
    )

    assert "争议成立，转出" in done.text


async def test_an_agreement_is_a_new_version(street: Town, app: Litestar) -> None:
    await dead_key(street, "O-9")
    operator = await signed_in(street, app, "op")
    base = f"/ops/suppliers/{SUPPLIER}"
    await operator.open(base)

    wrong = await operator.send(base, do="agree", starts_on="2026-12-01", share_all="130")
    assert wrong.status_code == 409
    done = await operator.send(
        base,
        do="agree",
        starts_on="2026-12-01",
        share_all="100",
        finding="key_invalid_supplier",
        percent="60",
    )

    assert "新协议已保存" in done.text
    assert "60%" in done.text


async def test_agents_and_strangers_do_not_find_the_books(street: Town, app: Litestar) -> None:
    agent = await signed_in(street, app, "xu")
    paths = ("/ops/ledger", "/ops/refunds", "/ops/suppliers", "/ops/ledger.csv")

    assert [(await agent.open(path)).status_code for path in paths] == [404] * 4
    assert [(await Browser(app).open(path)).status_code for path in paths] == [404] * 4


async def test_a_supplier_disputes_a_line_with_evidence_on_its_own_page(
    street: Town, app: Litestar
) -> None:
    claim_no = await dead_key(street, "O-9")
    await add_person(street, "bei", "supplier", supplier_id=SUPPLIER, name="北辰")
    supplier = await signed_in(street, app, "bei")

    page = await supplier.open("/supplier/statement")
    assert claim_no in page.text
    answer = await supplier.client.post(
        f"/supplier/statement?_token={supplier.token}",
        data={"claim": claim_no, "text": "激活时间是时区换算错"},
        files={"file": ("api.json", b'{"at": "2026-11-20"}', "application/json")},
    )

    assert "争议已提出" in answer.text
    assert "api.json" in answer.text
    operator = await signed_in(street, app, "op")
    shown = await operator.open(f"/ops/suppliers/{SUPPLIER}")
    file = shown.text.split(f'href="/ops/suppliers/{SUPPLIER}/files/')[1].split('"')[0]
    kept = await operator.open(f"/ops/suppliers/{SUPPLIER}/files/{file}")
    assert kept.content == b'{"at": "2026-11-20"}'
    assert (await supplier.open(f"/ops/suppliers/{SUPPLIER}")).status_code == 404


async def test_a_debt_is_given_up_by_two_people_after_its_time(street: Town, app: Litestar) -> None:
    claim_no = await dead_key(street, "O-9")
    operator = await signed_in(street, app, "op")
    page = await operator.open("/ops/advances")
    assert claim_no in page.text
    form = {"do": "write_off", "claim": claim_no, "party": "supplier", "why": "供应商停业"}

    assert (await operator.send("/ops/advances", **form)).status_code == 409
    street.clock.at += timedelta(days=91)
    operator = await signed_in(street, app, "op")
    await operator.open("/ops/advances")
    asked = await operator.send("/ops/advances", **form)
    assert "已提交复核" in asked.text
    lead = await signed_in(street, app, "qi")
    waiting = await lead.open("/ops/approvals")
    number = waiting.text.split('action="/ops/approvals/')[1].split('"')[0]
    done = await lead.send(f"/ops/approvals/{number}", do="approved")

    assert "已放行并执行" in done.text
    assert "没有要收回的钱" in (await operator.open("/ops/advances")).text


async def test_an_outside_approver_releases_with_an_own_authenticator(
    street: Town, app: Litestar
) -> None:
    async with street.db.transaction() as tx:
        act = street.act("system", "system")
        await pause_payouts(
            tx, act, "CNY", found="cached balance", account="escrow:O-1", amount_minor=9800
        )
    operator = await signed_in(street, app, "op")
    await operator.open("/ops/money?part=outside")
    await operator.send("/ops/money", part="outside", name="罗律师", contact="luo@law.example")
    await operator.open("/ops/ledger")
    await operator.send("/ops/ledger/resume", currency="CNY", reason="重算后一致")
    waiting = await operator.open("/ops/approvals")
    number = waiting.text.split('action="/ops/approvals/')[1].split('"')[0]
    async with street.db.connection() as conn:
        (approver,) = await outside_approvers(conn, "main")
    sent = await operator.send(
        f"/ops/approvals/{number}", do="outside", approver=approver.approver_id
    )
    assert "链接已发给外部复核人" in sent.text
    assert "/approve/" not in sent.text, "the operator never sees the link"

    token = await approval_token(street)
    lawyer = Browser(app)
    page = await lawyer.open(f"/approve/{token}")
    assert "重算后一致" in page.text
    secret = page.text.split("<code>")[1].split("</code>")[0].replace(" ", "")
    wrong = await lawyer.send(f"/approve/{token}", do="approved", code="000000")
    assert wrong.status_code == 409
    code = TOTP(secret).at(street.clock.now())
    done = await lawyer.send(f"/approve/{token}", do="approved", code=code)

    assert "已放行并执行" in done.text
    async with street.db.connection() as conn:
        assert await open_pauses(conn, "main") == []
    assert (await lawyer.open(f"/approve/{token}")).status_code != 200


async def approval_token(street: Town) -> str:
    """The token that the mail to the approver carries."""
    async with street.db.connection() as conn:
        link_id = await conn.fetchval(
            "SELECT link_id FROM one_time_link WHERE purpose = 'outside_approval'"
        )
    return link_token(street.vault, "main", "outside_approval", link_id)


async def test_a_long_download_has_every_row_once_and_holds_no_connection(
    street: Town, app: Litestar
) -> None:
    deposits = [deposit_paid(f"B-{n}", "s-1", 100 + n, "CNY") for n in range(1200)]
    async with street.db.transaction() as tx:
        for begin in range(0, len(deposits), 100):
            await post(tx, street.act("operator", "op"), deposits[begin : begin + 100])
    amounts = sorted(f"{1 + n / 100:.2f}" for n in range(1200))
    operator = await signed_in(street, app, "op")
    person = await shopkeeper(street, app)

    ledger = await operator.open("/ops/ledger.csv?account=seller_deposit")
    own = await person.open("/seller/funds.csv")
    page = await person.open("/seller/funds")

    for answer, column, place in ((ledger, 5, 1), (own, 5, 7)):
        rows = table(answer.text)[1:]
        assert answer.headers["x-total-rows"] == "1200"
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert sorted(row[column] for row in rows) == amounts
        assert len({row[place] for row in rows}) == 1200
    assert "8,394" in page.text, "the sum is that of all rows, not of those shown"


async def test_escrow_mode_by_hand_needs_a_reason_that_the_seller_reads_too(
    street: Town, app: Litestar
) -> None:
    await street.order("O-9")
    operator = await signed_in(street, app, "op")
    await operator.open("/ops/sellers/s-1")
    refused = await operator.send("/ops/sellers/s-1", do="hold", why="")
    assert refused.status_code == 409
    assert "转入担保模式" in refused.text

    await operator.send("/ops/sellers/s-1", do="hold", why="三笔订单描述不符")
    page = await operator.open("/ops/sellers/s-1")
    seller = await shopkeeper(street, app)
    told = await seller.open("/seller/funds")
    for text in (page.text, told.text):
        assert "由运营转入" in text
        assert "三笔订单描述不符" in text

    await operator.send("/ops/sellers/s-1", do="lift", why="已改正")
    assert "三笔订单描述不符" not in (await seller.open("/seller/funds")).text
