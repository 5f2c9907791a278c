"""Numbers of 16 bits: read and written as the nearest ones, by every loss, in any layout; computed with in float32."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from calls import refused
from cases import CASES, arrays, record, required, small, solid, weight, weights
from compare import assert_same_bits, told
from seeds import SEED
from test_layouts import everything, reversed_axes, strided

import numloss as nl
from numloss.backends.host import HostBackend
from numloss.dispatch import load

pytestmark = pytest.mark.loops

Array = np.ndarray[Any, Any]
# What is read and written is a matter of the family: one loss of each, and the others with `more`.
FIRST = {record(case).family: case for case in reversed(CASES)}.values()
OF_FAMILIES = [case if case in FIRST else pytest.param(case, marks=pytest.mark.more) for case in CASES]
# Families whose arrays are never copied whole.
READ_IN_BLOCKS = ("elementwise", "parameterwise", "rowwise", "embedding", "regional", "action_value", "ranked")
FLOAT16, BFLOAT16 = np.dtype(np.float16), nl.bfloat16
HALVES = pytest.mark.parametrize("half", [FLOAT16, BFLOAT16], ids=["float16", "bfloat16"])


def widened(halves: Array) -> Array:
    """As float32, by NumPy."""
    if halves.dtype != BFLOAT16:
        return halves.astype(np.float32)
    return (halves.view(np.uint16).astype(np.uint32) << 16).view(np.float32)


def halved(numbers: Array, half: np.dtype[Any]) -> Array:
    """The nearest numbers of 16 bits, by NumPy: of bfloat16 by float64, where what is nearest is told exactly."""
    if half == FLOAT16:
        with np.errstate(over="ignore"):
            return numbers.astype(np.float16)
    found = np.asarray(numbers, np.float32)
    below = found.view(np.uint32) >> 16
    with np.errstate(invalid="ignore"):
        ends = (found, (below << 16).view(np.float32), ((below + 1) << 16).view(np.float32))
        exact, low, high = (np.abs(number.astype(np.float64)) for number in ends)
        # past the largest there is infinity, which is as far away as the next number would be
        high = np.where(np.isinf(high), 2.0**128, high)
        up = np.where(exact - low == high - exact, below & 1 == 1, high - exact < exact - low)
    return np.where(np.isnan(found), 0x7FC0, below + up).astype(np.uint16).view(BFLOAT16)


def as_halves(given: tuple[Array, ...], half: np.dtype[Any]) -> tuple[Array, ...]:
    """Every floating input in 16 bits."""
    return tuple(halved(a, half) if a.dtype.kind == "f" else a for a in given)


@HALVES
def test_every_pattern_is_read_as_numpy_reads_it(half: np.dtype[Any], each_backend: str) -> None:
    patterns = np.arange(1 << 16, dtype=np.uint16).view(half)
    found = np.empty(patterns.shape, np.float32)
    load(each_backend).convert(patterns, found)
    assert found.tobytes() == widened(patterns).tobytes()


@HALVES
def test_numbers_are_rounded_to_the_nearest(half: np.dtype[Any], each_backend: str) -> None:
    exact = widened(np.arange(1 << 16, dtype=np.uint16).view(half))
    exact = np.sort(exact[np.isfinite(exact)])
    middle = (exact[:-1].astype(np.float64) + exact[1:]) / 2
    ends = np.float32([np.inf, -np.inf, np.nan, 65519.996, 65520.0, 3.3961e38, 3.4028e38, 2.0**-25, 2.0**-150])
    near = [np.nextafter(np.float32(middle), np.float32(side)) for side in (-np.inf, np.inf)]
    random = np.random.default_rng(SEED).integers(0, 1 << 32, 1 << 17, dtype=np.uint32).view(np.float32)
    numbers = np.concatenate([exact, np.float32(middle), *near, ends, random])
    found = np.empty(numbers.shape, half)
    load(each_backend).convert(numbers, found)
    expected = widened(halved(numbers, half))
    assert_same_bits(widened(found), expected)


def assert_stored(case: str, given: tuple[Array, ...], half: np.dtype[Any], backend: str, **extra: Any) -> None:
    """The answers to what is stored in 16 bits are those to the same numbers in float32; gradients are rounded."""
    wide = tuple(widened(a) if a.dtype == half else a for a in given)
    plain = {name: widened(value) if getattr(value, "dtype", None) == half else value for name, value in extra.items()}
    found = everything(case, given, **extra, backend=backend)
    expected = everything(case, wide, **plain, backend=backend)
    values = [0, len(found) - 1 - 2 * len(record(case).differentiable)] if record(case).curvature else [0]
    for k, (a, b) in enumerate(zip(found, expected, strict=True)):
        with told(loss=case, half=half, output=k, shape=given[0].shape):
            if k in values:
                assert_same_bits(a, b)
            else:
                assert a.dtype == half
                assert_same_bits(widened(a), widened(halved(b, half)))


@HALVES
@pytest.mark.parametrize("case", OF_FAMILIES)
def test_every_loss_reads_and_writes_sixteen_bits(case: str, half: np.dtype[Any], backend: str) -> None:
    for shape in dict.fromkeys((small(case), solid(case))):
        given = as_halves(arrays(case, shape, "float32", ends=False), half)
        w = weight(case, shape, "float32", weights(case)[-1])
        assert_stored(case, given, half, backend)
        assert_stored(case, given, half, backend, **({} if w is None else {"weight": halved(w, half)}))
        assert_stored(case, given, half, backend, reduction="none")


@pytest.mark.parametrize("case", [case for case in FIRST if record(case).family in READ_IN_BLOCKS])
def test_arrays_are_read_a_block_at_a_time(case: str, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = as_halves(arrays(case, small(case), "float32", ends=False), FLOAT16)
    # what copies whole arrays to float32, and back
    monkeypatch.setattr(HostBackend, "convert", None)
    nl.value_and_grad(record(case).function)(*given, **required(case), backend=backend)


def test_vectors_are_copied_once(backend: str) -> None:
    vectors = np.random.default_rng(SEED).normal(size=(2, 64, 512)).astype(np.float32)
    step, most = nl.value_and_grad(nl.info_nce), []
    for given in (vectors, vectors.astype(np.float16)):
        step(*given, backend=backend)
        tracemalloc.start()
        step(*given, backend=backend)
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # directions are in float32, and gradients before they are rounded
    assert most[1] <= most[0]


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "fortran": np.asfortranarray,
    "last axis strided": lambda a: strided(a.view(np.uint16), -1).view(a.dtype),
    "reversed": reversed_axes,
}


@HALVES
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("case", OF_FAMILIES)
def test_sixteen_bits_in_any_layout(case: str, layout: str, half: np.dtype[Any], backend: str) -> None:
    given = as_halves(arrays(case, solid(case), "float32", ends=False), half)
    laid = tuple(LAYOUTS[layout](a) if a.dtype == half else a for a in given)
    found = everything(case, laid, reduction="none", backend=backend)
    expected = everything(case, given, reduction="none", backend=backend)
    for k, (a, b) in enumerate(zip(found, expected, strict=True)):
        with told(loss=case, half=half, layout=layout, output=k):
            assert_same_bits(*(widened(x) if x.dtype == half else x for x in (a, b)))


@HALVES
@pytest.mark.parametrize("case", OF_FAMILIES)
def test_gradients_go_where_they_are_wanted(case: str, half: np.dtype[Any], backend: str) -> None:
    loss, given = record(case), as_halves(arrays(case, small(case), "float32", ends=False), half)
    options = {**required(case), "backend": backend}
    wide = tuple(widened(a) if a.dtype == half else a for a in given)
    value, slopes = nl.value_and_grad(loss.function)(*wide, **options)
    slopes = slopes if isinstance(slopes, tuple) else (slopes,)
    for dtype in (np.dtype(np.float32), half):
        out = tuple(np.zeros(slope.shape, dtype) for slope in slopes)
        asked = out if len(out) > 1 else out[0]
        for _ in range(2):  # the second call may replay a plan of the first
            again, returned = nl.value_and_grad(loss.function)(*given, **options, out=asked)
            assert again == value
            assert (returned if len(out) > 1 else (returned,))[0] is out[0]
            for place, slope in zip(out, slopes, strict=True):
                expected = slope if dtype != half else widened(halved(slope, half))
                assert_same_bits(place if dtype != half else widened(place), expected)


@HALVES
@pytest.mark.parametrize("case", OF_FAMILIES)
def test_some_arrays_of_sixteen_bits_beside_others(case: str, half: np.dtype[Any], backend: str) -> None:
    loss, given = record(case), as_halves(arrays(case, small(case), "float32", ends=False), half)
    options, function = {**required(case), "backend": backend}, nl.value_and_grad(loss.function)
    wide = tuple(widened(a) if a.dtype == half else a for a in given)
    (value, slope), chosen = function(*wide, **options), loss.differentiable
    if len(chosen) > 1:
        return  # what is differentiated has one dtype
    own, rounded = given[chosen[0]], widened(halved(slope, half))
    for mixed in (given, tuple(given[k] if k in chosen else a for k, a in enumerate(wide))):
        again, found = function(*mixed, **options)
        assert (again, found.dtype) == (value, half)
        assert_same_bits(widened(found), rounded)
    again, found = function(*(wide[k] if k in chosen else a for k, a in enumerate(given)), **options)
    assert again == value
    assert_same_bits(found, slope)
    try:
        function(*wide, **options, out=wide[chosen[0]])
    except ValueError:
        return  # the prediction is read until the end
    instead = own.copy()
    again, found = function(*(instead if k in chosen else a for k, a in enumerate(given)), **options, out=instead)
    assert again == value
    assert found is instead
    assert_same_bits(widened(found), rounded)


@HALVES
def test_gradients_of_a_combination_are_rounded_once(half: np.dtype[Any], backend: str) -> None:
    pred, target = as_halves(arrays("huber", (70,), "float32"), half)
    both = nl.combine((0.3, nl.huber), (1.7, nl.mse))
    value, slope = nl.value_and_grad(both)(widened(pred), widened(target), backend=backend)
    found = nl.value_and_grad(both)(pred, target, backend=backend)
    assert found[0] == value
    assert found[1].dtype == half
    assert_same_bits(widened(found[1]), widened(halved(slope, half)))
    out = np.zeros(70, np.float32)
    assert_same_bits(nl.value_and_grad(both)(pred, target, backend=backend, out=out)[1], slope)
    assert nl.value_and_grad(both)(pred, target, backend=backend, out=pred)[1] is pred
    assert_same_bits(widened(pred), widened(halved(slope, half)))


@HALVES
def test_gradients_that_overlap_are_refused(half: np.dtype[Any], backend: str) -> None:
    step, vectors, out = nl.value_and_grad(nl.info_nce), np.zeros((4, 3), half), np.zeros((4, 3), half)
    with refused(ValueError, "info_nce: the arrays of out overlap each other"):
        step(vectors, vectors, out=(out, out), backend=backend)
    shared = np.zeros((5, 3), half)
    with refused(ValueError, "info_nce: out for the gradient overlaps"):
        step(shared[:4], vectors, out=(out, shared[1:]), backend=backend)


def test_bytes_without_a_name_are_refused(backend: str) -> None:
    with refused(TypeError, "mse: pred has dtype |V2", "pred.view(numloss.bfloat16)"):
        nl.mse(np.zeros(3, "V2"), np.zeros(3, np.float32), backend=backend)


@HALVES
def test_values_are_not_stored_in_sixteen_bits(half: np.dtype[Any], backend: str) -> None:
    pred, target = np.zeros(3, half), np.zeros(3, np.float32)
    with refused(ValueError, "mse: out for the values has shape (3,) and dtype", "must have (3,) and float32"):
        nl.mse(pred, target, reduction="none", out=np.zeros(3, half), backend=backend)
    assert nl.mse(pred, target, reduction="none", backend=backend).dtype == np.float32


@HALVES
def test_a_bad_number_is_told_as_it_was_given(half: np.dtype[Any], backend: str) -> None:
    pred = halved(np.float32([0.5, 0.25, 1.5]), half)
    with refused(ValueError, "bce: pred[2] = 1.5"):
        nl.bce(pred, np.ones(3, np.float32), backend=backend)
    w = halved(np.float32([1.0, -2.0, 1.0]), half)
    with refused(ValueError, "mse: weight[1] = -2"):
        nl.mse(np.zeros(3, half), np.zeros(3, np.float32), weight=w, backend=backend)
