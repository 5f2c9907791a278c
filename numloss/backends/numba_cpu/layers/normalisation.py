"""Normalisation over the batch, where a column is a channel, and over the features, where a row is one.

Columns are walked as in matrices.py: a tile of 512 entries stands for several short rows.
"""

from __future__ import annotations

from ....loops.headers import Layer, Result
from ....loops.language import (
    Double,
    Doubles,
    Int,
    Reals,
    double,
    doubles,
    offset,
    real,
    stack_doubles,
    stack_reals,
)
from ....scalar import sqrt
from .blocks import add_blocks, array, count, fold, number, part, spread, stretch, sum_columns


def square_columns(x: Reals, rows: Int, width: Int, n: Int, times: Int, tile: Reals, lanes: Doubles) -> Int:
    """Add up the squares of what n columns are off the tile, as sum_columns adds them up."""
    for i in range(n * times):
        lanes[i] = double(0.0)
    row = 0
    while row < rows:
        at = offset(x, row * width)
        for i in range(stretch(rows, row, n, times)):
            lanes[i] = lanes[i] + double((at[i] - tile[i]) * (at[i] - tile[i]))
        row = row + times
    return 0


def moments(c: Layer, partial: Result, block: Int) -> Int:
    """The mean of each column over a block, and the sum of the squares around it."""
    width = c.width
    rows = count(c, block)
    x = part(c, 0, block, width)
    means = offset(doubles(c.scratch), 2 * block * width)
    squares = offset(means, width)
    lanes = stack_doubles(512)
    tile = stack_reals(512)
    start = 0
    while start < width:
        n = width - start if width - start < 512 else 512
        times = 512 // n if n == width else 1
        sum_columns(offset(x, start), rows, width, n, times, lanes)
        fold(lanes, n, times, offset(means, start))
        for i in range(n):
            # rounded to the dtype of the data, the mean is one that differences can be taken from
            tile[i] = real(means[start + i] / double(rows))
            means[start + i] = double(tile[i])
        spread(tile, 0, n, times, tile)
        square_columns(offset(x, start), rows, width, n, times, tile, lanes)
        fold(lanes, n, times, offset(squares, start))
        start = start + n
    return 0


def moments_end(c: Layer, partial: Result, block: Int) -> Int:
    """Mean and variance over all blocks, after Chan, Golub and LeVeque (1983)."""
    width = c.width
    mean = array(c, 1)
    var = array(c, 2)
    scratch = doubles(c.scratch)
    for j in range(width):
        seen = double(count(c, 0))
        middle = scratch[j]
        around = scratch[width + j]
        for k in range(1, c.blocks):
            n = double(count(c, k))
            apart = scratch[2 * k * width + j] - middle
            middle = middle + apart * (n / (seen + n))
            around = around + scratch[(2 * k + 1) * width + j] + apart * apart * (seen * n / (seen + n))
            seen = seen + n
        # the mean of a block was rounded: what that adds to its squares is far below their own rounding
        mean[j] = real(middle)
        var[j] = real(around / seen)
    return 0


def statistics(c: Layer, partial: Result, block: Int) -> Int:
    """1 / deviation, and the running statistics, which follow those of the batch where there is a momentum, or are used
    in their place; arrays mean, scale, var, running_mean, running_var; eps, momentum, count / (count - 1)."""
    mean = array(c, 0)
    scale = array(c, 1)
    var = array(c, 2)
    running_mean = array(c, 3)
    running_var = array(c, 4)
    momentum = real(number(c, 1))
    unbiased = real(number(c, 2))
    for j in range(c.width):
        if momentum > 0.0:
            running_mean[j] = running_mean[j] + momentum * (mean[j] - running_mean[j])
            running_var[j] = running_var[j] + momentum * (unbiased * var[j] - running_var[j])
        else:
            mean[j] = running_mean[j]
            var[j] = running_var[j]
        scale[j] = 1.0 / sqrt(var[j] + real(number(c, 0)))
    return 0


