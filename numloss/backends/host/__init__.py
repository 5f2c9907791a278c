"""What the two backends for host arrays share: from checked arrays to the problem that a loop reads."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ...calls.arrays import HOST
from ...calls.balance import balanced, lost_in, mean_in_parts, multiplied, weighing
from ...calls.cuts import added_at_cuts, cuts_of
from ...calls.request import Unbalanced
from ...calls.tokens import settled
from ...calls.topk import names_classes
from ...calls.widened import widened_call
from ...common.telling import wanted_for
from .. import family, threads
from ..locks import compiling
from ..packing.operands import FLOAT32, Array, Outcome, Problem, copied, name_of

if TYPE_CHECKING:
    from ...calls.arrays import Arrays
    from ...calls.request import Request
    from ...calls.widened import Widened
    from ...registry import Loss

# Families that weigh whole arrays in the dtype of the data, whose sizes hide another look at the weights.
IN_ARRAYS = ("similarity", "head")
INFINITE = (float("inf"), -float("inf"))


class HostBackend:
    """The common half of `numba` and `cython`. The other half compiles or finds kernels and runs them."""

    name = ""

    def tile(self, loss: Loss, dtype: str, mode: int) -> int:
        """Address of the tile of a loss."""
        raise NotImplementedError

    def loop(self, name: str, dtype: str) -> int:
        """Address of a loop over one block."""
        raise NotImplementedError

    def run(self, loop: int, problem: bytes, blocks: int, workers: int) -> tuple[float, float, int, int]:
        """Run all blocks; returns the numbers of an Outcome."""
        raise NotImplementedError

    def kernel(self, loss: Loss, loop: str, real: np.dtype[Any], mode: int) -> tuple[int, int]:
        """Addresses of the loop and of the tile, remembered with the loss."""
        key = (self.name, loop, real.char, mode)
        found = loss.kernels.get(key)
        if found is None:
            with compiling:
                waiting = wanted_for.set(loss.name)
                try:
                    found = (self.loop(loop, name_of(real)), self.tile(loss, name_of(real), mode))
                finally:
                    wanted_for.reset(waiting)
                loss.kernels[key] = found
        return found

    def launch(self, problem: Problem) -> Outcome:
        """Run a problem; one of no blocks has sums of nothing."""
        if problem.blocks == 0:
            return Outcome(0.0, 0.0, -1, 0)
        return Outcome(*self.spread(problem.loop, problem.packed(), problem.blocks, problem.work))

    def spread(self, loop: int, problem: bytes, blocks: int, work: float) -> tuple[float, float, int, int]:
        """Run all blocks, on as many threads as there are, if they pay and nobody else is using them."""
        workers = threads.limit() if work > threads.PARALLEL_PAYS_AT and blocks > 1 else 1
        if workers == 1:
            return self.run(loop, problem, blocks, 1)
        with threads.team() as alone:
            return self.run(loop, problem, blocks, workers if alone else 1)

    def counted(self, problem: Problem, loop: int, work: float, complain: Callable[[int, int], NoReturn]) -> float:
        """What a loop finds that the weights of a problem add up to, before its gradient is scaled by it."""
        sums = self.launch(Problem(loop, problem.header, problem.blocks, work))
        if sums.bad_at >= 0:
            complain(sums.bad_at, sums.bad_in)
        return sums.weight

    def convert(self, source: Array, sink: Array) -> None:
        """Copy numbers from an array of float32 to one of 16 bits and of its shape, or back."""
        kept: list[Any] = []
        header = copied(source, sink, kept)
        loop, blocks = self.loop("copy_block", name_of(FLOAT32)), -(-header.elements // header.block)
        self.launch(Problem(loop, header, blocks, header.elements * 0.3))

    def added_at_cuts(self, request: Request, lower: Array, upper: Array) -> Array:
        """Slopes by both ends of intervals, added up for each cut."""
        found: Array = added_at_cuts(request, cuts_of(HOST, request), lower, upper)
        return found

    def place(self, request: Request) -> Arrays:
        """Where the arrays of a request lie."""
        return HOST

    def widened(self, request: Request) -> Widened | None:
        """The call with copies in float32 of what has 16 bits, if anything has."""
        return widened_call(HOST, request, self.convert)

    def settled(self, request: Request) -> Request:
        """The same request, of what stands for tokens where their sequences count."""
        return settled(HOST, request, lambda tokens: family(__package__, "packed").summed(self, tokens))

    def compute(self, request: Request) -> Any:
        """What a request asks for, by the module of the loss's family."""
        request = self.settled(request)
        named = names_classes(request)
        module = family(__package__, "topk" if named else request.loss.family)
        found = None if getattr(module, "READS_HALVES", False) else self.widened(request)
        if found is not None:
            return found.answered(self.compute(found.request))
        if named:  # weights are looked at by what is asked of the rows that stand for these
            return module.compute(self, request)
        compute = module.compute
        names = weighing(request)
        if names:
            near = [name for name in names if request.loss.family in IN_ARRAYS or lost_in(request, name)]
            request = balanced(request, 4, near) if near else request
        try:
            answer = compute(self, request)
        except Unbalanced:
            # nothing is written before the weights are known
            answer = compute(self, balanced(request, 8, names))
        if request.averaged and (answer[0] if request.mode else answer) in INFINITE:
            return mean_in_parts(functools.partial(compute, self), request, answer)
        return answer if not request.exponent or request.averaged else multiplied(answer, request.exponent)
