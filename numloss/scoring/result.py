"""Scores of language models: an evaluation, and what follows from its means."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..common.tables import Section
from ..evaluation.found import Difference, Found, Interval, Score
from ..evaluation.result import Evaluation
from ..evaluation.showing import columns, interval_text


@dataclass(frozen=True)
class Perplexity:
    """The perplexity of a model over so many tokens, with its interval if one was asked for."""

    model: str
    tokens: int
    value: float
    bits_per_token: float
    interval: Interval | None


@dataclass(frozen=True)
class Ratio:
    """The perplexity of a model divided by that of another, token by token on those that count in both."""

    first: str
    second: str
    value: float
    interval: Interval
    p: float
    holm: float


@dataclass(frozen=True, repr=False)
class TokenScores(Evaluation):
    """Figures of models over tokens, their perplexities, and ratios of these."""

    perplexities: tuple[Perplexity, ...] = ()
    ratios: tuple[Ratio, ...] = ()

    def perplexity(self, model: str = "") -> float:
        """The perplexity of a model; without a name that of the first."""
        if not model:
            return self.perplexities[0].value
        found = {each.model: each.value for each in self.perplexities}
        if model not in found:
            raise KeyError(f"no model is called {model!r}; there are {', '.join(map(repr, found))}")
        return found[model]

    def __repr__(self) -> str:
        values = ", ".join(f"{p.model or 'perplexity'} {p.value:.6g}" for p in self.perplexities)
        return f"<TokenScores of {self.rows} tokens: {values}>"

    def columns(self) -> dict[str, list[Any]]:
        rows: list[dict[str, Any]] = [
            {"kind": "perplexity", "predictions": p.model, "name": "perplexity", "value": p.value, **_ends(p.interval)}
            for p in self.perplexities
        ]
        rows += [
            {"kind": "ratio", "name": f"{r.first} / {r.second}", "value": r.value, "p": r.p, "holm": r.holm}
            | _ends(r.interval)
            for r in self.ratios
        ]
        return columns(self, rows)

    def sections(self) -> Iterator[Section]:
        """The tables that are printed: titles, names of columns, and rows."""
        names = ["model", "tokens", "perplexity", "bits per token"]
        rows: list[list[Any]] = [[p.model, p.tokens, p.value, p.bits_per_token] for p in self.perplexities]
        if self.perplexities[0].interval is not None:
            names.insert(3, f"{self.perplexities[0].interval.level:g} interval")
            for row, p in zip(rows, self.perplexities, strict=True):
                row.insert(3, "" if p.interval is None else interval_text(p.interval.low, p.interval.high))
        yield "perplexity", names, rows
        if self.ratios:
            columns = ("", "ratio", "low", "high", "p")
            yield "ratios of perplexities", columns, [
                (f"{r.first} / {r.second}", r.value, r.interval.low, r.interval.high, r.p) for r in self.ratios
            ]
        yield from super().sections()


def _ends(interval: Interval | None) -> dict[str, float]:
    return {} if interval is None else {"low": interval.low, "high": interval.high, "error": interval.error}


def exp_of(value: float) -> float:
    """e to a power; infinite where that is too large."""
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


def _of_mean(mean: float, interval: Interval) -> Interval:
    """The interval of e to a mean, and its standard error to first order."""
    return Interval(interval.level, exp_of(interval.low), exp_of(interval.high), exp_of(mean) * interval.error)


def _nll(found: Found) -> list[Score]:
    return [score for score in found.scores if score.loss == "nll"]


def perplexities_of(found: Found) -> tuple[Perplexity, ...]:
    """Of each model."""
    return tuple(
        Perplexity(
            score.model, round(score.weight), exp_of(score.mean), score.mean / math.log(2.0),
            None if score.interval is None else _of_mean(score.mean, score.interval),
        )
        for score in _nll(found)
    )  # fmt: skip


def ratios_of(found: Found) -> tuple[Ratio, ...]:
    """Of each pair of models."""
    labels = {score.label: score.model for score in _nll(found)}

    def ratio(each: Difference) -> Ratio:
        interval = _of_mean(each.mean, each.interval)
        return Ratio(labels[each.first], labels[each.second], exp_of(each.mean), interval, each.p, each.holm)

    return tuple(ratio(each) for each in found.differences if each.first in labels)
