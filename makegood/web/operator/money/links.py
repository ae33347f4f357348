"""Where the things of a money page lead: claims, sellers, suppliers."""

from makegood.base.ids import is_claim_no
from makegood.people.approvals import rules
from makegood.people.approvals.rules import Proposal


def claim_link(number: str) -> str:
    """The desk's page of a claim, or nothing where the number is none."""
    return f"/desk/c/{number}" if is_claim_no(number) else ""


def subject_link(proposal: Proposal) -> str:
    """Where to look at what a proposal is about; empty where there is no page of its own."""
    match proposal.kind:
        case "payout" | "deposit_withdrawal":
            return f"/ops/sellers/{proposal.payload.get('seller_id', proposal.subject)}"
        case rules.RULE_RELEASE:
            return f"/ops/rules/drafts/{proposal.subject}"
        case "resume_payouts":
            return "/ops/ledger"
        case _:
            claim_no = str(proposal.payload.get("claim_no", proposal.subject))
            return claim_link(claim_no)
