"""The distilled family on the host: rows of logits between those of a teacher and labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls import checks as check
from ...loops.headers import Distilled, Header, Steps
from .packing import Array, code_of, in_place
from .rowwise import RowCall, answer_of

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
        self.teacher, sizes = self.three(array)
        self.steps = Steps(*sizes[3:])

    def whole(self) -> Header:
        """That of a rowwise call, and the teacher."""
        teacher = in_place(self.teacher, code_of(self.teacher, self.real))
        return Distilled(rows=self.header, teacher=teacher, teacher_steps=self.steps)


def compute(backend: HostBackend, request: Request) -> Any:
    """Run a loss of rows with a teacher."""
    return answer_of(backend, DistilledCall(request))
