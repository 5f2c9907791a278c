"""Arrays on the host or on a device behind one interface: what the reading of arguments needs of them.

An array of either place has shape, strides, dtype, ndim, size and T, rows [k] and columns [..., k]. The rules and
their sentences are in Arrays; a place says how its arrays are taken, made and compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..registry import Loss

REAL_KINDS = "biuf"
FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


class Arrays:
    """A place where arrays lie. Loss and name are those that a sentence names."""

    def taken(self, loss: Loss, name: str, value: Any) -> Any:
        """What was given as an array of this place, or a TypeError."""
        raise NotImplementedError

    def native(self, array: Any) -> Any:
        """The array, or a copy, as kernels can read it."""
        return array

    def conversion(self, name: str) -> str:
        """How a dtype that is none is made one, after the word convert."""
        raise NotImplementedError

    def varies(self, value: Any) -> bool:
        """True for an option that is an array rather than one number."""
        raise NotImplementedError

    def on_host(self, value: Any) -> Any:
        """What was given, or an array of this place, as NumPy reads it: few numbers, or those of a bad value.

        An array that was spread or broadcast comes as it was before.
        """
        raise NotImplementedError

    def new(self, like: Any, shape: tuple[int, ...]) -> Any:
        """An array of a dtype, and in the order of axes if it is of that shape."""
        raise NotImplementedError

    def output_given(self, loss: Loss, value: Any, what: str) -> Any:
        """An array to write to, or a TypeError."""
        raise NotImplementedError

    def writeable(self, array: Any) -> bool:
        """Whether kernels can write to it."""
        return True

    def overlap(self, a: Any, b: Any) -> bool:
        """True if two arrays may share memory."""
        raise NotImplementedError

    def same(self, a: Any, b: Any) -> bool:
        """True if two arrays are the same elements in the same places."""
        raise NotImplementedError

    def clash(self, a: Any, b: Any) -> bool:
        """True if two arrays may share memory and are not the same one."""
        return self.overlap(a, b) and not self.same(a, b)

    def spread(self, array: Any, shape: tuple[int, ...]) -> Any:
        """An entry a sample, seen with the shape of the unreduced loss, without a copy."""
        raise NotImplementedError

    def broadcast(self, array: Any, shape: tuple[int, ...]) -> Any:
        """As `numpy.broadcast_to`; ValueError if the shapes do not fit."""
        raise NotImplementedError

    def c_order(self, array: Any) -> bool:
        """True if the memory is in C order without gaps."""
        raise NotImplementedError

    def f_order(self, array: Any) -> bool:
        """True if the memory is in Fortran order and not in C order."""
        raise NotImplementedError

    def address(self, array: Any) -> int:
        """Where kernels find an array: on the host the array object itself."""
        raise NotImplementedError

    def table(self, array: np.ndarray[Any, Any], kept: list[Any]) -> int:
        """Where kernels find an array of NumPy, which lives as long as `kept`."""
        return self.address(self.numbers(array, kept)[0])

    def numbers(self, array: np.ndarray[Any, Any], kept: list[Any]) -> tuple[Any, int]:
        """An array of NumPy as one of this place, which lives as long as `kept`, and the address of its data."""
        raise NotImplementedError

    def real(self, loss: Loss, name: str, value: Any) -> Any:
        """An argument as an array of real numbers."""
        array = self.taken(loss, name, value)
        dtype = array.dtype
        if dtype.kind not in REAL_KINDS:
            raise TypeError(f"{loss.name}: {name} has dtype {dtype}; real numbers are needed")
        if dtype.itemsize > 8 or dtype.char == "e":
            raise TypeError(f"{loss.name}: {name} has dtype {dtype}; convert it {self.conversion(name)}")
        return self.native(array)

    def prediction(self, loss: Loss, name: str, value: Any) -> Any:
        """An argument as an array of float32 or float64."""
        array = self.real(loss, name, value)
        if array.dtype.kind != "f":
            raise TypeError(
                f"{loss.name}: {name} has dtype {array.dtype}; predictions are float32 or float64. "
                f"Convert {self.conversion(name)}"
            )
        return array

    def output(self, loss: Loss, given: Any, like: Any, shape: tuple[int, ...], inputs: Any, what: str) -> Any:
        """An array to write to, of the dtype of another one: the one given, checked, or a new one."""
        if given is None:
            return self.new(like, shape)
        array = self.output_given(loss, given, what)
        if array.shape != shape or array.dtype != like.dtype:
            raise ValueError(
                f"{loss.name}: out for the {what} has shape {array.shape} and dtype {array.dtype}; "
                f"it must have {shape} and {like.dtype}"
            )
        if not self.writeable(array):
            raise ValueError(f"{loss.name}: out for the {what} must be writeable, aligned and of native byte order")
        strides = array.strides
        if 0 in strides and array.size and any(s == 0 and n > 1 for s, n in zip(strides, shape, strict=True)):
            raise ValueError(f"{loss.name}: out for the {what} has overlapping elements (a stride of 0)")
        for other in inputs:
            if self.clash(array, other):
                raise ValueError(
                    f"{loss.name}: out for the {what} overlaps an input without being the same array; "
                    "give the prediction itself or separate memory"
                )
        return array


class HostArrays(Arrays):
    """Anything array-like on the host, as arrays of NumPy."""

    def taken(self, loss: Loss, name: str, value: Any) -> Any:
        if isinstance(value, np.ma.MaskedArray):
            raise TypeError(f"{loss.name}: {name} is a masked array; fill it, and pass the mask as weight")
        return np.asarray(value)

    def native(self, array: Any) -> Any:
        if not array.dtype.isnative or not array.flags.aligned:
            return np.array(array, dtype=array.dtype.newbyteorder("="))
        return array

    def conversion(self, name: str) -> str:
        return f"with {name}.astype(np.float32)"

    def real(self, loss: Loss, name: str, value: Any) -> Any:
        if type(value) is np.ndarray:  # what most arguments are needs no look at the kind of its dtype
            dtype = value.dtype
            if (dtype is FLOAT32 or dtype is FLOAT64) and value.flags.aligned:
                return value
        return super().real(loss, name, value)

    def varies(self, value: Any) -> bool:
        return value is not None and np.ndim(value) > 0

    def on_host(self, value: Any) -> Any:
        return value

    def new(self, like: Any, shape: tuple[int, ...]) -> Any:
        return np.empty_like(like) if shape == like.shape else np.empty(shape, like.dtype)

    def output_given(self, loss: Loss, value: Any, what: str) -> Any:
        if not isinstance(value, np.ndarray):
            raise TypeError(f"{loss.name}: out for the {what} must be a NumPy array, got {type(value).__name__}")
        return value

    def writeable(self, array: Any) -> bool:
        flags = array.flags
        return bool(flags.writeable and flags.aligned and array.dtype.isnative)

    def overlap(self, a: Any, b: Any) -> bool:
        return np.may_share_memory(a, b)

    def same(self, a: Any, b: Any) -> bool:
        if a is b:
            return True
        if a.base is None and b.base is None:  # cheap where both own their memory
            return False
        place, other = a.__array_interface__["data"][0], b.__array_interface__["data"][0]
        return bool(place == other and a.shape == b.shape and a.strides == b.strides and a.dtype == b.dtype)

    def clash(self, a: Any, b: Any) -> bool:
        return not (a.base is None and b.base is None) and np.may_share_memory(a, b) and not self.same(a, b)

    def spread(self, array: Any, shape: tuple[int, ...]) -> Any:
        if array.shape == shape:
            return array
        return np.broadcast_to(array.reshape(array.shape + (1,) * (len(shape) - 1)), shape)

    def broadcast(self, array: Any, shape: tuple[int, ...]) -> Any:
        return np.broadcast_to(array, shape)

    def c_order(self, array: Any) -> bool:
        return bool(array.flags.c_contiguous)

    def f_order(self, array: Any) -> bool:
        flags = array.flags
        return bool(flags.f_contiguous and not flags.c_contiguous)

    def address(self, array: Any) -> int:
        return id(array)

    def table(self, array: np.ndarray[Any, Any], kept: list[Any]) -> int:
        kept.append(array)  # NumPy takes a microsecond to say where the data are
        return id(array)

    def numbers(self, array: np.ndarray[Any, Any], kept: list[Any]) -> tuple[Any, int]:
        kept.append(array)
        return array, array.__array_interface__["data"][0]


HOST = HostArrays()
