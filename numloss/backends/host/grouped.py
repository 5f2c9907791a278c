"""Numbers of groups on the host: less the mean of their group, over its deviation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...calls.arrays import HOST
from ...calls.grouped import Groups
from ...calls.lists import blocks_of
from ..packing.grouped import header_of
from ..packing.operands import Problem, name_of

if TYPE_CHECKING:
    from ...calls.request import Request
    from . import HostBackend

# Numbers of 16 bits are read as they are; what is written has 32.
READS_HALVES = True
# Nanoseconds for a number.
COST = 1.5


def compute(backend: HostBackend, request: Request) -> Any:
    """Work on all groups."""
    call = Groups(HOST, request)
    kept: list[Any] = []
    firsts = blocks_of(call.pointers, 0)
    header = header_of(call, id(firsts), id(call.pointers), kept)
    loop = backend.loop("centred_block", name_of(call.real))
    outcome = backend.launch(Problem(loop, header, len(firsts) - 1, call.given.size * COST))
    if outcome.bad_at >= 0:
        call.complain(outcome.bad_at, outcome.bad_in)
    return call.out
