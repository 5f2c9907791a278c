"""Device arrays of any library as addresses, shapes and strides."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...loops.codes import simplified


class Outline:
    """What NumPy asks of an array, without its memory."""

    def __init__(self, array: DeviceArray) -> None:
        place = {"data": (array.address, True), "shape": array.shape, "strides": array.strides}
        self.__array_interface__ = {**place, "typestr": array.dtype.str, "version": 3}


@dataclass(frozen=True, eq=False)
class DeviceArray:
    """Where an array lies on its device. `owner` is the array of its library, which keeps the memory alive."""

    owner: Any
    address: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def T(self) -> DeviceArray:
        """The same memory with the axes in reverse."""
        return replace(self, shape=self.shape[::-1], strides=self.strides[::-1])

    @property
    def f_order(self) -> bool:
        """True if the memory is in Fortran order and not in C order."""
        return len(self.shape) > 1 and self.T.c_order and not self.c_order

    @property
    def c_order(self) -> bool:
        """True if the memory is in C order without gaps."""
        shape, strides = simplified(self.shape, self.strides)
        return self.size <= 1 or (len(shape) == 1 and strides[0] == self.dtype.itemsize)

    @property
    def outline(self) -> np.ndarray[Any, Any]:
        """An array of NumPy at the same addresses, which the host cannot read: where the elements lie."""
        return np.asarray(Outline(self))

    def spread(self, shape: tuple[int, ...]) -> DeviceArray:
        """One entry a sample, seen with the shape of the unreduced loss."""
        if self.shape == shape:
            return self
        return replace(self, shape=shape, strides=self.strides + (0,) * (len(shape) - len(self.shape)))

    def broadcast(self, shape: tuple[int, ...]) -> DeviceArray:
        """As `numpy.broadcast_to`; ValueError if the shapes do not fit."""
        if np.broadcast_shapes(self.shape, shape) != shape:
            raise ValueError(f"shape {self.shape} does not fit {shape}")
        new = len(shape) - len(self.shape)
        kept = (0 if size == 1 else stride for size, stride in zip(self.shape, self.strides, strict=True))
        return replace(self, shape=shape, strides=(0,) * new + tuple(kept))

    def __getitem__(self, index: int | tuple[Any, int]) -> DeviceArray:
        """A row [k], or a column [..., k]."""
        axis, k = (-1, index[1]) if isinstance(index, tuple) else (0, index)
        rest = slice(None, -1) if axis else slice(1, None)
        address = self.address + k * self.strides[axis]
        return replace(self, address=address, shape=self.shape[rest], strides=self.strides[rest])

    def wide(self, real: np.dtype[Any]) -> bool:
        """True if the array may be read and written by 128 bits."""
        return self.dtype == real and self.c_order and self.address % 16 == 0
