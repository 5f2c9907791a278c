"""The kernels of images in NumPy, see in_numpy.py: convolution, pooling and rearranging."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .parameters import Array


def _windows(x: Array, size: int, stride: int) -> Any:
    """A view of shape (rows, height, width, channels, size, size)."""
    return sliding_window_view(x, (size, size), axis=(1, 2))[:, ::stride, ::stride]


def patches(
    height: int, width: int, channels: int, size: int, stride: int, down: int, across: int, padding: int,
    x: Array, laid: Array,
) -> None:  # fmt: skip
    """Each window of the images as a row, in the order height, width, channel."""
    around = ((0, 0), (padding, padding), (padding, padding), (0, 0))
    windows = _windows(np.pad(x, around), size, stride)
    np.copyto(laid.reshape(len(x), down, across, size, size, channels), windows.transpose(0, 1, 2, 4, 5, 3))


def add_patches(
    height: int, width: int, channels: int, size: int, stride: int, down: int, across: int, padding: int,
    x: Array, laid: Array,
) -> None:  # fmt: skip
    """The images whose pixels are the sums of the entries that `patches` made of them."""
    whole = np.zeros((len(x), height + 2 * padding, width + 2 * padding, channels), x.dtype)
    windows = laid.reshape(len(x), down, across, size, size, channels)
    for k in range(size):
        for m in range(size):
            rows, columns = slice(k, k + down * stride, stride), slice(m, m + across * stride, stride)
            whole[:, rows, columns][:, :down, :across] += windows[:, :, :, k, m]
    np.copyto(x, whole[:, padding : padding + height, padding : padding + width])


def filters(
    height: int, width: int, channels: int, size: int, stride: int, down: int, across: int, padding: int,
    matrix: Array, weight: Array,
) -> None:  # fmt: skip
    """The weights in the order of a window, a row for each output."""
    np.copyto(matrix.reshape(-1, size, size, channels), weight.transpose(0, 2, 3, 1))


def convolve(
    height: int, width: int, channels: int, size: int, stride: int, down: int, across: int, padding: int,
    entries: int, outputs: int, x: Array, matrix: Array, bias: Array, y: Array, laid: Array, most: int, biased: bool,
) -> None:  # fmt: skip
    """The output of images, of which so many are laid out at once."""
    geometry = (height, width, channels, size, stride, down, across, padding)
    for at in range(0, len(x), most):
        some = x[at : at + most]
        windows = laid.reshape(-1)[: len(some) * down * across * entries].reshape(-1, entries)
        patches(*geometry, some, windows)
        np.matmul(windows, matrix.T, out=y[at : at + most].reshape(-1, outputs))
    if biased:
        y += bias


def convolve_slope(
    height: int, width: int, channels: int, size: int, stride: int, down: int, across: int, padding: int,
    entries: int, outputs: int, x: Array, slope: Array, matrix: Array, x_slope: Array, laid: Array, product: Array,
    sums: Array, weight_slope: Array, most: int, wanted: bool,
) -> None:  # fmt: skip
    """The slope of the weights, and that of the images if it is wanted."""
    geometry = (height, width, channels, size, stride, down, across, padding)
    total, one = sums[0], product[0]
    total[...] = 0
    for at in range(0, len(x), most):
        some, rows = x[at : at + most], slope[at : at + most].reshape(-1, outputs)
        windows = laid.reshape(-1)[: len(rows) * entries].reshape(-1, entries)
        patches(*geometry, some, windows)
        np.matmul(rows.T, windows, out=one)
        total += one
        if wanted:
            np.matmul(rows, matrix, out=windows)
            add_patches(*geometry, x_slope[at : at + most], windows)
    np.copyto(weight_slope, total.reshape(outputs, size, size, channels).transpose(0, 3, 1, 2))


def max_pool(
    height: int, width: int, channels: int, size: int, stride: int, down: int, across: int,
    x: Array, y: Array, where: Array,
) -> None:  # fmt: skip
    """The largest entry of each window, and its number in the window."""
    flat = _windows(x, size, stride).reshape(*y.shape, size * size)
    chosen = flat.argmax(axis=-1)
    np.copyto(y, np.take_along_axis(flat, chosen[..., None], axis=-1)[..., 0])
    where[...] = chosen


def max_pool_slope(
    height: int, width: int, channels: int, size: int, stride: int, down: int, across: int,
    slope: Array, where: Array, x_slope: Array,
) -> None:  # fmt: skip
    """The slope goes to the chosen entry."""
    x_slope[...] = 0
    for k in range(size * size):
        rows, columns = (slice(at, at + n * stride, stride) for at, n in ((k // size, down), (k % size, across)))
        x_slope[:, rows, columns][:, :down, :across] += np.where(where == k, slope, 0)


def avg_pool(
    height: int, width: int, channels: int, size: int, stride: int, down: int, across: int, x: Array, y: Array
) -> None:
    """The mean of each window."""
    np.mean(_windows(x, size, stride), axis=(-2, -1), out=y)


def avg_pool_slope(
    height: int, width: int, channels: int, size: int, stride: int, down: int, across: int,
    slope: Array, x_slope: Array,
) -> None:  # fmt: skip
    """Every entry of a window receives the same share."""
    x_slope[...] = 0
    share = slope * (1.0 / (size * size))
    for k in range(size * size):
        rows, columns = (slice(at, at + n * stride, stride) for at, n in ((k // size, down), (k % size, across)))
        x_slope[:, rows, columns][:, :down, :across] += share


def channels_first(
    height: int, width: int, channels: int, size: int, stride: int, down: int, across: int, x: Array, y: Array
) -> None:
    """All of the first channel, then all of the second, and so on."""
    np.copyto(y.reshape(-1, channels, height, width), x.transpose(0, 3, 1, 2))


def channels_last(
    height: int, width: int, channels: int, size: int, stride: int, down: int, across: int, y: Array, x: Array
) -> None:
    """What `channels_first` was given."""
    np.copyto(x, y.reshape(-1, channels, height, width).transpose(0, 2, 3, 1))


def channel_means(
    height: int, width: int, channels: int, size: int, stride: int, down: int, across: int, x: Array, y: Array
) -> None:
    """The mean of each channel."""
    np.mean(x, axis=(1, 2), out=y)


def channel_means_slope(
    height: int, width: int, channels: int, size: int, stride: int, down: int, across: int,
    slope: Array, x_slope: Array,
) -> None:  # fmt: skip
    """Every pixel receives the same share."""
    x_slope[...] = (slope * (1.0 / (height * width)))[:, None, None, :]
