"""Figures of tokens: a number for each of them, whose mean and interval an evaluation gives."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..metrics import RowMetric
from ..registry import Loss
from ..typing import Array
from .kernels import Asked
from .source import BYTES, Tokens

TOKENS = "tokens"


def _change(own: Array, reference: Array) -> Array:
    return np.exp(own["log_probability"]) - np.exp(reference["log_probability"])


def _known(own: Array, value: Array) -> Array:
    """A number of each token, NaN where its row has no probabilities."""
    return np.where(own["top_ids"][:, 0] < 0, np.nan, value)


# A number of each token, of the record of a model and that of the reference, or of the model again.
NUMBERS: dict[str, Callable[..., Array]] = {
    "nll": lambda own, reference, k: -own["log_probability"],
    "bits_per_byte": lambda own, reference, k: own["log_probability"] / -math.log(2.0),
    "entropy": lambda own, reference, k: own["entropy"],
    "accuracy": lambda own, reference, k: _known(own, own["rank"] == 1),
    "top_k": lambda own, reference, k: _known(own, own["rank"] <= k),
    "reciprocal_rank": lambda own, reference, k: _known(own, 1.0 / np.maximum(own["rank"], 1)),
    "same_top": lambda own, reference, k: _known(own, own["same_top"]),
    "kl": lambda own, reference, k: own["kl"],
    "reverse_kl": lambda own, reference, k: own["reverse_kl"],
    "probability_change": lambda own, reference, k: _change(own, reference),
}
COMPARED = ("same_top", "kl", "reverse_kl", "probability_change")
RANKS, ENTROPIES, DIVERGENCES = ("accuracy", "top_k", "reciprocal_rank"), ("entropy",), ("kl", "reverse_kl")


def asked_of(figures: Sequence[str] | None, largest: int) -> Asked:
    """What is to be measured of a token for some figures; for None of them, for all."""
    if figures is None:
        return Asked(largest)
    for name in figures:
        if name not in NUMBERS:
            raise ValueError(f"no figure is called {name!r}; there are {', '.join(NUMBERS)}")
    return Asked(largest, *(bool(set(figures) & set(some)) for some in (RANKS, ENTROPIES, DIVERGENCES)))


@dataclass(frozen=True)
class TokenFigure(RowMetric):
    """The mean of a number of each token; that of bits per byte is over bytes."""

    what: str = "nll"
    at: int = 0
    reference: int = 0
    k: int = 1

    @property
    def __loss__(self) -> Loss:
        found = Loss(self.what, "metric", None, self, (TOKENS,), {}, {}, weighted=False)
        found.function = self
        return found

    @property
    def options(self) -> dict[str, Any]:
        return {"k": self.k} if self.what == "top_k" else {}

    def check(self, *tokens: Array) -> None:
        """Every array of records fits: it was made for this."""

    def values(self, tokens: Array) -> Array:  # type: ignore[override]
        own, reference = (tokens[f"model {k}"] for k in (self.at, self.reference))
        return np.asarray(NUMBERS[self.what](own, reference, self.k), np.float64)

    def counts(self, *inputs: Array) -> Array | None:
        return inputs[0][BYTES] if self.what == "bits_per_byte" else None

    def __call__(self, tokens: Array, **given: Any) -> Array:  # type: ignore[override]
        return self.values(tokens)

    def summed(self, tokens: Array, **given: Any) -> tuple[float, float]:  # type: ignore[override]
        counts = self.counts(tokens)
        return float(self.values(tokens).sum()), float(len(tokens) if counts is None else counts.sum())


def figures_of(tokens: Tokens, wanted: Sequence[str] | None) -> list[list[TokenFigure]]:
    """The figures of each model: those that are wanted, or all, as far as there are any; nll always."""
    found = []
    for at in range(len(tokens.logits)):
        compared = tokens.reference not in (None, at)
        names = [name for name in NUMBERS if compared or name not in COMPARED]
        left_out = {"bits_per_byte"} if tokens.bytes is None else set()
        left_out |= {"top_k"} if tokens.asked.largest < 2 else set()
        left_out |= set() if wanted is None else set(NUMBERS) - {"nll", *wanted}
        base = at if tokens.reference is None else tokens.reference
        found.append(
            [TokenFigure(name, at, base, tokens.asked.largest) for name in names if name not in left_out]
        )
    return found
