"""Activations, in place where the slope is a function of the output."""

from __future__ import annotations

from ....loops.headers import Layer, Result
from ....loops.language import Int, offset
from ....scalar import decay, erfc, exp, log1p
from ....scalar import sigmoid as sigmoid_of
from ....scalar import tanh as tanh_of
from .blocks import count, part


def relu(c: Layer, partial: Result, block: Int) -> Int:
    """max(y, 0)."""
    y = part(c, 0, block, 1)
    for i in range(count(c, block)):
        y[i] = 0.0 if y[i] <= 0.0 else y[i]
    return 0


def relu_slope(c: Layer, partial: Result, block: Int) -> Int:
    """0 where the output is."""
    y = part(c, 0, block, 1)
    slope = part(c, 1, block, 1)
    for i in range(count(c, block)):
        slope[i] = 0.0 if y[i] <= 0.0 else slope[i]
    return 0


def sigmoid(c: Layer, partial: Result, block: Int) -> Int:
    """1 / (1 + exp(-y))."""
    y = part(c, 0, block, 1)
    for i in range(count(c, block)):
        y[i] = sigmoid_of(y[i])
    return 0


def sigmoid_slope(c: Layer, partial: Result, block: Int) -> Int:
    """y (1 - y)."""
    y = part(c, 0, block, 1)
    slope = part(c, 1, block, 1)
    for i in range(count(c, block)):
        slope[i] = slope[i] * (y[i] * (1.0 - y[i]))
    return 0


def tanh(c: Layer, partial: Result, block: Int) -> Int:
    """The hyperbolic tangent."""
    y = part(c, 0, block, 1)
    for i in range(count(c, block)):
        y[i] = tanh_of(y[i])
    return 0


def tanh_slope(c: Layer, partial: Result, block: Int) -> Int:
    """1 - y^2."""
    y = part(c, 0, block, 1)
    slope = part(c, 1, block, 1)
    for i in range(count(c, block)):
        slope[i] = slope[i] * ((1.0 - y[i]) * (1.0 + y[i]))
    return 0


def gelu(c: Layer, partial: Result, block: Int) -> Int:
    """y = x P(z < x) for a standard normal z."""
    x = part(c, 0, block, 1)
    y = part(c, 1, block, 1)
    for i in range(count(c, block)):
        y[i] = x[i] * (0.5 * erfc(x[i] * -0.7071067811865476))
    return 0


def gelu_slope(c: Layer, partial: Result, block: Int) -> Int:
    """P(z < x) + x p(x)."""
    x = part(c, 0, block, 1)
    slope = part(c, 1, block, 1)
    for i in range(count(c, block)):
        density = 0.3989422804014327 * decay(0.5 * x[i] * x[i])
        slope[i] = slope[i] * (0.5 * erfc(x[i] * -0.7071067811865476) + x[i] * density)
    return 0


def softmax(c: Layer, partial: Result, block: Int) -> Int:
    """exp(y) / sum(exp(y)), row by row."""
    width = c.width
    row = part(c, 0, block, width)
    for _ in range(count(c, block)):
        largest = row[0]
        for i in range(1, width):
            largest = row[i] if row[i] > largest else largest
        for i in range(width):
            row[i] = decay(row[i] - largest)
        total = row[0]
        for i in range(1, width):
            total = total + row[i]
        for i in range(width):
            row[i] = row[i] / total
        row = offset(row, width)
    return 0


def softmax_slope(c: Layer, partial: Result, block: Int) -> Int:
    """y (slope - sum(y slope))."""
    width = c.width
    y = part(c, 0, block, width)
    slope = part(c, 1, block, width)
    for _ in range(count(c, block)):
        along = y[0] * slope[0]
        for i in range(1, width):
            along = along + y[i] * slope[i]
        for i in range(width):
            slope[i] = y[i] * (slope[i] - along)
        y = offset(y, width)
        slope = offset(slope, width)
    return 0


def log_softmax(c: Layer, partial: Result, block: Int) -> Int:
    """y - log(sum(exp(y))), row by row; the largest entry is summed as 1, so that it keeps its digits."""
    width = c.width
    row = part(c, 0, block, width)
    for _ in range(count(c, block)):
        largest = row[0]
        place = 0
        for i in range(1, width):
            place = i if row[i] > largest else place
            largest = row[i] if row[i] > largest else largest
        others = largest * 0.0
        for i in range(width):
            row[i] = row[i] - largest
            others = others + (0.0 if i == place else decay(row[i]))
        level = log1p(others)
        for i in range(width):
            row[i] = row[i] - level
        row = offset(row, width)
    return 0


def log_softmax_slope(c: Layer, partial: Result, block: Int) -> Int:
    """slope - exp(y) sum(slope)."""
    width = c.width
    y = part(c, 0, block, width)
    slope = part(c, 1, block, width)
    for _ in range(count(c, block)):
        total = slope[0]
        for i in range(1, width):
            total = total + slope[i]
        for i in range(width):
            slope[i] = slope[i] - exp(y[i]) * total
        y = offset(y, width)
        slope = offset(slope, width)
    return 0
