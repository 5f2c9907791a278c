"""Launches of kernels that repeat in one order: notes of them are taken once, then they are replayed in C.

Calling a kernel of a layer from Python takes longer than many a kernel runs. Who knows that the same kernels will run
again over memory that stays where it is has notes taken of what they launch (kernels/launches.pxi); where that was not
built there is nothing to replay, and everything is called from Python.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .. import threads
from .blas import is_alone

try:
    from . import _plans
except ImportError:
    _plans = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from ..packing.operands import Array
    from ._plans import Launches


class Notes:
    """What the kernels of one owner launch on their backend while notes are taken.

    `complete` is false if they cannot be taken, or one of the kernels launches nothing, as those in NumPy do.
    """

    def __init__(self) -> None:
        self.launches: Launches | None = None
        self.backend: Any = None
        self.complete = _plans is not None

    @contextlib.contextmanager
    def taken(self, given: tuple[Array, ...]) -> Iterator[Launches]:
        """Take notes inside of the `with` block; other arrays will stand in for the given ones."""
        self.launches = _plans.Launches(self.backend, given)
        try:
            yield self.launches
        finally:
            self.launches.close()
            self.launches = None


def replay(launches: Launches, given: tuple[Array, ...]) -> None:
    """Run what notes were taken of on other arrays in place of those that were given."""
    launches.run(given, threads.limit(), is_alone(), threads.PARALLEL_PAYS_AT)
