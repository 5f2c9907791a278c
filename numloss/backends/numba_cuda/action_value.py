"""The action_value family on a device: a law of the chosen entries of q (td_error)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...calls.action_value import Transitions
from ..packing.action_value import header_of
from . import jit
from .action_value_kernels import action_value_kernel
from .call import Call
from .reduction import conclude, rows_of_a_block, weight_scale

if TYPE_CHECKING:
    from ...calls.request import Request


def compute(request: Request) -> Any:
    """Run a loss of the chosen entries of q."""
    call, loss, mode = Call(request), request.loss, request.mode
    with call.library.current():
        step = Transitions(call.library, request)
        block = rows_of_a_block(step.rows, 1)
        blocks = -(-step.rows // block)
        partials, real, scale, notes = call.workspace(4 * max(blocks, 1)), step.real, 0, list[Any]()
        if request.averaged and mode and step.weight is not None:
            scale, notes = weight_scale(call, step.weight, partials, real)
        if blocks:
            arrays, scaled = (step.q, step.next_q, *step.outputs), request.scale(float(step.rows))
            header = header_of(step, arrays, block, 1, 0, call.kept, scaled)
            kernel = action_value_kernel(loss.law, len(loss.params), real.name, mode)
            kernel.launch(call.stream, blocks, jit.THREADS, header, partials, scale)
        known = float(step.rows) if step.weight is None else None
        return conclude(call, (partials, blocks), known, (step.values, step.outputs), notes, step.complain)
