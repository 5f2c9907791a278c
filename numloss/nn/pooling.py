"""Pooling of images."""

from __future__ import annotations

from .convolution import window
from .layer import Layer, Place, at_least, need_rank, rows_of
from .parameters import Array, Shape


class _Pool2d(Layer):
    """One entry of each channel for each window; windows stand `size` apart unless `stride` says otherwise."""

    name = ""

    def __init__(self, size: int, *, stride: int | None = None) -> None:
        self.size, self.stride = size, size if stride is None else stride
        at_least(self, 1, size=size, stride=self.stride)

    def plan(self, shape: Shape) -> Shape:
        self.shape, self.output = shape, (*window(self, shape, self.size, self.stride), shape[-1])
        return self.output

    def allocate(self, place: Place) -> None:
        self._y, self._x_slope = place.empty(self.output), place.empty(self.shape)
        geometry = (*self.shape, self.size, self.stride, *self.output[:2])
        self._forward = place.kernel(self.name, *geometry)
        self._backward = place.kernel(f"{self.name}_slope", *geometry)


class MaxPool2d(_Pool2d):
    """The largest entry of each window; the first of equal ones passes the gradient on. NaN is the largest."""

    name = "max_pool"
    repeats = True

    def allocate(self, place: Place) -> None:
        super().allocate(place)
        self._where = place.empty(self.output)

    def forward(self, x: Array, step: int | None) -> Array:
        y = rows_of(self._y, len(x))
        self._forward(x, y, rows_of(self._where, len(x)))
        return y

    def backward(self, slope: Array, wanted: bool) -> Array | None:
        if not wanted:
            return None
        x_slope = rows_of(self._x_slope, len(slope))
        self._backward(slope, rows_of(self._where, len(slope)), x_slope)
        return x_slope


class AvgPool2d(_Pool2d):
    """The mean of each window."""

    name = "avg_pool"
    repeats = True

    def forward(self, x: Array, step: int | None) -> Array:
        y = rows_of(self._y, len(x))
        self._forward(x, y)
        return y

    def backward(self, slope: Array, wanted: bool) -> Array | None:
        if not wanted:
            return None
        x_slope = rows_of(self._x_slope, len(slope))
        self._backward(slope, x_slope)
        return x_slope


class GlobalAvgPool2d(Layer):
    """The mean of each channel: images become vectors of channels."""

    repeats = True

    def plan(self, shape: Shape) -> Shape:
        need_rank(self, shape, 3)
        self.shape = shape
        return (shape[2],)

    def allocate(self, place: Place) -> None:
        self._y, self._x_slope = place.empty(self.shape[2:]), place.empty(self.shape)
        geometry = (*self.shape, 1, 1, *self.shape[:2])
        self._forward = place.kernel("channel_means", *geometry)
        self._backward = place.kernel("channel_means_slope", *geometry)

    def forward(self, x: Array, step: int | None) -> Array:
        y = rows_of(self._y, len(x))
        self._forward(x, y)
        return y

    def backward(self, slope: Array, wanted: bool) -> Array | None:
        if not wanted:
            return None
        x_slope = rows_of(self._x_slope, len(slope))
        self._backward(slope, x_slope)
        return x_slope
