"""Where the BLAS that NumPy uses has its product of matrices."""

from __future__ import annotations

import ctypes
import functools

import numpy as np

LETTER = {"float32": "s", "float64": "d"}
# Builds of OpenBLAS for NumPy rename its functions, and say by 64 that their integers are.
NAMES = ("scipy_cblas_{}gemm64_", "cblas_{}gemm64_", "scipy_cblas_{}gemm", "cblas_{}gemm")


@functools.cache
def gemm(dtype: str) -> int:
    """The address of cblas_sgemm or cblas_dgemm in what NumPy is linked to; 0 if it cannot be found.

    On x86-64 a function whose integers have 32 bits reads the low half of those that it is called with.
    """
    try:
        library = ctypes.CDLL(np.linalg._umath_linalg.__file__)  # type: ignore[attr-defined]
    except (AttributeError, OSError):
        return 0
    for name in NAMES:
        function = getattr(library, name.format(LETTER[dtype]), None)
        if function is not None:
            return ctypes.cast(function, ctypes.c_void_p).value or 0
    return 0
