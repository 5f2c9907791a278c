"""Where layers and optimisers compute: in kernels that Numba compiles, or in NumPy where Numba is not used."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..backends.choice import chosen_backend
from ..backends.host.launches import Notes
from ..dispatch import load
from ..errors import BackendUnavailable
from . import in_numpy
from .layer import Kernel


def kernels(dtype: np.dtype[Any], notes: Notes | None = None) -> Callable[..., Kernel]:
    """`kernel(name, *integers)`: a function of arrays of this dtype and of numbers, of which `notes` are taken.

    A network keeps to what it was made with: Numba, unless it is missing or another backend is chosen.
    """
    compiled, notes = _compiled(), notes or Notes()
    notes.backend = compiled

    def kernel(name: str, *integers: int) -> Kernel:
        found = None if compiled is None else compiled.layer_kernel(dtype.name, name, *integers, notes=notes)
        if found is None:
            notes.complete = False
            return partial(getattr(in_numpy, name), *integers)
        return found  # type: ignore[no-any-return]

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
