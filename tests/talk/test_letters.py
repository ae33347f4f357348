"""Every e-mail in both languages: complete, in order, and without a secret."""

from datetime import UTC, datetime, timedelta
from importlib import resources

import msgspec
import pytest

from makegood.base.money import Money
from makegood.people.markets.rules import Language
from makegood.talk.letters import Addresses, Letters, money_text, time_text
from makegood.talk.mail import (
    ApprovalAsked,
    ClaimDeclined,
    ClaimReceived,
    Content,
    DeadlineSoon,
    DecisionMade,
    EvidenceAsked,
    FactLine,
    HandedToPerson,
    Letter,
    MessageArrived,
    NowClaimable,
    OfferMade,
    OutsideAsked,
    ProofCode,
    RefundArrived,
    RefundSent,
    ReplacementReady,
    Said,
    SellerAsked,
    SignInLink,
    StatementReady,
    SupplierAsked,
    Survey,
)
from tests.people.kit import SETTINGS

NO = "AS-261121-7K3QFX"
AT = datetime(2026, 11, 22, 12, 59, tzinfo=UTC)
THEN = Said("按核验事实裁定", "we decide on the facts we have")
REASON = Said("卡密已被使用", "the code was redeemed already")
ROUTE = Said("支付宝", "Alipay")
PAID = Money(9800)

EVERY_CONTENT: tuple[Content, ...] = (
    ProofCode("p-1", "BEEF"),
    SignInLink("l-1", "陈默"),
    ClaimReceived(claim_no=NO, title="星海点卡", reason=REASON, due_at=AT, then=THEN),
    ClaimDeclined(claim_no=NO, title="星海点卡", why=Said("售后期已结束", "the window ended")),
    EvidenceAsked(claim_no=NO, wanted=(Said("截图", "a screenshot"),), due_at=AT, then=THEN),
    SellerAsked(claim_no=NO, title="点卡", reason=REASON, amount=PAID, due_at=AT, then=THEN),
    OfferMade(
        claim_no=NO, offer=Said("部分退款", "part refund"), amount=PAID, due_at=AT, then=THEN
    ),
    DecisionMade(
        claim_no=NO,
        title="星海点卡 100 元",
        outcome=Said("全额退款", "full refund"),
        finding=Said("这张卡在卖出前就被用过", "this code was used before it was sold"),
        facts=(FactLine(Said("兑换于下单前", "redeemed before the order"), ROUTE, AT),),
        amount=PAID,
        rule_id="R-07",
        rule_version="3",
        rule=Said("卖出前已兑换的卡密全额退款", "codes redeemed before sale are refunded"),
        appeal_until=AT + timedelta(days=7),
    ),
    HandedToPerson(claim_no=NO, why=Said("卡源没有回答", "the supplier is silent"), due_at=AT),
    RefundSent(claim_no=NO, amount=PAID, route=ROUTE, expected_by=AT),
    RefundArrived(claim_no=NO, amount=PAID, route=ROUTE, arrived_at=AT),
    ReplacementReady(claim_no=NO, title="星海点卡"),
    DeadlineSoon(claim_no=NO, task=Said("回应申请", "answer the claim"), due_at=AT, then=THEN),
    MessageArrived(claim_no=NO, sender=Said("客服", "Support")),
    Survey(claim_no=NO, title="星海点卡"),
    NowClaimable(order_no="YQ-1", title="星海点卡"),
    OutsideAsked(claim_no=NO, question="是否属实", due_at=AT, then=THEN, link_id="l-3"),
    SupplierAsked(
        question=Said("是否已充值", "was it topped up"),
        order_ref="U-9",
        due_at=AT,
        then=THEN,
        link_id="l-2",
    ),
    ApprovalAsked(
        what=Said("退还保证金", "deposit paid back"),
        why="2026-11",
        proposed_by="Fang",
        amount=PAID,
        link_id="l-4",
    ),
    StatementReady(month="2026-11", amount=PAID, due_at=AT, link_id="l-5"),
)
WORDS_OF_SECRETS = {"key", "keys", "token", "password", "secret", "card", "codes"}

LETTERS = Letters()


