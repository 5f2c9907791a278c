"""Sums of several elementwise losses of the same inputs in one pass: 512 elements are fetched once for all of them.

What a loss adds up, and in which order, is what `elementwise_block` does; the header is ElementwiseSums of headers/.
No input is a number for all elements, or chosen by another one.
"""

from __future__ import annotations

from .codes import UNWEIGHTED
from .elementwise import fetch_inputs, look_closely, read_params, weight_tile
from .headers import Elementwise, ElementwiseSums, Many, Result
from .language import (
    Doubles,
    Int,
    Ints,
    Reals,
    address,
    call_tile,
    doubles,
    integer,
    noinline,
    offset,
    reals,
    stack_doubles,
    stack_ints,
    stack_reals,
)
from .sums import add_values, add_weighted, begin_block, block_stop, clear, fold


@noinline
def add_law(
    c: Elementwise, start: Int, n: Int, pointers: Ints, w: Reals, params: Reals, lanes: Doubles, partial: Result
) -> Int:
    """Add n values, times their weights if there are any, to 32 lanes; the next 32 take sums that do not count."""
    inputs = c.input_count
    values = reals(pointers[inputs])
    counts = integer(c.weighted == UNWEIGHTED and n % 32 == 0)
    pointers[inputs + 1] = address(lanes) if counts == 1 else address(offset(lanes, 32))
    if call_tile(c.tile, pointers, params, (n + 31) // 32 * 32) != 0:
        look_closely(c, pointers, inputs, start, n, partial)
    if c.weighted != UNWEIGHTED:
        add_weighted(values, w, n, lanes)
    elif counts == 0:
        add_values(values, n, lanes)
    return 0


def elementwise_sums_block(c: ElementwiseSums, partials: Many[Result], block: Int) -> Int:
    """Evaluate one block, whose results lie one after the other; a bad weight is in the first of them."""
    params = stack_reals(272)
    # lanes and values begin with a line of the cache: what crosses lines takes longer
    room_of_lanes = stack_doubles(520)
    lanes = doubles((address(room_of_lanes) + 63) // 64 * 64)
    weight_lanes = stack_doubles(32)
    room_of_buffers = stack_reals(5136)
    buffers = reals((address(room_of_buffers) + 63) // 64 * 64)
    places = stack_ints(512)
    pointers = stack_ints(18)
    first = c.laws[0]
    inputs = first.input_count
    for k in range(c.count):
        read_params(c.laws[k], offset(params, 34 * k))
        clear(offset(lanes, 64 * k))
        clear(offset(lanes, 64 * k + 32))
        begin_block(partials[k])
    clear(weight_lanes)
    w = offset(buffers, 512 * inputs)
    stop = block_stop(first.elements, first.block, block)
    start = block * first.block
    while start < stop:
        n = stop - start
        if n > 512:
            n = 512
        fetch_inputs(first, start, n, buffers, places, pointers, partials[0])
        pointers[inputs] = address(offset(buffers, 512 * inputs + 512))
        if first.weighted != UNWEIGHTED:
            room = offset(buffers, 512 * inputs)
            w = weight_tile(first.weight, first.weighted, first.itemsize, start, n, room, weight_lanes, partials[0])
        for k in range(c.count):
            add_law(c.laws[k], start, n, pointers, w, offset(params, 34 * k), offset(lanes, 64 * k), partials[k])
        start = start + n
    weight = fold(weight_lanes)
    for k in range(c.count):
        partial = partials[k]
        partial.value = fold(offset(lanes, 64 * k))
        partial.weight = weight
    return 0