def normalise(c: Layer, partial: Result, block: Int) -> Int:
    """y = (x - mean) scale weight + bias; arrays x, mean, scale, weight, bias, y."""
    width = c.width
    rows = count(c, block)
    x = part(c, 0, block, width)
    y = part(c, 5, block, width)
    mean = stack_reals(512)
    factor = stack_reals(512)
    weight = stack_reals(512)
    bias = stack_reals(512)
    start = 0
    while start < width:
        n = width - start if width - start < 512 else 512
        times = 512 // n if n == width else 1
        spread(array(c, 1), start, n, times, mean)
        spread(array(c, 2), start, n, times, factor)
        spread(array(c, 3), start, n, times, weight)
        spread(array(c, 4), start, n, times, bias)
        for i in range(n * times):
            factor[i] = factor[i] * weight[i]
        row = 0
        while row < rows:
            at = offset(x, row * width + start)
            out = offset(y, row * width + start)
            for i in range(stretch(rows, row, n, times)):
                out[i] = (at[i] - mean[i]) * factor[i] + bias[i]
            row = row + times
        start = start + n
    return 0


def normalise_sums(c: Layer, partial: Result, block: Int) -> Int:
    """Over a block, the sums of slope and slope (x - mean); arrays slope, x, mean, scale, weight_slope, bias_slope."""
    width = c.width
    rows = count(c, block)
    slope = part(c, 0, block, width)
    x = part(c, 1, block, width)
    out = offset(doubles(c.scratch), 2 * block * width)
    mean = stack_reals(512)
    plain = stack_doubles(512)
    moved = stack_doubles(512)
    start = 0
    while start < width:
        n = width - start if width - start < 512 else 512
        times = 512 // n if n == width else 1
        spread(array(c, 2), start, n, times, mean)
        for i in range(n * times):
            plain[i] = double(0.0)
            moved[i] = double(0.0)
        row = 0
        while row < rows:
            s = offset(slope, row * width + start)
            at = offset(x, row * width + start)
            for i in range(stretch(rows, row, n, times)):
                plain[i] = plain[i] + double(s[i])
            for i in range(stretch(rows, row, n, times)):
                moved[i] = moved[i] + double(s[i] * (at[i] - mean[i]))
            row = row + times
        fold(plain, n, times, offset(out, start))
        fold(moved, n, times, offset(out, width + start))
        start = start + n
    return 0


def normalise_sums_end(c: Layer, partial: Result, block: Int) -> Int:
    """The gradients of weight and bias."""
    weight_slope = array(c, 4)
    add_blocks(c, 0, 2, array(c, 5))
    add_blocks(c, 1, 2, weight_slope)
    scale = array(c, 3)
    for j in range(c.width):
        weight_slope[j] = weight_slope[j] * scale[j]
    return 0


def normalise_slope(c: Layer, partial: Result, block: Int) -> Int:
    """The slope of the input in place; arrays slope, x, mean, scale, weight, weight_slope, bias_slope; share."""
    width = c.width
    rows = count(c, block)
    slope = part(c, 0, block, width)
    x = part(c, 1, block, width)
    share = real(number(c, 0))
    mean = stack_reals(512)
    factor = stack_reals(512)
    along = stack_reals(512)
    level = stack_reals(512)
    weight = stack_reals(512)
    start = 0
    while start < width:
        n = width - start if width - start < 512 else 512
        times = 512 // n if n == width else 1
        spread(array(c, 2), start, n, times, mean)
        spread(array(c, 3), start, n, times, factor)
        spread(array(c, 4), start, n, times, weight)
        spread(array(c, 5), start, n, times, along)
        spread(array(c, 6), start, n, times, level)
        for i in range(n * times):
            along[i] = factor[i] * (share * along[i])
            level[i] = share * level[i]
            factor[i] = factor[i] * weight[i]
        row = 0
        while row < rows:
            s = offset(slope, row * width + start)
            at = offset(x, row * width + start)
            for i in range(stretch(rows, row, n, times)):
                s[i] = (s[i] - (level[i] + (at[i] - mean[i]) * along[i])) * factor[i]
            row = row + times
        start = start + n
    return 0


