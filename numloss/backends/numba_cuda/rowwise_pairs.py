"""The rowwise family by a law of all pairs of a class that is none of several labels and one that is."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...loops.codes import CURVATURE, VALUE
from . import jit
from .rowwise_texts import Plan, applied_law, given_texts, loop_texts, row_texts, score_texts


def pair_text(plan: Plan, dtype: str) -> Any:
    """The law of a class beside a label."""
    score_of, applied = score_texts(plan, dtype)["score_of"], applied_law(plan, dtype, ("gap", "member"))
    zero = getattr(np, dtype)(0.0)

    @jit.jitable
    def pair_law(c, x, other, label):  # type: ignore[no-untyped-def]
        return applied(c, score_of(c, x, other, other) - score_of(c, x, label, label), zero)

    return pair_law


def pairs_value_text(plan: Plan, dtype: str, teams: dict[str, Any]) -> Any:
    """The loss of a row: each thread takes its share of the labels, beside all other classes."""
    double, wanted = jit.words_of(dtype)["double"], row_texts(plan, dtype)["wanted"]
    pair_law, team_sum, team, values = pair_text(plan, dtype), teams["team_sum"], plan.team, plan.mode >= VALUE
    nothing, unit, member = np.float64(0.0), np.float64(1.0), getattr(np, dtype)(1.0)

    @jit.jitable
    def pairs_value(c, x, beside, label, s, who, shared, peaks, places):  # type: ignore[no-untyped-def]
        value = nothing
        if values:
            for j in range(who % team, c.classes, team):
                if wanted(c, beside, j, label) == member:
                    for i in range(c.classes):
                        if wanted(c, beside, i, label) != member:
                            value += double(pair_law(c, x, i, j)[0])
        share = unit / double(c.classes)
        return team_sum(shared, who, value) * share, share

    return pairs_value


def pairs_gradient_text(plan: Plan, dtype: str) -> Any:
    """Writing a thread's share of the gradient, and the least curvature."""
    words, wanted, pair_law = jit.words_of(dtype), row_texts(plan, dtype)["wanted"], pair_text(plan, dtype)
    real, number, bounded = words["real"], getattr(np, dtype), loop_texts(dtype)["bounded"]
    _, put = given_texts(plan.stored, dtype)
    zero, member, team, curved = number(0.0), number(1.0), plan.team, plan.mode == CURVATURE

    @jit.jitable
    def write_pairs(c, x, beside, g, h, lane, label, s, share, factor):  # type: ignore[no-untyped-def]
        scale = real(factor * share)
        for j in range(lane, c.classes, team):
            mine, slope = wanted(c, beside, j, label) == member, zero
            for i in range(c.classes):
                theirs = wanted(c, beside, i, label) == member
                if mine and not theirs:
                    slope -= pair_law(c, x, i, j)[1]
                elif theirs and not mine:
                    slope += pair_law(c, x, j, i)[1]
            put(c.gradient, g + j * c.gradient_steps.classes, slope * scale)
            if curved:
                put(c.curvature, h + j * c.curvature_steps.classes, bounded(c, zero) * scale)

    return write_pairs
