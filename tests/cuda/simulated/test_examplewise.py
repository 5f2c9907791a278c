"""The examplewise family on the simulated device, against the host."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cases
import numpy as np
import pytest
from helpers import assert_agrees, on_device, on_host
from whole import among_loops, chosen, expected, problem

import numloss as nl

# Losses of which a number takes long, which the simulator makes long indeed, run with `more`.
LONG = 20.0
CASES = [
    case if cases.record(case).cost < LONG else pytest.param(case, marks=pytest.mark.more)
    for case in cases.CASES
    if cases.record(case).family == "examplewise"
]

CALLS = (("mean", "float32", "full"), ("none", "float64", "none"), ("sum", "float32", "none"))


@pytest.mark.parametrize("case", CASES)
def test_value_and_gradient(case: str) -> None:
    loss = cases.record(case)
    for reduction, dtype, kind in CALLS:
        options: dict[str, Any] = {"reduction": reduction} | cases.required(case)
        if kind != "none":
            options["weight"] = cases.weight(case, (7,), dtype, kind)
        arrays = cases.arrays(case, (7,), dtype, ends=False)
        assert_agrees(nl.value_and_grad(loss.function), arrays, **options)
    assert_agrees(nl.sum_and_weight(loss.function), arrays, **cases.required(case))


def test_other_layouts_and_bad_input() -> None:
    pred, target = cases.arrays("crps_ensemble", (4, 2), "float32", ends=False)
    assert_agrees(nl.value_and_grad(nl.crps_ensemble), (np.asfortranarray(pred), target.astype(np.float16)))
    assert_agrees(nl.crps_ensemble, (pred, target), member_weight=np.arange(1.0, pred.shape[-1] + 1.0))
    target[2, 1] = np.nan
    said = []
    for call in (on_device, on_host):
        with pytest.raises(ValueError, match=r"crps_ensemble: target\[2, 1\] = nan") as raised:
            call(nl.crps_ensemble, (pred, target))
        said.append(str(raised.value))
    assert said[0] == said[1]


@pytest.fixture
def loop() -> Iterator[None]:
    """The loop of a loss that is none of the package."""
    with among_loops():
        yield


def test_labels_lengths_and_what_is_shared(loop: None) -> None:
    for dtype, shape in (("float32", (7,)), ("float64", (40,)), ("float64", (0,))):
        given = problem(shape, dtype)
        weight = np.where(np.arange(*shape) % 3 == 1, 0.0, 1.5).astype(dtype)
        exact = expected(given, weight)
        value, (slopes, shared) = on_device(nl.value_and_grad(chosen), given, weight=weight, reduction="sum")
        for one, other in ((value, exact[0].sum()), (slopes, exact[1]), (shared, exact[2])):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)
        mean = on_device(nl.value_and_grad(chosen), given, weight=weight)
        np.testing.assert_allclose(mean[1][1], exact[2] / max(weight.sum(), 1.0), rtol=1e-5, atol=1e-5)
    pred, target, lengths, bias = problem((7,))
    lengths[2] = 3
    for at, bad, told in ((1, 4, r"target\[2, 0\] = 4 is outside \[0, 4\)"), (2, 7, r"steps\[2\] = 7 is outside")):
        wrong = [pred, target.copy(), lengths.copy(), bias]
        wrong[at][(2, 0)[: wrong[at].ndim]] = bad
        with pytest.raises((IndexError, ValueError), match=told):
            on_device(chosen, tuple(wrong))
    target[2, 3:] = -100  # past its length
    assert np.isfinite(on_device(chosen, (pred, target, lengths, bias)))


def test_arrays_that_are_no_loss() -> None:
    random = np.random.default_rng(0)
    following, reward = random.dirichlet(np.ones(4), (7,)), random.standard_normal(7)
    for dtype in ("float32", "float64"):
        given = following.astype(dtype), reward, np.arange(7) % 3 == 0
        assert_agrees(nl.returns.categorical_projection, given, low=-1.0, high=2.0)
