"""Products of matrices through NumPy's BLAS, a block of the output at a time, with the bias that goes with them.

Units are columns of the weights: outputs for a product, inputs for the slopes; `width` is the rows of the batch.
"""

from __future__ import annotations

from ....loops.headers import Layer, Result
from ....loops.language import Int, call_gemm, offset, real, stack_doubles
from .blocks import array, count, fold, sum_columns


def product(c: Layer, partial: Result, block: Int) -> Int:
    """y = x w + bias for some outputs; arrays x, w, bias, y."""
    inputs = c.linear.inputs
    outputs = c.linear.outputs
    start = block * c.per_block
    n = count(c, block)
    w = offset(array(c, 1), start)
    bias = offset(array(c, 2), start)
    y = offset(array(c, 3), start)
    call_gemm(c.linear.gemm, 0, 0, c.width, n, inputs, array(c, 0), inputs, w, outputs, 0, y, outputs)
    for _ in range(c.width):
        for i in range(n):
            y[i] = y[i] + bias[i]
        y = offset(y, outputs)
    return 0


def product_slope(c: Layer, partial: Result, block: Int) -> Int:
    """x_slope = slope wᵀ for some inputs; arrays slope, w, x_slope."""
    inputs = c.linear.inputs
    outputs = c.linear.outputs
    start = block * c.per_block
    w = offset(array(c, 1), start * outputs)
    x_slope = offset(array(c, 2), start)
    return call_gemm(
        c.linear.gemm, 0, 1, c.width, count(c, block), outputs, array(c, 0), outputs, w, outputs, 0, x_slope, inputs
    )


def product_weight_slope(c: Layer, partial: Result, block: Int) -> Int:
    """w_slope = xᵀ slope for some inputs, and the sums of slope; arrays x, slope, w_slope, bias_slope."""
    inputs = c.linear.inputs
    outputs = c.linear.outputs
    start = block * c.per_block
    x = offset(array(c, 0), start)
    slope = array(c, 1)
    w_slope = offset(array(c, 2), start * outputs)
    call_gemm(c.linear.gemm, 1, 0, count(c, block), outputs, c.width, x, inputs, slope, outputs, 0, w_slope, outputs)
    if block > 0:
        return 0
    bias_slope = array(c, 3)
    lanes = stack_doubles(512)
    start = 0
    while start < outputs:
        n = outputs - start if outputs - start < 512 else 512
        times = 512 // n if n == outputs else 1
        sum_columns(offset(slope, start), c.width, outputs, n, times, lanes)
        fold(lanes, n, times, lanes)
        for i in range(n):
            bias_slope[start + i] = real(lanes[i])
        start = start + n
    return 0
