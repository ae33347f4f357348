"""Stage 1: cues that words alone settle: a person wanted, threats, anger, tricks, "it is fine"."""

import re
from typing import Final

from makegood.reading.message import Cue, Wants

_HUMAN = re.compile(
    r"人工|真人|转客服|找客服|叫客服|活人|不要机器|别用机器|human|real person|live agent|"
    r"(?:talk|speak) to (?:a |an |some)?(?:person|agent|one|human)|representative|operator please"
)
_THREAT = re.compile(
    r"12315|12305|消协|工商|市监|市场监管|起诉|法院|律师函|报警|警察|曝光|发微博|"
    r"发抖音|黑猫|差评|投诉到|"
    r"举报你们|拒付|chargeback|lawsuit|\bsue\b|lawyer|police|consumer protection|report you|"
    r"trading standards|small claims|go public|1-star|one star"
)
_ABUSE = re.compile(
    r"骗子|垃圾|坑人|黑店|无耻|不要脸|滚|他妈|妈的|tmd|nmd|sb|傻[逼比]|狗屁|恶心|"
    r"去死|有病|什么破|破店|"
    r"scam|bullshit|fuck|shit|damn|idiot|pathetic|disgusting|rip.?off|crook|liar"
)
_ANGRY = re.compile(
    r"生气|气死|愤怒|忍无可忍|受够|太差|太过分|过分|离谱|欺负|忽悠|敷衍|耍我|玩我|"
    r"失望|凭什么|岂有此理|什么态度|"
    r"到底管不管|还有没有人|无语|angry|furious|outrag|unacceptable|ridiculous|fed up|terrible|"
    r"worst|sick of|how dare|disappointed|joke"
)
_LOUD = re.compile(r"[!！]{2,}|[?？]{3,}|[!！][?？]")
_IRONY = re.compile(
    r"真行|真棒啊|呵呵|好样的|服了|真有你们的|厉害了|great job|well done,|"
    r"thanks a lot for nothing"
)
_INJECTION = re.compile(
    r"忽略(?:以上|之前|前面|所有|上面).{0,8}(?:指令|规则|要求|内容|提示)|"
    r"无视.{0,6}(?:规则|指令)|系统提示词|"
    r"(?:你|您)现在是|扮演|开发者模式|直接(?:判|通过|批准).{0,6}退款|"
    r"将.{0,10}标记为(?:已通过|已退款)|"
    r"ignore (?:all |any |the )?(?:previous|prior|above)|disregard (?:all|"
    r"previous|the)|system prompt|"
    r"you are now|developer mode|jailbreak|</?(?:system|assistant|instructions?)>|"
    r"approve (?:this|the) refund (?:now|immediately|automatically)|set (?:the )?status to"
)
_SECURITY = re.compile(
    r"盗刷|被盗|盗号|黑了|泄露|冻结|异地登录|陌生设备|不是我(?:付|买|操作|登)|未授权|诈骗|钓鱼|"
    r"hacked|stolen|unauthori[sz]ed|phish|fraud|leak|freeze my|unknown (?:login|device)"
)
_TAKEOVER = re.compile(
    r"找回|被改密|改了密码|密码被改|绑定.{0,4}被|reclaimed|took .{0,12}back|"
    r"locked out|password (?:was )?changed"
)
_MONEY = re.compile(
    r"扣(?:了)?(?:钱|款).{0,8}(?:没|无|查不到|未).{0,4}(?:订单|单)|重复扣|扣了?两|"
    r"两笔|没有订单|显示(?:未|待)支付|"
    r"charged twice|double (?:charge|payment)|no order|duplicate charge|still says unpaid"
)
_MINOR = re.compile(
    r"未成年|小孩|孩子|儿子|女儿|小学生|弟弟.{0,6}岁|my (?:child|kid|son|"
    r"daughter)|\bminor\b|underage|year.old"
)
_REPEAT = re.compile(
    r"第[二三四五六七八九2-9]次|又(?:掉|坏|不行|失败|没|被|出)|再次|还是(?:没|不|"
    r"这样)|上次|之前(?:也|就)|几次了|一直没|"
    r"催了|反复|again|second time|third time|still (?:not|no)|"
    r"already (?:contacted|told|wrote)|once more"
)
_RESOLVED = re.compile(
    r"(?:已经|刚刚|刚)?(?:到账了|收到了|好了|解决了|可以了|能用了|弄好了|找到了|"
    r"搞定)|不用(?:了|处理|退)|撤销申请|撤回申请|"
    r"不申请了|没事了|never ?mind|(?:it )?works now|got it now|resolved|solved|"
    r"arrived now|please (?:withdraw|close)|all good"
)
_THANKS = re.compile(r"谢谢|谢了|感谢|辛苦|thank|thx|cheers")
_NOT_RESOLVED = re.compile(
    r"(?:没|未|不|别|还没|没有)(?:有)?(?:到账|收到|好|解决|能用|弄好)|(?:但|可|"
    r"可是|但是|不过|结果|然而|只是).{1,40}|"
    r"收到了?.{0,3}(?:但|可|结果|无效|不能|不对|错|假|一样|八|一半|一部分)|"
    r"\bbut\b|not (?:resolved|solved|working|received)"
)
_CONTRAST: Final = (
    (re.compile(r"不是(?:说)?[^,，。;；]{1,20}[,，]?\s*(?:而是|是)"), ""),
    (re.compile(r"并(?:不是|非)[^,，。;；]{1,20}[,，]"), ""),
    (re.compile(r"\b(?:it'?s |this is )?not [^,.;]{1,30}[,;]? but "), ""),
    (re.compile(r"\bnot (?:asking|about|because)[^,.;]{1,40}[,.;]"), ""),
)
_WANTS: Final[tuple[tuple[Wants, re.Pattern[str]], ...]] = (
    (
        "refund",
        re.compile(
            r"退款|退钱|退还|退回|全退|退一半|退了|退我|能退|想退|要退|退货|退掉|还钱|"
            r"refund|money back|reimburse|return (?:my|the) money"
        ),
    ),
    (
        "reissue",
        re.compile(
            r"补发|重发|重新发|再发|换一[个张份]|换个|换码|更换|补一[个张]|补齐|发个新|"
            r"replace|reissue|resend|send (?:me )?(?:a )?(?:new|another)|another code"
        ),
    ),
    (
        "repair",
        re.compile(
            r"修复|恢复|修一下|弄好|重新(?:开通|激活|充)|帮我(?:激活|登录|换绑|解封)|"
            r"补上会员|restore|repair|fix (?:it|this|my)|reactivate|unban"
        ),
    ),
    (
        "compensation",
        re.compile(
            r"补偿|赔偿|赔付|赔我|赔钱|优惠券|补差价|差价|compensat|coupon|voucher for|"
            r"make up for"
        ),
    ),
    (
        "explanation",
        re.compile(
            r"解释|说法|为什么|什么原因|怎么用|怎么激活|在哪(?:里|兑)|教(?:我|一下)|步骤|"
            r"explain|why (?:was|is|did)|how (?:do|to)|what happened"
        ),
    ),
)
_URGENT: Final[tuple[tuple[Cue, re.Pattern[str]], ...]] = (
    ("security", _SECURITY),
    ("takeover", _TAKEOVER),
    ("money_no_order", _MONEY),
    ("minor", _MINOR),
    ("threat", _THREAT),
)


