"""Which backend was asked for: in the environment, or in a `with` block around the call."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextvars import ContextVar

# NUMLOSS_BACKEND is read once, when numloss is imported.
_chosen: ContextVar[str | None] = ContextVar("numloss_backend", default=os.environ.get("NUMLOSS_BACKEND") or None)
chosen_backend = _chosen.get


@contextlib.contextmanager
def chosen(name: str) -> Iterator[None]:
    """Ask for a backend inside the `with` block."""
    token = _chosen.set(name)
    try:
        yield
    finally:
        _chosen.reset(token)
