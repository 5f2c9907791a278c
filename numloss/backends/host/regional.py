"""The regional family on the host: sums over the pixels of each class, then a law of the sums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls.arrays import HOST
from ...calls.regions import Regions
from ...calls.request import Request
from ...loops import headers
from ...loops.codes import SOFTMAX
from ...loops.headers import Operand, RegionSums, Steps
from ..packing.operands import ABSENT, Array, Problem, code_of, in_place, label_operand, name_of
from ..packing.regional import header_of
from ..packing.rowwise import NO_STEPS
from ..packing.stored import look_for_memory
from . import plans
from .rowwise import in_three

if TYPE_CHECKING:
    from . import HostBackend

# Numbers of 16 bits are read and written as they are.
READS_HALVES = True
# Pixels of a block: of one class, or of all where a softmax takes them together.
BLOCK, SOFTMAX_BLOCK = 16384, 4096
MOST_SUMS = 16384


def block_of(pixels: int, samples: int, classes: int, activation: int) -> int:
    """Pixels of a block: a function of the shape alone, and few enough blocks that their sums stay small."""
    size = SOFTMAX_BLOCK if activation == SOFTMAX else BLOCK
    while pixels > size and -(-pixels // size) * samples * classes > MOST_SUMS:
        size *= 2
    return size


class SeenRegions:
    """The arrays of a call as the loops see them.

    `copies` are pairs of an array to write, and where the loops write it because they cannot write it in place.
    """

    def __init__(self, regions: Regions) -> None:
        self.regions, self.kept = regions, list[Any]()
        self.copies: list[tuple[Array, Array]] = []
        # the order of the pixels is that of memory
        self.flipped = regions.pred.ndim > 3 and regions.pred.flags.f_contiguous
        self.header = self.described()

    def three(self, array: Array) -> tuple[Array, Steps]:
        """The array as the loops see it, and its strides over samples, classes and pixels."""
        if array.flags.c_contiguous and not self.flipped:
            regions = self.regions
            return array, Steps(regions.classes * regions.pixels, regions.pixels, 1)
        view, sizes = in_three(self.seen(array, 2), 1)
        self.kept.append(view)
        return view, Steps(*sizes[3:])

    def seen(self, array: Array, first: int) -> Array:
        """The array with its pixel axes, which begin at `first`, in the order of memory."""
        if not self.flipped:
            return array
        return array.transpose(*range(first), *range(array.ndim - 1, first - 1, -1))

    def placed(self, array: Array) -> Operand:
        """An array whose steps the header has."""
        return in_place(array, code_of(array, self.regions.real))

    def write_to(self, out: Array) -> None:
        """Have the passes write the gradient; `deliver` puts it where it belongs if they cannot write it in place."""
        view, steps = self.three(out)
        self.kept.append(view)
        if not np.may_share_memory(view, out):
            self.copies.append((self.seen(out, 2), view))
        self.header.gradient, self.header.gradient_steps = self.placed(view), steps

    def deliver(self) -> None:
        """Copy what was not written in place."""
        for array, written in self.copies:
            array[...] = written

    def described(self) -> headers.Regions:
        """The regions as the loops read them, before there is a gradient."""
        regions = self.regions
        block = block_of(regions.pixels, regions.samples, regions.classes, regions.activation)
        pred, pred_steps = self.three(regions.pred)
        if regions.labelled:
            self.kept.append(self.seen(regions.target, 1))
            target, target_steps = label_operand(self.kept[-1], self.kept), NO_STEPS
        else:
            view, target_steps = self.three(regions.target)
            target = self.placed(view)
        steps = pred_steps, target_steps, NO_STEPS
        return header_of(regions, regions.samples, regions.pixels, block, (self.placed(pred), target, ABSENT), steps)

    def problem(self, loop: int, sums: Array, slopes: tuple[Array, ...] = ()) -> Problem:
        """The problem of a pass: the first fills the sums, the second reads the slopes."""
        regions = self.regions
        blocks = regions.samples * self.header.parts
        if regions.activation != SOFTMAX:
            blocks *= regions.classes
        header = RegionSums(regions=self.header, sums=id(sums), slopes=[*map(id, slopes)])
        return Problem(loop, header, blocks, regions.pred.size * regions.loss.cost)

    def new_sums(self) -> Array:
        """Memory for tp, fp and fn of the regions of each part."""
        return np.empty((3, self.header.parts, self.regions.samples, self.regions.classes))

    def count(self, backend: HostBackend, sums: Array) -> Problem:
        """The first pass: sums of the blocks; raises for a bad label or target."""
        problem = self.problem(backend.loop("regions_block", name_of(self.regions.real)), sums)
        outcome = backend.launch(problem)
        if outcome.bad_at >= 0:
            look_for_memory(outcome.bad_in)
            self.regions.complain()
        return problem


def weights_of(volumes: Array, power: float) -> Array:
    """What the regions of each sample count: 1 for the smallest and what has no pixel, else less by this power."""
    there = volumes > 0.0
    smallest = np.where(there, volumes, np.inf).min(axis=1, keepdims=True, initial=np.inf)
    return np.asarray(np.divide(smallest, volumes, out=np.ones_like(volumes), where=there) ** power)


class LawOfSums:
    """The law of a call: of sums of regions it makes the value, and the slopes by them where a gradient is wanted."""

    def __init__(self, backend: HostBackend, request: Request, regions: Regions) -> None:
        self.backend, self.loss, self.mode, self.pair = backend, request.loss.regions, request.mode, request.pair
        self.signed, self.pull = request.signed, request.pull
        self.shape, self.per_sample = (3, regions.samples, regions.classes), regions.per_sample
        self.pooled = regions.pooled
        given = request.options
        self.options = {name: given[name] for name in ("weight", *request.loss.params) if name in given}
        self.options |= {"reduction": request.reduction, "backend": backend.name}

    def __call__(self, sums: Array) -> tuple[Any, tuple[Array, ...]]:
        if sums.shape[1] != 1:
            sums = sums.sum(axis=1)
        sums = sums.reshape(self.shape)
        totals = tuple(sums if self.per_sample else sums.sum(axis=1))
        if self.pooled is None:
            return self.of_totals(totals)
        weights = weights_of(totals[0] + totals[2], self.pooled)
        result, slopes = self.of_totals(tuple((weights * each).sum(axis=1) for each in totals))
        return result, tuple(weights * slope[:, None] for slope in slopes)

    def of_totals(self, totals: tuple[Array, ...]) -> tuple[Any, tuple[Array, ...]]:
        """The law of tp, fp and fn."""
        given = self.loss, self.mode, totals, self.options, self.pair
        answer = plans.computed(self.backend, Request(*given, signed=self.signed, pull=self.pull))
        return answer if self.mode else (answer, ())


def compute(backend: HostBackend, request: Request) -> Any:
    """Run a loss of regions: sums, the law of the sums, and the gradient."""
    regions = Regions(HOST, request, request.option("activation"))
    seen, values, law = SeenRegions(regions), regions.values, LawOfSums(backend, request, regions)
    if request.mode:
        seen.write_to(regions.outputs[0])
    sums = seen.new_sums()
    problem = seen.count(backend, sums)
    result, slopes = law(sums)
    second = backend.loop("region_slopes_block", name_of(regions.real)) if request.mode else 0
    if request.mode:
        look_for_memory(backend.launch(seen.problem(second, sums, slopes)).bad_in)
        seen.deliver()
    if values is not None:
        values[...] = result
        result = values
    elif not seen.copies:
        read, written = ("regions.pred", "regions.target"), ("regions.gradient",)
        plans.remember_passes(backend, request, problem, read, written, law, sums.shape, second)
    return (result, regions.outputs[0]) if request.mode else result
