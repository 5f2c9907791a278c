"""The ordered family on a device: words of all errors, sorted by region, walked over, and turned into a gradient."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...calls import checks as check
from ..host.ordered import check_binary, check_labelled, only_present
from ..host.rowwise import bad_label
from . import checks, jit
from .arrays import DeviceArray
from .call import ABSENT, Call
from .ordered_kernels import gradient_kernel, words_kernel
from .ordered_sorting import DIGIT_BITS, DIGITS, count_kernel, move_kernel, place_kernel
from .ordered_texts import tile_entries
from .ordered_walk import CLOSE_LANES, close_kernel, tally_kernel, walk_kernel
from .reduction import conclude, rows_of_a_block
from .regional import GRADIENT_BLOCK, Regions, pixels_of_a_block
from .rowwise import outputs_of

if TYPE_CHECKING:
    from ...calls.request import Request

# Blocks that share a region: few, since every one of them looks at what all of them have counted.
MOST_PARTS = 256
MOST_ENTRIES = (1 << 31) - 1


def in_view(regions: Regions, array: DeviceArray, first: int) -> DeviceArray:
    """An array whose pixel axes begin at `first`: these in the order of the prediction's memory, as on the host.

    Samples of a pixel each that share their regions are the pixels of one sample.
    """
    shape, strides, pred = array.shape, array.strides, regions.pred
    if pred.ndim == 2 and not regions.per_sample:
        return replace(array, shape=(1, *shape[1:], shape[0]), strides=(0, *strides[1:], strides[0]))
    if pred.ndim <= 3 or not pred.f_order:
        return array
    return replace(array, shape=shape[:first] + shape[first:][::-1], strides=strides[:first] + strides[first:][::-1])


def enter_view(regions: Regions, out: DeviceArray | None) -> DeviceArray | None:
    """Have the kernels see the arrays of a call in this view; `out` as they see it."""
    labels = in_view(regions, regions.target, 1 if regions.labelled else 2)
    out = None if out is None else in_view(regions, out, 2)
    pred = in_view(regions, regions.pred, 2)
    regions.pred, regions.target = pred, labels
    regions.samples, regions.pixels = pred.shape[0], math.prod(pred.shape[2:])
    return out


class Sorting:
    """One call: its regions as stretches of words, the kernels that sort them, and what these need of memory."""

    def __init__(self, call: Call, regions: Regions, mode: int) -> None:
        self.call, self.regions, self.mode, self.real = call, regions, mode, regions.pred.dtype
        self.step = regions.classes if regions.per_sample else 0
        self.count = regions.classes * (regions.samples if regions.per_sample else 1)
        self.entries = regions.pixels * (1 if regions.per_sample else regions.samples)
        if self.entries > MOST_ENTRIES:
            name = call.loss.name
            raise ValueError(f"{name}: a region has {self.entries} pixels; on a device at most {MOST_ENTRIES}")
        tile = tile_entries()
        self.part = max(1, -(-self.entries // (tile * MOST_PARTS))) * tile
        self.parts = -(-self.entries // self.part) if self.count else 0
        size, blocks = regions.pred.size, self.count * self.parts
        self.words = [self.memory(size * self.real.itemsize) for _ in range(2)]
        self.places = [self.memory(4 * size) if mode else 0 for _ in range(2)]
        self.slopes = self.memory(size * self.real.itemsize) if mode else 0
        several = self.entries > tile
        self.counts = self.memory(4 * blocks * DIGITS) if several else 0
        self.starts = self.memory(4 * self.count * DIGITS) if several else 0
        self.tallies, self.losses = self.memory(16 * blocks), self.memory(8 * blocks)
        self.shares = self.memory(8 * self.count)

    def memory(self, size: int) -> int:
        """Address of so many bytes on the device."""
        return self.call.workspace(max(1, -(-size // 8)))

    def geometry(self) -> tuple[int, int, int]:
        """The words of a region, those of a block, and the blocks of a region."""
        return self.entries, self.part, self.parts

    def sort(self) -> None:
        """Sort the words of each region, which end where they began, and the places of their pixels."""
        stream, dtype, blocks = self.call.stream, self.real.name, self.count * self.parts
        for turn, shift in enumerate(range(1, 8 * self.real.itemsize, DIGIT_BITS)):
            one, other = turn % 2, 1 - turn % 2
            # before the first turn words lie where their pixels do
            places = self.places[one] if turn else 0
            moved = (self.words[one], places, self.words[other], self.places[other])
            integers = (*moved, *self.geometry(), shift, self.counts, self.starts)
            if self.counts:
                count_kernel(dtype).launch(stream, blocks, jit.THREADS, integers)
                place_kernel().launch(stream, self.count, jit.THREADS, integers)
            move_kernel(dtype).launch(stream, blocks, jit.THREADS, integers)

    def walk(self) -> None:
        """The losses of the blocks, and the slopes of the errors."""
        stream, dtype, blocks = self.call.stream, self.real.name, self.count * self.parts
        softmax = int(self.regions.labelled)
        integers = (self.words[0], self.places[0], self.slopes, self.tallies, *self.geometry(), self.losses, softmax)
        tally_kernel(dtype).launch(stream, blocks, jit.THREADS, integers)
        walk_kernel(dtype).launch(stream, blocks, jit.THREADS, integers)

    def run(self, out: DeviceArray | None, weight: DeviceArray | None, values: Any, present: bool) -> tuple[int, int]:
        """Everything but the gradient: address and number of the partial results."""
        regions, call = self.regions, self.call
        block = pixels_of_a_block(regions.pixels, regions.samples, regions.classes)
        first = regions.samples * -(-regions.pixels // block) if regions.pred.size else 0
        each = rows_of_a_block(self.count, jit.THREADS)
        blocks = -(-self.count // each)
        partials = call.workspace(4 * max(1, first + blocks))
        if first:
            regions.launch(words_kernel, block, self.words[0], partials, out, (0, 0, self.entries, self.step))
            self.sort()
            self.walk()
        integers = [self.count, each, partials + 32 * first, self.losses, self.parts, self.tallies, self.shares]
        integers += (int(present), *call.operand(weight, self.real))
        integers += ABSENT if values is None else call.operand(values, self.real)
        if blocks:
            close_kernel(self.real.name).launch(call.stream, blocks, CLOSE_LANES, tuple(integers))
        return partials, first + blocks

    def gradient(self, out: DeviceArray, scale: int) -> None:
        """Write the gradient, from the slopes of the errors and what regions count."""
        if self.regions.pred.size:
            slopes = (self.shares, scale, self.entries, self.step)
            self.regions.launch(gradient_kernel, GRADIENT_BLOCK, self.slopes, 0, out, slopes)


def _explain(call: Call, regions: Regions, labels: DeviceArray, weight: DeviceArray | None) -> Callable[..., None]:
    """What raises for a bad target or weight, in the words and the order that host arrays have."""
    loss, library = call.loss, call.library

    def explain(*_: int) -> None:
        host = library.download(labels.owner)
        if not regions.labelled:
            check_binary(loss, host)
        if weight is not None:
            check.weights(loss, library.download(weight.owner), regions.shape)
        bad_label(loss, host, regions.classes, 1, regions.ignore)

    return explain


def compute(request: Request) -> Any:
    """Run a loss of sorted errors."""
    call, loss, given = Call(request), request.loss, request.options
    with call.library.current():
        options = {"ignore_index": None, **loss.defaults, **given, "activation": loss.rows["activation"]}
        regions = Regions(call, request.arguments, options)
        check_labelled(loss, regions)
        pred, labels = regions.pred, regions.target
        values, outputs = outputs_of(call, pred, regions.shape, [pred, labels])
        present, weight = only_present(loss, given), given.get("weight")
        if weight is not None:
            weight = checks.real_array(loss, "weight", weight, call.library)
            check.weight_shape(loss, weight, regions.shape)
        out = enter_view(regions, outputs[0] if request.mode else None)
        sorting = Sorting(call, regions, request.mode)
        spread = None if weight is None else weight.spread(regions.shape)
        partials = sorting.run(out, spread, values, present)
        explain = _explain(call, regions, labels, weight)
        known = None if present or weight is not None else float(sorting.count)
        if out is not None:
            scale = call.workspace(1) if request.averaged else 0
            if scale:
                call.finish(*partials, known, scale=scale)
            sorting.gradient(out, scale)
        return conclude(call, partials, known, (values, outputs), [], explain)
