"""The rowwise family, row by row: who counts, a thread's share of the sums, the value, and the gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import int64

from ... import scalar
from ...loops.codes import (
    CURVATURE,
    INDICATORS,
    LABELS,
    LOG_DISTRIBUTION,
    LOGIT,
    LOGITS,
    MEMBERS,
    PLACED,
    PROBABILITIES,
    SCORES,
    SIGNED,
    TARGET_OPERAND,
    UNWEIGHTED,
    WEIGHT_OPERAND,
)
from ...loops.headers import Pull
from . import jit
from .checks import key
from .elementwise_codegen import EIGHT
from .rowwise_texts import Plan, applied_law, eight_texts, given_texts, loop_texts, row_texts, score_texts

# Terms that a thread adds in the dtype of the data before they go to a float64.
RUN = 16


def admission_text(plan: Plan, dtype: str) -> Any:
    """Whether a row counts, and with which weight."""
    number, rows, class_weight_of = getattr(np, dtype), row_texts(plan, dtype), loop_texts(dtype)["class_weight_of"]
    read, read_label, complaint = rows["read"], rows["read_label"], jit.jitable(key)
    zero, one, labelled, nothing = number(0.0), number(1.0), plan.target == LABELS, np.float64(0.0)

    @jit.jitable
    def admitted(c, row, first):  # type: ignore[no-untyped-def]
        """Weight, label and first complaint of a row; a row that does not count has weight 0 and label 0."""
        weight, sound = one, True
        if c.weighted != UNWEIGHTED:
            weight = read(c.weight, zero, row)
            sound = c.weighted == SIGNED or weight >= zero
            if not sound:
                first = min(first, complaint(row, WEIGHT_OPERAND))
        label = row - row
        if labelled:
            label = read_label(c.target, row)
            ignored = c.ignores == 1 and label == c.ignored
            if ignored or label < 0 or label >= c.labels:
                if sound and not ignored:
                    first = min(first, complaint(row, TARGET_OPERAND))
                weight = zero
                label = row - row
            # what a class of weight 0 costs may be infinite; a smoothed label of it has the other classes beside it
            if c.smoothing <= nothing and class_weight_of(c, label) == nothing:
                weight = zero
        return weight, label, first

    return admitted


def measure_texts(plan: Plan, dtype: str) -> dict[str, Any]:
    """Reading a row twice: for its largest score, and for its sums."""
    double, number = jit.words_of(dtype)["double"], getattr(np, dtype)
    scores, rows = score_texts(plan, dtype), row_texts(plan, dtype)
    score_of, entry, wanted = scores["score_of"], rows["entry"], rows["wanted"]
    exp_below = jit.typed(scalar.exp_below, dtype)
    zero, lowest = number(0.0), number(-np.inf)
    below = number(-np.inf if plan.target in (LOG_DISTRIBUTION, SCORES) or plan.target >= PLACED else 0.0)
    above = number(1.0 if plan.target in (INDICATORS, MEMBERS) else np.inf)
    team, dense, logits, values = plan.team, plan.dense, plan.scores == LOGITS, plan.mode >= 0
    whole_target, members = plan.target != LABELS, plan.target == MEMBERS

    @jit.jitable
    def higher(z, j, found):  # type: ignore[no-untyped-def]
        """The larger of a score with its class, and of what was found before."""
        return (z, j) if z > found[0] else found

    @jit.jitable
    def peak_of(c, x, lane, label):  # type: ignore[no-untyped-def]
        """The largest score that a thread sees, and its class; C if there is none."""
        found = lowest, c.classes
        for j in range(lane, c.classes, team):
            found = higher(score_of(c, x, j, label), j, found)
        return found

    @jit.jitable
    def add_class(c, beside, j, z, label, pivot, at, sums):  # type: ignore[no-untyped-def]
        """A class more in the sums of a thread, whose last two are a run of terms and how many it has."""
        others, total, cross, apart, bad, run, count = sums
        top, base, shift = at
        if dense:
            if whole_target:
                given = entry(beside, j)
                if not (given >= below and given <= above) or (members and given != zero and given != above):
                    bad += 1
            q = wanted(c, beside, j, label)
            total += double(q)
            if j != pivot:
                apart += double(q)
            if values and q > zero:
                cross += double(q) * (double(top) - double(z))
        if logits and j != pivot:
            run += exp_below(z - base, shift)
            count += 1
            if count == RUN:
                others += double(run)
                run, count = zero, int64(0)
        return others, total, cross, apart, bad, run, count

    @jit.jitable
    def sums_of(c, x, beside, lane, label, pivot, top, base, shift):  # type: ignore[no-untyped-def]
        """A thread's share of: e^(z - top) without the pivot, targets, targets times (top - z), targets without the
        pivot's, and how many entries of the target are no distribution's."""
        at, nothing = (top, base, shift), double(zero)
        sums = nothing, nothing, nothing, nothing, int64(0), zero, int64(0)
        for j in range(lane, c.classes, team):
            z = score_of(c, x, j, label) if values and (logits or dense) else zero
            sums = add_class(c, beside, j, z, label, pivot, at, sums)
        others, total, cross, apart, bad, run, _ = sums
        return others + double(run), total, cross, apart, bad

    if plan.wide:
        peak_of, sums_of = wide_measures(plan, dtype, scores["score_from"], higher, add_class)
    return {"peak_of": peak_of, "sums_of": sums_of, **scores, **rows}


def wide_measures(plan: Plan, dtype: str, score_from: Any, higher: Any, add_class: Any) -> tuple[Any, Any]:
    """The same of eight neighbours at a time."""
    double, (eight_at, _), lowest = jit.words_of(dtype)["double"], eight_texts(), getattr(np, dtype)(-np.inf)
    team, zero = plan.team, getattr(np, dtype)(0.0)

    @jit.jitable
    def peak_of(c, x, lane, label):  # type: ignore[no-untyped-def]
        found = lowest, c.classes
        for j in range(lane * EIGHT, c.classes, team * EIGHT):
            z = eight_at(c.pred, x, j)
            found = higher(score_from(c, z[0], j), j, found)
            found = higher(score_from(c, z[1], j + 1), j + 1, found)
            found = higher(score_from(c, z[2], j + 2), j + 2, found)
            found = higher(score_from(c, z[3], j + 3), j + 3, found)
            found = higher(score_from(c, z[4], j + 4), j + 4, found)
            found = higher(score_from(c, z[5], j + 5), j + 5, found)
            found = higher(score_from(c, z[6], j + 6), j + 6, found)
            found = higher(score_from(c, z[7], j + 7), j + 7, found)
        return found

    @jit.jitable
    def add_given(c, beside, j, given, label, pivot, at, sums):  # type: ignore[no-untyped-def]
        return add_class(c, beside, j, score_from(c, given, j), label, pivot, at, sums)

    @jit.jitable
    def sums_of(c, x, beside, lane, label, pivot, top, base, shift):  # type: ignore[no-untyped-def]
        at, nothing = (top, base, shift), double(zero)
        sums = nothing, nothing, nothing, nothing, int64(0), zero, int64(0)
        for j in range(lane * EIGHT, c.classes, team * EIGHT):
            z = eight_at(c.pred, x, j)
            sums = add_given(c, beside, j, z[0], label, pivot, at, sums)
            sums = add_given(c, beside, j + 1, z[1], label, pivot, at, sums)
            sums = add_given(c, beside, j + 2, z[2], label, pivot, at, sums)
            sums = add_given(c, beside, j + 3, z[3], label, pivot, at, sums)
            sums = add_given(c, beside, j + 4, z[4], label, pivot, at, sums)
            sums = add_given(c, beside, j + 5, z[5], label, pivot, at, sums)
            sums = add_given(c, beside, j + 6, z[6], label, pivot, at, sums)
            sums = add_given(c, beside, j + 7, z[7], label, pivot, at, sums)
        others, total, cross, apart, bad, run, _ = sums
        return others + double(run), total, cross, apart, bad

    return peak_of, sums_of


def probability_text(plan: Plan, dtype: str) -> Any:
    """Whether a thread sees a prediction that is no probability: of all classes, or of the label alone. NaN passes."""
    given_at, number = given_texts(plan.stored, dtype)[0], getattr(np, dtype)
    zero, one, team, dense = number(0.0), number(1.0), plan.team, plan.dense

    @jit.jitable
    def improbable(c, x, lane, label):  # type: ignore[no-untyped-def]
        found = False
        for j in range(lane, c.classes, team):
            p = given_at(x + j * c.pred_steps.classes)
            if (dense or j == label) and (p < zero or p > one):
                found = True
        return found

    return improbable


def clear_text(plan: Plan, dtype: str) -> Any:
    """`no_slopes` of numloss/loops/rowwise_slopes.py in a thread's share of a row, whatever the scores are."""
    words, zero, team, curved = jit.words_of(dtype), getattr(np, dtype)(0.0), plan.team, plan.mode == CURVATURE
    real, (_, put) = words["real"], given_texts(plan.stored, dtype)

    @jit.jitable
    def clear(c, g, h, lane, factor):  # type: ignore[no-untyped-def]
        least = real(c.least) * real(factor) if c.bound == 1 else zero
        for j in range(lane, c.classes, team):
            put(c.gradient, g + j * c.gradient_steps.classes, zero)
            if curved:
                put(c.curvature, h + j * c.curvature_steps.classes, least)

    return clear


