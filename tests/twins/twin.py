"""What a twin is, and what twins of several libraries are made of."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from generators import CLASSES, GROUPS

ROWS = (7,)
LISTS = list(itertools.pairwise(GROUPS[ROWS]))

Options = dict[str, Any]
Random = np.random.Generator
Answer = tuple[float, tuple[np.ndarray[Any, Any], ...]]


@dataclass(frozen=True)
class Twin:
    """A function of a library: `call` takes the library's module and arrays and our options, and gives a sum.

    `options` draws options; `times` is what its value must be multiplied by to be ours. `inputs` leaves those that both
    take alike. `sums_in` is the dtype in which it adds up, whatever it is given.
    """

    library: str
    name: str
    case: str
    call: Callable[..., Any]
    options: Callable[[Random], Options] = lambda random: {}
    times: float = 1.0
    convention: str = ""
    inputs: Callable[..., Any] = lambda *given: given
    sums_in: str = "float64"

    def __str__(self) -> str:
        return f"{self.library} {self.name}: {self.case}"


def drawn(name: str, low: float, high: float) -> Callable[[Random], Options]:
    return lambda random: {name: float(random.uniform(low, high))}


def class_weight(random: Random) -> Options:
    return {"class_weight": random.uniform(0.2, 2.0, CLASSES.get(ROWS, 5))}


def hard(pred: Any, target: Any) -> Any:
    return pred, np.rint(target)


def positive(pred: Any, target: Any) -> Any:
    return abs(pred), abs(target)


def smoothed(random: Random) -> Options:
    return {"label_smoothing": float(random.uniform(0.0, 0.5)), **class_weight(random)}


def as_column(x: Any) -> Any:
    return x[..., None]
