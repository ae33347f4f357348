"""The states of a claim with their words and the stage that each is shown as."""

from typing import Final

import msgspec

STAGES: Final[tuple[tuple[str, str, str], ...]] = (
    ("accept", "受理", "accept"),
    ("verify", "核实", "verify"),
    ("handle", "处理", "handle"),
    ("feedback", "反馈", "feedback"),
    ("improve", "改进", "improve"),
)
"""The five steps that both sides see; a skipped one is shown as not needed."""


class StateWords(msgspec.Struct, frozen=True):
    """One state: its value in the API, the stage it is shown as, and its words."""

    code: str
    stage: str
    zh: str
    en: str


STATES: Final[tuple[StateWords, ...]] = (
    StateWords("open", "accept", "待受理", "Opened"),
    StateWords("verifying", "verify", "核实中", "Checking"),
    StateWords("waiting_seller", "handle", "等卖家回应", "Waiting for the seller"),
    StateWords("waiting_buyer", "handle", "等买家补充", "Waiting for the buyer"),
    StateWords("waiting_supplier", "handle", "等供货商答复", "Waiting for the supplier"),
    StateWords("negotiating", "handle", "协商中", "Negotiating"),
    StateWords("in_review", "handle", "人工处理中", "With a person"),
    StateWords("decided", "handle", "已裁定", "Decided"),
    StateWords("executing", "handle", "执行中", "In progress"),
    StateWords("settled", "feedback", "已办结", "Settled"),
    StateWords("closed", "improve", "已结案", "Closed"),
    StateWords("appealed", "handle", "申诉复核中", "Appeal in review"),
    StateWords("reopened", "handle", "已重开", "Reopened"),
    StateWords("withdrawn", "", "已撤回", "Withdrawn"),
    StateWords("declined", "", "未受理", "Not accepted"),
    StateWords("external", "handle", "第三方处理中", "With an outside body"),
)
