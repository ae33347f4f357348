"""Who acts, where and when: the frame of every action."""

from datetime import datetime
from typing import Literal

import msgspec

Role = Literal[
    "buyer",
    "seller",
    "supplier",
    "agent",
    "lead",
    "operator",
    "auditor",
    "market",
    "system",
    "mediator",
]
"""`market` is a shop system's key; `lead` is an agent who may approve; `system` is a job;
`mediator` is somebody outside who was handed one claim."""


class Actor(msgspec.Struct, frozen=True):
    """A person, key or job that acts. `id` is unique within the role and the market."""

    role: Role
    id: str
    fresh_proof: bool = False
    """True when a buyer proved in this session what only the buyer holds."""


SYSTEM = Actor(role="system", id="system")


class Act(msgspec.Struct, frozen=True):
    """The frame of one action: which market, who, when (aware UTC), under which request."""

    market_id: str
    actor: Actor
    now: datetime
    request_id: str = ""
