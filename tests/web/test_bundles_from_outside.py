"""Bundles of other installs: checked before they are kept, shown with their own mark."""

import pytest
from litestar import Litestar

from tests.claims.town import Town
from tests.verify import mutations
from tests.verify.making import FILE, KEY, bundle
from tests.web.site_kit import Browser
from tests.web.staff_kit import add_person, signed_in


@pytest.fixture
async def operator(street: Town, app: Litestar) -> Browser:
    """An operator of another install than the one that made the bundles."""
    street.clock.at = street.clock.at.replace(month=12)
    await add_person(street, "op-1", "operator")
    return await signed_in(street, app, "op-1")


async def handed_in(operator: Browser, content: bytes, pin: str = "") -> Browser:
    await operator.open("/ops/bundles")
    operator.page = await operator.client.post(
        f"/ops/bundles?_token={operator.token}",
        data={"pin": pin, "note": "调解"},
        files={"file": ("b.zip", content)},
    )
    return operator


async def test_a_bundle_is_shown_with_its_mark_and_its_files(operator: Browser) -> None:
    shown = (await handed_in(operator, bundle(), str(KEY.verifier))).page
    assert shown is not None
    assert "这不是本站的案件，来自 shop.example.com/log" in shown.text
    assert "写下之后没有改过" in shown.text
    file = await operator.open(f"{shown.url.path}/files/e1.png")
    assert (file.content, file.headers["content-disposition"][:10]) == (FILE, "attachment")


async def test_without_a_pin_it_is_kept_and_marked(operator: Browser) -> None:
    await handed_in(operator, bundle())
    assert "密钥没有着落" in (await operator.open("/ops/bundles")).text


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (bundle()[:-7], "对不上"),
        (b"hello", "不是我们的文件"),
        (dict(mutations.forged_bundles(2))["of another log"], "来自别的记录"),
        (dict(mutations.forged_bundles(2))["signed by another key"], "不是您指定的密钥签的"),
    ],
)
async def test_what_does_not_hold_is_refused_with_a_sentence(
    operator: Browser, content: bytes, sentence: str
) -> None:
    answer = (await handed_in(operator, content, str(KEY.verifier))).page
    assert answer is not None
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "还没有外来案件包" in answer.text