def human_asked(normal: str) -> bool:
    """Whether the message asks for a person."""
    return bool(_HUMAN.search(normal))


def threat(normal: str) -> bool:
    """Whether the message names an outside step: a regulator, a court, the police, the public."""
    return bool(_THREAT.search(normal))


def injection(normal: str) -> bool:
    """Whether the message tries to instruct a machine. Never held against the buyer."""
    return bool(_INJECTION.search(normal))


def resolved(normal: str) -> bool:
    """Whether the message says that all is well now, or that it is withdrawn."""
    if not _RESOLVED.search(normal) or _NOT_RESOLVED.search(normal):
        return False
    return len(normal) <= 60 or bool(_THANKS.search(normal))


def repeated(normal: str, prior_contacts: int) -> bool:
    """Whether this is not the first time, by the records or by the words."""
    return prior_contacts > 0 or bool(_REPEAT.search(normal))


def urgent(normal: str, *, is_repeat: bool) -> tuple[Cue, ...]:
    """Which hard rules for urgency fire; each is shown by name."""
    cues = [cue for cue, pattern in _URGENT if pattern.search(normal)]
    return (*cues, "repeat") if is_repeat else tuple(cues)


def anger(original: str, normal: str) -> float:
    """How angry the words are, 0..1. Orders a queue; never touches who is at fault."""
    score = 0.45 * bool(_ABUSE.search(normal)) + 0.35 * bool(_ANGRY.search(normal))
    score += 0.2 * bool(_LOUD.search(original)) + 0.15 * bool(_IRONY.search(normal))
    score += 0.15 * bool(_THREAT.search(normal)) + 0.1 * _shouts(original)
    return round(min(1.0, score), 2)


def wants(normal: str) -> tuple[Wants, ...]:
    """What the buyer asks for, as far as the words say it."""
    return tuple(want for want, pattern in _WANTS if pattern.search(normal))


def affirmed(normal: str) -> str:
    """The message without what it denies: of "not X but Y" only Y is read."""
    text = normal
    for pattern, instead in _CONTRAST:
        text = pattern.sub(instead, text)
    return text.strip() or normal


def _shouts(original: str) -> bool:
    letters = [char for char in original if char.isascii() and char.isalpha()]
    return len(letters) > 12 and sum(char.isupper() for char in letters) > len(letters) * 0.7
