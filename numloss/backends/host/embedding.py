"""The embedding family on the host: a law of sums over the entries of rows of vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...calls.arrays import HOST
from ...calls.embedding import VectorRows, sums_in_order, sums_of
from ...loops.codes import UNCHECKED, block_size
from ...loops.headers import Bounds, Embedding, Vectors, VectorSum
from . import plans
from .packing import ABSENT, Array, Problem, in_place, name_of, operand, regular, steps

if TYPE_CHECKING:
    from ...calls.request import Request
    from . import HostBackend


def compute(backend: HostBackend, request: Request) -> Any:
    """Run a loss of rows of vectors."""
    call, loss, mode = VectorRows(HOST, request), request.loss, request.mode
    rows, size, real, weight, values = call.rows, call.size, call.real, call.weight, call.values
    total = float(rows)
    if request.averaged and weight is not None and mode:
        total = backend.weight_sum(loss, weight, real)
    loop, tile = backend.kernel(loss, "embedding_block", real, min(mode, 1))
    kept: list[Any] = []
    header = header_of(call, kept)
    header.tile, header.scale = tile, request.scale(total)
    problem = Problem(loop, header, -(-rows // header.block), rows * size * loss.cost)
    outcome = backend.launch(problem)
    if outcome.bad_at >= 0:
        call.complain(outcome.bad_at, outcome.bad_in)
    total = total if weight is None else outcome.weight
    if weight is None and values is None:
        plans.remember(backend, request, problem, total, ("vectors.operand", "known"), ("gradients.operand",))
    return request.answer(request.reduced(outcome.value, total) if values is None else values, call.outputs)


def header_of(call: VectorRows, kept: list[Any]) -> Embedding:
    """The problem, as the loop reads it, but for its tile and its scale; `kept` must outlive the call."""
    loss, real, params = call.loss, call.real, call.request.parameters()
    domain = None if call.known is None else loss.domains[loss.inputs[-1]]
    low, high = domain.ends(name_of(real)) if domain else (0.0, 0.0)
    sums = sums_in_order(sums_of(loss, params))
    known, weight, values = (
        ABSENT if array is None else operand(array, real, kept) for array in (call.known, call.weight, call.values)
    )
    vectors = [regular(array) for array in call.vectors]
    kept += vectors
    return Embedding(
        rows=call.rows,
        block=max(1, block_size(call.rows * call.size) // max(1, call.size)),
        tile=0,
        entries=call.size,
        vector_count=len(vectors),
        sum_count=len(sums),
        sloped=call.request.mode > 0,
        weighted=call.weight is not None,
        unreduced=call.values is not None,
        itemsize=real.itemsize,
        param_count=len(params),
        scale=1.0,
        vectors=[in_rows(array) for array in vectors],
        known=known,
        weight=weight,
        values=values,
        gradients=[in_rows(array) for array in call.outputs],
        sums=[VectorSum(*each) for each in sums],
        bounds=Bounds(check=domain.check(False) if domain else UNCHECKED, low=low, high=high, constant=0.0),
        params=params,
    )


def in_rows(array: Array) -> Vectors:
    """Vectors as the loop reads or writes them."""
    per_row, per_entry = steps(array)
    return Vectors(operand=in_place(array), per_row=per_row, per_entry=per_entry)
