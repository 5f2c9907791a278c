"""Weights as .safetensors, a format that holds numbers and text and nothing that runs."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from ..data import Standardiser
from ..extras import optional
from ..files import atomic_write
from ..nn import Network


def write_weights(
    path: str | os.PathLike[str], network: Network, scaling: Standardiser, summary: dict[str, Any]
) -> None:
    """Write the parameters as `<layer>.weight` and `<layer>.bias`, with the scaling of the features.

    Names and shapes are those of a torch.nn.Sequential of Linear and ReLU.
    """
    save = optional("safetensors.numpy", "train", "writing weights").save
    scales = {"scaling.mean": scaling.mean, "scaling.scale": scaling.scale}
    tensors = {name: np.ascontiguousarray(view) for name, view in {**network.parameters.value, **scales}.items()}
    with atomic_write(path) as file:
        file.write(save(tensors, metadata={"numloss": json.dumps(summary)}))
