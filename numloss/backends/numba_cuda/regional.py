"""The regional family on a device: sums over the pixels of each class, a law of the sums, and the gradient."""

from __future__ import annotations

import math
from typing import Any

from ...calls.regions import Regions
from ...calls.request import Request
from ..packing.regional import header_of
from . import jit
from .arrays import DeviceArray
from .call import FLOAT64, Call
from .elementwise import over_elements
from .regional_kernels import (
    LANES,
    gradient_kernel,
    pool_kernel,
    spread_kernel,
    sums_kernel,
    totals_kernel,
    values_kernel,
)
from .rowwise import in_rows

BLOCK, GRADIENT_BLOCK = 1024, 256
MOST_SUMS = 32768


def pixels_of_a_block(pixels: int, samples: int, classes: int) -> int:
    """A function of the shape alone; the blocks are few enough that their sums stay small."""
    size = BLOCK
    while pixels > size and -(-pixels // size) * samples * classes > MOST_SUMS:
        size *= 2
    return size


class SeenRegions:
    """The arrays of a call as the kernels see them."""

    def __init__(self, call: Call, regions: Regions) -> None:
        self.call, self.regions = call, regions
        self.pred, self.target = regions.pred, regions.target
        self.samples, self.pixels = regions.samples, regions.pixels

    def launch(self, kernel: Any, block: int, out: DeviceArray | None, *addresses: int) -> None:
        """A kernel over the pixels of each sample, in blocks of so many."""
        call, regions, real = self.call, self.regions, self.pred.dtype
        pred, pred_steps = in_rows(call, self.pred, 1, real)
        target, target_steps = in_rows(call, None if regions.labelled else self.target, 1, real)
        if regions.labelled:
            target = call.described(self.target, real)
        gradient, gradient_steps = in_rows(call, out, 1, real)
        steps = pred_steps, target_steps, gradient_steps
        header = header_of(regions, self.samples, self.pixels, block, (pred, target, gradient), steps)
        compiled = kernel(regions.activation, regions.labelled, real.name)
        compiled.launch(call.stream, self.samples * header.parts, jit.THREADS, header, *addresses)

    def sums(self) -> tuple[Any, ...]:
        """tp, fp and fn of each region, float64 arrays of the library; raises for a bad target."""
        call, library, regions = self.call, self.call.library, self.regions
        block = pixels_of_a_block(self.pixels, self.samples, regions.classes)
        blocks = self.samples * -(-self.pixels // block) if self.pred.size else 0
        places = call.workspace(max(3 * blocks * regions.classes, 1))
        if blocks:
            partials = call.workspace(4 * blocks)
            self.launch(sums_kernel, block, None, places, partials)
            call.settle(call.finish(partials, blocks, None), regions.complain)
        totals = tuple(library.empty(regions.sums_shape, FLOAT64) for _ in range(3))
        count = math.prod(regions.sums_shape)
        if count:
            joined = blocks // self.samples if regions.per_sample else blocks
            written = (library.describe(array).address for array in totals)
            totals_kernel().launch(call.stream, count, LANES, places, joined, regions.classes, *written)
        return totals

    def addresses(self, arrays: tuple[Any, ...]) -> list[int]:
        """Where arrays of the library are."""
        return [self.call.library.describe(array).address for array in arrays]

    def pooled(self, totals: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
        """What the regions of each sample count, and their sums times that, added up over the classes."""
        library, regions = self.call.library, self.regions
        weights = library.empty(regions.sums_shape, FLOAT64)
        added = tuple(library.empty(regions.shape, FLOAT64) for _ in range(3))
        if regions.samples:
            places = self.addresses((*totals, weights, *added))
            blocks = -(-regions.samples // jit.THREADS)
            kernel = pool_kernel()
            sizes = regions.samples, regions.classes
            kernel.launch(self.call.stream, blocks, jit.THREADS, *places, *sizes, float(regions.pooled or 0.0))
        return weights, added

    def spread(self, weights: Any, slopes: tuple[Any, ...]) -> tuple[Any, ...]:
        """The slopes by the sums of each region."""
        library, regions = self.call.library, self.regions
        found = tuple(library.empty(regions.sums_shape, FLOAT64) for _ in slopes)
        count = math.prod(regions.sums_shape)
        if count:
            places = self.addresses((weights, *slopes, *found))
            blocks = -(-count // jit.THREADS)
            spread_kernel().launch(self.call.stream, blocks, jit.THREADS, *places, count, regions.classes)
        return found

    def gradient(self, slopes: tuple[Any, ...], out: DeviceArray) -> None:
        """Write the gradient, from the slopes of the regions."""
        if self.pred.size:
            self.launch(gradient_kernel, GRADIENT_BLOCK, out, *self.addresses(slopes))

    def give(self, result: Any, values: DeviceArray) -> None:
        """Write unreduced values, which are float64, to where the caller wants them."""
        call, real = self.call, self.pred.dtype
        if values.size:
            address = call.library.describe(result).address
            blocks = -(-values.size // jit.THREADS)
            kernel = values_kernel(real.name)
            kernel.launch(call.stream, blocks, jit.THREADS, call.described(values, real), values.size, address)


def compute(request: Request) -> Any:
    """Run a loss of regions: sums, the law of the sums, and the gradient."""
    call = Call(request)
    loss, mode, given = request.loss, request.mode, request.options
    with call.library.current():
        regions = Regions(call.library, request, request.option("activation"))
        seen, values, outputs = SeenRegions(call, regions), regions.values, regions.outputs
        passed = {name: given[name] for name in ("weight", *loss.params) if name in given}
        passed["reduction"] = request.reduction
        totals, weights = seen.sums(), None
        if regions.pooled is not None:
            weights, totals = seen.pooled(totals)
        law = Request(
            loss.regions, min(mode, 1), totals, passed, request.pair, signed=request.signed, pull=request.pull
        )
        # the law runs on the stream of the prediction, whose arrays the sums are not
        answer = over_elements(Call(law, request.arguments[0]))
        result, slopes = answer if mode else (answer, ())
        if values is not None:
            seen.give(result, values)
            result = values.owner
        if mode == 0:
            return result
        seen.gradient(slopes if weights is None else seen.spread(weights, slopes), outputs[0])
        return result, outputs[0].owner
