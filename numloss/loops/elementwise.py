"""The elementwise family: a scalar law applied to every element.

Header of the problem c, in integers:

    0 elements   1 elements of a block   2 address of the tile   3 inputs   4 slopes (0: value only)
    5 curvatures (0 or 1)   6 weighted   7 the values are wanted   8 outputs may be written directly
    9 bytes of the data's dtype   10 where the operands begin   11 parameters of the law
    12 onwards: the floats, then three integers an operand: inputs, weight, values, slopes, curvatures, as many
    as there are; at most 8 inputs, and 8 slopes and curvatures together

Floats, all float64: scale, least curvature, then for each input its constant, lowest and highest value, then
the parameters of the law.
"""

from __future__ import annotations

from .language import (
    Double,
    Doubles,
    Int,
    Ints,
    Reals,
    address,
    apart,
    array_data,
    call_tile,
    double,
    doubles,
    offset,
    real,
    reals,
    stack_doubles,
    stack_ints,
    stack_reals,
)
from .operands import deliver, fetch, first_outside, look_up, place, whole_numbers
from .sums import add_tile, clear, end_of_block, fold


def complaint(position: Int, operand: Int) -> Double:
    """One number for the error that a block found: where, and in which operand."""
    return double(position * 16 + operand)


@apart
def weight_tile(c: Ints, k: Int, start: Int, n: Int, buffer: Reals, lanes: Doubles, partial: Doubles) -> Reals:
    """Pointer to n weights; their sum goes to the lanes, a negative or NaN one is reported as operand 15."""
    w = fetch(c, k, c[9], 0.0, start, n, buffer)
    bad = first_outside(w, n, 1, 0.0, 1e999)
    if bad >= 0 and partial[2] < double(0.0):
        partial[2] = complaint(start + bad, 15)
    add_tile(w, n, lanes)
    return w


def elementwise_block(c: Ints, partial: Doubles, block: Int) -> Int:
    """Evaluate one block; partial receives the sum of the values, of the weights, and the first complaint."""
    f = offset(doubles(address(c)), 12)
    inputs = c[3]
    slopes = c[4]
    curvatures = c[5] * slopes
    weight_at = c[10] + 3 * inputs
    values_at = weight_at + 3 * c[6]
    slopes_at = values_at + 3 * c[7]
    curvatures_at = slopes_at + 3 * slopes
    direct = c[8]
    scale = real(f[0])
    least = real(f[1])
    params = stack_reals(16)
    for k in range(c[11]):
        params[k] = real(f[2 + 3 * inputs + k])
    pointers = stack_ints(17)
    places = stack_ints(512)
    buffers = stack_reals(4608)
    values = stack_reals(512)
    outputs = stack_reals(4096)
    lanes = stack_doubles(32)
    weight_lanes = stack_doubles(32)
    clear(lanes)
    clear(weight_lanes)
    partial[2] = double(-1.0)
    stop = end_of_block(c, block)
    start = block * c[1]
    while start < stop:
        n = stop - start
        if n > 512:
            n = 512
        for k in range(inputs):
            at = c[10] + 3 * k
            x = offset(buffers, 512 * k)
            if c[at + 1] != 15:
                x = fetch(c, at, c[9], real(f[2 + 3 * k]), start, n, x)
            elif partial[2] < double(0.0):
                if c[at - 2] != 15:
                    whole_numbers(reals(pointers[c[at + 2]]), n, places)
                look_up(reals(array_data(c[at])), places, n, x)
            check = c[at + 1] // 16
            if check > 0:
                bad = first_outside(x, n, check, real(f[3 + 3 * k]), real(f[4 + 3 * k]))
                if bad >= 0 and partial[2] < double(0.0):
                    partial[2] = complaint(start + bad, k)
            pointers[k] = address(x)
        pointers[inputs] = address(values)
        for k in range(slopes):
            out = place(c, slopes_at + 3 * k, start, offset(outputs, 512 * k), direct)
            pointers[inputs + 1 + k] = address(out)
        for k in range(curvatures):
            out = place(c, curvatures_at + 3 * k, start, offset(outputs, 512 * (slopes + k)), direct)
            pointers[inputs + 1 + slopes + k] = address(out)
        # nothing is written once something is wrong: the value that the error names is still there
        if partial[2] < double(0.0):
            call_tile(c[2], pointers, params, n)
            w = values
            if c[6] == 1:
                w = weight_tile(c, weight_at, start, n, offset(buffers, 512 * inputs), weight_lanes, partial)
                for i in range(n):
                    values[i] = values[i] * w[i] if w[i] > 0.0 else 0.0
            if c[7] == 1:
                deliver(c, values_at, start, n, values, 0)
            for k in range(slopes + curvatures):
                at = slopes_at + 3 * k
                out = place(c, at, start, offset(outputs, 512 * k), direct)
                if k >= slopes:
                    for i in range(n):
                        out[i] = least if out[i] < least else out[i]
                if c[6] == 1:
                    for i in range(n):
                        out[i] = out[i] * (w[i] * scale) if w[i] > 0.0 else 0.0
                elif scale != 1.0:
                    for i in range(n):
                        out[i] = out[i] * scale
                deliver(c, at, start, n, out, direct)
            add_tile(values, n, lanes)
        start = start + n
    partial[0] = fold(lanes)
    partial[1] = fold(weight_lanes)
    return 0


def weight_block(c: Ints, partial: Doubles, block: Int) -> Int:
    """Sum one block of the weights, the only operand of c."""
    lanes = stack_doubles(32)
    buffer = stack_reals(512)
    clear(lanes)
    partial[0] = double(0.0)
    partial[2] = double(-1.0)
    stop = end_of_block(c, block)
    start = block * c[1]
    while start < stop:
        n = stop - start
        if n > 512:
            n = 512
        weight_tile(c, c[10], start, n, buffer, lanes, partial)
        start = start + n
    partial[1] = fold(lanes)
    return 0
