"""The rowwise family by laws of each class, as numloss/loops/rowwise_classes.py computes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64

from ...loops import rowwise_classes, rowwise_sparse
from ...loops.codes import CURVATURE, LABELS, LARGEST, LEVELS, MEAN, SPARSE, SPARSE_POWERS, SPARSE_SQUARES, VALUE
from ...loops.headers import ClassRow
from . import jit
from .rowwise_texts import Plan, applied_law, given_texts, loop_texts, row_texts, score_texts

THRESHOLDS = (SPARSE, SPARSE_SQUARES, SPARSE_POWERS)


def entry_text(plan: Plan, dtype: str) -> Any:
    """The law of one class."""
    words, number, wanted = jit.words_of(dtype), getattr(np, dtype), row_texts(plan, dtype)["wanted"]
    real, reals = words["real"], words["reals"]
    score_of, applied = score_texts(plan, dtype)["score_of"], class_law(plan, dtype)
    zero, one, two = number(0.0), number(1.0), number(2.0)
    levels, largest, sparse = plan.classes == LEVELS, plan.classes == LARGEST, plan.classes in THRESHOLDS
    names = ("steepness", "place_above")
    steepness, place_above = (jit.of_loop(getattr(rowwise_sparse, name), dtype) for name in names)
    powers = plan.classes == SPARSE_POWERS
    labelled = plan.target == LABELS and not levels

    @jit.jitable
    def entry_law(c, x, beside, j, label, chosen, s):  # type: ignore[no-untyped-def]
        """Score, value, slope and curvature; nothing at the label, or where another class alone counts."""
        distance = score_of(c, x, j, label) - real(s.taken)
        if powers:
            z = place_above(distance, steepness(c), -real(s.rest), -real(s.less))
        else:
            z = (distance * steepness(c) - real(s.rest)) - real(s.less)
        aside = chosen if sparse else label
        if labelled:
            q = one if j == aside else zero
            if j == aside:
                z = zero
        elif levels:
            q = one if j < label else zero if j == label else -one
        else:
            q = wanted(c, beside, j, label)
        value, slope, bend = applied(c, z, q, s)
        if not labelled and not levels and c.factors != 0:
            factor = reals(c.factors)[j]
            value, slope, bend = value * factor, slope * factor, bend * factor
            if factor == zero:
                value, slope, bend = zero, zero, zero
        if (labelled and j == aside) or (largest and j != chosen):
            value, slope, bend = zero, zero, zero
        if c.bound == 1:
            bend = two * bend if bend > zero else zero
        return z, value, slope, bend

    return entry_law


def class_law(plan: Plan, dtype: str) -> Any:
    """The law of a class by its score, its target, and where there is a threshold how many are above it."""
    if plan.classes in THRESHOLDS:
        real, by_support = jit.words_of(dtype)["real"], applied_law(plan, dtype, ("z", "q", "support"))

        @jit.jitable
        def sparse_law(c, z, q, s):  # type: ignore[no-untyped-def]
            return by_support(c, z, q, real(s.support))

        return sparse_law
    applied = applied_law(plan, dtype, ("z", "q"))

    @jit.jitable
    def law(c, z, q, s):  # type: ignore[no-untyped-def]
        return applied(c, z, q)

    return law


def threshold_text(plan: Plan, dtype: str, teams: dict[str, Any]) -> Any:
    """The threshold of numloss/loops/rowwise_sparse.py, by all threads of a team."""
    words = jit.words_of(dtype)
    real, double, score_of = words["real"], words["double"], score_texts(plan, dtype)["score_of"]
    team_sum, any_team = teams["team_sum"], teams["any_team"]
    number, nothing, unit, team = getattr(np, dtype), np.float64(0.0), np.float64(1.0), plan.team
    zero = number(0.0)
    squared, powers = plan.classes == SPARSE_SQUARES, plan.classes == SPARSE_POWERS
    names = ("lost", "root_of_pivot", "steepness", "threshold_base", "power_of_roots")
    lost, root_of_pivot, steepness, threshold_base, power_of_roots = (
        jit.of_loop(getattr(rowwise_sparse, name), dtype) for name in names
    )
    places = ("place_above", "root_above", "amount_above")
    place_above, root_above, amount_above = (jit.of_loop(getattr(rowwise_sparse, name), dtype) for name in places)

    @jit.jitable
    def threshold_of(c, x, label, pivot, top, who, shared):  # type: ignore[no-untyped-def]
        threshold, support, roots, moved = nothing, unit, nothing, True
        base, steep = threshold_base(c), steepness(c)
        while any_team(moved):
            near = real(base - threshold)
            rest = real((base - double(near)) - threshold)
            total, count = nothing, nothing
            for j in range(who % team, c.classes, team):
                distance = score_of(c, x, j, label) - top
                if powers:
                    place = place_above(distance, steep, near, rest)
                    root = root_above(place, real(power_of_roots(c)))
                    if j != pivot:
                        total += double(root * amount_above(place))
                        count += double(root)
                    continue
                excess = (distance * steep + near) + rest
                if j != pivot and not excess <= zero:
                    total += double(excess * excess if squared else excess)
                    count += double(excess) if squared else unit if excess > zero else nothing
            total = team_sum(shared, who, total)
            roots = team_sum(shared, who, count)
            support = roots + root_of_pivot(c, threshold)
            step = (total - lost(c, threshold)) / support
            following = threshold + double(steep) * step
            moved = real(following) > real(threshold)
            threshold = nothing if following < nothing else following
        return threshold, support, roots

    return threshold_of


def class_value_text(plan: Plan, dtype: str, teams: dict[str, Any]) -> Any:
    """The loss of a row, and what its gradient needs; with `team_sum` and `team_peak` of its team."""
    words, number, known = jit.words_of(dtype), getattr(np, dtype), jit.named(ClassRow)
    real, double, loss_weight_of = words["real"], words["double"], jit.of_loop(rowwise_classes.loss_weight_of, dtype)
    score_of, entry_law = score_texts(plan, dtype)["score_of"], entry_text(plan, dtype)
    team_sum, team_peak, threshold_of = teams["team_sum"], teams["team_peak"], threshold_text(plan, dtype, teams)
    lowest, highest = number(-np.inf), number(np.inf)
    zero, one = np.float64(0.0), np.float64(1.0)
    names = ("cost_of_pivot", "threshold_base")
    cost_of_pivot, threshold_base = (jit.of_loop(getattr(rowwise_sparse, name), dtype) for name in names)
    team, largest = plan.team, plan.classes == LARGEST
    sparse, mean, values = plan.classes in THRESHOLDS, plan.classes == MEAN, plan.mode >= VALUE

    @jit.jitable
    def best_other(c, x, lane, label):  # type: ignore[no-untyped-def]
        """The largest score beside the label's that a thread sees, or the first NaN, and its class; -1 if none."""
        best, place = lowest, int64(-1)
        for j in range(lane, c.classes, team):
            z = score_of(c, x, j, label)
            if j != label and best < highest and (z > best or z != z):
                best = z if z == z else highest
                place = int64(j)
        return best, place

    @jit.jitable
    def class_value(c, x, beside, label, s, who, shared, peaks, places):  # type: ignore[no-untyped-def]
        chosen, taken, rest = s.pivot, s.label_score, zero
        less, threshold, support, roots, cost = zero, zero, zero, zero, zero
        if largest or sparse:
            best, chosen = best_other(c, x, who % team, label)
            chosen = team_peak(peaks, places, who, best, chosen)
        if sparse:
            own = real(taken)
            if chosen < 0 or not score_of(c, x, chosen, label) > own:
                chosen = int64(label)
            top = score_of(c, x, chosen, label)
            threshold, support, roots = threshold_of(c, x, label, chosen, top, who, shared)
            base = threshold_base(c)
            near = double(real(base - threshold))
            taken, rest, less = double(top), -near, -((base - near) - threshold)
            cost = cost_of_pivot(c, threshold)
            if chosen != label:
                cost += double(top) - double(own)
        share = loss_weight_of(c, label) / double(c.classes) if mean else loss_weight_of(c, label) * one
        before = known(taken, rest, less, threshold, support, roots, cost, zero, zero, share)
        value, slopes, bends = zero, zero, zero
        if values:
            for j in range(who % team, c.classes, team):
                _, v, slope, bend = entry_law(c, x, beside, j, label, chosen, before)
                value += double(v)
                slopes += double(slope)
                bends += double(bend)
        value = team_sum(shared, who, value)
        slopes = team_sum(shared, who, slopes)
        bends = team_sum(shared, who, bends)
        after = known(taken, rest, less, threshold, support, roots, cost, slopes, bends, share)
        return (value + cost) * share, (chosen, after)

    return class_value


