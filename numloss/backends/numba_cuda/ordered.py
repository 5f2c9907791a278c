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
from .ordered_texts import Stretches, tile_entries
from .ordered_walk import CLOSE_LANES, Closing, close_kernel, tally_kernel, walk_kernel
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

    def stretches(self, words: int, places: int) -> Stretches:
        """Words and places as kernels read them."""
        return Stretches(words=words, places=places, entries=self.entries, part=self.part, parts=self.parts)

    def sort(self) -> None:
        """Sort the words of each region, which end where they began, and the places of their pixels."""
        stream, dtype, blocks, counts = self.call.stream, self.real.name, self.count * self.parts, self.counts
        for turn, shift in enumerate(range(1, 8 * self.real.itemsize, DIGIT_BITS)):
            one, other = turn % 2, 1 - turn % 2
            # before the first turn words lie where their pixels do
            header = self.stretches(self.words[one], self.places[one] if turn else 0)
            if counts:
                count_kernel(dtype).launch(stream, blocks, jit.THREADS, header, shift, counts)
                place_kernel().launch(stream, self.count, jit.THREADS, self.parts, counts, self.starts)
            to = self.words[other], self.places[other]
            move_kernel(dtype).launch(stream, blocks, jit.THREADS, header, shift, counts, self.starts, *to)

    def walk(self) -> None:
        """The losses of the blocks, and the slopes of the errors."""
        stream, dtype, blocks, tallies = self.call.stream, self.real.name, self.count * self.parts, self.tallies
        header, softmax = self.stretches(self.words[0], self.places[0]), int(self.regions.labelled)
        tally_kernel(dtype).launch(stream, blocks, jit.THREADS, header, tallies)
        walk_kernel(dtype).launch(stream, blocks, jit.THREADS, header, tallies, self.slopes, softmax, self.losses)

    def close(self, block: int) -> Closing:
        """What is read and written when so many regions a block are closed."""
        return Closing(
            regions=self.count,
            block=block,
            losses=self.losses,
            parts=self.parts,
            tallies=self.tallies,
            shares=self.shares,
            present=self.regions.present,
            weighted=self.regions.request.weighting(self.regions.weight),
            weight=self.call.described(self.regions.weight, self.real),
            values=self.call.described(self.regions.values, self.real),
        )

    def run(self) -> tuple[int, int]:
        """Everything but the gradient: address and number of the partial results."""
        seen, call = self.seen, self.call
        block = pixels_of_a_block(seen.pixels, seen.samples, self.regions.classes)
        first = seen.samples * -(-seen.pixels // block) if seen.pred.size else 0
        each = rows_of_a_block(self.count, jit.THREADS)
        blocks = -(-self.count // each)
        partials = call.workspace(4 * max(1, first + blocks))
        if first:
            seen.launch(words_kernel, block, seen.out, self.words[0], self.entries, partials)
            self.sort()
            self.walk()
        if blocks:
            header = self.close(each)
            close_kernel(self.real.name).launch(call.stream, blocks, CLOSE_LANES, header, partials + 32 * first)
        return partials, first + blocks

    def gradient(self, scale: int) -> None:
        """Write the gradient, from the slopes of the errors and what regions count."""
        if self.seen.pred.size:
            places = (self.slopes, self.shares, scale, self.entries)
            self.seen.launch(gradient_kernel, GRADIENT_BLOCK, self.seen.out, *places)


def compute(request: Request) -> Any:
    """Run a loss of sorted errors."""
    call = Call(request)
    with call.library.current():
        regions = SortedRegions(call.library, request)
        sorting = Sorting(call, regions)
        partials = sorting.run()
        known = None if regions.present or regions.weight is not None else float(sorting.count)
        if request.mode:
            scale = call.workspace(1) if request.averaged else call.pulled()
            if request.averaged:
                call.finish(*partials, known, scale=scale)
            sorting.gradient(scale)
        return conclude(call, partials, known, (regions.values, regions.outputs), [], regions.complain)
