"""One pass over the flat parameters for each optimiser, and the sum of squares that clipping needs."""

from __future__ import annotations

from ....loops.headers import Layer, Result
from ....loops.language import Int, double, real, stack_doubles
from ....loops.sums import begin_block, clear, fold
from ....scalar import sqrt
from .blocks import count, number, part


def square_sum(c: Layer, partial: Result, block: Int) -> Int:
    """The sum of squares of a block, for the driver to add up."""
    x = part(c, 0, block, 1)
    n = count(c, block)
    lanes = stack_doubles(32)
    clear(lanes)
    i = 0
    while i + 32 <= n:
        for k in range(32):
            lanes[k] = lanes[k] + double(x[i + k]) * double(x[i + k])
        i = i + 32
    for k in range(n - i):
        lanes[k] = lanes[k] + double(x[i + k]) * double(x[i + k])
    begin_block(partial)
    partial.value = fold(lanes)
    return 0


def sgd(c: Layer, partial: Result, block: Int) -> Int:
    """Arrays values, gradients, velocity; rate, momentum, nesterov, decay."""
    values = part(c, 0, block, 1)
    gradients = part(c, 1, block, 1)
    velocity = part(c, 2, block, 1)
    rate = real(number(c, 0))
    momentum = real(number(c, 1))
    ahead = number(c, 2) > double(0.0)
    decay = real(number(c, 3))
    for i in range(count(c, block)):
        slope = gradients[i] + decay * values[i]
        v = momentum * velocity[i] + slope
        velocity[i] = v
        values[i] = values[i] - rate * (slope + momentum * v if ahead else v)
    return 0


def adam(c: Layer, partial: Result, block: Int) -> Int:
    """Arrays values, gradients, mean, square; rate, first, second, root, eps, decay, shrink."""
    values = part(c, 0, block, 1)
    gradients = part(c, 1, block, 1)
    mean = part(c, 2, block, 1)
    square = part(c, 3, block, 1)
    rate = real(number(c, 0))
    rest_of_first = real(double(1.0) - number(c, 1))
    second = real(number(c, 2))
    rest_of_second = real(double(1.0) - number(c, 2))
    spread = real(double(1.0) / number(c, 3))
    eps = real(number(c, 4))
    decay = real(number(c, 5))
    shrink = real(number(c, 6))
    for i in range(count(c, block)):
        slope = gradients[i] + decay * values[i]
        m = mean[i] + rest_of_first * (slope - mean[i])
        s = second * square[i] + rest_of_second * slope * slope
        mean[i] = m
        square[i] = s
        values[i] = shrink * values[i] - rate * m / (sqrt(s) * spread + eps)
    return 0


def rmsprop(c: Layer, partial: Result, block: Int) -> Int:
    """Arrays values, gradients, square, velocity; rate, alpha, eps, momentum, decay."""
    values = part(c, 0, block, 1)
    gradients = part(c, 1, block, 1)
    square = part(c, 2, block, 1)
    velocity = part(c, 3, block, 1)
    rate = real(number(c, 0))
    alpha = real(number(c, 1))
    rest = real(double(1.0) - number(c, 1))
    eps = real(number(c, 2))
    momentum = real(number(c, 3))
    decay = real(number(c, 4))
    for i in range(count(c, block)):
        slope = gradients[i] + decay * values[i]
        s = alpha * square[i] + rest * slope * slope
        v = momentum * velocity[i] + slope / (sqrt(s) + eps)
        square[i] = s
        velocity[i] = v
        values[i] = values[i] - rate * v
    return 0
