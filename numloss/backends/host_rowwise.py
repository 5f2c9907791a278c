"""The rowwise family on the host: a row of scores against a label or a distribution."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from .. import arguments as check
from ..rows import RowOptions, options_of
from .host import CODES, FLOAT32, FLOAT64, Array, HostBackend, block_size, finished, operand

if TYPE_CHECKING:
    from ..registry import Loss

GENERIC, FLAT, LONG, PIXELS = 0, 1, 2, 3
LOOPS = {GENERIC: "rows_block", FLAT: "flat_block", LONG: "long_block", PIXELS: "pixels_block"}
# Below this many classes rows are worked on together, above one by one.
LONG_FROM = 256
ABSENT = (0, 0, 0)


def class_axis(loss: Loss, pred: Array, axis: Any) -> int:
    """The class axis, counted from the front."""
    if pred.ndim < 2:
        raise ValueError(f"{loss.name}: pred has shape {pred.shape}; it needs a batch axis and a class axis, (N, C)")
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)):
        raise TypeError(f"{loss.name}: axis must be an integer, got {type(axis).__name__}")
    if not -pred.ndim <= axis < pred.ndim:
        raise ValueError(f"{loss.name}: axis = {axis} is outside [{-pred.ndim}, {pred.ndim}) (pred has {pred.ndim} axes)")
    return int(axis) % pred.ndim


def three_axes(array: Array, axis: int) -> tuple[int, int, int, int, int, int] | None:
    """(outer, classes, inner) sizes and strides in elements of an array seen as three axes; None if it is not."""
    item = array.itemsize
    sizes, strides = array.shape, array.strides
    outer = merged(sizes[:axis], strides[:axis])
    inner = merged(sizes[axis + 1 :], strides[axis + 1 :])
    if outer is None or inner is None:
        return None
    parts = (outer[1], strides[axis], inner[1])
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
                "target.astype(np.int64), or give a distribution with the shape of pred"
            )
        raise ValueError(
            f"{loss.name}: target has shape {array.shape} and dtype {array.dtype}; it must be integer labels of "
            f"shape {rows} or a floating distribution of shape {pred.shape}"
        )
    if array.shape != rows:
        raise ValueError(f"{loss.name}: target has shape {array.shape}; labels of pred {pred.shape} have shape {rows}")
    return array


def class_weights(loss: Loss, value: Any, classes: int, real: np.dtype[Any]) -> Array | None:
    """Class weights in the dtype of the data, checked."""
    if value is None:
        return None
    array = check.host_array(loss, "class_weight", value)
    if array.shape != (classes,):
        raise ValueError(f"{loss.name}: class_weight has shape {array.shape}; pred has {classes} classes")
    bad = np.flatnonzero(~(array >= 0) | np.isinf(array))
    if bad.size:
        check.value_outside(loss, "class_weight", array, int(bad[0]), ">= 0 and finite", int(bad.size))
    return np.ascontiguousarray(array, dtype=real)


def design_of(options: RowOptions, mode: int, sizes: tuple[int, ...], out: tuple[int, ...] | None) -> int:
    """Which loop serves a call: a function of the shapes and options alone."""
    if options.scores or options.target or options.smoothing or options.cap or mode == 2:
        return GENERIC
    _, classes, inner, outer_stride, class_stride, inner_stride = sizes
    if out is not None and out != sizes[3:]:
        return GENERIC
    if classes < 2:
        return GENERIC
    if inner == 1 and class_stride == 1 and outer_stride == classes:
        return FLAT if classes < LONG_FROM else LONG
    if inner > 1 and inner_stride == 1 and class_stride == inner and classes < LONG_FROM:
        return PIXELS
    return GENERIC


def rowwise(
    backend: HostBackend,
    loss: Loss,
    mode: int,
    arguments: tuple[Any, ...],
    given: dict[str, Any],
    pair: bool,
    argnums: tuple[int, ...] | None,
    bound: bool,
) -> Any:
    """Run a rowwise loss."""
    options = options_of(loss, arguments, given)
    pred = arguments[0]
    if type(pred) is not np.ndarray or (pred.dtype is not FLOAT32 and pred.dtype is not FLOAT64):
        pred = check.prediction(loss, "pred", pred)
    axis = class_axis(loss, pred, options.axis)
    real = pred.dtype
    rows_shape = pred.shape[:axis] + pred.shape[axis + 1 :]
    target = arguments[1]
    if options.target == 0:
        target = labels_array(loss, target, pred, axis)
    else:
        target = check.host_array(loss, "target", target)
        check.same_shape(loss, "target", target.shape, pred.shape, "pred")
    reduction = check.reduction_of(loss, given)
    weight = given.get("weight")
    if weight is not None:
        weight = check.host_array(loss, "weight", weight)
        check.weight_shape(loss, weight, rows_shape)
        weight = check.spread(weight, rows_shape)
    wanted = reduction == "none" and not pair
    inputs = (pred,) if options.target == 0 else (pred, target)
    values, outputs = row_outputs(loss, mode, given, pred, rows_shape, inputs, wanted)
    # Fortran order is C order of the transposed arrays
    flipped = pred.flags.f_contiguous and not pred.flags.c_contiguous
    if flipped:
        axis = pred.ndim - 1 - axis

    def seen(array: Array) -> Array:
        return array.T if flipped else array

    kept: list[Any] = []
    view, sizes = in_three(seen(pred), axis)
    kept.append(view)
    outs = []
    copies: list[tuple[Array, Array]] = []
    for array in outputs:
        shaped, strides = in_three(seen(array), axis)
        if not np.may_share_memory(shaped, array):
            copies.append((array, shaped if not flipped else shaped.T))
        kept.append(shaped)
        outs.append((shaped, strides))
    classes = sizes[1]
    if classes == 0 and pred.size == 0 and math.prod(rows_shape) > 0:
        raise ValueError(f"{loss.name}: pred has shape {pred.shape}: no classes on axis {axis}")
    weights = class_weights(loss, options.class_weight, classes, real)
    design = design_of(options, mode, sizes, outs[0][1][3:] if outs else None)
    rows = sizes[0] * sizes[2]
    block = max(1, block_size(pred.size) // max(classes, 1))
    if design == PIXELS:
        block = max(512, block)
    distribution = None
    target_strides = (0, 0, 0)
    if options.target:
        distribution, target_sizes = in_three(seen(target), axis)
        kept.append(distribution)
        target_strides = target_sizes[3:]
        target_operand: tuple[int, int, int] = (id(distribution), code_of(distribution, real), 0)
    else:
        labels = seen(target)
        kept.append(labels)
        target_operand = label_operand(labels, kept)
    if weight is not None:
        weight = seen(weight)
        kept.append(weight)
    shown = None if values is None else seen(values)
    kept.append(shown)
    strides = [o[1][3:] for o in outs] + [(0, 0, 0)] * (2 - len(outs))
    integers = [rows, block, 0, classes, sizes[2], *sizes[3:], mode, real.itemsize, 78, design]
    integers += (options.scores, options.target, int(weight is not None), int(wanted))
    integers += (int(options.ignore is not None), options.ignore or 0, 0 if weights is None else id(weights))
    integers += (options.entropy, int(bound), *target_strides, *strides[0], *strides[1])
    integers += (id(view), 0, 0, *target_operand)
    integers += ABSENT if weight is None else operand(weight, real, kept)
    integers += ABSENT if shown is None else operand(shown, real, kept)
    for k in range(2):
        integers += (id(outs[k][0]), 0, 0) if k < len(outs) else ABSENT
    integers[10] = len(integers)
    blocks = -(-rows // block)
    plain = weight is None and weights is None and options.ignore is None
    total = float(rows)
    scale = 1.0
    floats = [scale, options.smoothing, options.zeta, options.cap, options.eps, loss.least]
    dtype = real.name
    if reduction == "mean" and not pair:
        if mode and not plain:
            sums = backend.launch(backend.loop("row_weights_block", dtype), integers, floats, blocks, rows * 2.0)
            if sums[2] >= 0.0:
                complain(loss, sums[2], pred, target, weight, options, axis, flipped)
            total = sums[1]
        floats[0] = 1.0 / total if total > 0.0 else 0.0
    work = pred.size * (loss.cost if design != GENERIC else 3.0 * loss.cost)
    results = backend.launch(backend.loop(LOOPS[design], dtype), integers, floats, blocks, work)
    if results[2] >= 0.0:
        complain(loss, results[2], pred, target, weight, options, axis, flipped)
    for array, written in copies:
        array[...] = written
    return finished(results[0], results[1], reduction, pair, mode, values, outputs, 1, None)


def row_outputs(
    loss: Loss,
    mode: int,
    given: dict[str, Any],
    pred: Array,
    rows: tuple[int, ...],
    inputs: tuple[Array, ...],
    wanted: bool,
) -> tuple[Array | None, list[Array]]:
    """The arrays to write: values for reduction="none", gradient, curvature."""
    out = given.get("out")
    values: Any = None
    outputs: list[Array] = []
    if mode == 0 and out is not None and not wanted:
        raise ValueError(f"{loss.name}: out needs reduction='none'; a reduced loss is a float")
    if wanted:
        given_values = out if mode == 0 else None
        like = np.empty(0, pred.dtype)
        values = check.output(loss, given_values, like, rows, inputs, "values")
        if given_values is not None and any(np.may_share_memory(values, a) for a in inputs):
            raise ValueError(f"{loss.name}: out for the values overlaps an input")
    if mode == 1:
        outputs.append(check.output(loss, out, pred, pred.shape, inputs, "gradient"))
    elif mode == 2:
        if out is not None and (not isinstance(out, tuple) or len(out) != 2):
            raise TypeError(f"{loss.name}: out must be the pair (gradient, curvature)")
        first, second = out if out is not None else (None, None)
        outputs.append(check.output(loss, first, pred, pred.shape, inputs, "gradient"))
        outputs.append(check.output(loss, second, pred, pred.shape, inputs, "curvature"))
        if np.may_share_memory(outputs[0], outputs[1]):
            raise ValueError(f"{loss.name}: the arrays of out overlap each other")
        if any(np.may_share_memory(o, a) for o in outputs for a in inputs):
            raise ValueError(f"{loss.name}: out overlaps an input; a curvature needs separate memory")
    if mode == 1 and out is not None and any(np.may_share_memory(outputs[0], a) for a in inputs[1:]):
        raise ValueError(f"{loss.name}: out for the gradient overlaps the target")
    return values, outputs


def code_of(array: Array, real: np.dtype[Any]) -> int:
    """Code of a dtype, 0 for that of the data."""
    return 0 if array.dtype == real else CODES[array.dtype.char]


def label_operand(labels: Array, kept: list[Any]) -> tuple[int, int, int]:
    """Labels are never in the dtype of the data."""
    code, _, layout = operand(labels, FLOAT32, kept)
    return code, CODES[labels.dtype.char], layout


def complain(
    loss: Loss,
    code: float,
    pred: Array,
    target: Array,
    weight: Array | None,
    options: RowOptions,
    axis: int,
    flipped: bool,
) -> NoReturn:
    """Raise for the first bad weight, label or target that the loops found."""
    position, which = divmod(int(code), 16)
    if which == 15:
        assert weight is not None
        bad = int(np.count_nonzero(~(weight >= 0)))
        check.value_outside(loss, "weight", weight, position, ">= 0, not NaN", bad)
    if flipped:
        axis = pred.ndim - 1 - axis
    classes = pred.shape[axis]
    if options.target == 0:
        bad_label(loss, target, position, classes, axis, options.ignore, flipped)
    text = ">= 0, not NaN" if options.target == 1 else "not NaN"
    wrong = ~(target >= 0) if options.target == 1 else np.isnan(target)
    first = int(np.flatnonzero(wrong.ravel())[0])
    check.value_outside(loss, "target", target, first, text, int(np.count_nonzero(wrong)))


def bad_label(
    loss: Loss, target: Array, position: int, classes: int, axis: int, ignore: int | None, flipped: bool
) -> NoReturn:
    """The sentence about a label out of range."""
    wrong = (target < 0) | (target >= classes)
    if ignore is not None:
        wrong &= target != ignore
    index = np.unravel_index(position, target.shape[::-1] if flipped else target.shape)
    index = index[::-1] if flipped else index
    where = ", ".join(str(int(i)) for i in index)
    hint = "Labels start at 0"
    if ignore is None or ignore < 0:
        hint += f"; to skip padding pass ignore_index={int(target[index])}"
    raise IndexError(
        f"{loss.name}: target[{where}] = {target[index]} is outside [0, {classes}) (pred has {classes} classes on axis "
        f"{axis}); {int(np.count_nonzero(wrong))} of {target.size} targets are bad. {hint}."
    )
