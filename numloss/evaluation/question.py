"""What is asked of an evaluation."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from .plan import NAN_POLICIES


@dataclass(frozen=True)
class Question:
    """What is asked beside the losses and their inputs, as `evaluate` documents it."""

    quantiles: tuple[float, ...]
    worst: int
    interval: float | None
    nan: str
    losses_to: str | os.PathLike[str] | None
    gradients_to: str | os.PathLike[str] | None
    memory: int | str
    chunk: int | str | None
    executor: Executor | None
    resume: str | os.PathLike[str] | None
    backend: str | None
    progress: Callable[[int, int, int], object] | None
    metrics: Any = ()
    show: Any = None
    records_to: str | os.PathLike[str] | None = None

    @property
    def folders(self) -> tuple[str | os.PathLike[str] | None, ...]:
        """Where results of single rows go."""
        return self.losses_to, self.gradients_to, self.records_to

    def check(self) -> None:
        """Raise for what cannot be meant."""
        if self.nan not in NAN_POLICIES:
            raise ValueError(f"nan must be one of {', '.join(map(repr, NAN_POLICIES))}, got {self.nan!r}")
        if not all(0.0 <= q <= 1.0 for q in self.quantiles):
            raise ValueError(f"quantiles must lie in [0, 1], got {list(self.quantiles)}")
        if isinstance(self.worst, bool) or not isinstance(self.worst, int) or self.worst < 0:
            raise ValueError(f"worst must be a number of rows, got {self.worst!r}")
        if self.interval is not None and not 0.0 < self.interval < 1.0:
            raise ValueError(f"interval must be a level in (0, 1), such as 0.95, got {self.interval!r}")
