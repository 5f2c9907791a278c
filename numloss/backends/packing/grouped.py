"""The header of numbers of groups, of arguments on the host or on a device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...loops.headers import Centred
from .operands import CONSTANT, operand

if TYPE_CHECKING:
    from ...calls.grouped import Groups


def header_of(call: Groups, firsts: int, pointers: int, kept: list[Any]) -> Centred:
    """The header of a problem, with the addresses of the first groups of blocks and of pointers."""
    real, place = call.real, call.place
    return Centred(
        groups=len(call.pointers) - 1,
        itemsize=real.itemsize,
        firsts=firsts,
        pointers=pointers,
        others=call.others,
        scaled=call.scaled,
        epsilon=call.epsilon,
        most=float(np.finfo(real).max),
        given=operand(call.given, real, kept, place),
        weight=CONSTANT if call.weight is None else operand(call.weight, real, kept, place),
        out=operand(call.out, real, kept, place),
    )
