"""Losses of chosen entries on the simulated device against the host; the order of additions differs."""

from __future__ import annotations

from typing import Any

import cases
import numpy as np
import pytest
from helpers import assert_agrees, on_device, on_host

import numloss as nl

CASES = [case for case in cases.CASES if cases.record(case).family == "action_value"]


@pytest.mark.parametrize("dtype", cases.DTYPES)
@pytest.mark.parametrize("kind", ["none", "full"])
@pytest.mark.parametrize("reduction", cases.REDUCTIONS)
@pytest.mark.parametrize("case", CASES)
def test_value_gradient_and_curvature(case: str, reduction: str, kind: str, dtype: str) -> None:
    options: dict[str, Any] = {"reduction": reduction} | cases.required(case)
    if kind != "none":
        options["weight"] = cases.weight(case, (37,), dtype, kind)
    function, arrays = cases.record(case).function, cases.arrays(case, (37,), dtype)
    assert_agrees(nl.value_grad_hess(function), arrays, **options)
    assert_agrees(nl.value_grad_hess(function, curvature="bound"), arrays, **options)


def test_double_q_and_huber() -> None:
    q, action, reward, next_q, done = cases.arrays("td_error", (300,), "float32")
    options = {"next_action": (action % next_q.shape[1]).astype(np.int8), "delta": 0.5, "discount": 0.9}
    assert_agrees(nl.value_and_grad(nl.td_error), (q, action, reward, next_q.astype(np.float64), done), **options)
    assert_agrees(nl.sum_and_weight(nl.td_error), (np.asfortranarray(q), action, reward, next_q, done > 0.5))


@pytest.mark.parametrize(("which", "bad"), [(1, 10**6), (2, np.nan), (4, 1.5)])
def test_bad_input_is_named_as_on_the_host(which: int, bad: float) -> None:
    arrays = list(cases.arrays("td_error", (300,), "float32"))
    arrays[which] = arrays[which].copy()
    arrays[which][270] = bad
    said = []
    for call in (on_device, on_host):
        with pytest.raises((ValueError, IndexError)) as raised:
            call(nl.td_error, tuple(arrays))
        said.append(str(raised.value))
    assert said[0] == said[1]
