"""The rules' pages: a change made with forms alone, reviewed by somebody else, public for ever."""

import hashlib
import json
import re
from datetime import timedelta

import httpx
import pytest
from litestar import Litestar

from makegood.base.actor import SYSTEM, Act
from makegood.policy.draft.actions import step_version
from tests.claims.town import Town
from tests.policy.given import PACK
from tests.web.site_kit import Browser
from tests.web.staff_kit import add_person, signed_in

WHY = {
    "title": "迟到 10 分钟内不算迟到",
    "why": "供货商的钟和我们的差几分钟",
    "evidence": "AS-261101-AAAAA",
    "metric": "迟到类申诉率",
    "metric_before": "12% (n=340)",
}


@pytest.fixture
async def fang(street: Town, app: Litestar) -> Browser:
    """An operator."""
    await add_person(street, "fang", "operator", name="方晴")
    return await signed_in(street, app, "fang")


@pytest.fixture
async def lin(street: Town, app: Litestar) -> Browser:
    """A lead."""
    await add_person(street, "lin", "lead", name="林")
    return await signed_in(street, app, "lin")


async def begun(fang: Browser) -> str:
    """The path of a new draft."""
    await fang.open("/ops/rules")
    page = await fang.send("/ops/rules/drafts", title="迟到")
    return page.url.path


def seen(text: str) -> str:
    found = re.search(r'name="seen" value="(\d+)"', text)
    assert found is not None
    return found[1]


def bare(text: str) -> str:
    """What a reader sees of a piece of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


async def edit(fang: Browser, draft: str, table: str, **fields: str) -> str:
    """Post one edit of the draft's table as its page would; answers the page after it."""
    page = await fang.open(f"/ops/rules/{table}?draft={draft.rpartition('/')[2]}")
    sent = {"seen": seen(page.text), "table": table} | fields
    return (await fang.send(f"{draft}/edit", **sent)).text


async def sent_file(fang: Browser, raw: bytes) -> httpx.Response:
    """Import a file."""
    return await fang.client.post(
        f"/ops/rules/import?_token={fang.token}", files={"file": ("p.json", raw)}
    )


async def test_a_change_goes_from_form_to_force_and_is_public_all_the_way(
    street: Town, app: Litestar, fang: Browser, lin: Browser
) -> None:
    draft = await begun(fang)
    shown = await edit(
        fang, draft, "R-04", do="row", row="R-04.1",
        **{"op.delivery.delivered": "true", "op.delivery.minutes_late": "le",
           "n.delivery.minutes_late": "10"},
    )  # fmt: skip
    assert "<del>" in shown
    assert "不超过 10" in shown
    page = await fang.open(draft)
    assert "可能吃亏" in page.text
    longer = {"do": "clock", "stage": "decision", "usual": "2880", "urgent": "720"}
    page = await fang.send(f"{draft}/edit", seen=seen(page.text), **longer)
    await fang.send(f"{draft}/describe", seen=seen(page.text), **WHY)
    page = await fang.open(draft)
    page = await fang.send(f"{draft}/submit", seen=seen(page.text))
    assert "需要另一个人复核" in page.text
    page = await lin.open(draft)
    page = await lin.send(f"{draft}/review", do="approve", text="看过")
    assert "公示中" in page.text, page.text
    public = await lin.open("/rules/default@2")
    assert "公示中" in public.text
    assert "不超过 10" in public.text
    assert '<a href="#clocks">时限' in public.text
    assert "原来 1 天，最紧急 12 小时" in public.text
    street.clock.at += timedelta(days=7)
    async with street.db.transaction() as tx:
        act = Act("main", SYSTEM, street.clock.now())
        await step_version(tx, act, street.desk.ids, street.desk.shelf, draft.rpartition("/")[2])
    again = await signed_in(street, app, "lin")
    assert "灰度中" in (await again.open("/ops/rules")).text
    assert "/rules/default@1" in (await again.open("/rules")).text


async def test_the_public_page_has_time_limits_evidence_and_figures(buyer: Browser) -> None:
    page = (await buyer.open("/rules/default@1")).text
    for anchor in ("remedies", "auto_lane", "clocks", "evidence", "figures"):
        assert f'href="#{anchor}"' in page
        assert f'id="{anchor}"' in page
    assert "最紧急的一类" in page
    assert "建议：全额退款" in page
    assert "必须提交" in page
    assert not [stage for stage in PACK.clocks.stages if f"<h3>{stage}" in page], "in words"


