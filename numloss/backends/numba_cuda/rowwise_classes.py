"""The rowwise family by laws of each class, as numloss/loops/classwise.py computes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64

from ... import scalar
from ...rows import LABELS, LARGEST, LOGITS, MEAN
from . import target
from .rowwise_texts import CURVATURE, GRADIENT, PRED, Plan, applied_law, row_texts, score_texts


def entry_text(plan: Plan, dtype: str) -> Any:
    """The law of one class."""
    words, number = target.words_of(dtype), getattr(np, dtype)
    reals, score, wanted = words["reals"], score_texts(plan, dtype)["score"], row_texts(plan, dtype)["wanted"]
    applied = applied_law(plan, dtype, ("z", "q"))
    zero, one, two = number(0.0), number(1.0), number(2.0)
    labelled, largest = plan.target == LABELS, plan.classes == LARGEST

    @target.jitable
    def entry_law(c, r, x, at, j, label, chosen, top, rest, cap, eps):  # type: ignore[no-untyped-def]
        """Score, value, slope and curvature; nothing at the label, or where another class alone counts."""
        z = (score(reals(x + j * c[PRED + 3])[0], cap, eps) - top) - rest
        if labelled:
            q = one if j == label else zero
            if j == label:
                z = zero
        else:
            q = wanted(c, r, at, j, label)
        value, slope, bend = applied(r, z, q)
        if (labelled and j == label) or (largest and j != chosen):
            value, slope, bend = zero, zero, zero
        if c[11] == 1:
            bend = two * bend if bend > zero else zero
        return z, value, slope, bend

    return entry_law


def class_value_text(plan: Plan, dtype: str, teams: dict[str, Any]) -> Any:
    """The loss of a row, and what its gradient needs; with `team_sum` and `team_peak` of its team."""
    words, number = target.words_of(dtype), getattr(np, dtype)
    real, double, reals = words["real"], words["double"], words["reals"]
    score, entry_law = score_texts(plan, dtype)["score"], entry_text(plan, dtype)
    team_sum, team_peak = teams["team_sum"], teams["team_peak"]
    log1p = target.typed(scalar.log1p, "float64")
    lowest, highest, zero, one = number(-np.inf), number(np.inf), np.float64(0.0), np.float64(1.0)
    team, softmax, largest = plan.team, plan.scores == LOGITS, plan.classes == LARGEST
    mean, values = plan.classes == MEAN, plan.mode >= 0

    @target.jitable
    def best_other(c, x, lane, label, cap, eps):  # type: ignore[no-untyped-def]
        """The largest score beside the label's that a thread sees, or the first NaN, and its class; -1 if none."""
        best, place = lowest, int64(-1)
        for j in range(lane, c[5], team):
            z = score(reals(x + j * c[PRED + 3])[0], cap, eps)
            if j != label and best < highest and (z > best or z != z):
                best = z if z == z else highest
                place = int64(j)
        return best, place

    @target.jitable
    def class_value(c, r, x, at, label, pivot, own_weight, top, s, sums, who, shared, peaks, places, cap, eps):  # type: ignore[no-untyped-def]
        label_score, pivot_term, _ = s
        chosen, left, rest = pivot, zero, zero
        if softmax:
            rest = log1p(sums[0] / pivot_term)
            left = sums[0] / (pivot_term + sums[0])
        else:
            top = label_score
        if largest:
            best, chosen = best_other(c, x, who % team, label, cap, eps)
            chosen = team_peak(peaks, places, who, best, chosen)
        value, slopes, bends = zero, zero, zero
        if values:
            for j in range(who % team, c[5], team):
                _, v, slope, bend = entry_law(c, r, x, at, j, label, chosen, top, real(rest), cap, eps)
                value += double(v)
                slopes += double(slope)
                bends += double(bend)
        value = team_sum(shared, who, value)
        slopes = team_sum(shared, who, slopes)
        bends = team_sum(shared, who, bends)
        share = own_weight / double(c[5]) if mean else own_weight * one
        return value * share, chosen, (slopes, bends, left, double(top), rest, share)

    return class_value


def class_gradient_text(plan: Plan, dtype: str) -> Any:
    """Writing a thread's share of the gradient and of the curvature of a row."""
    words, number = target.words_of(dtype), getattr(np, dtype)
    real, reals, entry_law = words["real"], words["reals"], entry_text(plan, dtype)
    exp, zero, one, two = target.typed(scalar.exp, dtype), number(0.0), number(1.0), number(2.0)
    team, mode, softmax, labelled = plan.team, plan.mode, plan.scores == LOGITS, plan.target == LABELS

    @target.jitable
    def through_softmax(bound, p, left, slope, bend, slopes, bends):  # type: ignore[no-untyped-def]
        turned = slopes * p * left
        step = slope - slopes * p
        if bound == 1:
            return step, bend + bends * p + (-two * turned if turned < zero else zero)
        return step, bend * (one - two * p) + bends * p * p - turned

    @target.jitable
    def write_classes(c, r, x, at, g, h, lane, label, chosen, base, shift, cap, eps, s, state):  # type: ignore[no-untyped-def]
        slopes, bends, left, top, rest, share = state
        factor = real(s[3] * share)
        for j in range(lane, c[5], team):
            z, _, slope, bend = entry_law(c, r, x, at, j, label, chosen, real(top), real(rest), cap, eps)
            if labelled and j == label:
                slope, bend = -real(slopes), real(bends)
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
