"""The selected family on a device: a law of the chosen entries of q (td_error)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls import checks as check
from ..host.selected import complain
from . import checks, jit
from .arrays import DeviceArray
from .call import Call
from .reduction import conclude, rows_of_a_block, weight_scale
from .rowwise import outputs_of
from .selected_kernels import selected_kernel

if TYPE_CHECKING:
    from ...calls.request import Request

NOWHERE = (0, 0, 0, 0)


def entries(call: Call, array: DeviceArray, real: np.dtype[Any]) -> tuple[int, ...]:
    """Address, dtype, and bytes from row to row and from entry to entry."""
    return array.address, call.code(array, real), array.strides[0], array.strides[1]


def over_batch(call: Call, name: str, value: Any, rows: int, indices: bool = False) -> DeviceArray:
    """One number a row; with `indices` an integer."""
    array = checks.real_array(call.loss, name, value, call.library)
    if indices and array.dtype.kind not in "iu":
        raise TypeError(f"{call.loss.name}: {name} has dtype {array.dtype}; integers are needed")
    check.same_shape(call.loss, name, array.shape, (rows,), "the batch")
    return array


class Step:
    """The arrays of a call: q, what was done and what came of it."""

    def __init__(self, call: Call, arguments: tuple[Any, ...], given: dict[str, Any]) -> None:
        loss = call.loss
        self.q = checks.prediction(loss, "q", arguments[0], call.library)
        if self.q.ndim != 2:
            raise ValueError(f"{loss.name}: q has shape {self.q.shape}; it must be (N, actions)")
        rows = self.q.shape[0]
        self.action = over_batch(call, "action", arguments[1], rows, indices=True)
        self.reward = over_batch(call, "reward", arguments[2], rows)
        self.next_q = checks.prediction(loss, "next_q", arguments[3], call.library)
        self.done = over_batch(call, "done", arguments[4], rows)
        if self.next_q.ndim != 2 or self.next_q.shape[0] != rows:
            raise ValueError(f"{loss.name}: next_q has shape {self.next_q.shape}; it must be ({rows}, actions)")
        if rows and 0 in (self.q.shape[1], self.next_q.shape[1]):
            raise ValueError(
                f"{loss.name}: q and next_q need at least one action, got {self.q.shape} and {self.next_q.shape}"
            )
        chosen, weight = given.get("next_action"), given.get("weight")
        self.next_action = None if chosen is None else over_batch(call, "next_action", chosen, rows, indices=True)
        self.weight = None if weight is None else over_batch(call, "weight", weight, rows)

    def explain(self, call: Call, position: int, operand: int) -> None:
        """Raise in the words that host arrays have."""
        columns = (self.action, self.reward, self.done, self.next_action, self.weight)
        *hosts, weight = (None if a is None else call.library.download(a.owner) for a in columns)
        complain(call.loss, position, operand, tuple(hosts), weight, self.q.shape[1], self.next_q.shape[1])


def compute(request: Request) -> Any:
    """Run a loss of the chosen entries of q."""
    call = Call(request)
    loss, mode = request.loss, request.mode
    with call.library.current():
        step = Step(call, request.arguments, request.options)
        params = [request.number("discount"), *request.parameters()]
        real, (rows, actions) = step.q.dtype, step.q.shape
        inputs = [step.q, step.next_q]
        values, outputs = outputs_of(call, step.q, (rows,), inputs)
        if any(checks.overlap(out, step.q) for out in outputs):
            raise ValueError(
                f"{loss.name}: out for the gradient overlaps q, most of which it would overwrite with zeros"
            )
        block = rows_of_a_block(rows, 1)
        blocks = -(-rows // block)
        partials = call.workspace(4 * max(blocks, 1))
        mean, weighted = request.averaged, step.weight is not None
        scale, notes = weight_scale(call, step.weight, partials, real) if mean and mode and step.weight else (0, [])
        integers = [rows, block, partials, scale, actions, step.next_q.shape[1], int(weighted), int(values is not None)]
        integers += (int(request.bound), int(step.next_action is not None))
        for array in (step.q, step.next_q, *outputs):
            integers += entries(call, array, real)
        integers += NOWHERE * (2 - len(outputs))
        for operand in (step.action, step.reward, step.done, step.next_action, step.weight, values):
            integers += call.operand(operand, real)
        numbers = (1.0 / rows if mean and rows else 1.0, loss.least, *params)
        if blocks:
            kernel = selected_kernel(loss.law, len(loss.params), real.name, mode)
            kernel.launch(call.stream, blocks, jit.THREADS, tuple(integers), numbers)
        known = None if weighted else float(rows)
        return conclude(call, (partials, blocks), known, (values, outputs), notes, partial(step.explain, call))
