"""Losses of whole examples against mpmath, where digits get lost: certain outcomes, vanishing rates, far targets."""

from __future__ import annotations

import functools
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from compare import assert_close

import numloss as nl

LOGITS = np.array([[60.0, 0.0, -3.0], [-50.0, 2.5, 0.5], [0.0, -90.0, 1.0], [-0.25, 0.75, 41.0], [1.0, 2.0, 3.0]])
BINS, EVENTS = np.array([0, 1, 2, 1, 0]), np.array([1, 0, 1, 0, 0])
FRACTIONS = np.array([0.5, 1.0, 0.25, 0.0, 0.75])
MEANS = np.array([[0.5, -2.0, 1e4], [0.0, 0.0, 0.0], [1.0, -1.0, 30.0], [3.0, 2.0, 1.0], [0.25, 0.0, -0.25]])
TARGETS = np.array([-1e4, 60.0, 0.5, 1e6, 0.125])
SCALES = np.array([[0.0, 1.0, -2.0], [-1.0, 0.5, 0.0], [2.0, 0.0, -3.0], [0.0, 1.0, 2.0], [-4.0, 0.0, 4.0]])
CONCENTRATIONS = np.array([[-40.0, 0.0, 2.0], [-3.0, -70.0, 1.0], [3.0, 2.5, 4.0], [0.5, -0.5, -0.25], [7.0, 8.0, 6.0]])
SHARES = np.array([[0.25, 0.5, 0.25], [0.5, 0.25, 0.25], [0.125, 0.375, 0.5], [0.75, 0.125, 0.125], [0.25, 0.5, 0.25]])
COUNTS = np.array([[0, 1, 33], [2, 0, 32], [1, 1, 1], [0, 0, 0], [40, 3, 2.5]])


def softplus(x: Any) -> Any:
    return mp.log1p(mp.exp(-abs(x))) + max(x, 0)


def hazards(z: Any, k: int, event: int) -> Any:
    return sum(softplus(x) for x in z[:k]) + softplus(-z[k] if event else z[k])


def outcomes(z: Any, k: int, event: int) -> Any:
    every = [*map(mp.exp, z), mp.mpf(1)]
    mine = every[k] if event else sum(every[k + 1 :])
    others = sum(every) - mine
    return mp.log1p(others / mine)


def sums(z: Any, k: int, event: int) -> Any:
    return outcomes([sum(z[j:]) for j in range(len(z))], k, event)


def rates(z: Any, k: int, event: int, fraction: Any) -> Any:
    h = [softplus(x) for x in z]
    return sum(h[:k]) + fraction * h[k] - (mp.log(h[k]) if event else 0)


def mixture(logits: Any, mean: Any, log_scale: Any, y: Any, df: float | None = None) -> Any:
    def density(m: Any, s: Any) -> Any:
        r = (y - m) / mp.exp(s)
        if df is None:
            return mp.exp(-r * r / 2) / mp.sqrt(2 * mp.pi) / mp.exp(s)
        top = mp.gamma((mp.mpf(df) + 1) / 2) / mp.gamma(mp.mpf(df) / 2) / mp.sqrt(mp.pi * df)
        return top * (1 + r * r / df) ** (-(mp.mpf(df) + 1) / 2) / mp.exp(s)

    parts = [mp.exp(a) * density(m, s) for a, m, s in zip(logits, mean, log_scale, strict=True)]
    return mp.log(sum(map(mp.exp, logits))) - mp.log(sum(parts))


def dirichlet(logs: Any, y: Any) -> Any:
    a = list(map(mp.exp, logs))
    return sum(mp.loggamma(c) - (c - 1) * mp.log(x) for c, x in zip(a, y, strict=True)) - mp.loggamma(sum(a))


def polya(logs: Any, y: Any) -> Any:
    a, n = list(map(mp.exp, logs)), sum(y)
    rising = sum(mp.loggamma(c + x) - mp.loggamma(c) - mp.loggamma(x + 1) for c, x in zip(a, y, strict=True))
    return mp.loggamma(n + sum(a)) - mp.loggamma(sum(a)) - mp.loggamma(n + 1) - rising


