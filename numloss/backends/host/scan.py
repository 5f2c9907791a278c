"""Arrays over time on the host: a law of one step, walked over all of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls.arrays import HOST
from ...calls.scans import Scans
from ..packing.operands import Array, Problem, regular
from ..packing.scan import header_of

if TYPE_CHECKING:
    from ...calls.request import Request
    from . import HostBackend

# Columns of a block, at most 2048, and steps and columns that are read at a time; the same where numbers of one column
# lie side by side, of which a line of the cache is read at once.
ACROSS, ALONG = (2048, 1, 512), (64, 16, 64)
# Nanoseconds for a number that is read or written.
COST = 0.3


class Seen:
    """Arrays as steps and columns. What cannot be seen so is copied, and what was written is copied back."""

    def __init__(self, call: Scans) -> None:
        self.call, self.copies = call, list[tuple[Array, Array]]()
        self.columns = math.prod(call.shape_beyond)
        self.arrays: dict[str, Array | None] = {name: self.flat(array) for name, array in call.arrays.items()}
        if call.beyond is not None:
            self.arrays["next_value"] = call.beyond.reshape(self.columns)
        for name, array in call.outputs.items():
            self.arrays[f"out {name}"] = self.written(array)

    def flat(self, array: Array | None) -> Array | None:
        """An array with time first and all columns on one axis."""
        if array is None:
            return None
        call = self.call
        seen = np.moveaxis(array, call.axis, 0) if call.axis else array
        if seen.ndim != 2:
            seen = seen.reshape(call.steps, self.columns)
        if call.window:
            seen = seen.astype(call.real, copy=False)
            return seen if seen.strides[1] == seen.itemsize else np.ascontiguousarray(seen)
        return seen if seen.flags.c_contiguous else regular(seen)

    def written(self, array: Array) -> Array:
        """The same of an array that is written to."""
        seen = array.reshape(self.columns) if array.shape != self.call.shape else self.flat(array)
        assert seen is not None
        if not np.may_share_memory(seen, array):
            whole = array.shape != self.call.shape
            self.copies.append((array if whole else np.moveaxis(array, self.call.axis, 0), seen))
        return seen

    def finish(self) -> None:
        """Bring to its place what was written elsewhere."""
        for array, seen in self.copies:
            array[...] = seen.reshape(array.shape)


def compute(backend: HostBackend, request: Request) -> Any:
    """Run a scan."""
    call = Scans(HOST, request)
    seen = Seen(call)
    loop, tile = backend.kernel(call.loss, "scan_block", call.real, request.mode)
    columns = seen.columns
    strides = [array.strides for array in seen.arrays.values() if array is not None and array.ndim > 1]
    sizes = ALONG if columns > 1 and call.steps > 1 and any(step < column for step, column in strides) else ACROSS
    header = header_of(call, seen.arrays, (columns, *sizes), tile)
    work = COST * call.first.size * (len(call.reads) + len(call.writes)) * max(1, call.window)
    blocks = -(-columns // sizes[0]) if call.steps else 0
    outcome = backend.launch(Problem(loop, header, blocks, work))
    if outcome.bad_at >= 0:
        call.complain()
    seen.finish()
    return call.answer()
