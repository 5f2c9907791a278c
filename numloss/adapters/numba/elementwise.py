"""Elementwise losses in compiled functions: of numbers, which the law is compiled for, and of arrays, by the loop."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from numba import njit, types

from ... import scalar
from ...loops.codes import (
    EVERYWHERE,
    NOT_NAN,
    NUMBER,
    NUMBER_OR_NAN,
    TABLE,
    UNCHECKED,
    WEIGHTED,
    WHOLE,
    block_size,
)
from ...registry import Loss
from .calls import Writing, jitable, number_text
from .kernels import KERNEL_WORDS, OPTIONS, Found, header_words, kernel, through_python
from .words import typed

# What is odd about a number of each check, between two ends.
OUTSIDE = {
    NOT_NAN: "{x} != {x}",
    NUMBER: "not ({low} <= {x} <= {high})",
    NUMBER_OR_NAN: "({x} < {low} or {x} > {high})",
    WHOLE: "not ({low} <= {x} <= {high} and {x} == _rint({x}))",
}


def implementation(loss: Loss, kinds: dict[str, types.Type]) -> Any:
    """The text of a call, for arguments of these types."""
    pred = types.unliteral(kinds[loss.inputs[0]])
    if isinstance(pred, types.Array):
        return of_arrays(Arrays(loss, kinds))
    if loss.columns > 1:
        Writing(loss, kinds, "float64").refuse(f"{loss.inputs[0]} must be an array, got {pred}")
    return of_numbers(Writing(loss, kinds, "float32" if pred == types.float32 else "float64"))


def of_numbers(w: Writing) -> Any:
    """The value of the law for numbers, of float32 if the first of them is one."""
    loss = w.loss
    w.refuse_options()
    w.reduction()
    if loss.cuts:
        w.refuse(f"{loss.cuts} are for arrays; give {' and '.join(loss.inputs)} as arrays")
    if loss.weighted and w.is_given("weight"):
        w.refuse("weight is for arrays; multiply the value of numbers by it")
    names = (*loss.inputs, *loss.per_element)
    for k, name in enumerate(loss.inputs):
        if not isinstance(w.kind(name), (types.Integer, types.Float, types.Boolean)):
            w.refuse(f"{name} must be a number as {loss.inputs[0]} is, got {w.kind(name)}")
        w.write(f"_x{k} = _real({name})")
        domain = loss.domains.get(name)
        check = domain.check(k in loss.differentiable) if domain else UNCHECKED
        if domain and check != UNCHECKED:
            low, high = (f"_real({number_text(end)})" for end in domain.ends(w.dtype))
            w.watch(OUTSIDE[check].format(x=f"_x{k}", low=low, high=high))
    w.scope["_rint"] = typed(scalar.rint, w.dtype)
    for k, name in enumerate(loss.per_element, len(loss.inputs)):
        w.write(f"_x{k} = _real({w.number(name)})")
    known = [f"_x{k}" for k in range(len(names))]
    known += [f"_real({each})" for each in w.parameters()]
    lines = []
    constants, of, count = loss.constant_part
    if constants is not None:
        given = ", ".join(known[len(names) + k] for k in of)
        found = [f"_k{k}" for k in range(count)]
        lines.append(f"{', '.join(found)} = {w.named(typed(constants, w.dtype), 'constants')}({given})")
        known += found
    law = w.named(typed(loss.whole_law, w.dtype), "law")
    lines += [f"_value, _slopes, _bends = {law}({', '.join(known)})", "return _value"]
    w.write("if _odd:", f"    return _real({python_call(w, types.float64)})")
    return w.finished(lines)


def python_call(w: Writing, result: Any) -> str:
    """A call of a compiled function that calls the loss from Python, with what is needed to do so."""
    taken, given = w.asked()
    function = w.called()
    if isinstance(result, types.Array):
        function = functools.partial(contiguous, function)
    w.scope["_from_python"] = through_python(Found(function, w.loss), taken, given, result)
    return f"_from_python({taken})"


def contiguous(function: Any, *args: Any, **kwargs: Any) -> Any:
    """What a function gives, in C order."""
    return np.ascontiguousarray(function(*args, **kwargs))


class Arrays(Writing):
    """A call with arrays: operands one after the other, in the order of the memory of the first."""

    def __init__(self, loss: Loss, kinds: dict[str, types.Type]) -> None:
        pred = types.unliteral(kinds[loss.inputs[0]])
        super().__init__(loss, kinds, str(pred.dtype))
        self.check_prediction(pred)
        self.scope |= KERNEL_WORDS
        self.pred, self.name, self.places = pred, loss.inputs[0], 0
        self.axes = pred.ndim - (loss.columns > 1)
        self.in_order = pred.layout == "C" or (pred.ndim == 1 and pred.layout == "F")
        self.write(f"_shape = {self.name}.shape" + ("[:-1]" if loss.columns > 1 else ""))
        self.write(f"_flipped = {'False' if self.in_order else f'_is_flipped({self.name})'}")

    def check_prediction(self, pred: types.Array) -> None:
        """Raise for what is computed neither in float32 nor in float64, or has no axes."""
        if str(pred.dtype) not in ("float32", "float64"):
            self.refuse(
                f"{self.loss.inputs[0]} is an array of {pred.dtype}; compiled functions compute losses of float32 and "
                "float64: convert it with astype(np.float32)"
            )
        if pred.ndim <= (self.loss.columns > 1):
            self.refuse(f"{self.loss.inputs[0]} is an array without axes; give its number")

    def operand(
        self, place: str, name: str, shape: str, strides: str, kind: int, in_order: bool, data: str = ""
    ) -> None:
        """Fill an operand with an array, of any name, as it is seen with a shape and strides in bytes."""
        at, self.places = self.places, self.places + 1
        data = data or f"_data_of({name})"
        if in_order and self.in_order:
            self.write(f"_plain({place}, _heads, {at}, {data}, {kind})")
            return
        self.write(
            f"_strided({place}, _heads, {at}, {data}, {kind}, {shape}, {strides}, {name}.itemsize, _flipped, _layouts)"
        )

    def array_kind(self, name: str) -> types.Array:
        """The type of an argument that must be an array."""
        kind = self.kind(name)
        if not isinstance(kind, types.Array):
            self.refuse(f"{name} must be an array as {self.name} is, got {kind}")
        return kind

    def weight(self) -> bool:
        """Fill the operand of the weights, if there are any."""
        if not self.loss.weighted or not self.is_given("weight"):
            return False
        kind, code = self.array_kind("weight"), self.code("weight")
        if kind.ndim not in (1, self.axes):
            self.refuse(
                f"weight has {kind.ndim} axes; it must have {self.axes} (the unreduced loss) or 1 (one a sample)"
            )
        if kind.ndim == self.axes:
            self.watch("weight.shape != _shape")
            self.operand("_h.weight", "weight", "_shape", "weight.strides", code, kind.layout == "C")
        else:
            self.watch("weight.shape[0] != _shape[0]")
            strides = f"(weight.strides[0], {'0, ' * (self.axes - 1)})"
            self.operand("_h.weight", "weight", "_shape", strides, code, False)
        self.write(f"_h.weighted = {WEIGHTED}")
        return True

    def values(self) -> types.Array:
        """Make the array of the values one by one, and fill its operand."""
        self.write("_values = _empty(_shape, _real)")
        self.scope["_empty"] = np.empty
        self.operand("_h.values", "_values", "_shape", "_values.strides", 0, True)
        self.write("_h.unreduced = 1")
        return types.Array(getattr(types, self.dtype), self.axes, "C")

    def begin(self, header: str, operands: int) -> None:
        """Memory for a header and for so many operands."""
        self.write(f"_whole = _{header}()", f"_cleared(_whole, {header_words(header)})")
        self.write(
            f"_heads = _stack_ints({operands})", f"_layouts = _stack_ints({operands * (2 * self.pred.ndim + 1)})"
        )

    def end(self, loop: str, weighted: bool, total: str, kept: str = "") -> Any:
        """Run the loop over its blocks, and give back what the reduction asks for; else what Python says."""
        reduction = self.reduction()
        result: Any = self.values() if reduction == "none" else types.float64
        call = python_call(self, result)
        lines = ["if not _odd:", f"    _sum, _weight, _bad = _run_blocks({loop}, _address(_whole), _blocks)"]
        lines += [f"    _bad = _bad or {kept}"] if kept else []
        if weighted:
            lines.append("    _bad = _bad or not _is_ordinary(_weight, _float64(_count))")
        value = {"mean": f"_mean_of(_sum, {total})", "sum": "_sum", "none": "_values"}[reduction]
        lines.append(f"    _result = {value}")
        if reduction == "mean":
            lines.append("    _bad = _bad or abs(_result) == _inf")
        lines += ["    if not _bad:", "        return _result", f"return {call}"]
        return self.finished(lines)


def of_arrays(w: Arrays) -> Any:
    """The header of the elementwise loop, filled by compiled code; see backends/packing/elementwise.py."""
    loss = w.loss
    w.refuse_options()
    taken = len(loss.inputs) * loss.columns + len(loss.per_element) + loss.lookups
    w.begin("Elementwise", taken + 2)
    w.write("_h = _whole", "_count = 1", "for _n in _shape:", "    _count *= _n")
    w.write(f"_h.itemsize = {w.real.itemsize}", f"_h.input_count = {taken}", "_h.scale = 1.0", "_h.elements = _count")
    w.write(f"_h.block = {w.named(jitable(block_size), 'block_size')}(_count)")
    w.write("_blocks = (_count + _h.block - 1) // _h.block", f"_h.least = {number_text(-math.inf)}")
    place = 0
    for k, name in enumerate(loss.inputs):
        place = input_operands(w, k, name, place)
    for name in loss.per_element:
        place = option_operand(w, name, place)
    table = "_rows.size < 0" if loss.cuts and table_operands(w, place) else ""
    for k, each in enumerate(w.parameters()):
        w.write(f"_h.params[{k}] = {each}")
    w.write(f"_h.param_count = {len(loss.params)}")
    w.write("if not _odd:", f"    _h.tile = {w.named(kernel(loss, '', w.dtype), 'tile')}()")
    weighted = w.weight()
    loop = f"{w.named(kernel(None, 'elementwise_block', w.dtype), 'loop')}()"
    return w.end(loop, weighted, "_weight" if weighted else "_float64(_count)", table)


def input_operands(w: Arrays, k: int, name: str, place: int) -> int:
    """Fill the operands of an input, one for each of its columns, and what is known of their numbers."""
    loss, kind, code = w.loss, w.array_kind(name), w.code(name)
    if kind.ndim != w.pred.ndim:
        w.refuse(f"{name} has {kind.ndim} axes, but {w.name} has {w.pred.ndim}; their shapes must be equal")
    if k in loss.differentiable and not isinstance(kind.dtype, types.Float):
        w.refuse(f"{name} is an array of {kind.dtype}; predictions are float32 or float64")
    if k:
        w.watch(f"{name}.shape != {w.name}.shape")
    if loss.columns > 1:
        w.watch(f"{name}.shape[-1] != {loss.columns}")
    domain = loss.domains.get(name)
    check = domain.check(k in loss.differentiable) if domain else UNCHECKED
    low, high = domain.ends(w.dtype) if domain else (-math.inf, math.inf)
    top = number_text(high) if not (loss.cuts and k == 1) else f"_float64({loss.cuts}.shape[0])"
    check = WHOLE if loss.cuts and k == 1 else check
    low = 0.0 if loss.cuts and k == 1 else low
    for column in range(loss.columns):
        at = f"_h.inputs[{place}]"
        if loss.columns > 1:
            data = f"_data_of({name}) + {column} * {name}.strides[-1]"
            w.operand(at, name, "_shape", f"{name}.strides[:-1]", code, False, data)
        else:
            w.operand(at, name, "_shape", f"{name}.strides", code, kind.layout == "C")
        w.write(f"_b = _h.bounds[{place}]", f"_b.check = {check}", f"_b.low = {number_text(low)}", f"_b.high = {top}")
        place += 1
    return place


def option_operand(w: Arrays, name: str, place: int) -> int:
    """Fill the operand of an option that may vary: a number, or an array that fits the last axes of the prediction."""
    at, free = f"_h.inputs[{place}]", [f"_b = _h.bounds[{place}]", "_b.low = -_inf", "_b.high = _inf"]
    if not w.is_given(name) or not isinstance(w.kind(name), types.Array):
        w.write(*free, f"_b.constant = _float64(_real({w.number(name)}))", f"{at}.layout = {EVERYWHERE}")
        return place + 1
    kind, code, domain = w.array_kind(name), w.code(name), w.loss.domains.get(name)
    if not 0 < kind.ndim <= w.axes:
        w.refuse(f"{name} has {kind.ndim} axes; it must be a number or fit the last axes of {w.name}")
    strides = ["0"] * (w.axes - kind.ndim)
    for j in range(kind.ndim):
        size = f"_shape[{w.axes - kind.ndim + j}]"
        w.watch(f"{name}.shape[{j}] != {size} and {name}.shape[{j}] != 1")
        strides.append(f"({name}.strides[{j}] if {name}.shape[{j}] == {size} else 0)")
    w.operand(at, name, "_shape", f"({', '.join(strides)},)", code, False)
    w.write(*free)
    if domain:
        low, high = domain.ends(w.dtype)
        w.write(f"_b.check = {domain.check(False)}", f"_b.low = {number_text(low)}", f"_b.high = {number_text(high)}")
    return place + 1


def table_operands(w: Arrays, place: int) -> bool:
    """Fill the operands of what a law takes of the interval that the second input names: see calls/thresholds.py."""
    loss, cuts = w.loss, str(w.loss.cuts)
    if not w.is_given(cuts):
        w.refuse(f"missing {cuts}")
    if w.array_kind(cuts).ndim != 1:
        w.refuse(f"{cuts} must be an array of one axis")
    assert loss.interval is not None
    w.code(cuts)
    w.write(f"_rows, _bad_cuts = {w.named(intervals(loss, w.dtype), 'intervals')}({cuts})")
    w.watch("_bad_cuts")
    for k in range(loss.lookups):
        at = f"_h.inputs[{place + k}]"
        head, w.places = w.places, w.places + 1
        w.write(f"_plain({at}, _heads, {head}, _data_of(_rows) + {k} * _rows.strides[0], {TABLE})", f"{at}.layout = 1")
        w.write(f"_b = _h.bounds[{place + k}]", "_b.low = -_inf", "_b.high = _inf")
    return True


def intervals(loss: Loss, dtype: str) -> Any:
    """A compiled function from cuts to the table of their intervals, and whether they are none."""
    real, third = getattr(np, dtype), typed(loss.interval, "float64")

    @njit(**OPTIONS)
    def table(cuts):  # type: ignore[no-untyped-def]
        count = cuts.shape[0]
        rows = np.empty((3, count + 1), real)
        bad = count == 0 or count >= 65536
        low = -np.inf
        for k in range(count + 1):
            high = np.float64(real(cuts[k])) if k < count else np.inf
            bad = bad or not low < high or (k < count and high == np.inf)
            rows[0, k], rows[1, k] = low, high
            rows[2, k] = real(third(low, high))
            low = high
        return rows, bad

    return table