def written(
    content: Content, language: Language = "zh", code: str = "", url: str = "https://h.example/x"
) -> Letter:
    addresses = Addresses(code=code, url=url)
    return LETTERS.write(SETTINGS, "m-1", "b1@example.com", language, content, addresses, AT)


def _name(content: Content) -> str:
    return type(content).__name__


def test_the_list_above_holds_every_mail_there_is() -> None:
    folders = {one.name for one in resources.files("makegood.talk").joinpath("mails").iterdir()}
    tags = {str(content.__struct_config__.tag) for content in EVERY_CONTENT}
    assert tags == folders - {"layout.html", "receipt.en.txt", "receipt.zh.txt"}
    assert len(EVERY_CONTENT) == len(tags)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("content", EVERY_CONTENT, ids=_name)
def test_every_mail_has_subject_text_and_html(content: Content, language: Language) -> None:
    letter = written(content, language)
    assert letter.subject
    assert "\n" not in letter.subject
    assert "{" not in letter.subject + letter.text
    assert "{%" not in letter.html
    assert f'lang="{language}"' in letter.html
    assert letter.message_id == "<m-1@localhost>"


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("content", EVERY_CONTENT, ids=_name)
def test_text_and_html_say_the_same(content: Content, language: Language) -> None:
    letter = written(content, language)
    lines = [line.strip("· ") for line in letter.text.split("-- ")[0].splitlines()]
    sentences = [line for line in lines if line and "https://" not in line]
    assert not [sentence for sentence in sentences if sentence not in letter.html]


@pytest.mark.parametrize("content", EVERY_CONTENT, ids=_name)
def test_chinese_mails_have_no_english_sentence_and_the_other_way_round(content: Content) -> None:
    english = written(content, "en").text
    said = [value for value in msgspec.structs.astuple(content) if isinstance(value, Said)]
    assert not [one for one in said if one.zh in english]


def test_no_mail_has_a_field_for_a_secret() -> None:
    fields = {
        word
        for content in EVERY_CONTENT
        for name in content.__struct_fields__
        for word in name.split("_")
    }
    assert not fields & WORDS_OF_SECRETS


def test_the_code_is_in_its_own_mail_only() -> None:
    holding = [_name(one) for one in EVERY_CONTENT if "918273" in written(one, code="918273").text]
    assert holding == ["ProofCode"]


def test_a_decision_says_finding_facts_amount_rule_and_appeal() -> None:
    text = written(EVERY_CONTENT[7]).text
    parts = ("卖出前就被用过", "兑换于下单前", "支付宝", "¥98.00", "R-07", "第 3 版", "11-29 20:59")
    assert not [part for part in parts if part not in text]


def test_a_title_cannot_inject_markup_or_headers() -> None:
    nasty = "<script>alert(1)</script>\r\nBcc: x@y.example"
    letter = written(Survey(claim_no=NO, title=nasty))
    assert "<script>" not in letter.html
    assert "\r" not in letter.subject
    assert "\n" not in letter.subject


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(9800), "¥98.00"),
        (Money(123456789), "¥1,234,567.89"),
        (Money(5), "¥0.05"),
        (Money(-9800), "−¥98.00"),
        (Money(980, "JPY"), "JP¥980"),
        (Money(100, "XYZ"), "XYZ 1.00"),
    ],
)
def test_money_is_exact(money: Money, text: str) -> None:
    assert money_text(money) == text


def test_times_are_the_markets_own() -> None:
    assert time_text(AT, "Asia/Shanghai", "zh") == "11-22 20:59"
    assert time_text(AT, "Asia/Shanghai", "en") == "22 Nov 20:59"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_mail_about_a_step_leads_to_its_receipt(language: Language) -> None:
    where = "https://h.example/v/7K2M-9QXA"
    addresses = Addresses(receipt=where)
    letter = LETTERS.write(
        SETTINGS, "m-1", "b1@example.com", language, EVERY_CONTENT[0], addresses, AT
    )
    assert (letter.text.count(where), letter.html.count(f'href="{where}"')) == (1, 1)
    assert where not in written(EVERY_CONTENT[0], language).text
