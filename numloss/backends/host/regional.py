"""The regional family on the host: sums over the pixels of each class, then a law of the sums."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls import checks as check
from ...calls.rowwise import flag, ignored_label
from ...loops import headers
from ...loops.codes import NO_ACTIVATION, SIGMOID, SOFTMAX
from ...loops.headers import ClassMap, RegionSums
from . import plans
from .packing import ABSENT, Array, Problem, code_of, in_place, label_operand, name_of
from .rowwise import bad_label, in_three, labels_array, row_outputs

if TYPE_CHECKING:
    from ...calls.request import Request
    from ...registry import Loss
    from . import HostBackend

ACTIVATIONS = {None: NO_ACTIVATION, "sigmoid": SIGMOID, "softmax": SOFTMAX}
NOWHERE = ClassMap(operand=ABSENT, per_sample=0, per_class=0, per_pixel=0)
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
    if activation != SOFTMAX:
        raise ValueError(
            f"{loss.name}: target has shape {array.shape}, pred has {pred.shape}; they must be equal "
            "(labels, without the class axis, need activation='softmax')"
        )
    return labels_array(loss, array, pred, 1), True


def block_of(pixels: int, samples: int, classes: int, activation: int) -> int:
    """Pixels of a block: a function of the shape alone, and few enough blocks that their sums stay small."""
    size = SOFTMAX_BLOCK if activation == SOFTMAX else BLOCK
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
        self.samples, self.classes = pred.shape[:2]
        self.pixels = math.prod(pred.shape[2:])
        self.block = block_of(self.pixels, self.samples, self.classes, self.activation)
        self.parts = -(-self.pixels // self.block) if self.pixels else 0
        self.shape = (self.samples, self.classes) if self.per_sample else (self.classes,)
        self.header = self.described()

    def three(self, array: Array) -> tuple[Array, tuple[int, ...]]:
        """The array as the loops see it, and its strides over samples, classes and pixels."""
        if array.flags.c_contiguous and not self.flipped:
            return array, (self.classes * self.pixels, self.pixels, 1)
        view, sizes = in_three(self.seen(array, 2), 1)
        self.kept.append(view)
        return view, sizes[3:]

    def seen(self, array: Array, first: int) -> Array:
        """The array with its pixel axes, which begin at `first`, in the order of memory."""
        if not self.flipped:
            return array
        return array.transpose(*range(first), *range(array.ndim - 1, first - 1, -1))

    def map_of(self, array: Array) -> ClassMap:
        """An array of classes as the loops read it."""
        view, strides = self.three(array)
        return ClassMap(in_place(view, code_of(view, self.real)), *strides)

    def write_to(self, out: Array) -> Array:
        """Have the passes write the gradient; returns the array they write to, which is another if `out` cannot be."""
        if not np.may_share_memory(self.three(out)[0], out):
            out = np.empty(out.shape, out.dtype)
        self.header.gradient = self.map_of(out)
        return out

    def described(self) -> headers.Regions:
        """The regions as the loops read them, before there is a gradient."""
        labels = self.seen(self.target, 1) if self.labelled else None
        self.kept.append(labels)
        return headers.Regions(
            samples=self.samples,
            classes=self.classes,
            pixels=self.pixels,
            block=self.block,
            parts=self.parts,
            activation=self.activation,
            labelled=self.labelled,
            ignores=self.ignore is not None,
            ignored=self.ignore or 0,
            per_sample=self.classes if self.per_sample else 0,
            itemsize=self.real.itemsize,
            pred=self.map_of(self.pred),
            target=NOWHERE if self.labelled else self.map_of(self.target),
            gradient=NOWHERE,
            labels=ABSENT if labels is None else label_operand(labels, self.kept),
        )

    def problem(self, loop: int, sums: Array, slopes: tuple[Array, ...] = ()) -> Problem:
        """The problem of a pass: the first fills the sums, the second reads the slopes."""
        blocks = self.samples * self.parts
        if self.activation != SOFTMAX:
            blocks *= self.classes
        header = RegionSums(regions=self.header, sums=id(sums), slopes=[*map(id, slopes)])
        return Problem(loop, header, blocks, self.pred.size * self.loss.cost)

    def totals(self, sums: Array) -> list[Array]:
        """tp, fp and fn of each region, from the sums of the blocks."""
        if self.parts != 1:
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
    sums = np.empty((3, regions.parts, regions.samples, regions.classes))
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
