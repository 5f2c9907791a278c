"""Elementwise losses against mpmath where digits get lost: at ends of domains, at ties, and far out in the tails."""

from __future__ import annotations

from typing import Any

import exact
import mpmath as mp
import numpy as np
import pytest
from cases import DTYPES, stands_for_its_kind
from compare import assert_same_bits, told
from exact import answers
from seeds import generator
from tails import CASES, SCALED, Case, inputs, named
from words import ulps

import numloss as nl
from numloss.registry import LOSSES

Array = np.ndarray[Any, Any]
# Units that may be lost, 4 unless stated: a dozen rounded factors meet in slope and curvature of the clipped label, in
# the two terms of a slope by a shape, in the curvature of a sigmoid whose factor counts twice, and in those of what is
# known by bounds around it.
CENSORED = ("censored_normal", "lognormal_aft", "weibull_aft")
UNITS = {"asymmetric_focal": 6.0, "adaptive_robust": 5.0, "apo": 5.0, **dict.fromkeys(CENSORED, 6.0)}


def computed(name: str, backend: str, arrays: tuple[Array, ...], options: dict[str, Any]) -> list[Array]:
    """What a backend says; columns of inputs and of gradients one after the other."""
    loss = LOSSES[name]
    function = (nl.value_grad_hess if loss.curvature else nl.value_and_grad)(loss.function)
    if loss.columns == 1:
        return exact.flat(function(*arrays, **options, reduction="none", backend=backend))
    whole = np.stack(arrays, axis=-1).reshape(len(arrays[0]), len(loss.inputs), loss.columns)
    value, slope = function(*whole.swapaxes(0, 1), **options, reduction="none", backend=backend)
    return [value, *np.ascontiguousarray(slope.T)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES, ids=named)
def test_tails(case: Case, dtype: str, backend: str) -> None:
    assert_exact(case, dtype, backend)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", SCALED, ids=named)
def test_inputs_and_options_of_any_size(case: Case, dtype: str, backend: str) -> None:
    """What is finite comes out, however large or small its squares are."""
    assert_exact(case, dtype, backend)


def assert_exact(case: Case, dtype: str, backend: str) -> None:
    """Every output at every point within 4 units of what mpmath says."""
    name, _, options = case
    arrays, true = inputs(case, dtype), answers(case, dtype)
    found = computed(name, backend, arrays, options)
    assert len(found) == len(true.nearest)
    for k, result in enumerate(found):
        errors = true.distances(k, result)
        worst = int(np.argmax(errors))
        where = ", ".join(repr(float(a[worst])) for a in arrays)
        assert errors[worst] <= UNITS.get(name, 4.0), (
            f"output {k} of {name}({where}) on {backend} is {result[worst]!r}, {errors[worst]:.2f} ulp "
            f"from {true.nearest[k, worst]!r}"
        )


def each_case() -> list[Any]:
    """All cases, those of losses for which another of their kind stands with `more`."""
    return [case if stands_for_its_kind(case[0]) else pytest.param(case, marks=pytest.mark.more) for case in CASES]


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.more)])
@pytest.mark.parametrize("case", each_case(), ids=named)
def test_backends_agree_in_every_bit(case: Case, dtype: str) -> None:
    arrays = inputs(case, dtype)
    pairs = zip(*(computed(case[0], backend, arrays, case[2]) for backend in ("numba", "cython")), strict=True)
    for k, (one, other) in enumerate(pairs):
        with told(loss=named(case), dtype=dtype, output=k):
            assert_same_bits(one, other)


def test_every_elementwise_loss_has_tails() -> None:
    assert {case[0] for case in CASES} == {loss.name for loss in LOSSES.values() if loss.family == "elementwise"}


def test_every_answer_is_kept() -> None:
    cases, kept = [*CASES, *SCALED], exact.kept()[0]
    missing = [named(case) for case in cases for dtype in DTYPES if exact.key(case, dtype) not in kept]
    assert not missing, "python tests/fixtures/from_mpmath.py keeps them"


@pytest.mark.more
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", [*CASES, *SCALED], ids=named)
def test_what_is_kept_is_what_mpmath_says(case: Case, dtype: str) -> None:
    arrays, true = inputs(case, dtype), answers(case, dtype)
    sample = generator("mpmath", named(case), dtype).choice(len(arrays[0]), min(12, len(arrays[0])), replace=False)
    found = exact.compute(case[0], tuple(a[sample] for a in arrays), case[2])
    for field in ("nearest", "rest", "exponent"):
        np.testing.assert_array_equal(getattr(found, field), getattr(true, field)[:, sample])


@pytest.mark.parametrize("dtype", DTYPES)
def test_distances_are_those_of_mpmath(dtype: str) -> None:
    """Also past the largest number, below the smallest, and where a term is larger than the number."""
    info = np.finfo(dtype)
    third = mp.mpf(1) / 3
    sizes = [1, -third, mp.mpf(float(info.max)) * 2, -mp.mpf(float(info.max)) * (1 - mp.mpf(float(info.eps)))]
    sizes += [mp.mpf(float(info.smallest_subnormal)) * third * 7, 0, third * mp.mpf(10) ** 30]
    scales = [0, 8, 0, 0, 0, 1, 0]
    cells = [exact.cell(x, scale, np.dtype(dtype)) for x, scale in zip(sizes, scales, strict=True)]
    nearest, rest, exponent = zip(*cells, strict=True)
    true = exact.Answers(np.array([nearest], dtype), np.array([rest], np.int8), np.array([exponent], np.int16))
    for steps in (0, 1, 3):
        found = true.nearest[0].copy()
        for _ in range(steps):
            found = np.nextafter(found, np.array(np.inf, dtype))
        np.testing.assert_allclose(true.distances(0, found), ulps(found, sizes, scales), rtol=0, atol=0.01)
    nothing = np.full(len(sizes), np.nan, dtype)
    assert np.isinf(true.distances(0, nothing)).all()
