"""What numloss is measured against: the same loss and gradient from the libraries that people use today."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ..cases import Case

Array: TypeAlias = np.ndarray[Any, Any]
Answer: TypeAlias = tuple[float | None, tuple[Array, ...]]
NAMES = ("numpy", "torch eager", "torch.compile", "jax.jit", "scikit-learn")
MODULES = {
    "numpy": "with_numpy",
    "torch eager": "with_torch",
    "torch.compile": "with_torch",
    "jax.jit": "with_jax",
    "scikit-learn": "with_sklearn",
}

# What has to be installed for each.
LIBRARIES = {
    "numpy": "numpy",
    "torch eager": "torch",
    "torch.compile": "torch",
    "jax.jit": "jax",
    "scikit-learn": "sklearn",
}


class NotAvailable(Exception):
    """A peer cannot run here; the message says why."""


class NotCovered(Exception):
    """A peer has no such loss, so there is nothing to compare."""


@dataclass(frozen=True)
class Peer:
    """One way of computing a case.

    `call` computes value and gradient and returns when both are finished; `read` turns what it returned into NumPy:
    the value (None if the peer computes none) and the gradients.
    """

    call: Callable[[], Any]
    read: Callable[[Any], Answer]


def prepare(
    name: str,
    case: Case,
    arrays: tuple[Array, ...],
    threads: int,
    sizes_vary: bool = False,
    mode: str = "value_and_grad",
) -> Peer:
    """A peer, set up and run once for a case and a mode; raises NotAvailable or NotCovered.

    `sizes_vary` lets a compiler reuse its code at other sizes, as it would in a program whose batches differ.
    """
    if case.own is not None:
        raise NotCovered(f"{name} does not know the law of {case.loss}")
    try:
        module = importlib.import_module(f".{MODULES[name]}", __name__)
    except ImportError as error:
        raise NotAvailable(f"{name}: {error}") from error
    peer: Peer = module.prepare(name, case, arrays, threads, sizes_vary, mode)
    return peer
