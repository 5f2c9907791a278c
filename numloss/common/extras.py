"""Packages that only some parts of numloss need, and the sentence that says how to get them."""

from __future__ import annotations

import importlib
from types import ModuleType


class MissingExtra(ImportError):
    """A part of numloss needs a package that is not installed; the message holds the command that installs it."""


def optional(module: str, extra: str, purpose: str) -> ModuleType:
    """Import a module that belongs to an extra of this package."""
    try:
        return importlib.import_module(module)
    except Exception as error:  # a library that is there and does not work raises whatever it likes
        package = module.split(".")[0]
        raise MissingExtra(f"{purpose} needs {package} ({error}): pip install 'numloss[{extra}]'") from error
