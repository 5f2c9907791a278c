"""Products of matrices on a device, of any strides, and arrays of a call that only kernels see."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from . import jit
from .arrays import DeviceArray
from .call import Call
from .products_kernels import (
    LIVE_FEATURES,
    LIVE_ROWS,
    STRETCH,
    Multiplied,
    Strided,
    added_kernel,
    product_kernel,
    side_of,
)

NOTHING = Strided(0, 0, 0)
# Tiles that keep a large device busy, and the least features of a part of a product that has fewer.
ENOUGH_TILES, LEAST_SPAN = 256, 8 * STRETCH


def scratch(call: Call, shape: tuple[int, ...], dtype: Any) -> DeviceArray:
    """A new array that lives as long as the call."""
    array = call.library.empty(tuple(max(1, size) for size in shape), np.dtype(dtype))
    call.kept.append(array)
    described: DeviceArray = replace(call.library.describe(array), shape=shape)
    return described


def rows_from(array: DeviceArray, start: int, count: int) -> DeviceArray:
    """So many rows of a matrix."""
    address = array.address + start * array.strides[0]
    return replace(array, address=address, shape=(count, *array.shape[1:]))


def whole_tiles(rows: int, most: int, dtype: str) -> int:
    """Rows of each of several blocks of about the same size, at most so many but for what fills the last tile."""
    blocks, side = max(1, -(-rows // most)), side_of(dtype)
    return max(1, min(rows, -(-rows // (blocks * side)) * side))


def matrix(array: DeviceArray | None) -> Strided:
    """A matrix as kernels read it."""
    return NOTHING if array is None else Strided(array.address, *array.strides)


def _reading(array: DeviceArray) -> tuple[bool, bool]:
    """Whether features, which are the last axis, lie side by side, and whether 128 bits may be read at once."""
    (cross, step), item = array.strides, array.dtype.itemsize
    along = step == item or cross != item
    one, apart = (step, cross) if along else (cross, step)
    return along, one == item and apart % 16 == 0 and array.address % 16 == 0


def parts_of(tiles: int, features: int) -> tuple[int, int]:
    """Parts of the features that are multiplied beside each other, and features of each, whole stretches of them."""
    parts = max(1, min(ENOUGH_TILES // tiles, features // LEAST_SPAN))
    span = -(-features // (parts * STRETCH)) * STRETCH
    return max(1, -(-features // max(1, span))), span


class Products:
    """The products of a call: with ``multiply = Products(call)``, ``multiply(a, b, y)`` is ``y = a @ b``."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.parts: DeviceArray | None = None

    def room(self, shape: tuple[int, int], dtype: Any) -> DeviceArray:
        """A matrix for the parts of a product."""
        if self.parts is None or self.parts.size < shape[0] * shape[1]:
            self.parts = scratch(self.call, (shape[0] * shape[1],), dtype)
        return replace(self.parts, shape=shape, strides=(shape[1] * self.parts.dtype.itemsize, *self.parts.strides))

    def __call__(
        self,
        a: DeviceArray,
        b: DeviceArray,
        y: DeviceArray,
        *,
        alpha: float = 1.0,
        onto: DeviceArray | None = None,
        live: tuple[int, int, bool] | None = None,
    ) -> None:
        """``y = alpha * a @ b + onto``, where onto may be y itself.

        live: the address of a number of rows of a batch, the first of them that is here, and whether these are the
        features and not the rows; what is beyond that number is not computed.
        """
        (rows, columns), turned, dtype = y.shape, b.T, a.dtype.name
        side = side_of(dtype)
        tiles = -(-rows // side) * -(-columns // side)
        if not tiles:
            return
        parts, span = parts_of(tiles, a.shape[1])
        made = y if parts == 1 else self.room((parts * rows, columns), y.dtype)
        address, first, features = (0, 0, False) if live is None else live
        header = Multiplied(
            rows=rows,
            columns=columns,
            features=a.shape[1],
            span=span,
            live=address,
            first=first,
            live_are=LIVE_FEATURES if features else LIVE_ROWS,
        )
        (a_along, a_wide), (b_along, b_wide) = _reading(a), _reading(turned)
        kernel = product_kernel(dtype, (a_along, b_along), (a_wide, b_wide))
        matrices = matrix(a), matrix(turned), matrix(made), matrix(onto if parts == 1 else None)
        kernel.launch(self.call.stream, parts * tiles, jit.THREADS, header, *matrices, alpha)
        if parts > 1:
            blocks = -(-rows * columns // jit.THREADS)
            given = rows, columns, parts, made.address, matrix(y), matrix(onto)
            added_kernel(dtype).launch(self.call.stream, blocks, jit.THREADS, *given)
