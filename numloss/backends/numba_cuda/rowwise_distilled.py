"""The distilled family, as numloss/loops/distilled.py computes it, in the kernel of rows.

What lies beside the scores is the teacher; the parameters are the temperature and alpha.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64

from ... import scalar
from ...loops import distilled, rowwise_near
from ...loops.codes import CURVATURE
from . import jit
from .rowwise_texts import Plan, loop_texts, row_texts


def logit_texts(dtype: str, plan: Plan) -> dict[str, Any]:
    """Entries of the logits and of the teacher, less a base, over the temperature."""
    reals, entry = jit.words_of(dtype)["reals"], row_texts(plan, dtype)["entry"]

    @jit.jitable
    def student_of(c, x, j, base, inverse):  # type: ignore[no-untyped-def]
        return (reals(x + j * c.pred_steps.classes)[0] - base) * inverse

    @jit.jitable
    def teacher_of(beside, j, base, inverse):  # type: ignore[no-untyped-def]
        return (entry(beside, j) - base) * inverse

    return {"student_of": student_of, "teacher_of": teacher_of}


def softened_text(dtype: str) -> Any:
    """What is taken off logits before the temperature divides them, and after."""
    base_of, round_shift = loop_texts(dtype)["base_of"], jit.typed(scalar.round_shift, dtype)
    one = getattr(np, dtype)(1.0)

    @jit.jitable
    def softened(top, inverse):  # type: ignore[no-untyped-def]
        base = base_of(top) if inverse == one else top
        return base, round_shift((top - base) * inverse)

    return softened


def near_text(plan: Plan, dtype: str, teams: dict[str, Any]) -> Any:
    """`near_divergence` of numloss/loops/distilled.py, by all threads of a team."""
    words, number, texts = jit.words_of(dtype), getattr(np, dtype), logit_texts(dtype, plan)
    double, student_of, teacher_of = words["double"], texts["student_of"], texts["teacher_of"]
    exp_below, exp = jit.typed(scalar.exp_below, dtype), jit.typed(scalar.exp, "float64")
    near_term, near_value = (jit.of_loop(text, dtype) for text in (rowwise_near.near_term, rowwise_near.near_value))
    zero, one, nothing, team, team_sum = number(0.0), number(1.0), np.float64(0.0), plan.team, teams["team_sum"]

    @jit.jitable
    def near_divergence(c, x, beside, inverse, soft, taught, about, away, who, shared):  # type: ignore[no-untyped-def]
        """soft, taught: base, shift and sum of the terms of logits and teacher; about: the mean of their distance."""
        base, shift, total = soft
        taught_base, taught_shift, taught_total = taught
        grown, temperature = exp(away), c.params[0]
        targets, curves, means = nothing, nothing, nothing
        for j in range(who % team, c.classes, team):
            p = double(exp_below(student_of(c, x, j, base, inverse), shift)) / total
            q = double(exp_below(teacher_of(beside, j, taught_base, inverse), taught_shift)) / taught_total
            apart = double(teacher_of(beside, j, zero, one)) - double(student_of(c, x, j, zero, one))
            u = about - apart / temperature
            targets += q
            curves += near_term(q, p, u, grown)
            if q > nothing:
                means += q * u
        targets = team_sum(shared, who, targets)
        curves = team_sum(shared, who, curves)
        means = team_sum(shared, who, means)
        return near_value(targets, curves, means)

    return near_divergence


def distilled_value_text(plan: Plan, dtype: str, teams: dict[str, Any]) -> Any:
    """The loss of a row, and the softened distributions, which its gradient needs."""
    words, number, texts = jit.words_of(dtype), getattr(np, dtype), logit_texts(dtype, plan)
    real, double, student_of, teacher_of = words["real"], words["double"], texts["student_of"], texts["teacher_of"]
    team_sum, team_peak, any_team = teams["team_sum"], teams["team_peak"], teams["any_team"]
    log1p, exp_below = jit.typed(scalar.log1p, "float64"), jit.typed(scalar.exp_below, dtype)
    divergence_term, is_near = (jit.of_loop(t, dtype) for t in (distilled.divergence_term, rowwise_near.is_near))
    softened, near_divergence = softened_text(dtype), near_text(plan, dtype, teams)
    nll_of, zero, one = loop_texts(dtype)["nll_of"], number(0.0), number(1.0)
    lowest, nothing, unit, team = number(-np.inf), np.float64(0.0), np.float64(1.0), plan.team

    @jit.jitable
    def peak_of(c, beside, lane):  # type: ignore[no-untyped-def]
        best, place = lowest, int64(c.classes)
        for j in range(lane, c.classes, team):
            y = teacher_of(beside, j, zero, one)
            if y > best:
                best, place = y, int64(j)
        return best, place

    @jit.jitable
    def distilled_value(c, x, beside, label, s, who, shared, peaks, places):  # type: ignore[no-untyped-def]
        temperature, alpha, lane, pivot = c.params[0], c.params[1], who % team, s.pivot
        inverse = real(unit / temperature)
        best, place = peak_of(c, beside, lane)
        place = team_peak(peaks, places, who, best, place)
        if place == c.classes:
            place = place - place
        base, shift = softened(teacher_of(beside, place, zero, one), inverse)
        soft_base, soft_shift = softened(student_of(c, x, pivot, zero, one), inverse)
        highest, soft_top = teacher_of(beside, place, base, inverse), student_of(c, x, pivot, soft_base, inverse)
        others, soft_others = nothing, nothing
        for j in range(lane, c.classes, team):
            if j != place:
                others += double(exp_below(teacher_of(beside, j, base, inverse), shift))
            if j != pivot:
                soft_others += double(exp_below(student_of(c, x, j, soft_base, inverse), soft_shift))
        others, soft_others = team_sum(shared, who, others), team_sum(shared, who, soft_others)
        peak, soft_peak = double(exp_below(highest, shift)), double(exp_below(soft_top, soft_shift))
        total, soft_total = peak + others, soft_peak + soft_others
        ratio = log1p(others / peak) - log1p(soft_others / soft_peak)
        share, rest = real(unit / total), real(ratio)
        apart = nothing
        for j in range(lane, c.classes, team):
            y, z = teacher_of(beside, j, base, inverse), student_of(c, x, j, soft_base, inverse)
            q = exp_below(y, shift) * share
            apart += double(divergence_term(y - highest, z - soft_top, q, rest))
        apart = team_sum(shared, who, apart)
        near = is_near(apart) == 1
        if any_team(near):
            about = apart + (double(base) - double(soft_base)) / temperature
            about += (double(highest) - double(soft_top)) + ratio
            soft, taught = (soft_base, soft_shift, soft_total), (base, shift, total)
            again = near_divergence(c, x, beside, inverse, soft, taught, about, apart, who, shared)
            apart = again if near else apart
        # what has no share does not count: it may be infinite
        value = alpha * temperature * temperature * apart if alpha > nothing else nothing
        if alpha < unit:
            value += (unit - alpha) * nll_of(s)
        soft_part = (soft_base, soft_shift, real(unit / soft_total), real(soft_others / soft_total))
        return value, (soft_part, (base, shift, share, real(others / total)), place, inverse)

    return distilled_value


def distilled_gradient_text(plan: Plan, dtype: str) -> Any:
    """Writing a thread's share of the gradient and of the curvature of a row."""
    words, number, texts = jit.words_of(dtype), getattr(np, dtype), logit_texts(dtype, plan)
    real, reals, student_of, teacher_of = words["real"], words["reals"], texts["student_of"], texts["teacher_of"]
    exp_below, drawn = jit.typed(scalar.exp_below, dtype), jit.of_loop(distilled.drawn, dtype)
    curvature, hard_share = (jit.of_loop(t, dtype) for t in (distilled.distilled_curvature, distilled.hard_share))
    zero, one, unit, team, curved = number(0.0), number(1.0), np.float64(1.0), plan.team, plan.mode == CURVATURE

    @jit.jitable
    def parts(z, part, top):  # type: ignore[no-untyped-def]
        """p and 1 - p, both with all their digits."""
        _, shift, inverse, left = part
        p = exp_below(z, shift) * inverse
        return p, left if top else one - p

    @jit.jitable
    def write_distilled(c, x, beside, g, h, lane, label, s, state, factor):  # type: ignore[no-untyped-def]
        soft, taught, place, inverse = state
        total = s.pivot_term + s.others
        plain = (real(s.base), real(s.shift), real(unit / total), real(s.others / total))
        pull, beta, scale = real(c.params[0] * c.params[1]), hard_share(c), real(factor)
        for j in range(lane, c.classes, team):
            p, p_left, t, t_left, q, q_left = zero, zero, zero, zero, zero, zero
            if beta > zero:
                p, p_left = parts(student_of(c, x, j, plain[0], one), plain, j == s.pivot)
            if pull > zero:
                t, t_left = parts(student_of(c, x, j, soft[0], inverse), soft, j == s.pivot)
                q, q_left = parts(teacher_of(beside, j, taught[0], inverse), taught, j == place)
            if curved:
                bend = curvature(c, t, t_left, p, p_left)
                reals(h + j * c.curvature_steps.classes)[0] = bend * scale
            slope = pull * drawn(t, t_left, q, q_left) + beta * (-p_left if j == label else p)
            reals(g + j * c.gradient_steps.classes)[0] = slope * scale

    return write_distilled
