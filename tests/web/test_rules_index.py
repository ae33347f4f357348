"""The long public pages of the rules: a list to jump by, folds, a search, nothing lost."""

import re

import pytest

from makegood.policy.check import liability_tables
from makegood.web.public.rule_index import chapters, that_say
from tests.claims.town import PACK, Town
from tests.web.site_kit import Browser

VERSION = "/rules/default@1"


def folded(page: str, anchor: str) -> bool:
    """Whether the place that a link points to stands inside a fold, so that browsers open it."""
    before = page[: page.index(f'id="{anchor}"')]
    return before.count("<details") > before.count("</details>")


def test_every_table_stands_in_one_chapter_and_every_reason_leads_to_its_table() -> None:
    found = chapters(PACK)
    tables = [table.table_id for one in found for table in one.tables]
    assert sorted(tables) == [table.id for table in liability_tables(PACK)]
    reasons = {reason.code: table for one in found for reason, table in one.reasons}
    assert reasons == {reason.code: reason.table for reason in PACK.reasons.values()}
    assert found[0].name is None, "what serves every reason comes first"


@pytest.mark.parametrize(("word", "rule"), [("封号", "R-19"), ("BANNED", "R-19"), ("r-07.3", "")])
def test_a_word_is_found_in_both_languages_and_in_numbers(word: str, rule: str) -> None:
    tables = [table for one in that_say(chapters(PACK), word) for table in one.tables]
    assert tables
    if rule:
        assert rule in [table.table_id for table in tables]
    else:
        assert [line.rule for line in tables[0].lines] == ["R-07.3"]


async def test_every_link_of_the_list_leads_into_a_fold_of_the_page(
    street: Town, buyer: Browser
) -> None:
    page = (await buyer.open(VERSION)).text
    links = re.findall(r'href="#([^"]+)"', page)
    assert {reason.table for reason in PACK.reasons.values()} <= set(links)
    for anchor in (*links, "R-07.3", "R-07.0"):
        assert page.count(f'id="{anchor}"') == 1, anchor
        assert anchor == "main" or folded(page, anchor), anchor
    for reason in PACK.reasons.values():
        assert f">{reason.name.zh}</a>" in page


async def test_the_page_is_whole_where_it_is_wanted_whole(street: Town, buyer: Browser) -> None:
    folds, whole = (
        (await buyer.open(VERSION)).text,
        (await buyer.open(f"{VERSION}?view=whole")).text,
    )
    rules = {row.id for table in liability_tables(PACK) for row in table.rows}
    for page in (folds, whole):
        assert rules <= set(re.findall(r'<article id="(R-[\d.]+)"', page))
    assert not re.findall(r'<details class="fold" open>.*?<h3><span class="num">R-', folds)
    assert len(re.findall(r'<details class="fold" open', whole)) > len(PACK.reasons) // 2


async def test_a_search_shows_what_speaks_of_it_open_and_the_way_back(
    street: Town, buyer: Browser
) -> None:
    page = (await buyer.open(f"{VERSION}?q=封号")).text
    assert re.search(r"“封号”：\d+ 条规则", page)
    assert "R-19.1" in page
    assert 'id="R-42' not in page
    assert f'href="{VERSION}"' in page
    assert not folded_shut(page)

    none = (await buyer.open(f"{VERSION}?q=<b>xyzzy")).text
    assert "没有提到“&lt;b&gt;xyzzy”的规则" in none
    assert f'href="{VERSION}"' in none


def folded_shut(page: str) -> list[str]:
    """Tables whose fold is shut."""
    return re.findall(r'<details class="fold"><summary>[^\n]*?<span class="num">(R-\d+)', page)


async def test_the_file_is_whole_whatever_was_searched(street: Town, buyer: Browser) -> None:
    assert (await buyer.open(f"{VERSION}.json?q=封号")).content == PACK.source


async def test_the_handbook_leads_from_a_reason_to_its_cards(street: Town, buyer: Browser) -> None:
    page = (await buyer.open("/library")).text
    assert 'href="/library?g=KEY#R-07"' in page
    assert 'href="#main"' in page
    shelf = (await buyer.open("/library?g=KEY")).text
    assert folded(shelf, "R-07")
    assert folded(shelf, "R-07.3")
