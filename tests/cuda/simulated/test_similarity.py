"""Losses of all pairs of a batch on the simulated device against the host; the products add up in another order."""

from __future__ import annotations

from typing import Any

import cases
import numpy as np
import pytest
from compare import assert_same_bits
from helpers import flat, on_device, on_host, to_device

import numloss as nl
from numloss.backends.numba_cuda import similarity

CASES = [case for case in cases.CASES if cases.record(case).family == "similarity"]
LABELLED = [case for case in CASES if len(cases.record(case).differentiable) == 1]
ROWS, SIZE = 11, 5


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of one tile of rows: 16 in float32, 8 in float64."""
    monkeypatch.setattr(similarity, "BLOCK_BYTES", 1)
    monkeypatch.setattr(similarity, "LEAST_ROWS", 1)


def arrays(case: str, dtype: str, rows: int = ROWS) -> tuple[Any, ...]:
    """Short vectors, and labels of which some stand alone and some are three or four."""
    found = cases.arrays(case, (rows,), dtype)
    return tuple(array[:, :SIZE].copy() if array.ndim == 2 else array % 4 for array in found)


def assert_as_on_the_host(case: str, function: Any, given: Any, **options: Any) -> None:
    """Within some units of the largest entry, as often as what cosines are multiplied by makes of them."""
    loss = cases.record(case)
    # of info_nce beta is none of these: it says how hard negatives are
    names = ("gamma",) if "temperature" in loss.defaults else ("gamma", "beta")
    given_steepness = [options.get(name, loss.defaults.get(name)) for name in names]
    steepest = next(filter(None, given_steepness), 0.0) or 1.0 / loss.defaults["temperature"]
    unit = np.finfo(given[0].dtype).eps * (4 + 0.25 * steepest)
    pairs = zip(flat(on_device(function, given, **options)), flat(on_host(function, given, **options)), strict=True)
    for actual, expected in pairs:
        assert actual.shape == expected.shape
        np.testing.assert_allclose(actual, expected, rtol=0.0, atol=unit * np.abs(expected).max(initial=0.0))


OPTIONS = [(case, option) for case in CASES for option in cases.options(case)]
FEW = [pair for pair in OPTIONS if pair[1] in ({}, {"symmetric": True})]


@pytest.mark.parametrize(("case", "option"), FEW, ids=str)
def test_values_and_gradients_of_several_blocks(case: str, option: dict[str, Any]) -> None:
    weight = np.where(np.arange(ROWS) % 5 == 0, 0.0, np.linspace(0.5, 2.0, ROWS))
    function = nl.value_and_grad(cases.record(case).function)
    assert_as_on_the_host(case, function, arrays(case, "float64"), weight=weight, reduction="none", **option)


@pytest.mark.parametrize("case", CASES)
def test_the_mean_in_float32(case: str) -> None:
    given = arrays(case, "float32", 9)
    assert_as_on_the_host(case, nl.value_and_grad(cases.record(case).function), given)


@pytest.mark.more
@pytest.mark.parametrize(("case", "option"), [pair for pair in OPTIONS if pair[1]], ids=str)
def test_every_option(case: str, option: dict[str, Any]) -> None:
    function, given = cases.record(case).function, arrays(case, "float32", 9)
    weight = np.where(np.arange(9) % 4 == 1, 0.0, 0.75)
    for asked in (function, nl.value_and_grad(function)):
        assert_as_on_the_host(case, asked, given, weight=weight, **option)


def test_layouts_and_one_gradient_of_two() -> None:
    first, second = arrays("info_nce", "float32", 7)
    _, slopes = on_device(nl.value_and_grad(nl.info_nce), (first, second))
    moved = to_device(np.asfortranarray(first)), to_device(np.repeat(second, 2, axis=1)[::-1, ::2][::-1])
    for k in (0, 1):
        out = to_device(np.full_like(first, np.nan, order="F"))
        assert nl.grad(nl.info_nce, argnums=k)(*moved, out=out) is out
        assert_same_bits(out.copy_to_host(), slopes[k])
    with pytest.raises(ValueError, match="out for the gradient overlaps first; give it memory of its own"):
        nl.grad(nl.info_nce, argnums=0)(*moved, out=moved[0])


@pytest.mark.parametrize("case", LABELLED)
def test_labels_and_vectors_without_length(case: str) -> None:
    vectors, _ = arrays(case, "float64", 6)
    vectors[3] = 0.0
    function = nl.value_and_grad(cases.record(case).function)
    for labels in (np.array([3, 3, 3, 3, 200, 3], np.uint8)[::-1], np.arange(6), np.full(6, -(2**63))):
        assert_as_on_the_host(case, function, (vectors, labels), reduction="none")


def test_a_batch_of_nothing_and_nan() -> None:
    given = arrays("info_nce", "float32", 5)
    value, slopes = on_device(nl.value_and_grad(nl.info_nce), tuple(array[:0] for array in given))
    assert value == 0.0 and [slope.shape for slope in slopes] == [(0, SIZE)] * 2
    given[0][2, 0] = np.nan
    values = on_device(nl.info_nce, given, reduction="none")
    assert np.isnan(values[2]) and np.isfinite(np.delete(values, 2)).all()


def messages(arrays: Any, **options: Any) -> list[str]:
    """What is raised on the device and on the host."""
    function = nl.info_nce if arrays[1].ndim == 2 else nl.circle
    said = []
    for call in (on_device, on_host):
        with pytest.raises((ValueError, TypeError)) as raised:
            call(nl.value_and_grad(function), arrays, **options)
        said.append(f"{raised.type.__name__}: {raised.value}")
    return said


def test_bad_input_is_named_as_on_the_host() -> None:
    (first, second), (vectors, labels) = arrays("info_nce", "float32", 4), arrays("circle", "float32", 4)
    for given, options in (
        ((first, second), {"weight": np.array([1.0, 1.0, -1.0, np.nan])}),
        ((first, second), {"weight": np.ones(3)}),
        ((first, second), {"temperature": 0.0}),
        ((first, second), {"symmetric": 1}),
        ((first, second[1:]), {}),
        ((first, second.astype(np.float64)), {}),
        ((vectors, labels[1:]), {}),
        ((vectors, labels.astype(np.float32)), {}),
    ):
        found, expected = messages(given, **options)
        assert found == expected


def test_more_negatives() -> None:
    given = arrays("info_nce", "float64", 5)
    more = np.random.default_rng(4).normal(0.0, 2.0, (7, SIZE))
    function = nl.value_and_grad(nl.info_nce, argnums=(0, 1, "temperature"))
    for hard in ({}, {"beta": 0.5, "tau_plus": 0.12}):
        options = {"temperature": 0.5, "symmetric": True, **hard}
        moved = on_device(function, given, negatives=more, **options)
        expected = on_host(function, given, negatives=more, **options)
        for found, exact in zip(flat(moved), flat(expected), strict=True):
            np.testing.assert_allclose(found, exact, rtol=0.0, atol=1e-13)


@pytest.mark.parametrize("case", [case for case in CASES if cases.record(case).scalars])
def test_gradients_by_options_that_are_learned(case: str) -> None:
    loss, given = cases.record(case), arrays(case, "float64", 5)
    function = nl.grad(loss.function, argnums=(0, *loss.scalars))
    weight = np.where(np.arange(5) == 2, 0.0, 0.7)
    moved, expected = (run(function, given, weight=weight, temperature=0.5) for run in (on_device, on_host))
    for found, exact in zip(flat(moved), flat(expected), strict=True):
        np.testing.assert_allclose(found, exact, rtol=1e-12, atol=1e-13)
