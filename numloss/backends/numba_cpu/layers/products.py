"""Products of matrices through NumPy's BLAS, a block of the output at a time.

The header holds the rows of the batch as its features; integers are inputs, outputs, and the address of the BLAS
function. Units are columns of the weights: outputs for a product, inputs for the slopes.
"""

from __future__ import annotations

from ....loops.language import Doubles, Int, Ints, call_gemm, offset
from .blocks import array, count


def product(c: Ints, partial: Doubles, block: Int) -> Int:
    """y = x w for some outputs; arrays x, w, y."""
    inputs = c[9]
    outputs = c[10]
    start = block * c[2]
    w = offset(array(c, 1), start)
    y = offset(array(c, 2), start)
    return call_gemm(c[11], 0, 0, c[1], count(c, block), inputs, array(c, 0), inputs, w, outputs, y, outputs)


def product_slope(c: Ints, partial: Doubles, block: Int) -> Int:
    """x_slope = slope wᵀ for some inputs; arrays slope, w, x_slope."""
    inputs = c[9]
    outputs = c[10]
    start = block * c[2]
    w = offset(array(c, 1), start * outputs)
    x_slope = offset(array(c, 2), start)
    return call_gemm(c[11], 0, 1, c[1], count(c, block), outputs, array(c, 0), outputs, w, outputs, x_slope, inputs)


def product_weight_slope(c: Ints, partial: Doubles, block: Int) -> Int:
    """w_slope = xᵀ slope for some inputs; arrays x, slope, w_slope."""
    inputs = c[9]
    outputs = c[10]
    start = block * c[2]
    x = offset(array(c, 0), start)
    w_slope = offset(array(c, 2), start * outputs)
    return call_gemm(c[11], 1, 0, count(c, block), outputs, c[1], x, inputs, array(c, 1), outputs, w_slope, outputs)
