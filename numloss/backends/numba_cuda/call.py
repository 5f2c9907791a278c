"""One call of a loss on a device: its library, its stream, and the kernel that ends it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..packing.operands import operand
from . import checks
from .arrays import DeviceArray
from .checks import NO_COMPLAINT, NOT_FINITE, position_of
from .finish import Finish, finish_kernel
from .libraries import library_of

if TYPE_CHECKING:
    from ...calls.request import Request
    from ...loops.headers import Operand

FLOAT64 = np.dtype(np.float64)


class Call:
    """One call of a loss. What kernels read must live until they are launched: `kept` holds it."""

    def __init__(self, request: Request, first: Any = None) -> None:
        self.request, self.loss = request, request.loss
        self.library = library_of(request.arguments[0] if first is None else first)
        self.stream = self.library.stream()
        self.kept: list[Any] = []

    def workspace(self, numbers: int) -> int:
        """Address of so many float64 on the device."""
        array = self.library.empty((numbers,), FLOAT64)
        self.kept.append(array)
        return int(self.library.describe(array).address)

    def scalar(self) -> tuple[Any, int]:
        """A new 0-d float64 array and its address."""
        array = self.library.empty((), FLOAT64)
        return array, self.library.describe(array).address

    def pulled(self) -> int:
        """Address of what gradients of a sum are multiplied by, 0 if that is 1."""
        pull = self.request.pull
        return 0 if pull == 1.0 else self.library.numbers(np.array([pull]), self.kept)[1]

    def described(self, array: DeviceArray | None, real: np.dtype[Any]) -> Operand:
        """An array as kernels read it."""
        return operand(array, real, self.kept, self.library)

    def finish(
        self,
        partials: int,
        blocks: int,
        total: float | None,
        *,
        mean: bool = False,
        value: int = 0,
        weight: int = 0,
        scale: int = 0,
    ) -> Any:
        """Add up the blocks; `total` is the sum of weights if they are all 1. Returns the note of the complaint.

        value, weight and scale are the addresses of what is wanted: the sum or mean, the sum of weights, and what
        gradients of a mean are multiplied by.
        """
        note, address = self.scalar()
        wanted = Finish(
            partials=partials,
            blocks=blocks,
            weighted=total is None,
            unweighted=0.0 if total is None else total,
            mean=mean,
            pull=self.request.pull,
            value=value,
            weight=weight,
            scale=scale,
            note=address,
        )
        finish_kernel().launch(self.stream, 1, 32, wanted)
        return note

    def settle(self, note: Any, explain: Callable[[int, int], None]) -> None:
        """Let `explain` raise, from a position and the operand there, what the note says, now or later."""

        def read_note() -> None:
            complaint = int(self.library.download(note))
            if complaint == NOT_FINITE:
                options = {**self.request.options, "weight": self.library.on_host(self.request.options.get("weight"))}
                replace(self.request, options=options).refuse_infinite(math.inf)
            elif complaint < NO_COMPLAINT:
                explain(*position_of(complaint))

        checks.settle(read_note)
