"""Device arrays of any library as addresses, shapes and strides; new arrays come from the library of the prediction.

Nothing is converted or copied here, and nothing is imported that the caller has not imported already.
"""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...loops.codes import simplified


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
    def transposed(self) -> DeviceArray:
        """The same memory with the axes in reverse."""
        return replace(self, shape=self.shape[::-1], strides=self.strides[::-1])

    @property
    def f_order(self) -> bool:
        """True if the memory is in Fortran order and not in C order."""
        return len(self.shape) > 1 and self.transposed.c_order and not self.c_order

    @property
    def c_order(self) -> bool:
        """True if the memory is in C order without gaps."""
        shape, strides = simplified(self.shape, self.strides)
        return self.size <= 1 or (len(shape) == 1 and strides[0] == self.dtype.itemsize)

    @property
    def extent(self) -> tuple[int, int]:
        """The addresses from the first byte to the last, half open."""
        if self.size == 0:
            return self.address, self.address
        reach = [(size - 1) * stride for size, stride in zip(self.shape, self.strides, strict=True)]
        low = sum(r for r in reach if r < 0)
        return self.address + low, self.address + sum(r for r in reach if r > 0) + self.dtype.itemsize

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

    def column(self, k: int) -> DeviceArray:
        """Column k of the last axis."""
        address = self.address + k * self.strides[-1]
        return replace(self, address=address, shape=self.shape[:-1], strides=self.strides[:-1])

    def row(self, k: int) -> DeviceArray:
        """Row k."""
        return replace(self, address=self.address + k * self.strides[0], shape=self.shape[1:], strides=self.strides[1:])

    def wide(self, real: np.dtype[Any]) -> bool:
        """True if the array may be read and written by 128 bits."""
        return self.dtype == real and self.c_order and self.address % 16 == 0


class TorchLibrary:
    """PyTorch: memory from its caching allocator, in order with its current stream."""

    name = "torch"

    def __init__(self, like: Any) -> None:
        self.torch, self.device = sys.modules["torch"], like.device

    def describe(self, array: Any) -> DeviceArray:
        """Where a tensor lies."""
        dtype = np.dtype(str(array.dtype).removeprefix("torch."))
        strides = tuple(s * array.element_size() for s in array.stride())
        return DeviceArray(array, array.data_ptr(), tuple(array.shape), strides, dtype)

    def owns(self, value: Any) -> bool:
        """True for tensors on the same device."""
        return isinstance(value, self.torch.Tensor) and value.device == self.device

    def stream(self) -> int:
        """Handle of the current stream."""
        return int(self.torch.cuda.current_stream(self.device).cuda_stream)

    def current(self) -> Any:
        """Makes the device current."""
        return self.torch.cuda.device(self.device)

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
        """A new tensor."""
        return self.torch.empty(shape, dtype=getattr(self.torch, dtype.name), device=self.device)

    def empty_like(self, array: Any) -> Any:
        """A new tensor with the shape, dtype and order of axes of another."""
        return self.torch.empty_like(array.detach())

    def upload(self, array: np.ndarray[Any, Any]) -> Any:
        """A copy on the device."""
        return self.torch.from_numpy(array).to(self.device)

    def download(self, array: Any) -> np.ndarray[Any, Any]:
        """A copy on the host."""
        return np.asarray(array.detach().cpu().numpy())


class CupyLibrary:
    """CuPy: memory from its pool, in order with its current stream."""

    name = "cupy"

    def __init__(self, like: Any) -> None:
        self.cupy, self.device = sys.modules["cupy"], like.device

    def describe(self, array: Any) -> DeviceArray:
        """Where an array lies."""
        return DeviceArray(array, array.data.ptr, array.shape, array.strides, array.dtype)

    def owns(self, value: Any) -> bool:
        """True for arrays on the same device."""
        return isinstance(value, self.cupy.ndarray) and value.device == self.device

    def stream(self) -> int:
        """Handle of the current stream."""
        return int(self.cupy.cuda.get_current_stream().ptr)

    def current(self) -> Any:
        """Makes the device current."""
        return self.device

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
        """A new array."""
        return self.cupy.empty(shape, dtype)

    def empty_like(self, array: Any) -> Any:
        """A new array with the shape, dtype and order of axes of another."""
        return self.cupy.empty_like(array)

    def upload(self, array: np.ndarray[Any, Any]) -> Any:
        """A copy on the device."""
        return self.cupy.asarray(array)

    def download(self, array: Any) -> np.ndarray[Any, Any]:
        """A copy on the host."""
        return np.asarray(self.cupy.asnumpy(array))


