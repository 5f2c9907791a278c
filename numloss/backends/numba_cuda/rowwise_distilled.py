"""The distilled family, as numloss/loops/distilled.py computes it, in the kernel of rows.

What lies beside the scores is the teacher; the parameters are the temperature and alpha.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64

from ... import scalar
from ...loops import distilled
from ...loops.codes import CURVATURE
from . import jit
from .rowwise_texts import Plan, loop_texts, row_texts


def logit_texts(dtype: str, plan: Plan) -> dict[str, Any]:
    """Entries of the logits and of the teacher over the temperature."""
    reals, entry = jit.words_of(dtype)["reals"], row_texts(plan, dtype)["entry"]

    @jit.jitable
    def student_of(c, x, j, inverse):  # type: ignore[no-untyped-def]
        return reals(x + j * c.pred_steps.classes)[0] * inverse

    @jit.jitable
    def teacher_of(beside, j, inverse):  # type: ignore[no-untyped-def]
        return entry(beside, j) * inverse

    return {"student_of": student_of, "teacher_of": teacher_of}


def distilled_value_text(plan: Plan, dtype: str, teams: dict[str, Any]) -> Any:
    """The loss of a row, and the softened distributions, which its gradient needs."""
    words, number, texts = jit.words_of(dtype), getattr(np, dtype), logit_texts(dtype, plan)
    real, double, student_of, teacher_of = words["real"], words["double"], texts["student_of"], texts["teacher_of"]
    team_sum, team_peak = teams["team_sum"], teams["team_peak"]
    log1p, exp_below = jit.typed(scalar.log1p, "float64"), jit.typed(scalar.exp_below, dtype)
    round_shift, divergence_term = jit.typed(scalar.round_shift, dtype), jit.of_loop(distilled.divergence_term, dtype)
    base_of, nll_of = loop_texts(dtype)["base_of"], loop_texts(dtype)["nll_of"]
    lowest, nothing, unit, team = number(-np.inf), np.float64(0.0), np.float64(1.0), plan.team

    @jit.jitable
    def peak_of(c, beside, lane, inverse):  # type: ignore[no-untyped-def]
        best, place = lowest, int64(c.classes)
        for j in range(lane, c.classes, team):
            y = teacher_of(beside, j, inverse)
            if y > best:
                best, place = y, int64(j)
        return best, place

    @jit.jitable
    def distilled_value(c, x, beside, label, s, who, shared, peaks, places):  # type: ignore[no-untyped-def]
        temperature, alpha, lane, pivot = c.params[0], c.params[1], who % team, s.pivot
        inverse = real(unit / temperature)
        best, place = peak_of(c, beside, lane, inverse)
        place = team_peak(peaks, places, who, best, place)
        if place == c.classes:
            place = place - place
        highest, soft_top = teacher_of(beside, place, inverse), student_of(c, x, pivot, inverse)
        base, soft_base = base_of(highest), base_of(soft_top)
        shift, soft_shift = round_shift(highest - base), round_shift(soft_top - soft_base)
        others, soft_others = nothing, nothing
        for j in range(lane, c.classes, team):
            if j != place:
                others += double(exp_below(teacher_of(beside, j, inverse) - base, shift))
            if j != pivot:
                soft_others += double(exp_below(student_of(c, x, j, inverse) - soft_base, soft_shift))
        others, soft_others = team_sum(shared, who, others), team_sum(shared, who, soft_others)
        peak = double(exp_below(highest - base, shift))
        soft_peak = double(exp_below(soft_top - soft_base, soft_shift))
        share, rest = real(unit / (peak + others)), real(log1p(others / peak) - log1p(soft_others / soft_peak))
        apart = nothing
        for j in range(lane, c.classes, team):
            y, z = teacher_of(beside, j, inverse), student_of(c, x, j, inverse)
            q = exp_below(y - base, shift) * share
            apart += double(divergence_term(y - highest, z - soft_top, q, rest))
        apart = team_sum(shared, who, apart)
        value = alpha * temperature * temperature * apart + (unit - alpha) * nll_of(s)
        soft_total = soft_peak + soft_others
        soft = (soft_base, soft_shift, real(unit / soft_total), real(soft_others / soft_total))
        return value, (soft, (base, shift, share, real(others / (peak + others))), place, inverse)

    return distilled_value


def distilled_gradient_text(plan: Plan, dtype: str) -> Any:
    """Writing a thread's share of the gradient and of the curvature of a row."""
    words, number, texts = jit.words_of(dtype), getattr(np, dtype), logit_texts(dtype, plan)
    real, reals, student_of, teacher_of = words["real"], words["reals"], texts["student_of"], texts["teacher_of"]
    exp_below, drawn = jit.typed(scalar.exp_below, dtype), jit.of_loop(distilled.drawn, dtype)
    curvature = jit.of_loop(distilled.distilled_curvature, dtype)
    one, unit, team, curved = number(1.0), np.float64(1.0), plan.team, plan.mode == CURVATURE

    @jit.jitable
    def parts(z, part, top):  # type: ignore[no-untyped-def]
        """p and 1 - p, both with all their digits."""
        base, shift, inverse, left = part
        p = exp_below(z - base, shift) * inverse
        return p, left if top else one - p

    @jit.jitable
    def write_distilled(c, x, beside, g, h, lane, label, s, state, factor):  # type: ignore[no-untyped-def]
        soft, taught, place, inverse = state
        total = s.pivot_term + s.others
        plain = (real(s.base), real(s.shift), real(unit / total), real(s.others / total))
        pull, beta, scale = real(c.params[0] * c.params[1]), real(unit - c.params[1]), real(factor)
        for j in range(lane, c.classes, team):
            p, p_left = parts(student_of(c, x, j, one), plain, j == s.pivot)
            t, t_left = parts(student_of(c, x, j, inverse), soft, j == s.pivot)
            q, q_left = parts(teacher_of(beside, j, inverse), taught, j == place)
            if curved:
                bend = curvature(c, t, t_left, p, p_left)
                reals(h + j * c.curvature_steps.classes)[0] = bend * scale
            slope = pull * drawn(t, t_left, q, q_left) + beta * (-p_left if j == label else p)
            reals(g + j * c.gradient_steps.classes)[0] = slope * scale

    return write_distilled
