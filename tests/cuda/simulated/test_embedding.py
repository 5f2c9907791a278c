"""Losses of pairs of vectors on the simulated device against the host; the order of additions differs."""

from __future__ import annotations

from typing import Any

import cases
import numpy as np
import pytest
from helpers import assert_agrees, on_device, on_host

import numloss as nl

CASES = [case for case in cases.CASES if cases.record(case).family == "embedding"]
# Reductions and weights do not depend on the law: the first goes through all of them, the others with `more`.


@pytest.mark.parametrize("case", CASES)
def test_every_option(case: str) -> None:
    for options in cases.options(case):
        assert_agrees(nl.value_and_grad(cases.record(case).function), cases.arrays(case, (11,), "float32"), **options)


@pytest.mark.parametrize("dtype", cases.DTYPES)
@pytest.mark.parametrize("kind", ["none", "full"])
@pytest.mark.parametrize("reduction", cases.REDUCTIONS)
@pytest.mark.parametrize("case", [CASES[0], *(pytest.param(case, marks=pytest.mark.more) for case in CASES[1:])])
def test_value_and_gradients(case: str, reduction: str, kind: str, dtype: str) -> None:
    options: dict[str, Any] = {"reduction": reduction} | cases.required(case)
    if kind != "none" and cases.record(case).weighted:
        options["weight"] = cases.weight(case, (37,), dtype, kind)
    assert_agrees(nl.value_and_grad(cases.record(case).function), cases.arrays(case, (37,), dtype), **options)


@pytest.mark.parametrize("size", [1, 16, 17, 70])
def test_lengths_of_vectors(size: int) -> None:
    random = np.random.default_rng(size)
    first, second = random.normal(0.0, 0.2, (2, 9, size)).astype(np.float32)
    second[3] = first[3]
    same = random.integers(0, 2, 9)
    assert_agrees(nl.value_and_grad(nl.contrastive), (first, second, same))
    assert_agrees(nl.value_and_grad(nl.contrastive, argnums=1), (np.asfortranarray(first), second[::-1], same))
    assert_agrees(nl.sum_and_weight(nl.contrastive), (first, second, same))


@pytest.mark.parametrize("exponent", [-90, 80])
@pytest.mark.parametrize("case", CASES)
def test_vectors_of_any_size(case: str, exponent: int) -> None:
    given = cases.arrays(case, (11,), "float32", ends=False)
    loss = cases.record(case)
    scaled = [np.ldexp(a, exponent) if k in loss.differentiable else a for k, a in enumerate(given)]
    assert_agrees(nl.value_and_grad(loss.function), scaled, **cases.required(case))


def test_a_bad_target_is_named_as_on_the_host() -> None:
    first, second, same = cases.arrays("contrastive", (300,), "float32")
    same = same.astype(np.float32)
    same[280] = np.nan
    said = []
    for call in (on_device, on_host):
        with pytest.raises(ValueError) as raised:
            call(nl.contrastive, (first, second, same))
        said.append(str(raised.value))
    assert said[0] == said[1]


def test_what_has_no_weight_may_be_infinitely_far_away() -> None:
    first, second, same = cases.arrays("contrastive", (7,), "float32")
    weight = np.array([1.0, 0.0, 2.0, 0.0, 1.0, 1.0, 0.5], np.float32)
    first[1], second[3] = np.inf, np.nan
    arrays, options = (first, second, same), {"weight": weight}
    value, slopes = on_device(nl.value_and_grad(nl.contrastive), arrays, **options)
    assert np.isfinite(value) and all(np.isfinite(slope).all() for slope in slopes)
    assert_agrees(nl.value_and_grad(nl.contrastive), arrays, **options)
