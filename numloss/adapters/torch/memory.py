"""Memory of gradients that is used again once nobody has it any more.

Large arrays come from the system full of zeros and page by page, which takes longer than a loss; an allocator that
gives them back after each step does so in each step.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ...backends.locks import Lock

# Smaller arrays the C library keeps by itself; what is kept at most, in bytes, and how many of one size.
SMALL, MOST_BYTES, MOST_ALIKE = 2**20, 2**30, 4

Array = np.ndarray[Any, Any]

_free: dict[int, list[Array]] = {}
_lock = Lock()  # memory may come back while it is asked for
_held = 0


class Lent(np.ndarray[Any, Any]):
    """A view of memory that goes back when the view does: a tensor made of it holds it as long as it lives."""

    memory: Array | None = None

    def __del__(self) -> None:
        if self.memory is not None:
            give_back(self.memory)


def give_back(memory: Array) -> None:
    """Keep memory for whoever asks for as much, unless there is enough."""
    global _held
    with _lock:
        alike = _free.setdefault(memory.nbytes, [])
        if len(alike) < MOST_ALIKE and _held + memory.nbytes <= MOST_BYTES:
            alike.append(memory)
            _held += memory.nbytes


def take(size: int) -> Array:
    """So many bytes, those that were used before if there are any."""
    global _held
    with _lock:
        alike = _free.get(size)
        if alike:
            _held -= size
            return alike.pop()
    return np.empty(size, np.uint8)


def clear() -> None:
    """Give all that is kept back to the system."""
    global _held
    with _lock:
        _free.clear()
        _held = 0


def empty_like(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor of the CPU of a shape, dtype and order of axes, whose numbers are anything."""
    size = tensor.numel() * tensor.element_size()
    if size < SMALL:
        return torch.empty_like(tensor)
    memory = take(size)
    lent = memory.view(Lent)
    lent.memory = memory
    flat = torch.from_numpy(lent).view(tensor.dtype)
    # the strides of a tensor without gaps, in whatever order its axes lie
    strides = torch.empty_like(tensor, device="meta").stride()
    return flat.as_strided(tensor.shape, strides)
