"""The examplewise family on a device: losses of whole examples, by the loops of the host."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...loops.codes import DATA, IN_ORDER
from ...loops.headers import ExampleSlopes, Operand
from ..packing.examplewise import PackedExamples
from .call import Call
from .examplewise_kernels import THREADS, examplewise_kernel, shared_kernel
from .reduction import conclude, weight_scale

if TYPE_CHECKING:
    from ...calls.request import Request

# Numbers of 16 bits are read and written as they are.
READS_HALVES = True
# Bytes of scratch of a call, unless those of one block of threads are more; and the most blocks.
SCRATCH_BYTES, MOST_BLOCKS = 2**28, 4096
NO_SLOPES = ExampleSlopes(stored=Operand(array=0, kind=DATA, layout=IN_ORDER), of=0, at=0, sums=0, least=-math.inf)


def blocks_of(examples: int, memory: int, sum_count: int) -> int:
    """Blocks of threads: a function of the shapes alone, so that sums are, too."""
    bytes_of_block = THREADS * (memory + 8 * sum_count)
    most = max(1, min(MOST_BLOCKS, SCRATCH_BYTES // max(1, bytes_of_block)))
    return min(most, -(-examples // THREADS))


def deliver_sums(call: Call, packed: PackedExamples, sums: int, threads: int) -> None:
    """Add up what the threads left of the gradients by what all examples share."""
    for k, output in zip(packed.graded, packed.outputs, strict=True):
        if packed.common[k]:
            entries = packed.entries[k]
            arguments = call.described(output, packed.real), sums, threads, packed.sum_count, entries
            shared_kernel(packed.real.name).launch(call.stream, -(-entries // THREADS), THREADS, *arguments)
            sums += 8 * entries


def compute(request: Request) -> Any:
    """Run a loss of whole examples."""
    call = Call(request)
    with call.library.current():
        packed = PackedExamples(call.library, request, run=1)
        header, dtype = packed.header(0), packed.real.name
        blocks = blocks_of(packed.count, header.memory, packed.sum_count)
        threads = blocks * THREADS
        partials = call.workspace(4 * max(blocks, 1))
        header.sums = call.workspace(max(1, threads * packed.sum_count))
        # what is empty has no type
        header.slopes, header.params = header.slopes or [NO_SLOPES], header.params or [0.0]
        known, scale, notes = None if packed.weight is not None else float(packed.count), 0, list[Any]()
        if request.averaged and request.mode and known is None:
            scale, notes = weight_scale(call, packed.weight, partials, packed.real)
        elif known is not None or not request.averaged:
            header.scale = request.scale(known or 0.0)
        if blocks:
            names = ("arrays", "slopes", "sizes", "params")
            kernel = examplewise_kernel(
                request.loss.rows["loop"], dtype, tuple((name, len(getattr(header, name))) for name in names)
            )
            scratch = call.workspace(threads * header.memory // 8)
            kernel.launch(call.stream, blocks, THREADS, header, partials, scale, scratch)
        deliver_sums(call, packed, header.sums, threads)
        return conclude(call, (partials, blocks), known, (packed.values, packed.outputs), notes, packed.complain)
