"""Quantiles and histograms of the losses of rows: exact while there are few, within 0.2 % whatever their size."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import numloss as nl
from numloss.evaluation import plan, spread
from numloss.evaluation.result import Distribution
from numloss.evaluation.spread import FEW, Bins, bins_of, edges, tally_of

ASKED = (0.0, 0.001, 0.01, 0.25, 0.5, 0.75, 0.9, 0.999, 1.0)
RANDOM = np.random.default_rng(0)
MANY = 6_000
# Losses of every size that a float64 has, and what fills only a few bins.
SPREADS = {
    "usual": np.abs(RANDOM.normal(size=MANY)),
    "both signs": RANDOM.normal(size=MANY),
    "float32": RANDOM.normal(size=MANY).astype(np.float32).astype(np.float64),
    "integers": RANDOM.integers(0, 900, MANY).astype(float),
    "squares of integers": RANDOM.integers(0, 100_000, MANY).astype(float) ** 2,
    "beyond float32": 10.0 ** RANDOM.uniform(-5, 308, MANY),
    "below float32": 10.0 ** RANDOM.uniform(-300, -30, MANY),
    "below the normal floats": RANDOM.integers(1, 1 << 51, MANY) * 5e-324,
    "the smallest": RANDOM.integers(0, 9000, MANY) * 5e-324,
    "of all sizes": np.exp2(RANDOM.uniform(-1074, 1023.9, MANY)) * RANDOM.choice([-1.0, 1.0], MANY),
    "nearly equal": 1.0 + RANDOM.integers(0, 9000, MANY) * 2.0**-52,
    "at the edges of bins": np.ldexp(1.0 + RANDOM.integers(0, 512, MANY) / 512, RANDOM.integers(-40, 40, MANY)),
    "mostly zero": np.where(RANDOM.random(MANY) < 0.7, 0.0, RANDOM.normal(size=MANY)),
    "half infinite": np.where(RANDOM.random(MANY) < 0.5, np.inf, RANDOM.normal(size=MANY)),
    "few": RANDOM.choice([0.1, 0.1 + 1e-12, 3.0, 1e300, -7.0], MANY),
    "one": np.full(5, 0.3),
}


def check(spread: Distribution, losses: np.ndarray) -> None:
    """Quantiles against NumPy's, which are exact."""
    expected = np.quantile(losses, ASKED, method="lower")
    found = np.array([spread.quantile(q) for q in ASKED])
    if len(np.unique(losses)) <= FEW:
        np.testing.assert_array_equal(found, expected)
    # a loss of so few digits that 0.2 % are less than one of them is exact
    np.testing.assert_allclose(found, expected, rtol=0.002, atol=0.0)
    assert (spread.least, spread.most) == (losses.min(), losses.max())
    assert spread.counts.sum() == len(losses)


@pytest.mark.parametrize("kind", SPREADS)
def test_quantiles_are_within_what_is_promised(kind: str) -> None:
    """In blocks of any size, which see few losses or many."""
    losses = SPREADS[kind]
    for size in (len(losses), 1000, 61):
        bins = Bins()
        for start in range(0, len(losses), size):
            part = losses[start : start + size]
            bins.add(tally_of(part), (part.min(), part.max()))
        check(Distribution(bins.least, bins.most, *bins.limits(), bins.tally.counts), losses)


@pytest.mark.parametrize("kind", SPREADS)
def test_losses_of_usual_sizes_are_counted_as_others(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The short ways of the usual sizes give what the long ones give."""
    losses, found = SPREADS[kind], []
    for others in ({}, {"count_usual": None, "add_counts": None}):
        for name, function in others.items():
            monkeypatch.setattr(spread, name, function)
        for sign in (1.0, -1.0):
            bins = Bins()
            for part in np.array_split(sign * losses, 3 if len(losses) > 9 else 1):
                bins.add(tally_of(part), (part.min(), part.max()))
            found.append(bins.state())
    assert found[:2] == found[2:]


@pytest.mark.parametrize("kind", SPREADS)
def test_bins_are_in_order_and_end_where_they_say(kind: str) -> None:
    losses = np.sort(SPREADS[kind])
    bins = bins_of(losses)
    assert (np.diff(bins) >= 0).all()
    lower, upper = edges(bins)
    assert (lower <= losses).all() and (losses <= upper).all()
    usual = np.isfinite(losses) & (np.abs(losses) > 1e-300)
    assert (upper[usual] - lower[usual] <= 2.0**-9 * np.abs(losses[usual])).all()
    np.testing.assert_array_equal(bins_of(-losses), -bins)


def test_a_state_goes_on_to_the_same_tally() -> None:
    for kind in ("few", "of all sizes", "half infinite"):
        whole, begun, resumed = Bins(), Bins(), Bins()
        for k, part in enumerate(np.split(SPREADS[kind], 4)):
            ends = (float(part.min()), float(part.max()))
            whole.add(tally_of(part), ends)
            (begun if k < 2 else resumed).add(tally_of(part), ends)
            if k == 1:
                resumed.take_up(json.loads(json.dumps(begun.state())))
        assert resumed.state() == whole.state()


def test_quantiles_of_an_evaluation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "BLOCK_ELEMENTS", 1000)
    pred, target = 100.0 * RANDOM.normal(size=(5000, 3)), RANDOM.normal(size=(5000, 3))
    (score,) = nl.evaluate(nl.mse, pred, target, quantiles=ASKED, backend="cython").scores
    assert score.distribution is not None and [q for q, _ in score.quantiles] == list(ASKED)
    check(score.distribution, nl.mse(pred, target, reduction="none").mean(axis=1))


@pytest.mark.parametrize("losses", [np.arange(1000.0) % 700, 10.0 ** np.arange(-300.0, 300.0)], ids=["counts", "sizes"])
def test_few_losses_are_told_exactly(losses: np.ndarray) -> None:
    (score,) = nl.evaluate(nl.mae, losses, np.zeros(len(losses)), quantiles=ASKED, backend="cython").scores
    assert [value for _, value in score.quantiles] == np.quantile(losses, ASKED, method="lower").tolist()


@pytest.mark.parametrize("kind", SPREADS)
def test_histograms_hold_all_finite_losses(kind: str) -> None:
    losses = SPREADS[kind]
    tally = tally_of(losses)
    bins = Bins()
    bins.add(tally, (losses.min(), losses.max()))
    counts, ends = Distribution(bins.least, bins.most, *bins.limits(), bins.tally.counts).histogram(10)
    inner = losses[np.isfinite(losses)]
    assert counts.sum() == len(inner) and len(counts) == 10 and np.isfinite(ends).all()
    assert ends[0] <= inner.min() * (1.002 if inner.min() > 0 else 0.998) or math.isclose(ends[0], inner.min())
