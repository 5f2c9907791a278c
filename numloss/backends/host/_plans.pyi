"""Compiled from kernels/plans.pyx."""

from typing import Any

from ...registry import Loss
from ..packing.operands import Problem
from . import HostBackend

class Plan:
    def __init__(
        self,
        backend: HostBackend,
        problem: Problem,
        places: tuple[int, ...],
        differentiable: tuple[int, ...],
        columns: int,
        pair: bool,
        mean: bool,
        total: float,
        fixed: bool,
        count: int,
    ) -> None: ...

def replay(
    loss: Loss, mode: int, arguments: tuple[Any, ...], options: dict[str, Any], pair: bool, chosen: str | None
) -> Any: ...
def keep(
    loss: Loss,
    mode: int,
    arguments: tuple[Any, ...],
    options: dict[str, Any],
    pair: bool,
    chosen: str | None,
    plan: Plan,
) -> None: ...
