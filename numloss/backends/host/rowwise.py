"""The rowwise family on the host: a row of scores against a label or a distribution."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ...calls import checks as check
from ...calls.outputs import given_outputs, overlapping
from ...calls.rowwise import RowOptions, options_of
from ...domains import NONNEGATIVE
from ...loops.codes import (
    DISTRIBUTION,
    INDICATORS,
    LABELS,
    LOGIT,
    MEMBERS,
    OF_LABEL,
    PAIRS,
    WEIGHT_OPERAND,
    block_size,
)
from ...loops.headers import Header, Operand, Rowwise, Steps
from . import plans
from .packing import (
    ABSENT,
    FLOAT32,
    FLOAT64,
    Array,
    Problem,
    code_of,
    in_place,
    label_operand,
    name_of,
    operand,
)

if TYPE_CHECKING:
    from ...calls.request import Request
    from ...registry import Loss
    from . import HostBackend

GENERIC, FLAT, LONG, PIXELS, CLASSES, DISTILLED = 0, 1, 2, 3, 4, 5
LOOPS = {
    GENERIC: "rows_block",
    FLAT: "flat_block",
    LONG: "long_block",
    PIXELS: "pixels_block",
    CLASSES: "classes_block",
    DISTILLED: "distilled_block",
}
# Rows of fewer classes are pixels of a tile; then rows are worked on together; from LONG_FROM on, one by one.
FLAT_FROM, LONG_FROM = 16, 256
NO_STEPS = Steps(outer=0, classes=0, inner=0)


def address_of(array: Array | None) -> int:
    """The address of an array object, 0 without one."""
    return 0 if array is None else id(array)


def class_axis(loss: Loss, pred: Array, axis: Any) -> int:
    """The class axis, counted from the front."""
    if pred.ndim < 2:
        raise ValueError(
            f"{loss.name}: {loss.inputs[0]} has shape {pred.shape}; it needs a batch axis and a class axis, (N, C)"
        )
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)):
        raise TypeError(f"{loss.name}: axis must be an integer, got {type(axis).__name__}")
    if not -pred.ndim <= axis < pred.ndim:
        axes = pred.ndim
        raise ValueError(f"{loss.name}: axis = {axis} is outside [{-axes}, {axes}) ({loss.inputs[0]} has {axes} axes)")
    return int(axis) % pred.ndim


def three_axes(array: Array, axis: int) -> tuple[int, int, int, int, int, int] | None:
    """(outer, classes, inner) sizes and strides in elements of an array seen as three axes; None if it is not."""
    item = array.itemsize
    sizes, strides = array.shape, array.strides
    outer = merged(sizes[:axis], strides[:axis])
    inner = merged(sizes[axis + 1 :], strides[axis + 1 :])
    if outer is None or inner is None:
        return None
    # the stride of an axis of one entry says nothing
    parts = (outer[1], strides[axis] if sizes[axis] != 1 else item, inner[1])
    if any(part % item for part in parts):
        return None
    return outer[0], sizes[axis], inner[0], parts[0] // item, parts[1] // item, parts[2] // item


def merged(sizes: tuple[int, ...], strides: tuple[int, ...]) -> tuple[int, int] | None:
    """Size and stride of several axes seen as one; None where one stride does not describe them."""
    size, stride = 1, 0
    for n, step in zip(reversed(sizes), reversed(strides), strict=True):
        if n == 1:
            continue
        if size == 1:
            size, stride = n, step
        elif step == size * stride:
            size *= n
        else:
            return None
    return size, stride


def in_three(array: Array, axis: int) -> tuple[Array, tuple[int, int, int, int, int, int]]:
    """The array, copied only if its layout is neither C, nor Fortran, nor regularly strided."""
    found = three_axes(array, axis)
    if found is None:
        array = np.ascontiguousarray(array)
        found = three_axes(array, axis)
        assert found is not None
    return array, found


def labels_array(loss: Loss, target: Any, pred: Array, axis: int) -> Array:
    """Integer labels with the shape of the rows."""
    array: Array = check.host_array(loss, "target", target)
    rows = pred.shape[:axis] + pred.shape[axis + 1 :]
    if array.dtype.kind not in "iu":
        if array.shape == rows:
            raise TypeError(
                f"{loss.name}: target has dtype {array.dtype}; labels are integers: convert with "
                f"target.astype(np.int64), or give a distribution with the shape of {loss.inputs[0]}"
            )
        raise ValueError(
            f"{loss.name}: target has shape {array.shape} and dtype {array.dtype}; it must be integer labels of "
            f"shape {rows} or a floating distribution of shape {pred.shape}"
        )
    if array.shape != rows:
        raise ValueError(
            f"{loss.name}: target has shape {array.shape}; labels of {loss.inputs[0]} {pred.shape} have shape {rows}"
        )
    return array


def class_weights(loss: Loss, value: Any, classes: int, real: np.dtype[Any]) -> Array | None:
    """Class weights in the dtype of the data, checked."""
    return None if value is None else per_class(loss, "class_weight", value, classes, real)


def class_factors(loss: Loss, value: Any, classes: int, real: np.dtype[Any]) -> Array | None:
    """What the losses of each class are multiplied by, one number or one for each, in the dtype of the data."""
    return None if value is None else per_class(loss, loss.rows["factor"], value, classes, real)


def class_offsets(loss: Loss, prior: Any, classes: int, real: np.dtype[Any], tau: float) -> Array | None:
    """What is added to the scores of each class, in the dtype of the data."""
    if prior is None:
        return None
    return np.ascontiguousarray(tau * np.log(per_class(loss, "prior", prior, classes, FLOAT64)), dtype=real)


def per_class(loss: Loss, name: str, value: Any, classes: int, real: np.dtype[Any]) -> Array:
    """An option that is a number for each class, or where it may be one number that for all of them."""
    domain = loss.domains.get(name, NONNEGATIVE)
    if np.ndim(value) == 0 and name in loss.domains:
        value = np.full(classes, check.number(loss, name, value))
    array = check.host_array(loss, name, value)
    if array.shape != (classes,):
        raise ValueError(f"{loss.name}: {name} has shape {array.shape}; {loss.inputs[0]} has {classes} classes")
    wide = array.astype(np.float64)  # the largest float64 is no float32
    bad = np.flatnonzero(~((wide >= domain.low) & (wide <= domain.high)))
    if bad.size:
        check.value_outside(loss, name, array, int(bad[0]), domain.text, int(bad.size))
    with np.errstate(over="ignore"):  # what the dtype does not hold is infinite, as in parameters of laws
        return np.ascontiguousarray(array, dtype=real)


def design_of(loss: Loss, options: RowOptions, mode: int, sizes: tuple[int, ...]) -> int:
    """Which loop serves a call: a function of the loss, the shapes and the options alone."""
    if loss.family == "distilled":
        return DISTILLED
    if loss.rows["classes"] not in (OF_LABEL, LOGIT):
        return CLASSES
    if loss.rows["classes"] == LOGIT:
        return GENERIC
    if options.scores or options.target or options.smoothing or options.cap or mode == 2:
        return GENERIC
    if options.prior is not None:
        return GENERIC
    _, classes, inner, outer_stride, class_stride, inner_stride = sizes
    if classes < 2:
        return GENERIC
    if classes < FLAT_FROM:
        return PIXELS
    if inner == 1 and class_stride == 1 and outer_stride == classes:
        return FLAT if classes < LONG_FROM else LONG
    if inner > 1 and inner_stride == 1 and class_stride == inner and classes < LONG_FROM:
        return PIXELS
    return GENERIC


class RowCall:
    """One call: scores seen as (outer, classes, inner), and everything else in that order."""

    def __init__(self, request: Request) -> None:
        self.request = request
        loss, arguments, given = request.loss, request.arguments, request.options
        self.loss, self.mode = loss, request.mode
        self.options = options_of(loss, arguments, given)
        pred = arguments[0]
        if type(pred) is not np.ndarray or (pred.dtype is not FLOAT32 and pred.dtype is not FLOAT64):
            pred = check.prediction(loss, loss.inputs[0], pred)
        self.pred: Array = pred
        self.real = pred.dtype
        self.axis = class_axis(loss, pred, self.options.axis)
        self.rows_shape = pred.shape[: self.axis] + pred.shape[self.axis + 1 :]
        self.target = self.read_target(arguments[-1])
        self.wanted = request.unreduced
        weight = given.get("weight")
        if weight is not None:
            weight = check.host_array(loss, "weight", weight)
            check.weight_shape(loss, weight, self.rows_shape)
            weight = check.spread(weight, self.rows_shape)
        self.weight: Array | None = weight
        inputs = (pred,) if self.options.target == 0 else (pred, self.target)
        self.values, self.outputs = row_outputs(request, pred, self.rows_shape, inputs)
        if loss.rows["classes"] == PAIRS and any(np.may_share_memory(out, pred) for out in self.outputs):
            pred = self.pred = pred.copy(order="K")  # all scores of a row are read until its end
        # Fortran order is C order of the transposed arrays
        self.flipped = bool(pred.flags.f_contiguous and not pred.flags.c_contiguous)
        self.kept: list[Any] = []
        self.view, self.sizes = self.three(pred)
        self.class_weight = class_weights(loss, self.options.class_weight, self.sizes[1], self.real)
        self.factor = class_factors(loss, self.options.factor, self.sizes[1], self.real)
        self.offsets = class_offsets(loss, self.options.prior, self.sizes[1], self.real, self.options.tau)
        if self.sizes[1] == 0 and math.prod(self.rows_shape) > 0:
            raise ValueError(f"{loss.name}: {loss.inputs[0]} has shape {pred.shape}: no classes on axis {self.axis}")
        self.design = design_of(loss, self.options, self.mode, self.sizes)
        self.copies: list[tuple[Array, Array]] = []
        self.header = self.prepare()

    def read_target(self, target: Any) -> Array:
        if self.options.target == 0:
            return labels_array(self.loss, target, self.pred, self.axis)
        array: Array = check.host_array(self.loss, "target", target)
        if array.dtype.kind != "f" and self.options.target < INDICATORS:
            raise TypeError(f"{self.loss.name}: target has dtype {array.dtype}; a distribution is floating")
        check.same_shape(self.loss, "target", array.shape, self.pred.shape, self.loss.inputs[0])
        return array

    def seen(self, array: Array) -> Array:
        """The array in the order of memory; it lives as long as the call."""
        view = array.T if self.flipped else array
        self.kept.append(view)
        return view

    def three(self, array: Array) -> tuple[Array, tuple[int, int, int, int, int, int]]:
        """An array of the scores' shape with the class axis in the middle, and its sizes and strides."""
        axis = self.pred.ndim - 1 - self.axis if self.flipped else self.axis
        view, sizes = in_three(self.seen(array), axis)
        self.kept.append(view)
        return view, sizes

    def target_operand(self) -> tuple[Operand, Steps]:
        """Labels, or a distribution with its strides."""
        if self.options.target == LABELS:
            return label_operand(self.seen(self.target), self.kept), NO_STEPS
        view, sizes = self.three(self.target)
        return in_place(view, code_of(view, self.real)), Steps(*sizes[3:])

    def optional(self, array: Array | None) -> Operand:
        """Weights or values, if there are any."""
        return ABSENT if array is None else operand(self.seen(array), self.real, self.kept)

    def kernel(self, backend: HostBackend, loop: str) -> tuple[int, int]:
        """Addresses of a loop and of the tile of the law, 0 without a law."""
        if self.loss.law is None:
            return backend.loop(loop, name_of(self.real)), 0
        return backend.kernel(self.loss, loop, self.real, self.mode)

    def prepare(self) -> Rowwise:
        """The header, which gets the tile of the law later."""
        options, sizes, loss = self.options, self.sizes, self.loss
        written = [self.written(array) for array in self.outputs]
        written += [(ABSENT, NO_STEPS)] * (2 - len(written))
        target, target_steps = self.target_operand()
        block = max(1, block_size(self.pred.size) // max(sizes[1], 1))
        return Rowwise(
            rows=sizes[0] * sizes[2],
            block=max(512, block) if self.design == PIXELS else block,
            tile=0,
            law_kind=loss.rows["classes"],
            classes=sizes[1],
            inner=sizes[2],
            mode=self.mode,
            itemsize=self.real.itemsize,
            score_kind=options.scores,
            target_kind=options.target,
            weighted=self.weight is not None,
            unreduced=self.wanted,
            ignores=options.ignore is not None,
            ignored=options.ignore or 0,
            entropy=options.entropy,
            bound=self.request.bound,
            class_weight=address_of(self.class_weight),
            factors=address_of(self.factor),
            offsets=address_of(self.offsets),
            scale=1.0,
            smoothing=options.smoothing,
            zeta=options.zeta,
            softcap=options.cap,
            eps=options.eps,
            least=loss.least,
            pred=in_place(self.view),
            target=target,
            weight=self.optional(self.weight),
            values=self.optional(self.values),
            gradient=written[0][0],
            curvature=written[1][0],
            pred_steps=Steps(*sizes[3:]),
            target_steps=target_steps,
            gradient_steps=written[0][1],
            curvature_steps=written[1][1],
            params=options.params,
        )

    def written(self, array: Array) -> tuple[Operand, Steps]:
        """Where the loop writes a gradient or a curvature."""
        view, found = self.three(array)
        if self.design in (FLAT, LONG) and found[3:] != self.sizes[3:]:
            # the layout of out must not choose the loop, whose order of additions is its own
            view, found = np.empty(self.view.shape, self.real), self.sizes
            self.kept.append(view)
        if not np.may_share_memory(view, array):
            self.copies.append((array, view.T if self.flipped else view))
        return in_place(view), Steps(*found[3:])

    def whole(self) -> Header:
        """The header that the loop of this call reads."""
        return self.header

    def problem(self, backend: HostBackend) -> Problem:
        """What is launched."""
        loop, self.header.tile = self.kernel(backend, LOOPS[self.design])
        rows, block = self.header.rows, self.header.block
        work = self.pred.size * self.loss.cost * (3.0 if self.design in (GENERIC, CLASSES, DISTILLED) else 1.0)
        return Problem(loop, self.whole(), -(-rows // block), work)


def compute(backend: HostBackend, request: Request) -> Any:
    """Run a rowwise loss."""
    return answer_of(backend, RowCall(request))


def answer_of(backend: HostBackend, call: RowCall) -> Any:
    """Launch a call and put its answer together."""
    request, header = call.request, call.header
    problem = call.problem(backend)
    total = float(header.rows)
    simple = call.weight is None and call.class_weight is None
    count = 0
    if request.averaged:
        if request.mode and not (simple and call.options.ignore is None):
            count = backend.loop("row_weights_block", name_of(call.real))
            sums = backend.launch(Problem(count, header, problem.blocks, header.rows * 2.0))
            if sums.bad_at >= 0:
                complain(call, sums.bad_at, sums.bad_in)
            total = sums.weight
        header.scale = request.scale(total)
    outcome = backend.launch(problem)
    if outcome.bad_at >= 0:
        complain(call, outcome.bad_at, outcome.bad_in)
    for array, written in call.copies:
        array[...] = written
    if simple and call.factor is None and call.offsets is None and not call.wanted and not call.copies:
        total = float(header.rows)
        plans.remember(
            backend, request, problem, total, ("pred", "target"), ("gradient",), fixed=False, count=count
        )
    result = call.values if call.wanted else request.reduced(outcome.value, outcome.weight)
    return request.answer(result, call.outputs)


def row_outputs(
    request: Request, pred: Array, rows: tuple[int, ...], inputs: tuple[Array, ...]
) -> tuple[Array | None, list[Array]]:
    """The arrays to write: values for reduction="none", gradient, curvature.

    The gradient may be written over the prediction; nothing else may overlap.
    """
    loss, mode, out = request.loss, request.mode, request.options.get("out")
    given_values, *others = given_outputs(loss, mode, out, request.unreduced)
    values: Array | None = None
    if request.unreduced:
        values = check.output(loss, given_values, np.empty(0, pred.dtype), rows, inputs, "values")
    what = ("gradient", "curvature")[:mode]
    outputs = [check.output(loss, o, pred, pred.shape, inputs, w) for o, w in zip(others, what, strict=False)]
    if overlapping(outputs):
        raise ValueError(f"{loss.name}: the arrays of out overlap each other")
    forbidden = inputs if mode != 1 else inputs[1:]
    written = [*outputs, values] if values is not None else outputs
    if out is not None and any(np.may_share_memory(o, a) for o in written for a in forbidden):
        raise ValueError(
            f"{loss.name}: out overlaps an input; only a gradient may take the place of {loss.inputs[0]}"
        )
    return values, outputs


def complain(call: RowCall, position: int, which: int) -> NoReturn:
    """Raise for the first bad weight, label or target that the loops found."""
    loss, target = call.loss, call.target
    if which == WEIGHT_OPERAND:
        assert call.weight is not None
        bad = int(np.count_nonzero(~(call.weight >= 0)))
        check.value_outside(loss, "weight", call.weight, position, ">= 0, not NaN", bad, call.flipped)
    if call.options.target == 0:
        bad_label(loss, target, call.pred.shape[call.axis], call.axis, call.options.ignore)
    bad_distribution(loss, target, call.options.target)


def bad_distribution(loss: Loss, target: Array, kind: int) -> NoReturn:
    """The sentence about the first entry that no distribution, or no indicator of a class, has."""
    text, wrong = "not NaN", np.isnan(target)
    if kind == DISTRIBUTION:
        text, wrong = ">= 0, not NaN", ~(target >= 0)
    elif kind == INDICATORS:
        text, wrong = "in [0, 1]", ~((target >= 0) & (target <= 1))
    elif kind == MEMBERS:
        text, wrong = "0 or 1", ~((target == 0) | (target == 1))
    first = int(np.flatnonzero(wrong.ravel())[0])
    check.value_outside(loss, "target", target, first, text, int(np.count_nonzero(wrong)))


def bad_label(loss: Loss, target: Array, classes: int, axis: int, ignore: int | None) -> NoReturn:
    """The sentence about the first label out of range."""
    wrong = (target < 0) | (target >= classes)
    if ignore is not None:
        wrong &= target != ignore
    index = np.unravel_index(int(np.flatnonzero(wrong.ravel())[0]), target.shape)
    where = ", ".join(str(int(i)) for i in index)
    hint = "Labels start at 0"
    if ignore is None or ignore < 0:
        hint += f"; to skip padding pass ignore_index={int(target[index])}"
    raise IndexError(
        f"{loss.name}: target[{where}] = {target[index]} is outside [0, {classes}) ({loss.inputs[0]} has {classes} "
        f"classes on axis {axis}); {int(np.count_nonzero(wrong))} of {target.size} targets are bad. {hint}."
    )
