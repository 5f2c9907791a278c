"""The ranked family on a device: lists of uneven length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls.lists import Lists
from ..packing.ranked import header_of
from . import jit
from .call import Call
from .ranked_kernels import ranked_kernel
from .reduction import conclude, rows_of_a_block

if TYPE_CHECKING:
    from ...calls.request import Request

# What each loop needs of scratch, in rows: places, numbers, float64 numbers.
SCRATCH = {
    "approx_ndcg_block": (2, 5, 0),
    "lambdarank_block": (2, 5, 0),
    "listnet_block": (0, 0, 0),
    "risks_block": (2, 4, 4),
    "xendcg_block": (0, 0, 0),
}


def compute(request: Request) -> Any:
    """Run a loss of lists."""
    call, loop = Call(request), request.loss.rows["loop"]
    with call.library.current():
        lists = Lists(call.library, request)
        firsts = np.append(np.arange(0, lists.groups, rows_of_a_block(lists.groups, jit.THREADS)), lists.groups)
        blocks, rows = len(firsts) - 1, max(lists.rows, 1)
        scratch = [call.workspace(max(1, count * rows)) for count in SCRATCH[loop]]
        header = header_of(lists, firsts, rows, scratch, call.kept)

        def launch(counting: bool, scale: int) -> int:
            """Run a kernel; gives the address of what its blocks leave."""
            partials = call.workspace(4 * max(blocks, 1))
            if blocks:
                kernel = ranked_kernel(loop, lists.real.name, counting)
                kernel.launch(call.stream, blocks, jit.THREADS, header, partials, scale)
            return partials

        scale, known, notes = 0, lists.known, list[Any]()
        if request.averaged and request.mode and known is None:
            scale = call.workspace(1)
            notes.append(call.finish(launch(True, 0), blocks, None, scale=scale))
        elif known is not None or not request.averaged:
            header.scale = request.scale(known or 0.0)
        partials = launch(False, scale)
        return conclude(call, (partials, blocks), known, (lists.values, lists.outputs), notes, lists.complain)
