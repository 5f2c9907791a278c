"""Arrays over time on a device: a law of one step, walked over all of them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...calls.scans import Scans
from ...loops.codes import simplified
from ..packing.scan import header_of
from . import jit
from .call import Call
from .scan_kernels import scan_kernel

if TYPE_CHECKING:
    from ...calls.request import Request
    from .arrays import DeviceArray


def seen(call: Scans, array: DeviceArray | None, columns: int) -> DeviceArray | None:
    """An array with time first and all columns on one axis, or of columns alone."""
    if array is None:
        return None
    whole = array.shape == call.shape
    axis = call.axis if whole else 0
    rest = [k for k in range(array.ndim) if not whole or k != axis]
    shape, strides = simplified(tuple(array.shape[k] for k in rest), tuple(array.strides[k] for k in rest))
    if len(shape) > 1:
        raise ValueError(
            f"{call.loss.name}: an array has shape {array.shape} and strides {array.strides}; on a device all axes but "
            "that of time must be as one in memory"
        )
    step, sizes = ((array.strides[axis],), (call.steps,)) if whole else ((), ())
    return replace(array, shape=(*sizes, columns), strides=(*step, strides[0]))


def compute(request: Request) -> Any:
    """Run a scan."""
    call = Call(request)
    with call.library.current():
        scan = Scans(call.library, request)
        columns, dtype = math.prod(scan.shape_beyond), scan.real.name
        arrays = {name: seen(scan, array, columns) for name, array in scan.arrays.items()}
        if scan.beyond is not None:
            arrays["next_value"] = seen(scan, scan.beyond, columns)
        arrays |= {f"out {name}": seen(scan, array, columns) for name, array in scan.outputs.items()}
        if columns and scan.steps:
            blocks = -(-columns // jit.THREADS)
            partials = call.workspace(4 * blocks)
            header = header_of(scan, arrays, (columns, 1, 1, 1))
            kernel = scan_kernel(scan.law, len(scan.reads), len(scan.writes), len(scan.params), dtype)
            kernel.launch(call.stream, blocks, jit.THREADS, header, partials)
            call.settle(call.finish(partials, blocks, 0.0), scan.complain)
        return scan.answer()
