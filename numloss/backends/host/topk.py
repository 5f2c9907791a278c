"""Targets that name some classes of each row, on the host: see numloss/calls/topk.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls.arrays import HOST
from ...calls.topk import TopK, check_named
from ...loops.headers import Operand, Steps, Topk
from ..packing.operands import ABSENT, Array, Problem, code_of, in_place, name_of
from ..packing.rowwise import NO_STEPS, header_of
from .plans import computed
from .rowwise import in_three

if TYPE_CHECKING:
    from ...calls.request import Request
    from . import HostBackend

# Nanoseconds for a class of a row, and elements of a block.
COST, BLOCK = 2.0, 16384


class Standing:
    """The rows that stand for those of a call, and the header that leads there and back."""

    def __init__(self, call: TopK) -> None:
        self.call, self.real = call, call.rows().real
        self.named, self.ordered = check_named(call, call.indices, call.logs)
        logs = np.moveaxis(call.logs, call.axis, -1).astype(self.real, copy=False)
        self.logs = np.ascontiguousarray(logs, np.float64)
        self.own, self.given = (np.empty((*call.shape, call.count + 1)) for _ in range(2))
        self.copies: list[tuple[Array, Array]] = []
        self.view, self.sizes = in_three(call.pred, call.axis)
        outputs = [*map(self.written, call.outputs), *[(ABSENT, NO_STEPS)] * (2 - len(call.outputs))]
        self.rows = header_of(
            call.rows(),
            call.asked.mode,
            (self.sizes[0] * self.sizes[2], self.sizes[2]),
            max(1, BLOCK // max(1, call.classes)),
            [in_place(self.view, code_of(self.view, self.real)), *[ABSENT] * 3, *(each for each, _ in outputs)],
            [Steps(*self.sizes[3:]), NO_STEPS, *(steps for _, steps in outputs)],
            [],
        )

    def written(self, array: Array) -> tuple[Operand, Steps]:
        """Where a gradient or a curvature goes."""
        view, sizes = in_three(array, self.call.axis)
        self.copies.append((array, view))
        return in_place(view, code_of(view, self.real)), Steps(*sizes[3:])

    def run(self, backend: HostBackend, loop: str, keep: float, slopes: Array, bends: Array) -> None:
        """There, or back with slopes and curvatures."""
        call = self.call
        header = Topk(
            rows=self.rows, count=call.count, rest=call.rest, indices=id(self.named), ordered=id(self.ordered),
            logs=id(self.logs), own=id(self.own), given=id(self.given), slopes=id(slopes), bends=id(bends), keep=keep,
            factor=call.factor,
        )  # fmt: skip
        blocks = -(-self.rows.rows // self.rows.block)
        backend.launch(Problem(backend.loop(loop, name_of(self.real)), header, blocks, call.pred.size * COST))


def weight_of(call: TopK) -> Array | None:
    """The weights of rows with labels, none for those whose label is ignored."""
    if not call.labelled:
        return None
    weight: Array | None = call.asked.weight(HOST, call.shape)
    if call.ignored is None:
        return weight
    live = HOST.real(call.loss, "target", call.asked.arguments[2]) != call.ignored
    return np.where(live, 1.0 if weight is None else weight, 0.0)


def compute(backend: HostBackend, request: Request) -> Any:
    """Run a divergence from a target that names some classes."""
    call = TopK(HOST, request)
    hard: tuple[Any, ...] = (0.0,)
    standing = Standing(call)
    if call.labelled:
        found = backend.compute(call.labels())
        hard = found if request.mode and call.share < 1.0 else (found,)
    standing.run(backend, "topk_gather_block", 0.0, standing.own, standing.own)
    found = computed(backend, call.divergence(standing.own, standing.given, weight_of(call)))
    result, *slopes = found if request.mode else (found,)
    if request.mode:
        standing.run(backend, "topk_scatter_block", 1.0 - call.share, slopes[0], slopes[-1])
    for array, view in standing.copies:
        if not np.may_share_memory(array, view):
            array[...] = view
    if call.labelled and request.pair:
        result = call.mixed(result[0], hard[0][0]), result[1]
    elif call.labelled:
        result = call.mixed(result, hard[0])
    if call.values is not None:
        call.values[...] = result
        result = call.values
    return request.answer(result, list(call.outputs))
