"""Bills as the channels write them, from a few plain movements."""

from collections.abc import Sequence
from datetime import date

import msgspec

DAY = date(2026, 11, 20)
"""The day on which the town's orders are paid."""


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of a bill, in minor units."""

    kind: str = "payment"
    trade_no: str
    amount_minor: int = 9800
    order_no: str = "O-1"
    refund_no: str = ""
    fee_minor: int = 0
    at: str = "2026-11-20 16:00:00"


def yuan(minor: int) -> str:
    sign, minor = ("-", -minor) if minor < 0 else ("", minor)
    return f"{sign}{minor // 100}.{minor % 100:02d}"


def alipay(moves: Sequence[Move]) -> bytes:
    """GBK, tabs behind every cell, comments around the table."""
    header = (
        "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,对方账户,订单金额（元）,"
        "商家实收（元）,退款批次号/请求号,服务费（元）,备注"
    )
    rows = [
        "\t,".join(
            [
                m.trade_no,
                m.order_no,
                "交易" if m.kind == "payment" else "退款",
                "点卡",
                m.at,
                m.at,
                "*明",
                yuan(m.amount_minor if m.kind == "payment" else -m.amount_minor),
                yuan(m.amount_minor - m.fee_minor),
                m.refund_no,
                yuan(-m.fee_minor),
                "",
            ]
        )
        for m in moves
    ]
    paid = [m for m in moves if m.kind == "payment"]
    back = [m for m in moves if m.kind == "refund"]
    lines = [
        "#支付宝业务明细查询",
        "#账号：[20880000000000000156]",
        "#起始日期：[2026年11月20日 00:00:00]   终止日期：[2026年11月21日 00:00:00]",
        "#-----------------------------------------业务明细列表----------------",
        header,
        *rows,
        "#-----------------------------------------业务明细列表结束------------",
        f"#交易合计：{len(paid)}笔，商家实收共{yuan(sum(m.amount_minor for m in paid))}元",
        f"#退款合计：{len(back)}笔，商家实收退款共{yuan(sum(m.amount_minor for m in back))}元",
        "#导出时间：[2026年11月21日 09:00:00]",
    ]
    return "\r\n".join(lines).encode("gb18030")


def wechat(moves: Sequence[Move]) -> bytes:
    """UTF-8 with a mark, a backtick before every cell, two lines of totals."""
    header = (
        "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,"
        "交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,"
        "充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,"
        "费率备注"
    )
    rows = [",".join(f"`{cell}" for cell in _wechat_cells(m)) for m in moves]
    paid = sum(m.amount_minor for m in moves if m.kind == "payment")
    back = sum(m.amount_minor for m in moves if m.kind == "refund")
    totals = (
        "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,"
        "申请退款总金额"
    )
    fees = sum(m.fee_minor for m in moves)
    cells = [str(len(moves)), yuan(paid), yuan(back), "0.00", yuan(fees), yuan(paid), yuan(back)]
    total = ",".join(f"`{cell}" for cell in cells)
    return ("\ufeff" + "\r\n".join([header, *rows, totals, total])).encode()


def _wechat_cells(m: Move) -> list[str]:
    is_paid = m.kind == "payment"
    paid, back = (m.amount_minor, 0) if is_paid else (0, m.amount_minor)
    return [
        *(m.at, "wx1", "1900000001", "0", "", m.trade_no, m.order_no, "o-1", "NATIVE"),
        *("SUCCESS" if is_paid else "REFUND", "OTHERS", "CNY", yuan(paid), "0.00"),
        *("0" if is_paid else "50000", m.refund_no or "0", yuan(back), "0.00"),
        *("" if is_paid else "ORIGINAL", "" if is_paid else "SUCCESS", "点卡", ""),
        *(f"{yuan(m.fee_minor)}000", "0.60%", yuan(paid), yuan(back), ""),
    ]


def stripe(moves: Sequence[Move]) -> bytes:
    """The itemised balance report."""
    header = (
        "balance_transaction_id,created_utc,created,currency,gross,fee,net,reporting_category,"
        "source_id,description,charge_id,payment_intent_id,refund_metadata[refund_no]"
    )
    rows = []
    for at, m in enumerate(moves):
        category = {"payment": "charge", "dispute_back": "dispute_reversal"}.get(m.kind, m.kind)
        incoming = m.kind in ("payment", "dispute_back")
        gross = m.amount_minor if incoming else -m.amount_minor
        source = m.trade_no if m.kind.startswith(("dispute", "payout")) else f"src_{at}"
        rows.append(
            f"txn_{at},2026-11-20 08:00:00,{m.at},cny,{yuan(gross)},{yuan(m.fee_minor)},"
            f'{yuan(gross - m.fee_minor)},{category},{source},"a, b",ch_{at},'
            f"{m.trade_no if m.kind == 'payment' else ''},{m.refund_no}"
        )
    return "\n".join([header, *rows]).encode()


def plain(moves: Sequence[Move]) -> bytes:
    """The form for everything else, with Chinese column names."""
    rows = [
        f"{m.at},{'支付' if m.kind == 'payment' else '退款'},{m.trade_no},{m.order_no},"
        f"{m.refund_no},{yuan(m.amount_minor)},{yuan(m.fee_minor)}"
        for m in moves
    ]
    return "\n".join(["时间,类型,系统订单号,商户订单号,退款单号,金额,手续费", *rows]).encode()


WRITERS = {"alipay": alipay, "wechat": wechat, "stripe": stripe, "plain": plain}
