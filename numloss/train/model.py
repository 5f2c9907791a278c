"""Networks as settings describe them, and as files hold them."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..cluster import ALONE, Cluster
from ..data import Standardiser
from ..data.dataset import Array, numbers
from ..errors import FormatError
from ..nn import Layer, Network, cnn, mlp
from .objective import HEADS
from .settings import Settings, settings_from
from .weights import MOST_BYTES, fill, read_weights

# Rows of a batch of predictions, whatever those of the training were.
PREDICTED = 256


def network_of(
    settings: Settings, inputs: tuple[int, ...], outputs: int, head: Sequence[Layer], dtype: Any = np.float32,
    cluster: Cluster = ALONE,
) -> Network:  # fmt: skip
    """The network that the settings describe, for samples of this shape, trained by the processes of a cluster."""
    common: dict[str, Any] = {
        "rows": settings.batch_size, "dropout": settings.dropout, "head": head, "seed": settings.seed,
        "dtype": dtype, "zeros": np.zeros if settings.overlap or settings.reduce == "ordered" else cluster.zeros,
    }  # fmt: skip
    if settings.model == "cnn":
        return cnn(inputs, settings.channels, outputs, **common)
    return mlp(inputs[0], settings.hidden, outputs, **common)


def shaped(features: Array, inputs: tuple[int, ...]) -> Array:
    """Features of rows in the shape in which a network takes them; ValueError if they are something else.

    Rows may be flat, and axes of length 1 may be missing or elsewhere: their numbers lie in the same order.
    """
    given = features.shape[1:]
    flat = len(given) == 1 or len(inputs) == 1
    alike = math.prod(given) == math.prod(inputs) if flat else _long(given) == _long(inputs)
    if features.ndim == 0 or not alike:
        raise ValueError(f"features have shape {features.shape}; the network takes {inputs} for each row")
    return features.reshape(len(features), *inputs)


def _long(shape: tuple[int, ...]) -> list[int]:
    return [size for size in shape if size != 1]


def finite_outputs(network: Network, features: Array, first: int = 0) -> Array:
    """The outputs of a network for all rows, the first of which has this number; ValueError names one without."""
    with np.errstate(over="ignore", invalid="ignore"):
        found = network.predict(features)
    good = np.isfinite(found.reshape(len(found), math.prod(network.outputs))).all(axis=1)
    if not good.all():
        raise ValueError(f"row {first + int(np.argmin(good))} is too far from what the network knows: its output is "
                         "not finite")  # fmt: skip
    return found


@dataclass(frozen=True)
class Model:
    """A trained network, with the scaling of its features and the summary of its run."""

    network: Network
    scaling: Standardiser
    summary: dict[str, Any]

    def predict(self, features: Array, first: int = 0, name: str = "rows to predict") -> Array:
        """The network's outputs for features as the source of the data gives them, in any number of rows.

        FormatError names a row with NaN, infinity or a number beyond float32, the first of which is `first`.
        """
        rows = shaped(numbers(np.asarray(features), "features", name, first), self.network.inputs)
        with np.errstate(over="ignore"):
            scaled = self.scaling(rows)
        return finite_outputs(self.network, scaled, first)


def load_model(path: str | os.PathLike[str]) -> Model:
    """The network of a weights.safetensors; FormatError if it is not one that numloss wrote."""
    tensors, scaling, summary = read_weights(path)
    try:
        settings, (inputs, outputs, head) = settings_from(summary["settings"]), _described(summary["network"])
        _agree(settings, inputs, outputs, [tensor.shape for tensor in tensors.values() if tensor.ndim > 1])
        _scales(scaling, inputs)
        network = network_of(replace(settings, batch_size=PREDICTED), inputs, outputs, [layer() for layer in head])
    except (KeyError, TypeError, ValueError, ArithmeticError, MemoryError) as error:
        raise FormatError(f"{path}: its summary does not describe its network: {error}") from error
    fill(network, tensors, str(path))
    return Model(network, scaling, summary)


def _described(network: Any) -> tuple[tuple[int, ...], int, Sequence[type[Layer]]]:
    """Inputs, outputs and the last layers that a summary gives its network; ValueError for what is none."""
    if not isinstance(network, dict) or not isinstance(network["labelled"], bool):
        raise ValueError("network is not a table of inputs, outputs, head and labelled")
    shapes = [network["inputs"], network["outputs"]]
    for shape in shapes:
        if not isinstance(shape, list) or not shape or not all(type(size) is int and size > 0 for size in shape):
            raise ValueError(f"a shape is a list of numbers from 1, got {shape!r}")
    inputs, outputs = shapes
    if len(outputs) != 1 or math.prod(inputs) * PREDICTED > MOST_BYTES:
        raise ValueError(f"inputs of shape {inputs} and outputs of shape {outputs}")
    return tuple(inputs), outputs[0], HEADS[network["head"]]


def _scales(scaling: Standardiser, inputs: tuple[int, ...]) -> None:
    """Hold the scaling of features against their shape."""
    for array in (scaling.mean, scaling.scale):
        good = array.shape in ((1,), (inputs[0], *(1,) * (len(inputs) - 1))) and array.dtype.kind == "f"
        if not good or not np.isfinite(array).all():
            raise ValueError(f"a scaling of shape {array.shape} in {array.dtype} for samples of shape {inputs}")


def _agree(settings: Settings, inputs: tuple[int, ...], outputs: int, shapes: list[tuple[int, ...]]) -> None:
    """Hold the widths that a summary claims against the arrays beside it, before memory is taken for them."""
    cnn = settings.model == "cnn"
    widths = [*(settings.channels if cnn else settings.hidden), outputs]
    if len(inputs) != (3 if cnn else 1) or min(inputs) < 1:
        raise ValueError(f"samples of shape {inputs} for a {settings.model}")
    columns = [inputs[0], *widths[:-1]]
    if cnn:  # each stage halves the image
        columns[-1] *= math.prod(size >> len(settings.channels) for size in inputs[1:])
    if sorted(zip(widths, columns, strict=True)) != sorted((shape[0], shape[1]) for shape in shapes):
        raise ValueError(f"layers of {widths} units, but arrays of shapes {shapes}")
