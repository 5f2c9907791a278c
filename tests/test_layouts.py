"""Any layout in memory, any dtype of targets and weights, any place for the results: the same numbers."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from calls import each
from cases import CASES, DTYPES, arrays, options, record, required, small, solid, stands_for_its_kind, weight, weights
from compare import assert_close, assert_same_bits, told
from seeds import SEED

import numloss as nl
from numloss.domains import REAL
from numloss.loops.codes import INDICATORS, MEMBERS, PLACED, SPREAD

pytestmark = pytest.mark.loops

Array = np.ndarray[Any, Any]
# Sums follow the order in memory, so that Fortran order is as fast as C order; they differ by roundings.
REORDERED = ("fortran", "axes swapped")
# Families that read a prediction again after a gradient is written.
SCATTERED = ("embedding", "action_value", "head", "similarity", "clouds")
# Cases that do so; losses of whole examples where several arrays have a gradient.
READ_AGAIN = [case for case in CASES if record(case).family in SCATTERED]
READ_AGAIN += [case for case in CASES if record(case).family == "examplewise" and len(record(case).differentiable) > 1]
ELEMENTWISE = [case for case in CASES if record(case).family == "elementwise"]


def zero_is_a_target(case: str) -> bool:
    """Whether False is in the domain of the targets."""
    return 0.0 in record(case).domains.get(record(case).inputs[1], REAL)


class Frame:
    """Like a data frame: no array, but it gives one."""

    def __init__(self, array: Array) -> None:
        self.array = array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return self.array


def strided(a: Array, axis: int) -> Array:
    """Every second entry of a larger array along an axis; the others are NaN or nonsense."""
    shape = list(a.shape)
    shape[axis] *= 2
    integer = a.dtype.kind in "iu"
    larger = np.full(shape, np.iinfo(a.dtype).max - 77 if integer else np.nan, a.dtype)
    view = larger[tuple(slice(None, None, 2 if k == axis % a.ndim else None) for k in range(a.ndim))]
    view[...] = a
    return view


def reversed_axes(a: Array) -> Array:
    """Negative strides on every axis."""
    backwards = (slice(None, None, -1),) * a.ndim
    return np.ascontiguousarray(a[backwards])[backwards]


def unaligned(a: Array) -> Array:
    """At an odd address."""
    raw = np.empty(a.nbytes + 1, np.uint8)
    view = raw[1:].view(a.dtype).reshape(a.shape)
    view[...] = a
    assert a.itemsize == 1 or not view.flags.aligned
    return view


def read_only(a: Array) -> Array:
    a = a.copy()
    a.flags.writeable = False
    return a


LAYOUTS: dict[str, Callable[[Array], Any]] = {
    "fortran": np.asfortranarray,
    "last axis strided": lambda a: strided(a, -1),
    "first axis strided": lambda a: strided(a, 0),
    "reversed": reversed_axes,
    "axes swapped": lambda a: np.ascontiguousarray(a.swapaxes(0, -1)).swapaxes(0, -1),
    "unaligned": unaligned,
    "read-only": read_only,
    "big-endian": lambda a: a.astype(a.dtype.newbyteorder(">")),
    "frame": Frame,
}


def everything(case: str, given: Any, **extra: Any) -> list[Array]:
    """Value and gradients, again with curvatures if there are any, as a flat list."""
    loss = record(case)
    transforms = (nl.value_and_grad, nl.value_grad_hess) if loss.curvature else (nl.value_and_grad,)
    parts = [part for transform in transforms for part in transform(loss.function)(*given, **required(case), **extra)]
    return [np.asarray(array) for part in parts for array in (part if isinstance(part, tuple) else (part,))]


def given_for(case: str, dtype: str) -> tuple[tuple[Array, ...], dict[str, Any]]:
    """Inputs and weight of several blocks."""
    shape = solid(case)
    kind = weights(case)[min(1, len(weights(case)) - 1)]
    w = weight(case, shape, dtype, kind)
    return arrays(case, shape, dtype), {} if w is None else {"weight": w}


def laid_out_cases() -> list[Any]:
    """Every case in every layout; those for which another stands in one layout, and with `more` in the others."""
    one = "last axis strided"
    return [
        pytest.param(layout, case, marks=() if layout == one or stands_for_its_kind(case) else pytest.mark.more)
        for layout in LAYOUTS
        for case in CASES
    ]


def assert_equal(found: list[Array], expected: list[Array], **facts: Any) -> None:
    for k, (a, b) in enumerate(zip(found, expected, strict=True)):
        with told(**facts, output=k):
            assert_same_bits(a, b)


@pytest.mark.parametrize(("layout", "case"), laid_out_cases())
def test_layouts_of_inputs(case: str, layout: str, backend: str) -> None:
    for dtype in DTYPES:
        given, extra = given_for(case, dtype)
        laid = tuple(LAYOUTS[layout](a) for a in given)
        laid_extra = {name: LAYOUTS[layout](w) for name, w in extra.items()}
        before = [np.asarray(a).tobytes() for a in (*laid, *laid_extra.values())]
        facts = {"loss": case, "backend": backend, "layout": layout, "dtype": dtype}
        found = everything(case, laid, **laid_extra, reduction="none", backend=backend)
        plain = everything(case, given, **extra, reduction="none", backend=backend)
        assert_equal(found, plain, **facts, reduction="none")
        assert before == [np.asarray(a).tobytes() for a in (*laid, *laid_extra.values())], "an input was changed"
        sums = everything(case, laid, **laid_extra, backend=backend), everything(case, given, **extra, backend=backend)
        if layout not in REORDERED:
            assert_equal(*sums, **facts, reduction="mean")
            continue
        for k, (a, b) in enumerate(zip(*sums, strict=True)):
            with told(**facts, reduction="mean", output=k):
                assert_close(a.astype(dtype), b, ulp=64, scale=1.0)


@pytest.mark.parametrize("case", each(CASES))
def test_one_input_laid_out_differently(case: str, backend: str) -> None:
    given, extra = given_for(case, "float32")
    expected = everything(case, given, **extra, reduction="none", backend=backend)
    for k in range(len(given)):
        for layout in ("fortran", "reversed", "last axis strided"):
            laid = [*given]
            laid[k] = LAYOUTS[layout](laid[k])
            found = everything(case, laid, **extra, reduction="none", backend=backend)
            assert_equal(found, expected, loss=case, backend=backend, layout=layout, input=record(case).inputs[k])


@pytest.mark.parametrize("case", each(CASES))
def test_broadcast_views(case: str, backend: str) -> None:
    given, extra = given_for(case, "float64")
    for first in (lambda a: a[:1], lambda a: a[..., :1]):
        views = tuple(np.broadcast_to(first(a), a.shape) for a in given)
        copies = tuple(np.ascontiguousarray(v) for v in views)
        found = everything(case, views, **extra, reduction="none", backend=backend)
        assert_equal(found, everything(case, copies, **extra, reduction="none", backend=backend))


@pytest.mark.parametrize("case", each(CASES))
def test_lists(case: str, backend: str) -> None:
    given = arrays(case, small(case), "float64")
    found = everything(case, [a.tolist() for a in given], reduction="sum", backend=backend)
    assert_equal(found, everything(case, given, reduction="sum", backend=backend))


@pytest.mark.parametrize("case", each(ELEMENTWISE))
def test_no_axes(case: str, backend: str) -> None:
    given = arrays(case, (1,), "float64")
    scalars = tuple(a.reshape(a.shape[1:]) for a in given)
    for value, array in zip(
        everything(case, scalars, reduction="none", backend=backend),
        everything(case, given, reduction="none", backend=backend),
        strict=True,
    ):
        assert value.shape == array.shape[1:]
        assert_same_bits(value, array[0])


NUMBERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", each(CASES))
def test_every_dtype_of_targets_and_weights(case: str, backend: str, dtype: str) -> None:
    loss = record(case)
    given, extra = given_for(case, dtype)
    others = [k for k in range(len(given)) if k not in loss.differentiable]
    for kind in NUMBERS:
        whole, same = list(given), list(given)
        for k in others:
            if given[k].dtype.kind == "f" and kind.startswith("float"):
                same[k] = given[k].astype(kind)
                whole[k] = same[k].astype(dtype)
            elif given[k].dtype.kind == "f" and loss.family == "elementwise":
                domain = loss.domains.get(loss.inputs[k], REAL)
                if 0.0 not in domain and 1.0 not in domain:
                    continue  # no whole number lies in it
                rounded, low = np.rint(given[k]), domain.ends(dtype)[0]
                low = max(low, 0.0) if kind.startswith("u") else low
                rounded = np.where(rounded < low, np.abs(rounded) + (low > 0.0), rounded)
                same[k], whole[k] = rounded.astype(kind), rounded + 0.0  # integers have no -0.0
            elif given[k].dtype.kind == "i" and not kind.startswith("float"):
                whole[k] = np.where(given[k] < 0, 0, given[k])
                same[k] = whole[k].astype(kind)
        for name, w in extra.items():
            extra[name] = np.rint(w)
        converted = {name: w.astype(kind) for name, w in extra.items()}
        found = everything(case, same, **converted, backend=backend)
        plain = everything(case, whole, **extra, backend=backend)
        assert_equal(found, plain, loss=case, backend=backend, targets_and_weights=kind, dtype=dtype)


# Targets that are numbers, of each class or of a row.
OF_NUMBERS = (INDICATORS, MEMBERS, PLACED, SPREAD)
INDICATED = [case for case in CASES if record(case).rows.get("target") in OF_NUMBERS]


@pytest.mark.parametrize("case", [case for case in CASES if record(case).family == "rowwise" and case not in INDICATED])
def test_booleans_are_neither_labels_nor_distributions(case: str, backend: str) -> None:
    pred, target = arrays(case, small(case), "float32")
    with pytest.raises((TypeError, ValueError), match=r"target has .*dtype bool"):
        everything(case, (pred, target > 0), backend=backend)


COUNTED = [
    case for case in ELEMENTWISE
    if weights(case)[1:] and zero_is_a_target(case) and 1 not in record(case).differentiable
]  # fmt: skip


@pytest.mark.parametrize("case", each([*COUNTED, *INDICATED]))
def test_booleans_are_zero_and_one(case: str, backend: str) -> None:
    given, extra = given_for(case, "float32")
    chosen = given[1] > np.median(given[1])
    found = everything(case, (given[0], chosen, *given[2:]), weight=extra["weight"] > 0.5, backend=backend)
    numbers = (given[0], chosen.astype(np.int8), *given[2:])
    assert_equal(found, everything(case, numbers, weight=(extra["weight"] > 0.5).astype(np.int8), backend=backend))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", each(CASES))
def test_where_results_are_written(case: str, backend: str, dtype: str) -> None:
    loss, (given, extra) = record(case), given_for(case, dtype)
    extra |= {**required(case), "backend": backend}
    value, slopes = nl.value_and_grad(loss.function)(*given, **extra)
    several = isinstance(slopes, tuple)
    slopes = slopes if several else (slopes,)
    places: dict[str, Callable[[Array], Array]] = {
        "C": lambda a: np.full_like(a, np.nan, order="C"),
        "F": lambda a: np.full_like(a, np.nan, order="F"),
        "strided": lambda a: strided(np.full_like(a, np.nan), -1),
        "reversed": lambda a: reversed_axes(np.full_like(a, np.nan)),
    }
    for name, make in places.items():
        out = tuple(make(slope) for slope in slopes)
        again, returned = nl.value_and_grad(loss.function)(*given, **extra, out=out if several else out[0])
        with told(loss=case, backend=backend, layout_of_out=name, dtype=dtype):
            assert again == value
            for place, got, slope in zip(out, returned if several else (returned,), slopes, strict=True):
                assert got is place
                assert_same_bits(got, slope)


@pytest.mark.parametrize(
    "shape", [(70, 5), (70, 11), (70, 40), (9, 300), (3, 5, 40), (3, 20, 40), (2, 7, 3, 5)], ids=str
)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_rows_of_any_length_in_any_layout(shape: tuple[int, ...], layout: str, backend: str) -> None:
    """Each length of rows and each place of the class axis has a loop of its own."""
    random = np.random.default_rng(SEED)
    labels = random.integers(0, shape[1], shape[:1] + shape[2:])
    places = (np.ascontiguousarray, np.asfortranarray, lambda a: strided(a, 0), reversed_axes)
    for dtype in DTYPES:
        pred = random.standard_normal(shape).astype(dtype)
        value, slope = nl.value_and_grad(nl.cross_entropy)(pred, labels, axis=1, backend=backend)
        laid = LAYOUTS[layout](pred)
        outs = [None, *(place(np.full(shape, np.nan, dtype)) for place in places)]
        for k, out in enumerate(outs):
            found, written = nl.value_and_grad(nl.cross_entropy)(laid, labels, axis=1, backend=backend, out=out)
            assert out is None or written is out
            with told(loss="cross_entropy", backend=backend, layout=layout, shape=shape, dtype=dtype, place_of_out=k):
                assert_close(np.asarray(found, dtype), np.asarray(value, dtype), ulp=4, scale=value)
                assert_close(written, slope, ulp=8, scale=0.0)


@pytest.mark.parametrize("case", READ_AGAIN)
def test_a_gradient_that_would_overwrite_what_is_still_read_is_refused(case: str, backend: str) -> None:
    loss, given = record(case), arrays(case, small(case), "float32")
    places = tuple(given[k] for k in loss.differentiable)
    with pytest.raises(ValueError, match=f"{loss.name}: out for the gradient.* overlaps"):
        nl.value_and_grad(loss.function)(*given, backend=backend, out=places if len(places) > 1 else places[0])


@pytest.mark.parametrize("case", each([case for case in CASES if case not in READ_AGAIN]))
def test_the_gradient_may_replace_the_prediction(case: str, backend: str) -> None:
    loss, (given, extra) = record(case), given_for(case, "float32")
    extra |= {**required(case), "backend": backend}
    for reduction in ("mean", "none"):
        expected = nl.value_and_grad(loss.function)(*given, **extra, reduction=reduction)
        work = [a.copy() for a in given]
        places = tuple(work[k] for k in loss.differentiable)
        out = places if len(places) > 1 else places[0]
        value, _ = nl.value_and_grad(loss.function)(*work, **extra, reduction=reduction, out=out)
        assert_same_bits(np.asarray(value), np.asarray(expected[0]))
        for place, exact in zip(places, expected[1] if len(places) > 1 else (expected[1],), strict=True):
            assert_same_bits(place, exact)


@pytest.mark.parametrize("case", each(CASES))
def test_unreduced_values_are_written_where_asked(case: str, backend: str) -> None:
    loss, (given, extra) = record(case), given_for(case, "float64")
    extra |= {**required(case), "backend": backend, "reduction": "none"}
    expected = loss.function(*given, **extra)
    for order in ("C", "F"):
        out = np.full_like(expected, np.nan, order=order)
        assert loss.function(*given, **extra, out=out) is out
        assert_same_bits(out, expected)


# Columns of several lengths: 5, 300 and 5000 classes.
LONG = ((7,), (11,), (3,))


@pytest.mark.parametrize("case", [case for case in CASES if record(case).family in ("rowwise", "distilled")])
def test_rows_with_every_option_do_not_depend_on_where_slopes_are_written(case: str, backend: str) -> None:
    loss = record(case)
    places: dict[str, Callable[[Array], Array]] = {
        "F": lambda a: np.full_like(a, np.nan, order="F"),
        "strided": lambda a: strided(np.full_like(a, np.nan), -1),
        "itself": lambda a: a.copy(),
    }
    for option, shape in itertools.product(options(case), LONG):
        given = arrays(case, shape, "float32")
        value, slope = nl.value_and_grad(loss.function)(*given, **option, backend=backend)
        for name, make in places.items():
            out = make(given[0])
            moved = (out if name == "itself" else given[0], *given[1:])
            again, _ = nl.value_and_grad(loss.function)(*moved, **option, backend=backend, out=out)
            with told(loss=case, options=option, shape=shape, layout_of_out=name):
                assert again == value
                assert_same_bits(out, slope)
