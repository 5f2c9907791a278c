"""The regional family on the host: sums over the pixels of each class, then a law of the sums."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls import checks as check
from ...calls.rowwise import bad_label, check_labels, flag, ignored_label
from ...loops.headers import Operand
from . import plans
from .packing import ABSENT, Array, Positional, Problem, code_of, in_place, label_operand, name_of
from .rowwise import in_three, row_outputs

if TYPE_CHECKING:
    from ...calls.request import Request
    from ...registry import Loss
    from . import HostBackend

ACTIVATIONS = {None: 0, "sigmoid": 1, "softmax": 2}
# Pixels of a block: of one class, or of all where a softmax takes them together.
BLOCK, SOFTMAX_BLOCK = 16384, 4096
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
    check_labels(loss, array, pred, 1)
    return array, True


def block_of(pixels: int, samples: int, classes: int, activation: int) -> int:
    """Pixels of a block: a function of the shape alone, and few enough blocks that their sums stay small."""
    size = SOFTMAX_BLOCK if activation == ACTIVATIONS["softmax"] else BLOCK
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
        self.pred, self.real = pred, pred.dtype
        self.kept: list[Any] = []
        # the order of the pixels is that of memory
        self.flipped = pred.ndim > 3 and pred.flags.f_contiguous
        view, (self.samples, self.classes, self.pixels, *self.steps) = self.three(pred)
        self.operands: list[Operand] = [in_place(view), self.target_operand(), ABSENT]
        self.steps += (0, 0, 0)
        self.block = block_of(self.pixels, self.samples, self.classes, self.activation)
        self.per = -(-self.pixels // self.block) if self.pixels else 0
        self.shape = (self.samples, self.classes) if self.per_sample else (self.classes,)

    def three(self, array: Array) -> tuple[Array, tuple[int, ...]]:
        """Samples, classes, pixels, and the strides of each."""
        if array.flags.c_contiguous and not self.flipped:
            samples, classes = array.shape[:2]
            pixels = math.prod(array.shape[2:])
            return array, (samples, classes, pixels, classes * pixels, pixels, 1)
        view, sizes = in_three(self.seen(array, 2), 1)
        self.kept.append(view)
        return view, sizes

    def seen(self, array: Array, first: int) -> Array:
        """The array with its pixel axes, which begin at `first`, in the order of memory."""
        if not self.flipped:
            return array
        return array.transpose(*range(first), *range(array.ndim - 1, first - 1, -1))

    def target_operand(self) -> Operand:
        """The target; its strides follow those of the prediction."""
        if self.labelled:
            labels = self.seen(self.target, 1)
            self.kept.append(labels)
            self.steps += (0, 0, 0)
            return label_operand(labels, self.kept)
        view, sizes = self.three(self.target)
        self.steps += sizes[3:]
        return in_place(view, code_of(view, self.real))

    def write_to(self, out: Array) -> Array:
        """Have the passes write the gradient; returns the array they write to, which is another if `out` cannot be."""
        view, sizes = self.three(out)
        if not np.may_share_memory(view, out):
            out = np.empty(out.shape, out.dtype)
            view, sizes = self.three(out)
        self.operands[2] = in_place(view)
        self.steps[6:] = sizes[3:]
        return out

    def problem(self, loop: int, sums: Array, slopes: tuple[Array, ...] = ()) -> Problem:
        """The problem of a pass: the first fills the sums, the second reads the slopes."""
        integers = [self.samples * self.pixels, self.block, self.pixels, self.classes, self.activation]
        integers += (int(self.labelled), int(self.ignore is not None), self.ignore or 0, self.per, self.real.itemsize)
        integers.append(int(self.operands[2] is not ABSENT))
        integers += self.steps
        integers += (id(sums), *map(id, slopes)) if slopes else (id(sums), 0, 0, 0)
        integers.append(self.classes if self.per_sample else 0)
        work = self.pred.size * self.loss.cost
        blocks = self.samples * self.per
        if self.activation != ACTIVATIONS["softmax"]:
            blocks *= self.classes
        return Problem(loop, Positional(integers, [], self.operands), blocks, work)

    def totals(self, sums: Array) -> list[Array]:
        """tp, fp and fn of each region, from the sums of the blocks."""
        if self.per != 1:
            sums = sums.sum(axis=1)
        sums = sums.reshape(3, self.samples, self.classes)
        if not self.per_sample:
            sums = sums.sum(axis=1)
        return list(sums)

    def complain(self) -> None:
        """Raise for the first label or target outside its domain."""
        if self.labelled:
            bad_label(self.loss, self.target, self.classes, 1, self.ignore)
        good = (self.target >= 0) & (self.target <= 1)
        first = int(np.flatnonzero(~good.ravel())[0])
        bad = int(good.size - np.count_nonzero(good))
        check.value_outside(self.loss, "target", self.target, first, "in [0, 1]", bad)


def compute(backend: HostBackend, request: Request) -> Any:
    """Run a loss of regions: sums, the law of the sums, and the gradient."""
    loss, mode, options = request.loss, request.mode, request.options
    regions = Regions(loss, request.arguments, options)
    real = regions.real
    values, outputs = row_outputs(request, regions.pred, regions.shape, (regions.pred, regions.target))
    written = regions.write_to(outputs[0]) if mode else None
    sums = np.empty((3, regions.per, regions.samples, regions.classes))
    if backend.launch(regions.problem(backend.loop("regions_block", name_of(real)), sums)).bad_at >= 0:
        regions.complain()
    passed = {name: options[name] for name in ("weight", *loss.params) if name in options}
    passed |= {"reduction": request.reduction, "backend": backend.name}
    law = request.of(loss.regions, min(mode, 1), tuple(regions.totals(sums)), passed, request.pair)
    result, *slopes = plans.computed(backend, law) if mode else (plans.computed(backend, law),)
    if values is not None:
        values[...] = result
        result = values
    if mode == 0:
        return result
    backend.launch(regions.problem(backend.loop("region_slopes_block", name_of(real)), sums, slopes[0]))
    if written is not outputs[0]:
        outputs[0][...] = written
    return result, outputs[0]
