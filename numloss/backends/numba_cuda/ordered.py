"""The ordered family on a device: words of all errors, sorted by region, walked over, and turned into a gradient."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...calls.regions import Regions, SortedRegions
from . import jit
from .arrays import DeviceArray
from .call import Call
from .ordered_kernels import gradient_kernel, words_kernel
from .ordered_sorting import DIGIT_BITS, DIGITS, count_kernel, move_kernel, place_kernel
from .ordered_texts import tile_entries
from .ordered_walk import CLOSE_LANES, close_kernel, tally_kernel, walk_kernel
from .reduction import conclude, rows_of_a_block
from .regional import GRADIENT_BLOCK, SeenRegions, pixels_of_a_block

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


class SeenSorted(SeenRegions):
    """The arrays of a call as the kernels see them: in this view."""

    def __init__(self, call: Call, regions: SortedRegions) -> None:
        super().__init__(call, regions)
        self.pred = in_view(regions, regions.pred, 2)
        self.target = in_view(regions, regions.target, 1 if regions.labelled else 2)
        self.samples, self.pixels = self.pred.shape[0], math.prod(self.pred.shape[2:])
        self.out = in_view(regions, regions.outputs[0], 2) if regions.outputs else None


class Sorting:
    """One call: its regions as stretches of words, the kernels that sort them, and what these need of memory."""

    def __init__(self, call: Call, regions: SortedRegions) -> None:
        self.call, self.regions, self.seen, self.real = call, regions, SeenSorted(call, regions), regions.real
        seen, mode = self.seen, call.request.mode
        self.step = regions.classes if regions.per_sample else 0
        self.count = math.prod(regions.shape)
        self.entries = seen.pixels * (1 if regions.per_sample else seen.samples)
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

    def run(self) -> tuple[int, int]:
        """Everything but the gradient: address and number of the partial results."""
        seen, call = self.seen, self.call
        block = pixels_of_a_block(seen.pixels, seen.samples, self.regions.classes)
        first = seen.samples * -(-seen.pixels // block) if seen.pred.size else 0
        each = rows_of_a_block(self.count, jit.THREADS)
        blocks = -(-self.count // each)
        partials = call.workspace(4 * max(1, first + blocks))
        if first:
            seen.launch(words_kernel, block, self.words[0], partials, seen.out, (0, 0, self.entries, self.step))
            self.sort()
            self.walk()
        integers = [self.count, each, partials + 32 * first, self.losses, self.parts, self.tallies, self.shares]
        integers.append(int(self.regions.present))
        for array in (self.regions.weight, self.regions.values):
            integers += call.operand(array, self.real)
        if blocks:
            close_kernel(self.real.name).launch(call.stream, blocks, CLOSE_LANES, tuple(integers))
        return partials, first + blocks

    def gradient(self, scale: int) -> None:
        """Write the gradient, from the slopes of the errors and what regions count."""
        if self.seen.pred.size:
            slopes = (self.shares, scale, self.entries, self.step)
            self.seen.launch(gradient_kernel, GRADIENT_BLOCK, self.slopes, 0, self.seen.out, slopes)


def compute(request: Request) -> Any:
    """Run a loss of sorted errors."""
    call = Call(request)
    with call.library.current():
        regions = SortedRegions(call.library, request)
        sorting = Sorting(call, regions)
        partials = sorting.run()
        known = None if regions.present or regions.weight is not None else float(sorting.count)
        if request.mode:
            scale = call.workspace(1) if request.averaged else 0
            if scale:
                call.finish(*partials, known, scale=scale)
            sorting.gradient(scale)
        return conclude(call, partials, known, (regions.values, regions.outputs), [], regions.complain)
