"""Is the description specific enough: what, when and which. If not, one question goes back."""

import re
from typing import Final

from makegood.reading.message import Missing

_FILLER = re.compile(
    r"你好|您好|在吗|客服|老板|亲|麻烦|帮我|帮忙|帮|看看|看一下|看下|处理|一下|"
    r"问题|有事|不行|不好|不对|怎么办|怎么回事|"
    r"请问|请|谢谢|售后|申请|退款|退钱|补发|退了|退|东西|商品|订单|这个|那个|那|"
    r"我的|我|你们|的|了|吧|啊|呢|吗|急|快|赶紧|"
    r"不能用|用不了|不能|出错|错误|坏了|有|啥|什么|要|想|给|就|是|"
    r"\b(?:hello|hi|hey|please|pls|help|me|my|i|a|the|it|is|this|that|order|item|problem|issue|"
    r"refund|want|need|not|does|work|working|doesn'?t|broken|bad|wrong|something|with|there|"
    r"and|to|have|has|an|of|now|urgent|asap|thanks|thank|you|fix)\b"
)
_NOISE = re.compile(r"[^0-9a-z\u4e00-\u9fff]+")
_WHEN = re.compile(
    r"\d{1,2}[:点时]\d{0,2}|\d+\s*(?:号|日|月|天|小时|分钟|个月|周|星期)|"
    r"[一二三四五六七八九十半两几]+(?:个)?(?:天|小时|分钟|月|周|星期|晚)|"
    r"今天|昨天|前天|刚刚|刚才|刚|早上|上午|中午|下午|晚上|凌晨|昨晚|去年|今年|"
    r"上个月|上周|星期|周[一二三四五六日]|至今|到现在|一直|"
    r"today|yesterday|ago|hour|minute|day|week|month|morning|evening|night|noon|since|just now|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday|\d{1,2}\s*(?:am|"
    r"pm)|after|before|still"
)
_WHICH = re.compile(
    r"uid|\bid\b|qq|微信|邮箱|手机|号码|账号|帐号|账户|角色|区服|服务器|区|卡|码|"
    r"码子|会员|皮肤|设备|订单|第[一二三四五六七八九十\d]+"
    r"|account|server|region|code|key|card|device|player|email|phone|seat|_code|\d{4,}"
)
NEEDS_WHEN: Final = frozenset(
    [
        "DLV02",
        "KEY06",
        "ACC02",
        "ACC03",
        "ACC04",
        "MBR01",
        "MBR03",
        "MBR04",
        "PAY01",
        "PAY02",
        "PAY04",
        "PAY05",
        "SRV01",
        "SEC01",
    ]
)
NEEDS_WHICH: Final = frozenset(["DLV04", "DLV05", "KEY05", "ACC07", "PAY04", "SRV02"])
ENOUGH_WORDS: Final = 3
LONG_ENOUGH: Final = 24


def missing(normal: str, reason: str | None, told: int) -> tuple[Missing, ...]:
    """What the description leaves open for this reason, in the order of asking.

    `told` is what `informative` counted.
    """
    out: list[Missing] = []
    if told < ENOUGH_WORDS:
        out.append("what")
    if reason in NEEDS_WHEN and not _WHEN.search(normal):
        out.append("when")
    if reason in NEEDS_WHICH and not _WHICH.search(normal):
        out.append("which")
    return tuple(out)


def is_vague(open_points: tuple[Missing, ...], told: int) -> bool:
    """Vague when nobody can tell what happened, or a short text leaves a needed point open."""
    return "what" in open_points or (bool(open_points) and told < LONG_ENOUGH)


def informative(normal: str) -> int:
    """How much is left without greetings and fillers: Chinese characters, or words times two."""
    rest = _NOISE.sub(" ", _FILLER.sub(" ", normal))
    chinese = sum("\u4e00" <= char <= "\u9fff" for char in rest)
    words = re.findall(r"[a-z0-9]{2,}", rest)
    return chinese + 2 * len(words)