class NumbaLibrary:
    """Numba's device arrays, and arrays of other libraries seen through the CUDA array interface or DLPack.

    What is computed for the latter comes back as arrays of Numba, which have both interfaces.
    """

    name = "numba"

    def __init__(self, like: Any) -> None:
        from numba import cuda

        self.cuda, self.like = cuda, like

    def describe(self, array: Any) -> DeviceArray:
        """Where an array lies."""
        interface = getattr(array, "__cuda_array_interface__", None)
        if interface is None and not getattr(array, "__cuda_ndarray__", False):
            return self.exported(array)
        if interface is None:  # the simulator's arrays are arrays of NumPy inside
            interface = array.__array_interface__
        shape, dtype = tuple(interface["shape"]), np.dtype(interface["typestr"])
        strides = interface.get("strides")
        if strides is None:
            strides = tuple(int(np.prod(shape[k + 1 :], dtype=np.int64)) * dtype.itemsize for k in range(len(shape)))
        return DeviceArray(array, interface["data"][0], shape, tuple(strides), dtype)

    def exported(self, array: Any) -> DeviceArray:
        """Where an array lies that only DLPack describes; work on it is waited for on our stream."""
        from cuda.core.utils import StridedMemoryView

        view = StridedMemoryView.from_any_interface(array, stream_ptr=self.stream())
        itemsize, shape = view.dtype.itemsize, tuple(view.shape)
        steps = view.strides or tuple(int(np.prod(shape[k + 1 :], dtype=np.int64)) for k in range(len(shape)))
        return DeviceArray(view, view.ptr, shape, tuple(s * itemsize for s in steps), view.dtype)

    def owns(self, value: Any) -> bool:
        """True for whatever describes memory of a device."""
        names = ("__cuda_array_interface__", "__cuda_ndarray__", "__dlpack_device__")
        return not isinstance(value, np.ndarray) and any(hasattr(value, name) for name in names)

    def stream(self) -> int:
        """Handle of the stream that the array was made with; 0 is the default stream."""
        handle = getattr(getattr(self.like, "stream", 0), "handle", 0)
        return int(getattr(handle, "value", handle) or 0)

    def current(self) -> Any:
        """Numba keeps its device current by itself."""
        return contextlib.nullcontext()

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
        """A new array."""
        return self.cuda.device_array(shape, dtype)

    def empty_like(self, array: Any) -> Any:
        """A new array with the shape, dtype and order of axes of another."""
        described = self.describe(array)
        order = "F" if described.f_order else "C"
        return self.cuda.device_array(described.shape, described.dtype, order=order)

    def upload(self, array: np.ndarray[Any, Any]) -> Any:
        """A copy on the device."""
        return self.cuda.to_device(array)

    def download(self, array: Any) -> np.ndarray[Any, Any]:
        """A copy on the host."""
        if not getattr(array, "__cuda_ndarray__", False):
            array = self.cuda.as_cuda_array(array)
        # the copy runs on the default stream, which waits for no stream that was made not to block it
        if getattr(self.like, "stream", 0):
            self.like.stream.synchronize()
        return np.asarray(array.copy_to_host())


def library_of(array: Any) -> Any:
    """The library that an array belongs to."""
    root = type(array).__module__.partition(".")[0]
    if root == "torch":
        return TorchLibrary(array)
    if root == "cupy":
        return CupyLibrary(array)
    return NumbaLibrary(array)