# Each with its arrays, options, and by how much terms are larger than what is left of them, where they cancel.
LOSSES: dict[str, tuple[Any, tuple[Any, ...], dict[str, Any], float]] = {
    "logistic_hazard": (hazards, (LOGITS, BINS, EVENTS), {}, 0.0),
    "pmf_survival": (outcomes, (LOGITS, BINS, EVENTS), {}, 0.0),
    "mtlr": (sums, (LOGITS, BINS, EVENTS), {}, 0.0),
    "pc_hazard": (rates, (LOGITS, BINS, EVENTS, FRACTIONS), {}, 0.0),
    "mixture_nll": (mixture, (LOGITS, MEANS, SCALES, TARGETS), {}, 10.0),
    **{
        f"mixture_nll of {df}": (mixture, (LOGITS, MEANS, SCALES, TARGETS), {"df": df}, 10.0)
        for df in (0.0625, 1.0, 59.75, 60.0, 1e5)
    },
    "dirichlet_nll": (dirichlet, (CONCENTRATIONS, SHARES), {}, 100.0),
    "dirichlet_multinomial_nll": (polya, (CONCENTRATIONS, COUNTS), {}, 100.0),
}


@pytest.mark.parametrize("case", LOSSES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_and_gradients_keep_their_digits(case: str, dtype: str, backend: str) -> None:
    _, given, option, size = LOSSES[case]
    name = case.partition(" ")[0]
    loss = getattr(nl, name)
    arrays = [a.astype(dtype) if k in loss.__loss__.differentiable else a for k, a in enumerate(given)]
    extra = {**option, "reduction": "none", "backend": backend}
    values, slopes = nl.value_and_grad(loss)(*arrays, **extra)
    exact, true = exactly(case)
    assert_close(values, exact, ulp=16, scale=size * (1.0 + np.abs(exact)))
    for slope, each in zip(slopes if isinstance(slopes, tuple) else (slopes,), true, strict=True):
        assert_close(slope, each, ulp=16, scale=size * (1.0 + np.abs(each).max(axis=1, keepdims=True)))


@functools.cache
def exactly(case: str) -> tuple[np.ndarray[Any, Any], list[np.ndarray[Any, Any]]]:
    """Values, and gradients by differences; all that is given is a float32."""
    law, given, option, _ = LOSSES[case]
    found = []
    with mp.workdps(100):
        rows = [[each.tolist() for each in row] for row in zip(*given, strict=True)]
        numbers = [[list(map(mp.mpf, a)) if isinstance(a, list) else a for a in row] for row in rows]
        step = mp.mpf(10) ** -30
        for k in getattr(nl, case.partition(" ")[0]).__loss__.differentiable:
            true = np.zeros(given[k].shape)
            for i, j in np.ndindex(true.shape):
                up, down = (law(*moved(numbers[i], k, j, h), **option) for h in (step, -step))
                true[i, j] = float((up - down) / (2 * step))
            found.append(true)
        return np.array([float(law(*row, **option)) for row in numbers]), found


def moved(row: list[Any], k: int, j: int, step: Any) -> list[Any]:
    """The row with an entry of one of its arrays moved."""
    return [[x + step if at == j else x for at, x in enumerate(a)] if of == k else a for of, a in enumerate(row)]


@pytest.mark.parametrize("name", ["logistic_hazard", "mtlr"])
def test_intervals_and_events_that_there_are_not(name: str, backend: str) -> None:
    loss = getattr(nl, name)
    with pytest.raises(IndexError, match=rf"{name}: target\[3\] = 3 is outside \[0, 3\)"):
        loss(LOGITS, np.array([0, 1, 2, 3, 0]), EVENTS, backend=backend)
    with pytest.raises(ValueError, match=rf"{name}: event\[1\] = 2 .* 0 or 1"):
        loss(LOGITS, BINS, np.array([0, 2, 1, 0, 1]), backend=backend)
