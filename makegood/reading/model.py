"""The light classifier: exported weights, added up in plain Python. No learning library here."""

import json
import math
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec

from makegood.reading.features import features

WEIGHTS: Final = Path(__file__).parent / "data" / "reasons.model"
SCALE: Final = 32.0
"""Weights are stored as whole numbers of 1/32."""


class Model(msgspec.Struct, frozen=True):
    """A one-against-rest linear model with one calibration for its margins."""

    codes: tuple[str, ...]
    bias: tuple[float, ...]
    slope: float
    """Margins times this, then softmax: fitted on margins of texts held out of training."""
    weights: dict[str, tuple[tuple[int, int], ...]]
    """For each feature the classes it speaks for or against: (class, weight in 1/32)."""

    def confidences(self, text: str) -> dict[str, float]:
        """A confidence for every code; they sum to 1. `text` is normalised, without values."""
        margins = self._margins(text)
        top = max(margins)
        raised = [math.exp(self.slope * (margin - top)) for margin in margins]
        total = sum(raised)
        return {code: one / total for code, one in zip(self.codes, raised, strict=True)}

    def _margins(self, text: str) -> list[float]:
        sums = [0] * len(self.codes)
        known = 0
        for feature in features(text):
            pairs = self.weights.get(feature)
            if pairs is None:
                continue
            known += 1
            for place, weight in pairs:
                sums[place] += weight
        norm = SCALE * math.sqrt(known or 1)
        return [total / norm + bias for total, bias in zip(sums, self.bias, strict=True)]


@lru_cache(maxsize=1)
def shipped_model() -> Model:
    """The model that comes with the product, read once per process."""
    return decode(WEIGHTS.read_bytes())


def encode(model: Model) -> bytes:
    """The model as compressed JSON; equal models give equal bytes."""
    plain = {
        "codes": model.codes,
        "bias": [round(bias, 4) for bias in model.bias],
        "slope": round(model.slope, 4),
        "weights": {
            feature: [number for pair in pairs for number in pair]
            for feature, pairs in sorted(model.weights.items())
        },
    }
    text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
    return zlib.compress(text.encode(), 9)


def decode(raw: bytes) -> Model:
    """A model from its file. Equal pairs are shared, which keeps it small in memory."""
    plain = json.loads(zlib.decompress(raw))
    shared: dict[tuple[int, int], tuple[int, int]] = {}

    def pairs(flat: list[int]) -> tuple[tuple[int, int], ...]:
        found = zip(flat[::2], flat[1::2], strict=True)
        return tuple(shared.setdefault(pair, pair) for pair in found)

    return Model(
        tuple(plain["codes"]),
        tuple(plain["bias"]),
        plain["slope"],
        {feature: pairs(flat) for feature, flat in plain["weights"].items()},
    )
