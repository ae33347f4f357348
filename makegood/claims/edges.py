"""The closed state machine: every edge with its actor, guard, deadline and what zero does."""

from typing import Final

import msgspec

from makegood.base.actor import Role
from makegood.base.refusal import Refused

HANDLING: Final = ("waiting_seller", "waiting_buyer", "waiting_supplier", "negotiating")
UNDECIDED: Final = ("open", "verifying", *HANDLING, "in_review", "reopened", "external")
DECIDED: Final = ("decided", "executing", "settled", "closed")
PEOPLE: Final[tuple[Role, ...]] = ("agent", "lead", "operator")


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """One way on. `to` equals "=" where the state stays; `zero` is what the deadline does."""

    name: str
    sources: tuple[str, ...]
    to: str
    actors: tuple[Role, ...]
    guard_zh: str
    guard_en: str
    deadline: str = ""
    zero_zh: str = ""
    zero_en: str = ""


EDGES: Final[tuple[Edge, ...]] = (
    Edge(
        name="accept",
        sources=("open",),
        to="verifying",
        actors=("system", *PEOPLE),
        guard_zh="订单已付款，在售后期内，该件没有进行中的售后单",
        guard_en="paid, within the claim window, no live claim for the unit",
        deadline="accept",
        zero_zh="自动升级",
        zero_en="escalates by itself",
    ),
    Edge(
        name="doubt",
        sources=("open",),
        to="in_review",
        actors=("system",),
        guard_zh="扣款无订单：支付渠道没有确认这笔付款，或这笔付款另有订单",
        guard_en="charged without an order: no gateway confirms it, or an order has the payment",
    ),
    Edge(
        name="decline",
        sources=("open", "verifying", "in_review"),
        to="declined",
        actors=PEOPLE,
        guard_zh="须写明不受理原因",
        guard_en="with the refusal that says why",
    ),
    Edge(
        name="await_supplier",
        sources=("verifying",),
        to="waiting_supplier",
        actors=("system",),
        guard_zh="供货商没有给出确定的答复；只等一次",
        guard_en="the supplier gave no definite answer; waited for once",
        deadline="supplier_reply",
        zero_zh="转人工",
        zero_en="goes to a person",
    ),
    Edge(
        name="supplier_answers",
        sources=("waiting_supplier",),
        to="verifying",
        actors=("system",),
        guard_zh="供货商有了答复",
        guard_en="the supplier answered",
    ),
    Edge(
        name="ask_seller",
        sources=("verifying", "waiting_buyer", "waiting_supplier", "negotiating"),
        to="waiting_seller",
        actors=("system",),
        guard_zh="事实还不足以裁定，卖家还没有申辩过",
        guard_en="the facts alone do not decide and the seller has not been heard",
        deadline="seller_reply",
        zero_zh="不等申辩，按核验事实裁定",
        zero_en="decided on the facts, without the seller's side",
    ),
    Edge(
        name="answer",
        sources=("waiting_seller", "negotiating", "in_review"),
        to="in_review",
        actors=("seller",),
        guard_zh="每件一次：接受（按结果直接裁定）或申辩",
        guard_en="once: accept (which decides it) or contest",
    ),
    Edge(
        name="make_good",
        sources=("verifying", "waiting_supplier", "waiting_buyer"),
        to="decided",
        actors=("seller",),
        guard_zh="卖家不等核实，主动按买家主张处理",
        guard_en="the seller takes it on without waiting for the check",
    ),
    Edge(
        name="ask_evidence",
        sources=("verifying", *HANDLING, "in_review"),
        to="waiting_buyer",
        actors=("system", *PEOPLE),
        guard_zh="最多三次",
        guard_en="three times at most",
        deadline="buyer_evidence",
        zero_zh="这一点按现有事实认定",
        zero_en="the point is decided on what there is",
    ),
    Edge(
        name="ask_seller_evidence",
        sources=("verifying", "waiting_seller", "in_review"),
        to="waiting_seller",
        actors=PEOPLE,
        guard_zh="最多三次",
        guard_en="three times at most",
        deadline="seller_evidence",
        zero_zh="这一点按现有事实认定",
        zero_en="the point is decided on what there is",
    ),
    Edge(
        name="add_evidence",
        sources=(*UNDECIDED, *DECIDED, "appealed", "withdrawn", "declined"),
        to="=",
        actors=("buyer", "seller", "supplier", "market", *PEOPLE),
        guard_zh="只增不改",
        guard_en="items are added, never replaced",
    ),
    Edge(
        name="offer",
        sources=("waiting_seller", "waiting_buyer", "waiting_supplier", "negotiating", "in_review"),
        to="negotiating",
        actors=("buyer", "seller"),
        guard_zh="先由卖家提出；还价合计三次；协商共 24 小时",
        guard_en="the seller first; three counter-offers in all; 24 hours of talking in all",
        deadline="negotiation",
        zero_zh="停止协商，按核验事实裁定",
        zero_en="talking stops; decided on the facts",
    ),
    Edge(
        name="accept_offer",
        sources=("negotiating",),
        to="decided",
        actors=("buyer", "seller"),
        guard_zh="接受对方的方案；买家须重新验证身份",
        guard_en="the other side's offer; a buyer with fresh proof",
    ),
    Edge(
        name="decline_offer",
        sources=("negotiating",),
        to="in_review",
        actors=("buyer", "seller"),
        guard_zh="不接受对方的方案",
        guard_en="the other side's offer",
    ),
    Edge(
        name="decide_now",
        sources=HANDLING,
        to="in_review",
        actors=("buyer", "seller"),
        guard_zh="任何一方随时可以要求平台现在裁定",
        guard_en="either side may ask at any time",
    ),
    Edge(
        name="review",
        sources=("verifying", *HANDLING, "reopened"),
        to="in_review",
        actors=("system", *PEOPLE),
        guard_zh="规则不能单独裁定、没有答复，或由人接手；写明原因",
        guard_en="the rules cannot decide alone, nobody answered, or a person takes it; with why",
        deadline="decision",
        zero_zh="升级给组长并提升一级优先级；平台原因超时的发补偿券",
        zero_en="escalates to the lead and moves up one class; a coupon where the delay is ours",
    ),
    Edge(
        name="ask_person",
        sources=(*UNDECIDED, *DECIDED),
        to="in_review",
        actors=("buyer", "market", *PEOPLE),
        guard_zh="随时；机器裁定未支持的，转人工重新看",
        guard_en="at any time; a machine's refusal is looked at again",
    ),
    Edge(
        name="decide",
        sources=("verifying", *HANDLING, "in_review", "reopened"),
        to="decided",
        actors=("system", "agent", "lead"),
        guard_zh="机器只在事实足以裁定且不是谨慎通道时裁定；其余由人裁定",
        guard_en="a machine only where the facts decide and the lane is not careful; else a person",
        deadline="decision",
        zero_zh="升级给组长；平台原因超时的发补偿券",
        zero_en="escalates to the lead; a coupon where the delay is ours",
    ),
    Edge(
        name="release",
        sources=("decided",),
        to="decided",
        actors=("lead", "operator"),
        guard_zh="金额超过权限时，由另一人放行",
        guard_en="another person, where the amount is above the decider's limit",
    ),
    Edge(
        name="choose",
        sources=("decided",),
        to="=",
        actors=("buyer",),
        guard_zh="在裁定给出的方案中选一个",
        guard_en="one of the remedies the decision left open",
        deadline="choice",
        zero_zh="按推荐的方案执行",
        zero_en="the recommended remedy is carried out",
    ),
    Edge(
        name="execute",
        sources=("decided",),
        to="executing",
        actors=("system", *PEOPLE),
        guard_zh="先收回商品再退款；每笔只做一次",
        guard_en="goods are withdrawn before money returns; each movement once",
        deadline="refund_order",
        zero_zh="升级",
        zero_en="escalates",
    ),
    Edge(
        name="fail",
        sources=("decided", "executing"),
        to="in_review",
        actors=("system", *PEOPLE),
        guard_zh="退款或补发被明确拒绝",
        guard_en="a refund or replacement was definitively refused",
    ),
    Edge(
        name="finish",
        sources=("decided", "executing"),
        to="settled",
        actors=("system", *PEOPLE),
        guard_zh="裁定的每一项都已到账或送达",
        guard_en="everything the decision ordered has arrived",
    ),
    Edge(
        name="rate",
        sources=("settled", "closed"),
        to="=",
        actors=("buyer",),
        guard_zh="买家重新验证身份；每件一次",
        guard_en="the buyer with fresh proof, once",
        deadline="survey",
        zero_zh="发送满意度调查",
        zero_en="the survey is sent",
    ),
    Edge(
        name="close",
        sources=("settled",),
        to="closed",
        actors=("system", *PEOPLE),
        guard_zh="恰好一个根因；反馈可以没有",
        guard_en="exactly one root cause; feedback may be none",
        deadline="close",
        zero_zh="结案",
        zero_en="closes",
    ),
    Edge(
        name="withdraw",
        sources=UNDECIDED,
        to="withdrawn",
        actors=("buyer",),
        guard_zh="买家重新验证身份",
        guard_en="the buyer with fresh proof",
    ),
    Edge(
        name="appeal",
        sources=DECIDED,
        to="appealed",
        actors=("buyer", "seller"),
        guard_zh="7 天内一次；再次须有新证据；由另一人复核",
        guard_en="once within 7 days, again only with new evidence; another person decides",
        deadline="appeal_decision",
        zero_zh="升级给运营",
        zero_en="escalates to the operator",
    ),
    Edge(
        name="decide_appeal",
        sources=("appealed",),
        to="decided",
        actors=("agent", "lead"),
        guard_zh="不是原裁定人或放行人，用本人的双重验证登录；维持时回到申诉前的状态",
        guard_en="neither decided nor released it, in an own two-factor session; upheld, it goes"
        " back to where it stood",
    ),
    Edge(
        name="reopen",
        sources=("settled", "closed", "withdrawn", "declined"),
        to="reopened",
        actors=("buyer", "agent", "lead"),
        guard_zh="有以前没有的证据；等有人接手",
        guard_en="with evidence that was not there before; waits for a person to take it",
        deadline="decision",
        zero_zh="升级给组长",
        zero_en="escalates to the lead",
    ),
    Edge(
        name="refer",
        sources=("in_review",),
        to="external",
        actors=("lead", "operator"),
        guard_zh="写明机构和答复时间",
        guard_en="names the body and the promised time",
        deadline="outside",
        zero_zh="回到人工",
        zero_en="returns to a person",
    ),
    Edge(
        name="outside_answers",
        sources=("external",),
        to="in_review",
        actors=("mediator", *PEOPLE),
        guard_zh="外部机构有了答复",
        guard_en="the outside body answered",
    ),
)

_BY_NAME: Final = {edge.name: edge for edge in EDGES}


def may_go(name: str, state: str, role: Role) -> bool:
    """Whether someone of this role may take this edge from this state."""
    edge = _BY_NAME[name]
    return state in edge.sources and role in edge.actors


def check(name: str, state: str, role: Role) -> None:
    """Refuse a step that the table does not have."""
    edge = _BY_NAME[name]
    if role not in edge.actors:
        raise Refused("not_your_turn", step=name)
    if state not in edge.sources:
        raise Refused("claim_not_open", state=state, step=name)
