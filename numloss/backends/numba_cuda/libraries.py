"""The libraries of device arrays; new arrays come from that of the prediction.

Nothing is converted or copied here but what checks read on the host, and nothing is imported that the caller has not
imported already.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls.arrays import Arrays
from ...common.halves import BFLOAT16, as_numpy, as_torch, name_of, widened
from .arrays import DeviceArray

if TYPE_CHECKING:
    from ...registry import Loss


class Library(Arrays):
    """A library of device arrays as a place of arguments; an array is a DeviceArray there."""

    name = ""

    def describe(self, array: Any) -> DeviceArray:
        """Where an array lies."""
        raise NotImplementedError

    def owns(self, value: Any) -> bool:
        """True for arrays of the library on the same device."""
        raise NotImplementedError

    def stream(self) -> int:
        """Handle of the stream that work is done in order with."""
        raise NotImplementedError

    def current(self) -> Any:
        """Makes the device current."""
        raise NotImplementedError

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
        """A new array of the library."""
        raise NotImplementedError

    def empty_like(self, array: Any) -> Any:
        """A new array of the library with the shape, dtype and order of axes of another."""
        raise NotImplementedError

    def upload(self, array: np.ndarray[Any, Any]) -> Any:
        """A copy on the device."""
        raise NotImplementedError

    def download(self, array: Any) -> np.ndarray[Any, Any]:
        """A copy on the host."""
        raise NotImplementedError

    def taken(self, loss: Loss, name: str, value: Any) -> DeviceArray:
        if not self.owns(value):
            raise TypeError(
                f"{loss.name}: {name} is {type(value).__module__}.{type(value).__name__}, but {loss.inputs[0]} is an "
                f"array of {self.name} on a CUDA device; nothing is copied silently. Move {name} to the same device "
                "first"
            )
        return self.describe(value)

    def conversion(self, name: str) -> str:
        return "to float32"

    def varies(self, value: Any) -> bool:
        return self.owns(value)

    def on_host(self, value: Any) -> Any:
        if isinstance(value, DeviceArray):
            return widened(self.download(value.owner))
        return widened(self.download(value)) if self.owns(value) else value

    def moved(self, array: np.ndarray[Any, Any]) -> Any:
        return self.upload(np.ascontiguousarray(array))

    def new(self, like: DeviceArray, shape: tuple[int, ...], dtype: np.dtype[Any]) -> DeviceArray:
        alike = shape == like.shape and dtype == like.dtype
        return self.describe(self.empty_like(like.owner) if alike else self.empty(shape, dtype))

    def output_given(self, loss: Loss, value: Any, what: str) -> DeviceArray:
        if not self.owns(value):
            raise TypeError(f"{loss.name}: out for the {what} must be an array of {self.name} on the same device")
        return self.describe(value)

    def given(self, value: Any) -> DeviceArray | None:
        return self.describe(value) if self.owns(value) else None

    def shown(self, array: DeviceArray) -> Any:
        return array.owner

    def outline(self, array: DeviceArray) -> np.ndarray[Any, Any]:
        return array.outline

    def same(self, a: DeviceArray, b: DeviceArray) -> bool:
        return (a.address, a.shape, a.strides, a.dtype) == (b.address, b.shape, b.strides, b.dtype)

    def spread(self, array: DeviceArray, shape: tuple[int, ...]) -> DeviceArray:
        return array.spread(shape)

    def broadcast(self, array: DeviceArray, shape: tuple[int, ...]) -> DeviceArray:
        return array.broadcast(shape)

    def c_order(self, array: DeviceArray) -> bool:
        return array.c_order

    def f_order(self, array: DeviceArray) -> bool:
        return array.f_order

    def address(self, array: DeviceArray) -> int:
        return array.address

    def numbers(self, array: np.ndarray[Any, Any], kept: list[Any]) -> tuple[DeviceArray, int]:
        moved = self.describe(self.upload(array))
        kept.append(moved)
        return moved, moved.address


class TorchLibrary(Library):
    """PyTorch: memory from its caching allocator, in order with its current stream."""

    name = "torch"

    def __init__(self, like: Any) -> None:
        self.torch, self.device = sys.modules["torch"], like.device

    def describe(self, array: Any) -> DeviceArray:
        name = str(array.dtype).removeprefix("torch.")
        dtype = BFLOAT16 if name == "bfloat16" else np.dtype(name)
        strides = tuple(s * array.element_size() for s in array.stride())
        return DeviceArray(array, array.data_ptr(), tuple(array.shape), strides, dtype)

    def owns(self, value: Any) -> bool:
        return isinstance(value, self.torch.Tensor) and value.device == self.device

    def stream(self) -> int:
        return int(self.torch.cuda.current_stream(self.device).cuda_stream)

    def current(self) -> Any:
        return self.torch.cuda.device(self.device)

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
        return self.torch.empty(shape, dtype=getattr(self.torch, name_of(dtype)), device=self.device)

    def empty_like(self, array: Any) -> Any:
        return self.torch.empty_like(array.detach())

    def upload(self, array: np.ndarray[Any, Any]) -> Any:
        return as_torch(array).to(self.device)

    def download(self, array: Any) -> np.ndarray[Any, Any]:
        return as_numpy(array.detach().cpu())


class CupyLibrary(Library):
    """CuPy: memory from its pool, in order with its current stream."""

    name = "cupy"

    def __init__(self, like: Any) -> None:
        self.cupy, self.device = sys.modules["cupy"], like.device

    def describe(self, array: Any) -> DeviceArray:
        return DeviceArray(array, array.data.ptr, array.shape, array.strides, array.dtype)

    def owns(self, value: Any) -> bool:
        return isinstance(value, self.cupy.ndarray) and value.device == self.device

    def stream(self) -> int:
        return int(self.cupy.cuda.get_current_stream().ptr)

    def current(self) -> Any:
        return self.device

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
        return self.cupy.empty(shape, dtype)

    def empty_like(self, array: Any) -> Any:
        return self.cupy.empty_like(array)

    def upload(self, array: np.ndarray[Any, Any]) -> Any:
        return self.cupy.asarray(array)

    def download(self, array: Any) -> np.ndarray[Any, Any]:
        return np.asarray(self.cupy.asnumpy(array))


class NumbaLibrary(Library):
    """Numba's device arrays, and arrays of other libraries seen through the CUDA array interface or DLPack.

    What is computed for the latter comes back as arrays of Numba, which have both interfaces.
    """

    name = "numba"

    def __init__(self, like: Any) -> None:
        from numba import cuda

        self.cuda, self.like = cuda, like

    def describe(self, array: Any) -> DeviceArray:
        interface = getattr(array, "__cuda_array_interface__", None)
        if interface is None and not getattr(array, "__cuda_ndarray__", False):
            return self.exported(array)
        if interface is None:  # the simulator's arrays are arrays of NumPy inside
            interface = array.__array_interface__
        shape, dtype = tuple(interface["shape"]), np.dtype(interface["typestr"])
        if dtype.kind == "V":  # the interface has no place for names
            dtype = np.dtype(getattr(array, "dtype", dtype))
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
        return self.cuda.device_array(shape, dtype)

    def empty_like(self, array: Any) -> Any:
        described = self.describe(array)
        order = "F" if described.f_order else "C"
        return self.cuda.device_array(described.shape, described.dtype, order=order)

    def upload(self, array: np.ndarray[Any, Any]) -> Any:
        return self.cuda.to_device(array)

    def download(self, array: Any) -> np.ndarray[Any, Any]:
        if not getattr(array, "__cuda_ndarray__", False):
            array = self.cuda.as_cuda_array(array)
        # the copy runs on the default stream, which waits for no stream that was made not to block it
        if getattr(self.like, "stream", 0):
            self.like.stream.synchronize()
        return np.asarray(array.copy_to_host())


def library_of(array: Any) -> Library:
    """The library that an array belongs to."""
    root = type(array).__module__.partition(".")[0]
    if root == "torch":
        return TorchLibrary(array)
    if root == "cupy":
        return CupyLibrary(array)
    return NumbaLibrary(array)
