"""What protects every page: headers, form tokens, error pages that say what to do."""

import pytest
from litestar import Litestar

from makegood.web.common import local_path
from makegood.web.security import is_token, new_token
from tests.claims.town import Town, TownIds
from tests.web.site_kit import Browser
from tests.web.staff_kit import signed_in

SECRET = bytes(32)


async def test_every_answer_forbids_foreign_scripts_and_frames(buyer: Browser) -> None:
    for path in ("/", "/nowhere", "/static/icons.svg", "/proof"):
        answer = await buyer.open(path)
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_pages_have_no_inline_script(street: Town, buyer: Browser) -> None:
    await buyer.prove()
    claim_no = (await street.open()).claim_no
    for path in ("/", "/o/O-1", "/o/O-1/claim", f"/c/{claim_no}"):
        text = (await buyer.open(path)).text
        assert "<script>" not in text
        assert " onclick=" not in text
        assert "javascript:" not in text


async def test_pages_are_never_kept_by_a_cache(buyer: Browser) -> None:
    assert (await buyer.open("/")).headers["cache-control"] == "no-store"


async def test_every_answer_carries_a_request_id(buyer: Browser) -> None:
    given = await buyer.client.get("/", headers={"x-request-id": "abcdef-123456"})
    hostile = await buyer.client.get("/", headers={"x-request-id": "a b\tc"})

    assert given.headers["x-request-id"] == "abcdef-123456"
    assert hostile.headers["x-request-id"] not in ("", "a b\tc")


async def test_an_unknown_page_says_what_to_do(buyer: Browser) -> None:
    page = await buyer.open("/nowhere")

    assert page.status_code == 404
    assert "没有找到这一页" in page.text
    assert "E-404" in page.text


async def test_programs_get_a_problem_instead_of_a_page(buyer: Browser) -> None:
    answer = await buyer.client.get("/nowhere", headers={"accept": "application/json"})

    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/", 405),
        ("DELETE", "/proof", 405),
        ("GET", "/c/%00", 404),
        ("GET", "/o/..%2f..%2fetc%2fpasswd", 404),
        ("GET", "/l/o/no-such-token", 410),
        ("GET", "/l/c/no.such.token", 410),
    ],
)
async def test_odd_requests_get_a_clear_answer(
    buyer: Browser, method: str, path: str, status: int
) -> None:
    answer = await buyer.client.request(method, path)

    assert answer.status_code in (status, 403 if method != "GET" else status)
    assert answer.status_code < 500


async def test_a_body_that_is_too_large_is_refused(buyer: Browser) -> None:
    await buyer.open("/proof")
    answer = await buyer.send("/proof/password", order_no="O-1", password="x" * 2_000_000)

    assert answer.status_code == 413


async def test_a_broken_form_is_no_fault_of_ours(buyer: Browser) -> None:
    await buyer.open("/proof")
    for content in (b"\xff\xfe\x00=%zz", b"_token=&&&===", b""):
        answer = await buyer.client.post(
            "/proof/password",
            content=content,
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
        assert 400 <= answer.status_code < 500


async def test_language_and_theme_are_kept_in_cookies(buyer: Browser) -> None:
    await buyer.open("/")
    english = await buyer.send("/preferences", lang="en", back="/proof")
    dark = await buyer.send("/preferences", theme="dark", back="//evil.test")

    assert english.url.path == "/proof"
    assert "Confirm it is your order" in english.text
    assert dark.url.host == "makegood.test"
    assert 'data-theme="dark"' in dark.text


async def test_a_refusal_is_told_in_words(street: Town, app: Litestar, buyer: Browser) -> None:
    await buyer.prove()
    claim_no = (await street.open()).claim_no
    await buyer.open(f"/c/{claim_no}")

    answer = await buyer.send(f"/c/{claim_no}/remedy", remedy="refund")

    assert answer.status_code == 409
    assert "刷新看看最新进度" in answer.text


def test_only_our_own_tokens_are_tokens() -> None:
    token = new_token(TownIds(), SECRET)
    assert is_token(token, SECRET)
    assert not is_token(token, bytes(31) + b"x")
    assert not is_token(token + "0", SECRET)
    assert not is_token("", SECRET)


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/c/AS-1", "/c/AS-1"),
        ("/o/1?step=2", "/o/1?step=2"),
        ("//evil.test", "/"),
        ("/\\evil.test", "/"),
        ("https://evil.test/", "/"),
        ("", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_a_way_back_never_leads_away(path: str, kept: str) -> None:
    assert local_path(path) == kept


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/desk/find?q=a%00b", 200),
        ("/desk/q/all?owner=%00", 200),
        ("/ops/ledger?q=%00&account=%00", 200),
        ("/desk/c/%00", 404),
        ("/desk/c/AS-261120-JZ0001/%00", 404),
        ("/ops/suppliers/%00", 404),
        ("/ops/audits/99999999999999999999", 404),
        ("/ops/exports/2147483648", 404),
    ],
)
async def test_what_no_column_can_hold_is_looked_for_and_not_found(
    street: Town, app: Litestar, path: str, status: int
) -> None:
    browser = await signed_in(street, app, "op")
    async with browser.client:
        assert (await browser.open(path)).status_code == status


async def test_a_nul_in_a_form_is_left_out(street: Town, app: Litestar) -> None:
    browser = await signed_in(street, app, "op")
    async with browser.client:
        await browser.open("/ops/privacy")
        page = await browser.send("/ops/privacy/holds", subject="AS-1\x00", basis="a\x00b")

    assert page.status_code == 409
