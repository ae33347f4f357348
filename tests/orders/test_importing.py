"""Reading files: any encoding a shop uses, any broken row, and no line that fills the memory."""

import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from makegood.orders.columns import KNOWN_NAMES, REQUIRED, ColumnMap, amount_minor
from makegood.orders.importing import (
    BadRow,
    LineCutter,
    Row,
    csv_rows,
    detect_encoding,
    looks_like_csv,
    ndjson_rows,
)
from makegood.orders.order import Order
from tests.orders.making import told

GOOD = msgspec.json.encode(told())
CSV = (
    "订单号,下单时间,支付时间,发货时间,金额,邮箱,卖家,商品编号,商品,卡密,支付渠道,支付单号\n"
    "A-1,2026-11-20 16:00:00,2026/11/20 16:01:00,2026-11-20 16:01,￥98.00,a@b.cn,"
    "s-1,XH,星海点卡,K-1,epay,T-1\n"
)


def orders_of(rows: Iterable[Row]) -> list[Order]:
    return [row.order for row in rows if isinstance(row.order, Order)]


def codes_of(rows: Iterable[Row]) -> list[str]:
    return [row.order.code if isinstance(row.order, BadRow) else "ok" for row in rows]


def in_pieces(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


@given(st.lists(st.binary(max_size=20).filter(lambda b: b"\n" not in b)), st.integers(1, 30))
def test_lines_are_the_same_however_the_bytes_arrive(lines: list[bytes], size: int) -> None:
    cutter = LineCutter()
    data = b"".join(line + b"\n" for line in lines)
    cut = [line for piece in in_pieces(data, size) for _, line in cutter.add(piece)]
    assert cut == [line.removesuffix(b"\r") for line in lines]
    assert list(cutter.finish()) == []


def test_a_line_of_100_megabytes_is_refused_without_being_kept() -> None:
    megabyte = b"x" * 1_000_000
    chunks = [GOOD + b"\n", *[megabyte] * 100, b"\n", GOOD + b"\n"]
    tracemalloc.start()
    codes = codes_of(ndjson_rows(chunks))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert codes == ["ok", "line_too_long", "ok"]
    assert peak < 5_000_000


@given(st.binary(max_size=200))
def test_random_bytes_never_stop_a_file(noise: bytes) -> None:
    rows = list(ndjson_rows([noise, b"\n", GOOD, b"\n"]))
    assert isinstance(rows[-1].order, Order)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{", "not_json"),
        (b'{"order_no": "\xff"}', "not_json"),
        (b"{}", "invalid_order"),
        (b"[1, 2]", "invalid_order"),
        (msgspec.json.encode(told("")), "invalid_order"),
        (msgspec.json.encode(told(total={"amount_minor": -5})), "invalid_order"),
    ],
)
def test_a_bad_line_says_why(line: bytes, code: str) -> None:
    assert codes_of(ndjson_rows([line])) == [code]


def test_what_is_wrong_names_the_field_but_not_the_secret() -> None:
    wrong = told()
    wrong["buyer"]["claim_code"] = ["my secret"]
    [row] = ndjson_rows([msgspec.json.encode(wrong)])
    assert isinstance(row.order, BadRow)
    assert "claim_code" in row.order.detail
    assert "my secret" not in row.order.detail


