"""Many claims at once: every row has its own result, and a wrong one stops no other."""

import pytest

from makegood.base.refusal import Refused
from makegood.claims.importing import MOST_ROWS, Row, RowResult, read_table, take_rows
from tests.claims.town import Town

STORY = "兑换时提示卡密无效，今天上午第一次兑换就这样"


async def take(town: Town, rows: list[Row]) -> list[RowResult]:
    return await take_rows(town.db, town.agent, town.desk, rows)


async def test_m59_a_table_opens_adds_to_and_refuses_row_by_row(town: Town) -> None:
    for number in range(1, 4):
        await town.order(f"O-{number}")
    new = [
        Row(order_no=f"O-{number}", reason="KEY01", description=STORY, external_id=f"x-{number}")
        for number in range(1, 4)
    ]
    strange = Row(order_no="O-404", reason="KEY01", description=STORY)
    greedy = Row(order_no="O-1", reason="KEY01", description=STORY, wants="a pony")

    first = await take(town, [*new, strange, Row(order_no="O-1", description=STORY), greedy])
    again = await take(town, [new[0], Row(claim_no=first[1].claim_no, description="补充说明")])

    assert [one.state for one in first] == ["opened"] * 3 + ["refused"] * 3
    codes = ["not_found", "evidence_missing", "remedy_not_available"]
    assert [one.code for one in first[3:]] == codes
    assert [one.row for one in first] == [1, 2, 3, 4, 5, 6]
    assert [(one.state, one.claim_no) for one in again] == [
        ("existing", first[0].claim_no),
        ("updated", first[1].claim_no),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_table_reads_in_both_encodings_and_languages(encoding: str) -> None:
    text = "订单号,件号,问题,说明,诉求\nO-1,2,KEY01,卡密无效,reissue\n,,,,\n"

    assert read_table(text.encode(encoding)) == [
        Row(order_no="O-1", unit=2, reason="KEY01", description="卡密无效", wants="reissue")
    ]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "table_unreadable"),
        (b"a,b\n1,2\n", "table_unreadable"),
        (b"\x00\xff\xfe\x00", "table_unreadable"),
        (b"order_no,reason\nO-1,KEY01\n", "table_unreadable"),
        (b'order_no,description\nO-1,"never closed\n', "table_unreadable"),
        (b"order_no,description\n" + b"O-1,x\n" * (MOST_ROWS + 1), "too_many_rows"),
    ],
)
def test_a_wrong_table_says_what_is_wrong(raw: bytes, code: str) -> None:
    with pytest.raises(Refused, match=code):
        read_table(raw)
