"""Facts about sellers, payments, service, security, minors and evidence."""

from typing import Final

from makegood.policy.facts import BUYER_SIDE, STAFF, FactSpec
from makegood.policy.vocabulary.kinds import count, word, yes_no

MONEY: Final[tuple[FactSpec, ...]] = (
    yes_no(
        "seller.accepts",
        "卖家同意",
        "The seller agrees",
        sources=("seller",),
        against_own={"seller": (True,)},
    ),
    yes_no(
        "seller.contested",
        "卖家已申辩",
        "The seller has contested",
        sources=("seller", "platform_log"),
        neutral=("platform_log",),
    ),
    yes_no(
        "seller.identity_known",
        "平台能提供卖家身份",
        "The platform can name the seller",
        sources=("platform_log",),
        neutral=("platform_log",),
        audience=STAFF,
    ),
    yes_no(
        "seller.fraud_found",
        "查明欺诈或虚假发货",
        "Fraud or fake delivery found",
        sources=("agent",),
    ),
    count(
        "payment.captures",
        "扣款次数",
        "Times charged",
        sources=("gateway",),
        admits_from={"gateway": 2},
    ),
    yes_no(
        "payment.gateway_confirms",
        "支付通道确认收到款",
        "The payment channel confirms the money",
        sources=("gateway",),
        against_own={"gateway": (True,)},
    ),
    yes_no(
        "payment.channel_fault",
        "支付通道没有通知",
        "The payment channel did not notify us",
        sources=("gateway", "platform_log"),
        against_own={"gateway": (True,)},
    ),
    word(
        "payment.duplicate_cause",
        "重复扣款的原因",
        "Cause of the second charge",
        sources=("gateway", "platform_log", "agent"),
        words=("channel", "platform"),
        against_own={"gateway": ("channel",), "platform_log": ("platform",)},
    ),
    yes_no(
        "payment.amount_matches",
        "扣款金额与订单一致",
        "Charged as ordered",
        sources=("gateway", "platform_log"),
        against_own={"gateway": (False,), "platform_log": (False,)},
    ),
    count(
        "payment.overcharged_minor",
        "多扣金额（最小货币单位）",
        "Overcharged, minor units",
        sources=("gateway", "platform_log"),
        admits_from={"gateway": 1, "platform_log": 1},
    ),
    word(
        "payment.price_error_by",
        "金额错误由谁造成",
        "Who caused the wrong amount",
        sources=("platform_log", "agent"),
        words=("platform", "seller"),
        against_own={"platform_log": ("platform",)},
    ),
    word(
        "payment.auth",
        "支付验证强度",
        "Strength of payment authentication",
        sources=("gateway",),
        words=("strong", "weak", "none"),
        audience=STAFF,
    ),
    word(
        "refund.state",
        "退款进度",
        "State of the refund",
        sources=("gateway", "platform_log"),
        words=("not_sent", "failed", "sent", "settled"),
        against_own={"platform_log": ("not_sent", "failed"), "gateway": ("failed",)},
    ),
    count(
        "service.minutes_over_promise",
        "处理超出承诺的分钟数",
        "Minutes past our promise",
        sources=("platform_log",),
        admits_from={"platform_log": 1},
    ),
    yes_no("service.rude_found", "查明态度不当", "Rudeness found", sources=("agent",)),
    count(
        "service.handovers_unanswered",
        "转手未答的次数",
        "Hand-overs without an answer",
        sources=("platform_log",),
        admits_from={"platform_log": 1},
    ),
    yes_no(
        "service.promise_kept",
        "承诺已兑现",
        "The promise was kept",
        sources=("platform_log", "agent"),
        against_own={"platform_log": (False,)},
    ),
    yes_no(
        "security.takeover",
        "平台账号被他人登录",
        "Someone else signed in to the platform account",
        sources=("agent",),
        audience=BUYER_SIDE,
    ),
    word(
        "security.auth",
        "登录验证强度",
        "Strength of the sign-in",
        sources=("platform_log",),
        words=("strong", "weak"),
        audience=STAFF,
        against_own={"platform_log": ("weak",)},
    ),
    yes_no(
        "minor.is_minor", "付款人未成年", "The payer is a minor", sources=("agent",), audience=STAFF
    ),
    yes_no(
        "minor.consent", "监护人同意", "A guardian consented", sources=("agent",), audience=STAFF
    ),
    yes_no(
        "minor.age_gate_passed",
        "通过了年龄验证",
        "The age check was passed",
        sources=("platform_log",),
        audience=STAFF,
        against_own={"platform_log": (False,)},
    ),
    yes_no(
        "leak.found", "查明个人信息泄露", "A leak of personal data was found", sources=("agent",)
    ),
    word("leak.by", "由谁泄露", "Who leaked it", sources=("agent",), words=("platform", "seller")),
    yes_no(
        "evidence.buyer_complete",
        "买家必需凭证齐全",
        "The buyer's required evidence is complete",
        sources=("platform_log",),
        neutral=("platform_log",),
    ),
    yes_no(
        "evidence.seller_complete",
        "卖家必需凭证齐全",
        "The seller's required evidence is complete",
        sources=("platform_log",),
        neutral=("platform_log",),
    ),
    yes_no(
        "evidence.reused",
        "凭证在别的案件出现过",
        "Evidence appeared in another claim",
        sources=("platform_log",),
        neutral=("platform_log",),
        audience=STAFF,
    ),
    yes_no(
        "evidence.edited",
        "凭证有改动痕迹",
        "Evidence shows edits",
        sources=("platform_log", "agent"),
        neutral=("platform_log",),
        audience=STAFF,
    ),
)
