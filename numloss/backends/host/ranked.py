"""The ranked family on the host: lists of uneven length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls.arrays import HOST
from ...calls.lists import Lists, blocks_of, pairs_of
from ...loops.codes import block_size
from ...loops.headers import Discounts
from ..packing.operands import Array, Outcome, Problem, name_of
from ..packing.ranked import header_of

if TYPE_CHECKING:
    from ...calls.request import Request
    from . import HostBackend

# Numbers of 16 bits are read and written as they are.
READS_HALVES = True
# What each loop needs of scratch, in rows: places, numbers of the data's dtype, float64 numbers.
SCRATCH = {
    "approx_ndcg_block": (0, 4, 2),
    "lambdarank_block": (2, 5, 2),
    "listnet_block": (0, 0, 0),
    "risks_block": (2, 4, 4),
    "xendcg_block": (0, 0, 0),
}
# Loops of pairs, which need discounts.
BY_PAIRS = ("approx_ndcg_block", "lambdarank_block")


def discounts_of(backend: HostBackend, ranks: int, real: np.dtype[Any]) -> Array:
    """What each rank takes off a gain, and what that number lacks."""
    found = np.empty((2, ranks), real)
    size = block_size(ranks)
    if ranks:
        loop = backend.loop("discounts_block", name_of(real))
        header = Discounts(ranks=ranks, block=size, out=id(found))
        backend.launch(Problem(loop, header, -(-ranks // size), ranks * 20.0))
    return found


def problem_of(backend: HostBackend, lists: Lists, kept: list[Any]) -> Problem:
    """The problem, of sums; `kept` must outlive it."""
    loop, real = lists.loss.rows["loop"], lists.real
    by_pairs, lengths = loop in BY_PAIRS, lists.lengths
    pairs: Array | int = pairs_of(lengths, lists.ranks) if by_pairs else 0
    firsts, longest = blocks_of(lists.pointers, pairs), int(lengths.max(initial=0))
    rows = lists.rows + 16 * lists.groups
    counts = zip(SCRATCH[loop], (np.dtype(np.int64), real, np.dtype(np.float64)), strict=True)
    arrays = [np.empty((count, rows), kind) for count, kind in counts]
    arrays.append(discounts_of(backend, longest if by_pairs else 0, real))
    kept += arrays
    *scratch, discounts = map(id, arrays)
    header = header_of(lists, firsts, rows, scratch, kept, discounts, longest)
    work = lists.rows * lists.loss.cost + 2.0 * float(np.sum(pairs))
    return Problem(backend.loop(loop, name_of(real)), header, len(firsts) - 1, work)


def launched(backend: HostBackend, lists: Lists, problem: Problem) -> Outcome:
    """What a problem leaves, or an error for the first value outside its domain."""
    outcome = backend.launch(problem)
    if outcome.bad_at >= 0:
        lists.complain(outcome.bad_at, outcome.bad_in)
    lists.request.refuse_infinite(outcome.weight)
    return outcome


def compute(backend: HostBackend, request: Request) -> Any:
    """Run a loss of lists."""
    lists = Lists(HOST, request)
    kept: list[Any] = []
    problem = problem_of(backend, lists, kept)
    if request.mode:
        total = lists.known if request.averaged else 0.0
        if total is None:
            counting = backend.loop("group_counts_block", name_of(lists.real))
            total = launched(backend, lists, Problem(counting, problem.header, problem.blocks, problem.work)).weight
        problem.header.scale = request.scale(total)
    outcome = launched(backend, lists, problem)
    values = lists.values
    return request.answer(request.reduced(outcome.value, outcome.weight) if values is None else values, lists.outputs)
