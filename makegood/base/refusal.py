"""A rule said no to a person's request: the closed list of reasons."""

from typing import Final

CODES: Final[dict[str, str]] = {
    "account_exists": "An account with this name exists already.",
    "already_answered": "This turn has been answered already.",
    "already_appealed": "One appeal per decision has been used.",
    "already_approved": "This was approved or refused already.",
    "already_decided": "This unit has a decided claim; appeal or reopen it.",
    "amount_not_positive": "The amount must be more than nothing.",
    "appeal_window_over": "The time to appeal has ended.",
    "approval_needed": "Above this person's limit a second person must release it.",
    "approval_needs_other_person": "Another person must approve this.",
    "blocked_category": "Goods of this category are not accepted here.",
    "claim_exists": "This unit has a claim already.",
    "claim_not_open": "The claim is in a state that does not allow this.",
    "conflict_of_interest": "The person is a party to this claim or was its first decider.",
    "coupon_used": "This coupon has been used or has expired.",
    "erasure_held": "An open claim or a hold keeps this person's data.",
    "evidence_limit": "The claim holds as many files of this party or for this purpose as it may.",
    "evidence_missing": "Required evidence is missing.",
    "evidence_requests_used_up": "Evidence was asked for three times already.",
    "exceeds_paid": "Refunds and live replacements would exceed what was paid.",
    "file_damaged": "The picture cannot be read.",
    "file_empty": "The file is empty.",
    "file_too_large": "The file is larger than its type may be.",
    "file_type_not_accepted": "This kind of file is not accepted as evidence.",
    "fresh_proof_needed": "Prove again that you are the buyer.",
    "gateway_silent": "The payment gateway did not accept these credentials or is silent.",
    "hold_exists": "A hold stands on this already.",
    "idempotency_key_reused": "This Idempotency-Key was used for another request.",
    "insufficient_funds": "The account cannot cover this amount.",
    "last_operator": "The last operator cannot be switched off.",
    "key_withdrawn": "This code was taken back and is no longer shown.",
    "link_expired": "This link has been used or is too old.",
    "negotiation_over": "The negotiation budget is used up.",
    "no_live_replacement": "No replacement is in stock.",
    "not_a_fact": "This is not a fact a person can state.",
    "not_a_unit": "The order has no such line or unit.",
    "not_new_evidence": "Reopening needs evidence that was not filed before.",
    "not_found": "There is nothing under this number, or it is not yours.",
    "not_paid": "The order has not been paid.",
    "not_your_turn": "It is another party's turn.",
    "offer_limit": "Three counter-offers have been made.",
    "password_weak": "This password is too easy to guess.",
    "payment_changed": "A payment that is booked already cannot change its amount.",
    "person_needed": "A person must decide this claim.",
    "picture_too_large": "The picture has more pixels than we open.",
    "proof_failed": "The proof does not fit.",
    "proof_locked": "Too many attempts; try again later.",
    "question_unanswered": "The description needs one more detail.",
    "reason_not_for_product": "This reason does not apply to this kind of product.",
    "reissue_under_way": "A replacement of this unit is on its way already.",
    "reason_needed": "Departing from the suggestion needs a written reason.",
    "remedy_not_available": "This remedy does not apply here.",
    "second_factor_needed": "This role needs a second factor.",
    "second_factor_stale": "Type a code of the second factor again.",
    "setting_invalid": "A setting cannot have this value.",
    "setup_incomplete": "The first setup is not finished.",
    "shares_not_whole": "The shares must be named and sum to 100 percent.",
    "sign_in_failed": "Name, password or code does not fit.",
    "sign_in_slowed": "Too many attempts; wait before the next one.",
    "stage_skipped": "A stage cannot be skipped without a reason.",
    "stale_order": "A newer version of this order is stored.",
    "stale_version": "Someone else changed this claim meanwhile.",
    "too_early": "The promised delivery time has not passed yet.",
    "too_late": "The time for this has passed.",
    "updated_in_future": "The order's time is ahead of ours by more than five minutes.",
    "upload_limit": "Too many uploads are under way at once.",
    "upload_offset": "The upload goes on from another place.",
    "window_closed": "The claim window of this product has ended.",
}


class Refused(Exception):
    """A person's wrong request. `code` is one of CODES; `detail` fills the words shown."""

    def __init__(self, code: str, **detail: object) -> None:
        if code not in CODES:
            raise AssertionError(f"unknown refusal code {code!r}")
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
