"""Dtypes of 16 bits, in which arrays are stored: float16, and bfloat16, the upper half of a float32.

NumPy has no bfloat16. What ml_dtypes gives it, and the dtype of this file, are read alike; two bytes without a name may
be anything, and are refused.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

FLOAT32 = np.dtype(np.float32)
BFLOAT16 = np.dtype([("bfloat16", np.uint16)])


def is_bfloat16(dtype: np.dtype[Any]) -> bool:
    """Whether a dtype of NumPy stands for bfloat16."""
    return dtype.kind == "V" and dtype.itemsize == 2 and (dtype.names == BFLOAT16.names or dtype.name == "bfloat16")


def is_half(dtype: np.dtype[Any]) -> bool:
    """Whether numbers of a dtype have 16 bits."""
    return dtype.char == "e" or is_bfloat16(dtype)


def is_floating(dtype: np.dtype[Any]) -> bool:
    """Whether numbers of a dtype may have fractions."""
    return dtype.kind == "f" or is_bfloat16(dtype)


def working(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype in which numbers of a floating dtype are computed with."""
    return FLOAT32 if is_half(dtype) else dtype


def name_of(dtype: np.dtype[Any]) -> str:
    """How a sentence names a dtype."""
    return "bfloat16" if is_bfloat16(dtype) else str(dtype)


def widened(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A few numbers, of 16 bits or not, as NumPy computes with them."""
    if is_bfloat16(array.dtype):
        return (array.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    return array.astype(FLOAT32) if array.dtype.char == "e" else array


def as_numpy(value: Any) -> np.ndarray[Any, Any]:
    """An array of another library that NumPy can read; of PyTorch bfloat16 too, which has no name it would know."""
    if str(getattr(value, "dtype", "")) == "torch.bfloat16":
        return np.asarray(value.view(sys.modules["torch"].uint16)).view(BFLOAT16)
    return np.asarray(value)


def as_torch(array: np.ndarray[Any, Any]) -> Any:
    """An array as a tensor of PyTorch on the same memory."""
    torch = sys.modules["torch"]
    if is_bfloat16(array.dtype):
        return torch.from_numpy(array.view(np.uint16)).view(torch.bfloat16)
    return torch.from_numpy(array)
