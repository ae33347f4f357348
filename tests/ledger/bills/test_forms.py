"""Each channel's bill is read exactly, or refused with line and column."""

import pytest

from makegood.ledger.bills.forms import FORMS, read_bill
from makegood.ledger.bills.rules import BillFault
from tests.ledger.bills.papers import WRITERS, Move, plain, stripe

MOVES = [
    Move(trade_no="T-1", fee_minor=59),
    Move(trade_no="T-2", order_no="O-2", amount_minor=1),
    Move(kind="refund", trade_no="T-1", refund_no="MG1", amount_minor=3000),
]


def fault(form: str, content: bytes) -> BillFault:
    with pytest.raises(BillFault) as found:
        read_bill(form, content, "CNY")
    return found.value


@pytest.mark.parametrize("form", FORMS)
def test_every_form_tells_the_same_movements(form: str) -> None:
    lines = read_bill(form, WRITERS[form](MOVES), "CNY")
    assert [(line.kind, line.amount_minor, line.currency) for line in lines] == [
        ("payment", 9800, "CNY"),
        ("payment", 1, "CNY"),
        ("refund", 3000, "CNY"),
    ]
    assert [line.names[0] for line in lines] == ["T-1", "T-2", "MG1"]
    assert [line.fee_minor for line in lines] == [59, 0, 0]
    assert {str(line.day) for line in lines} == {"2026-11-20"}


@pytest.mark.parametrize("form", FORMS)
def test_a_movement_told_twice_is_refused_with_its_line(form: str) -> None:
    found = fault(form, WRITERS[form]([*MOVES, MOVES[0]]))
    assert found.code == "duplicate_line"
    assert found.line > int(found.value) > 1


@pytest.mark.parametrize(
    ("form", "column"),
    [
        ("alipay", "退款批次号/请求号"),
        ("wechat", "申请退款金额"),
        ("stripe", "reporting_category"),
        ("plain", "系统订单号"),
    ],
)
def test_a_missing_column_is_named(form: str, column: str) -> None:
    content = WRITERS[form](MOVES)
    encoding = "gb18030" if form == "alipay" else "utf-8"
    changed = content.decode(encoding).replace(column, "x", 1).encode(encoding)
    found = fault(form, changed)
    assert found.code == "column_missing"
    assert found.column in (column, "trade_no")


@pytest.mark.parametrize("form", ["alipay", "wechat"])
def test_a_file_that_was_cut_off_is_refused(form: str) -> None:
    encoding = "gb18030" if form == "alipay" else "utf-8"
    lines = WRITERS[form](MOVES).decode(encoding).splitlines()
    head = next(at for at, line in enumerate(lines) if "商户订单号" in line)
    whole = "\n".join(lines[: head + 3]).encode(encoding)
    assert fault(form, whole).code == "file_cut"


@pytest.mark.parametrize("form", ["alipay", "wechat"])
def test_a_line_taken_out_of_a_bill_shows_in_its_totals(form: str) -> None:
    encoding = "gb18030" if form == "alipay" else "utf-8"
    lines = WRITERS[form](MOVES).decode(encoding).splitlines()
    head = next(at for at, line in enumerate(lines) if "商户订单号" in line)
    del lines[head + 2]
    assert fault(form, "\n".join(lines).encode(encoding)).code == "totals_differ"


@pytest.mark.parametrize(
    "wrong",
    [
        *("", "abc", "12.345", "1e3", "98,00,1.5.2", "1,5", "９８", "NaN"),
        *("99999999999999", "9" * 5000, "-98.00", "0", "0.00"),
    ],
)
def test_a_wrong_amount_names_line_and_column(wrong: str) -> None:
    head = "time,type,trade_no,amount"
    good = "2026-11-20 16:00:00,payment,T-1,98.00"
    bad = f'2026-11-20 16:00:00,payment,T-2,"{wrong}"'
    found = fault("plain", "\n".join([head, good, bad]).encode())
    assert found.code in ("amount_wrong", "cell_empty")
    assert (found.line, found.column) == (3, "amount")


