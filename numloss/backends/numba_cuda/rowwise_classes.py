"""The rowwise family by laws of each class, as numloss/loops/rowwise_classes.py computes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64

from ... import scalar
from ...loops.codes import LABELS, LARGEST, LOGITS, MEAN, SPARSE
from . import jit
from .rowwise_texts import CURVATURE, FACTORS, GRADIENT, Plan, applied_law, row_texts, score_texts


def entry_text(plan: Plan, dtype: str) -> Any:
    """The law of one class."""
    number, reals, wanted = getattr(np, dtype), jit.words_of(dtype)["reals"], row_texts(plan, dtype)["wanted"]
    score_of, applied = score_texts(plan, dtype)["score_of"], class_law(plan, dtype)
    zero, one, two = number(0.0), number(1.0), number(2.0)
    labelled, largest = plan.target == LABELS, plan.classes == LARGEST

    @jit.jitable
    def entry_law(c, r, x, at, j, label, chosen, top, rest, limits, cap, eps):  # type: ignore[no-untyped-def]
        """Score, value, slope and curvature; nothing at the label, or where another class alone counts."""
        z = (score_of(c, r, x, j, label, cap, eps) - top) - rest
        if labelled:
            q = one if j == label else zero
            if j == label:
                z = zero
        else:
            q = wanted(c, r, at, j, label)
        value, slope, bend = applied(r, z, q, limits)
        if not labelled and c[FACTORS] != 0:
            factor = reals(c[FACTORS])[j]
            value, slope, bend = value * factor, slope * factor, bend * factor
        if (labelled and j == label) or (largest and j != chosen):
            value, slope, bend = zero, zero, zero
        if c[11] == 1:
            bend = two * bend if bend > zero else zero
        return z, value, slope, bend

    return entry_law


def class_law(plan: Plan, dtype: str) -> Any:
    """The law of a class by its score, its target, and limits: a threshold and how many have a probability."""
    if plan.classes == SPARSE:
        by_limits = applied_law(plan, dtype, ("z", "q", "threshold", "support"))

        @jit.jitable
        def sparse_law(r, z, q, limits):  # type: ignore[no-untyped-def]
            return by_limits(r, z, q, limits[0], limits[1])

        return sparse_law
    applied = applied_law(plan, dtype, ("z", "q"))

    @jit.jitable
    def law(r, z, q, limits):  # type: ignore[no-untyped-def]
        return applied(r, z, q)

    return law


def threshold_text(plan: Plan, dtype: str, teams: dict[str, Any]) -> Any:
    """`sparse_threshold` of numloss/loops/rowwise_classes.py, by all threads of a team."""
    words, number = jit.words_of(dtype), getattr(np, dtype)
    real, double, score_of = words["real"], words["double"], score_texts(plan, dtype)["score_of"]
    team_sum, any_team = teams["team_sum"], teams["any_team"]
    zero, one, nothing, unit, team = number(0.0), number(1.0), np.float64(0.0), np.float64(1.0), plan.team

    @jit.jitable
    def threshold_of(c, r, x, label, best, top, who, shared, cap, eps):  # type: ignore[no-untyped-def]
        threshold = zero
        if best >= 0:
            threshold = ((score_of(c, r, x, best, label, cap, eps) - top) + one) - one
        if not threshold > zero:
            threshold = zero
        moved, support = True, unit
        while any_team(moved):
            total, count = nothing, nothing
            for j in range(who % team, c[5], team):
                excess = (score_of(c, r, x, j, label, cap, eps) - top) + one
                if j != label and not excess <= threshold:
                    total += double(excess - threshold)
                    count += unit if excess > threshold else nothing
            total = team_sum(shared, who, total)
            count = team_sum(shared, who, count)
            missing = total - (double(threshold) if threshold < one else unit)
            if threshold < one:
                count += unit
            support = count
            following = real(double(threshold) + missing / count) if count > nothing else threshold
            moved = following > threshold
            if not following <= threshold:
                threshold = following
        return threshold, real(support)

    return threshold_of


def class_value_text(plan: Plan, dtype: str, teams: dict[str, Any]) -> Any:
    """The loss of a row, and what its gradient needs; with `team_sum` and `team_peak` of its team."""
    words, number = jit.words_of(dtype), getattr(np, dtype)
    real, double = words["real"], words["double"]
    score_of, entry_law = score_texts(plan, dtype)["score_of"], entry_text(plan, dtype)
    team_sum, team_peak, threshold_of = teams["team_sum"], teams["team_peak"], threshold_text(plan, dtype, teams)
    log1p = jit.typed(scalar.log1p, "float64")
    lowest, highest, low, zero, one = number(-np.inf), number(np.inf), number(0.0), np.float64(0.0), np.float64(1.0)
    team, softmax, largest = plan.team, plan.scores == LOGITS, plan.classes == LARGEST
    sparse, mean, values = plan.classes == SPARSE, plan.classes == MEAN, plan.mode >= 0

    @jit.jitable
    def best_other(c, r, x, lane, label, cap, eps):  # type: ignore[no-untyped-def]
        """The largest score beside the label's that a thread sees, or the first NaN, and its class; -1 if none."""
        best, place = lowest, int64(-1)
        for j in range(lane, c[5], team):
            z = score_of(c, r, x, j, label, cap, eps)
            if j != label and best < highest and (z > best or z != z):
                best = z if z == z else highest
                place = int64(j)
        return best, place

    @jit.jitable
    def class_value(c, r, x, at, label, pivot, own_weight, top, s, sums, who, shared, peaks, places, cap, eps):  # type: ignore[no-untyped-def]
        label_score, pivot_term, _ = s
        chosen, left, rest = pivot, zero, zero
        if softmax:
            rest = log1p(sums[0] / pivot_term)
            left = sums[0] / (pivot_term + sums[0])
        else:
            top = label_score
        limits = (low, low)
        if largest or sparse:
            best, chosen = best_other(c, r, x, who % team, label, cap, eps)
            chosen = team_peak(peaks, places, who, best, chosen)
        if sparse:
            limits = threshold_of(c, r, x, label, chosen, top, who, shared, cap, eps)
        value, slopes, bends = zero, zero, zero
        if values:
            for j in range(who % team, c[5], team):
                _, v, slope, bend = entry_law(c, r, x, at, j, label, chosen, top, real(rest), limits, cap, eps)
                value += double(v)
                slopes += double(slope)
                bends += double(bend)
        value = team_sum(shared, who, value)
        slopes = team_sum(shared, who, slopes)
        bends = team_sum(shared, who, bends)
        share = own_weight / double(c[5]) if mean else own_weight * one
        return value * share, chosen, (slopes, bends, left, double(top), rest, share, limits)

    return class_value