async def test_the_public_file_has_the_fingerprint_that_the_page_names(buyer: Browser) -> None:
    page = await buyer.open("/rules/default@1")
    file = await buyer.open("/rules/default@1.json")
    assert hashlib.sha256(file.content).hexdigest() == PACK.digest
    assert PACK.digest in page.text
    assert 'id="R-07.3"' in page.text
    assert "immutable" in file.headers["cache-control"]
    for unknown in ("/rules/default@9", "/rules/other@1", "/rules/default", "/rules/x@1.zip"):
        assert (await buyer.open(unknown)).status_code == 404


async def test_strangers_and_sellers_do_not_find_the_rules_own_pages(buyer: Browser) -> None:
    for path in ("/ops/rules", "/ops/rules/R-04", "/ops/rules/lint", "/ops/rules/drafts/x"):
        assert (await buyer.open(path)).status_code == 404


async def test_an_agent_reads_the_rules_and_changes_nothing(street: Town, app: Litestar) -> None:
    await add_person(street, "ann", "agent")
    ann = await signed_in(street, app, "ann")
    page = await ann.open("/ops/rules/R-04")
    assert page.status_code == 200
    assert "改这张表" not in page.text
    assert (await ann.send("/ops/rules/drafts", title="x")).status_code == 404


async def test_an_exported_pack_is_imported_as_a_draft_and_a_bad_one_is_told_in_place(
    fang: Browser,
) -> None:
    await fang.open("/ops/rules")
    good = await sent_file(fang, PACK.source)
    assert good.url.path.startswith("/ops/rules/drafts/")
    parts = json.loads(PACK.source)
    parts["tables"]["R-13"]["nodes"][1]["content"]["rules"][1]["i1"] = "rand(10) > 5"
    await fang.open("/ops/rules")
    bad = await sent_file(fang, json.dumps(parts).encode())
    assert bad.status_code == 409
    assert "第 2 行" in bad.text
    assert "supplier.face_matches 列" in bad.text


def with_table(**changes: object) -> bytes:
    """The shipped pack with other fields in the content of one table."""
    parts = json.loads(PACK.source)
    parts["tables"]["R-13"]["nodes"][1]["content"].update(changes)
    return json.dumps(parts).encode()


BAD_FILES: list[tuple[str, bytes, str, str]] = [
    ("10 MB", b"x" * 10_000_000, "大于 4000000 字节", "larger than 4000000 bytes"),
    ("cut off", PACK.source[:5_000], "第 208 行", "row 208"),
    ("another format", PACK.source.replace(b'"makegood_pack": 1', b'"makegood_pack": 2'),
     "格式是 2", "has format 2"),
    ("a loop", with_table(executionMode="loop"),
     "决策表只读一遍，不能循环", "read once and never in a loop"),
    ("an unknown field", with_table(script="x"), "不认识这一项", "unknown field"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "zh", "en"), [one[1:] for one in BAD_FILES], ids=[one[0] for one in BAD_FILES]
)
async def test_a_bad_file_is_refused_in_the_readers_language(
    fang: Browser, raw: bytes, zh: str, en: str
) -> None:
    await fang.open("/ops/rules")
    said = await sent_file(fang, raw)
    assert said.status_code == 409
    assert zh in bare(said.text)
    await fang.send("/preferences", lang="en")
    await fang.open("/ops/rules")
    assert en in bare((await sent_file(fang, raw)).text)


async def test_a_new_reason_with_its_own_table_and_finding_begins_in_the_file(
    fang: Browser,
) -> None:
    assert "下载第 1 版的文件" in (await fang.open("/ops/rules")).text
    parts = json.loads((await fang.open("/rules/default@1.json")).content)
    [reason] = [one for one in parts["reasons"] if one["code"] == "KEY04"]
    [finding] = [one for one in parts["findings"] if one["code"] == "wrong_value_seller"]
    known = json.dumps(parts["tables"][reason["table"]], ensure_ascii=False)
    own = known.replace(reason["table"], "R-50").replace("wrong_value_seller", "wrong_form_seller")
    names = {"zh": "卡密格式不对", "en": "Wrong form of code"}
    parts["reasons"].append({**reason, "code": "KEY09", "table": "R-50", "name": names})
    parts["findings"].append({**finding, "code": "wrong_form_seller", "name": names})
    parts["tables"]["R-50"] = json.loads(own)
    parts["words"]["tables"]["R-50"] = names
    await fang.open("/ops/rules")

    draft = await sent_file(fang, json.dumps(parts).encode())

    assert draft.status_code == 200
    assert "原因 卡密格式不对" in draft.text
    table = await fang.open(f"/ops/rules/R-50?draft={draft.url.path.rpartition('/')[2]}")
    assert "卡密格式不对" in table.text
    assert "wrong_form_seller" in table.text


