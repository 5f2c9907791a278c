"""Where the BLAS that NumPy uses has its product of matrices, and how many threads it takes for one."""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from ..locks import Lock

LETTER = {"float32": "s", "float64": "d"}
# Builds of OpenBLAS for NumPy rename its functions, and say by 64 that their integers are.
BUILDS = ("scipy_{}64_", "{}64_", "scipy_{}", "{}")
SETTERS = tuple(build.format("openblas_set_num_threads") for build in BUILDS)
COUNTS = (*(build.format("openblas_get_num_threads") for build in BUILDS), "MKL_Get_Max_Threads")


def _function(names: tuple[str, ...]) -> Any:
    """The first of these functions in what NumPy is linked to; None if it has none of them."""
    try:
        # with the interpreter's lock held: what is called from here takes less time than giving it back
        library = ctypes.PyDLL(np.linalg._umath_linalg.__file__)  # type: ignore[attr-defined]
    except (AttributeError, OSError):
        return None
    return next((getattr(library, name) for name in names if hasattr(library, name)), None)


@functools.cache
def gemm(dtype: str) -> int:
    """The address of cblas_sgemm or cblas_dgemm; 0 if it cannot be found.

    On x86-64 a function whose integers have 32 bits reads the low half of those that it is called with.
    """
    function = _function(tuple(build.format(f"cblas_{LETTER[dtype]}gemm") for build in BUILDS))
    return 0 if function is None else ctypes.cast(function, ctypes.c_void_p).value or 0


@functools.cache
def _count() -> Callable[[], int] | None:
    count: Callable[[], int] | None = _function(COUNTS)
    return count


def is_alone() -> bool:
    """True if BLAS keeps to the thread that calls it: several of its own and the team's would wait for each other."""
    count = _count()
    return count is not None and count() == 1


class Alone:
    """Inside of the `with` block BLAS keeps to the threads that call it; gives whether that is so.

    The number of its threads is one for the whole process. It is put back when the last of those who asked has ended.
    """

    _lock = Lock()
    _inside = 0
    _before = 1

    def __enter__(self) -> bool:
        setter = _setter()
        with Alone._lock:
            if Alone._inside == 0 and not is_alone() and setter is not None:
                Alone._before = _count()()  # type: ignore[misc]
                setter(1)
            Alone._inside += 1
        return is_alone()

    def __exit__(self, *error: object) -> None:
        setter = _setter()
        with Alone._lock:
            Alone._inside -= 1
            if Alone._inside == 0 and Alone._before > 1 and setter is not None:
                setter(Alone._before)
                Alone._before = 1

    @staticmethod
    def forget() -> None:
        """Start over in a forked child, where none of those who were inside goes on."""
        Alone._inside = 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=Alone.forget)


@functools.cache
def _setter() -> Callable[[int], None] | None:
    setter: Callable[[int], None] | None = _function(SETTERS)
    return setter
