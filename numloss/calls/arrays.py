"""Arrays on the host or on a device behind one interface: what the reading of arguments needs of them.

An array of either place has shape, strides, dtype, ndim, size and T, rows [k] and columns [..., k]. The rules and
their sentences are in Arrays; a place says how its arrays are taken, made and compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.halves import as_numpy, is_bfloat16, is_floating, is_half, name_of, widened, working

if TYPE_CHECKING:
    from ..registry import Loss

REAL_KINDS = "biuf"
FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
# How other libraries show their arrays to NumPy; the last of these only if it is asked by name.
PROTOCOLS = ("__array__", "__array_interface__", "__array_struct__", "__dlpack__")
# What is no array of another library; most of it is told by its type alone.
PLAIN = (np.ndarray, np.generic, str, bytes, bool, int, float, list, tuple)
PLAIN_TYPES = frozenset((*PLAIN, type(None)))
# What NumPy may try to find out whether two arrays share memory, before that is taken for granted.
MOST_TRIALS = 10_000

Array = np.ndarray[Any, Any]


def is_foreign(value: Any) -> bool:
    """True for an array of another library, or what else gives memory to NumPy, told without importing any."""
    if type(value) in PLAIN_TYPES or isinstance(value, PLAIN):
        return False
    if any(hasattr(value, name) for name in PROTOCOLS):
        return True
    try:
        memoryview(value)
    except TypeError:
        return False
    return True


def is_float32(array: Any) -> bool:
    """True for an array of any library that is computed with in float32."""
    dtype = getattr(array, "dtype", None)
    # names of dtypes of NumPy take a microsecond each
    if isinstance(dtype, np.dtype):
        return dtype.char == "f" or is_half(dtype)
    return str(dtype).endswith(("float32", "float16"))


def touching(a: Array, b: Array) -> bool:
    """True if an element of one array shares memory with one of another, or if that takes long to find out."""
    return np.may_share_memory(a, b, MOST_TRIALS)  # type: ignore[arg-type]


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

        An array that was spread or broadcast comes as it was before, and numbers of 16 bits in float32.
        """
        raise NotImplementedError

    def moved(self, array: np.ndarray[Any, Any]) -> Any:
        """An array of the host as a caller of this place would give it."""
        return array

    def new(self, like: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
        """An array of a dtype, and in the order of axes of another one if it is of that shape."""
        raise NotImplementedError

    def output_given(self, loss: Loss, value: Any, what: str) -> Any:
        """An array to write to, or a TypeError."""
        raise NotImplementedError

    def writeable(self, array: Any) -> bool:
        """Whether kernels can write to it."""
        return True

    def given(self, value: Any) -> Any:
        """An array that was given to a call as one of this place; None for anything else."""
        raise NotImplementedError

    def shown(self, array: Any) -> Any:
        """An array of this place as callers give and get it."""
        raise NotImplementedError

    def outline(self, array: Any) -> Array:
        """Where the elements of an array lie, as an array of NumPy of which nothing is read."""
        raise NotImplementedError

    def overlap(self, a: Any, b: Any) -> bool:
        """True if an element of one array shares memory with one of another; what lies between others does not."""
        return touching(self.outline(a), self.outline(b))

    def folded(self, array: Any) -> bool:
        """True if elements of an array share memory with each other."""
        if self.c_order(array) or self.f_order(array) or not array.size:
            return False
        seen = self.outline(array)
        # of two elements that differ first on an axis, one may as well be at its beginning
        parts = (seen[(0,) * axis] for axis in range(seen.ndim))
        return any(touching(part[:1], part[1:]) for part in parts)

    def same(self, a: Any, b: Any) -> bool:
        """True if two arrays are the same elements in the same places."""
        raise NotImplementedError

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
        if dtype == np.dtype("V2"):
            raise TypeError(
                f"{loss.name}: {name} has dtype {dtype}, which says nothing of its numbers; "
                f"if they are bfloat16, give {name}.view(numloss.bfloat16)"
            )
        if dtype.kind not in REAL_KINDS and not is_bfloat16(dtype):
            raise TypeError(f"{loss.name}: {name} has dtype {dtype}; real numbers are needed")
        if dtype.itemsize > 8:
            raise TypeError(f"{loss.name}: {name} has dtype {dtype}; convert it {self.conversion(name)}")
        return self.native(array)

    def prediction(self, loss: Loss, name: str, value: Any) -> Any:
        """An argument as an array of a floating dtype."""
        array = self.real(loss, name, value)
        if not is_floating(array.dtype):
            raise TypeError(
                f"{loss.name}: {name} has dtype {array.dtype}; predictions are float32 or float64, or stored in "
                f"float16 or bfloat16. Convert {self.conversion(name)}"
            )
        return array

    def output(self, loss: Loss, given: Any, like: Any, shape: tuple[int, ...], what: str) -> Any:
        """An array to write to, of the dtype of another one: the one given, checked, or a new one.

        Beside numbers of 16 bits there may be one of float32; values of the loss are always that.
        """
        computed = working(like.dtype)
        wanted = [computed] if what == "values" else list(dict.fromkeys((like.dtype, computed)))
        if given is None:
            return self.new(like, shape, wanted[0])
        array = self.output_given(loss, given, what)
        if array.shape != shape or array.dtype not in wanted:
            raise ValueError(
                f"{loss.name}: out for the {what} has shape {array.shape} and dtype {name_of(array.dtype)}; "
                f"it must have {shape} and {' or '.join(map(name_of, wanted))}"
            )
        if not self.writeable(array):
            raise ValueError(f"{loss.name}: out for the {what} must be writeable, aligned and of native byte order")
        if self.folded(array):
            raise ValueError(f"{loss.name}: out for the {what} has elements that overlap each other")
        return array


class HostArrays(Arrays):
    """Anything array-like on the host, as arrays of NumPy."""

    def taken(self, loss: Loss, name: str, value: Any) -> Any:
        if isinstance(value, np.ma.MaskedArray):
            raise TypeError(f"{loss.name}: {name} is a masked array; fill it, and pass the mask as weight")
        if not is_foreign(value):
            return np.asarray(value)
        if getattr(value, "requires_grad", False) is True:
            raise TypeError(
                f"{loss.name}: {name} requires a gradient of its own library, which would not see this loss; "
                f"call numloss.adapters.torch.{loss.name}, or give {name}.detach()"
            )
        try:
            by_name = hasattr(value, "__dlpack__") and not any(hasattr(value, name) for name in PROTOCOLS[:-1])
            return np.from_dlpack(value) if by_name else as_numpy(value)
        except (TypeError, RuntimeError, BufferError) as error:
            kind = f"{type(value).__module__}.{type(value).__name__}"
            raise TypeError(f"{loss.name}: {name} is {kind}, which NumPy cannot read: {error}") from error

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
        return widened(value) if isinstance(value, np.ndarray) else value

    def new(self, like: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
        return np.empty_like(like, dtype) if shape == like.shape else np.empty(shape, dtype)

    def output_given(self, loss: Loss, value: Any, what: str) -> Any:
        if not isinstance(value, np.ndarray):
            raise TypeError(f"{loss.name}: out for the {what} must be a NumPy array, got {type(value).__name__}")
        return value

    def writeable(self, array: Any) -> bool:
        flags = array.flags
        return bool(flags.writeable and flags.aligned and array.dtype.isnative)

    def given(self, value: Any) -> Any:
        return value if isinstance(value, np.ndarray) else None

    def shown(self, array: Any) -> Any:
        return array

    def outline(self, array: Any) -> Any:
        return array

    def same(self, a: Any, b: Any) -> bool:
        if a is b:
            return True
        if a.shape != b.shape or a.strides != b.strides or a.dtype != b.dtype:
            return False
        return bool(a.__array_interface__["data"][0] == b.__array_interface__["data"][0])

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
