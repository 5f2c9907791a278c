"""A reader of the binary version of CIFAR-10: records of a label and the planes of red, green and blue."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ..errors import FormatError
from .npy import open_regular

Array = np.ndarray[Any, Any]

CLASSES = 10
SHAPE = (3, 32, 32)
RECORD = 1 + 3 * 32 * 32
# The files of the archive hold 10,000 records each; ten times as many are read.
MOST_BYTES = 100_000 * RECORD


def load_cifar10(path: str | os.PathLike[str], max_bytes: int = MOST_BYTES) -> tuple[Array, Array]:
    """Images of shape (rows, 3, 32, 32) and labels of one file, as uint8."""
    source = str(path)
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0 or size % RECORD:
            raise FormatError(f"{source}: {size} bytes, which is not a number of records of {RECORD} bytes")
        if size > max_bytes:
            raise FormatError(f"{source}: {size} bytes; the limit is {max_bytes}")
        data = np.frombuffer(file.read(size), np.uint8)
    if data.size != size:
        raise FormatError(f"{source}: the file shrank while it was read, from {size} to {data.size} bytes")
    records = data.reshape(-1, RECORD)
    labels = records[:, 0]
    if labels.max() >= CLASSES:
        row = int(np.argmax(labels >= CLASSES))
        raise FormatError(f"{source}: record {row} has the label {labels[row]}; there are {CLASSES} classes")
    return records[:, 1:].reshape(-1, *SHAPE), labels
