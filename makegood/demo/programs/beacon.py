"""A public beacon for demo and tests, answering as a drand chain does.

A round is told only when its time has come; what it says depends on a secret of this process.
"""

import argparse
import secrets
import time
from hashlib import sha256

from makegood.demo.programs.answering import JsonHandler, serve_until_stopped


class Chain:
    """A chain that began a day ago."""

    def __init__(self, period_seconds: int) -> None:
        self.period = period_seconds
        self.genesis = int(time.time()) - 24 * 3600
        self._secret = secrets.token_bytes(32)

    def info(self) -> dict[str, object]:
        """What a reader needs to know when a round comes."""
        return {"period": self.period, "genesis_time": self.genesis, "hash": "demo"}

    def round(self, number: int) -> dict[str, object] | None:
        """A round whose time has come, or None."""
        if number < 1 or self.genesis + (number - 1) * self.period > time.time():
            return None
        signature = sha256(self._secret + number.to_bytes(8, "big")).digest()
        return {
            "round": number,
            "randomness": sha256(signature).hexdigest(),
            "signature": signature.hex(),
        }


class Handler(JsonHandler):
    """`/info` and `/public/<round>`."""

    chain: Chain

    def route(self, body: bytes) -> tuple[int, object]:
        """The chain's two answers; 425 for what is still to come."""
        if self.path == "/info":
            return 200, self.chain.info()
        number = self.path.removeprefix("/public/")
        if not number.isascii() or not number.isdigit():
            return 404, {}
        told = self.chain.round(int(number))
        return (425, {}) if told is None else (200, told)


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, default=8193)
    options.add_argument("--period", type=int, default=3)
    given = options.parse_args()
    chain = Chain(given.period)
    serve_until_stopped(type("BoundHandler", (Handler,), {"chain": chain}), given.port)


if __name__ == "__main__":
    main()
