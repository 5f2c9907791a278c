"""The elementwise family on a device: from arguments to two launches, the walk over the blocks and their sum."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..packing.elementwise import PackedElements
from . import jit
from .call import Call
from .elementwise_codegen import EIGHT, Shape
from .elementwise_kernels import elementwise_kernel
from .reading import width_of
from .reduction import conclude, weight_scale

if TYPE_CHECKING:
    from ...calls.request import Request
    from ...registry import Loss

# Kernels read and write numbers of 16 bits as they are.
READS_HALVES = True
# The cost of a law from which its numbers do not fit into the registers that two blocks of threads leave.
MANY_NUMBERS_FROM = 16.0


def shape_of(loss: Loss, mode: int, constants: list[bool], width: int, tight: bool = False) -> Shape:
    """What the kernel of a loss depends on besides its law and dtype."""
    names = (*loss.inputs, *loss.per_element)
    domains = [loss.domains.get(name) for name in names] + [None] * loss.lookups
    tests = tuple(
        0 if domain is None or constant else domain.check(k in loss.differentiable)
        for k, (domain, constant) in enumerate(zip(domains, constants, strict=True))
    )
    _, params, slopes = loss.tile_shape
    each = [k for k in range(len(domains)) for _ in range(loss.columns)]
    tests, varying = tuple(tests[k] for k in each), tuple(constants[k] for k in each)
    _, of, count = loss.constant_part
    large = count > 0 or loss.cost >= MANY_NUMBERS_FROM
    width = 1 if large and width == EIGHT else width
    return Shape(tests, varying, params, slopes, mode, width, of, count, loss.lookups, large, tight)


def compute(request: Request) -> Any:
    """A scalar law at every element."""
    return over_elements(Call(request))


def over_elements(call: Call) -> Any:
    """A scalar law at every element, in a call whose library and stream are known."""
    with call.library.current():
        return _launch(call, PackedElements(call.library, call.request))


def _launch(call: Call, given: PackedElements) -> Any:
    loss, mode, real, weight = given.loss, given.mode, given.real, given.weight
    elements = math.prod(given.shape)
    header = given.header(0, call.request.scale(float(elements)))
    blocks = -(-elements // header.block)
    partials = call.workspace(4 * max(blocks, 1))
    scale, notes = 0, list[Any]()
    if call.request.averaged and mode and weight is not None and call.request.total is None:
        scale, notes = weight_scale(call, weight.T if given.flipped else weight, partials, real)
    constants = [array is None for array in given.arrays] + [False] * loss.lookups
    width = width_of((each for _, _, each in header.operands()), real.itemsize)
    kind = shape_of(loss, mode, constants, width, bool(header.tight))
    kernel = elementwise_kernel(loss.whole_law, loss.constants, real.name, kind)
    if blocks:
        kernel.launch(call.stream, blocks, jit.THREADS, header, partials, scale)
    known = call.request.total
    known = float(elements) if known is None and weight is None else known
    return conclude(call, (partials, blocks), known, (given.values, given.outputs), notes, given.complain)
