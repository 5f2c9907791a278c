"""Bad input raises the right exception, with the loss, the argument, the place, the value and what is allowed."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from inputs import CASES, DTYPES, NAMES, arrays, middle, outside, record, required, shapes, small, solid, weights

import numloss as nl
from numloss.domains import Domain

Array = np.ndarray[Any, Any]
WEIGHTED = [case for case in CASES if record(case).weighted]
SEVERAL = [case for case in CASES if len(record(case).inputs) > 1]


def call(case: str, backend: str, given: Any, **extra: Any) -> Any:
    return record(case).function(*given, **{**required(case), "backend": backend, **extra})


def refused(kind: type[Exception] | tuple[type[Exception], ...], *said: object) -> Any:
    """Raises this, and says all of these, in this order."""
    return pytest.raises(kind, match=".*".join(re.escape(str(part)) for part in said))


def number(value: Any) -> str:
    """How a message prints a number: enough of it to recognise."""
    return f"{value}"[:5]


# Shapes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", SEVERAL)
def test_shapes_that_differ(case: str, backend: str) -> None:
    given = arrays(case, small(case), "float32")
    for k, name in enumerate(record(case).inputs[1:], 1):
        for wrong in (given[k][:-1], given[k][:1], given[k][..., None], np.concatenate([given[k], given[k]])):
            changed = [*given]
            changed[k] = wrong
            with refused(ValueError, record(case).name, name, "shape", wrong.shape):
                call(case, backend, changed)


@pytest.mark.parametrize("case", WEIGHTED)
def test_weights_of_the_wrong_shape(case: str, backend: str) -> None:
    given = arrays(case, small(case), "float32")
    whole = small(case)
    for shape in ((whole[0] - 1,), (whole[0] + 1,), (1,), (*whole, 1), (1, *whole), ()):
        with refused(ValueError, record(case).name, "weight", shape):
            call(case, backend, given, weight=np.ones(shape))


@pytest.mark.parametrize("case", CASES)
def test_outputs_that_do_not_fit(case: str, backend: str) -> None:
    loss, given = record(case), arrays(case, small(case), "float32")
    first = given[loss.wrt[0]]
    short, wide, whole = first[:-1].copy(), first.astype(np.float64), first.astype(np.int32)
    fixed = np.empty_like(first)
    fixed.flags.writeable = False
    overlapping = np.broadcast_to(np.float32(0.0), first.shape)
    swapped = first.astype(first.dtype.newbyteorder())
    for wrong in (short, wide, whole, fixed, overlapping, swapped):
        with refused(ValueError, loss.name, "out"):
            call_gradient(case, backend, given, wrong)
    for wrong in ("text", 3.0, first.tolist()):
        with refused(TypeError, loss.name, "out"):
            call_gradient(case, backend, given, wrong)
    with refused(ValueError, loss.name, "out", "none"):
        call(case, backend, given, out=np.empty(small(case), np.float32), reduction="sum")


def call_gradient(case: str, backend: str, given: Any, out: Any) -> None:
    """Value and gradient, with this in the place of the first gradient."""
    loss = record(case)
    places = (out, *(np.empty_like(given[k]) for k in loss.wrt[1:]))
    extra = {**required(case), "backend": backend, "out": places if len(places) > 1 else out}
    nl.value_and_grad(loss.function)(*given, **extra)


@pytest.mark.parametrize("case", CASES)
def test_outputs_that_overlap_an_input(case: str, backend: str) -> None:
    loss, given = record(case), list(arrays(case, small(case), "float32"))
    for k in (loss.wrt[0], len(given) - 1):
        if given[k].dtype != np.float32 or given[k].shape != given[loss.wrt[0]].shape:
            continue
        memory = np.empty(2 * given[k].size, np.float32)
        given[k] = memory[: given[k].size].reshape(given[k].shape)
        given[k][...] = arrays(case, small(case), "float32")[k]
        shifted = memory[1 : given[k].size + 1].reshape(given[k].shape)
        with refused(ValueError, loss.name, "out", "overlap"):
            call_gradient(case, backend, given, shifted)


# Dtypes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_predictions_that_are_not_floating(case: str, backend: str) -> None:
    loss, given = record(case), list(arrays(case, small(case), "float64"))
    position = loss.wrt[0]
    for dtype in ("int64", "uint8", "bool", "complex128", "float16", "longdouble", "object", "U8", "M8[s]"):
        changed = [*given]
        changed[position] = np.abs(given[position]).astype(dtype)
        with refused(TypeError, loss.name, loss.inputs[position], changed[position].dtype):
            call(case, backend, changed)


@pytest.mark.parametrize("case", SEVERAL)
def test_targets_and_weights_that_are_not_real(case: str, backend: str) -> None:
    loss, given = record(case), arrays(case, small(case), "float32")
    for k, name in enumerate(loss.inputs[1:], 1):
        for dtype in ("complex64", "float16", "longdouble", "object", "U8", "M8[s]"):
            changed = [*given]
            changed[k] = np.abs(given[k]).astype(dtype)
            with refused(TypeError, loss.name, name, changed[k].dtype):
                call(case, backend, changed)
    for dtype in ("complex64", "float16", "object", "U8"):
        with refused(TypeError, loss.name, "weight", np.dtype(dtype)):
            call(case, backend, given, weight=np.ones(small(case)).astype(dtype))


@pytest.mark.parametrize("case", CASES)
def test_masked_arrays(case: str, backend: str) -> None:
    loss, given = record(case), arrays(case, small(case), "float32")
    for k, name in enumerate(loss.inputs):
        changed = [*given]
        changed[k] = np.ma.masked_array(given[k], mask=np.zeros_like(given[k], bool))
        with refused(TypeError, loss.name, name, "masked"):
            call(case, backend, changed)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("wrong", [None, "text", {"a": 1}, [[1.0], [1.0, 2.0]]], ids=str)
def test_what_is_no_array(case: str, backend: str, wrong: Any) -> None:
    given = arrays(case, small(case), "float32")
    for k in range(len(given)):
        changed = [*given]
        changed[k] = wrong
        with pytest.raises((TypeError, ValueError)):
            call(case, backend, changed)


# Values -------------------------------------------------------------------------------------------------------


def places(size: int) -> tuple[int, ...]:
    """First, last, and both sides of the edges of tiles and blocks."""
    return tuple(p for p in (0, 511, 512, 16383, 16384, size - 1) if p < size)


def checked_inputs(case: str) -> list[tuple[int, str, Domain]]:
    """Elementwise inputs whose domain excludes something."""
    loss = record(case)
    domains = [(k, name, loss.domains.get(name)) for k, name in enumerate(loss.inputs)]
    return [(k, name, domain) for k, name, domain in domains if domain is not None and loss.family == "elementwise"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", [case for case in CASES if checked_inputs(case)])
def test_values_outside_their_domain(case: str, backend: str, dtype: str) -> None:
    loss, shape = record(case), solid(case)
    given = arrays(case, shape, dtype)
    for k, name, domain in checked_inputs(case):
        for bad in outside(domain):
            for place in places(given[k].size):
                changed = [*given]
                changed[k] = given[k].copy()
                index = np.unravel_index(place, shape)
                changed[k][index] = bad
                where = ", ".join(str(i) for i in index)
                with refused(ValueError, loss.name, f"{name}[{where}] = {number(changed[k][index])}", domain.text):
                    call(case, backend, changed)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", [case for case in CASES if checked_inputs(case)])
def test_zero_where_only_positive_numbers_are_allowed(case: str, backend: str, dtype: str) -> None:
    given = arrays(case, small(case), dtype)
    for k, name, domain in checked_inputs(case):
        if 0.0 not in domain:
            changed = [*given]
            changed[k] = np.where(np.arange(7) == 5, 0.0, given[k]).astype(dtype)
            with refused(ValueError, record(case).name, f"{name}[5] = 0.0", domain.text):
                call(case, backend, changed)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("case", WEIGHTED)
def test_weights_that_are_negative_or_nan(case: str, backend: str, order: str) -> None:
    shape = solid(case)
    given = tuple(np.array(a, order=order) for a in arrays(case, shape, "float32"))
    for bad in (-1.0, math.nan, -math.inf):
        for place in places(math.prod(shape)):
            w = np.ones(shape, np.float32)
            index = np.unravel_index(place, shape)
            w[index] = bad
            where = ", ".join(str(i) for i in index)
            for reduction in ("mean", "sum", "none"):
                with refused(ValueError, record(case).name, f"weight[{where}] = {bad}", ">= 0"):
                    call(case, backend, given, weight=w, reduction=reduction)
            with refused(ValueError, f"weight[{where}] = {bad}"):
                nl.value_and_grad(record(case).function)(*given, **required(case), weight=w, backend=backend)
        sample = np.ones(shape[0])
        sample[2] = bad
        with refused(ValueError, "weight[2", f"= {bad}"):
            call(case, backend, given, weight=sample)


@pytest.mark.parametrize("case", [case for case in CASES if checked_inputs(case)])
def test_the_first_of_several_is_named_and_all_are_counted(case: str, backend: str) -> None:
    given = arrays(case, (20000,), "float32")
    k, name, _ = checked_inputs(case)[-1]
    changed = [*given]
    changed[k] = given[k].copy()
    changed[k][[700, 19000, 19999]] = np.nan
    with refused(ValueError, f"{name}[700] = nan", "3 of 20000"):
        call(case, backend, changed)


# Options ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_options_outside_their_domain(name: str, backend: str) -> None:
    loss, given = record(name), arrays(name, small(name), "float32")
    for option, domain in loss.domains.items():
        if option not in loss.defaults:
            continue
        for bad in {0.0, -1.0, 0.5, 1.0, 2.0, math.nan, math.inf, -math.inf}:
            if bad not in domain:
                with refused(ValueError, loss.name, option, domain.text, bad):
                    call(name, backend, given, **{option: bad})
        for wrong in ("text", [1.0, 2.0, 3.0], {}, 1j):
            with pytest.raises((TypeError, ValueError), match=option):
                call(name, backend, given, **{option: wrong})


@pytest.mark.parametrize("name", NAMES)
def test_unknown_options_are_named_with_those_that_exist(name: str, backend: str) -> None:
    loss, given = record(name), arrays(name, small(name), "float32")
    known = (*loss.defaults, "reduction", "out", "backend")
    with refused(TypeError, loss.name, "detla", *known):
        call(name, backend, given, detla=1.0)
    with pytest.raises(ValueError, match=r"reduction.*'mean', 'sum', 'none'.*'average'"):
        call(name, backend, given, reduction="average")
    with pytest.raises(ValueError, match=r"backend 'fortran'.*numba, cython, cuda"):
        call(name, "fortran", given)


@pytest.mark.parametrize("name", NAMES)
def test_too_many_and_too_few_arrays(name: str, backend: str) -> None:
    loss, given = record(name), arrays(name, small(name), "float32")
    with refused(TypeError, loss.name, len(given) + 1, *loss.inputs):
        call(name, backend, (*given, given[0]))
    with refused(TypeError, loss.name, loss.inputs[-1]):
        call(name, backend, given[:-1])
    with refused(TypeError, loss.name):
        call(name, backend, given, **{loss.inputs[0]: given[0]})


@pytest.mark.parametrize("name", [name for name in NAMES if not record(name).weighted])
def test_parameters_take_no_weight(name: str, backend: str) -> None:
    given = arrays(name, small(name), "float32")
    with refused(TypeError, name, "weight"):
        call(name, backend, given, weight=np.ones(7))
    with refused(TypeError, name, "mae or mse"):
        call(name, backend, (*given, given[0]))


# Nothing that counts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES)
def test_empty_batches(case: str, backend: str, dtype: str) -> None:
    loss = record(case)
    for shape in (shape for shape in shapes(case) if math.prod(shape) == 0):
        given = arrays(case, shape, dtype)
        for reduction in ("mean", "sum"):
            assert call(case, backend, given, reduction=reduction) == 0.0
        unreduced = call(case, backend, given, reduction="none")
        assert unreduced.shape == shape and unreduced.dtype == dtype
        slopes = nl.grad(loss.function)(*given, **required(case), backend=backend)
        for slope, k in zip(slopes if isinstance(slopes, tuple) else (slopes,), loss.wrt, strict=True):
            assert slope.shape == given[k].shape and slope.dtype == dtype


@pytest.mark.parametrize("case", WEIGHTED)
def test_weights_that_are_all_zero(case: str, backend: str) -> None:
    loss = record(case)
    for kind in weights(case)[1:]:
        for shape in (small(case), middle(case), solid(case)):
            given = arrays(case, shape, "float32")
            w = np.zeros(shape if kind == "full" else shape[:1])
            extra = {**required(case), "weight": w, "backend": backend}
            value, slopes = nl.value_and_grad(loss.function)(*given, **extra)
            assert value == 0.0
            assert all(not np.any(s) for s in (slopes if isinstance(slopes, tuple) else (slopes,)))
            assert nl.sum_and_weight(loss.function)(*given, **extra) == (0.0, 0.0)
