"""The sequence family on the simulated device, against the host."""

from __future__ import annotations

from typing import Any

import cases
import numpy as np
import pytest
from helpers import assert_agrees, on_device, on_host

import numloss as nl

CALLS = [
    ("ctc", "mean", "float32", "full"),
    ("ctc", "none", "float64", "none"),
    ("ctc:logarithms", "sum", "float32", "full"),
]


@pytest.mark.parametrize(("case", "reduction", "dtype", "kind"), CALLS)
def test_value_and_gradient(case: str, reduction: str, dtype: str, kind: str) -> None:
    options: dict[str, Any] = {"reduction": reduction} | cases.required(case)
    if kind != "none":
        options["weight"] = cases.weight(case, (3,), dtype, kind)
    arrays = cases.arrays(case, (3,), dtype, ends=False)
    assert_agrees(nl.value_and_grad(cases.record(case).function), arrays, **options)


def test_labels_that_repeat_and_a_layout_of_its_own() -> None:
    random = np.random.default_rng(1)
    pred = np.asfortranarray(random.normal(0.0, 2.0, (7, 2, 4)).astype(np.float32))
    given = (pred, np.array([1, 1, 2, 1, 3], np.int8), np.array([7, 4]), np.array([4, 1]))
    assert_agrees(nl.value_and_grad(nl.ctc), given, blank=0)
    assert_agrees(nl.sum_and_weight(nl.ctc), given)


@pytest.mark.parametrize("zero_infinity", [False, True])
def test_what_has_no_alignment_and_what_is_not_a_number(zero_infinity: bool) -> None:
    pred = np.random.default_rng(2).normal(size=(4, 5, 3)).astype(np.float32)
    pred[:, 2, 1] = -np.inf
    pred[1, 3, 2] = np.nan
    pred[2:, 4] = np.nan
    given = (pred, np.array([[1, 1, 1], [1, 2, 1], [1, 2, 2], [1, 2, 1], [2, 1, 1]]))
    given += (np.array([4, 4, 4, 4, 2]), np.array([3, 3, 2, 2, 1]))
    function = nl.value_and_grad(nl.ctc)
    options = {"reduction": "none", "zero_infinity": zero_infinity}
    (values, slopes), (expected, exact) = on_device(function, given, **options), on_host(function, given, **options)
    np.testing.assert_allclose(values, expected, rtol=1e-6)
    np.testing.assert_allclose(slopes, exact, rtol=1e-5, atol=1e-6)
    assert np.isnan(values).tolist() == [False, False, False, True, False]


def test_bad_input_is_named_as_on_the_host() -> None:
    given = list(cases.arrays("ctc", (7,), "float32", ends=False))
    for k, bad in ((1, 0), (2, 99), (3, -1)):
        wrong = list(given)
        wrong[k] = np.full_like(given[k], bad)
        said = []
        for call in (on_device, on_host):
            with pytest.raises((ValueError, IndexError)) as raised:
                call(nl.ctc, tuple(wrong))
            said.append(str(raised.value))
        assert said[0] == said[1]
