"""Calls that repeat: with the same shapes, dtypes and options, only the arrays of a problem change.

Checking the arguments of a call takes ten times as long as a small kernel. The first call leaves
a plan behind, under a key that holds everything that was checked but the memory itself; later calls put the
addresses of their arrays into it. Whatever a plan does not cover goes the long way. Looking at the arrays of a call
is done in C (kernels/plans.pyx), because Python takes longer to ask for their shapes than a small kernel runs; where
that was not built every call goes the long way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...calls.balance import weighing
from ...loops.codes import DATA, GRADIENT, MATRICES
from ..choice import chosen_backend

try:
    from . import _plans
except ImportError:
    _plans = None  # type: ignore[assignment]

WEIGHT, VALUES = "weight", "values"
# In place of a mode: the gradient, with a cotangent as weights.
PULLED = 5

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...calls.request import Request
    from ...registry import Loss
    from ..packing.operands import Array, Problem
    from . import HostBackend


def no_plan(
    loss: Loss,
    mode: int,
    arguments: tuple[Any, ...],
    options: dict[str, Any],
    pair: bool,
    policy: int,
    chosen: str | None,
) -> Any:
    """None: where nothing looks for plans there are none."""
    return None


replay = no_plan if _plans is None else _plans.replay
# What counts losses, see kernels/tallies.pxi; None where it was not built.
count_usual, add_counts = (None, None) if _plans is None else (_plans.count_usual, _plans.add_counts)


def find(loss: Loss, arguments: tuple[Any, ...], options: dict[str, Any], chosen: str | None) -> Any:
    """The plan of the sum and weight of a loss of arrays like these, None where there is none."""
    return None if _plans is None else _plans.find(loss, arguments, options, chosen)


def sweep(plans: list[Any], places: list[list[int]], arrays: list[Array], feeds: list[int], blocks: int) -> Array:
    """Sums and weights that plans give of many blocks of rows, see kernels/sweeps.pxi."""
    assert _plans is not None
    return _plans.sweep(plans, places, arrays, feeds, blocks)


def computed(backend: HostBackend, request: Request) -> Any:
    """The answer to a request, replayed where it has been computed before for arrays of these shapes."""
    answer = replay(*asked_by(request), None) if request.pull == 1.0 else None
    return backend.compute(request) if answer is None else answer


def asked_by(request: Request) -> tuple[Loss, int, tuple[Any, ...], dict[str, Any], bool, int]:
    """What a request is recognised by."""
    mode = PULLED if request.signed else request.mode
    return request.loss, mode, request.arguments, request.options, request.pair, request.policy


def places_of(
    request: Request, problem: Problem, read: tuple[str, ...], written: tuple[str, ...], values: Array | None = None
) -> tuple[int, ...] | None:
    """Where a plan of this call puts the addresses of arrays; None if none can serve it.

    `read` and `written` are the fields of the header that are operands of the arguments, one for each column, and of
    gradients and curvatures. `values`: those of the loss one by one, if they are wanted. A weight is an array like the
    arguments, if it is of the dtype of the data and is given as it is used.
    """
    if _plans is None or request.argnums is not None or request.pull != 1.0 or problem.blocks == 0:
        return None
    if request.signed and request.mode != GRADIENT:  # a product of curvatures, which nothing recognises
        return None
    if request.total is not None or request.shared:  # made of what was given
        return None
    operands = [found for found in problem.header.operands() if found[2].array]
    if any(operand.layout > 0 for _, _, operand in operands):
        return None
    weight = request.options.get(WEIGHT)
    # weights of another dtype, or of an extraordinary size, are looked at in Python first
    if request.exponent or (weight is not None and request.exponent is not None):
        return None
    # what was read from a copy, or from another option, is not there any more when the plan is replayed
    given = [id(array) for array in request.arguments for _ in range(request.loss.columns)]
    given += [id(weight)] if weight is not None else []
    kinds = (read, (WEIGHT,), written, (VALUES,))
    found = [operand.array for names in kinds[:2] for name, _, operand in operands if name in names]
    if found != given or any(name not in (*read, WEIGHT, *written, VALUES) for name, _, _ in operands):
        return None
    if any(operand.kind != DATA for name, _, operand in operands if name == WEIGHT):
        return None
    # a gradient that a later call has no place for is of the prediction's dtype, values are of the data's
    stored = next(operand.kind for name, _, operand in operands if name in read)
    if any(operand.kind != stored for name, _, operand in operands if name in written):
        return None
    if values is not None and stored != DATA:
        return None
    return tuple(at for names in kinds for name, at, _ in operands if name in names)


def shapes_of(request: Request, values: Array | None = None) -> tuple[tuple[int, ...], ...]:
    """The shapes of what is written: gradients, curvatures, values; or of rows their second derivatives."""
    if request.mode == MATRICES:
        axis, shape = request.option("axis"), list(request.arguments[0].shape)
        classes = shape.pop(axis)
        return ((*shape, classes, classes),)
    graded = request.loss.differentiable if request.mode else ()
    shapes = [request.arguments[k].shape for _ in range(request.mode) for k in graded]
    return (*shapes, *([] if values is None else [values.shape]))


def keep(request: Request, plan: Any) -> None:
    """Replay this plan from now on when a call like this one is made."""
    assert _plans is not None
    _plans.keep(*asked_by(request), chosen_backend(), plan)


def remember(
    backend: HostBackend,
    request: Request,
    problem: Problem,
    total: float,
    read: tuple[str, ...],
    written: tuple[str, ...],
    values: Array | None,
    fixed: bool = True,
    count: int = 0,
    tables: tuple[Array, ...] = (),
    together: tuple[str, str] | None = None,
) -> None:
    """Keep a plan of this call, if one can serve it; `read`, `written` and `values` are as in `places_of`.

    The field `scale` of the header is what the gradients are multiplied by. `fixed`: the total weight follows from
    the shape; `count` is the loop that finds the total that the gradient is divided by where it is not the usual
    one, or 0. `tables` are what the header has of small arrays among the options, whose numbers the plan is recognised
    by. `together`: the loop, and its dtype, that finds the sums of several such problems at once.
    """
    places = places_of(request, problem, read, written, values)
    if _plans is None or places is None:
        return
    if count and total > 0.0:
        problem.header.scale = 1.0 / total
    loss = request.loss
    graded = len(loss.differentiable) if request.mode else 0
    plan = _plans.Plan(
        backend, problem, places, shapes_of(request, values), request.arguments[0].dtype, graded, loss.columns,
        values is not None, request.pair, request.reduction == "mean", total, fixed, count,
        bool(weighing(request)), tables, together,
    )  # fmt: skip
    keep(request, plan)


def remember_passes(
    backend: HostBackend,
    request: Request,
    problem: Problem,
    read: tuple[str, ...],
    written: tuple[str, ...],
    law: Callable[[Array], tuple[Any, tuple[Array, ...]]],
    shape: tuple[int, ...],
    second: int,
) -> None:
    """Keep a plan of a call in two passes, if one can serve it: `law` makes the value, and slopes for the loop
    `second`, of sums of a shape, which its loop leaves in the array `sums` of the header."""
    places = places_of(request, problem, read, written)
    if _plans is None or places is None or WEIGHT in request.options or request.mode > 1:
        return
    graded = len(request.loss.differentiable) if request.mode else 0
    dtype, columns = request.arguments[0].dtype, request.loss.columns
    plan = _plans.Passes(
        backend, problem, places, shapes_of(request), dtype, graded, columns, law, shape, second
    )
    keep(request, plan)
