"""Where the things of a money page lead: claims, sellers, suppliers."""

from makegood.base.ids import is_claim_no
from makegood.people.approvals import rules
from makegood.people.approvals.rules import Proposal


def claim_link(number: str) -> str:
    """The desk's page of a claim, or nothing where the number is none."""
    return f"/desk/c/{number}" if is_claim_no(number) else ""


def payee_link(party: str, payee_id: str) -> str:
    """The page of a seller's or supplier's money."""
    return f"/ops/{party}s/{payee_id}"


def subject_link(proposal: Proposal) -> str:
    """Where to look at what a proposal is about; empty where there is no page of its own."""
    match proposal.kind:
        case "payout" | "deposit_withdrawal":
            party = "supplier" if "supplier_id" in proposal.payload else "seller"
            payee = proposal.payload.get(f"{party}_id", proposal.subject)
            return payee_link(party, str(payee))
        case rules.RULE_RELEASE:
            return f"/ops/rules/drafts/{proposal.subject}"
        case "resume_payouts":
            return "/ops/ledger"
        case _:
            claim_no = str(proposal.payload.get("claim_no", proposal.subject))
            return claim_link(claim_no)