def class_gradient_text(plan: Plan, dtype: str) -> Any:
    """Writing a thread's share of the gradient and of the curvature of a row."""
    words, number = jit.words_of(dtype), getattr(np, dtype)
    real, reals, entry_law = words["real"], words["reals"], entry_text(plan, dtype)
    exp, zero, one, two = jit.typed(scalar.exp, dtype), number(0.0), number(1.0), number(2.0)
    team, mode, softmax, labelled = plan.team, plan.mode, plan.scores == LOGITS, plan.target == LABELS
    sparse = plan.classes == SPARSE

    @jit.jitable
    def through_softmax(bound, p, left, slope, bend, slopes, bends):  # type: ignore[no-untyped-def]
        turned = slopes * p * left
        step = slope - slopes * p
        if bound == 1:
            return step, bend + bends * p + (-two * turned if turned < zero else zero)
        return step, bend * (one - two * p) + bends * p * p - turned

    @jit.jitable
    def write_classes(c, r, x, at, g, h, lane, label, chosen, base, shift, cap, eps, s, state):  # type: ignore[no-untyped-def]
        slopes, bends, left, top, rest, share, limits = state
        factor = real(s[3] * share)
        for j in range(lane, c[5], team):
            z, _, slope, bend = entry_law(c, r, x, at, j, label, chosen, real(top), real(rest), limits, cap, eps)
            if labelled and j == label:
                slope, bend = -real(slopes), real(bends)
                if sparse:
                    bend = one - one / limits[1] if limits[0] < one else zero
                    bend = two * bend if c[11] == 1 else bend
            if softmax:
                p = exp(z)
                beyond = real(left) if j == chosen else one - p
                slope, bend = through_softmax(c[11], p, beyond, slope, bend, real(slopes), real(bends))
            if mode == 2:
                if c[11] == 1 and bend < real(r[5]):
                    bend = real(r[5])
                reals(h + j * c[CURVATURE + 3])[0] = bend * factor
            reals(g + j * c[GRADIENT + 3])[0] = slope * factor

    return write_classes
