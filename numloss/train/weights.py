"""Weights as .safetensors, a format that holds numbers and text and nothing that runs."""

from __future__ import annotations

import io
import json
import os
from typing import Any

import numpy as np

from ..common.extras import optional
from ..common.files import atomic_write
from ..data import Standardiser
from ..data.dataset import Array
from ..data.npy import open_regular
from ..errors import FormatError
from ..nn import Affine, Network

MOST_BYTES = 8 << 30
SCALING = ("scaling.mean", "scaling.scale")


def packed(tensors: dict[str, Array], text: dict[str, Any]) -> bytes:
    """Arrays by name, and what JSON holds, as the bytes of a .safetensors file."""
    save = optional("safetensors.numpy", "train", "writing weights").save
    # ascontiguousarray would give an array without axes one
    arrays = {name: array if array.flags.c_contiguous else array.copy("C") for name, array in tensors.items()}
    return bytes(save(arrays, metadata={"numloss": json.dumps(text)}))


def unpacked(content: bytes, source: str) -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays and the text that `packed` was given; FormatError for anything else."""
    module = optional("safetensors", "train", "reading weights")
    load = optional("safetensors.numpy", "train", "reading weights").load
    try:
        tensors = load(content)
        size = int.from_bytes(content[:8], "little")
        text = json.loads(json.loads(content[8 : 8 + size])["__metadata__"]["numloss"])
    except (module.SafetensorError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FormatError(f"{source}: not a .safetensors file that numloss wrote: {error}") from error
    if not isinstance(text, dict):
        raise FormatError(f"{source}: not a .safetensors file that numloss wrote: its text is no object of JSON")
    return tensors, text


def content_of(path: str | os.PathLike[str]) -> bytes:
    """All bytes of a regular file; FormatError if there are more of them than any network needs."""
    with io.BufferedReader(open_regular(path)) as file:  # type: ignore[type-var]
        size = os.fstat(file.fileno()).st_size
        if size > MOST_BYTES:
            raise FormatError(f"{path}: {size} bytes; the limit is {MOST_BYTES}")
        return file.read(size)


def write_weights(
    path: str | os.PathLike[str], network: Network, scaling: Standardiser, summary: dict[str, Any]
) -> None:
    """Write parameters and running statistics by name, with the scaling of the features.

    Names and shapes are those of a torch.nn.Sequential of the same layers. The units of what it predicts are part of
    the last matrix.
    """
    scales = dict(zip(SCALING, (scaling.mean, scaling.scale), strict=True))
    content = packed({**_with_units(network), **network.state, **scales}, summary)
    with atomic_write(path) as file:
        file.write(content)


def _with_units(network: Network) -> dict[str, Array]:
    """The parameters, those of the last matrix such that it gives the units of the targets by itself."""
    values, units = dict(network.parameters.value), network.layers[-1]
    if isinstance(units, Affine):
        weight, bias = (f"{len(network.layers) - 2}.{name}" for name in ("weight", "bias"))
        scale, shift = units.scale.astype(network.dtype), units.shift.astype(network.dtype)
        values[weight] = values[weight] * scale[:, None]
        values[bias] = values[bias] * scale + shift
    return values


def read_weights(path: str | os.PathLike[str]) -> tuple[dict[str, Array], Standardiser, dict[str, Any]]:
    """The arrays of a network by name, the scaling of its features, and the summary of its run."""
    tensors, summary = unpacked(content_of(path), str(path))
    missing = [name for name in SCALING if name not in tensors]
    if missing:
        raise FormatError(f"{path}: no array called {' or '.join(missing)}")
    return tensors, Standardiser(*(tensors.pop(name) for name in SCALING)), summary


def fill(network: Network, tensors: dict[str, Array], source: str) -> None:
    """Put arrays into a network; FormatError names the first that does not fit, or holds what is not a number."""
    own = {**network.parameters.value, **network.state}
    for name in {**own, **tensors}:
        have = own[name].shape if name in own else None
        given = tensors[name].shape if name in tensors else None
        if have != given:
            raise FormatError(f"{source}: {name} has shape {given}; the network takes {have}")
        if tensors[name].dtype.kind != "f" or not np.isfinite(tensors[name]).all():
            raise FormatError(f"{source}: {name} ({tensors[name].dtype}) holds something else than finite floats")
    for name, view in own.items():
        np.copyto(view, tensors[name])
