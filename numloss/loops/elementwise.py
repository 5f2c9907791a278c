"""The elementwise family: a scalar law applied to every element; its header is Elementwise of headers/.

Inputs, and slopes and curvatures together, are at most 8.
"""

from __future__ import annotations

from .codes import (
    DATA,
    ENDS,
    EVERYWHERE,
    IN_ORDER,
    LEAST,
    NUMBER,
    SCALE,
    TABLE,
    UNCHECKED,
    UNWEIGHTED,
    WEIGHT_OPERAND,
    WEIGHTED,
)
from .headers import Copied, Elementwise, Operand, Result, Weights
from .language import (
    Double,
    Doubles,
    Int,
    Ints,
    Real,
    Reals,
    address,
    array_data,
    call_tile,
    double,
    integer,
    noinline,
    offset,
    real,
    reals,
    stack_doubles,
    stack_ints,
    stack_reals,
)
from .operands import deliver, fetch, first_outside, place
from .sums import add_values, add_weighted, begin_block, block_stop, clear, fold, report


@noinline
def weight_tile(
    o: Operand, kind: Int, itemsize: Int, start: Int, n: Int, buffer: Reals, lanes: Doubles, partial: Result
) -> Reals:
    """Pointer to n weights; their sum goes to the lanes, and one that is none is reported, unless they are signed."""
    w = fetch(o, itemsize, 0.0, start, n, buffer)
    if kind == WEIGHTED:
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


def look_closely(c: Elementwise, pointers: Ints, inputs: Int, start: Int, n: Int, partial: Result) -> Int:
    """Report the first value outside its domain of the first inputs of a tile."""
    for k in range(inputs):
        bounds = c.bounds[k]
        if bounds.check != UNCHECKED:
            bad = first_outside(reals(pointers[k]), n, bounds.check, real(bounds.low), real(bounds.high))
            if bad >= 0:
                report(partial, start + bad, k)
    return 0


@noinline
def whole_numbers(x: Reals, n: Int, out: Ints) -> Int:
    """n numbers that are known to be whole, as integers."""
    for i in range(n):
        out[i] = integer(x[i])
    return 0


@noinline
def look_up(table: Reals, places: Ints, n: Int, out: Reals) -> Int:
    """Read n entries of a table from places that are known to be inside of it."""
    for i in range(n):
        out[i] = table[places[i]]
    return 0


@noinline
def fetch_inputs(
    c: Elementwise, start: Int, n: Int, buffers: Reals, places: Ints, pointers: Ints, partial: Result
) -> Int:
    """Pointers to n values of each input; tiles read whole thirty-twos, so that fewer are read into the buffers."""
    for k in range(c.input_count):
        o = c.inputs[k]
        x = offset(buffers, 512 * k)
        if o.kind == TABLE:
            if c.inputs[k - 1].kind != TABLE:
                look_closely(c, pointers, k, start, n, partial)
                whole_numbers(reals(pointers[o.layout]), n, places)
            if partial.bad_at < 0:
                look_up(reals(array_data(o.array)), places, n, x)
        else:
            found = fetch(o, c.itemsize, real(c.bounds[k].constant), start, n, x)
            if n % 32 == 0:
                x = found
            elif address(found) != address(x):
                for i in range(n):
                    x[i] = found[i]
        pointers[k] = address(x)
    return 0


def begin_inputs(c: Elementwise, buffers: Reals, pointers: Ints) -> Int:
    """1 if the numbers of every input lie in memory as a tile reads them; one for all is written to the buffers."""
    plain = 1
    for k in range(c.input_count):
        o = c.inputs[k]
        if o.layout == EVERYWHERE:
            pointers[k] = address(fetch(o, c.itemsize, real(c.bounds[k].constant), 0, 512, offset(buffers, 512 * k)))
        elif o.kind != DATA or o.layout != IN_ORDER:
            plain = 0
    return plain


def read_params(c: Elementwise, params: Reals) -> Int:
    """The numbers of a tile: parameters of the law, what slopes and curvatures are made of, and ends of the inputs."""
    for k in range(c.param_count):
        params[k] = real(c.params[k])
    # those that are weighted are scaled with their weights
    params[SCALE] = real(c.scale) if c.weighted == UNWEIGHTED else 1.0
    params[LEAST] = real(c.least)
    for k in range(c.input_count):
        params[ENDS + 2 * k] = real(c.bounds[k].low)
        params[ENDS + 2 * k + 1] = real(c.bounds[k].high)
    return 0