@pytest.mark.parametrize(
    ("text", "minor"),
    [("1,098.50", 109_850), ("¥1,098.5", 109_850), ("+98", 9800), ("98.000", 9800)],
)
def test_amounts_as_spreadsheets_write_them_are_read(text: str, minor: int) -> None:
    content = f'time,type,trade_no,amount\n2026-11-20,payment,T-1,"{text}"'
    assert read_bill("plain", content.encode(), "CNY")[0].amount_minor == minor


@pytest.mark.parametrize("amount", ["30.00", "-30.00", "¥-30.00", "-¥30.00"])
def test_what_went_out_may_stand_with_a_minus(amount: str) -> None:
    content = f"time,type,trade_no,refund_no,amount\n2026-11-20,refund,T-1,MG1,{amount}"
    [line] = read_bill("plain", content.encode(), "CNY")
    assert (line.kind, line.amount_minor) == ("refund", 3000)


@pytest.mark.parametrize("fee", ["NaN", "Infinity", "1e3", "x", "9" * 40])
def test_a_fee_that_is_no_number_is_refused(fee: str) -> None:
    content = WRITERS["wechat"](MOVES).decode().replace("0.59", fee, 1)
    assert (found := fault("wechat", content.encode())).code == "amount_wrong"
    assert found.column == "手续费"


def test_an_amount_with_more_decimals_than_yen_has_is_refused() -> None:
    content = b"time,type,trade_no,amount,currency\n2026-11-20,payment,T-1,98.50,JPY"
    assert fault("plain", content).code == "amount_wrong"
    whole = b"time,type,trade_no,amount,currency\n2026-11-20,payment,T-1,98,JPY"
    assert read_bill("plain", whole, "CNY")[0].amount_minor == 98


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b" \n \n", "file_empty"),
        (b"time,type,trade_no,amount\n\xff\xfe\xfd,\x80", "encoding_unknown"),
        (b"<html>not found</html>", "column_missing"),
        (b"time,type,trade_no,amount\n2026-11-20,payment,T-1", "row_length"),
        (b'time,type,trade_no,amount\n2026-11-20,payment,"T-1,98.00', "row_broken"),
        (b"time,type,trade_no,amount\n2026-13-40,payment,T-1,98.00", "time_wrong"),
        (b"time,type,trade_no,amount\n2026-11-20,gift,T-1,98.00", "kind_unknown"),
        (b"time,type,trade_no,amount,currency\n2026-11-20,pay,T-1,98.00,BTC", "currency_unknown"),
        (b"time,type,trade_no,trade_no,amount\n2026-11-20,pay,T-1,T-1,98.00", "column_twice"),
    ],
)
def test_what_is_no_bill_says_why(content: bytes, code: str) -> None:
    assert fault("plain", content).code == code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_the_encodings_of_chinese_systems_are_read(encoding: str) -> None:
    content = plain(MOVES).decode().encode(encoding)
    assert len(read_bill("plain", content, "CNY")) == 3


@pytest.mark.parametrize(
    ("form", "other"),
    [(one, two) for one in FORMS for two in ("alipay", "wechat", "stripe") if one != two],
)
def test_a_bill_of_another_channel_is_refused(form: str, other: str) -> None:
    assert fault(form, WRITERS[other](MOVES)).code in ("column_missing", "file_cut", "kind_unknown")


def test_stripe_tells_disputes_payouts_and_fees() -> None:
    moves = [
        Move(kind="dispute", trade_no="dp_1", fee_minor=1500),
        Move(kind="dispute_back", trade_no="dp_1"),
        Move(kind="payout", trade_no="po_1", amount_minor=50000),
    ]
    lines = read_bill("stripe", stripe(moves), "CNY")
    assert [(line.kind, line.number, line.amount_minor) for line in lines] == [
        ("dispute", "dp_1", 9800),
        ("dispute_back", "dp_1", 9800),
        ("payout", "po_1", 50000),
    ]


def test_a_stripe_line_whose_net_is_wrong_is_refused() -> None:
    content = stripe(MOVES).replace(b"97.41", b"97.40")
    found = fault("stripe", content)
    assert (found.code, found.line, found.column) == ("totals_differ", 2, "net")
