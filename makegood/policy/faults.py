"""What is wrong in a pack: a code, the place (file, row, column), and the sentence for it."""

from typing import Final

import msgspec

from makegood.policy.judgement import Words

SENTENCES: Final[dict[str, Words]] = {
    "too_large": Words("大于 {detail} 字节", "larger than {detail} bytes"),
    "not_json": Words("不是可读的 JSON：{detail}", "not readable as JSON: {detail}"),
    "twice": Words("“{detail}”写了两次", "{detail!r} is written twice"),
    "not_a_pack": Words("不是规则包：{detail}", "not a rule pack: {detail}"),
    "other_format": Words(
        "这个文件的格式是 {detail}，本版本只读格式 1",
        "this file has format {detail}; this version reads format 1",
    ),
    "shape": Words("形状不对：{detail}", "{detail}"),
    "missing": Words("缺少", "missing"),
    "only_table": Words(
        "只能有输入、一张决策表和输出，不能有函数、表达式、分支或子流程",
        "a pack may hold input, one decision table and output only",
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
    "no_title": Words("words.json 里没有这张表的名称", "no title in words.json"),
    "unknown_finding": Words("没有这个认定：{detail}", "unknown finding {detail}"),
    "machine": Words("“由谁判”只能是 yes、person 或 wait", "machine must be yes, person or wait"),
    "rule": Words("规则编号必须等于这一行的编号", "rule must equal the row's id"),
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

    def __str__(self) -> str:
        row = f"row {self.row}" if self.row else ""
        column = f"column {self.column}" if self.column else ""
        place = ", ".join(part for part in (row, column) if part)
        return ": ".join(part for part in (self.file, place, self.words().en) if part)


class PackRefused(ValueError):
    """A pack that may not be used; `faults` say file, row, column and what is wrong."""

    def __init__(self, faults: "tuple[Fault, ...]") -> None:
        super().__init__("; ".join(str(fault) for fault in faults[:5]))
        self.faults = faults


class TableRefused(PackRefused):
    """A table holds what a pack may not hold."""

    def __init__(self, fault: Fault) -> None:
        super().__init__((fault,))
