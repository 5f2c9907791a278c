"""From names that people write to what they mean."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from .registry import LOSSES, Loss


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: the known one that it may have meant."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""


def loss_named(name: str) -> Loss:
    """The loss of that name or alias; ValueError suggests the nearest."""
    names = {alias: loss for loss in LOSSES.values() for alias in (loss.name, *loss.aliases)}
    if name not in names:
        raise ValueError(f"unknown loss {name!r}{nearest(name, names)}; `numloss losses` lists them")
    return names[name]