def gradient_text(plan: Plan, dtype: str) -> Any:
    """Writing a thread's share of the gradient and of the curvature of a row."""
    words, number, texts = jit.words_of(dtype), getattr(np, dtype), loop_texts(dtype)
    real, double, (given_at, put) = words["real"], words["double"], given_texts(plan.stored, dtype)
    scores, wanted = score_texts(plan, dtype), row_texts(plan, dtype)["wanted"]
    score_of, slopes_of = scores["score_of"], scores["slopes_of"]
    label_slope, other_terms, bounded = texts["label_slope"], texts["other_terms"], texts["bounded"]
    pivot_slope, over_probability = texts["pivot_slope"], texts["over_probability"]
    score_curvature, law_bend = texts["score_curvature"], texts["law_bend"]
    exp_below = jit.typed(scalar.exp_below, dtype)
    zero, one, two, unit = number(0.0), number(1.0), np.float64(2.0), np.float64(1.0)
    team, dense, curved, logits = plan.team, plan.dense, plan.mode == CURVATURE, plan.scores == LOGITS
    special, by_law = plan.target == LABELS and logits, plan.law is not None and plan.classes != LOGIT
    probabilities, spread = plan.scores == PROBABILITIES, plan.target != LABELS and logits

    @jit.jitable
    def curvature(c, p, j, label, first, s, pull):  # type: ignore[no-untyped-def]
        """With respect to a prediction, by the slope of its score."""
        total = s.pivot_term + s.others
        left = real(s.others / total) if j == s.pivot else one - p
        if by_law:
            beyond = real(other_terms(s, label) / total)
            v = beyond if j == label else p
            return law_bend(c, p, left, v, beyond, real(pull.coefficient), real(pull.bend))
        return score_curvature(c, p, left, real(pull.coefficient), real(two * pull.z_weight)) * first * first

    @jit.jitable
    def step_of(c, beside, j, z, label, s, pull, inverse):  # type: ignore[no-untyped-def]
        """The slope of the loss with respect to a score, and its probability."""
        p, q = zero, zero
        if logits:
            p = exp_below(z - real(s.base), real(s.shift)) * inverse
        if dense:
            q = wanted(c, beside, j, label)
        elif j == label:
            q = real(pull.own)
        step = real(pull.coefficient) * p - q
        if special and j == label:
            step = label_slope(label, double(q), s, pull)
        if spread and s.others < s.pivot_term and j == s.pivot:
            step = pivot_slope(s, pull)
        return step, p

    @jit.jitable
    def write_row(c, x, beside, g, h, lane, label, s, pull, factor):  # type: ignore[no-untyped-def]
        inverse = real(unit / (s.pivot_term + s.others)) if logits else zero
        for j in range(lane, c.classes, team):
            z = score_of(c, x, j, label) if logits else zero
            step, p = step_of(c, beside, j, z, label, s, pull, inverse)
            if probabilities:
                given, eps = given_at(x + j * c.pred_steps.classes), real(c.eps)
                step = over_probability(step * real(factor), given, eps)
                if curved:
                    bend, least = over_probability(-step, given, eps), real(c.least) * real(factor)
                    bend = least if c.bound == 1 and bend < least else bend
                    put(c.curvature, h + j * c.curvature_steps.classes, bend)
                put(c.gradient, g + j * c.gradient_steps.classes, step)
                continue
            first, second = slopes_of(c, x, j, label)
            if curved:
                bent = step * second
                if c.bound == 1 and bent < zero:
                    bent = zero
                bend = bounded(c, curvature(c, p, j, label, first, s, pull) + bent)
                put(c.curvature, h + j * c.curvature_steps.classes, bend * real(factor))
            put(c.gradient, g + j * c.gradient_steps.classes, step * first * real(factor))

    if plan.wide and not curved:
        return wide_gradient(plan, dtype, scores, step_of)
    return write_row


