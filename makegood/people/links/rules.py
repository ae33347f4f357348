"""Where one-time links lead: one address for each purpose."""

from typing import Final, Literal, TypeAlias

Purpose: TypeAlias = Literal[
    "first_operator",
    "invitation",
    "order",
    "claim",
    "supplier_question",
    "outside",
    "demo_sign_in",
    "outside_approval",
]

PATHS: Final[dict[Purpose, str]] = {
    "first_operator": "/first/",
    "invitation": "/invite/",
    "order": "/l/o/",
    "claim": "/l/c/",
    "supplier_question": "/s/",
    "outside": "/x/",
    "demo_sign_in": "/demo/as/",
    "outside_approval": "/approve/",
}
"""The path in front of the token. Pages of invitations ask for a form before they use the link up,
because mail scanners open every address once."""


def link_url(base_url: str, purpose: Purpose, token: str) -> str:
    """The whole address of a one-time link."""
    return f"{base_url}{PATHS[purpose]}{token}"
