"""Words for the judge's own tables: kinds of findings, ways of refunding, and what follows."""

from collections.abc import Iterable, Mapping
from typing import Final

from makegood.policy.explain import wanted_words
from makegood.policy.judgement import Words
from makegood.policy.model import Pack
from makegood.policy.tables import Cell, Row

VALUES: Final[Mapping[str, Words]] = {
    "undelivered": Words("没有交付", "not delivered"),
    "bad_goods": Words("商品不能用", "goods do not work"),
    "described": Words("与描述不符", "not as described"),
    "partial": Words("只到了一部分", "a part is missing"),
    "term": Words("时长不足", "term too short"),
    "shared": Words("各方分担", "shared among the sides"),
    "late": Words("到得晚", "late"),
    "payment": Words("支付有误", "payment fault"),
    "withdraw": Words("收回后退款", "taken back, then refunded"),
    "safety": Words("安全与欺诈", "safety and fraud"),
    "service": Words("服务问题", "service"),
    "buyer_fault": Words("买家一方的原因", "cause on the buyer's side"),
    "buyer_target": Words("买家填错账号", "account typed wrong by the buyer"),
    "works": Words("商品没有问题", "goods are as sold"),
    "accepted": Words("一方自己认下", "a side takes it on"),
    "wait": Words("等待答复", "waiting for an answer"),
    "full": Words("全退", "in full"),
    "prorated": Words("按剩余退", "the unused rest"),
    "unit": Words("按缺的件数退", "the missing units"),
    "extra": Words("只退多收的", "the extra charge"),
    "owed": Words("发出应退的", "a refund that is owed"),
    "none": Words("不退", "nothing"),
    "refund": Words("退款", "a refund"),
    "reissue": Words("补发", "a replacement"),
    "repair": Words("修复", "a repair"),
    "compensation": Words("补偿", "compensation"),
    "explanation": Words("说明", "an explanation"),
    "fast": Words("快速道", "fast lane"),
    "careful": Words("慎重道", "careful lane"),
}
"""The closed words of `inputs.OF_JUDGE` and of what these tables say."""
AUTO: Final = {
    True: Words("自动退款", "refunded by machine"),
    False: Words("不自动", "not by machine"),
}


def value_words(pack: Pack, value: str) -> Words:
    """A closed word as a person reads it; a reason by its name; else as it is."""
    if value in pack.words.values:
        return pack.words.values[value]
    if value in pack.reasons:
        return pack.reasons[value].name
    return pack.words.groups.get(value) or VALUES.get(value) or Words(value, value)


def own_cell_words(pack: Pack, cell: Cell) -> Words | None:
    """What a cell of the judge's own tables asks for; None where the column does not matter."""
    if cell.op == "any":
        return None
    if cell.op == "one_of" and all(isinstance(value, str) for value in cell.values):
        return _joined((value_words(pack, str(value)) for value in cell.values), "或", " or ")
    return wanted_words(pack, cell)


def outcome_words(pack: Pack, row: Row) -> Words:
    """What a row of the judge's own tables says."""
    said = row.outcome
    if "remedies" in said:
        return _remedies(pack, row)
    if isinstance(said.get("auto"), bool):
        return AUTO[said["auto"] is True]
    return _joined((value_words(pack, str(v)) for k, v in said.items() if k != "rule"), "，", ", ")


def _remedies(pack: Pack, row: Row) -> Words:
    """The remedies that apply, which one is recommended, and whether the buyer may choose."""
    names = pack.words.remedies
    codes = str(row.outcome["remedies"]).split(",")
    known = _joined((names.get(code, Words(code, code)) for code in codes), "、", ", ")
    code = str(row.outcome["recommended"])
    first = names.get(code, Words(code, code))
    chosen = row.outcome["buyer_may_choose"] is True
    return Words(
        f"{known.zh}；建议：{first.zh}{'；买家可选' if chosen else ''}",
        f"{known.en}; recommended: {first.en}{'; the buyer may choose' if chosen else ''}",
    )


def _joined(parts: Iterable[Words], zh: str, en: str) -> Words:
    known = list(parts)
    return Words(zh.join(one.zh for one in known), en.join(one.en for one in known))
