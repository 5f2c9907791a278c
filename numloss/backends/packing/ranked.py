"""The header of the ranked family, of arguments on the host or on a device."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...loops.codes import BOUND
from ...loops.headers import Operand, Ranked
from .operands import CONSTANT, name_of, operand

if TYPE_CHECKING:
    from ...calls.lists import Lists


def header_of(
    lists: Lists, firsts: np.ndarray[Any, Any], rows: int, scratch: list[int], kept: list[Any], discounts: int = 0,
    longest: int = 0,
) -> Ranked:  # fmt: skip
    """The header of a problem, of sums; `kept` must outlive it.

    firsts: the first group of each block. scratch: addresses of places, numbers of the data's dtype and float64, with
    room for so many rows in a row.
    """
    place, loss, real, request = lists.place, lists.loss, lists.real, lists.request
    inputs, outputs, dtype = [*lists.inputs, None][:3], [*lists.outputs, None, None][:2], name_of(real)
    constant = bool(loss.per_element) and inputs[2] is None

    def one(array: Any) -> Operand:
        return operand(array, real, kept, place)

    return Ranked(
        firsts=place.table(firsts, kept),
        pointers=place.table(lists.pointers, kept),
        mode=request.mode,
        ranks=lists.ranks,
        efron=lists.efron,
        counted=lists.counts_events,
        bound=request.policy == BOUND,
        itemsize=real.itemsize,
        rows=rows,
        int_scratch=scratch[0],
        real_scratch=scratch[1],
        double_scratch=scratch[2],
        discounts=discounts,
        longest=longest,
        scale=1.0,
        least=loss.least if request.policy == BOUND else -math.inf,
        number=lists.number,
        pred=one(inputs[0]),
        target=one(inputs[1]),
        event=CONSTANT if constant else one(inputs[2]),
        weighted=lists.request.weighting(lists.weight),
        weight=one(lists.weight),
        values=one(lists.values),
        gradient=one(outputs[0]),
        curvature=one(outputs[1]),
        target_bounds=lists.bounds(1, dtype),
        event_bounds=lists.bounds(2, dtype),
    )
