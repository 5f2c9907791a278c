"""Calls that repeat: with the same shapes, dtypes and options, only the arrays of a problem change.

Checking the arguments of a call takes ten times as long as a small kernel. The first call leaves
a plan behind, under a key that holds everything that was checked but the memory itself; later calls put the
addresses of their arrays into it. Whatever a plan does not cover goes the long way. Looking at the arrays of a call
is done in C (kernels/plans.pyx), because Python takes longer to ask for their shapes than a small kernel runs; where
that was not built every call goes the long way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..choice import chosen_backend
from .problem import Operand, packer

try:
    from . import _plans
except ImportError:
    _plans = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from ...calls.request import Request
    from ...registry import Loss
    from . import HostBackend


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


def no_plan(
    loss: Loss, mode: int, arguments: tuple[Any, ...], options: dict[str, Any], pair: bool, chosen: str | None
) -> Any:
    """None: where nothing looks for plans there are none."""
    return None


replay = no_plan if _plans is None else _plans.replay


def computed(backend: HostBackend, request: Request) -> Any:
    """The answer to a request, replayed where it has been computed before for arrays of these shapes."""
    asked = (request.loss, request.mode, request.arguments, request.options, request.pair)
    answer = replay(*asked, None)
    return backend.compute(request) if answer is None else answer


def remember(
    backend: HostBackend,
    request: Request,
    problem: Problem,
    total: float,
    at: tuple[int, ...],
    fixed: bool = True,
    count: int = 0,
) -> None:
    """Keep a plan of this call, if one can serve it.

    `at` are the operands of the gradients, those of the inputs come first, one for each column; `fixed`: the total
    weight follows from the shape; `count` is the loop that finds the total that the gradient is divided by where it is
    not the usual one, or 0.
    """
    loss, mode, arguments = request.loss, request.mode, request.arguments
    if _plans is None or request.argnums is not None or mode > 1 or problem.blocks == 0:
        return
    if any(layout > 0 for _, _, layout in problem.operands):
        return
    # what was read from a copy, or from an array among the options, is not there any more when the plan is replayed
    given = {k: id(array) for k, array in enumerate(array for array in arguments for _ in range(loss.columns))}
    if any(address != given.get(k, 0) for k, (address, _, _) in enumerate(problem.operands) if k not in at):
        return
    if count:
        problem.floats[0] = 1.0 / total
    places = (*range(len(given)), *(at if mode else ()))
    wrt = loss.wrt if mode else ()
    plan = _plans.Plan(
        backend, problem, places, wrt, loss.columns, request.pair, request.reduction == "mean", total, fixed, count
    )
    _plans.keep(loss, mode, arguments, request.options, request.pair, chosen_backend(), plan)
