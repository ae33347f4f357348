"""From a place's settings to the adapter that talks to it."""

from importlib.metadata import entry_points
from typing import Final, Protocol, assert_never

import httpx

from makegood.gateways.anchors.evm import EvmChain
from makegood.gateways.anchors.tsa import TimestampAuthority
from makegood.gateways.anchors.witness import Prove, WitnessClient
from makegood.record.anchors.gateway import Anchorer, AnchorRefused
from makegood.record.anchors.rules import Chain, Config, Other, Timestamper, Witness
from makegood.record.log.strict import Malformed

ADAPTERS: Final = "makegood.anchors"
"""The entry point group in which an installed package names its adapters."""


class MakeAdapter(Protocol):
    """What an entry point of the group is: settings and a client in, an adapter out."""

    def __call__(self, settings: dict[str, str], client: httpx.AsyncClient) -> Anchorer: ...


def anchorer_of(config: Config, client: httpx.AsyncClient, prove: Prove, seen: int = 0) -> Anchorer:
    """The adapter of a place. Raises AnchorRefused when the settings cannot be used."""
    match config:
        case Timestamper():
            return TimestampAuthority(config, client)
        case Witness():
            try:
                return WitnessClient(config, client, prove, seen)
            except Malformed:
                raise AnchorRefused("this is not the verifier key of a witness") from None
        case Chain():
            return EvmChain(config, client)
        case Other():
            return _other(config, client)
    assert_never(config)


def adapter_names() -> list[str]:
    """The adapters that are installed beside the product."""
    return sorted(point.name for point in entry_points(group=ADAPTERS))


def _other(config: Other, client: httpx.AsyncClient) -> Anchorer:
    found = entry_points(group=ADAPTERS, name=config.adapter)
    if not found:
        raise AnchorRefused(f"no adapter named {config.adapter!r} is installed")
    make: MakeAdapter = next(iter(found)).load()
    return make(config.settings, client)