def class_gradient_text(plan: Plan, dtype: str) -> Any:
    """Writing a thread's share of the gradient and of the curvature of a row."""
    words, number = jit.words_of(dtype), getattr(np, dtype)
    real, entry_law, (_, put) = words["real"], entry_text(plan, dtype), given_texts(plan.stored, dtype)
    own_curvature = jit.of_loop(rowwise_classes.own_curvature, dtype)
    bounded, one = loop_texts(dtype)["bounded"], number(1.0)
    labelled = plan.target == LABELS and plan.classes != LEVELS
    team, curved = plan.team, plan.mode == CURVATURE
    sparse, unit, lost = plan.classes in THRESHOLDS, np.float64(1.0), jit.of_loop(rowwise_sparse.lost, dtype)

    @jit.jitable
    def write_classes(c, x, beside, g, h, lane, label, measures, state, factor):  # type: ignore[no-untyped-def]
        chosen, s = state
        scale, slopes, bends = real(factor * s.factor), real(s.slopes), real(s.bends)
        for j in range(lane, c.classes, team):
            _, _, slope, bend = entry_law(c, x, beside, j, label, chosen, s)
            aside = chosen if sparse else label
            if labelled and j == aside:
                slope, bend = -slopes, own_curvature(c, s, bends)
            if sparse and chosen != label:
                slope = real(unit - lost(c, s.threshold)) if j == chosen else slope - one if j == label else slope
            if curved:
                put(c.curvature, h + j * c.curvature_steps.classes, bounded(c, bend) * scale)
            put(c.gradient, g + j * c.gradient_steps.classes, slope * scale)

    return write_classes
