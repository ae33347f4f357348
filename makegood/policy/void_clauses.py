"""The list of void clauses: what each says, the statute behind it, and what may stand instead."""

import re
from typing import Final

import msgspec

from makegood.policy.judgement import Words


class VoidClause(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of clause without effect. Patterns find it; guards recognise who denies it."""

    code: str
    name: Words
    statute: Words
    instead: Words
    patterns: tuple[re.Pattern[str], ...]
    guards: tuple[re.Pattern[str], ...] = ()


def _all(*sources: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(source) for source in sources)


DENIES: Final = _all(
    r"条款(?:一律|均|都)?无效",
    r"不(?:使用|主张|采用|写)[^，,]{0,14}(?:条款|解释权|规则)",
    r"我们不(?:会|主张|要求|因|限制)",
    r"不(?:会)?限制您",
    r"(?:禁止|不得)使用",
    r"\b(?:void|of no effect|unenforceable)\b",
    r"\bwe (?:claim no|do not claim|never)\b",
    r"\bnothing (?:here|in these)\b",
    r"does not (?:mean|affect|limit)",
    r"is not a condition",
)
"""Sentences that speak of such a clause to reject it."""

SPEECH_ACT: Final = (
    r"(?:即|就|一律|便|均|都|则)?(?:视为|视同|代表|表示|等于|等同于|意味着|默认|表明)"
)

CLAUSES: Final = (
    VoidClause(
        code="signed_is_accepted",
        name=Words("签收即认可", "Receipt counts as acceptance"),
        statute=Words(
            "《最高人民法院关于审理网络消费纠纷案件适用法律若干问题的规定（一）》"
            "（法释〔2022〕8号，2022-03-15 起施行）第一条第（一）项",
            "Supreme People's Court, Provisions on Online Consumption Disputes (1) "
            "(Fa Shi [2022] No. 8, in force 2022-03-15), art. 1(1)",
        ),
        instead=Words(
            "写明验货期，并写明期后发现的质量问题照常受理。",
            "State a time for inspection, and that defects found later are still dealt with.",
        ),
        patterns=_all(
            r"(?:签收|收货|查看|收到|激活|兑换)[^。]{0,12}"
            + SPEECH_ACT
            + r"[^。]{0,12}(?:认可|无异议|没有(?:问题|异议)|没问题|完好|合格|满意"
            r"|符合|无质量问题|放弃)",
            r"(?:sign(?:ing|ed) for|confirm(?:ing|ation of) receipt|acceptance of delivery"
            r"|receipt of the goods|once (?:delivered|received|viewed))[^.]{0,60}"
            r"(?:means? (?:that )?you (?:accept|agree)|deemed|constitutes?|counts? as|acknowledge"
            r"|waives?|accept (?:their|the) quality)",
        ),
        guards=(*DENIES, *_all(r"不(?:代表|等于|视为|意味着|表示)", r"does not|do not|doesn't")),
    ),
    VoidClause(
        code="final_interpretation",
        name=Words("最终解释权", "Final right of interpretation"),
        statute=Words(
            "《侵害消费者权益行为处罚办法》（2020-10-23 修订）第十二条第（六）项；"
            "法释〔2022〕8号（2022-03-15 起施行）第一条第（三）项",
            "Measures on Penalties for Infringing Consumer Rights (as revised 2020-10-23), "
            "art. 12(6); Fa Shi [2022] No. 8 (in force 2022-03-15), art. 1(3)",
        ),
        instead=Words(
            "有两种以上解释的，作出不利于提供条款一方的解释（民法典第四百九十八条）。",
            "Where a clause can be read in two ways, the reading against its author counts "
            "(Civil Code, art. 498).",
        ),
        patterns=_all(
            r"最终(?:的)?解释权",
            r"(?:唯一|单方|独家|全部)(?:的)?解释(?:权|的权利)?",
            r"解释权(?:利)?[^，,。]{0,6}(?:归|属于|由|在)",
            r"(?:拥有|享有|保留)[^，,。]{0,6}解释(?:权|的权)",
            r"由(?:平台|商家|本店|卖家|我们)(?:单方|负责)?解释",
            r"(?:final|sole|exclusive|absolute) (?:right|power|authority)[^.]{0,12} (?:of|to) "
            r"interpret",
            r"interpretation (?:is|shall be) (?:final|binding)",
            r"its (?:own )?interpretation[^.]{0,20}(?:final|binding)",
        ),
        guards=DENIES,
    ),
    VoidClause(
        code="no_refund_at_all",
        name=Words("概不退换", "No refunds whatever happens"),
        statute=Words(
            "《消费者权益保护法》（2014-03-15 起施行）第二十四条、第二十五条、第二十六条；"
            "《侵害消费者权益行为处罚办法》（2020-10-23 修订）第十二条第（一）（二）项",
            "Consumer Protection Law (in force 2014-03-15), arts. 24, 25 and 26; Measures on "
            "Penalties (as revised 2020-10-23), art. 12(1) and (2)",
        ),
        instead=Words(
            "只写：经您在购买时确认的在线下载商品不适用七日无理由退货；无效、与描述不符的照常退款。",
            "Say only: downloads that you confirmed at purchase cannot be returned without a "
            "reason; what does not work or is not as described is refunded.",
        ),
        patterns=_all(
            r"(?:概|一律|一概|恕|均|皆)不(?:予|支持|接受|办理)?(?:任何)?(?:退|换)",
            r"(?:售出|卖出|售完|出售)[^。]{0,8}(?:不退|不予退|不换|不管|不负责|不支持退)",
            r"(?:谢绝|拒绝|不接受|不支持)(?:一切|任何|所有)[^。]{0,6}退",
            r"(?:任何|无论何种|不论何种|不管什么|无论什么|无论任何)(?:理由|原因"
            r"|情况)[^。]{0,8}不(?:予|支持|能|可)?(?:退|换)",
            r"不退(?:款|货)?不换|不退不换|离柜(?:概|后)",
            r"售出不退",
            r"all sales (?:are )?final",
            r"\bno (?:refunds?|returns?|exchanges?)\b[^.]{0,40}"
            r"(?:under any|in any|for any|whatsoever|whatever|no matter|ever\b|once)",
            r"^no (?:refunds?|returns?)(?: (?:or|and) (?:refunds?|returns?|exchanges?))?[.!]?$",
            r"(?:cannot|can not|may not|will not|never)[^.]{0,30}(?:returned|refunded|exchanged)"
            r"[^.]{0,20}(?:for any reason|under any|whatsoever|in any case)",
            r"\bnon-refundable\b[^.]{0,30}(?:any|all|whatever)",
        ),
        guards=(
            *DENIES,
            *_all(
                r"(?:质量问题|描述不符|无效|用不了)[^。]{0,10}(?:除外|照常"
                r"|不受影响|可以|支持|全额|仍)",
                r"(?:除|除了)[^。]{0,12}(?:质量问题|描述不符|无效)",
                r"unless[^.]{0,30}(?:faulty|defective|not as described)"
                r"|except[^.]{0,30}(?:faulty|defect)",
            ),
        ),
    ),
    VoidClause(
        code="platform_bears_nothing",
        name=Words("平台责任一概由卖家承担", "The platform answers for nothing"),
        statute=Words(
            "法释〔2022〕8号（2022-03-15 起施行）第一条第（二）项；"
            "《消费者权益保护法》（2014-03-15 起施行）第四十四条；"
            "《电子商务法》（2019-01-01 起施行）第三十八条",
            "Fa Shi [2022] No. 8 (in force 2022-03-15), art. 1(2); Consumer Protection Law (in "
            "force 2014-03-15), art. 44; E-Commerce Law (in force 2019-01-01), art. 38",
        ),
        instead=Words(
            "写明各方各担什么，并写明找不到卖家时由平台先行赔偿。",
            "Say what each side bears, and that the platform pays first where the seller cannot "
            "be named.",
        ),
        patterns=_all(
            r"(?:平台|本站|网站|我方|我们)[^。，]{0,10}(?:不承担|不负|概不负责|免除"
            r"|不承當)[^。]{0,8}(?:任何|一切|所有|责任)",
            r"(?:平台|本站|网站)[^。，]{0,6}(?:概不负责|一律免责|免责|不负任何)",
            r"(?:与|和|跟)(?:平台|本站|网站)(?:无关|没有关系)",
            r"(?:责任|损失|风险)[^。，]{0,6}(?:一概|全部|全|均|都|概)(?:由"
            r"|归)[^。，]{0,6}(?:卖家|商家|买家|用户|买卖双方)",
            r"(?:platform|marketplace|site|we) (?:accepts?|bears?|has|have|assumes?|takes?) no "
            r"(?:liability|responsibility)",
            r"(?:platform|marketplace|site) (?:shall|is|will)[^.]{0,30}(?:not|under no "
            r"circumstances|never)[^.]{0,20}(?:liable|responsible)",
            r"sellers? alone[^.]{0,20}(?:liable|responsible)|against the seller alone",
        ),
        guards=(*DENIES, *_all(r"平台先(?:行)?(?:垫付|赔偿)", r"we (?:bear|pay first)")),
    ),
    VoidClause(
        code="no_complaints",
        name=Words("禁止投诉", "Complaints forbidden or punished"),
        statute=Words(
            "法释〔2022〕8号（2022-03-15 起施行）第一条第（四）项；"
            "《侵害消费者权益行为处罚办法》（2020-10-23 修订）第十二条第（三）项",
            "Fa Shi [2022] No. 8 (in force 2022-03-15), art. 1(4); Measures on Penalties (as "
            "revised 2020-10-23), art. 12(3)",
        ),
        instead=Words(
            "写明您可以随时投诉、举报、申请仲裁或者起诉。",
            "Say that the buyer may complain, go to arbitration or to court at any time.",
        ),
        patterns=_all(
            r"(?:禁止|不得|不准|不允许|不可|严禁)[^。，]{0,16}(?:投诉|举报"
            r"|起诉|诉讼|仲裁|差评|维权)",
            r"(?:投诉|差评|举报|起诉)[^。，]{0,12}(?:不予退|不退|不再|拒绝|取消|失去"
            r"|丧失|拉黑|后果自负|封号)",
            r"放弃[^。，]{0,10}(?:投诉|举报|起诉|诉讼|仲裁)",
            r"(?:may|shall|must|can|agree) not (?:to )?(?:file|make|complain"
            r"|bring|sue|report|leave)"
            r"[^.]{0,40}(?:complain|complaints?|authorit|lawsuit|court|review|sue)?",
            r"waives? (?:the|any|all|your) rights? to (?:complain|sue|arbitrat|litigat)",
            r"(?:complaints?|negative reviews?"
            r"|chargebacks?)[^.]{0,30}(?:forfeit|lose|void|no refund)",
        ),
        guards=(
            *DENIES,
            *_all(
                r"不影响(?:投诉|售后|退款)",
                r"只影响",
                r"随时(?:向|可以)[^。]{0,8}投诉",
                r"合并处理",
            ),
        ),
    ),
    VoidClause(
        code="hidden_fee",
        name=Words("未明示的费用", "A fee that was not shown"),
        statute=Words(
            "《价格法》（1998-05-01 起施行）第十三条；"
            "《消费者权益保护法》（2014-03-15 起施行）第八条、第二十六条",
            "Price Law (in force 1998-05-01), art. 13; Consumer Protection Law (in force "
            "2014-03-15), arts. 8 and 26",
        ),
        instead=Words(
            "付款前逐项写明金额；没有写明的费用按零计。",
            "Show every amount before payment; a fee that was not shown counts as nothing.",
        ),
        patterns=_all(
            r"(?:可能|有权|另外|另行|加收|补收|额外)[^。，]{0,10}(?:收取|加收|扣除"
            r"|补足)[^。]{0,16}(?:费|款)",
            r"(?:手续费|服务费|费用|比例)[^。]{0,14}(?:以(?:实际|客服|最终"
            r"|平台)[^。]{0,8}为准|另行通知|视情况)",
            r"(?:加收|补收|追加)[^。，]{0,4}(?:服务|手续)?费",
            r"未列明的费用|未明示的费用|隐藏费用",
            r"(?:further|additional|extra|other) (?:fees?"
            r"|charges?)[^.]{0,40}(?:not (?:listed|shown)"
            r"|may apply|without (?:prior )?notice|at our discretion|after payment)",
            r"may (?:charge|deduct)[^.]{0,30}(?:not listed|without|at our discretion|not shown)",
        ),
        guards=(
            *DENIES,
            *_all(
                r"不(?:另外|另行|额外)?收",
                r"不扣",
                r"已在(?:付款|结算)页",
                r"付款页写明",
                r"没有列明的不收",
                r"付款前[^。]{0,8}(?:写明|列明|展示)",
                r"\bno (?:fees?|charges?)\b|shown before payment",
            ),
        ),
    ),
    VoidClause(
        code="silent_renewal",
        name=Words("默认自动续费", "Silent renewal"),
        statute=Words(
            "《消费者权益保护法实施条例》（2024-07-01 起施行）第十条；"
            "《网络交易监督管理办法》（2021-05-01 起施行）第十八条",
            "Regulations on the Consumer Protection Law (in force 2024-07-01), art. 10; Measures "
            "for Online Trading (in force 2021-05-01), art. 18",
        ),
        instead=Words(
            "开通时单独确认，每次续费前五日显著提醒，随时可以取消。",
            "Ask for separate consent, remind visibly five days before each renewal, and let it "
            "be cancelled at any time.",
        ),
        patterns=_all(
            r"自动(?:扣费|续费|续订|续期|展期|扣款)[^。]{0,14}(?:不(?:再)?另行通知"
            r"|不再通知|无需(?:通知|同意)|恕不)",
            r"(?:默认|即)(?:已)?(?:开启|勾选|开通|同意)[^。，]{0,6}(?:自动续费"
            r"|连续包|自动扣|续订|续费)",
            r"\b(?:renews|extends|(?:will|may|shall) (?:be )?(?:renew|extend)(?:ed)?"
            r"|(?:is|are) (?:renewed|extended))\b[^.]{0,40}(?:without (?:any "
            r"|further |prior )?(?:notice"
            r"|reminder|consent)|do not (?:send|give)[^.]{0,12}(?:reminder|notice))",
            r"(?:auto-?renewal|renewal) is (?:on|enabled|switched on) by default",
        ),
        guards=(*DENIES, *_all(r"默认(?:不|关闭)", r"never renew", r"提前[^。]{0,6}提醒")),
    ),
    VoidClause(
        code="no_confirmation",
        name=Words("没有逐次确认", "No confirmation for each purchase"),
        statute=Words(
            "《网络购买商品七日无理由退货暂行办法》（2020-10-23 修订）第七条、第二十条；"
            "《消费者权益保护法》（2014-03-15 起施行）第二十五条",
            "Interim Measures on Seven-Day Returns (as revised 2020-10-23), arts. 7 and 20; "
            "Consumer Protection Law (in force 2014-03-15), art. 25",
        ),
        instead=Words(
            "在付款流程中就每一次购买单独请买家确认。",
            "Ask the buyer to confirm in the payment flow, for each purchase by itself.",
        ),
        patterns=_all(
            r"(?:注册|登录|浏览|进入|同意本)[^。]{0,16}(?:即|就|视为|表示|代表)[^。]{0,20}(?:不适用"
            r"|放弃|不支持)[^。]{0,8}无理由",
            r"(?:无需|不需要?|不再|不必)(?:再)?(?:逐次|每次|单独|另行)?确认[^。]{0,16}",
            r"(?:by registering|accepting these terms once|by using (?:the|this) (?:site|shop))"
            r"[^.]{0,60}(?:every|all|any) (?:future )?purchases?",
            r"(?:waiv\w+|exclud\w+)[^.]{0,40}(?:right of )?withdrawal[^.]{0,30}(?:all|every) "
            r"(?:future )?purchases?",
        ),
        guards=(*DENIES, *_all(r"都会[^。]{0,6}(?:单独)?(?:请您)?确认", r"单独确认")),
    ),
)
