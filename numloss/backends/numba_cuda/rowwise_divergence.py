"""Divergences of rows of two distributions, as numloss/loops/divergence.py computes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64

from ...loops import ratio_laws
from ...loops.codes import CURVATURE, LOG_PROBABILITIES, LOGITS, VALUE
from . import jit
from .rowwise_ratios import changed, columns_text, loops_of, ratio_texts, settled_text
from .rowwise_texts import Plan, applied_law, given_texts

SUMS = ("slopes", "bends", "own_slope", "own_bend")


def divergence_text(plan: Plan, dtype: str, teams: dict[str, Any]) -> Any:
    """KL(p || q) of a row, and its measures."""
    double, texts, measures = jit.words_of(dtype)["double"], loops_of(dtype), ratio_texts(plan, dtype, teams)
    measure_ratios, left_of = measures["measure_ratios"], measures["left_of"]
    settled, columns_of, nearest = settled_text(plan, dtype), columns_text(plan, dtype), texts["nearest"]
    forward_term, team_sum, any_team = texts["forward_term"], teams["team_sum"], teams["any_team"]
    nothing, zero, team = np.float64(0.0), getattr(np, dtype)(0.0), plan.team
    bent = plan.mode == CURVATURE and plan.scores == LOGITS

    @jit.jitable
    def divergence_of(c, x, beside, who, shared, peaks, places):  # type: ignore[no-untyped-def]
        s = settled(c, measure_ratios(c, x, beside, who, shared, peaks, places), True)
        if bent:
            s = left_of(c, x, beside, s, who, shared, peaks, places)
        apart = s.far == 1 or s.raw == 1
        value = nothing if apart else nearest(s)
        if any_team(apart):
            total = nothing
            for j in range(who % team, c.classes, team):
                r, _, curve, p, q = columns_of(c, x, beside, j, s)
                if s.raw == 1:
                    total += double(-(p * r) if p > zero else p)
                else:
                    total += double(forward_term(r, curve, p, q))
            total = team_sum(shared, who, total)
            value = total if apart else value
        return (nothing if s.total == nothing else s.mass * value + s.extra), s

    return divergence_of


def divergence_slope_text(plan: Plan, dtype: str) -> Any:
    """Slope and curvature of KL(p || q) at a class of a measured row."""
    real, texts, columns_of = jit.words_of(dtype)["real"], loops_of(dtype), columns_text(plan, dtype)
    excess_of, score_curvature = texts["excess_of"], texts["score_curvature"]
    one, zero, logits = getattr(np, dtype)(1.0), getattr(np, dtype)(0.0), plan.scores == LOGITS

    @jit.jitable
    def divergence_slope(c, x, beside, j, s):  # type: ignore[no-untyped-def]
        r, more, _, p, q = columns_of(c, x, beside, j, s)
        slope, bend = -p, zero
        if logits:
            slope = excess_of(r, more, p, q)
            left = real(s.left) if j == s.pivot else one - q
            bend = score_curvature(c, q, left, real(s.mass * s.inverse * s.inverse), zero)
        return slope * real(s.mass * s.inverse), bend

    return divergence_slope


def ratio_value_text(plan: Plan, dtype: str, teams: dict[str, Any]) -> Any:
    """The loss of a row: a divergence, or the sum of a law of each class."""
    double, divergence_of = jit.words_of(dtype)["double"], divergence_text(plan, dtype, teams)
    if plan.law is None:

        @jit.jitable
        def value_of(c, x, beside, label, s, who, shared, peaks, places):  # type: ignore[no-untyped-def]
            return divergence_of(c, x, beside, who, shared, peaks, places)

        return value_of
    columns_of, law, settled = columns_text(plan, dtype), ratio_law(plan, dtype), settled_text(plan, dtype)
    measure_ratios, team_sum = ratio_texts(plan, dtype, teams)["measure_ratios"], teams["team_sum"]
    team_peak, summed, none = teams["team_peak"], changed("pivot", "left", *SUMS), getattr(np, dtype)(0.0)
    values, team, nothing = plan.mode >= VALUE, plan.team, np.float64(0.0)

    @jit.jitable
    def sum_of(c, x, beside, label, s, who, shared, peaks, places):  # type: ignore[no-untyped-def]
        """The sum of the law, and those of what it gives beside the class with the largest q, which is left out."""
        found = settled(c, measure_ratios(c, x, beside, who, shared, peaks, places), False)
        value, whole, all_slopes, all_bends = nothing, nothing, nothing, nothing
        left, slopes, bends = nothing, nothing, nothing
        best, place, own_slope, own_bend = none, int64(c.classes), nothing, nothing
        if values:
            for j in range(who % team, c.classes, team):
                r, more, curve, p, q = columns_of(c, x, beside, j, found)
                v, slope, bend = law(c, r, more, curve, p, q)
                value += double(v)
                ahead = q > best
                # in the order of the classes, whichever is left out in the end
                left = whole if ahead else left + double(q)
                slopes = all_slopes if ahead else slopes + double(slope)
                bends = all_bends if ahead else bends + double(bend)
                whole, all_slopes, all_bends = whole + double(q), all_slopes + double(slope), all_bends + double(bend)
                if ahead:
                    best, place, own_slope, own_bend = q, int64(j), double(slope), double(bend)
        pivot = team_peak(peaks, places, who, best, place)
        if pivot != place:
            left, slopes, bends, own_slope, own_bend = whole, all_slopes, all_bends, nothing, nothing
        value, left = team_sum(shared, who, value), team_sum(shared, who, left)
        slopes, own_slope = team_sum(shared, who, slopes), team_sum(shared, who, own_slope)
        bends, own_bend = team_sum(shared, who, bends), team_sum(shared, who, own_bend)
        return value, summed(found, pivot, left, slopes, bends, own_slope, own_bend)

    return sum_of


def ratio_law(plan: Plan, dtype: str) -> Any:
    """The law of a class, with its curvature as a bound where that is asked for."""
    applied, number = applied_law(plan, dtype, ("r", "more", "curve", "p", "q")), getattr(np, dtype)
    zero, two = number(0.0), number(2.0)

    @jit.jitable
    def law(c, r, more, curve, p, q):  # type: ignore[no-untyped-def]
        value, slope, bend = applied(c, r, more, curve, p, q)
        if c.bound == 1:
            bend = two * bend if bend > zero else zero
        return value, slope, bend

    return law


def ratio_slope_text(plan: Plan, dtype: str) -> Any:
    """Slope and curvature with respect to the score of a class, of a divergence or by a law."""
    if plan.law is None:
        return divergence_slope_text(plan, dtype)
    words, columns_of, law = jit.words_of(dtype), columns_text(plan, dtype), ratio_law(plan, dtype)
    real, double = words["real"], words["double"]
    softmax_curvature, one = jit.of_loop(ratio_laws.softmax_curvature, dtype), getattr(np, dtype)(1.0)
    logarithms = plan.scores == LOG_PROBABILITIES

    @jit.jitable
    def slope_of(c, x, beside, j, s):  # type: ignore[no-untyped-def]
        r, more, curve, p, q = columns_of(c, x, beside, j, s)
        _, slope, bend = law(c, r, more, curve, p, q)
        if logarithms:
            return slope, bend
        inverse = real(s.inverse)
        left, total, bends = one - q, s.slopes + s.own_slope, s.bends + s.own_bend
        others, turned = bends - double(bend), slope - real(total) * q
        if j == s.pivot:
            left, others = real(s.left), s.bends
            turned = slope * left - real(s.slopes) * q
        return turned * inverse, softmax_curvature(c, q, left, total, bend, bends, others) * inverse * inverse

    return slope_of


def ratio_gradient_text(plan: Plan, dtype: str) -> Any:
    """Writing a thread's share of the gradient and of the curvature of a row."""
    words, slope_of, bounded = jit.words_of(dtype), ratio_slope_text(plan, dtype), loops_of(dtype)["bounded"]
    real, team, curved = words["real"], plan.team, plan.mode == CURVATURE
    _, put = given_texts(plan.stored, dtype)

    @jit.jitable
    def write_ratios(c, x, beside, g, h, lane, label, s, found, factor):  # type: ignore[no-untyped-def]
        for j in range(lane, c.classes, team):
            slope, bend = slope_of(c, x, beside, j, found)
            if curved:
                put(c.curvature, h + j * c.curvature_steps.classes, bounded(c, bend) * real(factor))
            put(c.gradient, g + j * c.gradient_steps.classes, slope * real(factor))

    return write_ratios