def test_empty_lines_are_passed_over_but_counted() -> None:
    rows = list(ndjson_rows([b"\n\r\n" + GOOD]))
    assert [(row.line, type(row.order)) for row in rows] == [(3, Order)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_a_csv_is_read_in_every_encoding_of_our_shops(encoding: str) -> None:
    data = CSV.encode(encoding)
    [order] = orders_of(csv_rows([data], ColumnMap(), detect_encoding(data)))
    assert order.lines[0].title == "星海点卡"
    assert order.total.amount_minor == 9800
    assert order.payments[0].trade_no == "T-1"


def test_gbk_ndjson_is_read_too() -> None:
    data = msgspec.json.encode(told()).decode().encode("gbk")
    [order] = orders_of(ndjson_rows([data], detect_encoding(data)))
    assert order.seller.name == "小满会员店"


def test_times_of_a_csv_are_of_its_zone() -> None:
    [order] = orders_of(csv_rows([CSV.encode()], ColumnMap()))
    assert order.placed_at.isoformat() == "2026-11-20T08:00:00+00:00"
    assert order.paid_at is not None
    assert order.paid_at.isoformat() == "2026-11-20T08:01:00+00:00"


def test_the_encoding_is_found_when_the_sample_ends_inside_a_letter() -> None:
    assert detect_encoding("星海".encode()[:-1]) == "utf-8"


def test_headings_can_be_named_by_a_map() -> None:
    data = b"no,at,sum,what,sid\nA-1,2026-11-20 08:00,5.00,Thing,9\n"
    headings = {"order_no": "no", "placed_at": "at", "total": "sum", "title": "what", "sku": "sid"}
    columns = ColumnMap(headings=headings, constants={"seller_id": "s-1"})
    [order] = orders_of(csv_rows([data], columns))
    assert (order.order_no, order.seller.id, order.lines[0].sku) == ("A-1", "s-1", "9")


def test_a_missing_column_is_named_at_once() -> None:
    with pytest.raises(ValueError, match="order_no"):
        list(csv_rows([b"a,b\n1,2\n"], ColumnMap()))


def test_an_unknown_name_in_a_map_is_refused() -> None:
    with pytest.raises(ValueError, match="colour"):
        ColumnMap(headings={"colour": "x"})


@pytest.mark.parametrize(
    ("cell", "value"), [("98", 9800), ("¥1,098.5", 109850), ("0.01元", 1), ("￥ 5.00", 500)]
)
def test_amounts_are_read_as_people_write_them(cell: str, value: int) -> None:
    assert amount_minor("total", cell, "CNY") == value


@pytest.mark.parametrize("cell", ["", "1.005", "NaN", "inf", "1e999999999", "98 yuan", "0x10"])
def test_what_is_no_amount_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match="total"):
        amount_minor("total", cell, "CNY")


def test_bad_cells_name_their_column_and_the_next_row_is_read() -> None:
    rows = CSV.splitlines()
    bad = [rows[1].replace("￥98.00", cell) for cell in ("-1", "0", "99999999999999", "x")]
    data = "\n".join([rows[0], *bad, rows[1]]).encode()
    codes = codes_of(csv_rows([data], ColumnMap()))
    assert codes == ["invalid_order", "invalid_order", "invalid_order", "invalid_cell", "ok"]


def test_a_short_row_and_broken_quotes_do_not_stop_a_csv() -> None:
    heading, row = CSV.splitlines()
    data = f'{heading}\nA-9\n"A-8"x,1\n{row}\n'.encode()
    assert codes_of(csv_rows([data], ColumnMap()))[-1] == "ok"


def test_a_line_of_a_csv_that_is_too_long_is_refused() -> None:
    heading, row = CSV.splitlines()
    data = f"{heading}\n{'y' * 5000}\n{row}\n".encode()
    assert codes_of(csv_rows([data], ColumnMap(), max_bytes=2000)) == ["line_too_long", "ok"]


@pytest.mark.parametrize(
    ("name", "sample", "expected"),
    [
        ("a.CSV", b"{", True),
        ("a.ndjson", b"a,b", False),
        ("orders", b"  {", False),
        ("orders", b"\xef\xbb\xbf{", False),
        ("orders", b"order_no,total", True),
    ],
)
def test_the_form_of_a_file_is_recognised(name: str, sample: bytes, expected: bool) -> None:
    assert looks_like_csv(name, sample) is expected


def test_the_manual_names_every_column_and_heading() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "connecting-a-shop.md").read_text("utf-8")
    for name, headings in KNOWN_NAMES.items():
        needed = " **needed**" if name in REQUIRED else ""
        assert f"| `{name}`{needed} | {', '.join(headings)} | " in manual
