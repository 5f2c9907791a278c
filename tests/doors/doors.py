"""What the tests of adapters share: a library that may be missing, and laws of one's own."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

import pytest

import numloss as nl
from numloss.scalar import log1p, sqrt


def library(name: str) -> tuple[ModuleType, Any]:
    """A library and its adapter; a skip that names it where it is not installed."""
    module = pytest.importorskip(name, reason=f"{name} is not installed", exc_type=ImportError)
    return module, importlib.import_module(f"numloss.adapters.{name}")


def _charbonnier(pred: Any, target: Any, eps: Any) -> Any:
    error = pred - target
    size = sqrt(error * error + eps * eps)
    return size, error / size, eps * eps / (size * size * size)


charbonnier = nl.elementwise(_charbonnier, eps=0.5)


def _tamed(surprise: Any, p: Any, rest: Any, scale: Any) -> Any:
    return scale * log1p(surprise / scale)


tamed = nl.rowwise(_tamed, scale=2.0)