async def test_a_row_with_shares_that_do_not_sum_is_saved_and_marked_unfinished(
    fang: Browser,
) -> None:
    draft = await begun(fang)
    shown = await edit(
        fang, draft, "R-20", do="row", row="R-20.3", finding="account_works", machine="yes",
        **{"share.buyer": "60"},
    )  # fmt: skip
    assert "草稿还没写完" in shown
    assert "各方比例加起来是 60" in shown
    back = await edit(fang, draft, "R-20", do="undo")
    assert "草稿还没写完" not in back


async def test_figures_sentences_and_time_limits_are_edited_too(fang: Browser) -> None:
    draft = await begun(fang)
    page = await fang.open(draft)
    figures = {
        "reissue_eta_minutes": "90", "high_value": "400.00", "interest": "3.10",
        "deposit_interest": "1.50",
    }  # fmt: skip
    await fang.send(f"{draft}/edit", seen=seen(page.text), do="limits", **figures)
    page = await fang.open(draft)
    clock = {"stage": "decision", "usual": "1200", "urgent": "600"}
    await fang.send(f"{draft}/edit", seen=seen(page.text), do="clock", **clock)
    finding = PACK.findings["key_invalid_supplier"]
    told = {
        f"{field}.{lang}": getattr(getattr(finding, field), lang)
        for field in ("name", "clause", "for_buyer", "for_seller")
        for lang in ("zh", "en")
    } | {"clause.zh": "供货商说卡密无效"}
    await edit(fang, draft, "R-07", do="texts", finding=finding.code, **told)
    page = await fang.open(draft)
    changed = bare(page.text.partition("其他改动：")[2].partition("</ul>")[0])
    assert "多少钱算大额 原来 ¥500.00 现在 ¥400.00" in changed, "told with what it was"
    assert "裁定 原来 1 天 (P0 12 小时) 现在 20 小时 (P0 10 小时)" in changed
    assert f"条款 原来 {finding.clause.zh} 现在 供货商说卡密无效" in changed
    assert "数字 " not in changed, "no part is named that is told in full"
    history = bare(page.text.partition("改动记录")[2].partition("</ul>")[0])
    assert "改文字 卡密无效 条款 方晴" in history
    assert "改时限 裁定 方晴" in history
    assert 'value="3.10"' in page.text
    bad = await fang.send(f"{draft}/edit", seen=seen(page.text), do="limits", high_value="x")
    assert "看不懂这个金额" in bad.text


async def test_the_judges_own_tables_are_edited_in_words(fang: Browser) -> None:
    draft = await begun(fang)
    number = draft.rpartition("/")[2]
    shown = (await fang.open(f"/ops/rules/remedies?draft={number}&edit=remedy.4")).text
    assert "没有交付" in shown
    assert "；建议：全额退款" in shown
    assert "bad_goods</label>" not in shown


async def test_one_class_of_products_has_a_time_limit_of_its_own(fang: Browser) -> None:
    draft = await begun(fang)
    await fang.open(draft)
    sent = {"do": "clock", "stage": "seller_reply", "usual": "1440", "urgent": "60"}
    for product in ("", "top_up"):
        page = await fang.open(draft)
        urgent = {"usual": "300"} if product else {}
        await fang.send(f"{draft}/edit", seen=seen(page.text), product=product, **(sent | urgent))
    page = await fang.open(draft)
    refused = await fang.send(f"{draft}/edit", seen=seen(page.text), product="weapon", **sent)
    assert refused.status_code == 409

    stage = json.loads((await fang.open(f"{draft}/file")).content)["clocks"]["stages"][
        "seller_reply"
    ]

    assert (stage["default_minutes"], stage["p0_minutes"]) == (1440, 60)
    assert stage["by_product"]["top_up"] == {"default_minutes": 300, "p0_minutes": 60}
    assert stage["by_product"]["account"]["default_minutes"] == 720, "what was there stays"
    assert 'name="product" value="top_up"' in (await fang.open(draft)).text


