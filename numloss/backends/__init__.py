"""How losses are computed: on host arrays with Numba or Cython, on device arrays with CUDA."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from types import FunctionType
from typing import Any

from ..loops import __name__ as home
from ..loops import __path__ as places
from ..loops.language import ENTRIES

# Where a family is, if its module is not called like it.
MODULES = {"distilled": "rowwise"}


@functools.cache
def family(backend: str, name: str) -> Any:
    """The module of a family in the package of a backend, imported when first used."""
    return importlib.import_module(f".{MODULES.get(name, name)}", backend)


@functools.cache
def loops() -> dict[str, Any]:
    """The texts of loops/ that are called by their address, with a header, the result of a block, and a number."""
    files = [importlib.import_module(f"{home}.{each.name}") for each in pkgutil.iter_modules(places)]
    texts = [text for file in files for text in vars(file).values() if isinstance(text, FunctionType)]
    found = {text.__name__: text for text in texts if text.__name__.endswith(ENTRIES)}
    return {name: text for name, text in found.items() if text.__code__.co_argcount == 3}
