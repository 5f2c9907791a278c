"""The rowwise family by a law of all pairs of a class that is none of several labels and one that is."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import jit
from .rowwise_texts import CURVATURE, GRADIENT, Plan, applied_law, row_texts, score_texts


def pair_text(plan: Plan, dtype: str) -> Any:
    """The law of a class beside a label."""
    score_of, applied = score_texts(plan, dtype)["score_of"], applied_law(plan, dtype, ("gap", "member"))
    zero = getattr(np, dtype)(0.0)

    @jit.jitable
    def pair_law(c, r, x, other, label, cap, eps):  # type: ignore[no-untyped-def]
        gap = score_of(c, r, x, other, other, cap, eps) - score_of(c, r, x, label, label, cap, eps)
        return applied(r, gap, zero)

    return pair_law


def pairs_value_text(plan: Plan, dtype: str, teams: dict[str, Any]) -> Any:
    """The loss of a row: each thread takes its share of the labels, beside all other classes."""
    double, wanted = jit.words_of(dtype)["double"], row_texts(plan, dtype)["wanted"]
    pair_law, team_sum, team, values = pair_text(plan, dtype), teams["team_sum"], plan.team, plan.mode >= 0
    nothing, member = np.float64(0.0), getattr(np, dtype)(1.0)

    @jit.jitable
    def pairs_value(c, r, x, at, label, pivot, own_weight, top, s, sums, who, shared, peaks, places, cap, eps):  # type: ignore[no-untyped-def]
        value = nothing
        if values:
            for j in range(who % team, c[5], team):
                if wanted(c, r, at, j, label) == member:
                    for i in range(c[5]):
                        if wanted(c, r, at, i, label) != member:
                            value += double(pair_law(c, r, x, i, j, cap, eps)[0])
        share = own_weight / double(c[5])
        return team_sum(shared, who, value) * share, pivot, (share,)

    return pairs_value


def pairs_gradient_text(plan: Plan, dtype: str) -> Any:
    """Writing a thread's share of the gradient, and the least curvature."""
    words, wanted, pair_law = jit.words_of(dtype), row_texts(plan, dtype)["wanted"], pair_text(plan, dtype)
    real, reals, number = words["real"], words["reals"], getattr(np, dtype)
    zero, member, team, mode = number(0.0), number(1.0), plan.team, plan.mode

    @jit.jitable
    def write_pairs(c, r, x, at, g, h, lane, label, chosen, base, shift, cap, eps, s, state):  # type: ignore[no-untyped-def]
        factor = real(s[3] * state[0])
        for j in range(lane, c[5], team):
            mine, slope = wanted(c, r, at, j, label) == member, zero
            for i in range(c[5]):
                theirs = wanted(c, r, at, i, label) == member
                if mine and not theirs:
                    slope -= pair_law(c, r, x, i, j, cap, eps)[1]
                elif theirs and not mine:
                    slope += pair_law(c, r, x, j, i, cap, eps)[1]
            reals(g + j * c[GRADIENT + 3])[0] = slope * factor
            if mode == 2:
                reals(h + j * c[CURVATURE + 3])[0] = (real(r[5]) if c[11] == 1 else zero) * factor

    return write_pairs
