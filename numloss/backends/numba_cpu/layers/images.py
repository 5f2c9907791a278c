"""Convolution and pooling of images (height, width, channels); a unit is an image.

Integers of a convolution: height, width, channels, size, stride, padding, down, across (of the output). Those of a
pool are the same without the padding.
"""

from __future__ import annotations

from ....loops.language import Doubles, Int, Ints, offset, real
from .blocks import count, part


def patches(c: Ints, partial: Doubles, block: Int) -> Int:
    """Each window of an image as a row, in the order height, width, channel; arrays x, laid."""
    height = c[8]
    width = c[9]
    channels = c[10]
    size = c[11]
    stride = c[12]
    padding = c[13]
    down = c[14]
    across = c[15]
    run = size * channels
    x = part(c, 0, block, height * width * channels)
    laid = part(c, 1, block, down * across * size * run)
    for _ in range(count(c, block)):
        for i in range(down):
            for j in range(across):
                left = j * stride - padding
                first = -left if left < 0 else 0
                last = width - left if left + size > width else size
                if last < first:
                    last = first
                for k in range(size):
                    line = i * stride + k - padding
                    if line < 0 or line >= height:
                        for t in range(run):
                            laid[t] = 0.0
                    else:
                        for t in range(first * channels):
                            laid[t] = 0.0
                        source = offset(x, (line * width + left) * channels)
                        for t in range(first * channels, last * channels):
                            laid[t] = source[t]
                        for t in range(last * channels, run):
                            laid[t] = 0.0
                    laid = offset(laid, run)
        x = offset(x, height * width * channels)
    return 0


def add_patches(c: Ints, partial: Doubles, block: Int) -> Int:
    """The image whose entries are the sums of those that `patches` made of them; arrays x, laid."""
    height = c[8]
    width = c[9]
    channels = c[10]
    size = c[11]
    stride = c[12]
    padding = c[13]
    down = c[14]
    across = c[15]
    run = size * channels
    x = part(c, 0, block, height * width * channels)
    laid = part(c, 1, block, down * across * size * run)
    for _ in range(count(c, block)):
        for t in range(height * width * channels):
            x[t] = 0.0
        for i in range(down):
            for j in range(across):
                left = j * stride - padding
                first = -left if left < 0 else 0
                last = width - left if left + size > width else size
                for k in range(size):
                    line = i * stride + k - padding
                    if line >= 0 and line < height:
                        target = offset(x, (line * width + left) * channels)
                        for t in range(first * channels, last * channels):
                            target[t] = target[t] + laid[t]
                    laid = offset(laid, run)
        x = offset(x, height * width * channels)
    return 0


def max_pool(c: Ints, partial: Doubles, block: Int) -> Int:
    """The largest entry of each window, NaN being larger than all, and its number; arrays x, y, where."""
    height = c[9]
    width = c[10]
    channels = c[11]
    size = c[12]
    stride = c[13]
    down = c[14]
    across = c[15]
    x = part(c, 0, block, height * width * channels)
    y = part(c, 1, block, down * across * channels)
    where = part(c, 2, block, down * across * channels)
    for _ in range(count(c, block)):
        for i in range(down):
            for j in range(across):
                corner = offset(x, (i * width + j) * stride * channels)
                for t in range(channels):
                    y[t] = corner[t]
                    where[t] = 0.0
                for k in range(1, size * size):
                    entry = offset(corner, (k // size * width + k % size) * channels)
                    place = real(k)
                    for t in range(channels):
                        best = y[t]
                        better = entry[t] > best or (entry[t] != entry[t] and best == best)
                        y[t] = entry[t] if better else best
                        where[t] = place if better else where[t]
                y = offset(y, channels)
                where = offset(where, channels)
        x = offset(x, height * width * channels)
    return 0


def max_pool_slope(c: Ints, partial: Doubles, block: Int) -> Int:
    """The slope goes to the chosen entry; arrays slope, where, x_slope."""
    height = c[9]
    width = c[10]
    channels = c[11]
    size = c[12]
    stride = c[13]
    down = c[14]
    across = c[15]
    slope = part(c, 0, block, down * across * channels)
    where = part(c, 1, block, down * across * channels)
    x = part(c, 2, block, height * width * channels)
    for _ in range(count(c, block)):
        for t in range(height * width * channels):
            x[t] = 0.0
        for i in range(down):
            for j in range(across):
                corner = offset(x, (i * width + j) * stride * channels)
                for k in range(size * size):
                    entry = offset(corner, (k // size * width + k % size) * channels)
                    place = real(k)
                    for t in range(channels):
                        entry[t] = entry[t] + (slope[t] if where[t] == place else 0.0)
                slope = offset(slope, channels)
                where = offset(where, channels)
        x = offset(x, height * width * channels)
    return 0


def avg_pool(c: Ints, partial: Doubles, block: Int) -> Int:
    """The mean of each window; arrays x, y."""
    height = c[8]
    width = c[9]
    channels = c[10]
    size = c[11]
    stride = c[12]
    down = c[13]
    across = c[14]
    share = 1.0 / real(size * size)
    x = part(c, 0, block, height * width * channels)
    y = part(c, 1, block, down * across * channels)
    for _ in range(count(c, block)):
        for i in range(down):
            for j in range(across):
                corner = offset(x, (i * width + j) * stride * channels)
                for t in range(channels):
                    y[t] = corner[t]
                for k in range(1, size * size):
                    entry = offset(corner, (k // size * width + k % size) * channels)
                    for t in range(channels):
                        y[t] = y[t] + entry[t]
                for t in range(channels):
                    y[t] = y[t] * share
                y = offset(y, channels)
        x = offset(x, height * width * channels)
    return 0


def avg_pool_slope(c: Ints, partial: Doubles, block: Int) -> Int:
    """Every entry of a window receives the same share; arrays slope, x_slope."""
    height = c[8]
    width = c[9]
    channels = c[10]
    size = c[11]
    stride = c[12]
    down = c[13]
    across = c[14]
    share = 1.0 / real(size * size)
    slope = part(c, 0, block, down * across * channels)
    x = part(c, 1, block, height * width * channels)
    for _ in range(count(c, block)):
        for t in range(height * width * channels):
            x[t] = 0.0
        for i in range(down):
            for j in range(across):
                corner = offset(x, (i * width + j) * stride * channels)
                for k in range(size * size):
                    entry = offset(corner, (k // size * width + k % size) * channels)
                    for t in range(channels):
                        entry[t] = entry[t] + slope[t] * share
                slope = offset(slope, channels)
        x = offset(x, height * width * channels)
    return 0
