"""The kernel of the elementwise family: blocks of 16384 elements.

A CUDA block evaluates one block of the problem. Its warps walk over the tiles (elementwise_codegen.py); then 32 lanes
add up the tiles in order, in float64. No result depends on the number of threads.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numba import cuda, float64, int64

from ...loops import elementwise, operands, sums
from ...loops.codes import NUMBER, UNWEIGHTED, WEIGHTED
from ...loops.headers import Elementwise, Weights
from . import blocks, jit, reading
from .checks import NO_COMPLAINT, key
from .elementwise_codegen import EIGHT, Shape, walk_text

# Sums that lie in shared memory together.
SUMS = 2048


def _walk(law: Any, constants: Any, dtype: str, shape: Shape, width: int) -> Any:
    words, number = jit.words_of(dtype), getattr(np, dtype)
    scope = {
        "__name__": f"{law.__name__ if law else 'weights'} by {width} in {dtype}",
        "key": jit.jitable(key),
        "NO_COMPLAINT": NO_COMPLAINT,
        "NUMBER": NUMBER,
        "UNWEIGHTED": UNWEIGHTED,
        "WEIGHTED": WEIGHTED,
        "outside": jit.of_loop(operands.outside, dtype),
        "look_up": look_up(dtype),
        "weighted": _of_header(dtype, law is None)["weighted"],
        "zero": number(0.0),
        "infinite": number(np.inf),
        "NEXT_TO_NOTHING": number(1e-30),
        "weight_factor": jit.of_loop(elementwise.weight_factor, dtype),
        **{name: words[name] for name in ("reals", "real", "double", "load_vector", "store_vector")},
        **(reading.native(dtype) if shape.width in (2, 4) else reading.texts_of(dtype)),
        **(reading.eights() if shape.width == EIGHT else {}),
    }
    if law is not None:
        scope["law"] = jit.typed(law, dtype)
    if constants is not None:
        scope["constants"] = jit.typed(constants, dtype)
    return jit.generated(walk_text(shape, width), "walk", scope)


def _of_header(dtype: str, alone: bool) -> dict[str, Any]:
    """`weighted` and `scale_of`, of the header of a law, or of weights alone."""
    doubles, double, zero = jit.words_of(dtype)["doubles"], jit.words_of(dtype)["double"], getattr(np, dtype)(0.0)
    if alone:
        return {"weighted": jit.jitable(lambda c: True), "scale_of": jit.jitable(lambda c, found: double(zero))}

    @jit.jitable
    def scale_of(c, found):  # type: ignore[no-untyped-def]
        """What slopes are multiplied by: as the header has it, or found on the device."""
        return double(c.scale) if found == 0 else doubles(found)[0]

    return {"weighted": jit.jitable(lambda c: c.weighted != UNWEIGHTED), "scale_of": scale_of}


@functools.cache
def look_up(dtype: str) -> Any:
    """Reading the entry of a table that a number names; another one, which is reported, if it has none of that name."""
    integer = jit.words_of(dtype)["integer"]

    @jit.jitable
    def look_up(table, number, low, high):  # type: ignore[no-untyped-def]
        return table[integer(number if number >= low and number <= high else low)]

    return look_up


def _text(law: Any, constants: Any, dtype: str, shape: Shape) -> Any:
    words = jit.words_of(dtype)
    double = words["double"]
    fold = jit.of_loop(sums.fold, dtype)
    of_header = _of_header(dtype, law is None)
    weighted, scale_of = of_header["weighted"], of_header["scale_of"]
    closing = blocks.block_texts(dtype)
    first_of_block, leave = closing["first_of_block"], closing["leave"]
    single = _walk(law, constants, dtype, shape, 1)
    whole = _walk(law, constants, dtype, shape, shape.width) if shape.width > 1 else single
    in_tile, tiles, chunk_size = shape.slots, SUMS // shape.slots, SUMS // shape.slots * 512

    @jit.jitable
    def slot(slots, at):  # type: ignore[no-untyped-def]
        """One of 128 slots."""
        return slots[at] if in_tile == 128 else slots[at] + slots[at + 128]

    @jit.jitable
    def tile_lane(slots, row, lane):  # type: ignore[no-untyped-def]
        """One of the 32 sums of a tile, from its slots."""
        at = row + lane
        return (slot(slots, at) + slot(slots, at + 64)) + (slot(slots, at + 32) + slot(slots, at + 96))

    def elementwise(c, partials, scale_found):  # type: ignore[no-untyped-def]
        slots = cuda.shared.array(SUMS, float64)
        weight_slots = cuda.shared.array(SUMS, float64)
        lanes = cuda.shared.array(32, float64)
        weight_lanes = cuda.shared.array(32, float64)
        worst = cuda.shared.array(1, int64)
        thread = cuda.threadIdx.x
        lane = thread % 32
        scale = scale_of(c, scale_found)
        chunk = cuda.blockIdx.x * c.block
        stop = min(chunk + c.block, c.elements)
        first = NO_COMPLAINT
        total = double(0.0)
        weight = double(0.0)
        if thread == 0:
            worst[0] = NO_COMPLAINT
        while chunk < stop:
            for tile in range(thread // 32, tiles, cuda.blockDim.x // 32):
                start = chunk + 512 * tile
                if start + 512 <= stop:
                    first = whole(c, scale, start, stop, lane, slots, weight_slots, in_tile * tile, first)
                elif start < stop:
                    first = single(c, scale, start, stop, lane, slots, weight_slots, in_tile * tile, first)
            cuda.syncthreads()
            if thread < 32:
                for tile in range(min(tiles, (stop - chunk + 511) // 512)):
                    total += tile_lane(slots, in_tile * tile, lane)
                    if weighted(c):
                        weight += tile_lane(weight_slots, in_tile * tile, lane)
            cuda.syncthreads()
            chunk += chunk_size
        if thread < 32:
            lanes[lane] = total
            weight_lanes[lane] = weight
        complaint = first_of_block(worst, first)
        if thread == 0:
            leave(partials, cuda.blockIdx.x, fold(lanes), fold(weight_lanes), complaint)

    return elementwise


def launch_bounds(shape: Shape) -> tuple[int, int]:
    """Threads of a block, and blocks that a multiprocessor must hold at least: what no law pays for with spills."""
    if shape.large:
        return jit.THREADS, 1
    # eight neighbours of three inputs are as many numbers as four of six
    return jit.THREADS, 2 if len(shape.checks) <= (2 if shape.width == EIGHT else 4) else 1


@functools.cache
def elementwise_kernel(law: Any, constants: Any, dtype: str, shape: Shape) -> Any:
    """The kernel of a law; without a law, of a sum of weights."""
    header = Weights if law is None else Elementwise
    signature = (jit.header_type(header, dtype, shape.counts), int64, int64)
    return jit.kernel(_text(law, constants, dtype, shape), signature, launch_bounds(shape))
