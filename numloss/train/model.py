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
from ..data.dataset import Array
from ..errors import FormatError
from ..nn import Layer, Network, cnn, mlp
from .objective import HEADS
from .settings import Settings, settings_from
from .weights import fill, read_weights

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
    """Features of rows in the shape in which a network takes them; ValueError if they are of another size."""
    if features.ndim == 0 or features[:1].size != int(np.prod(inputs)) * len(features[:1]):
        raise ValueError(f"features have shape {features.shape}; the network takes {inputs} for each row")
    return features.reshape(len(features), *inputs)


@dataclass(frozen=True)
class Model:
    """A trained network, with the scaling of its features and the summary of its run."""

    network: Network
    scaling: Standardiser
    summary: dict[str, Any]

    def predict(self, features: Array) -> Array:
        """The network's outputs for features as the source of the data gives them, in any number of rows."""
        return self.network.predict(self.scaling(shaped(np.asarray(features, np.float32), self.network.inputs)))


def load_model(path: str | os.PathLike[str]) -> Model:
    """The network of a weights.safetensors; FormatError if it is not one that numloss wrote."""
    tensors, scaling, summary = read_weights(path)
    try:
        described, settings = summary["network"], settings_from(summary["settings"])
        inputs, (outputs,) = tuple(map(int, described["inputs"])), map(int, described["outputs"])
        _agree(settings, inputs, outputs, [tensor.shape for tensor in tensors.values() if tensor.ndim > 1])
        head = [layer() for layer in HEADS[described["head"]]]
        network = network_of(replace(settings, batch_size=PREDICTED), inputs, outputs, head)
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{path}: its summary does not describe its network: {error}") from error
    fill(network, tensors, str(path))
    return Model(network, scaling, summary)


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
