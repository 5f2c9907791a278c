"""How losses are computed: on host arrays with Numba or Cython, on device arrays with CUDA."""

from __future__ import annotations

import functools
import importlib
from typing import Any

# Where a family is, if its module is not called like it.
MODULES = {"distilled": "rowwise"}


@functools.cache
def family(backend: str, name: str) -> Any:
    """The module of a family in the package of a backend, imported when first used."""
    return importlib.import_module(f".{MODULES.get(name, name)}", backend)
