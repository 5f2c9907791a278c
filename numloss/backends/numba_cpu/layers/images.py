"""Pooling and rearranging of images (height, width, channels); a block is an image."""

from __future__ import annotations

from ....loops.headers import Layer, Result
from ....loops.language import Int, Reals, double, offset, real
from .blocks import part


def halve(c: Layer, x: Reals, y: Reals, where: Reals) -> Int:
    """The max pool of 2 x 2 with a stride of 2, a loop over the channels for each entry of the output."""
    width = c.window.width
    channels = c.window.channels
    for i in range(c.window.down):
        above = offset(x, 2 * i * width * channels)
        below = offset(above, width * channels)
        for _ in range(c.window.across):
            for t in range(channels):
                best = above[t]
                place = 0.0
                entry = above[channels + t]
                better = entry > best or (entry != entry and best == best)
                best = entry if better else best
                place = 1.0 if better else place
                entry = below[t]
                better = entry > best or (entry != entry and best == best)
                best = entry if better else best
                place = 2.0 if better else place
                entry = below[channels + t]
                better = entry > best or (entry != entry and best == best)
                y[t] = entry if better else best
                where[t] = 3.0 if better else place
            above = offset(above, 2 * channels)
            below = offset(below, 2 * channels)
            y = offset(y, channels)
            where = offset(where, channels)
    return 0


def double_slope(c: Layer, slope: Reals, where: Reals, x: Reals) -> Int:
    """The slope of `halve`."""
    width = c.window.width
    channels = c.window.channels
    if c.window.height % 2 == 1 or width % 2 == 1:
        for t in range(c.window.height * width * channels):
            x[t] = 0.0
    for i in range(c.window.down):
        above = offset(x, 2 * i * width * channels)
        below = offset(above, width * channels)
        for _ in range(c.window.across):
            for t in range(channels):
                above[t] = slope[t] if where[t] == 0.0 else 0.0
                above[channels + t] = slope[t] if where[t] == 1.0 else 0.0
            for t in range(channels):
                below[t] = slope[t] if where[t] == 2.0 else 0.0
                below[channels + t] = slope[t] if where[t] == 3.0 else 0.0
            above = offset(above, 2 * channels)
            below = offset(below, 2 * channels)
            slope = offset(slope, channels)
            where = offset(where, channels)
    return 0


def max_pool(c: Layer, partial: Result, block: Int) -> Int:
    """The largest entry of each window, NaN being larger than all, and its number; arrays x, y, where."""
    height = c.window.height
    width = c.window.width
    channels = c.window.channels
    size = c.window.side
    stride = c.window.stride
    down = c.window.down
    across = c.window.across
    x = part(c, 0, block, height * width * channels)
    y = part(c, 1, block, down * across * channels)
    where = part(c, 2, block, down * across * channels)
    if size == 2 and stride == 2:
        return halve(c, x, y, where)
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
    return 0


def max_pool_slope(c: Layer, partial: Result, block: Int) -> Int:
    """The slope goes to the chosen entry; arrays slope, where, x_slope."""
    height = c.window.height
    width = c.window.width
    channels = c.window.channels
    size = c.window.side
    stride = c.window.stride
    down = c.window.down
    across = c.window.across
    slope = part(c, 0, block, down * across * channels)
    where = part(c, 1, block, down * across * channels)
    x = part(c, 2, block, height * width * channels)
    if size == 2 and stride == 2:
        return double_slope(c, slope, where, x)
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
    return 0


def avg_pool(c: Layer, partial: Result, block: Int) -> Int:
    """The mean of each window; arrays x, y."""
    height = c.window.height
    width = c.window.width
    channels = c.window.channels
    size = c.window.side
    stride = c.window.stride
    down = c.window.down
    across = c.window.across
    share = 1.0 / real(size * size)
    x = part(c, 0, block, height * width * channels)
    y = part(c, 1, block, down * across * channels)
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
    return 0


def avg_pool_slope(c: Layer, partial: Result, block: Int) -> Int:
    """Every entry of a window receives the same share; arrays slope, x_slope."""
    height = c.window.height
    width = c.window.width
    channels = c.window.channels
    size = c.window.side
    stride = c.window.stride
    down = c.window.down
    across = c.window.across
    share = 1.0 / real(size * size)
    slope = part(c, 0, block, down * across * channels)
    x = part(c, 1, block, height * width * channels)
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
    return 0


def channels_first(c: Layer, partial: Result, block: Int) -> Int:
    """All of the first channel, then all of the second, and so on; arrays x, y."""
    channels = c.window.channels
    pixels = c.window.height * c.window.width
    x = part(c, 0, block, pixels * channels)
    y = part(c, 1, block, pixels * channels)
    for t in range(channels):
        for i in range(pixels):
            y[t * pixels + i] = x[i * channels + t]
    return 0


def channels_last(c: Layer, partial: Result, block: Int) -> Int:
    """What `channels_first` was given; arrays y, x."""
    channels = c.window.channels
    pixels = c.window.height * c.window.width
    y = part(c, 0, block, pixels * channels)
    x = part(c, 1, block, pixels * channels)
    for i in range(pixels):
        for t in range(channels):
            x[i * channels + t] = y[t * pixels + i]
    return 0


def channel_means(c: Layer, partial: Result, block: Int) -> Int:
    """The mean of each channel; arrays x, y."""
    channels = c.window.channels
    pixels = c.window.height * c.window.width
    x = part(c, 0, block, pixels * channels)
    y = part(c, 1, block, channels)
    for t in range(channels):
        y[t] = x[t]
    for _ in range(1, pixels):
        x = offset(x, channels)
        for t in range(channels):
            y[t] = y[t] + x[t]
    for t in range(channels):
        y[t] = y[t] / real(pixels)
    return 0


def channel_means_slope(c: Layer, partial: Result, block: Int) -> Int:
    """Every pixel receives the same share; arrays slope, x_slope."""
    channels = c.window.channels
    pixels = c.window.height * c.window.width
    share = real(double(1.0) / double(pixels))
    slope = part(c, 0, block, channels)
    x = part(c, 1, block, pixels * channels)
    for _ in range(pixels):
        for t in range(channels):
            x[t] = slope[t] * share
        x = offset(x, channels)
    return 0
