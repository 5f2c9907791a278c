"""Ratios that the tokens of a sequence share: against their definition, and through masks, dtypes and layouts."""

from __future__ import annotations

from typing import Any

import differences
import numpy as np
import pytest
from calls import refused
from cases import arrays
from differences import assert_derivative
from oracles import ppo_clip

import numloss as nl
from numloss.registry import LOSSES

Array = np.ndarray[Any, Any]
NAMES = sorted(name for name, loss in LOSSES.items() if "ratio" in loss.defaults)
SHAPE = (7, 11)
MASK = (np.arange(11) < np.array([11, 3, 0, 7, 1, 5, 2])[:, None]).astype(np.float64)


def problem(name: str, dtype: str) -> tuple[Array, ...]:
    """Log-probabilities, and one advantage for all tokens of a sequence."""
    own, old, advantage = arrays(name, SHAPE, dtype, ends=False)
    return own, old, np.repeat(advantage[:, :1], 11, axis=1)


def test_gspo_is_what_its_paper_says(backend: str) -> None:
    for dtype, close in (("float32", 2e-6), ("float64", 1e-13)):
        own, old, advantage = (a.astype(np.float64) for a in problem("ppo_clip", dtype))
        lengths = MASK.sum(axis=1)
        there = lengths > 0
        logs = (MASK * (own - old)).sum(axis=1)[there] / lengths[there]
        values = ppo_clip.value(logs, 0.0 * logs, advantage[there, 0], epsilon=0.3, epsilon_high=0.4)
        given = problem("ppo_clip", dtype)
        found = nl.gspo(*given, epsilon=0.3, epsilon_high=0.4, weight=MASK, backend=backend)
        assert found == pytest.approx(values.mean(), rel=close)


@pytest.mark.parametrize("denominator", ["tokens", "sequences", "constant"])
@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_is_that_through_the_mean(name: str, denominator: str, backend: str) -> None:
    own, old, advantage = problem(name, "float64")
    options = {"ratio": "sequences", "denominator": denominator, "length": 16.0, "weight": MASK, "backend": backend}

    def value(x: Array) -> Any:
        return LOSSES[name].function(x, old, advantage, **options)

    slope = nl.grad(LOSSES[name].function)(own, old, advantage, **options)
    assert_derivative(slope, *differences.gradient(value, own), "", abs(value(own)))
    assert not slope[MASK == 0.0].any() and slope[MASK > 0.0].any()


def test_what_counts_nothing_is_not_seen_and_the_gradient_may_take_the_place_of_what_it_is_of(backend: str) -> None:
    own, old, advantage = problem("ppo_clip", "float64")
    options = {"weight": MASK, "epsilon": 0.3, "epsilon_high": 0.4, "backend": backend}
    value, slope = nl.value_and_grad(nl.gspo)(own, old, advantage, **options)
    poisoned = np.where(MASK > 0.0, own, np.nan)
    for given in (poisoned, np.asfortranarray(poisoned), np.repeat(poisoned, 2, axis=1)[:, ::2]):
        changed, found = nl.value_and_grad(nl.gspo)(given, old, advantage, **options, out=given)
        assert changed == value and found is given
        np.testing.assert_array_equal(found, slope)


def test_means_of_half_precision_are_not_rounded_to_it(backend: str) -> None:
    own, old, advantage = (a.astype(np.float16) for a in problem("ppo_clip", "float64"))
    wide = [a.astype(np.float32) for a in (own, old, advantage)]
    options = {"weight": MASK, "epsilon": 0.3, "epsilon_high": 0.4, "backend": backend}
    value, slope = nl.value_and_grad(nl.gspo)(own, old, advantage, **options)
    expected, gradient = nl.value_and_grad(nl.gspo)(*wide, **options)
    assert value == pytest.approx(expected, rel=1e-6) and slope.dtype == np.float16
    np.testing.assert_allclose(slope, gradient, rtol=1e-3, atol=1e-7)


def test_what_is_shared_cannot_be_asked_for_one_by_one(backend: str) -> None:
    given = problem("ppo_clip", "float64")
    with refused(ValueError, "ppo_clip", "there is no curvature"):
        nl.value_grad_hess(nl.gspo)(*given, backend=backend)
    with refused(ValueError, "ppo_clip", "a cotangent is one number"):
        nl.vjp(nl.gspo)(*given, cotangent=np.ones(SHAPE), reduction="none", backend=backend)
    with refused(ValueError, "ppo_clip", "ratio must be 'tokens' or 'sequences', got 'rows'"):
        nl.ppo_clip(*given, ratio="rows", backend=backend)
    with refused(ValueError, "ppo_clip", "old_log_prob has shape (7, 10)"):
        nl.gspo(given[0], given[1][:, :10], given[2], backend=backend)
    bad = given[1].copy()
    bad[3, 2] = np.nan
    with refused(ValueError, "ppo_clip", "old_log_prob[3, 2] = nan"):
        nl.gspo(given[0], bad, given[2], backend=backend)
    pulled = nl.vjp(nl.gspo)(*given, cotangent=3.0, backend=backend)
    np.testing.assert_allclose(pulled, 3.0 * nl.grad(nl.gspo)(*given, backend=backend), rtol=1e-14)
