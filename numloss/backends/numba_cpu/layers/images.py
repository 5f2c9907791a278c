"""Convolution and pooling of images (height, width, channels); a block is an image."""

from __future__ import annotations

from ....loops.headers import Layer, Result
from ....loops.language import Int, Reals, offset, real
from .blocks import array, part


def last_in_window(left: Int, size: Int, width: Int) -> Int:
    """Where the columns of a window that starts at `left` leave the image."""
    last = width - left if left + size > width else size
    return 0 if last < 0 else last


def first_across(left: Int, stride: Int) -> Int:
    """The first place of a row of windows whose column, at `left` for the first of them, lies in the image."""
    return (stride - 1 - left) // stride if left < 0 else 0


def last_across(left: Int, stride: Int, width: Int, across: Int) -> Int:
    """The place after the last whose column lies in the image."""
    last = (width - left + stride - 1) // stride if left < width else 0
    return across if last > across else last


def patches(c: Layer, partial: Result, block: Int) -> Int:
    """Each window of an image as a row, in the order height, width, channel; arrays x, laid."""
    height = c.window.height
    width = c.window.width
    channels = c.window.channels
    size = c.window.side
    stride = c.window.stride
    padding = c.window.padding
    down = c.window.down
    across = c.window.across
    run = size * channels
    x = part(c, 0, block, height * width * channels)
    laid = part(c, 1, block, down * across * size * run)
    for i in range(down):
        for j in range(across):
            left = j * stride - padding
            last = last_in_window(left, size, width)
            first = -left if left < 0 else 0
            first = last if first > last else first
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
    return 0


def add_patches(c: Layer, partial: Result, block: Int) -> Int:
    """The image whose entries are the sums of those that `patches` made of them; arrays x, laid."""
    height = c.window.height
    width = c.window.width
    channels = c.window.channels
    size = c.window.side
    stride = c.window.stride
    padding = c.window.padding
    down = c.window.down
    across = c.window.across
    run = size * channels
    x = part(c, 0, block, height * width * channels)
    laid = part(c, 1, block, down * across * size * run)
    for t in range(height * width * channels):
        x[t] = 0.0
    for i in range(down):
        for j in range(across):
            left = j * stride - padding
            first = -left if left < 0 else 0
            last = last_in_window(left, size, width)
            for k in range(size):
                line = i * stride + k - padding
                if line >= 0 and line < height:
                    target = offset(x, (line * width + left) * channels)
                    for t in range(first * channels, last * channels):
                        target[t] = target[t] + laid[t]
                laid = offset(laid, run)
    return 0


def patch_columns(c: Layer, partial: Result, block: Int) -> Int:
    """Each entry of the windows of images with one channel as a row, which runs along the lines; arrays x, laid."""
    height = c.window.height
    width = c.window.width
    size = c.window.side
    stride = c.window.stride
    padding = c.window.padding
    down = c.window.down
    across = c.window.across
    pixels = down * across
    x = part(c, 0, block, height * width)
    for row in range(size * size):
        laid = offset(array(c, 1), (row * c.units + block) * pixels)
        for i in range(down):
            line = i * stride + row // size - padding
            left = row % size - padding
            last = last_across(left, stride, width, across) if line >= 0 and line < height else 0
            first = first_across(left, stride)
            first = last if first > last else first
            source = offset(x, line * width + left)
            for t in range(first):
                laid[t] = 0.0
            if stride == 1:
                for t in range(first, last):
                    laid[t] = source[t]
            else:
                for t in range(first, last):
                    laid[t] = source[t * stride]
            for t in range(last, across):
                laid[t] = 0.0
            laid = offset(laid, across)
    return 0


def add_patch_columns(c: Layer, partial: Result, block: Int) -> Int:
    """The image whose entries are the sums of those that `patch_columns` made of them; arrays x, laid."""
    height = c.window.height
    width = c.window.width
    size = c.window.side
    stride = c.window.stride
    padding = c.window.padding
    down = c.window.down
    across = c.window.across
    pixels = down * across
    x = part(c, 0, block, height * width)
    for t in range(height * width):
        x[t] = 0.0
    for row in range(size * size):
        laid = offset(array(c, 1), (row * c.units + block) * pixels)
        for i in range(down):
            line = i * stride + row // size - padding
            left = row % size - padding
            first = first_across(left, stride)
            last = last_across(left, stride, width, across) if line >= 0 and line < height else 0
            target = offset(x, line * width + left)
            for t in range(first, last):
                target[t * stride] = target[t * stride] + laid[t]
            laid = offset(laid, across)
    return 0


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
