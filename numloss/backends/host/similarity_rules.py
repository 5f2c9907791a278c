"""What the losses of the similarity family make of the cosines of some rows with all others.

A rule gives the weighted loss of each row of the batch, adds what it finds to the gradients, and says which rows count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...rows import flag
from .head import loss_of_rows
from .problem import Array

if TYPE_CHECKING:
    from .similarity import Similarity

# The label of a row that has nothing to find.
NOTHING = -1


def cross_entropy(call: Similarity, scores: Array, labels: Array, weight: Array) -> Array:
    """Weighted losses of rows that ought to find their labels; their slopes take the place of the scores."""
    options: dict[str, Any] = {"ignore_index": NOTHING, "weight": weight, "reduction": "none"}
    if call.mode:
        options["out"] = scores
    answer = loss_of_rows(call.backend, call.loss.logits, call.mode, (scores, labels), options, False)
    values: Array = answer[0] if call.mode else answer
    return values


def hide_own(scores: Array, rows: slice) -> None:
    """Nobody is told apart from himself."""
    scores[np.arange(len(scores)), np.arange(rows.start, rows.stop)] = -np.inf


def pairs(call: Similarity) -> tuple[Array, Any]:
    """Rows of the first vectors find theirs among the second; and if asked to, the other way round."""
    labels = np.arange(call.rows)
    both = flag(call.loss, "symmetric", call.given.get("symmetric", call.loss.defaults["symmetric"]))
    weight = call.weight * call.real.type(0.5) if both else call.weight

    def rule(rows: slice, scores: Array) -> Array:
        return cross_entropy(call, scores, labels[rows], weight[rows])

    values = call.walk(call.unit, call.slopes, rule)
    if both:
        values += call.walk(call.unit[::-1], call.slopes[::-1], rule)
    return values, slice(None)


def views(call: Similarity) -> tuple[Array, Any]:
    """Both views find each other among all but themselves."""
    unit = np.concatenate(call.unit)
    slope = np.zeros_like(unit) if call.mode else None
    labels = np.roll(np.arange(2 * call.rows), call.rows)
    weight = np.tile(call.weight * call.real.type(0.5), 2)

    def rule(rows: slice, scores: Array) -> Array:
        hide_own(scores, rows)
        return cross_entropy(call, scores, labels[rows], weight[rows])

    values = call.walk([unit, unit], [slope, slope], rule)
    for k, part in enumerate(call.slopes):
        if part is not None and slope is not None:
            part += slope[k * call.rows : (k + 1) * call.rows]
    return values[: call.rows] + values[call.rows :], slice(None)


RULES = {"pairs": pairs, "views": views}
