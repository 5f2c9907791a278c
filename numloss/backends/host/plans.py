"""Calls that repeat: with the same shapes, dtypes and options, only the arrays of a problem change.

Checking the arguments of a call takes ten times as long as a small kernel. The first call with two inputs leaves
a plan behind, under a key that holds everything that was checked but the memory itself; later calls put the
addresses of their arrays into it. Whatever a plan does not cover goes the long way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import threads
from .problem import Array, Operand, packer

if TYPE_CHECKING:
    from ...registry import Loss
    from . import HostBackend

MOST_PLANS = 1024
_plans: dict[Any, Plan] = {}


class Problem:
    """What is launched: a loop, its numbers, and how much work it is."""

    __slots__ = ("blocks", "floats", "integers", "loop", "operands", "work")

    def __init__(
        self, loop: int, integers: list[int], floats: list[float], operands: list[Operand], blocks: int, work: float
    ) -> None:
        self.loop, self.integers, self.floats, self.operands = loop, integers, floats, operands
        self.blocks, self.work = blocks, work

    def packed(self) -> bytes:
        """The bytes that a loop reads."""
        operands = [number for operand in self.operands for number in operand]
        pack = packer(len(self.integers), len(self.floats), len(operands))
        return pack(*self.integers, *self.floats, *operands)


class Plan:
    """A problem without its arrays, and how its answer is read."""

    __slots__ = (
        "at",
        "backend",
        "blocks",
        "count",
        "fixed",
        "loop",
        "mean",
        "mode",
        "operands",
        "pack",
        "prefix",
        "total",
        "work",
    )

    def __init__(
        self,
        backend: HostBackend,
        problem: Problem,
        mode: int,
        mean: bool,
        total: float,
        fixed: bool,
        at: int,
        count: int,
    ) -> None:
        self.backend, self.mode, self.mean, self.total, self.fixed = backend, mode, mean, total, fixed
        self.at, self.count = at, count
        self.loop, self.blocks, self.work = problem.loop, problem.blocks, problem.work
        self.prefix = packer(len(problem.integers), len(problem.floats), 0)(*problem.integers, *problem.floats)
        self.operands = [number for operand in problem.operands for number in operand]
        self.pack = packer(0, 0, len(self.operands))

    def run(self, problem: bytes) -> tuple[float, float, float] | None:
        """Run it; None if the rows do not count as the plan expects."""
        workers = 1
        if self.work > threads.PARALLEL_PAYS_AT and self.blocks > 1:
            workers = threads.limit()
        if workers == 1:
            return self.run_on(problem, 1)
        with threads.team() as alone:
            return self.run_on(problem, workers if alone else 1)

    def run_on(self, problem: bytes, workers: int) -> tuple[float, float, float] | None:
        run = self.backend.run
        if self.count:
            counted = run(self.count, problem, self.blocks, workers)
            if counted[1] != self.total or counted[2] >= 0.0:
                return None
        return run(self.loop, problem, self.blocks, workers)


def key_of(
    loss: Loss, mode: int, arguments: tuple[Any, ...], options: dict[str, Any], pair: bool, chosen: str | None
) -> Any:
    """The key of a call, or None if no plan can serve it."""
    if len(arguments) != 2 or mode > 1 or len(loss.wrt) != 1:
        return None
    pred, target = arguments
    if type(pred) is not np.ndarray or type(target) is not np.ndarray:
        return None
    if not (pred.flags.carray and target.flags.carray):
        return None
    if not options:
        return loss, mode, pair, chosen, pred.shape, pred.dtype, target.shape, target.dtype
    rest: tuple[Any, ...] = ()
    for item in options.items():
        if item[0] == "out":
            out = item[1]
            if out is not None and not fits(out, pred, target):
                return None
            rest += (out is None,)
        else:
            rest += item
    return loss, mode, pair, chosen, pred.shape, pred.dtype, target.shape, target.dtype, rest


def fits(out: Any, pred: Array, target: Array) -> bool:
    """True for an array that the gradient of pred can be written to without a further look."""
    return (
        type(out) is np.ndarray
        and out.shape == pred.shape
        and out.dtype is pred.dtype
        and out.flags.carray
        and out is not pred
        and out is not target
        and out.base is None
        and pred.base is None
        and target.base is None
    )


def replay(
    loss: Loss, mode: int, arguments: tuple[Any, ...], options: dict[str, Any], pair: bool, chosen: str | None
) -> Any:
    """The answer of a call that has been made before with other memory; None if there is no plan for it."""
    key = key_of(loss, mode, arguments, options, pair, chosen)
    try:
        plan = _plans.get(key)
    except TypeError:  # an array among the options
        return None
    if plan is None:
        return None
    pred, target = arguments
    operands = plan.operands.copy()
    operands[0] = id(pred)
    operands[3] = id(target)
    if mode:
        out = options.get("out") if options else None
        if out is None:
            out = np.empty(pred.shape, pred.dtype)
        operands[plan.at] = id(out)
    results = plan.run(plan.prefix + plan.pack(*operands))
    if results is None or results[2] >= 0.0:
        return None  # the long way finds the same and says what is wrong
    value: Any = results[0]
    total = plan.total if plan.fixed else results[1]
    if pair:
        value = (value, total)
    elif plan.mean:
        value = value / total if total > 0.0 else 0.0
    return (value, out) if mode else (value,)


def remember(
    backend: HostBackend,
    loss: Loss,
    mode: int,
    arguments: tuple[Any, ...],
    options: dict[str, Any],
    pair: bool,
    argnums: tuple[int, ...] | None,
    problem: Problem,
    total: float,
    at: int,
    fixed: bool = True,
    count: int = 0,
) -> None:
    """Keep a plan of this call, if one can serve it.

    `at` is the operand of the gradient; `fixed`: the total weight follows from the shape; `count` is the loop that
    must find the same total before the gradient may be scaled, or 0.
    """
    if argnums is not None or problem.blocks == 0 or any(operand[2] > 0 for operand in problem.operands):
        return
    from ...dispatch import chosen_backend

    key = key_of(loss, mode, arguments, options, pair, chosen_backend())
    if key is None:
        return
    try:
        hash(key)
    except TypeError:
        return
    if len(_plans) >= MOST_PLANS:
        _plans.clear()
    mean = (options.get("reduction") or loss.reduction) == "mean"
    _plans[key] = Plan(backend, problem, mode, mean, total, fixed, 3 * at, count)
