"""Compiled from kernels/plans.pyx."""

from typing import Any

from ...registry import Loss
from ..packing.operands import Array, Problem
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
        weighted: bool,
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
def find(loss: Loss, arguments: tuple[Any, ...], options: dict[str, Any], chosen: str | None) -> Plan | None: ...
def sweep(
    plans: list[Plan],
    places: list[list[int]],
    arrays: list[Array],
    feeds: list[int],
    blocks: int,
) -> Array: ...
