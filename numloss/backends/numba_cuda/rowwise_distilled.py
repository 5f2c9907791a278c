"""The distilled family, as numloss/loops/distilled.py computes it, in the kernel of rows.

The teacher lies where distributions do in the header of a problem; the numbers 6 and 7 are temperature and alpha.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64

from ... import scalar
from ...loops import rowwise_parts
from . import jit
from .rowwise_texts import CURVATURE, GRADIENT, PRED, Plan, row_texts


def logit_texts(dtype: str, plan: Plan) -> dict[str, Any]:
    """Entries of the logits and of the teacher over the temperature."""
    reals, entry = jit.words_of(dtype)["reals"], row_texts(plan, dtype)["entry"]

    @jit.jitable
    def student_of(c, x, j, inverse):  # type: ignore[no-untyped-def]
        return reals(x + j * c[PRED + 3])[0] * inverse

    @jit.jitable
    def teacher_of(c, at, j, inverse):  # type: ignore[no-untyped-def]
        return entry(c, at, j) * inverse

    return {"student_of": student_of, "teacher_of": teacher_of}


def distilled_value_text(plan: Plan, dtype: str, teams: dict[str, Any]) -> Any:
    """The loss of a row, and the softened distributions, which its gradient needs."""
    words, number = jit.words_of(dtype), getattr(np, dtype)
    real, double, texts = words["real"], words["double"], logit_texts(dtype, plan)
    student_of, teacher_of = texts["student_of"], texts["teacher_of"]
    team_sum, team_peak = teams["team_sum"], teams["team_peak"]
    log1p, exp_below = jit.typed(scalar.log1p, "float64"), jit.typed(scalar.exp_below, dtype)
    round_shift = jit.typed(scalar.round_shift, dtype)
    base_of, zero, lowest = jit.of_loop(rowwise_parts.base_of, dtype), number(0.0), number(-np.inf)
    nothing, unit, team = np.float64(0.0), np.float64(1.0), plan.team

    @jit.jitable
    def peak_of(c, at, lane, inverse):  # type: ignore[no-untyped-def]
        best, place = lowest, int64(c[5])
        for j in range(lane, c[5], team):
            y = teacher_of(c, at, j, inverse)
            if y > best:
                best, place = y, int64(j)
        return best, place

    @jit.jitable
    def distilled_value(c, r, x, at, label, pivot, own_weight, top, s, sums, who, shared, peaks, places, cap, eps):  # type: ignore[no-untyped-def]
        label_score, pivot_term, _ = s
        inverse, lane = real(unit / r[6]), who % team
        best, place = peak_of(c, at, lane, inverse)
        place = team_peak(peaks, places, who, best, place)
        if place == c[5]:
            place = place - place
        highest, soft_top = teacher_of(c, at, place, inverse), student_of(c, x, pivot, inverse)
        base, soft_base = base_of(highest), base_of(soft_top)
        shift, soft_shift = round_shift(highest - base), round_shift(soft_top - soft_base)
        others, soft_others = nothing, nothing
        for j in range(lane, c[5], team):
            if j != place:
                others += double(exp_below(teacher_of(c, at, j, inverse) - base, shift))
            if j != pivot:
                soft_others += double(exp_below(student_of(c, x, j, inverse) - soft_base, soft_shift))
        others, soft_others = team_sum(shared, who, others), team_sum(shared, who, soft_others)
        peak = double(exp_below(highest - base, shift))
        soft_peak = double(exp_below(soft_top - soft_base, soft_shift))
        share, rest = real(unit / (peak + others)), real(log1p(others / peak) - log1p(soft_others / soft_peak))
        apart = nothing
        for j in range(lane, c[5], team):
            y, z = teacher_of(c, at, j, inverse), student_of(c, x, j, inverse)
            q = exp_below(y - base, shift) * share
            apart += double(q * (((y - highest) - (z - soft_top)) - rest) if q > zero else q)
        apart = team_sum(shared, who, apart)
        surprise = log1p(sums[0] / pivot_term) + (double(top) - double(label_score))
        value = r[7] * r[6] * r[6] * apart + (unit - r[7]) * surprise
        soft_total = soft_peak + soft_others
        soft = (soft_base, soft_shift, real(unit / soft_total), real(soft_others / soft_total))
        return value, pivot, (soft, (base, shift, share, real(others / (peak + others))), place, inverse)

    return distilled_value


def distilled_gradient_text(plan: Plan, dtype: str) -> Any:
    """Writing a thread's share of the gradient and of the curvature of a row."""
    words, number, texts = jit.words_of(dtype), getattr(np, dtype), logit_texts(dtype, plan)
    real, double, reals = words["real"], words["double"], words["reals"]
    student_of, teacher_of = texts["student_of"], texts["teacher_of"]
    exp_below = jit.typed(scalar.exp_below, dtype)
    one, two, half, unit = number(1.0), number(2.0), number(0.5), np.float64(1.0)
    team, mode = plan.team, plan.mode

    @jit.jitable
    def parts(z, part, top):  # type: ignore[no-untyped-def]
        """p and 1 - p, both with all their digits."""
        base, shift, inverse, left = part
        p = exp_below(z - base, shift) * inverse
        return p, left if top else one - p

    @jit.jitable
    def write_distilled(c, r, x, at, g, h, lane, label, pivot, base, shift, cap, eps, s, state):  # type: ignore[no-untyped-def]
        pivot_term, others, _, factor = s
        soft, taught, place, inverse = state
        total = pivot_term + others
        plain = (base, shift, real(double(unit) / total), real(others / total))
        pull, alpha, scale = real(r[6] * r[7]), real(r[7]), real(factor)
        beta = one - alpha
        for j in range(lane, c[5], team):
            p, p_left = parts(student_of(c, x, j, one), plain, j == pivot)
            t, t_left = parts(student_of(c, x, j, inverse), soft, j == pivot)
            q, q_left = parts(teacher_of(c, at, j, inverse), taught, j == place)
            away = q_left - t_left if t > half else t - q
            if mode == 2:
                bend = alpha * t * t_left + beta * p * p_left
                bend = two * bend if c[11] == 1 else bend
                if c[11] == 1 and bend < real(r[5]):
                    bend = real(r[5])
                reals(h + j * c[CURVATURE + 3])[0] = bend * scale
            reals(g + j * c[GRADIENT + 3])[0] = (pull * away + beta * (-p_left if j == label else p)) * scale

    return write_distilled
