"""The rules on the operator's pages: all tables, one table, one draft, the linter."""

from collections.abc import Callable
from typing import Final

import msgspec
from litestar import get, post
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from makegood.people.approvals.outside import outside_approvers
from makegood.policy import pack_store
from makegood.policy.check import liability_tables
from makegood.policy.compare import Comparison
from makegood.policy.draft import store
from makegood.policy.draft.actions import look_at
from makegood.policy.draft.looking import Inspection, blockers, sketch
from makegood.policy.draft.model import Draft
from makegood.policy.inputs import OF_JUDGE, inputs_of
from makegood.policy.inwords import Asked, case_words
from makegood.policy.lint import MAX_TEXT, lint
from makegood.policy.model import Pack
from makegood.policy.ownwords import value_words
from makegood.policy.stages import Ref, Stage, parse_ref, stage_at
from makegood.policy.tablecheck import oddities
from makegood.policy.tables import Scalar
from makegood.policy.void_clauses import CLAUSES
from makegood.store.database import Connection
from makegood.web.desk.faults import Fault
from makegood.web.desk.forms import AnyRequest, Form, read_form
from makegood.web.operator.rulebook import forms
from makegood.web.operator.rulebook.beside import beside_tables, place_of_edit
from makegood.web.operator.rulebook.table_view import columns_to_add, table_shown, title_of
from makegood.web.page import Html, Page, ThisPage
from makegood.web.problem import not_found
from makegood.web.things import TheThings, Things

FOLDER: Final = "operator/templates/rules"


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What every page of the rules shows: the version in force, versions, drafts."""

    in_force: Pack
    stage: Stage
    versions: list[pack_store.Version]
    drafts: list[Draft]


async def rules_of(conn: Connection, page: Page, things: Things) -> Rules:
    """The rules of this market as they stand."""
    shelf, market_id = things.desk.shelf, page.market.market_id
    stages = await shelf.stages(market_id, page.now)
    return Rules(
        in_force=await shelf.in_force(market_id, page.now),
        stage=stage_at(stages, page.now),
        versions=await pack_store.list_versions(conn, market_id),
        drafts=await store.list_drafts(conn, market_id),
    )


@get("/ops/rules")
async def show_rules(page: ThisPage, things: TheThings) -> Html:
    """Every table, every version, every draft."""
    page.need("rule.read")
    return await rules_page(page, things)


@get("/ops/rules/lint")
async def show_linter(page: ThisPage) -> Html:
    """A box for free text, and the list of void clauses."""
    page.need("rule.read")
    return page.show(f"{FOLDER}/lint.html", section="rules", text="", found=None, clauses=CLAUSES)


@post("/ops/rules/lint")
async def lint_text(page: ThisPage, request: AnyRequest) -> Html:
    """Read a text for void clauses. Nothing is kept."""
    page.need("rule.read")
    text = (await read_form(request)).text("text", MAX_TEXT)
    return page.show(
        f"{FOLDER}/lint.html", section="rules", text=text, found=lint(text), clauses=CLAUSES
    )


@get("/ops/rules/{table_id:str}")
async def show_table(
    page: ThisPage,
    things: TheThings,
    table_id: FromPath[str],
    v: FromQuery[int | None] = None,
    diff: FromQuery[int | None] = None,
    draft: FromQuery[str] = "",
    edit: FromQuery[str] = "",
    plain: FromQuery[bool] = False,
) -> Html:
    """One table: of a version, or of a draft beside the version it began from."""
    page.need("rule.read")
    if draft:
        return await draft_table_page(page, things, table_id, draft, edit=edit, plain=plain)
    async with things.db.connection() as conn:
        rules = await rules_of(conn, page, things)
    pack = await _version(page, things, rules, v)
    before = await _version(page, things, rules, diff) if diff is not None else None
    return _table_page(page, rules, table_id, pack, before)


@get("/ops/rules/drafts/{draft_id:str}")
async def show_draft(
    page: ThisPage, things: TheThings, draft_id: FromPath[str], done: FromQuery[str] = ""
) -> Html:
    """One draft: what it changes, what is missing, and who does what next."""
    page.need("rule.read")
    return await draft_page(page, things, draft_id, done=done)


async def rules_page(
    page: Page, things: Things, *, fault: Fault | None = None, problems: object = ()
) -> Html:
    """The list of everything, with what was wrong with an import."""
    async with things.db.connection() as conn:
        rules = await rules_of(conn, page, things)
    return page.show(
        f"{FOLDER}/list.html",
        409 if fault or problems else 200,
        section="rules",
        rules=rules,
        tables=_named_tables(page, rules.in_force),
        fault=fault,
        problems=problems,
    )


async def draft_page(
    page: Page,
    things: Things,
    draft_id: str,
    *,
    fault: Fault | None = None,
    status: int = 409,
    done: str = "",
    typed: tuple[str, Form] | None = None,
) -> Html:
    """A draft's page, with what was refused or done, and what was typed for a refused step."""
    async with things.db.connection() as conn:
        draft = await load(conn, page, draft_id)
        rules = await rules_of(conn, page, things)
        edits = await store.list_edits(conn, page.market.market_id, draft_id)
        outside = await outside_approvers(conn, page.market.market_id)
    base, found = await look_at(things.desk.shelf, page.act(), draft)
    seen = sketch(draft, base)
    return page.show(
        f"{FOLDER}/draft.html",
        status if fault else 200,
        section="rules",
        rules=rules,
        draft=draft,
        base=base,
        pack=seen,
        found=found,
        missing=blockers(draft, found),
        odd=[(one, _case(page, seen, one.table, one.example, one.tells)) for one in found.odd],
        shifts=shifts_of(page, seen, found),
        favours=found.comparison is not None and found.comparison.favours_buyers,
        others=beside_tables(base, seen, found.comparison.others, page.words)
        if found.comparison
        else [],
        title_of=lambda name: title_of(seen, name, page.words),
        edits=[(one, place_of_edit(seen, one.detail, page.words)) for one in edits],
        fault=fault,
        mine=page.caller.account_id in {draft.author_id, *draft.editors},
        outside=outside,
        done=done == "outside",
        said=_said(typed),
    )


