"""Losses of lists on the simulated device against the host; the order of additions differs."""

from __future__ import annotations

from typing import Any

import cases
import numpy as np
import pytest
from helpers import assert_agrees, on_device, on_host

import numloss as nl

CASES = [case for case in cases.CASES if cases.record(case).family == "ranked" and not case.endswith(":many")]
NAMES = [case for case in CASES if ":" not in case]


@pytest.mark.parametrize("asked", [("float32", "mean", "full"), ("float64", "none", "none")], ids=str)
@pytest.mark.parametrize("case", CASES)
def test_value_gradient_and_curvature(case: str, asked: tuple[str, str, str]) -> None:
    dtype, reduction, kind = asked
    options: dict[str, Any] = {"reduction": reduction} | cases.required(case)
    if kind != "none":
        options["weight"] = cases.weight(case, (7,), dtype, kind)
    function, arrays = cases.record(case).function, cases.arrays(case, (7,), dtype)
    assert_agrees(nl.value_grad_hess(function, curvature="bound" if kind == "none" else "exact"), arrays, **options)


@pytest.mark.parametrize("name", NAMES)
def test_more_rows_than_threads_and_ties(name: str) -> None:
    random = np.random.default_rng(3)
    pred = np.rint(random.normal(0.0, 2.0, 75)).astype(np.float32)
    others = [random.integers(0, 2 if each == "event" else 5, 75) for each in cases.record(name).inputs[1:]]
    assert_agrees(nl.value_and_grad(nl.sum_and_weight(cases.record(name).function)), (pred, *others))


@pytest.mark.parametrize("name", NAMES)
def test_nan_stays_in_its_list(name: str) -> None:
    pred, *others = cases.arrays(name, (7,), "float64")
    groups = np.array([0, 4, 4, 10, 13, 26])
    pred[5] = pred[11] = np.nan
    options = {"groups": groups, "weight": np.array([1.0, 2.0, 0.5, 0.0, 1.0]), "reduction": "none"}
    assert_agrees(nl.value_and_grad(cases.record(name).function), (pred, *others), **options)


@pytest.mark.parametrize(("name", "which", "bad"), [("lambdarank", 1, 1.5), ("cox", 2, 2.0), ("listnet", 1, np.inf)])
def test_bad_input_is_named_as_on_the_host(name: str, which: int, bad: float) -> None:
    arrays = list(cases.arrays(name, (7,), "float32"))
    arrays[which] = arrays[which].astype(np.float32)
    arrays[which][20] = bad
    said = []
    for call in (on_device, on_host):
        with pytest.raises(ValueError) as raised:
            call(cases.record(name).function, tuple(arrays), **cases.required(name))
        said.append(str(raised.value))
    assert said[0] == said[1]
