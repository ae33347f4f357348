"""The rules' pages in a real browser: for every look, and a change made without any script."""

import re

from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from makegood.base.actor import Act, Actor
from makegood.policy.draft import actions
from makegood.policy.draft.actions import Described
from makegood.policy.draft.editing import AddRow, Edit, RemoveRow, SetCell, SetText
from makegood.policy.draft.model import Draft, Named
from makegood.web.session import STAFF_COOKIE
from tests.browser.looking import LOOKS, faults_seen
from tests.claims.town import Town
from tests.web.staff_kit import add_person, session_of

FANG: Named = ("op", "运营")
WHY = Described(
    title="同一张卡卖两次，一律算平台库存的错",
    why="近 30 天 14 件都是库存接口重复回放。",
    evidence="AS-261101-AAAAA\nhttps://example.com/1",
    metric="重复发放申诉率",
    metric_before="12% (n=340)",
)
EDITS: list[Edit] = [
    SetCell("R-04", "R-04.1", "delivery.minutes_late", "<= 10"),
    AddRow("R-04", "R-04.3"),
    SetCell("R-04", "R-04.8", "goods.source", "'supplier', 'uncontracted'"),
    RemoveRow("R-20", "R-20.3"),
    SetText("delivered_late", "for_buyer", "本店拥有最终解释权。", "We decide."),
]


async def drafted(town: Town, edits: list[Edit]) -> Draft:
    """A draft with these edits."""
    act = Act("main", Actor("operator", "op"), town.clock.now())
    async with town.db.transaction() as tx:
        draft = await actions.start_draft(tx, act, town.desk.ids, town.desk.shelf, WHY.title, FANG)
        for edit in edits:
            draft = await actions.edit_draft(tx, act, draft.draft_id, draft.edit_no, edit, FANG)
        return await actions.describe(tx, act, draft.draft_id, draft.edit_no, WHY, FANG)


async def in_review(town: Town) -> Draft:
    """A draft that waits for a second person."""
    draft = await drafted(town, EDITS[:1])
    act = Act("main", Actor("operator", "op"), town.clock.now())
    async with town.db.transaction() as tx:
        return await actions.submit(tx, act, town.desk.shelf, draft.draft_id, draft.edit_no)


async def test_rule_pages_have_no_faults(street: Town, address: str, chromium: Chromium) -> None:
    await add_person(street, "lin", "lead", name="林")
    draft, waiting = await drafted(street, EDITS), await in_review(street)
    paths = (
        "/ops/rules",
        "/ops/rules/R-07",
        f"/ops/rules/R-04?draft={draft.draft_id}&edit=R-04.8",
        f"/ops/rules/R-20?draft={draft.draft_id}",
        "/ops/rules/remedies",
        f"/ops/rules/drafts/{draft.draft_id}",
        f"/ops/rules/drafts/{waiting.draft_id}",
        "/ops/rules/lint",
        "/rules",
        "/rules/default@1",
    )
    tokens = {"op": await session_of(street, "op"), "lin": await session_of(street, "lin")}
    faults: list[str] = []
    for look, person in ((LOOKS[0], "lin"), (LOOKS[1], "op"), (LOOKS[3], "op")):
        token = tokens[person]
        faults += await faults_seen(chromium, address, [look], paths, token, shot=person)
    assert faults == [], "\n".join(faults)


async def test_a_row_is_changed_with_the_keyboard_and_without_script(
    street: Town, address: str, chromium: Chromium
) -> None:
    context = await chromium.new_context(java_script_enabled=False, locale="zh-CN")
    token = await session_of(street, "op")
    await context.add_cookies([{"name": STAFF_COOKIE, "value": token, "url": address}])
    tab = await context.new_page()
    await tab.goto(f"{address}/ops/rules/R-04")
    await tab.get_by_role("button", name="改这张表").focus()
    await tab.keyboard.press("Enter")
    await tab.locator("#R-04\\.1").get_by_role("link", name="改").focus()
    await tab.keyboard.press("Enter")
    form = tab.locator("#edit")
    await (
        form.get_by_label("晚了多少分钟 数值")
        .or_(form.locator("[name='n.delivery.minutes_late']"))
        .first.fill("10")
    )
    await form.get_by_role("button", name="保存这一行").focus()
    await tab.keyboard.press("Enter")
    await expect(tab.locator("#R-04\\.1 ins")).to_have_text(re.compile("不超过 10"))
    await tab.get_by_role("button", name="撤销上一步").focus()
    await tab.keyboard.press("Enter")
    await expect(tab.locator("#R-04\\.1 ins")).to_have_count(0)
    await context.close()


async def test_a_link_opens_its_fold_without_script_and_paper_shows_every_rule(
    street: Town, address: str, chromium: Chromium
) -> None:
    context = await chromium.new_context(java_script_enabled=False, locale="zh-CN")
    tab = await context.new_page()
    await tab.goto(f"{address}/rules/default@1#R-07.3")

    await expect(tab.locator("#R-07\\.3")).to_be_in_viewport()
    await expect(tab.locator("#R-04\\.1")).to_be_hidden()
    await tab.get_by_role("link", name="延迟到账").click()
    await expect(tab.locator("#R-04\\.1")).to_be_visible()
    await tab.emulate_media(media="print")
    await expect(tab.locator("#R-19\\.1")).to_be_visible()
    await expect(tab.get_by_role("link", name="回到顶部")).to_be_hidden()
    await context.close()
