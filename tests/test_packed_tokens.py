"""Packed tokens are those of padded sequences without the padding: the same means, ratios and gradients."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from calls import refused
from cases import arrays, required

import numloss as nl
from numloss.registry import LOSSES

Array = np.ndarray[Any, Any]
LENGTHS = np.array([11, 3, 0, 7, 1, 5, 2])
THERE = np.arange(11) < LENGTHS[:, None]
GROUPS = np.concatenate([[0], LENGTHS.cumsum()])
NAMES = sorted(name for name, loss in LOSSES.items() if "denominator" in loss.defaults)
KINDS: dict[str, dict[str, Any]] = {"tokens": {}, "sequences": {}, "constant": {"length": 16.0}}


def problem(name: str, dtype: str) -> tuple[list[Array], list[Array], Array, Array]:
    """Padded arrays, the same packed, and weights of both, some of them 0."""
    padded = [np.array(a) for a in arrays(name, THERE.shape, dtype, ends=False)]
    weight = THERE * np.random.default_rng(4).choice([0.0, 0.5, 2.0], THERE.shape)
    return padded, [a[THERE] for a in padded], weight.astype(dtype), weight[THERE].astype(dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", NAMES)
def test_packed_and_padded_tokens_are_one(name: str, dtype: str, backend: str) -> None:
    padded, packed, weight, packed_weight = problem(name, dtype)
    close = {"rtol": 2e-6 if dtype == "float32" else 1e-13, "atol": 1e-7 if dtype == "float32" else 1e-16}
    ratios = ("tokens", "sequences") if "ratio" in LOSSES[name].defaults else ("tokens",)
    function = LOSSES[name].function
    for kind, options in KINDS.items():
        for ratio in ratios:
            given = {**required(name), "denominator": kind, **options, "backend": backend}
            given |= {"ratio": ratio} if len(ratios) > 1 else {}
            for weights in ((THERE.astype(dtype), None), (weight, packed_weight)):
                value, slope = nl.value_and_grad(function)(*padded, **given, weight=weights[0])
                alone = {**given, "groups": GROUPS.astype(np.int32), "weight": weights[1]}
                found, packed_slope = nl.value_and_grad(function)(*packed, **alone)
                assert found == pytest.approx(value, rel=close["rtol"], abs=close["atol"])
                np.testing.assert_allclose(packed_slope, slope[THERE], **close)
                np.testing.assert_allclose(
                    nl.sum_and_weight(function)(*packed, **alone),
                    nl.sum_and_weight(function)(*padded, **given, weight=weights[0]),
                    rtol=2e-5,
                )
                # as one row, a batch of one
                whole = {**alone, "weight": None if weights[1] is None else weights[1][None]}
                assert function(*(a[None] for a in packed), **whole) == found


@pytest.mark.parametrize("name", ["gspo", "grpo"])
def test_long_sequences_in_any_layout_and_dtype(name: str, backend: str) -> None:
    """Sequences of many tiles beside short ones; sums of 16 bits are taken in more."""
    random, function = np.random.default_rng(5), getattr(nl, name)
    groups = np.array([0, 3, 3, 1700, 1701, 2600, 9000])
    own, old = -random.random((2, 9000))
    ends = list(pairwise(groups))
    advantage = np.repeat(random.standard_normal(6), np.diff(groups))
    limits = {"epsilon": 0.5, "epsilon_high": 0.5, "backend": backend}
    weight = random.choice([0.0, 1.0], 9000)
    logs = np.array([
        np.average(own[a:b] - old[a:b], weights=weight[a:b]) if weight[a:b].any() else 0.0
        for a, b in ends
    ])  # fmt: skip
    shared = own - old if name == "grpo" else np.repeat(logs, np.diff(groups))
    terms = nl.ppo_clip(shared, 0.0 * old, advantage, epsilon=0.5, epsilon_high=0.5, reduction="none")
    parts = [(terms[a:b], weight[a:b]) for a, b in ends if weight[a:b].any()]
    expected = np.mean([np.average(values, weights=weights) for values, weights in parts])
    for way in (np.array, lambda a: np.repeat(a, 2)[::2], lambda a: a[::-1].copy()[::-1]):
        given = [way(a) for a in (own, old, advantage)]
        assert function(*given, groups=groups, weight=way(weight), **limits) == pytest.approx(expected, rel=1e-12)
    for dtype, close in ((np.float32, 1e-5), (np.float16, 3e-3)):
        given = [a.astype(dtype) for a in (own, old, advantage)]
        for flags in (weight.astype(np.uint8), weight > 0, weight * 2.0**-1000):
            found = function(*given, groups=groups, weight=flags, **limits)
            assert found == pytest.approx(expected, rel=close, abs=close)


def test_bits_do_not_depend_on_threads(backend: str) -> None:
    """Blocks follow from the pointers alone; the answer of one backend is that of the other."""
    random = np.random.default_rng(6)
    groups = np.concatenate([[0], random.integers(0, 900, 300).cumsum()])
    own, old, advantage = random.standard_normal((3, groups[-1])).astype(np.float32) * np.float32(0.1)
    found = []
    for count in (1, 2):
        with nl.num_threads(count):
            found.append(nl.value_and_grad(nl.gspo)(own, old, advantage, groups=groups, backend=backend))
    found.append(nl.value_and_grad(nl.gspo)(own, old, advantage, groups=groups))
    for value, slope in found[1:]:
        assert value == found[0][0]
        np.testing.assert_array_equal(slope, found[0][1])


def test_groups_that_are_none_are_refused(backend: str) -> None:
    _, packed, _, weight = problem("ppo_clip", "float64")
    for wrong, said in (
        (GROUPS[:-1], "groups[6] = 27; groups rise from 0 to the number of rows, 29"),
        (GROUPS[::-1], "groups[0] = 29"),
        (GROUPS * 1.0, "groups has dtype float64"),
    ):
        for function in (nl.gspo, nl.grpo, nl.bnpo):
            with refused((ValueError, TypeError), "ppo_clip", said):
                function(*packed, groups=wrong, backend=backend)
    with refused(ValueError, "ppo_clip", "log_prob has shape (2, 3)", "(N,) or (1, N)"):
        nl.gspo(*np.ones((3, 2, 3)), groups=np.array([0, 6]), backend=backend)
    packed[1][17], weight[17] = np.nan, 1.0
    with refused(ValueError, "ppo_clip", "old_log_prob[17] = nan"):
        nl.gspo(*packed, groups=GROUPS, weight=weight, backend=backend)
    weight[20] = -1.0
    with refused(ValueError, "ppo_clip", "weight[20] = -1.0"):
        nl.grpo(*packed, groups=GROUPS, weight=weight, backend=backend)