@noinline
def tighten(pred: Reals, target: Reals, slopes: Reals, n: Int, least: Real, curvatures: Reals) -> Int:
    """Curvatures of n elements, slope / residual; as they are where the residual is next to nothing."""
    for i in range(n):
        residual = pred[i] - target[i]
        far = abs(residual) > 1e-30
        ratio = slopes[i] / (residual if far else 1.0)
        found = ratio if far else curvatures[i]
        curvatures[i] = least if found < least else found
    return 0


def elementwise_block(c: Elementwise, partial: Result, block: Int) -> Int:
    """Evaluate one block."""
    inputs = c.input_count
    outputs = c.slope_count + c.slope_count * c.curved
    params = stack_reals(34)
    read_params(c, params)
    pointers = stack_ints(18)
    places = stack_ints(512)
    buffers = stack_reals(4608)
    values = stack_reals(512)
    factors = stack_reals(512)
    made = stack_reals(4096)
    lanes = stack_doubles(32)
    others = stack_doubles(32)
    weight_lanes = stack_doubles(32)
    clear(lanes)
    clear(others)
    clear(weight_lanes)
    begin_block(partial)
    plain = begin_inputs(c, buffers, pointers)
    stop = block_stop(c.elements, c.block, block)
    start = block * c.block
    while start < stop:
        n = stop - start
        if n > 512:
            n = 512
        direct = c.direct if n % 32 == 0 else 0
        # a tile of plain numbers is so short that calls which find nothing to do would be a third of its time
        if plain == 1 and n % 32 == 0:
            for k in range(inputs):
                if c.inputs[k].layout == IN_ORDER:
                    pointers[k] = address(offset(reals(array_data(c.inputs[k].array)), start))
        else:
            fetch_inputs(c, start, n, buffers, places, pointers, partial)
        pointers[inputs] = address(values)
        for k in range(outputs):
            out = place(c.outputs[k], start, offset(made, 512 * k), direct)
            pointers[inputs + 1 + k] = address(out)
        # what a tile adds up counts unless it has weights, or is filled up to whole thirty-twos
        counts = integer(c.weighted == UNWEIGHTED and n % 32 == 0)
        pointers[inputs + 1 + outputs] = address(lanes) if counts == 1 else address(others)
        if partial.bad_at < 0 and call_tile(c.tile, pointers, params, (n + 31) // 32 * 32) != 0:
            look_closely(c, pointers, inputs, start, n, partial)
        if c.tight == 1 and partial.bad_at < 0:
            slopes, curvatures = reals(pointers[inputs + 1]), reals(pointers[inputs + 2])
            lowest = params[LEAST] * params[SCALE]
            tighten(reals(pointers[0]), reals(pointers[1]), slopes, n, lowest, curvatures)
        # nothing is delivered once something is wrong: the value that the error names is still there
        if partial.bad_at < 0:
            w = values
            if c.weighted != UNWEIGHTED:
                room = offset(buffers, 512 * inputs)
                w = weight_tile(c.weight, c.weighted, c.itemsize, start, n, room, weight_lanes, partial)
                add_weighted(values, w, n, lanes)
                for i in range(n):
                    values[i] = values[i] * w[i] if w[i] != 0.0 else 0.0
                if outputs > 0:
                    weight_factors(w, n, c.scale, factors)
            elif counts == 0:
                add_values(values, n, lanes)
            if c.unreduced == 1:
                deliver(c.values, start, n, values, 0)
            for k in range(outputs):
                out = reals(pointers[inputs + 1 + k])
                if c.weighted != UNWEIGHTED:
                    for i in range(n):
                        out[i] = out[i] * factors[i] if w[i] != 0.0 else 0.0
                if direct == 0 or c.outputs[k].layout != IN_ORDER or c.outputs[k].kind != DATA:
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
        weight_tile(c.weight, c.weighted, c.itemsize, start, n, buffer, lanes, partial)
        start = start + n
    partial.weight = fold(lanes)
    return 0


def copy_block(c: Copied, partial: Result, block: Int) -> Int:
    """Copy one block of numbers to where they have another dtype."""
    buffer = stack_reals(512)
    begin_block(partial)
    stop = block_stop(c.elements, c.block, block)
    start = block * c.block
    while start < stop:
        n = stop - start
        if n > 512:
            n = 512
        deliver(c.sink, start, n, fetch(c.source, c.itemsize, 0.0, start, n, buffer), 0)
        start = start + n
    return 0
