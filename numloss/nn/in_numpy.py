"""The kernels of layers and optimisers in NumPy: what runs without Numba, and what the compiled ones are held to.

The features of an array are its last axis; images are (rows, height, width, channels). Integers come first, then
arrays, then numbers. Results are written to arrays that are given.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..data.batches import take_rows as take_rows
from .images_in_numpy import avg_pool as avg_pool
from .images_in_numpy import avg_pool_slope as avg_pool_slope
from .images_in_numpy import channel_means as channel_means
from .images_in_numpy import channel_means_slope as channel_means_slope
from .images_in_numpy import channels_first as channels_first
from .images_in_numpy import channels_last as channels_last
from .images_in_numpy import convolve as convolve
from .images_in_numpy import convolve_slope as convolve_slope
from .images_in_numpy import filters as filters
from .images_in_numpy import max_pool as max_pool
from .images_in_numpy import max_pool_slope as max_pool_slope
from .parameters import Array

take_labels = take_rows


def _rows(x: Array) -> Array:
    return x.reshape(-1, x.shape[-1])


# matrices ---------------------------------------------------------------------------------------------------------


def product(inputs: int, outputs: int, x: Array, w: Array, bias: Array, y: Array) -> None:
    """y = x w + bias for w of shape (inputs, outputs)."""
    np.matmul(x, w, out=y)
    y += bias


def product_slope(inputs: int, outputs: int, slope: Array, w: Array, x_slope: Array) -> None:
    """The slope of x."""
    np.matmul(slope, w.T, out=x_slope)


def product_weight_slope(
    inputs: int, outputs: int, x: Array, slope: Array, w_slope: Array, bias_slope: Array
) -> None:  # fmt: skip
    """The slopes of w and of the bias."""
    np.matmul(_rows(x).T, _rows(slope), out=w_slope)
    np.sum(_rows(slope), axis=0, out=bias_slope)


def copy(y: Array, x: Array) -> None:
    """y = x."""
    np.copyto(y, x)


def add(y: Array, a: Array, b: Array) -> None:
    """y = a + b."""
    np.add(a, b, out=y)


def multiply(y: Array, a: Array, b: Array) -> None:
    """y = a b."""
    np.multiply(a, b, out=y)


def affine(y: Array, x: Array, scale: Array, shift: Array) -> None:
    """y = x scale + shift in every row."""
    np.multiply(x, scale, out=y)
    y += shift


def scale_rows(y: Array, scale: Array) -> None:
    """y = y scale in every row."""
    y *= scale


def column_sums(x: Array, sums: Array) -> None:
    """The sum over the rows."""
    np.sum(_rows(x), axis=0, out=sums)


def scatter_rows(slope: Array, labels: Array, table: Array) -> None:
    """Add each row to the row of the table that its label names."""
    np.add.at(table, labels, slope)


# activations, in place --------------------------------------------------------------------------------------------


def relu(y: Array) -> None:
    """max(y, 0)."""
    np.maximum(y, 0, out=y)


def relu_slope(y: Array, slope: Array) -> None:
    """0 where the output is."""
    np.copyto(slope, 0, where=y <= 0)


def sigmoid(y: Array) -> None:
    """1 / (1 + exp(-y)), without overflow."""
    small = np.exp(-np.abs(y))
    np.divide(np.where(y >= 0, 1, small), 1 + small, out=y)


def sigmoid_slope(y: Array, slope: Array) -> None:
    """y (1 - y)."""
    slope *= y * (1 - y)


def tanh(y: Array) -> None:
    """The hyperbolic tangent."""
    np.tanh(y, out=y)


def tanh_slope(y: Array, slope: Array) -> None:
    """1 - y^2."""
    slope *= (1 - y) * (1 + y)


def softmax(y: Array) -> None:
    """exp(y) / sum(exp(y)) over the features."""
    y -= y.max(axis=-1, keepdims=True)
    np.exp(y, out=y)
    y /= y.sum(axis=-1, keepdims=True)


def softmax_slope(y: Array, slope: Array) -> None:
    """y (slope - sum(y slope))."""
    slope -= (y * slope).sum(axis=-1, keepdims=True)
    slope *= y


def log_softmax(y: Array) -> None:
    """y - log(sum(exp(y))) over the features; the largest entry is summed as 1, so that it keeps its digits."""
    largest = y.argmax(axis=-1)[..., None]
    y -= np.take_along_axis(y, largest, axis=-1)
    others = np.exp(y)
    np.put_along_axis(others, largest, 0, axis=-1)
    y -= np.log1p(others.sum(axis=-1, keepdims=True))


def log_softmax_slope(y: Array, slope: Array) -> None:
    """slope - exp(y) sum(slope)."""
    slope -= np.exp(y) * slope.sum(axis=-1, keepdims=True)


_ERFC: Any = np.frompyfunc(math.erfc, 1, 1)


def _normal_cdf(x: Array) -> Array:
    cdf: Array = 0.5 * _ERFC(x * -math.sqrt(0.5)).astype(np.float64)
    return cdf.astype(x.dtype)


def gelu(x: Array, y: Array) -> None:
    """x P(z < x) for a standard normal z."""
    np.multiply(x, _normal_cdf(x), out=y)


def gelu_slope(x: Array, slope: Array) -> None:
    """P(z < x) + x p(x)."""
    slope *= _normal_cdf(x) + x * np.exp(-0.5 * x * x) * (1.0 / math.sqrt(2.0 * math.pi))


# normalisation ----------------------------------------------------------------------------------------------------


def moments(x: Array, mean: Array, var: Array) -> None:
    """Mean and variance of each feature over the rows."""
    rows = _rows(x)
    mean[...] = rows.mean(axis=0, dtype=np.float64)
    var[...] = np.square(rows - mean).mean(axis=0, dtype=np.float64)


def statistics(
    mean: Array, scale: Array, var: Array, running_mean: Array, running_var: Array, eps: float, momentum: float,
    unbiased: float,
) -> None:  # fmt: skip
    """1 / deviation; running statistics follow the batch where there is a momentum, or are used in its place."""
    if momentum:
        running_mean += momentum * (mean - running_mean)
        running_var += momentum * (unbiased * var - running_var)
    else:
        np.copyto(mean, running_mean)
        np.copyto(var, running_var)
    np.divide(1.0, np.sqrt(var + eps), out=scale)


def normalise(x: Array, mean: Array, scale: Array, weight: Array, bias: Array, y: Array) -> None:
    """(x - mean) scale weight + bias."""
    np.subtract(x, mean, out=y)
    y *= scale * weight
    y += bias


def normalise_sums(x_slope: Array, x: Array, mean: Array, scale: Array, weight_slope: Array, bias_slope: Array) -> None:
    """The gradients of weight and bias."""
    np.sum(_rows(x_slope), axis=0, out=bias_slope)
    np.sum(_rows(x_slope * ((x - mean) * scale)), axis=0, out=weight_slope)


def normalise_slope(
    slope: Array, x: Array, mean: Array, scale: Array, weight: Array, weight_slope: Array, bias_slope: Array,
    share: float,
) -> None:  # fmt: skip
    """The slope of the input, over that of the output; `share` is 1 / rows where the moments depend on x, else 0."""
    slope -= share * bias_slope + (x - mean) * (scale * (share * weight_slope))
    slope *= scale * weight


def layer_norm(x: Array, weight: Array, bias: Array, unit: Array, scale: Array, y: Array, eps: float) -> None:
    """Mean 0 and variance 1 in every row, then weight and bias."""
    np.subtract(x, x.mean(axis=-1, keepdims=True), out=unit)
    np.mean(np.square(unit), axis=-1, out=scale)
    scale += eps
    np.sqrt(scale, out=scale)
    np.divide(1.0, scale, out=scale)
    unit *= scale[..., None]
    np.multiply(unit, weight, out=y)
    y += bias


def layer_norm_slope(slope: Array, weight: Array, unit: Array, scale: Array) -> None:
    """The slope of the input, over that of the output."""
    slope *= weight
    mean, along = slope.mean(axis=-1, keepdims=True), (slope * unit).mean(axis=-1, keepdims=True)
    slope -= mean + unit * along
    slope *= scale[..., None]


def product_sums(slope: Array, unit: Array, weight_slope: Array, bias_slope: Array) -> None:
    """The sums over the rows of slope * unit and of slope."""
    np.sum(_rows(slope), axis=0, out=bias_slope)
    np.sum(_rows(slope * unit), axis=0, out=weight_slope)


# optimisers -------------------------------------------------------------------------------------------------------


def square_sum(x: Array) -> float:
    """The sum of squares, in float64."""
    return float(np.sum(np.square(x, dtype=np.float64)))


def sgd(
    values: Array, gradients: Array, velocity: Array, rate: float, momentum: float, nesterov: float, decay: float
) -> None:
    """One step of stochastic gradient descent, see numloss.train.SGD."""
    slope = gradients + decay * values
    velocity *= momentum
    velocity += slope
    move = slope + momentum * velocity if nesterov else velocity
    values -= rate * move


def adam(
    values: Array, gradients: Array, mean: Array, square: Array, rate: float, first: float, second: float,
    root: float, eps: float, decay: float, shrink: float,
) -> None:  # fmt: skip
    """One step of Adam, see numloss.train.Adam; `rate` and `root` hold the corrections of the averages."""
    slope = gradients + decay * values
    mean += (1.0 - first) * (slope - mean)
    square *= second
    square += (1.0 - second) * slope * slope
    values *= shrink
    values -= rate * mean / (np.sqrt(square) * (1.0 / root) + eps)


def rmsprop(
    values: Array, gradients: Array, square: Array, velocity: Array, rate: float, alpha: float, eps: float,
    momentum: float, decay: float,
) -> None:  # fmt: skip
    """One step of RMSprop, see numloss.train.RMSprop."""
    slope = gradients + decay * values
    square *= alpha
    square += (1.0 - alpha) * slope * slope
    velocity *= momentum
    velocity += slope / (np.sqrt(square) + eps)
    values -= rate * velocity
