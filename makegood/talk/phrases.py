"""Short sentences that mails share: what a deadline does, what a remedy is, who states a fact."""

from typing import Final

from makegood.talk.mail import Said

THEN: Final[dict[str, Said]] = {
    "escalate": Said(
        "逾期自动升级，由上一级继续处理。", "After that it goes one line up by itself."
    ),
    "escalate_and_coupon": Said(
        "逾期自动升级，并补偿优惠券。", "After that it goes one line up and you get a coupon."
    ),
    "decide_on_facts": Said(
        "逾期未回应，按核验事实裁定。", "Without an answer it is decided on the facts we have."
    ),
    "to_person": Said("逾期转人工处理。", "After that a person takes it on."),
    "recommended_remedy": Said(
        "逾期未选，按推荐的方案执行。", "Without a choice the recommended remedy is carried out."
    ),
    "lapse": Said("逾期后该方案失效。", "After that the offer lapses."),
    "send_survey": Said("届时会请您评价。", "Then you will be asked how it went."),
    "close": Said("届时结案。", "Then the claim closes."),
}
REMEDY: Final[dict[str, Said]] = {
    "refund_full": Said("全额退款", "Full refund"),
    "refund_prorated": Said("按剩余部分退款", "Refund of the unused part"),
    "refund_extra": Said("退回多收的款项", "Refund of the overcharge"),
    "refund_owed": Said("补退应退的款项", "Refund that was owed"),
    "price_reduction": Said("退差价", "Price reduction"),
    "reissue": Said("补发", "Replacement of the code"),
    "replacement": Said("更换", "Replacement"),
    "repair": Said("修复", "Repair"),
    "paid_repair": Said("付费修复", "Paid repair"),
    "upgrade": Said("升级", "Upgrade"),
    "coupon": Said("优惠券", "Coupon"),
    "explanation": Said("未支持，说明理由", "Not upheld, with the reasons"),
}
SOURCE: Final[dict[str, Said]] = {
    "order": Said("订单", "the order"),
    "delivery_log": Said("发货日志", "the delivery log"),
    "platform_log": Said("平台记录", "our own log"),
    "gateway": Said("支付渠道", "the payment channel"),
    "supplier": Said("供货商", "the supplier"),
    "issuer": Said("发行方", "the issuer"),
    "seller": Said("卖家", "the seller"),
    "buyer": Said("买家", "the buyer"),
    "agent": Said("人工核对", "a person's check"),
    "derived": Said("推算", "arithmetic"),
}
UNKNOWN: Final = Said("未知", "unknown")
ORIGINAL_ROUTE: Final = Said("原路退回", "back the way you paid")
BUYER: Final = Said("买家", "The buyer")
SELLER: Final = Said("卖家", "The seller")
STAFF: Final = Said("平台客服", "The platform")
ANSWER: Final = Said("回应售后单", "Answer the claim")
TASK: Final[dict[str, Said]] = {
    "seller_reply": Said("接受或申辩", "Accept or contest the claim"),
    "buyer_evidence": Said("补充材料", "Add what was asked for"),
    "seller_evidence": Said("补充材料", "Add what was asked for"),
    "negotiation": Said("回应协商方案", "Answer the offer"),
    "choice": Said("选择处理方案", "Choose a remedy"),
    "repair": Said("支付修复费用", "Pay for the repair"),
}
WHY_PERSON: Final = Said("这件售后需要人来看。", "This claim needs a person's look.")


def then_of(code: str) -> Said:
    """What happens at zero; for a code without words, nothing is promised."""
    return THEN.get(code, THEN["escalate"])
