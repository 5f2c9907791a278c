"""The regional family on the host: sums over the pixels of each class, then a law of the sums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ... import arguments as check
from ...rows import flag, ignored_label
from .plans import Problem
from .problem import ABSENT, Array, Operand, code_of, label_operand
from .rowwise import bad_label, in_three, labels_array, row_outputs

if TYPE_CHECKING:
    from ...registry import Loss
    from . import HostBackend

ACTIVATIONS = {None: 0, "sigmoid": 1, "softmax": 2}
BLOCK = 4096
MOST_SUMS = 16384


def activation_of(loss: Loss, value: Any) -> int:
    """The number of an activation."""
    if not isinstance(value, (str, type(None))) or value not in ACTIVATIONS:
        raise ValueError(f"{loss.name}: activation must be 'sigmoid', 'softmax' or None, got {value!r}")
    return ACTIVATIONS[value]


def target_of(loss: Loss, value: Any, pred: Array, activation: int) -> tuple[Array, bool]:
    """The target, and whether it is labels."""
    array: Array = check.host_array(loss, "target", value)
    if array.shape == pred.shape:
        return array, False
    if activation != 2:
        raise ValueError(
            f"{loss.name}: target has shape {array.shape}, pred has {pred.shape}; they must be equal "
            "(labels, without the class axis, need activation='softmax')"
        )
    return labels_array(loss, array, pred, 1), True


def blocks_of(pixels: int, samples: int, classes: int) -> int:
    """Pixels of a block: a function of the shape alone, and few enough blocks that their sums stay small."""
    size = BLOCK
    while pixels > size and -(-pixels // size) * samples * classes > MOST_SUMS:
        size *= 2
    return size


class Regions:
    """One call: the arrays as the loops see them."""

    def __init__(self, loss: Loss, arguments: tuple[Any, ...], given: dict[str, Any]) -> None:
        options = {**loss.defaults, **given}
        self.loss = loss
        pred = check.prediction(loss, "pred", arguments[0])
        if pred.ndim < 2:
            raise ValueError(f"{loss.name}: pred has shape {pred.shape}; it needs a batch axis and a class axis")
        self.activation = activation_of(loss, options["activation"])
        self.target, self.labelled = target_of(loss, arguments[1], pred, self.activation)
        self.ignore = ignored_label(loss, options["ignore_index"])
        if self.ignore is not None and not self.labelled:
            raise ValueError(f"{loss.name}: ignore_index needs integer labels as target")
        self.per_sample = flag(loss, "per_sample", options["per_sample"])
        self.pred = pred
        self.kept: list[Any] = []
        # the order of the pixels is that of memory
        self.flipped = pred.ndim > 3 and pred.flags.f_contiguous
        view, sizes = self.three(pred)
        self.view, self.sizes = view, sizes
        self.samples, self.classes, self.pixels = pred.shape[0], sizes[1], sizes[2]
        self.block = blocks_of(self.pixels, self.samples, self.classes)
        self.per = -(-self.pixels // self.block) if self.pixels else 0

    def three(self, array: Array) -> tuple[Array, tuple[int, ...]]:
        """Samples, classes, pixels, and the strides of each."""
        view, sizes = in_three(self.seen(array, 2), 1)
        self.kept.append(view)
        return view, sizes

    def seen(self, array: Array, first: int) -> Array:
        """The array with its pixel axes, which begin at `first`, in the order of memory."""
        if not self.flipped:
            return array
        return array.transpose(*range(first), *range(array.ndim - 1, first - 1, -1))

    def problem(self, loop: int, sums: Array, slopes: Array, out: Array | None) -> Problem:
        """The problem of a pass."""
        real = self.pred.dtype
        target_steps: tuple[int, ...] = (0, 0, 0)
        if self.labelled:
            labels = self.seen(self.target, 1)
            self.kept.append(labels)
            target = label_operand(labels, self.kept)
        else:
            view, sizes = self.three(self.target)
            target, target_steps = (id(view), code_of(view, real), 0), sizes[3:]
        out_steps: tuple[int, ...] = (0, 0, 0)
        written: Operand = ABSENT
        if out is not None:
            shaped, sizes = self.three(out)
            written, out_steps = (id(shaped), 0, 0), sizes[3:]
        integers = [self.samples * self.pixels, self.block, self.pixels, self.classes, self.activation]
        integers += (int(self.labelled), int(self.ignore is not None), self.ignore or 0, self.per, real.itemsize)
        integers.append(int(out is not None))
        integers += (*self.sizes[3:], *target_steps, *out_steps)
        integers += (sums.__array_interface__["data"][0], slopes.__array_interface__["data"][0])
        work = self.pred.size * self.loss.cost
        operands = [(id(self.view), 0, 0), target, written]
        return Problem(loop, integers, [], operands, self.samples * self.per, work)

    def complain(self) -> None:
        """Raise for the first label or target outside its domain."""
        if self.labelled:
            bad_label(self.loss, self.target, self.classes, 1, self.ignore)
        good = (self.target >= 0) & (self.target <= 1)
        first = int(np.flatnonzero(~good.ravel())[0])
        bad = int(good.size - np.count_nonzero(good))
        check.value_outside(self.loss, "target", self.target, first, "in [0, 1]", bad)


def regional(
    backend: HostBackend,
    loss: Loss,
    mode: int,
    arguments: tuple[Any, ...],
    given: dict[str, Any],
    pair: bool,
    argnums: tuple[int, ...] | None,
    bound: bool,
) -> Any:
    """Run a loss of regions: sums, the law of the sums, and the gradient."""
    regions = Regions(loss, arguments, given)
    pred = regions.pred
    real = pred.dtype
    reduction = check.reduction_of(loss, given)
    shape = (regions.samples, regions.classes) if regions.per_sample else (regions.classes,)
    wanted = reduction == "none" and not pair
    values, outputs = row_outputs(loss, mode, given, pred, shape, (pred, regions.target), wanted)
    sums = np.zeros((regions.samples, regions.per, regions.classes, 3))
    nothing = np.zeros(3)
    written = writable_in_three(outputs[0], regions) if mode else None
    results = backend.launch(regions.problem(backend.loop("regions_block", real.name), sums, nothing, written))
    if results[2] >= 0.0:
        regions.complain()
    totals = sums.sum(axis=1)
    if not regions.per_sample:
        totals = totals.sum(axis=0)
    law = loss.regions
    options = {name: given[name] for name in ("weight", *loss.params) if name in given}
    options["reduction"] = reduction
    inner_arguments = tuple(np.ascontiguousarray(totals[..., k]) for k in range(3))
    answer = backend.elementwise(law, min(mode, 1), inner_arguments, options, pair, None, False)
    result, slopes = answer if mode else (answer, ())
    if wanted:
        assert values is not None
        values[...] = result
        result = values
    if mode == 0:
        return result
    slopes = np.ascontiguousarray(np.broadcast_to(np.stack(slopes, axis=-1), (regions.samples, regions.classes, 3)))
    backend.launch(regions.problem(backend.loop("region_slopes_block", real.name), sums, slopes, written))
    if written is not outputs[0]:
        outputs[0][...] = written
    return result, outputs[0]


def writable_in_three(out: Array, regions: Regions) -> Array:
    """The array itself if the loops can write to it, else one to copy from."""
    view, _ = regions.three(out)
    return out if np.may_share_memory(view, out) else np.empty(out.shape, out.dtype)
