"""Where layers and optimisers compute: in kernels that Numba compiles, or in NumPy where Numba is not used."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..backends.choice import chosen_backend
from ..dispatch import load
from ..errors import BackendUnavailable
from . import in_numpy
from .layer import Kernel


def kernels(dtype: np.dtype[Any]) -> Callable[..., Kernel]:
    """`kernel(name, *integers)`: a function of arrays of this dtype and of numbers.

    A network keeps to what it was made with: Numba, unless it is missing or another backend is chosen.
    """
    compiled = _compiled()

    def kernel(name: str, *integers: int) -> Kernel:
        found = None if compiled is None else compiled.layer_kernel(dtype.name, name, *integers)
        return found or partial(getattr(in_numpy, name), *integers)

    return kernel


def _compiled() -> Any:
    if chosen_backend() not in (None, "numba"):
        return None
    try:
        return load("numba")
    except BackendUnavailable:
        if chosen_backend() == "numba":
            raise
        return None
