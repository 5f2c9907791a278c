"""Targets that name some classes of each row, on a device: see numloss/calls/topk.py."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls.topk import TopK
from ...loops.headers import Topk
from ..packing.operands import ABSENT
from ..packing.rowwise import NO_STEPS, header_of
from . import jit
from .call import Call
from .rowwise import in_rows
from .topk_kernels import gather_kernel, mixed_kernel, scatter_kernel

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...calls.request import Request
    from .arrays import DeviceArray

FLOAT64, INT64 = np.dtype(np.float64), np.dtype(np.int64)
# A label that no row has, where none is ignored.
NO_LABEL = -(2**63)


class Standing:
    """The rows that stand for those of a call, and the header that leads there and back."""

    def __init__(self, call: Call, asked: TopK) -> None:
        self.call, self.asked = call, asked
        rows = asked.rows()
        self.real, self.count = rows.real, math.prod(asked.shape)
        outputs = [in_rows(call, array, asked.axis, self.real) for array in (*asked.outputs, None, None)[:2]]
        pred, steps = in_rows(call, asked.pred, asked.axis, self.real)
        self.rows = header_of(
            rows,
            asked.asked.mode,
            (self.count, math.prod(asked.pred.shape[asked.axis + 1 :])),
            1,
            [pred, *[ABSENT] * 3, *(each for each, _ in outputs)],
            [steps, NO_STEPS, *(steps for _, steps in outputs)],
            call.kept,
        )
        named, shape = (*asked.shape, asked.count), (*asked.shape, asked.count + 1)
        self.named, self.ordered = self.new(named, INT64), self.new(named, INT64)
        self.own, self.given = self.new(shape, FLOAT64), self.new(shape, FLOAT64)
        self.counts = self.new(asked.shape, FLOAT64) if asked.labelled else None

    def new(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> DeviceArray:
        """An array that lives as long as the call."""
        array = self.call.library.empty(shape, dtype)
        self.call.kept.append(array)
        return self.call.library.describe(array)

    def header(self, keep: float, slopes: DeviceArray, bends: DeviceArray) -> Topk:
        """What kernels read."""
        asked = self.asked
        return Topk(
            rows=self.rows, count=asked.count, rest=asked.rest, indices=self.named.address,
            ordered=self.ordered.address, logs=0, own=self.own.address, given=self.given.address,
            slopes=slopes.address, bends=bends.address, keep=keep, factor=asked.factor,
        )  # fmt: skip

    def gather(self) -> None:
        """Make the rows, and raise for what is wrong with the named classes, now or later."""
        call, asked = self.call, self.asked
        if not self.count:
            return
        labels = weight = ABSENT
        if asked.labelled:
            labels = call.described(call.library.real(asked.loss, "target", asked.asked.arguments[2]), self.real)
            weight = call.described(asked.asked.weight(call.library, asked.shape), self.real)
        indices, logs = (in_rows(call, array, asked.axis, self.real) for array in (asked.indices, asked.logs))
        partials = call.workspace(4 * self.count)
        ignored = asked.ignored if asked.labelled else None
        counts = 0 if self.counts is None else self.counts.address
        gather_kernel(self.real.name).launch(
            call.stream, self.count, jit.THREADS, self.header(0.0, self.own, self.own), *indices, *logs, labels, weight,
            counts, NO_LABEL if ignored is None else ignored, partials,
        )  # fmt: skip
        call.settle(call.finish(partials, self.count, None), asked.complain)

    def scatter(self, slopes: list[Any]) -> None:
        """Bring slopes, and curvatures, to where they are wanted."""
        if self.count and self.asked.pred.size:
            found = [self.call.library.describe(array) for array in slopes]
            header = self.header(1.0 - self.asked.share, found[0], found[-1])
            scatter_kernel(self.real.name).launch(self.call.stream, self.count, jit.THREADS, header)

    def mixed(self, soft: Any, hard: Any) -> Any:
        """A value, or values of the rows in their dtype, of the divergence and of the labels."""
        call, asked = self.call, self.asked
        describe = call.library.describe
        values, total, out = ABSENT, 0, None
        if asked.values is None:
            out, total = call.scalar()
        else:
            values = call.described(asked.values, self.real)
        count = 1 if asked.values is None else self.count
        if count:
            other = 0 if hard is None else describe(hard).address
            given = describe(soft).address, other, asked.factor, 0.0 if hard is None else 1.0 - asked.share
            blocks = -(-count // jit.THREADS)
            mixed_kernel(self.real.name).launch(call.stream, blocks, jit.THREADS, count, *given, values, total)
        return out if asked.values is None else asked.values.owner


def compute(backend: Callable[[Request], Any], request: Request) -> Any:
    """Run a divergence from a target that names some classes; `backend` computes what is asked on the way."""
    call = Call(request)
    with call.library.current():
        asked = TopK(call.library, request)
        standing = Standing(call, asked)
        standing.gather()
        hard: Any = None
        if asked.labelled:
            found = backend(asked.labels())
            hard = (found[0] if request.mode else found) if asked.share < 1.0 else None
        counts = None if standing.counts is None else standing.counts.owner
        found = backend(asked.divergence(standing.own.owner, standing.given.owner, counts))
        result, *slopes = found if request.mode else (found,)
        if request.mode:
            standing.scatter(slopes)
        if request.pair:
            result = (standing.mixed(result[0], None if hard is None else hard[0]), result[1])
        elif asked.labelled or asked.values is not None:
            result = standing.mixed(result, hard)
        return request.answer(result, [array.owner for array in asked.outputs])
