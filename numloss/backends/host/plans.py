"""Calls that repeat: with the same shapes, dtypes and options, only the arrays of a problem change.

Checking the arguments of a call takes ten times as long as a small kernel. The first call leaves
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
        at: tuple[int, ...],
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
    if mode > 1 or len(arguments) != len(loss.inputs):
        return None
    key: list[Any] = [loss, mode, pair, chosen]
    for array in arguments:
        if type(array) is not np.ndarray or not array.flags.carray:
            return None
        key.append(array.shape)
        key.append(array.dtype)
    for name, value in options.items():
        if name != "out":
            key.append(name)
            key.append(value)
        elif value is not None:
            outputs = value if type(value) is tuple else (value,)
            if mode == 0 or len(outputs) != len(loss.wrt):
                return None
            for k, out in enumerate(outputs):
                if not fits(out, arguments[loss.wrt[k]], arguments) or (k and out is outputs[0]):
                    return None
    return tuple(key)


def fits(out: Any, like: Array, arguments: tuple[Any, ...]) -> bool:
    """True for an array that the gradient of an input can be written to without a further look."""
    if type(out) is not np.ndarray or out.base is not None or not out.flags.carray:
        return False
    if out.shape != like.shape or out.dtype is not like.dtype:
        return False
    return all(array is not out and array.base is None for array in arguments)


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
    operands = plan.operands.copy()
    at = 0
    for array in arguments:
        operands[at] = id(array)
        at += 3
    outputs: Any = None
    if mode:
        outputs = options.get("out") if options else None
        if outputs is None:
            made = [np.empty(arguments[k].shape, arguments[k].dtype) for k in loss.wrt]
            outputs = made[0] if len(made) == 1 else tuple(made)
        if type(outputs) is tuple:
            for at, out in zip(plan.at, outputs, strict=True):
                operands[at] = id(out)
            if len(outputs) == 1:
                outputs = outputs[0]
        else:
            operands[plan.at[0]] = id(outputs)
    results = plan.run(plan.prefix + plan.pack(*operands))
    if results is None or results[2] >= 0.0:
        return None  # the long way finds the same and says what is wrong
    value: Any = results[0]
    total = plan.total if plan.fixed else results[1]
    if pair:
        value = (value, total)
    elif plan.mean:
        value = value / total if total > 0.0 else 0.0
    return (value, outputs) if mode else (value,)


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
    at: tuple[int, ...],
    fixed: bool = True,
    count: int = 0,
) -> None:
    """Keep a plan of this call, if one can serve it.

    `at` are the operands of the gradients; `fixed`: the total weight follows from the shape; `count` is the loop that
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
    _plans[key] = Plan(backend, problem, mode, mean, total, fixed, tuple(3 * k for k in at), count)
