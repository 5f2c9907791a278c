"""Convolution of images (height, width, channels): windows as rows of a matrix, and its products with the weights.

A block is a group of images, of which a few at a time are laid out: they stay in the cache until BLAS has read them.
Windows of one channel are too short to be copied one by one: their entries lie in rows of pixels then.
"""

from __future__ import annotations

from ....loops.headers import Layer, Result
from ....loops.language import Int, Reals, call_gemm, integer, offset, stack_reals
from .blocks import array, count, number, part, spread, stretch


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


def lay_windows(c: Layer, x: Reals, laid: Reals) -> Int:
    """Each window of an image as a row, in the order height, width, channel."""
    height = c.window.height
    width = c.window.width
    channels = c.window.channels
    size = c.window.side
    stride = c.window.stride
    padding = c.window.padding
    run = size * channels
    for i in range(c.window.down):
        for j in range(c.window.across):
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


def add_windows(c: Layer, x: Reals, laid: Reals) -> Int:
    """The image whose entries are the sums of those that `lay_windows` made of them."""
    height = c.window.height
    width = c.window.width
    channels = c.window.channels
    size = c.window.side
    stride = c.window.stride
    padding = c.window.padding
    for t in range(height * width * channels):
        x[t] = 0.0
    for i in range(c.window.down):
        for j in range(c.window.across):
            left = j * stride - padding
            first = -left if left < 0 else 0
            last = last_in_window(left, size, width)
            for k in range(size):
                line = i * stride + k - padding
                if line >= 0 and line < height:
                    target = offset(x, (line * width + left) * channels)
                    for t in range(first * channels, last * channels):
                        target[t] = target[t] + laid[t]
                laid = offset(laid, size * channels)
    return 0


def lay_columns(c: Layer, x: Reals, laid: Reals, apart: Int) -> Int:
    """Each entry of the windows of an image with one channel as a row, along its lines; rows lie so far apart."""
    height = c.window.height
    width = c.window.width
    size = c.window.side
    stride = c.window.stride
    padding = c.window.padding
    across = c.window.across
    for row in range(size * size):
        at = offset(laid, row * apart)
        for i in range(c.window.down):
            line = i * stride + row // size - padding
            left = row % size - padding
            last = last_across(left, stride, width, across) if line >= 0 and line < height else 0
            first = first_across(left, stride)
            first = last if first > last else first
            source = offset(x, line * width + left)
            for t in range(first):
                at[t] = 0.0
            if stride == 1:
                for t in range(first, last):
                    at[t] = source[t]
            else:
                for t in range(first, last):
                    at[t] = source[t * stride]
            for t in range(last, across):
                at[t] = 0.0
            at = offset(at, across)
    return 0


def add_columns(c: Layer, x: Reals, laid: Reals, apart: Int) -> Int:
    """The image whose entries are the sums of those that `lay_columns` made of them."""
    height = c.window.height
    width = c.window.width
    size = c.window.side
    stride = c.window.stride
    padding = c.window.padding
    across = c.window.across
    for t in range(height * width):
        x[t] = 0.0
    for row in range(size * size):
        at = offset(laid, row * apart)
        for i in range(c.window.down):
            line = i * stride + row // size - padding
            left = row % size - padding
            first = first_across(left, stride)
            last = last_across(left, stride, width, across) if line >= 0 and line < height else 0
            target = offset(x, line * width + left)
            for t in range(first, last):
                target[t * stride] = target[t * stride] + at[t]
            at = offset(at, across)
    return 0


def lay(c: Layer, x: Reals, laid: Reals, images: Int) -> Int:
    """The windows of so many images."""
    pixels = c.window.down * c.window.across
    for k in range(images):
        image = offset(x, k * c.window.height * c.window.width * c.window.channels)
        if c.window.channels == 1:
            lay_columns(c, image, offset(laid, k * pixels), images * pixels)
        else:
            lay_windows(c, image, offset(laid, k * pixels * c.linear.inputs))
    return 0


def collect(c: Layer, x: Reals, laid: Reals, images: Int) -> Int:
    """The images whose entries are the sums of those that `lay` made of them."""
    pixels = c.window.down * c.window.across
    for k in range(images):
        image = offset(x, k * c.window.height * c.window.width * c.window.channels)
        if c.window.channels == 1:
            add_columns(c, image, offset(laid, k * pixels), images * pixels)
        else:
            add_windows(c, image, offset(laid, k * pixels * c.linear.inputs))
    return 0


