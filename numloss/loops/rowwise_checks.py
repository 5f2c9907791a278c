"""Whether the targets and the predictions of a row are of their kind."""

from __future__ import annotations

from .codes import (
    DATA,
    INDICATORS,
    LOG_DISTRIBUTION,
    MEMBERS,
    NUMBER,
    NUMBER_OR_NAN,
    PLACED,
    PREDICTION_OPERAND,
    SCORES,
    TARGET_OPERAND,
    WHOLE,
)
from .headers import Result, Rowwise
from .language import Int, Reals, address, array_data, noinline, offset, reals
from .operands import convert, first_outside, item_size
from .rowwise_parts import scores_at
from .rowwise_places import number_at
from .rowwise_slopes import dense_target
from .sums import report, tile_length


@noinline
def check_distribution(c: Rowwise, row: Int, at: Int, q: Reals, partial: Result) -> Int:
    """Complain about a target that is none of its kind, at row * classes + class; of one number at its row."""
    if c.target_kind >= PLACED:
        number = number_at(c, at)
        if number != number:
            report(partial, row, TARGET_OPERAND)
        return 0
    kind = c.target.kind
    steps = c.target_steps.classes
    size = item_size(kind, c.itemsize)
    first = 0
    while first < c.classes and partial.bad_at < 0:
        n = tile_length(first, c.classes)
        data = array_data(c.target.array) + (at + first * steps) * size
        p = reals(data)
        if steps != 1 or kind != DATA:
            convert(data, kind, steps, n, q)
            p = q
        low = -1e999 if c.target_kind == LOG_DISTRIBUTION or c.target_kind == SCORES else 0.0
        high = 1.0 if c.target_kind == INDICATORS or c.target_kind == MEMBERS else 1e999
        bad = first_outside(p, n, WHOLE if c.target_kind == MEMBERS else NUMBER, low, high)
        if bad >= 0:
            report(partial, row * c.classes + first + bad, TARGET_OPERAND)
        first = first + n
    return 0


@noinline
def check_probabilities(c: Rowwise, row: Int, label: Int, q: Reals, partial: Result) -> Int:
    """Complain about a row whose predictions are no probabilities, of a label about its own; NaN passes."""
    x = scores_at(c, row)
    steps = c.pred_steps.classes
    first = label if dense_target(c) == 0 else 0
    stop = first + 1 if dense_target(c) == 0 else c.classes
    while first < stop:
        n = tile_length(first, stop)
        convert(address(offset(x, first * steps)), DATA, steps, n, q)
        if first_outside(q, n, NUMBER_OR_NAN, 0.0, 1.0) >= 0:
            report(partial, row, PREDICTION_OPERAND)
        first = first + n
    return 0
