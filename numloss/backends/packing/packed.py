"""The header of tokens in sequences, of arguments on the host or on a device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...loops.headers import Bounds, Operand, Packed
from .operands import ABSENT, CONSTANT, FLOAT64, operand

if TYPE_CHECKING:
    from ...calls.tokens import Tokens


def header_of(tokens: Tokens, addresses: tuple[int, int, int], written: tuple[Any, Any], kept: list[Any]) -> Packed:
    """The header of a problem. addresses: of the first sequences of blocks, of pointers, and of sums; written: shares
    and means."""
    place, names = tokens.place, tokens.loss.inputs

    def one(array: Any) -> Operand:
        return ABSENT if array is None else operand(array, FLOAT64, kept, place)

    domain = tokens.loss.domains[names[1]]
    low, high = domain.ends("d")
    return Packed(
        sequences=len(tokens.pointers) - 1,
        itemsize=FLOAT64.itemsize,
        firsts=addresses[0],
        pointers=addresses[1],
        scale=tokens.scale(),
        most=float(np.finfo(FLOAT64).max),
        weight=CONSTANT if tokens.weight is None else one(tokens.weight),
        own=one(tokens.first if tokens.shared else None),
        old=one(tokens.old),
        bounds=Bounds(check=domain.check(False), low=low, high=high, constant=0.0),
        sums=addresses[2],
        shares=one(written[0]),
        means=one(written[1]),
    )
