"""What is wrong in a pack: a code, the place (file, row, column), and the sentence for it."""

from typing import Final

import msgspec

from makegood.policy.judgement import Words

SENTENCES: Final[dict[str, Words]] = {
    "too_large": Words("大于 {detail} 字节", "larger than {detail} bytes"),
    "not_json": Words("从这里起不是可读的 JSON", "not readable as JSON: {detail}"),
    "not_utf8": Words("不是 UTF-8 编码的文字", "not readable: this is no text in UTF-8"),
    "too_deep": Words("一层套一层，太深了", "not readable: nested too deeply"),
    "twice": Words("“{detail}”写了两次", "{detail!r} is written twice"),
    "not_a_pack": Words("不是规则包：没有 {detail}", "not a rule pack: no {detail}"),
    "other_format": Words(
        "这个文件的格式是 {detail}，本版本只读格式 1",
        "this file has format {detail}; this version reads format 1",
    ),
    "shape": Words("形状不对：{detail}", "{detail}"),
    "missing": Words("缺少", "missing"),
    "field_unknown": Words("不认识这一项", "unknown field"),
    "field_missing": Words("缺少这一项", "this field is missing"),
    "kind": Words("这里应是 {detail} 类型", "this must be of type {detail}"),
    "choice": Words("这里不能写 {detail}", "{detail} is not allowed here"),
    "node": Words(
        "不能有 {detail}：只能有输入、一张决策表和输出，不能有函数、表达式、分支或子流程",
        "no {detail}: a pack may hold input, one decision table and output only",
    ),
    "loop": Words(
        "决策表只读一遍，不能循环：{detail}", "a table is read once and never in a loop: {detail}"
    ),
    "figure": Words("应是 {detail} 之间的整数", "this must be a whole number within {detail}"),
    "urgent": Words(
        "P0 的时限不能比平时的 {detail} 分钟更长",
        "the time for P0 must not be longer than the usual {detail} minutes",
    ),
    "only_table": Words(
        "节点必须依次是输入、一张决策表和输出",
        "the nodes must be input, one decision table, output",
    ),
    "edges": Words(
        "连线必须从输入到决策表再到输出，不能成环",
        "edges must run from input to table to output",
    ),
    "no_content": Words(
        "决策表没有内容，或别的节点带了内容",
        "the table has no content, or another node has some",
    ),
    "engine": Words("引擎不接受：{detail}", "the engine refuses it: {detail}"),
    "columns": Words("多出或缺少的列：{detail}", "unknown or missing columns: {detail}"),
    "column_twice": Words("这一列用了两次：{detail}", "the column is used twice: {detail}"),
    "cell": Words(
        "格子里只能写：空、true、false、null、带引号的词、或与整数比较；不能写 {detail}",
        "not allowed: {detail}",
    ),
    "id_twice": Words("编号 {detail} 用了两次", "the id {detail} is used twice"),
    "row_id": Words("编号必须是“表名.数字”，不能是 {detail}", "no id of this table: {detail}"),
    "unknown_inputs": Words("不认识的输入：{detail}", "unknown inputs {detail}"),
    "unknown_facts": Words("不认识的事实：{detail}", "unknown facts {detail}"),
    "table_name": Words("表里写的名称是 {detail}", "the table calls itself {detail}"),
    "no_title": Words("words.json 里没有这张表的名称", "no title in words.json"),
    "unknown_finding": Words("没有这个认定：{detail}", "unknown finding {detail}"),
    "machine": Words("“由谁判”只能是 yes、person 或 wait", "machine must be yes, person or wait"),
    "rule": Words("规则编号必须等于这一行的编号", "rule must equal the row's id"),
    "share": Words("比例应是 0 到 100 的整数", "a share is a whole number from 0 to 100"),
    "shares": Words("各方比例加起来是 {detail}", "shares sum to {detail}"),
    "not_a_value": Words("{detail} 不是这个事实的值", "{detail} is not a value of this fact"),
    "no_table": Words("没有表 {detail}", "no table {detail}"),
    "no_findings": Words("它的表没有任何一行", "its table has no findings"),
    "no_product": Words("不适用于任何商品", "applies to no product"),
    "unknown_group": Words("没有分组 {detail}", "unknown group {detail}"),
    "unknown_slot": Words("没有证据栏 {detail}", "unknown slot {detail}"),
    "no_slot": Words("没有 {detail} 一方的证据栏", "no {detail} slot"),
    "unknown_recourse": Words("没有追偿方式 {detail}", "unknown recourse {detail}"),
    "unknown_law": Words("没有法条 {detail}", "unknown law {detail}"),
    "empty_words": Words("中文和英文都要写", "both languages must be written"),
    "proves_unknown": Words("证明了一个不认识的事实 {detail}", "proves an unknown fact {detail}"),
    "unknown_remedy": Words("没有处理方式 {detail}", "unknown remedy {detail}"),
    "falls_through": Words("有的情况没有一行能接住：{detail}", "no row takes the case {detail}"),
    "name": Words(
        "包名只能是小写字母、数字和连字符，不能是 {detail}",
        "a pack is named by small letters, digits and hyphens, not {detail}",
    ),
    "version": Words("版本必须是正整数，不能是 {detail}", "a version is a number, not {detail}"),
    "outcome": Words("{detail} 不是这一列的值", "{detail} is not a value of this column"),
    "tangled": Words(
        "这张表的行交错太多，没有人能核对", "the rows cross each other too often to be checked"
    ),
    "example": Words("按这个例子判出来的是 {detail}", "its facts lead to {detail}"),
    "unknown_rule": Words("没有规则 {detail}", "unknown rule {detail}"),
    "void_clause": Words("这句话在法律上无效：{detail}", "this clause is void in law: {detail}"),
}


WHOLE: Final = "pack file"
"""What the whole pack is called where a fault belongs to none of its parts."""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong. `row` is a row's number or id, `column` a field's name; both may be ""."""

    code: str
    file: str
    row: str = ""
    column: str = ""
    detail: str = ""

    def words(self) -> Words:
        """What is wrong, without its place."""
        said = SENTENCES[self.code]
        return Words(said.zh.format(detail=self.detail), said.en.format(detail=self.detail))

    def where(self, language: str) -> str:
        """The file's name; the whole pack has none of its own."""
        return "规则包文件" if self.file == WHOLE and language == "zh" else self.file

    def sentence(self, language: str) -> str:
        """Where, and what is wrong there, in `zh` or `en`."""
        zh = language == "zh"
        row = (f"第 {self.row} 行" if zh else f"row {self.row}") if self.row else ""
        column = (f"{self.column} 列" if zh else f"column {self.column}") if self.column else ""
        place = ("，" if zh else ", ").join(part for part in (row, column) if part)
        said = self.words().zh if zh else self.words().en
        return ("：" if zh else ": ").join(
            part for part in (self.where(language), place, said) if part
        )

    def __str__(self) -> str:
        return self.sentence("en")


class PackRefused(ValueError):
    """A pack that may not be used; `faults` say file, row, column and what is wrong."""

    def __init__(self, faults: "tuple[Fault, ...]") -> None:
        super().__init__("; ".join(str(fault) for fault in faults[:5]))
        self.faults = faults


def refused(
    code: str, file: str, *, row: str = "", column: str = "", detail: str = ""
) -> PackRefused:
    """The refusal for one fault."""
    return PackRefused((Fault(code=code, file=file, row=row, column=column, detail=detail),))
