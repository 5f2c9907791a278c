"""Where the BLAS that NumPy uses has its product of matrices, and how many threads it takes for one."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

LETTER = {"float32": "s", "float64": "d"}
# Builds of OpenBLAS for NumPy rename its functions, and say by 64 that their integers are.
BUILDS = ("scipy_{}64_", "{}64_", "scipy_{}", "{}")
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
