"""What a call writes to: any layout gives the same bits; memory that is read or written twice is refused untouched."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from calls import each
from cases import CASES, DTYPES, arrays, record, required, small, weight
from compare import assert_close, assert_same_bits, told
from numpy.lib.stride_tricks import as_strided, sliding_window_view

import numloss as nl
from numloss.loops.codes import LABELS
from numloss.registry import Loss

pytestmark = pytest.mark.loops

Array = np.ndarray[Any, Any]


@dataclass
class Call:
    """A loss with everything that it reads as arrays, by name, and what else it is called with."""

    loss: Loss
    inputs: dict[str, Array]
    arrays: dict[str, Array]
    rest: dict[str, Any]

    def __call__(self, mode: str, changed: dict[str, Array] | None = None, **extra: Any) -> Any:
        given = {**self.inputs, **self.arrays, **(changed or {})}
        inputs = [given.pop(name) for name in self.inputs]
        function, options = MODES[mode]
        return function(self.loss.function)(*inputs, **given, **self.rest, **options, **extra)

    @property
    def read(self) -> dict[str, Array]:
        return {**self.inputs, **self.arrays}

    def modes(self) -> list[str]:
        """The values, the gradient, and both with the curvature if there is any."""
        return list(MODES) if self.loss.curvature else list(MODES)[:3]

    def slots(self, mode: str) -> list[Array]:
        """What a mode writes to, one array after the other, as it is made where nobody gives any."""
        found = self(mode)
        return flat(found if mode == "values" else found[1:])

    def out(self, mode: str, written: list[Array]) -> Any:
        """These arrays as the mode takes them."""
        if mode == "values":
            return written[0]
        half = len(written) // 2 if mode == "curvature" else len(written)
        parts = [tuple(written[k : k + half]) for k in range(0, len(written), half)]
        taken = tuple(part if half > 1 else part[0] for part in parts)
        return taken if mode == "curvature" else taken[0]


MODES: dict[str, tuple[Callable[[Any], Any], dict[str, Any]]] = {
    "values": (lambda loss: loss, {"reduction": "none"}),
    "gradient": (nl.value_and_grad, {}),
    "gradient of each": (nl.value_and_grad, {"reduction": "none"}),
    "curvature": (nl.value_grad_hess, {}),
}


def flat(answer: Any) -> list[Any]:
    return [leaf for part in answer for leaf in flat(part)] if isinstance(answer, tuple) else [answer]


def everything(case: str, backend: str, dtype: str = "float32", weighted: str = "full") -> Call:
    """A small call of a case with every array that it can read."""
    loss, shape = record(case), small(case)
    inputs = dict(zip(loss.inputs, arrays(case, shape, dtype), strict=True))
    options: dict[str, Any] = {**required(case), "backend": backend}
    found = {name: np.asarray(options.pop(name)) for name in list(options) if isinstance(options[name], tuple)}
    w = weight(case, shape, dtype, weighted) if loss.weighted else None
    if w is not None:
        found["weight"] = w
    first = inputs[loss.inputs[0]]
    classes = inputs["classifier"].shape[0] if loss.family == "head" else first.shape[-1 if first.ndim == 1 else 1]
    labelled = loss.rows.get("target", LABELS) in (LABELS, None) and "distributions" not in case
    of_classes = {"counts", "prior", "bias"} | ({"class_weight", loss.rows.get("factor")} if labelled else set())
    if loss.family in ("rowwise", "distilled", "head"):
        found |= {name: np.full(classes, 0.5, dtype) for name in loss.defaults if name in of_classes}
    found |= {name: np.full(first.shape, 0.25, dtype) for name in loss.per_element}
    if "next_action" in loss.defaults:
        found["next_action"] = np.zeros(shape, np.int64)
    return Call(loss, inputs, found, {name: value for name, value in options.items() if name not in found})


# Where an array to write begins, in its own elements, seen from one that is read.
Place = Callable[[int, int], int]
PLACES: dict[str, Place] = {
    "at the same place": lambda read, written: 0,
    "one further": lambda read, written: 1,
    "one before": lambda read, written: -1,
    "at its last": lambda read, written: read - 1,
    "with its last at the first": lambda read, written: 1 - written,
}


def together(read: Array, written: Array, place: Place) -> tuple[Array, Array, Array]:
    """Copies in one piece of memory: what is read, what is written, and the memory."""
    item = written.itemsize
    shift = place(max(1, read.nbytes // item), written.size) * item
    memory = np.full(read.nbytes + written.nbytes + abs(shift) + 16 * item, 0x3F, np.uint8)
    first = max(0, -shift) // 8 * 8 + 8
    one = memory[first : first + read.nbytes].view(read.dtype).reshape(read.shape)
    other = memory[first + shift : first + shift + written.nbytes].view(written.dtype).reshape(written.shape)
    one[...] = read
    return one, other, memory


def with_one_together(call: Call) -> Iterator[tuple[str, str, int, str, Array, list[Array], Array]]:
    """Every array that is written, in one memory with every one that is read."""
    for mode in call.modes():
        slots = call.slots(mode)
        for k, (name, read) in itertools.product(range(len(slots)), call.read.items()):
            for word, place in PLACES.items():
                if read.size and slots[k].size:
                    one, other, memory = together(read, slots[k], place)
                    if np.shares_memory(one, other):
                        written = [np.full_like(slot, np.nan) for slot in slots]
                        written[k] = other
                        yield mode, name, k, word, one, written, memory


KINDS = [("float32", "full"), ("float32", "none"), pytest.param("float64", "sample", marks=pytest.mark.more)]


@pytest.mark.parametrize(("dtype", "weighted"), KINDS)
@pytest.mark.parametrize("case", CASES)
def test_out_that_shares_memory_with_any_array_of_the_call(case: str, backend: str, dtype: str, weighted: str) -> None:
    """Right numbers, which only an input that is replaced may give, or a refusal before anything is written.

    Calls without weights are known when they come again, and replayed.
    """
    call = everything(case, backend, dtype, weighted)
    expected = {mode: flat(call(mode)) for mode in call.modes()}
    for mode, name, k, word, one, written, memory in with_one_together(call):
        before = memory.tobytes()
        with told(loss=case, backend=backend, mode=mode, read=name, written=k, place=word):
            try:
                answer = flat(call(mode, {name: one}, out=call.out(mode, written)))
            except ValueError as error:
                assert str(error).startswith(f"{call.loss.name}: out ") and "overlaps" in str(error), error
                assert f"overlaps {name}" in str(error) or np.shares_memory(one, written[k])
                assert memory.tobytes() == before
            else:
                assert name in call.loss.inputs or name in call.loss.per_element
                assert word == "at the same place"
                for found, exact in zip(answer, expected[mode], strict=True):
                    assert_same_bits(np.asarray(found), np.asarray(exact))


@pytest.mark.parametrize("case", each(CASES))
def test_outs_that_share_memory_with_each_other(case: str, backend: str) -> None:
    call = everything(case, backend)
    for mode in call.modes():
        slots = call.slots(mode)
        for j, k in itertools.combinations(range(len(slots)), 2):
            for place in PLACES.values():
                one, other, memory = together(np.full_like(slots[j], 2.0), slots[k], place)
                written = [np.full_like(slot, np.nan) for slot in slots]
                written[j], written[k], before = one, other, memory.tobytes()
                if not np.shares_memory(one, other):
                    continue
                with pytest.raises(ValueError, match="arrays of out overlap each other"):
                    call(mode, out=call.out(mode, written))
                assert memory.tobytes() == before


def windows(shape: tuple[int, ...], dtype: Any) -> Iterator[tuple[Array, Array]]:
    """Arrays whose elements share memory, and the memory."""
    size = int(np.prod(shape))
    for axis in range(len(shape)):
        if shape[axis] > 1:
            whole = np.full(size, 7.0, dtype)
            steps = [whole.itemsize * int(np.prod(shape[k + 1 :])) for k in range(len(shape))]
            yield as_strided(whole, shape, [0 if k == axis else step for k, step in enumerate(steps)]), whole
    if shape[-1] > 1 and size > shape[-1]:
        whole = np.full(size, 7.0, dtype)
        moving = sliding_window_view(whole[: size // shape[-1] + shape[-1] - 1], shape[-1], writeable=True)
        yield moving.reshape(shape) if moving.reshape(shape).base is not None else moving, whole
    raw = np.full(size * np.dtype(dtype).itemsize + 8, 7, np.uint8)
    if size > 1 and len(shape) == 1:  # half an element further each time
        yield as_strided(raw[:8].view(dtype), shape, [np.dtype(dtype).itemsize // 2]), raw


@pytest.mark.parametrize("case", each(CASES))
def test_out_whose_own_elements_share_memory(case: str, backend: str) -> None:
    call = everything(case, backend)
    for mode in call.modes():
        slots = call.slots(mode)
        for k, slot in enumerate(slots):
            for view, memory in windows(slot.shape, slot.dtype):
                if view.shape != slot.shape or not np.shares_memory(view, memory):
                    continue
                written = [np.full_like(other, np.nan) for other in slots]
                written[k], before = view, memory.tobytes()
                with told(loss=case, backend=backend, mode=mode, written=k, strides=view.strides):
                    with pytest.raises(ValueError, match=r"has elements that overlap each other|aligned"):
                        call(mode, out=call.out(mode, written))
                    assert memory.tobytes() == before


def interleaved(given: list[Array], axis: int) -> list[Array]:
    """Arrays of one shape as every so many rows, or columns, of one table."""
    table = np.stack(given, axis=axis)
    return [np.moveaxis(table, axis, 0)[k] for k in range(len(given))]


@pytest.mark.parametrize("case", each(CASES))
def test_columns_of_one_table(case: str, backend: str) -> None:
    """What lies between the elements of another array is memory of its own."""
    call = everything(case, backend)
    for mode, axis in itertools.product(call.modes(), (0, 1, -1)):
        slots, expected = call.slots(mode), flat(call(mode))
        kinds = {(slot.shape, slot.dtype) for slot in slots if slot.ndim}
        changed, written = {}, [np.full_like(slot, np.nan) for slot in slots]
        for shape, dtype in kinds:
            names = [name for name, array in call.read.items() if (array.shape, array.dtype) == (shape, dtype)]
            places = [k for k, slot in enumerate(slots) if (slot.shape, slot.dtype) == (shape, dtype)]
            parts = interleaved([*(call.read[name] for name in names), *(written[k] for k in places)], axis)
            changed |= dict(zip(names, parts, strict=False))
            for k, part in zip(places, parts[len(names) :], strict=True):
                written[k] = part
        with told(loss=case, backend=backend, mode=mode, axis=axis):
            plain = {name: np.ascontiguousarray(array) for name, array in changed.items()}
            answer = flat(call(mode, changed, out=call.out(mode, written)))
            assert all(np.array_equal(changed[name], array) for name, array in plain.items())
            for found, exact in zip(answer, expected, strict=True):
                assert_close(np.asarray(found, slots[0].dtype), np.asarray(exact), ulp=64, scale=1.0)


def strided(array: Array, axis: int) -> Array:
    """Every second entry of a larger array along an axis."""
    shape = [2 * size if k == axis % array.ndim else size for k, size in enumerate(array.shape)]
    view = np.full(shape, 77, array.dtype)[
        tuple(slice(None, None, 2 if k == axis % array.ndim else None) for k in range(array.ndim))
    ]
    view[...] = array
    return view


def turned(array: Array, order: tuple[int, ...]) -> Array:
    """The same array with its axes in another order in memory."""
    return np.ascontiguousarray(array.transpose(order)).transpose(np.argsort(order))


def layouts(axes: int) -> dict[str, Callable[[Array], Array]]:
    """Every layout of arrays of so many axes."""
    if not axes:
        return {"scalar": np.copy}
    found: dict[str, Callable[[Array], Array]] = {
        "C": lambda a: np.array(a, order="C"),
        "first strided": lambda a: strided(a, 0),
        "last strided": lambda a: strided(a, -1),
        "reversed": lambda a: np.flip(np.array(np.flip(a), order="C")),
    }
    orders = [*itertools.permutations(range(axes))][1:]
    if axes > 3:
        orders = [(3, 2, 1, 0), (0, 1, 3, 2), (1, 0, 3, 2), (0, 2, 3, 1)]
    for order in orders:
        found[f"axes {order}"] = lambda a, order=order: turned(a, order)
    return found


def deep(case: str, backend: str, dtype: str) -> Call:
    """A small call with as many axes as the loss may have."""
    loss = record(case)
    call = everything(case, backend, dtype, "sample")
    if loss.family in ("regional", "ordered"):
        for name, array in call.inputs.items():
            call.inputs[name] = array.reshape(*array.shape[:-1], 2, array.shape[-1] // 2)
        return call
    others = call.arrays.keys() - {"weight"}
    if loss.family in ("rowwise", "distilled") or (loss.family == "elementwise" and not others):
        shape = (3, 4, 5)
        call.inputs = dict(zip(loss.inputs, arrays(case, shape, dtype), strict=True))
        if "weight" in call.arrays:
            call.arrays["weight"] = np.linspace(0.5, 1.5, 3).astype(dtype)
        for name in others:
            call.arrays[name] = np.full(call.inputs[loss.inputs[0]].shape[1], 0.5, dtype)
    return call


@pytest.mark.parametrize("dtype", [DTYPES[0], pytest.param(DTYPES[1], marks=pytest.mark.more)])
@pytest.mark.parametrize("case", each(CASES))
def test_every_layout_of_out_with_every_layout_of_the_input(case: str, backend: str, dtype: str) -> None:
    """The bits are those of memory that the call takes itself, whose numbers are those of arrays in C order."""
    call = deep(case, backend, dtype)
    name = call.loss.inputs[call.loss.differentiable[0]]
    for mode in call.modes():
        exact = flat(call(mode))
        for word, lay in layouts(call.inputs[name].ndim).items():
            changed = {name: lay(call.inputs[name])}
            plain = flat(call(mode, changed))
            with told(loss=case, backend=backend, mode=mode, dtype=dtype, layout=word):
                for found, right in zip(plain, exact, strict=True):
                    size = float(np.max(np.abs(right), initial=0.0))
                    assert_close(np.asarray(found, dtype), np.asarray(right), ulp=16, scale=max(size, 1e-3))
            slots = plain if mode == "values" else plain[1:]
            axes = max(slot.ndim for slot in slots)
            for place, make in layouts(axes).items():
                empty = [np.full(slot.shape, np.nan, slot.dtype) for slot in slots]
                written = [make(array) if array.ndim == axes else array for array in empty]
                answer = flat(call(mode, changed, out=call.out(mode, written)))
                with told(loss=case, backend=backend, mode=mode, dtype=dtype, layout=word, layout_of_out=place):
                    for found, right in zip(answer, plain, strict=True):
                        assert_same_bits(np.asarray(found), np.asarray(right))
                    assert all(found is array for found, array in zip(answer[-len(written) :], written, strict=True))


AXES = ("elementwise", "rowwise", "distilled", "regional", "ordered")
NOTHING = [case for case in CASES if record(case).family in AXES]


@pytest.mark.parametrize("case", each(NOTHING))
def test_outs_of_no_elements(case: str, backend: str) -> None:
    """A slice without elements in any layout, whatever its strides are, is written as nothing."""
    call = deep(case, backend, "float32")
    call.arrays.pop("weight", None)
    loss, first = call.loss, next(iter(call.inputs.values()))
    axes_of_elements = first.ndim - (loss.columns > 1)
    for axes in ((0,), (2,), (3,), (2, 3), (0, 2), (0, 3), (0, 2, 3)):
        if max(axes) >= axes_of_elements:
            continue
        changed = {}
        for name, array in call.read.items():
            # labels have no axis of classes, weights of classes no other
            skipped = 1 if array.ndim < first.ndim and name in call.inputs else 0
            cut = [slice(0, 0) if k + (skipped if k else 0) in axes else slice(None) for k in range(array.ndim)]
            changed[name] = array if array.ndim == 1 else array[tuple(cut)]
        for mode in call.modes():
            expected = flat(call(mode, changed))
            slots = expected if mode == "values" else expected[1:]
            for place, make in layouts(max(slot.ndim for slot in slots)).items():
                written = [make(np.full(slot.shape, np.nan, slot.dtype)) for slot in slots]
                with told(loss=case, backend=backend, mode=mode, empty=axes, layout_of_out=place):
                    answer = flat(call(mode, changed, out=call.out(mode, written)))
                    for found, exact in zip(answer, expected, strict=True):
                        assert_same_bits(np.asarray(found), np.asarray(exact))