def _said(typed: tuple[str, Form] | None) -> Callable[[str, str, str], str]:
    """What a field of a step's form holds: what was just typed into it, else what is kept."""

    def said(step: str, name: str, kept: str) -> str:
        return typed[1].text(name) if typed is not None and typed[0] == step else kept

    return said


async def draft_table_page(
    page: Page,
    things: Things,
    table_id: str,
    draft_id: str,
    *,
    edit: str = "",
    plain: bool = False,
    fault: Fault | None = None,
    status: int = 409,
) -> Html:
    """A draft's table beside the version it began from; `edit` is the row whose form is open."""
    async with things.db.connection() as conn:
        draft = await load(conn, page, draft_id)
        rules = await rules_of(conn, page, things)
    base, found = await look_at(things.desk.shelf, page.act(), draft)
    pack = sketch(draft, base)
    if table_id not in pack.tables:
        raise not_found()
    table = pack.tables[table_id]
    known = inputs_of(pack, table_id)
    row = next((one for one in table.rows if one.id == edit), None)
    may_edit = draft.state == "editing" and page.may("rule.edit")
    return page.show(
        f"{FOLDER}/table.html",
        status if fault else 200,
        section="rules",
        rules=rules,
        tables=_named_tables(page, pack),
        table=table_shown(pack, table, None if plain else base.tables.get(table_id), page.words),
        pack=pack,
        draft=draft,
        plain=plain,
        before=base.version,
        version=None,
        may_edit=may_edit,
        edit=row if may_edit else None,
        inputs=known,
        columns=columns_to_add(pack, table),
        chosen=forms.chosen,
        value_name=lambda word: value_words(pack, word),
        own=table_id in OF_JUDGE,
        faults=[one for one in found.faults if one.file == f"tables/{table_id}.json"],
        odd=[
            (one, _case(page, pack, table_id, one.example, one.tells))
            for one in found.odd
            if one.table == table_id
        ],
        unfinished=found.pack is None,
        fault=fault,
    )


async def load(conn: Connection, page: Page, draft_id: str) -> Draft:
    """The draft, or the page for unknown things."""
    draft = await store.load_draft(conn, page.market.market_id, draft_id)
    if draft is None:
        raise not_found()
    return draft


def _table_page(page: Page, rules: Rules, table_id: str, pack: Pack, before: Pack | None) -> Html:
    if table_id not in pack.tables:
        raise not_found()
    table = pack.tables[table_id]
    was = before.tables.get(table_id) if before else None
    odd = [] if table_id in OF_JUDGE else oddities(inputs_of(pack, table_id), table, table)
    return page.show(
        f"{FOLDER}/table.html",
        section="rules",
        rules=rules,
        tables=_named_tables(page, pack),
        table=table_shown(pack, table, was, page.words),
        pack=pack,
        draft=None,
        plain=before is None,
        before=before.version if before else "",
        version=pack.version,
        may_edit=False,
        edit=None,
        inputs={},
        columns=[],
        chosen=forms.chosen,
        own=table_id in OF_JUDGE,
        faults=[],
        odd=[(one, _case(page, pack, table_id, one.example, one.tells)) for one in odd],
        unfinished=False,
        fault=None,
    )


async def _version(page: Page, things: Things, rules: Rules, number: int | None) -> Pack:
    if number is None:
        return rules.in_force
    ref = parse_ref(f"{rules.in_force.name}@{number}")
    if ref is None or ref not in {Ref(one.pack_id, one.version) for one in rules.versions}:
        raise not_found()
    return await things.desk.shelf.cited(page.market.market_id, str(ref), page.now)


def _named_tables(page: Page, pack: Pack) -> list[tuple[str, str, int]]:
    """Every table with its name and how many rows it has; the judge's own tables last."""
    names = [table.id for table in liability_tables(pack)] + [*OF_JUDGE]
    return [
        (name, title_of(pack, name, page.words), len(pack.tables[name].rows))
        for name in names
        if name in pack.tables
    ]


def _case(
    page: Page, pack: Pack, table_id: str, case: dict[str, Scalar], tells: tuple[str, ...]
) -> list[Asked]:
    """An example in words, by the facts that matter in it."""
    shown = {name: value for name, value in case.items() if name in tells}
    return case_words(pack, inputs_of(pack, table_id), shown or case, page.words.currency)


def shifts_of(page: Page, pack: Pack, found: Inspection) -> list[tuple[object, list[Asked]]]:
    """Every kind of case that would be decided otherwise, with an example in words."""
    changes: Comparison | None = found.comparison
    if changes is None:
        return []
    return [(one, _case(page, pack, one.table, one.example, one.tells)) for one in changes.shifts]


ROUTES: Final[list[ControllerRouterHandler]] = [
    show_rules,
    show_linter,
    lint_text,
    show_draft,
    show_table,
]
