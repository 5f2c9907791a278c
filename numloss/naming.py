"""From names that people write to what they mean."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable
from typing import NoReturn

from .registry import LOSSES, Loss


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: the known one that it may have meant."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""


def unknown(name: str) -> NoReturn:
    """Raise for a name that the package does not have: an alias says what it is called here."""
    if name.startswith("_"):
        raise AttributeError(f"module 'numloss' has no attribute {name!r}")
    called = next((loss.name for loss in LOSSES.values() if name in loss.aliases), None)
    hint = f"; here it is called {called}" if called else nearest(name, sys.modules["numloss"].__all__)
    raise AttributeError(f"module 'numloss' has no attribute {name!r}{hint}")


def loss_named(name: str) -> Loss:
    """The loss of that name or alias; ValueError suggests the nearest."""
    names = {alias: loss for loss in LOSSES.values() for alias in (loss.name, *loss.aliases)}
    if name not in names:
        raise ValueError(f"unknown loss {name!r}{nearest(name, names)}; `numloss losses` lists them")
    return names[name]
