"""A network: layers, their parameters in flat arrays, and memory for batches of a fixed number of rows."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..backends.host.launches import Notes
from ..data.random import WEIGHT_STREAMS, uniform
from .kernels import kernels
from .layer import Layer, Part, Place, rows_of
from .parameters import Array, Parameters, Shape, Zeros, views
from .passes import Passes
from .sequential import Sequential

# Numbers that travel with gradients and running statistics: what a part of a batch tells of itself.
FIGURES = 3


class Network:
    """Layers one after another, planned for samples of one shape and batches of at most `rows` rows.

    Parameters
    ----------
    layers : sequence of Layer
        Each fed by the one before. They belong to this network from now on.
    inputs : int or tuple of int
        Shape of a sample: (features,), or (channels, height, width) for images.
    rows : int
        The most rows of a batch.
    dtype : dtype
        float32 or float64; of parameters and data.
    seed : int
        Of the first weights and of dropout. Every parameter has a stream of random numbers of its own.
    zeros : callable
        Gives the memory of the gradients, as the `zeros` of a cluster, whose processes can reach it.

    Attributes
    ----------
    parameters : Parameters
        `values` and `gradients`, flat; `value[name]` and `gradient[name]`, views with the names and shapes of a
        torch.nn.Sequential of the same layers.
    state : dict of arrays
        What is kept with the parameters and not trained: running statistics, by name; flat in
        `statistics`.
    part : Part
        Which rows of a batch the next call sees, where several processes share it.
    outputs : tuple of int
        Shape of a sample of the output.

    Notes
    -----
    Everything runs on the CPU. The same weights and data give the same bits for any number of threads of numloss, as
    long as BLAS, which multiplies the matrices, stays on one thread, as the trainer keeps it (threadpoolctl does it
    elsewhere). Another BLAS, or the same on another type of CPU, may round products differently.

    Examples
    --------
    >>> import numpy as np
    >>> from numloss.nn import Linear, Network, Tanh
    >>> network = Network([Linear(8), Tanh(), Linear(2)], 3, rows=16)
    >>> network.forward(np.ones((4, 3), np.float32)).shape
    (4, 2)
    >>> network.backward(np.ones((4, 2), np.float32), wanted=True).shape
    (4, 3)
    >>> {name: view.shape for name, view in network.parameters.gradient.items()}
    {'0.weight': (8, 3), '0.bias': (8,), '2.weight': (2, 8), '2.bias': (2,)}
    """

    def __init__(
        self, layers: Sequence[Layer], inputs: int | Shape, *, rows: int, dtype: Any = np.float32, seed: int = 0,
        zeros: Zeros = np.zeros,
    ) -> None:  # fmt: skip
        # as they are before they are planned, to make the network again from
        self._blueprint = copy.deepcopy(tuple(layers))
        self.body = Sequential(layers)
        self.inputs: Shape = (inputs,) if isinstance(inputs, int) else tuple(inputs)
        self.rows, self.seed, self.dtype = rows, seed, np.dtype(dtype)
        if self.dtype not in (np.float32, np.float64):
            raise TypeError(f"a network computes in float32 or float64, not {self.dtype}")
        if rows < 1 or min(self.inputs, default=0) < 1:
            raise ValueError(f"rows and the shape of a sample must be at least 1, got {rows} and {self.inputs}")
        self.outputs: Shape = _channels_first(self.body.plan(_channels_last(self.inputs)))
        asked = self.body.parameters()
        transposed = {name for name, tensor in asked.items() if tensor.transposed}
        kept = {n: t.shape for n, t in self.body.state().items()}
        self.statistics = np.empty(sum(map(math.prod, kept.values())), self.dtype)
        self.state = views(self.statistics, kept)
        room = self.statistics.size + FIGURES
        self.parameters = Parameters({n: t.shape for n, t in asked.items()}, self.dtype, transposed, room, zeros)
        self._start()
        self.part, notes, views_of = Part(), Notes(), self.parameters
        kernel = kernels(self.dtype, notes)
        self.body.allocate(
            Place(rows, self.dtype, kernel, seed, views_of.value, views_of.gradient, self.state, part=self.part)
        )
        self._passes = Passes(self.body, notes, self.part, self.statistics)
        self._entered: Array | None = None
        self._rows = 0

    def __reduce__(self) -> Any:
        made = (self._blueprint, self.inputs, self.rows, self.dtype, self.seed)
        return _again, (made, self.parameters.values, self.state)

    def _start(self) -> None:
        """The first values of parameters and state."""
        asked = [*self.body.parameters().items(), *self.body.state().items()]
        for stream, (name, tensor) in enumerate(asked, WEIGHT_STREAMS):
            view = self.parameters.value.get(name, self.state.get(name))
            assert view is not None
            view[...] = tensor.start(tensor.shape, partial(uniform, seed=self.seed, stream=stream))

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers in their order."""
        return self.body.layers

    def forward(self, x: Array, step: int | None = None) -> Array:
        """The output for at most `rows` rows; valid until the next call.

        `step` is the number of the training step, from which dropout draws and by which running statistics know
        that they move; None computes what the trained network answers.
        """
        return _first(self._passes.forward(self._enter(x), step))

    def backward(self, slope: Array, wanted: bool = False) -> Array | None:
        """Fill the gradients of all parameters from the slope of the last output, which may be overwritten.

        Returns the slope of the input if it is wanted, in memory that is valid until the next call.
        """
        if slope.shape[1:] != self.outputs or len(slope) != self._rows:
            raise ValueError(f"slope has shape {slope.shape}, the last output {(self._rows, *self.outputs)}")
        slope = _last(slope)
        if not (slope.dtype == self.dtype and slope.flags.c_contiguous):
            slope = np.ascontiguousarray(slope, self.dtype)
        inner = self._passes.backward(slope, wanted)
        return None if inner is None else _first(inner)

    def predict(self, x: Array) -> Array:
        """The outputs for any number of rows, in new memory."""
        y = np.empty((len(x), *self.outputs), self.dtype)
        for at in range(0, len(x), self.rows):
            y[at : at + self.rows] = self.forward(x[at : at + self.rows])
        return y

    def trace(self, x: Array, step: int | None = None) -> Iterator[tuple[str, Array]]:
        """Run forward and yield each layer's name and output in turn, as to find the first that is not finite."""
        y = self._enter(x)
        self._passes.leave()
        for k, layer in enumerate(self.layers):
            y = layer.forward(y, step)
            yield f"{k} ({type(layer).__name__})", _first(y)

    def _enter(self, x: Array) -> Array:
        if x.shape[1:] != self.inputs or len(x) > self.rows:
            raise ValueError(f"x has shape {x.shape}, the network takes {self.inputs} in at most {self.rows} rows")
        self._rows = len(x)
        x = _last(x)
        if self.body.takes_labels or (x.dtype == self.dtype and x.flags.c_contiguous):
            return x
        if self._entered is None:
            self._entered = np.empty((self.rows, *x.shape[1:]), self.dtype)
        entered = rows_of(self._entered, len(x))
        np.copyto(entered, x, casting="same_kind")
        return entered


def _again(made: tuple[Any, ...], values: Array, state: dict[str, Array]) -> Network:
    """A network out of a pickle, or a copy: with memory and compiled kernels of its own."""
    layers, inputs, rows, dtype, seed = made
    network = Network(copy.deepcopy(layers), inputs, rows=rows, dtype=dtype, seed=seed)
    np.copyto(network.parameters.values, values)
    for name, kept in state.items():
        np.copyto(network.state[name], kept)
    return network


def _channels_last(shape: Shape) -> Shape:
    return (*shape[1:], shape[0]) if len(shape) == 3 else shape


def _channels_first(shape: Shape) -> Shape:
    return (shape[2], *shape[:2]) if len(shape) == 3 else shape


def _last(x: Array) -> Array:
    return x.transpose(0, 2, 3, 1) if x.ndim == 4 else x


def _first(x: Array) -> Array:
    return x.transpose(0, 3, 1, 2) if x.ndim == 4 else x

