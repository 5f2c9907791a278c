"""Divergences of distributions that nearly agree, as numloss/loops/rowwise_near.py computes them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import scalar
from ...loops import rowwise_near
from ...loops.codes import DISTRIBUTION, LOG_PROBABILITIES
from . import jit
from .rowwise_texts import Plan, row_texts, score_texts


def near_kl_text(plan: Plan, dtype: str, teams: dict[str, Any]) -> Any:
    """`near_kl`, by all threads of a team; it gives what it is given where that is not small."""
    words, rows = jit.words_of(dtype), row_texts(plan, dtype)
    double, real, score_of = words["double"], words["real"], score_texts(plan, dtype)["score_of"]
    entry, wanted, team_sum, any_team = rows["entry"], rows["wanted"], teams["team_sum"], teams["any_team"]
    texts = (rowwise_near.is_near, rowwise_near.near_term, rowwise_near.near_value, rowwise_near.sums_to_one)
    is_near, near_term, near_value, sums_to_one = (jit.of_loop(text, dtype) for text in texts)
    exp, log = jit.typed(scalar.exp, "float64"), jit.typed(scalar.log, "float64")
    exp_below, nothing, unit = jit.typed(scalar.exp_below, dtype), np.float64(0.0), np.float64(1.0)
    team, given_logs, softmax = plan.team, plan.target != DISTRIBUTION, plan.scores != LOG_PROBABILITIES

    @jit.jitable
    def near_kl(c, x, beside, label, s, lse, away, who, shared):  # type: ignore[no-untyped-def]
        near = is_near(away) == 1
        if not any_team(near):
            return away
        grown, part, base, shift = exp(away), unit, real(s.base), real(s.shift)
        if softmax:
            part = unit / (s.pivot_term + s.others)
        targets, predictions, curves, means = nothing, nothing, nothing, nothing
        for j in range(who % team, c.classes, team):
            z, q = score_of(c, x, j, label), double(wanted(c, beside, j, label))
            p = double(exp_below(z - base, shift)) * part
            given = double(entry(beside, j))
            u = away - ((given if given_logs else log(given)) - (double(z) - lse))
            targets += q
            predictions += p
            curves += near_term(q, p, u, grown)
            if q > nothing:
                means += q * u
        targets, predictions = team_sum(shared, who, targets), team_sum(shared, who, predictions)
        curves, means = team_sum(shared, who, curves), team_sum(shared, who, means)
        whole = sums_to_one(c, targets) == 1 and (softmax or sums_to_one(c, predictions) == 1)
        return near_value(targets, curves, means) if near and whole else away

    return near_kl