def row_sum(x: Reals, n: Int, lanes: Reals) -> Double:
    """The sum of a row in 16 lanes."""
    for k in range(16):
        lanes[k] = 0.0
    i = 0
    while i + 16 <= n:
        for k in range(16):
            lanes[k] = lanes[k] + x[i + k]
        i = i + 16
    for k in range(n - i):
        lanes[k] = lanes[k] + x[i + k]
    total = double(0.0)
    for k in range(16):
        total = total + double(lanes[k])
    return total


def product_sum(x: Reals, y: Reals, n: Int, lanes: Reals) -> Double:
    """The sum of the products of two rows in 16 lanes."""
    for k in range(16):
        lanes[k] = 0.0
    i = 0
    while i + 16 <= n:
        for k in range(16):
            lanes[k] = lanes[k] + x[i + k] * y[i + k]
        i = i + 16
    for k in range(n - i):
        lanes[k] = lanes[k] + x[i + k] * y[i + k]
    total = double(0.0)
    for k in range(16):
        total = total + double(lanes[k])
    return total


def layer_norm(c: Layer, partial: Result, block: Int) -> Int:
    """y = unit weight + bias, with unit = (x - mean) scale; arrays x, weight, bias, unit, scale, y; eps."""
    width = c.width
    lanes = stack_reals(16)
    x = part(c, 0, block, width)
    weight = array(c, 1)
    bias = array(c, 2)
    unit = part(c, 3, block, width)
    scales = part(c, 4, block, 1)
    y = part(c, 5, block, width)
    for row in range(count(c, block)):
        mean = real(row_sum(x, width, lanes) / double(width))
        for i in range(width):
            unit[i] = x[i] - mean
        around = product_sum(unit, unit, width, lanes) / double(width)
        scale = 1.0 / sqrt(real(around + number(c, 0)))
        for i in range(width):
            unit[i] = unit[i] * scale
        for i in range(width):
            y[i] = unit[i] * weight[i] + bias[i]
        scales[row] = scale
        x = offset(x, width)
        y = offset(y, width)
        unit = offset(unit, width)
    return 0


def layer_norm_slope(c: Layer, partial: Result, block: Int) -> Int:
    """The slope of the input in place; arrays slope, weight, unit, scale."""
    width = c.width
    lanes = stack_reals(16)
    slope = part(c, 0, block, width)
    weight = array(c, 1)
    unit = part(c, 2, block, width)
    scales = part(c, 3, block, 1)
    for row in range(count(c, block)):
        for i in range(width):
            slope[i] = slope[i] * weight[i]
        level = real(row_sum(slope, width, lanes) / double(width))
        along = real(product_sum(slope, unit, width, lanes) / double(width))
        scale = scales[row]
        for i in range(width):
            slope[i] = (slope[i] - (level + unit[i] * along)) * scale
        slope = offset(slope, width)
        unit = offset(unit, width)
    return 0


def product_sums(c: Layer, partial: Result, block: Int) -> Int:
    """Over a block, the sums of slope and of slope unit; arrays slope, unit, weight_slope, bias_slope."""
    width = c.width
    slope = part(c, 0, block, width)
    unit = part(c, 1, block, width)
    plain = offset(doubles(c.scratch), 2 * block * width)
    moved = offset(plain, width)
    for i in range(2 * width):
        plain[i] = double(0.0)
    for _ in range(count(c, block)):
        for i in range(width):
            plain[i] = plain[i] + double(slope[i])
            moved[i] = moved[i] + double(slope[i] * unit[i])
        slope = offset(slope, width)
        unit = offset(unit, width)
    return 0


def product_sums_end(c: Layer, partial: Result, block: Int) -> Int:
    """The gradients of weight and bias."""
    add_blocks(c, 0, 2, array(c, 3))
    return add_blocks(c, 1, 2, array(c, 2))
