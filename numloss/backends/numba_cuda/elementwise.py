"""The elementwise family on a device: from arguments to two launches, the walk over the blocks and their sum."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

from ...calls.elementwise import Elements
from ...loops.codes import block_size
from . import jit
from .call import Call
from .elementwise_codegen import Shape
from .elementwise_kernels import elementwise_kernel
from .reduction import conclude, weight_scale

if TYPE_CHECKING:
    from ...calls.request import Request
    from ...registry import Loss

# The cost of a law from which its numbers do not fit into the registers that two blocks of threads leave.
MANY_NUMBERS_FROM = 16.0


def shape_of(loss: Loss, mode: int, constants: list[bool], wide: bool) -> Shape:
    """What the kernel of a loss depends on besides its law and dtype."""
    names = (*loss.inputs, *loss.per_element)
    domains = [loss.domains.get(name) for name in names] + [None] * loss.lookups
    tests = tuple(
        0 if domain is None or constant else domain.check(k in loss.wrt)
        for k, (domain, constant) in enumerate(zip(domains, constants, strict=True))
    )
    _, params, slopes = loss.tile_shape
    each = [k for k in range(len(domains)) for _ in range(loss.columns)]
    tests, varying = tuple(tests[k] for k in each), tuple(constants[k] for k in each)
    _, of, count = loss.constant_part
    large = count > 0 or loss.cost >= MANY_NUMBERS_FROM
    return Shape(tests, varying, params, slopes, mode, wide, of, count, loss.lookups, large)


def compute(request: Request) -> Any:
    """A scalar law at every element."""
    return over_elements(Call(request))


def over_elements(call: Call) -> Any:
    """A scalar law at every element, in a call whose library and stream are known."""
    with call.library.current():
        return _launch(call, Elements(call.library, call.request))


def _numbers(given: Elements) -> list[float]:
    """The scale of the mean, what no curvature is below, and of each input its constant and its ends."""
    loss = given.loss
    numbers = [1.0, loss.least if given.request.bound else -math.inf]
    names = (*loss.inputs, *loss.per_element)
    for name, constant in itertools.zip_longest(names, [*given.constants, *[0.0] * loss.lookups]):
        domain = loss.domains.get(name)
        bounds = domain.ends(given.real.name) if domain else (0.0, 0.0)
        numbers += loss.columns * (constant, *bounds)
    return numbers + given.params


def _columns(loss: Loss, arrays: list[Any]) -> list[Any]:
    """What the law takes of each array: the array itself, or one after the other the columns on its last axis."""
    if loss.columns == 1:
        return arrays
    return [array.column(k) for array in arrays for k in range(loss.columns)]


def _launch(call: Call, given: Elements) -> Any:
    loss, mode, real, weight = given.loss, given.mode, given.real, given.weight
    elements, numbers = math.prod(given.shape), _numbers(given)
    arrays = [*given.arrays]
    if given.table is not None:
        table = call.library.describe(call.library.upload(given.table))
        arrays += [table.row(k) for k in range(len(given.table))]
    parts = [*_columns(loss, arrays), weight, given.values, *_columns(loss, given.outputs)]
    seen = [a.T if a is not None and given.flipped else a for a in parts]
    inputs = loss.tile_shape[0]
    size = block_size(elements)
    blocks = -(-elements // size)
    partials = call.workspace(4 * max(blocks, 1))
    mean = call.request.averaged
    scale: int = 0
    notes: list[Any] = []
    if mean and mode and weight is not None:
        scale, notes = weight_scale(call, seen[inputs], partials, real)
    elif mean and elements:
        numbers[0] = 1.0 / elements
    wide = all(a is None or a.wide(real) for a in (*seen[: inputs - loss.lookups], *seen[inputs:]))
    kind = shape_of(loss, mode, [a is None for a in arrays], wide)
    kernel = elementwise_kernel(loss.law, loss.constants, real.name, kind)
    integers = [elements, size, partials, scale, int(weight is not None), int(given.wanted)]
    for k, array in enumerate(seen):
        constant = array is None and k < inputs
        integers += (0, 0, -1) if constant else call.operand(array, real)
    if blocks:
        kernel.launch(call.stream, blocks, jit.THREADS, tuple(integers), tuple(numbers))
    known = None if weight is not None else float(elements)
    return conclude(call, (partials, blocks), known, (given.values, given.outputs), notes, given.complain)
