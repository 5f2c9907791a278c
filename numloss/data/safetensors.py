"""Arrays in .safetensors files, read where they lie; nothing in such a file is trusted.

The header is JSON of a size that comes first. Of all tensors that it names one is read: its dtype is on a list, and
what it declares must lie within the file.
"""

from __future__ import annotations

import json
import math
import os
import struct
from typing import Any, NoReturn

import numpy as np

from ..common.halves import BFLOAT16
from ..errors import FormatError
from .names import MEMBER
from .npy import MOST_AXES, MOST_ELEMENTS, Header, NpyFile
from .npy_source import NpySource

LONGEST_HEADER = 64 << 20
DTYPES = {
    "F16": np.dtype("<f2"),
    "BF16": BFLOAT16,
    **{f"F{bits}": np.dtype(f"<f{bits // 8}") for bits in (32, 64)},
    **{f"{sign}{bits}": np.dtype(f"<{sign.lower()}{bits // 8}") for sign in "IU" for bits in (8, 16, 32, 64)},
    "BOOL": np.dtype(bool),
}


class TensorFile(NpyFile):
    """An open .safetensors file, and one tensor in it: that of a name, or the only one."""

    def __init__(self, path: str | os.PathLike[str], name: str) -> None:
        self.tensor = name
        super().__init__(path, source=f"{path}{MEMBER}{name}" if name else str(path))

    def _refuse(self, problem: str) -> NoReturn:
        raise FormatError(f"{self.source}: not a .safetensors file that numloss reads: {problem}")

    def _header(self, text: bool, bfloat16: bool) -> Header:
        field = self._file.read(8)
        size = struct.unpack("<Q", field)[0] if len(field) == 8 else 0
        if not 2 <= size <= LONGEST_HEADER:
            self._refuse(f"a header of {size} bytes; from 2 to {LONGEST_HEADER} are read")
        content = self._file.read(size)
        if len(content) < size:
            self._refuse(f"it ends within its header, which should have {size} bytes")
        try:
            tensors = json.loads(content)
        except (ValueError, RecursionError) as error:
            self._refuse(f"a header that is not JSON: {error}")
        if not isinstance(tensors, dict):
            self._refuse("a header that is no object of JSON")
        names = sorted(name for name in tensors if name != "__metadata__")
        found = self.tensor or (names[0] if len(names) == 1 else "")
        if found not in names:
            asked = f"no tensor {found!r}" if found else "several tensors"
            there = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
            raise FormatError(f"{self.path}: {asked}; write {self.path}{MEMBER}NAME with one of {there}")
        return self._described(tensors[found], 8 + size)

    def _described(self, entry: Any, start: int) -> Header:
        """The header of a tensor, from its entry and the byte from which offsets count."""
        given = entry if isinstance(entry, dict) else {}
        kind, shape, ends = (given.get(name) for name in ("dtype", "shape", "data_offsets"))
        if not isinstance(kind, str) or kind not in DTYPES:
            self._refuse(f"dtype {kind}; it may be one of {', '.join(DTYPES)}")
        if not isinstance(shape, list) or len(shape) > MOST_AXES or not all(map(is_size, shape)):
            self._refuse(f"a shape that is not a list of at most {MOST_AXES} sizes")
        if math.prod(max(axis, 1) for axis in shape) > MOST_ELEMENTS:
            self._refuse("a shape that no memory holds")
        if not isinstance(ends, list) or len(ends) != 2 or not all(map(is_size, ends)):
            self._refuse("data_offsets that are not two numbers")
        header = Header(DTYPES[kind], tuple(shape), False, start + ends[0])
        if ends[1] - ends[0] != header.nbytes:
            self._refuse(f"{ends[1] - ends[0]} bytes, but shape {header.shape} of {kind} needs {header.nbytes}")
        return header

    def _check(self, size: int) -> None:
        header = self.header
        if size < header.offset + header.nbytes:
            self._refuse(f"{size} bytes, but the tensor ends at byte {header.offset + header.nbytes}")
        super()._check(header.offset + header.nbytes)


def is_size(value: Any) -> bool:
    """Whether JSON gave a whole number that is not negative."""
    return type(value) is int and value >= 0


class TensorSource(NpySource):
    """A tensor of a .safetensors file; each reader opens and checks it again."""

    def __init__(self, path: str | os.PathLike[str], tensor: str) -> None:
        self.tensor = tensor
        super().__init__(path, name=f"{path}{MEMBER}{tensor}" if tensor else None)

    def open(self) -> NpyFile:
        return TensorFile(self.path, self.tensor)