async def test_an_impossible_edit_is_refused_in_words(fang: Browser) -> None:
    draft = await begun(fang)
    shown = await edit(fang, draft, "R-20", do="remove_column", column="account.rebind_works")
    assert "这样改不成立" in shown


async def test_a_gap_names_a_row_and_an_example(fang: Browser) -> None:
    draft = await begun(fang)
    shown = await edit(fang, draft, "R-20", do="remove_row", row="R-20.3")
    assert "没有一行接得住" in shown
    assert "例如：" in shown
    page = await fang.open(draft)
    assert "有新的遗漏" in page.text


async def test_the_linter_names_clause_statute_and_better_words(fang: Browser) -> None:
    await fang.open("/ops/rules/lint")
    page = await fang.send("/ops/rules/lint", text="本店拥有最终解释权。质量问题包退。")
    assert "找到 1 处" in page.text
    assert "法释〔2022〕8号" in page.text
    clean = await fang.send("/ops/rules/lint", text="质量问题包退。")
    assert "没有找到" in clean.text


async def test_the_pages_speak_english_too(street: Town, app: Litestar) -> None:
    await add_person(street, "eve", "operator")
    eve = await signed_in(street, app, "eve", "en")
    for path in ("/ops/rules", "/ops/rules/R-07", "/ops/rules/lint", "/rules", "/rules/default@1"):
        page = await eve.open(path)
        assert page.status_code == 200
        assert "first match" in page.text or "ules" in page.text


async def test_an_apostrophe_is_shown_as_one_wherever_a_name_is_put_together(
    street: Town, app: Litestar
) -> None:
    await add_person(street, "eve", "operator")
    eve = await signed_in(street, app, "eve", "en")
    await eve.open("/ops/rules")
    begun_at = (await eve.send("/ops/rules/drafts", title="A seller's day")).url.path
    page = await eve.open(begun_at)
    later = {"do": "clock", "stage": "seller_reply", "usual": "1440", "urgent": "60"}
    await eve.send(f"{begun_at}/edit", seen=seen(page.text), **later)
    page = await eve.open(begun_at)
    assert "Seller&#39;s answer" in page.text, "among what changed and in the list of edits"
    assert "&amp;#39;" not in page.text


async def submitted(fang: Browser, title: str) -> str:
    """The path of a draft with one longer time limit that waits for a reviewer."""
    draft = await begun(fang)
    page = await fang.open(draft)
    longer = {"do": "clock", "stage": "decision", "usual": "2880", "urgent": "720"}
    page = await fang.send(f"{draft}/edit", seen=seen(page.text), **longer)
    page = await fang.send(f"{draft}/describe", seen=seen(page.text), **(WHY | {"title": title}))
    await fang.send(f"{draft}/submit", seen=seen(page.text))
    return draft


async def test_a_reviewer_is_told_before_that_another_version_is_under_way(
    fang: Browser, lin: Browser
) -> None:
    first, second = await submitted(fang, "先来的"), await submitted(fang, "后来的")
    await lin.open(first)
    await lin.send(f"{first}/review", do="approve", text="看过")
    page = await lin.open(second)
    assert "v2 还在公示或灰度" in page.text
    assert 'value="approve" disabled' in page.text
    refused = await lin.send(f"{second}/review", do="approve", text="可以，等前一个完成")
    assert refused.status_code == 409
    assert "可以，等前一个完成</textarea>" in refused.text, "what was typed is still there"


async def test_the_reason_for_stopping_has_a_field_of_its_own(fang: Browser, lin: Browser) -> None:
    draft = await submitted(fang, "要停的")
    await lin.open(draft)
    await lin.send(f"{draft}/review", do="approve", text="看过")
    page = await fang.open(draft)
    ids = re.findall(r' id="(f-[^"]+)"', page.text)
    assert len(ids) == len(set(ids))
    page = await fang.send(f"{draft}/withdraw", why="换一版")
    assert "已撤回" in bare(page.text.partition('class="vers"')[2].partition("</nav>")[0])
