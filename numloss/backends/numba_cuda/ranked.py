"""The ranked family on a device: lists of uneven length."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...calls.lists import Lists
from ...loops.headers import Operand, Ranked
from . import jit
from .call import Call
from .headers import value_of
from .ranked_kernels import ranked_kernel
from .reduction import Shares, conclude, rows_of_a_block

if TYPE_CHECKING:
    from ...calls.request import Request

# What each loop needs of scratch, in rows: places, numbers, float64 numbers.
SCRATCH = {"listnet_block": (0, 0, 0), "lambdarank_block": (2, 5, 0), "risks_block": (2, 4, 4)}


def header_of(call: Call, lists: Lists) -> Ranked:
    """The header of a problem; what loops on the host look up is not there."""
    loss, real, request = lists.loss, lists.real, lists.request
    rows = max(lists.rows, 1)
    scratch = [call.workspace(max(1, count * rows)) for count in SCRATCH[loss.rows["loop"]]]
    arrays = [*[*lists.inputs, None][:3], lists.weight, lists.values, *[*lists.outputs, None, None][:2]]
    pred, target, event, weight, values, gradient, curvature = (Operand(*call.operand(a, real)) for a in arrays)
    return Ranked(
        firsts=0,
        pointers=call.uploaded(lists.pointers),
        mode=request.mode,
        ranks=lists.ranks,
        efron=lists.efron,
        bound=request.bound,
        itemsize=real.itemsize,
        rows=rows,
        int_scratch=scratch[0],
        real_scratch=scratch[1],
        double_scratch=scratch[2],
        discounts=0,
        longest=0,
        scale=1.0,
        least=loss.least if request.bound else -math.inf,
        sigma=lists.sigma,
        pred=pred,
        target=target,
        event=event,
        weight=weight,
        values=values,
        gradient=gradient,
        curvature=curvature,
        target_bounds=lists.bounds(1, real.name),
        event_bounds=lists.bounds(2, real.name),
    )


def compute(request: Request) -> Any:
    """Run a loss of lists."""
    call = Call(request)
    with call.library.current():
        lists = Lists(call.library, request)
        header, known, notes = header_of(call, lists), lists.known, []
        each = rows_of_a_block(lists.groups, jit.THREADS)
        blocks, scale = -(-lists.groups // each), 0

        def launch(counting: bool, scale: int) -> int:
            """Run a kernel; gives the address of what its blocks leave."""
            partials = call.workspace(4 * max(blocks, 1))
            if blocks:
                kernel = ranked_kernel(lists.loss.rows["loop"], lists.real.name, counting)
                shares = Shares(all=lists.groups, each=each, partials=partials, scale=scale)
                kernel.launch(call.stream, blocks, jit.THREADS, value_of(header), value_of(shares))
            return partials

        if request.averaged and request.mode and known is None:
            scale = call.workspace(1)
            notes.append(call.finish(launch(True, 0), blocks, None, scale=scale))
        elif known is not None:
            header.scale = request.scale(known)
        partials = launch(False, scale)
        return conclude(call, (partials, blocks), known, (lists.values, lists.outputs), notes, lists.complain)