def wide_gradient(plan: Plan, dtype: str, scores: dict[str, Any], step_of: Any) -> Any:
    """The same of eight neighbours at a time."""
    real, unit, team, (eight_at, put_eight) = jit.words_of(dtype)["real"], np.float64(1.0), plan.team, eight_texts()
    score_from, slopes_from = scores["score_from"], scores["slopes_from"]

    @jit.jitable
    def slope(c, beside, j, given, label, s, pull, inverse, factor):  # type: ignore[no-untyped-def]
        step, _ = step_of(c, beside, j, score_from(c, given, j), label, s, pull, inverse)
        return step * slopes_from(c, given)[0] * factor

    @jit.jitable
    def write_row(c, x, beside, g, h, lane, label, s, pull, factor):  # type: ignore[no-untyped-def]
        inverse, by = real(unit / (s.pivot_term + s.others)), real(factor)
        for j in range(lane * EIGHT, c.classes, team * EIGHT):
            z = eight_at(c.pred, x, j)
            slopes = (
                slope(c, beside, j, z[0], label, s, pull, inverse, by),
                slope(c, beside, j + 1, z[1], label, s, pull, inverse, by),
                slope(c, beside, j + 2, z[2], label, s, pull, inverse, by),
                slope(c, beside, j + 3, z[3], label, s, pull, inverse, by),
                slope(c, beside, j + 4, z[4], label, s, pull, inverse, by),
                slope(c, beside, j + 5, z[5], label, s, pull, inverse, by),
                slope(c, beside, j + 6, z[6], label, s, pull, inverse, by),
                slope(c, beside, j + 7, z[7], label, s, pull, inverse, by),
            )
            put_eight(c.gradient, g, j, slopes)

    return write_row


