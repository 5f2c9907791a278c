"""Arrays of the wrong shape, dtype or kind raise, with the loss, the argument, what was found and what is allowed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from calls import call, each, refused
from cases import CASES, arrays, record, required, small
from compare import assert_same_bits

import numloss as nl

pytestmark = pytest.mark.loops

WEIGHTED = [case for case in CASES if record(case).weighted]
SEVERAL = [case for case in CASES if len(record(case).inputs) > 1]


def of_dtype(array: np.ndarray[Any, Any], dtype: str) -> np.ndarray[Any, Any]:
    """An array of this dtype, whatever its numbers are then."""
    return np.zeros(array.shape, dtype) if dtype.startswith("V") else array.astype(dtype)


@pytest.mark.parametrize("case", each(SEVERAL))
def test_shapes_that_differ(case: str, backend: str) -> None:
    given = arrays(case, small(case), "float32")
    for k, name in enumerate(record(case).inputs[1:], 1):
        shapes = (given[k][:-1], given[k][:1], given[k][..., None], np.concatenate([given[k], given[k]]))
        if k in record(case).shared:
            shapes = (given[k][:, :-1], given[k][0], given[k][..., None])
        for wrong in shapes:
            changed = [*given]
            changed[k] = wrong
            with refused(ValueError, record(case).name, name, "shape", wrong.shape):
                call(case, backend, changed)


@pytest.mark.parametrize("case", each(WEIGHTED))
def test_weights_of_the_wrong_shape(case: str, backend: str) -> None:
    given = arrays(case, small(case), "float32")
    whole = small(case)
    for shape in ((whole[0] - 1,), (whole[0] + 1,), (1,), (*whole, 1), (1, *whole), ()):
        with refused(ValueError, record(case).name, "weight", shape):
            call(case, backend, given, weight=np.ones(shape))


@pytest.mark.parametrize("case", each(CASES))
def test_outputs_that_do_not_fit(case: str, backend: str) -> None:
    loss, given = record(case), arrays(case, small(case), "float32")
    first = given[loss.differentiable[0]]
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
    places = (out, *(np.empty_like(given[k]) for k in loss.differentiable[1:]))
    extra = {**required(case), "backend": backend, "out": places if len(places) > 1 else out}
    nl.value_and_grad(loss.function)(*given, **extra)


@pytest.mark.parametrize("case", each(CASES))
def test_outputs_that_overlap_an_input(case: str, backend: str) -> None:
    loss, given = record(case), list(arrays(case, small(case), "float32"))
    for k in (loss.differentiable[0], len(given) - 1):
        if given[k].dtype != np.float32 or given[k].shape != given[loss.differentiable[0]].shape:
            continue
        memory = np.empty(2 * given[k].size, np.float32)
        given[k] = memory[: given[k].size].reshape(given[k].shape)
        given[k][...] = arrays(case, small(case), "float32")[k]
        shifted = memory[1 : given[k].size + 1].reshape(given[k].shape)
        with refused(ValueError, loss.name, "out", "overlap"):
            call_gradient(case, backend, given, shifted)


@pytest.mark.parametrize("case", each(CASES))
def test_predictions_that_are_not_floating(case: str, backend: str) -> None:
    loss, given = record(case), list(arrays(case, small(case), "float64"))
    for position in loss.differentiable:
        for dtype in ("int64", "uint8", "bool", "complex128", "V2", "longdouble", "object", "U8", "M8[s]"):
            changed = [*given]
            changed[position] = of_dtype(np.abs(given[position]), dtype)
            with refused(TypeError, loss.name, loss.inputs[position], changed[position].dtype):
                call(case, backend, changed)


@pytest.mark.parametrize("case", [case for case in CASES if len(record(case).differentiable) > 1])
def test_what_is_differentiated_beside_the_first(case: str, backend: str) -> None:
    """Another floating dtype is read by elementwise losses, whose gradients have the first's; the others refuse it."""
    loss, given = record(case), list(arrays(case, small(case), "float32"))
    for position in loss.differentiable[1:]:
        changed = [*given]
        changed[position] = given[position].astype(np.float64)
        if loss.family == "elementwise":
            slopes_of = nl.grad(loss.function)
            narrow, wide = (slopes_of(*each, **required(case), backend=backend) for each in (given, changed))
            for slope, other in zip(wide, narrow, strict=True):
                assert_same_bits(slope, other)
        else:
            with refused(TypeError, loss.name, loss.inputs[position], "float64", loss.inputs[0], "float32"):
                call(case, backend, changed)


@pytest.mark.parametrize("case", each(SEVERAL))
def test_targets_and_weights_that_are_not_real(case: str, backend: str) -> None:
    loss, given = record(case), arrays(case, small(case), "float32")
    for k, name in enumerate(loss.inputs[1:], 1):
        for dtype in ("complex64", "V2", "longdouble", "object", "U8", "M8[s]"):
            changed = [*given]
            changed[k] = of_dtype(np.abs(given[k]), dtype)
            with refused(TypeError, loss.name, name, changed[k].dtype):
                call(case, backend, changed)
    for dtype in ("complex64", "V2", "object", "U8") if loss.weighted else ():
        with refused(TypeError, loss.name, "weight", np.dtype(dtype)):
            call(case, backend, given, weight=of_dtype(np.ones(small(case)), dtype))


@pytest.mark.parametrize("case", each(CASES))
def test_masked_arrays(case: str, backend: str) -> None:
    loss, given = record(case), arrays(case, small(case), "float32")
    for k, name in enumerate(loss.inputs):
        changed = [*given]
        changed[k] = np.ma.masked_array(given[k], mask=np.zeros_like(given[k], bool))
        with refused(TypeError, loss.name, name, "masked"):
            call(case, backend, changed)


@pytest.mark.parametrize("case", each(CASES))
@pytest.mark.parametrize("wrong", [None, "text", {"a": 1}, [[1.0], [1.0, 2.0]]], ids=str)
def test_what_is_no_array(case: str, backend: str, wrong: Any) -> None:
    given = arrays(case, small(case), "float32")
    for k in range(len(given)):
        changed = [*given]
        changed[k] = wrong
        with pytest.raises((TypeError, ValueError)):
            call(case, backend, changed)
