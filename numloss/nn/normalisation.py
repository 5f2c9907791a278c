"""Normalisation over the batch and over the features."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .initial import Tensor, ones, zeros
from .layer import Layer, Place, need_rank, rows_of
from .parameters import Array, Shape


class _BatchNorm(Layer):
    """Each channel with the mean and variance of the batch taken out, then scaled and shifted.

    y = (x - mean) / sqrt(var + eps) * weight + bias. Training uses the batch, and moves the running statistics
    towards it: running += momentum * (batch - running), with the unbiased variance. Elsewhere the running ones
    are used.
    """

    ranks: tuple[int, ...] = ()
    repeats = True

    def __init__(self, *, eps: float = 1e-5, momentum: float = 0.1) -> None:
        if not eps > 0.0 or not 0.0 < momentum <= 1.0:
            raise ValueError(f"{type(self).__name__}: eps must be > 0 and momentum in (0, 1], got {eps} and {momentum}")
        self.eps, self.momentum = eps, momentum

    def plan(self, shape: Shape) -> Shape:
        need_rank(self, shape, *self.ranks)
        self.shape = shape
        return shape

    def parameters(self) -> dict[str, Tensor]:
        channels = self.shape[-1:]
        return {"weight": Tensor(channels, ones), "bias": Tensor(channels, zeros)}

    def state(self) -> dict[str, Tensor]:
        channels = self.shape[-1:]
        return {"running_mean": Tensor(channels, zeros), "running_var": Tensor(channels, ones)}

    def allocate(self, place: Place) -> None:
        self.value, self.gradient, self.running = place.value, place.gradient, place.state
        self._y, self._part = place.empty(self.shape), place.part
        # mean, 1 / deviation, slope and intercept of the line that maps a channel
        self._mean, self._var, self._scale = np.empty((3, self.shape[-1]), place.dtype)
        self._moments, self._statistics = place.kernel("moments"), place.kernel("statistics")
        self._forward = place.kernel("normalise")
        self._sums, self._backward = place.kernel("normalise_sums"), place.kernel("normalise_slope")

    def forward(self, x: Array, step: int | None) -> Array:
        self._x, self._training = x, step is not None
        count = x.size // x.shape[-1]
        mean, var = self._mean, self._var
        if self._training:
            if count > 1 or self._part.add_up:
                self._moments(x, mean, var)
            if self._part.add_up:
                count = self._moments_of_all(count, self._part.add_up)
            if count < 2:
                raise ValueError(f"{type(self).__name__}: training needs more than one value of each channel")
            self._count = count
        running = self.running["running_mean"], self.running["running_var"]
        momentum, unbiased = (self.momentum, count / (count - 1)) if self._training else (0.0, 0.0)
        self._statistics(mean, self._scale, var, *running, self.eps, momentum, unbiased)
        y = rows_of(self._y, len(x))
        self._forward(x, mean, self._scale, self.value["weight"], self.value["bias"], y)
        return y

    def _moments_of_all(self, count: int, add_up: Callable[[Array], object]) -> int:
        """Mean and variance over all parts of the batch; returns how many values that are.

        Sums are taken around the running mean, which is the same everywhere and near: nothing cancels.
        """
        centre = self.running["running_mean"].astype(np.float64)
        away = self._mean - centre
        sums = np.concatenate([[count], count * away, count * (self._var + away * away)])
        add_up(sums)
        total, (first, second) = sums[0], sums[1:].reshape(2, -1) / sums[0]
        self._mean[...], self._var[...] = centre + first, second - first * first
        return int(total)

    def backward(self, slope: Array, wanted: bool) -> Array | None:
        weight_slope, bias_slope = self.gradient["weight"], self.gradient["bias"]
        self._sums(slope, self._x, self._mean, self._scale, weight_slope, bias_slope)
        if not wanted:
            return None
        # the statistics of the batch depend on x, the running ones do not
        share = 1.0 / self._count if self._training else 0.0
        weight = self.value["weight"]
        if self._training and self._part.add_up:
            both = np.stack([weight_slope, bias_slope])
            self._part.add_up(both)
            weight_slope, bias_slope = both
        self._backward(slope, self._x, self._mean, self._scale, weight, weight_slope, bias_slope, share)
        return slope


class BatchNorm1d(_BatchNorm):
    """Batch normalisation (Ioffe and Szegedy, 2015) of the features of vectors."""

    ranks = (1,)


class BatchNorm2d(_BatchNorm):
    """Batch normalisation (Ioffe and Szegedy, 2015) of the channels of images."""

    ranks = (3,)


class LayerNorm(Layer):
    """Each row with its own mean and variance over the features taken out, then scaled and shifted.

    y = (x - mean) / sqrt(var + eps) * weight + bias, after Ba et al. (2016).
    """

    repeats = True

    def __init__(self, *, eps: float = 1e-5) -> None:
        if not eps > 0.0:
            raise ValueError(f"LayerNorm: eps must be > 0, got {eps}")
        self.eps = eps

    def plan(self, shape: Shape) -> Shape:
        need_rank(self, shape, 1, 2)
        self.shape = shape
        return shape

    def parameters(self) -> dict[str, Tensor]:
        return {"weight": Tensor(self.shape[-1:], ones), "bias": Tensor(self.shape[-1:], zeros)}

    def allocate(self, place: Place) -> None:
        self.value, self.gradient = place.value, place.gradient
        # x without its mean and with unit variance, and 1 / deviation of each row
        self._unit, self._scale = place.empty(self.shape), place.empty(self.shape[:-1])
        self._y = place.empty(self.shape)
        self._forward, self._backward = place.kernel("layer_norm"), place.kernel("layer_norm_slope")
        self._sums = place.kernel("product_sums")

    def forward(self, x: Array, step: int | None) -> Array:
        y, unit, scale = (rows_of(memory, len(x)) for memory in (self._y, self._unit, self._scale))
        self._forward(x, self.value["weight"], self.value["bias"], unit, scale, y, self.eps)
        return y

    def backward(self, slope: Array, wanted: bool) -> Array | None:
        unit, scale = rows_of(self._unit, len(slope)), rows_of(self._scale, len(slope))
        self._sums(slope, unit, self.gradient["weight"], self.gradient["bias"])
        if wanted:
            self._backward(slope, self.value["weight"], unit, scale)
        return slope
