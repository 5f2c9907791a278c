"""The ranked family on the host: lists of uneven length."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls import checks as check
from ...calls.lists import blocks_of, check_lists, check_weight, pairs_of, pointers_of
from ...loops.codes import UNCHECKED, block_size
from ...loops.headers import Bounds, Discounts, Operand, Ranked
from .packing import ABSENT, Array, Outcome, Problem, name_of, operand
from .rowwise import row_outputs

if TYPE_CHECKING:
    from ...calls.request import Request
    from ...registry import Loss
    from . import HostBackend

# What each loop needs of scratch, in rows: places, numbers of the data's dtype, float64 numbers.
SCRATCH = {"listnet_block": (0, 0, 0), "lambdarank_block": (2, 5, 2), "risks_block": (2, 4, 4)}
TIES = ("breslow", "efron")


def ranks_of(loss: Loss, value: Any) -> int:
    """The first ranks whose pairs count: k, or 0 for all."""
    if value is None:
        return 0
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{loss.name}: k must be an integer or None, got {value!r}")
    if not 0 < value < 2**63:
        raise ValueError(f"{loss.name}: k must be at least 1 and fit into int64, got {value}")
    return int(value)


def ties_of(loss: Loss, value: Any) -> int:
    """The number of a way to treat ties."""
    if not isinstance(value, str) or value not in TIES:
        raise ValueError(f"{loss.name}: ties must be 'breslow' or 'efron', got {value!r}")
    return TIES.index(value)


class Lists:
    """One call: the arrays, checked, and where its groups are."""

    def __init__(self, request: Request) -> None:
        loss, arguments, options = request.loss, request.arguments, {**request.loss.defaults, **request.options}
        self.loss, self.mode = loss, request.mode
        self.pred = check.prediction(loss, "pred", arguments[0])
        check_lists(loss, self.pred.shape)
        self.real, self.rows = self.pred.dtype, len(self.pred)
        self.inputs = [self.pred]
        for name, value in zip(loss.inputs[1:], arguments[1:], strict=True):
            self.inputs.append(check.host_array(loss, name, value))
            check.same_shape(loss, name, self.inputs[-1].shape, self.pred.shape, "pred")
        self.pointers = pointers_of(loss, options["groups"], self.rows)
        self.groups = len(self.pointers) - 1
        self.ranks = ranks_of(loss, options.get("k"))
        self.efron = ties_of(loss, options["ties"]) if "ties" in options else 0
        self.sigma = check.number(loss, "sigma", options["sigma"]) if "sigma" in options else 1.0
        self.weight: Array | None = options.get("weight")
        if self.weight is not None:
            self.weight = check.host_array(loss, "weight", self.weight)
            check_weight(loss, self.weight.shape, self.groups)
        lengths = np.diff(self.pointers)
        self.longest = int(lengths.max(initial=0))
        self.filled = int(np.count_nonzero(lengths))
        self.pairs: Array | int = pairs_of(lengths, self.ranks) if self.by_pairs else 0
        self.firsts = blocks_of(self.pointers, self.pairs)

    @property
    def by_pairs(self) -> bool:
        """Whether the loss is of pairs, which need the discounts of ranks."""
        return bool(self.loss.rows["loop"] == "lambdarank_block")

    @property
    def counts_events(self) -> bool:
        """Whether a group counts as many as it has events."""
        return len(self.inputs) > 2

    def scratch(self) -> tuple[int, tuple[Array, ...]]:
        """Rows of the scratch, and its arrays: places, numbers, float64 numbers."""
        rows = self.rows + 16 * self.groups
        places, numbers, doubles = SCRATCH[self.loss.rows["loop"]]
        arrays = (np.empty((places, rows), np.int64), np.empty((numbers, rows), self.real), np.empty((doubles, rows)))
        return rows, arrays

    def discounts(self, backend: HostBackend) -> Array:
        """What each rank takes off a gain, and what that number lacks."""
        found = np.empty((2, self.longest if self.by_pairs else 0), self.real)
        size = block_size(self.longest)
        if found.size:
            loop = backend.loop("discounts_block", name_of(self.real))
            blocks = -(-self.longest // size)
            header = Discounts(ranks=self.longest, block=size, out=id(found))
            backend.launch(Problem(loop, header, blocks, self.longest * 20.0))
        return found

    def problem(
        self, loop: int, scale: float, arrays: tuple[Array | None, ...], scratch: tuple[Array, ...], rows: int,
        bound: bool, kept: list[Any],
    ) -> Problem:  # fmt: skip
        """The problem of a loop; arrays are values, gradient and curvature, as far as there are any."""

        def one(array: Array | None) -> Operand:
            return ABSENT if array is None else operand(array, self.real, kept)

        pred, target, event = (one(array) for array in (*self.inputs, None)[:3])
        values, gradient, curvature = map(one, arrays)
        int_scratch, real_scratch, double_scratch, discounts = map(id, scratch)
        header = Ranked(
            firsts=id(self.firsts),
            pointers=id(self.pointers),
            mode=self.mode,
            ranks=self.ranks,
            efron=self.efron,
            bound=bound,
            itemsize=self.real.itemsize,
            rows=rows,
            int_scratch=int_scratch,
            real_scratch=real_scratch,
            double_scratch=double_scratch,
            discounts=discounts,
            longest=self.longest,
            scale=scale,
            least=self.loss.least if bound else -math.inf,
            sigma=self.sigma,
            pred=pred,
            target=target,
            event=event,
            weight=one(self.weight),
            values=values,
            gradient=gradient,
            curvature=curvature,
            target_bounds=self.bounds(1),
            event_bounds=self.bounds(2),
        )
        work = self.rows * self.loss.cost + 2.0 * float(np.sum(self.pairs))
        return Problem(loop, header, len(self.firsts) - 1, work)

    def bounds(self, k: int) -> Bounds:
        """How the numbers of an input are checked, if there is one."""
        if k >= len(self.inputs):
            return Bounds(check=UNCHECKED, low=0.0, high=0.0, constant=0.0)
        domain = self.loss.domains[self.loss.inputs[k]]
        low, high = domain.ends(name_of(self.real))
        return Bounds(check=domain.check(False), low=low, high=high, constant=0.0)

    def total(self, backend: HostBackend, kept: list[Any]) -> float:
        """What the groups count, times their weights."""
        if self.weight is None and not self.counts_events:
            return float(self.filled)
        loop = backend.loop("group_counts_block", name_of(self.real))
        nothing = np.empty(0)
        outcome = backend.launch(self.problem(loop, 1.0, (None,) * 3, (nothing,) * 4, 0, False, kept))
        self.complain(backend, outcome)
        return outcome.weight

    def complain(self, backend: HostBackend, outcome: Outcome) -> None:
        """Raise for the first value that a loop found outside its domain, if it found one."""
        if outcome.bad_at >= 0:
            backend.complain(self.loss, outcome.bad_at, outcome.bad_in, [*self.inputs], self.weight)


def compute(backend: HostBackend, request: Request) -> Any:
    """Run a loss of lists."""
    lists, loss = Lists(request), request.loss
    values, outputs = row_outputs(request, lists.pred, (lists.groups,), tuple(lists.inputs))
    kept: list[Any] = []
    scale = request.scale(lists.total(backend, kept)) if request.averaged and request.mode else 1.0
    rows, scratch = lists.scratch()
    scratch = (*scratch, lists.discounts(backend))
    gradient, curvature = (*outputs, None, None)[:2]
    loop = backend.loop(loss.rows["loop"], name_of(lists.real))
    problem = lists.problem(loop, scale, (values, gradient, curvature), scratch, rows, request.bound, kept)
    outcome = backend.launch(problem)
    lists.complain(backend, outcome)
    return request.answer(request.reduced(outcome.value, outcome.weight) if values is None else values, outputs)
