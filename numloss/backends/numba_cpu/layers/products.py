"""Products of matrices through NumPy's BLAS, a block of the output at a time, with the bias that goes with them.

The header holds the rows of the batch as its features; integers are inputs, outputs, and the address of the BLAS
function. Units are columns of the weights: outputs for a product, inputs for the slopes.
"""

from __future__ import annotations

from ....loops.language import Doubles, Int, Ints, call_gemm, offset, real, stack_doubles
from .blocks import array, count, fold, sum_columns


def product(c: Ints, partial: Doubles, block: Int) -> Int:
    """y = x w + bias for some outputs; arrays x, w, bias, y."""
    inputs = c[10]
    outputs = c[11]
    start = block * c[2]
    n = count(c, block)
    w = offset(array(c, 1), start)
    bias = offset(array(c, 2), start)
    y = offset(array(c, 3), start)
    call_gemm(c[12], 0, 0, c[1], n, inputs, array(c, 0), inputs, w, outputs, 0, y, outputs)
    for _ in range(c[1]):
        for i in range(n):
            y[i] = y[i] + bias[i]
        y = offset(y, outputs)
    return 0


def product_slope(c: Ints, partial: Doubles, block: Int) -> Int:
    """x_slope = slope wᵀ for some inputs; arrays slope, w, x_slope."""
    inputs = c[9]
    outputs = c[10]
    start = block * c[2]
    w = offset(array(c, 1), start * outputs)
    x_slope = offset(array(c, 2), start)
    return call_gemm(c[11], 0, 1, c[1], count(c, block), outputs, array(c, 0), outputs, w, outputs, 0, x_slope, inputs)


def product_weight_slope(c: Ints, partial: Doubles, block: Int) -> Int:
    """w_slope = xᵀ slope for some inputs, and the sums of slope; arrays x, slope, w_slope, bias_slope."""
    inputs = c[10]
    outputs = c[11]
    start = block * c[2]
    x = offset(array(c, 0), start)
    slope = array(c, 1)
    w_slope = offset(array(c, 2), start * outputs)
    call_gemm(c[12], 1, 0, count(c, block), outputs, c[1], x, inputs, slope, outputs, 0, w_slope, outputs)
    if block > 0:
        return 0
    bias_slope = array(c, 3)
    lanes = stack_doubles(512)
    start = 0
    while start < outputs:
        n = outputs - start if outputs - start < 512 else 512
        times = 512 // n if n == outputs else 1
        sum_columns(offset(slope, start), c[1], outputs, n, times, lanes)
        fold(lanes, n, times, lanes)
        for i in range(n):
            bias_slope[start + i] = real(lanes[i])
        start = start + n
    return 0
