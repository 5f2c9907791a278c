"""Layers made of layers."""

from __future__ import annotations

from collections.abc import Sequence

from .initial import Tensor
from .layer import Layer, Part, Place, rows_of
from .parameters import Array, Shape


class Sequential(Layer):
    """Layers one after another; their parameters are called `<position>.<name>`."""

    repeats = True

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = tuple(layers)
        self._drawing = [layer for layer in layers if type(layer).draw is not Layer.draw]
        self.takes_labels = bool(self.layers) and self.layers[0].takes_labels
        if len({id(layer) for layer in self.layers}) < len(self.layers):
            raise ValueError("a layer can stand in one position only: it has memory of its own")

    def plan(self, shape: Shape) -> Shape:
        self._shapes, self._rows = [shape], -1
        for k, layer in enumerate(self.layers):
            try:
                self._shapes.append(layer.plan(self._shapes[-1]))
            except ValueError as error:
                raise ValueError(f"layer {k}: {error}") from None
        return self._shapes[-1]

    def parameters(self) -> dict[str, Tensor]:
        return {f"{k}.{name}": t for k, layer in enumerate(self.layers) for name, t in layer.parameters().items()}

    def state(self) -> dict[str, Tensor]:
        return {f"{k}.{name}": t for k, layer in enumerate(self.layers) for name, t in layer.state().items()}

    def allocate(self, place: Place) -> None:
        overwrite, self._dtype = place.overwrite, place.dtype
        self._part = Part() if place.number else place.part  # layers inside of layers are not a network's own
        for k, layer in enumerate(self.layers):
            layer.allocate(place.inside(str(k), k, overwrite))
            overwrite = not layer.keeps_output
        self.keeps_output = not overwrite
        self.repeats = type(self).repeats and all(layer.repeats for layer in self.layers)
        # layers before the first with parameters need no slope, unless that of the input is wanted
        trained = [k for k, layer in enumerate(self.layers) if layer.parameters()]
        self._first = trained[0] if trained else len(self.layers)

    def draw(self, rows: int, step: int) -> None:
        for layer in self._drawing:
            layer.draw(rows, step)

    def forward(self, x: Array, step: int | None) -> Array:
        if len(x) != self._rows:
            self._rows = len(x)
            self._expected = [(self._rows, *shape) for shape in self._shapes]
            self._seen: list[Array | None] = [None] * (2 * len(self._shapes))
        seen = self._seen
        for k, layer in enumerate(self.layers, 1):
            x = layer.forward(x, step)
            if x is not seen[k]:
                self._check(layer, x, k, k)
        return x

    def backward(self, slope: Array, wanted: bool) -> Array | None:
        passed: Array | None = slope
        for k in range(len(self.layers) - 1, -1 if wanted else self._first - 1, -1):
            assert passed is not None
            passed = self.layers[k].backward(passed, wanted or k > self._first)
            if self._part.filled:
                self._part.filled(k)
            if passed is None:
                break
            if passed is not self._seen[~k]:
                self._check(self.layers[k], passed, k, ~k)
        return passed if wanted else None

    def _check(self, layer: Layer, x: Array, k: int, at: int) -> None:
        """Hold what a layer returned against the plan, once for each array.

        Kernels trust shapes, and layers may come from anywhere: nothing else keeps them inside of their arrays.
        """
        expected = self._expected[k]
        if x.shape != expected or x.dtype != self._dtype or not x.flags.c_contiguous:
            found = f"{type(layer).__name__} returned {x.dtype}{x.shape}"
            raise TypeError(f"{found} where {self._dtype}{expected} in C order was planned")
        self._seen[at] = x


class Residual(Layer):
    """x + f(x) for the layers f, which keep the shape (He et al., 2016)."""

    repeats = True

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.body = Sequential(layers)

    def plan(self, shape: Shape) -> Shape:
        self.shape = shape
        if self.body.plan(shape) != shape:
            raise ValueError(f"Residual: the layers turn the shape {shape} into {self.body.plan(shape)}")
        return shape

    def parameters(self) -> dict[str, Tensor]:
        return self.body.parameters()

    def state(self) -> dict[str, Tensor]:
        return self.body.state()

    def allocate(self, place: Place) -> None:
        self._y, self._slope = place.empty(self.shape), place.empty(self.shape)
        # the input is added at the end: the layers inside must not write over it
        self.body.allocate(Place(**{**vars(place), "overwrite": False}))
        self.repeats = type(self).repeats and self.body.repeats
        self._copy, self._add = place.kernel("copy"), place.kernel("add")

    def draw(self, rows: int, step: int) -> None:
        self.body.draw(rows, step)

    def forward(self, x: Array, step: int | None) -> Array:
        y = rows_of(self._y, len(x))
        self._add(y, x, self.body.forward(x, step))
        return y

    def backward(self, slope: Array, wanted: bool) -> Array | None:
        inner = rows_of(self._slope, len(slope))
        self._copy(inner, slope)
        through = self.body.backward(inner, wanted)
        if through is None:
            return None
        self._add(slope, slope, through)
        return slope
