"""The elementwise family: a scalar law applied to every element; its header is Elementwise of headers/.

Inputs, and slopes and curvatures together, are at most 8.
"""

from __future__ import annotations

from .codes import NUMBER, TABLE, UNCHECKED, WEIGHT_OPERAND
from .headers import Elementwise, Operand, Result, Weights
from .language import (
    Double,
    Doubles,
    Int,
    Real,
    Reals,
    address,
    array_data,
    call_tile,
    double,
    noinline,
    offset,
    real,
    reals,
    stack_doubles,
    stack_ints,
    stack_reals,
)
from .operands import deliver, fetch, first_outside, look_up, place, whole_numbers
from .sums import add_values, add_weighted, begin_block, block_stop, clear, fold, report


@noinline
def weight_tile(o: Operand, itemsize: Int, start: Int, n: Int, buffer: Reals, lanes: Doubles, partial: Result) -> Reals:
    """Pointer to n weights; their sum goes to the lanes, a negative or NaN one is reported."""
    w = fetch(o, itemsize, 0.0, start, n, buffer)
    bad = first_outside(w, n, NUMBER, 0.0, 1e999)
    if bad >= 0:
        report(partial, start + bad, WEIGHT_OPERAND)
    add_values(w, n, lanes)
    return w


def weight_factor(w: Real, scale: Double) -> Real:
    """What slopes of a weight are multiplied by; in float64 where the scale alone is no number of the data's dtype."""
    if scale > double(1e-30) and scale < double(1e30):
        return w * real(scale)
    return real(double(w) * scale)


@noinline
def weight_factors(w: Reals, n: Int, scale: Double, out: Reals) -> Int:
    """`weight_factor` n weights."""
    if scale > double(1e-30) and scale < double(1e30):
        plain = real(scale)
        for i in range(n):
            out[i] = w[i] * plain
    else:
        for i in range(n):
            out[i] = real(double(w[i]) * scale)
    return 0


def elementwise_block(c: Elementwise, partial: Result, block: Int) -> Int:
    """Evaluate one block."""
    inputs = c.input_count
    slopes = c.slope_count
    outputs = slopes + slopes * c.curved
    direct = c.direct
    scale = real(c.scale)
    least = real(c.least)
    params = stack_reals(16)
    for k in range(c.param_count):
        params[k] = real(c.params[k])
    pointers = stack_ints(17)
    places = stack_ints(512)
    buffers = stack_reals(4608)
    values = stack_reals(512)
    factors = stack_reals(512)
    made = stack_reals(4096)
    lanes = stack_doubles(32)
    weight_lanes = stack_doubles(32)
    clear(lanes)
    clear(weight_lanes)
    begin_block(partial)
    stop = block_stop(c.elements, c.block, block)
    start = block * c.block
    while start < stop:
        n = stop - start
        if n > 512:
            n = 512
        for k in range(inputs):
            o = c.inputs[k]
            bounds = c.bounds[k]
            x = offset(buffers, 512 * k)
            if o.kind != TABLE:
                x = fetch(o, c.itemsize, real(bounds.constant), start, n, x)
            elif partial.bad_at < 0:
                if c.inputs[k - 1].kind != TABLE:
                    whole_numbers(reals(pointers[o.layout]), n, places)
                look_up(reals(array_data(o.array)), places, n, x)
            if bounds.check != UNCHECKED:
                bad = first_outside(x, n, bounds.check, real(bounds.low), real(bounds.high))
                if bad >= 0:
                    report(partial, start + bad, k)
            pointers[k] = address(x)
        pointers[inputs] = address(values)
        for k in range(outputs):
            out = place(c.outputs[k], start, offset(made, 512 * k), direct)
            pointers[inputs + 1 + k] = address(out)
        # nothing is written once something is wrong: the value that the error names is still there
        if partial.bad_at < 0:
            call_tile(c.tile, pointers, params, n)
            w = values
            if c.weighted == 1:
                w = weight_tile(c.weight, c.itemsize, start, n, offset(buffers, 512 * inputs), weight_lanes, partial)
                add_weighted(values, w, n, lanes)
                for i in range(n):
                    values[i] = values[i] * w[i] if w[i] > 0.0 else 0.0
                if outputs > 0:
                    weight_factors(w, n, c.scale, factors)
            else:
                add_values(values, n, lanes)
            if c.unreduced == 1:
                deliver(c.values, start, n, values, 0)
            for k in range(outputs):
                out = place(c.outputs[k], start, offset(made, 512 * k), direct)
                if k >= slopes:
                    for i in range(n):
                        out[i] = least if out[i] < least else out[i]
                if c.weighted == 1:
                    for i in range(n):
                        out[i] = out[i] * factors[i] if w[i] > 0.0 else 0.0
                elif scale != 1.0:
                    for i in range(n):
                        out[i] = out[i] * scale
                deliver(c.outputs[k], start, n, out, direct)
        start = start + n
    partial.value = fold(lanes)
    partial.weight = fold(weight_lanes)
    return 0


def weight_block(c: Weights, partial: Result, block: Int) -> Int:
    """Sum one block of the weights."""
    lanes = stack_doubles(32)
    buffer = stack_reals(512)
    clear(lanes)
    begin_block(partial)
    stop = block_stop(c.elements, c.block, block)
    start = block * c.block
    while start < stop:
        n = stop - start
        if n > 512:
            n = 512
        weight_tile(c.weight, c.itemsize, start, n, buffer, lanes, partial)
        start = start + n
    partial.weight = fold(lanes)
    return 0
