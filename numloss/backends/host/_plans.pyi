"""Compiled from kernels/plans.pyx."""

from collections.abc import Callable
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
        shapes: tuple[tuple[int, ...], ...],
        dtype: Any,
        slopes: int,
        columns: int,
        unreduced: bool,
        pair: bool,
        mean: bool,
        total: float,
        fixed: bool,
        count: int,
        weighted: bool,
        tables: tuple[Array, ...],
        together: tuple[str, str] | None,
    ) -> None: ...

class Passes(Plan):
    def __init__(
        self,
        backend: HostBackend,
        problem: Problem,
        places: tuple[int, ...],
        shapes: tuple[tuple[int, ...], ...],
        dtype: Any,
        slopes: int,
        columns: int,
        law: Callable[[Array], tuple[Any, tuple[Array, ...]]],
        shape: tuple[int, ...],
        second: int,
    ) -> None: ...

def replay(
    loss: Loss,
    mode: int,
    arguments: tuple[Any, ...],
    options: dict[str, Any],
    pair: bool,
    policy: int,
    chosen: str | None,
) -> Any: ...
def keep(
    loss: Loss,
    mode: int,
    arguments: tuple[Any, ...],
    options: dict[str, Any],
    pair: bool,
    policy: int,
    chosen: str | None,
    plan: Plan,
) -> None: ...
def find(loss: Loss, arguments: tuple[Any, ...], options: dict[str, Any], chosen: str | None) -> Plan | None: ...
def count_usual(
    losses: Array, dropped: int, least: int, usual: int, shift: int
) -> tuple[Array, Array] | None: ...
def add_counts(marks: list[Array], counts: list[Array]) -> tuple[Array, Array]: ...
def sweep(
    plans: list[Plan],
    places: list[list[int]],
    arrays: list[Array],
    feeds: list[int],
    blocks: int,
) -> Array: ...

class Launches:
    def __init__(self, backend: HostBackend, given: tuple[Any, ...]) -> None: ...
    def __len__(self) -> int: ...
    def add(
        self,
        loop: int,
        end: int,
        header: bytes,
        arrays_at: int,
        arrays: tuple[Any, ...],
        blocks: int,
        work: float,
        multiplies: bool,
        kept: Any,
    ) -> None: ...
    def close(self) -> None: ...
    def run(self, given: tuple[Any, ...], workers: int, alone: bool, pays_at: float) -> None: ...
