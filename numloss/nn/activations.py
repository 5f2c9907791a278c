"""Functions of every entry, and softmax and its logarithm over the last axis."""

from __future__ import annotations

from .layer import Layer, Place, rows_of
from .parameters import Array, Shape


class _OfOutput(Layer):
    """An activation whose derivative is a function of its value; it may overwrite its input."""

    keeps_output = True
    repeats = True
    name = ""

    def plan(self, shape: Shape) -> Shape:
        self.shape = shape
        return shape

    def allocate(self, place: Place) -> None:
        self._y = None if place.overwrite else place.empty(self.shape)
        self._copy = place.kernel("copy")
        self._forward, self._backward = place.kernel(self.name), place.kernel(f"{self.name}_slope")

    def forward(self, x: Array, step: int | None) -> Array:
        if self._y is None:
            self._kept = x
        else:
            self._kept = rows_of(self._y, len(x))
            self._copy(self._kept, x)
        self._forward(self._kept)
        return self._kept

    def backward(self, slope: Array, wanted: bool) -> Array | None:
        if wanted:
            self._backward(self._kept, slope)
        return slope


class ReLU(_OfOutput):
    """max(x, 0); NaN stays NaN."""

    name = "relu"


class Sigmoid(_OfOutput):
    """1 / (1 + exp(-x))."""

    name = "sigmoid"


class Tanh(_OfOutput):
    """The hyperbolic tangent."""

    name = "tanh"


class Softmax(_OfOutput):
    """exp(x) / sum(exp(x)) over the features, for losses that take probabilities."""

    name = "softmax"


class LogSoftmax(_OfOutput):
    """x - log(sum(exp(x))) over the features, for losses that take logarithms of probabilities."""

    name = "log_softmax"


class GELU(Layer):
    """x times the probability that a standard normal number is below x (Hendrycks and Gimpel, 2016)."""

    repeats = True

    def plan(self, shape: Shape) -> Shape:
        self.shape = shape
        return shape

    def allocate(self, place: Place) -> None:
        self._y = place.empty(self.shape)
        self._forward, self._backward = place.kernel("gelu"), place.kernel("gelu_slope")

    def forward(self, x: Array, step: int | None) -> Array:
        self._x, y = x, rows_of(self._y, len(x))
        self._forward(x, y)
        return y

    def backward(self, slope: Array, wanted: bool) -> Array | None:
        if wanted:
            self._backward(self._x, slope)
        return slope
