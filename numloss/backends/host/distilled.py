"""The distilled family on the host: rows of logits between those of a teacher and labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls import checks as check
from .packing import Array, Problem, code_of
from .rowwise import DISTILLED, RowCall, answer_of

if TYPE_CHECKING:
    from ...calls.request import Request
    from . import HostBackend


class DistilledCall(RowCall):
    """A call of rows that have a teacher beside their labels."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        loss = request.loss
        array: Array = check.host_array(loss, "teacher", request.arguments[1])
        if array.dtype.kind != "f":
            raise TypeError(f"{loss.name}: teacher has dtype {array.dtype}; logits are floating")
        check.same_shape(loss, "teacher", array.shape, self.pred.shape, loss.inputs[0])
        if any(np.may_share_memory(array, out) for out in (*self.outputs, self.values) if out is not None):
            raise ValueError(f"{loss.name}: out overlaps teacher, which is read until the end")
        self.teacher, self.places = self.three(array)

    def design(self, classes: int) -> int:
        """The loop of rows with a teacher."""
        return DISTILLED

    def problem(self, backend: HostBackend, bound: bool) -> tuple[Problem, list[tuple[Array, Array]]]:
        """That of a rowwise call, and the teacher."""
        problem, copies = super().problem(backend, bound)
        outer, classes, inner = self.places[3:]
        problem.header.rest = id(self.teacher), code_of(self.teacher, self.real), outer, classes, inner, 0
        problem.work *= 3.0
        return problem, copies


def compute(backend: HostBackend, request: Request) -> Any:
    """Run a loss of rows with a teacher."""
    return answer_of(backend, DistilledCall(request))
