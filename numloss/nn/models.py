"""Networks that most tasks start with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .activations import ReLU
from .convolution import Conv2d
from .dropout import Dropout
from .layer import Layer
from .linear import Flatten, Linear
from .network import Network
from .normalisation import BatchNorm2d
from .parameters import Shape, Zeros
from .pooling import MaxPool2d


def mlp(
    inputs: int,
    hidden: Sequence[int],
    outputs: int,
    *,
    rows: int,
    dropout: float = 0.0,
    head: Sequence[Layer] = (),
    seed: int = 0,
    dtype: Any = np.float32,
    zeros: Zeros = np.zeros,
) -> Network:
    """A multilayer perceptron with ReLU between its layers, and dropout after each if it is not 0.

    `head`: layers after the last matrix, such as Softmax for losses that take probabilities. `zeros`: as of a Network.
    """
    layers: list[Layer] = []
    for width in hidden:
        layers += [Linear(width), ReLU(), *([Dropout(dropout)] if dropout else [])]
    return Network([*layers, Linear(outputs), *head], inputs, rows=rows, dtype=dtype, seed=seed, zeros=zeros)


def cnn(
    inputs: Shape,
    channels: Sequence[int],
    outputs: int,
    *,
    rows: int,
    dropout: float = 0.0,
    head: Sequence[Layer] = (),
    seed: int = 0,
    dtype: Any = np.float32,
    zeros: Zeros = np.zeros,
) -> Network:
    """A network for images of shape (channels, height, width): stages, then one matrix.

    A stage is a convolution of 3 x 3 that keeps the size, batch normalisation, ReLU, and a max pool that halves it.
    `head`, `zeros`: as in mlp.
    """
    layers: list[Layer] = []
    for width in channels:
        layers += [Conv2d(width, 3, padding=1, bias=False), BatchNorm2d(), ReLU(), MaxPool2d(2)]
    layers += [Flatten(), *([Dropout(dropout)] if dropout else []), Linear(outputs), *head]
    return Network(layers, inputs, rows=rows, dtype=dtype, seed=seed, zeros=zeros)
