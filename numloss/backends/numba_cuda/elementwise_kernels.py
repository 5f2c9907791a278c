"""The kernel of the elementwise family: blocks of 16384 elements.

A CUDA block evaluates one block of the problem. Its warps walk over the tiles (elementwise_codegen.py); then 32 lanes
add up the tiles in order, in float64, as numloss/loops/elementwise.py does. No result depends on the number of threads.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numba import cuda, float64, int64, types

from ... import scalar
from . import jit, reading
from .elementwise_codegen import NO_COMPLAINT, Shape, key, walk_text

# Tiles whose sums lie in shared memory together.
CHUNK_TILES = 16
CHUNK = CHUNK_TILES * 512


def _walk(law: Any, constants: Any, dtype: str, shape: Shape, width: int) -> Any:
    words = jit.words_of(dtype)
    scope = {
        "__name__": f"{law.__name__ if law else 'weights'} by {width} in {dtype}",
        "key": jit.jitable(key),
        "NO_COMPLAINT": NO_COMPLAINT,
        "rint": jit.typed(scalar.rint, dtype),
        "look_up": look_up(dtype),
        "zero": getattr(np, dtype)(0.0),
        **{name: words[name] for name in ("reals", "load_vector", "store_vector")},
        **operand_functions(dtype, shape.wide),
    }
    if law is not None:
        scope["law"] = jit.typed(law, dtype)
    if constants is not None:
        scope["constants"] = jit.typed(constants, dtype)
    return jit.generated(walk_text(shape, width), "walk", scope)


@functools.cache
def look_up(dtype: str) -> Any:
    """Reading the entry of a table that a number names; another one, which is reported, if it has none of that name."""
    integer = jit.words_of(dtype)["integer"]

    @jit.jitable
    def look_up(table, number, low, high):  # type: ignore[no-untyped-def]
        return table[integer(number if number >= low and number <= high else low)]

    return look_up


@functools.cache
def operand_functions(dtype: str, native: bool) -> dict[str, Any]:
    """`read` and `write` for one dtype of the data."""
    texts = reading.native_texts if native else reading.operand_texts
    return texts(jit.words_of(dtype), jit.jitable)


def _text(law: Any, constants: Any, dtype: str, shape: Shape) -> Any:
    words = jit.words_of(dtype)
    real, double, doubles = words["real"], words["double"], words["doubles"]
    number = getattr(np, dtype)
    single = _walk(law, constants, dtype, shape, 1)
    whole = _walk(law, constants, dtype, shape, 16 // number().itemsize) if shape.wide else single

    @jit.jitable
    def tile_lane(slots, row, lane):  # type: ignore[no-untyped-def]
        """One of the 32 sums of a tile, from its 128 slots."""
        at = row + lane
        return double((slots[at] + slots[at + 64]) + (slots[at + 32] + slots[at + 96]))

    def elementwise(c, r):  # type: ignore[no-untyped-def]
        slots = cuda.shared.array(2048, number)
        weight_slots = cuda.shared.array(2048, number)
        lanes = cuda.shared.array(32, float64)
        weight_lanes = cuda.shared.array(32, float64)
        worst = cuda.shared.array(1, int64)
        thread = cuda.threadIdx.x
        lane = thread % 32
        scale = r[0]
        if c[3] != 0:
            scale = real(doubles(c[3])[0])
        chunk = cuda.blockIdx.x * c[1]
        stop = min(chunk + c[1], c[0])
        first = NO_COMPLAINT
        total = double(0.0)
        weight = double(0.0)
        if thread == 0:
            worst[0] = NO_COMPLAINT
        while chunk < stop:
            for tile in range(thread // 32, CHUNK_TILES, cuda.blockDim.x // 32):
                start = chunk + 512 * tile
                if start + 512 <= stop:
                    first = whole(c, r, scale, start, stop, lane, slots, weight_slots, 128 * tile, first)
                elif start < stop:
                    first = single(c, r, scale, start, stop, lane, slots, weight_slots, 128 * tile, first)
            cuda.syncthreads()
            if thread < 32:
                for tile in range(min(CHUNK_TILES, (stop - chunk + 511) // 512)):
                    total += tile_lane(slots, 128 * tile, lane)
                    if c[4] == 1:
                        weight += tile_lane(weight_slots, 128 * tile, lane)
            cuda.syncthreads()
            chunk += CHUNK
        if thread < 32:
            lanes[lane] = total
            weight_lanes[lane] = weight
        if first < NO_COMPLAINT:
            cuda.atomic.min(worst, 0, first)
        cuda.syncthreads()
        step = 16
        while step >= 4:
            if thread < step:
                lanes[thread] += lanes[thread + step]
                weight_lanes[thread] += weight_lanes[thread + step]
            cuda.syncthreads()
            step = step // 2
        if thread == 0:
            partial = doubles(c[2] + 32 * cuda.blockIdx.x)
            partial[0] = (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
            partial[1] = (weight_lanes[0] + weight_lanes[1]) + (weight_lanes[2] + weight_lanes[3])
            partial[2] = double(worst[0])

    return elementwise


def launch_bounds(dtype: str, shape: Shape) -> tuple[int, int]:
    """Threads of a block, and blocks that a multiprocessor must hold at least: what no law pays for with spills."""
    if shape.large:
        return jit.THREADS, 1
    frugal = shape.wide and dtype == "float32" and shape.mode < 2 and shape.outputs <= 2
    return jit.THREADS, 3 if frugal else 2 if len(shape.checks) <= 4 else 1


@functools.cache
def elementwise_kernel(law: Any, constants: Any, dtype: str, shape: Shape) -> Any:
    """The kernel of a law; without a law, of a sum of weights."""
    signature = (types.UniTuple(int64, shape.integers), types.UniTuple(getattr(types, dtype), shape.numbers))
    return jit.kernel(_text(law, constants, dtype, shape), signature, launch_bounds(dtype, shape))
