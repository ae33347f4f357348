"""What happens to the claims of the demo: who complains about what, and what everybody does."""

import random
from typing import Final, Literal

import msgspec

Ending = Literal[
    "machine",
    "accept",
    "contest",
    "silent",
    "offer",
    "person",
    "withdraw",
    "decline",
    "outside",
    "ignore",
]


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of claim. `state` is how the supplier says the unit stands.

    `finding` is what a person finds where the rules leave it open; `weight` is how often the
    story happens.
    """

    name: str
    weight: int
    skus: tuple[str, ...]
    reason: str
    wants: str = "refund"
    state: str = ""
    words: tuple[str, ...]
    ending: Ending = "machine"
    finding: str = ""
    remedy: str = "refund_full"
    share: str = "seller"
    revealed: bool = False
    delivered: bool = True
    duplicate: bool = False
    channel: str = "epay2"


STORIES: Final = (
    Story(
        name="dead key",
        weight=120,
        skus=("XH-100", "XH-30"),
        reason="KEY01",
        state="invalid",
        words=(
            "今天上午在官网兑换，提示卡密无效，换了两个浏览器都一样",
            "昨晚第一次兑换就说卡号或密码错误，截图上有时间",
            "The code was refused as invalid when I redeemed it at 9 this morning",
        ),
    ),
    Story(
        name="replacement",
        weight=50,
        skus=("XH-100", "XH-30"),
        reason="KEY01",
        wants="reissue",
        state="invalid",
        words=("今天兑换提示无效，我想要一张新的卡，不用退款",),
    ),
    Story(
        name="dead gift card",
        weight=40,
        skus=("LB-50",),
        reason="DLV01",
        state="failed",
        delivered=False,
        words=("付款四十分钟了，礼品卡一直没有发到", "下单半小时没收到卡，页面显示处理中"),
    ),
    Story(
        name="top-up failed",
        weight=60,
        skus=("HF-100",),
        reason="DLV05",
        state="failed",
        delivered=False,
        words=("昨天下午充的话费一直没到账，运营商说没有这笔", "充值失败了，但是钱已经扣了"),
    ),
    Story(
        name="top-up under way",
        weight=12,
        skus=("HF-100",),
        reason="DLV01",
        state="congested",
        delivered=False,
        words=("充了半个多小时还没到",),
        ending="person",
        finding="not_delivered_supplier",
        share="supplier",
    ),
    Story(
        name="asked by page",
        weight=16,
        skus=("QY-60",),
        reason="DLV01",
        delivered=False,
        words=("代充说半小时到账，现在快一个小时了还没到",),
        ending="person",
        finding="not_delivered_supplier",
        share="supplier",
    ),
    Story(
        name="mistake, revealed",
        weight=45,
        skus=("XH-100",),
        reason="CHG01",
        revealed=True,
        words=("买错面值了，还没有用，想退掉", "点错了，本来要买 30 的"),
    ),
    Story(
        name="used before sale",
        weight=25,
        skus=("XH-30",),
        reason="KEY02",
        state="redeemed",
        words=("兑换时提示代码已被使用，我是昨晚十点第一次打开的",),
        ending="person",
        finding="key_used_before_supplier",
        share="supplier",
    ),
    Story(
        name="licence contested",
        weight=50,
        skus=("RJ-PRO",),
        reason="SND04",
        words=("页面写支持 macOS，装上提示只支持 Windows，昨天装的",),
        ending="contest",
        finding="not_as_described",
    ),
    Story(
        name="licence accepted",
        weight=40,
        skus=("RJ-PRO",),
        reason="MBR02",
        words=("授权码昨天激活失败，提示次数用完，我只装过一台电脑",),
        ending="accept",
    ),
    Story(
        name="licence settled",
        weight=26,
        skus=("RJ-PRO",),
        reason="SND01",
        words=("买的是专业版，激活出来是标准版，今天中午发现的",),
        ending="offer",
    ),
    Story(
        name="seller silent",
        weight=26,
        skus=("RJ-PRO",),
        reason="SND02",
        words=("收到的授权码一周后就提示即将到期，页面没有写期限",),
        ending="silent",
        finding="hidden_defect",
    ),
    Story(
        name="account reclaimed",
        weight=30,
        skus=("HY-60",),
        reason="ACC02",
        words=(
            "第三天登录提示密码错误，绑定的邮箱也换掉了",
            "昨天夜里号被找回了，手机收到换绑短信",
        ),
        ending="person",
        finding="account_reclaimed_seller",
    ),
    Story(
        name="banned by own conduct",
        weight=14,
        skus=("HY-60",),
        reason="ACC04",
        words=("买来第十天被封号，说使用第三方工具",),
        ending="person",
        finding="ban_buyer_conduct",
        remedy="explanation",
        share="buyer",
    ),
    Story(
        name="membership dropped",
        weight=24,
        skus=("YP-365",),
        reason="MBR01",
        words=("年卡用到第三个月突然掉了，昨天晚上发现的",),
        ending="person",
        finding="membership_dropped_supplier",
        remedy="refund_prorated",
        share="supplier",
    ),
    Story(
        name="charged twice",
        weight=12,
        skus=("XH-30", "LB-50"),
        reason="PAY02",
        duplicate=True,
        words=("同一单扣了两次款，银行有两条记录，今天上午十点",),
        ending="person",
        finding="charged_twice_channel",
        remedy="refund_extra",
        share="channel",
    ),
    Story(
        name="paid by coin",
        weight=12,
        skus=("RJ-PRO",),
        reason="MBR02",
        words=("授权码激活失败，我是用 USDT 付的，昨天下午",),
        ending="accept",
        channel="usdt",
    ),
    Story(
        name="withdrawn",
        weight=20,
        skus=("RJ-PRO",),
        reason="MBR02",
        words=("授权码激活不了，提示设备不对，刚刚发现的",),
        ending="withdraw",
    ),
    Story(
        name="declined",
        weight=8,
        skus=("RJ-PRO",),
        reason="CHG02",
        words=("不想要了",),
        ending="decline",
    ),
    Story(
        name="outside",
        weight=6,
        skus=("HY-60",),
        reason="ACC03",
        words=("买来第二天就被封号，官方说是买之前的违规",),
        ending="outside",
    ),
)


def draw(chance: random.Random) -> Story:
    """One story, as often as its weight says."""
    return chance.choices(STORIES, weights=[story.weight for story in STORIES])[0]


def at_least_one_each(chance: random.Random, count: int) -> list[Story]:
    """`count` stories in random order, every kind among them if there is room."""
    told = [*STORIES, *(draw(chance) for _ in range(count - len(STORIES)))]
    chance.shuffle(told)
    return told[:count]