def value_text(plan: Plan, dtype: str, teams: dict[str, Any]) -> Any:
    """The loss of a row from its measures; the class that its gradient treats apart, and what that needs beside it."""
    texts, pull = loop_texts(dtype), jit.named(Pull)
    own_target, z_weight_of, cross_entropy_of = texts["own_target"], texts["z_weight_of"], texts["cross_entropy_of"]
    log1p, zero, two = jit.typed(scalar.log1p, "float64"), np.float64(0.0), np.float64(2.0)
    dense, logits = plan.dense, plan.scores == LOGITS

    @jit.jitable
    def row_value(c, x, beside, label, s, who, shared, peaks, places):  # type: ignore[no-untyped-def]
        own = own_target(c, label)
        targets, cross = s.targets, s.cross
        if not dense:
            targets, cross = own, own * (s.top - s.label_score)
        lse, coefficient, z_weight, value = zero, zero, zero, cross
        if logits:
            rest, z_weight = log1p(s.others / s.pivot_term), z_weight_of(c, label, targets)
            lse = s.top + rest
            coefficient = targets + two * z_weight * lse
            value = cross_entropy_of(s, targets, cross, rest, z_weight)
        return value, pull(coefficient, own, z_weight, zero)

    return row_value


def law_text(plan: Plan, dtype: str, teams: dict[str, Any]) -> Any:
    """The loss of a row by a law, as numloss/loops/rowwise_law.py computes it."""
    words, texts, pull = jit.words_of(dtype), loop_texts(dtype), jit.named(Pull)
    real, double, zero = words["real"], words["double"], np.float64(0.0)
    class_weight_of, factor_of, other_terms = texts["class_weight_of"], texts["factor_of"], texts["other_terms"]
    nll_of, applied = texts["nll_of"], applied_law(plan, dtype, ("nll", "p", "rest"))

    @jit.jitable
    def law_value(c, x, beside, label, s, who, shared, peaks, places):  # type: ignore[no-untyped-def]
        total, weight = s.pivot_term + s.others, class_weight_of(c, label) * factor_of(c, label)
        p, rest = real(s.label_term / total), real(other_terms(s, label) / total)
        value, slope, bend = applied(c, real(nll_of(s)), p, rest)
        step = weight * double(slope)
        return weight * double(value), pull(step, step, zero, weight * double(bend))

    return law_value