def filters(c: Layer, partial: Result, block: Int) -> Int:
    """The weights of an output in the order of a window; arrays matrix, weight."""
    channels = c.window.channels
    size = c.window.side * c.window.side
    row = part(c, 0, block, size * channels)
    weight = part(c, 1, block, size * channels)
    for t in range(channels):
        for k in range(size):
            row[k * channels + t] = weight[t * size + k]
    return 0


def add_to_rows(y: Reals, bias: Reals, rows: Int, width: Int) -> Int:
    """y += bias in every row.

    Short rows are taken several at a time: a loop over 16 channels alone would cost more to enter than to run.
    """
    tile = stack_reals(512)
    start = 0
    while start < width:
        n = width - start if width - start < 512 else 512
        times = 512 // n if n == width else 1
        spread(bias, start, n, times, tile)
        row = 0
        while row < rows:
            at = offset(y, row * width + start)
            for i in range(stretch(rows, row, n, times)):
                at[i] = at[i] + tile[i]
            row = row + times
        start = start + n
    return 0


def convolve(c: Layer, partial: Result, block: Int) -> Int:
    """The output for a group; arrays x, matrix, bias, y, laid; images to lay out at once, whether there is a bias."""
    entries = c.linear.inputs
    outputs = c.linear.outputs
    gemm = c.linear.gemm
    pixels = c.window.down * c.window.across
    image = c.window.height * c.window.width * c.window.channels
    matrix = array(c, 1)
    most = integer(number(c, 0))
    laid = offset(array(c, 4), block * most * pixels * entries)
    images = count(c, block)
    at = 0
    while at < images:
        n = images - at if images - at < most else most
        rows = n * pixels
        lay(c, offset(part(c, 0, block, image), at * image), laid, n)
        y = offset(part(c, 3, block, pixels * outputs), at * pixels * outputs)
        if c.window.channels == 1:
            call_gemm(gemm, 1, 1, rows, outputs, entries, laid, rows, matrix, entries, 0, y, outputs)
        else:
            call_gemm(gemm, 0, 1, rows, outputs, entries, laid, entries, matrix, entries, 0, y, outputs)
        if integer(number(c, 1)) > 0:
            add_to_rows(y, array(c, 2), rows, outputs)
        at = at + n
    return 0


def convolve_slope(c: Layer, partial: Result, block: Int) -> Int:
    """The slopes for a group; arrays x, slope, matrix, x_slope, laid, product, sums, weight_slope; images to lay out at
    once, whether the slope of x is wanted."""
    entries = c.linear.inputs
    outputs = c.linear.outputs
    gemm = c.linear.gemm
    pixels = c.window.down * c.window.across
    image = c.window.height * c.window.width * c.window.channels
    matrix = array(c, 2)
    most = integer(number(c, 0))
    laid = offset(array(c, 4), block * most * pixels * entries)
    product = offset(array(c, 5), block * outputs * entries)
    sums = offset(array(c, 6), block * outputs * entries)
    for t in range(outputs * entries):
        sums[t] = 0.0
    images = count(c, block)
    at = 0
    while at < images:
        n = images - at if images - at < most else most
        rows = n * pixels
        slope = offset(part(c, 1, block, pixels * outputs), at * pixels * outputs)
        lay(c, offset(part(c, 0, block, image), at * image), laid, n)
        if c.window.channels == 1:
            call_gemm(gemm, 1, 1, outputs, entries, rows, slope, outputs, laid, rows, 0, product, entries)
        else:
            call_gemm(gemm, 1, 0, outputs, entries, rows, slope, outputs, laid, entries, 0, product, entries)
        for t in range(outputs * entries):
            sums[t] = sums[t] + product[t]
        if integer(number(c, 1)) > 0:
            if c.window.channels == 1:
                call_gemm(gemm, 1, 1, entries, rows, outputs, matrix, entries, slope, outputs, 0, laid, rows)
            else:
                call_gemm(gemm, 0, 0, rows, entries, outputs, slope, outputs, matrix, entries, 0, laid, entries)
            collect(c, offset(part(c, 3, block, image), at * image), laid, n)
        at = at + n
    return 0


def convolve_slope_end(c: Layer, partial: Result, block: Int) -> Int:
    """The slope of the weights: the sums of the groups in their order, and in that of the weights."""
    channels = c.window.channels
    size = c.window.side * c.window.side
    entries = c.linear.inputs
    length = c.linear.outputs * entries
    sums = array(c, 6)
    for group in range(1, c.blocks):
        for t in range(length):
            sums[t] = sums[t] + sums[group * length + t]
    for row in range(c.linear.outputs):
        weight = offset(array(c, 7), row * entries)
        for t in range(channels):
            for k in range(size):
                weight[t * size + k] = sums[row * entries + k * channels + t] if c.blocks > 0 else 0.0
    return 0
