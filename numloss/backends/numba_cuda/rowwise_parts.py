"""The rowwise family, row by row: who counts, a thread's share of the sums, the value, and the gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import scalar
from ...loops import rowwise_parts
from ...loops.codes import INDICATORS, LABELS, LOG_DISTRIBUTION, LOGIT, LOGITS, MEMBERS, PROBABILITIES
from . import jit
from .elementwise_codegen import key
from .rowwise_texts import (
    CURVATURE,
    FACTORS,
    GRADIENT,
    LABEL_OPERAND,
    WEIGHT_OPERAND,
    Plan,
    applied_law,
    row_texts,
    score_texts,
)

# What a complaint is about, in the order in which a tile of rows is looked at.
BAD_WEIGHT, BAD_LABEL, BAD_TARGET = 0, 1, 2
# Terms that a thread adds in the dtype of the data before they go to a float64.
RUN = 16


def admission_texts(plan: Plan, dtype: str) -> dict[str, Any]:
    """Whether a row counts, and with which weights."""
    words, number, rows = jit.words_of(dtype), getattr(np, dtype), row_texts(plan, dtype)
    double, reals = words["double"], words["reals"]
    read, read_label, complaint = rows["read"], rows["read_label"], jit.jitable(key)
    zero, one, labelled = number(0.0), number(1.0), plan.target == LABELS

    @jit.jitable
    def admitted(c, row, first):  # type: ignore[no-untyped-def]
        """Weight, label and first complaint of a row; a row that does not count has weight 0 and label 0."""
        weight = one
        if c[6] == 1:
            weight = read(c[WEIGHT_OPERAND], c[WEIGHT_OPERAND + 1], c[WEIGHT_OPERAND + 2], zero, row)
            if not weight >= zero:
                first = min(first, complaint(row, BAD_WEIGHT))
        label = row - row
        if labelled:
            label = read_label(c[LABEL_OPERAND], c[LABEL_OPERAND + 1], c[LABEL_OPERAND + 2], row)
            ignored = c[8] == 1 and label == c[9]
            if ignored or label < 0 or label >= c[5]:
                if not ignored:
                    first = min(first, complaint(row, BAD_LABEL))
                weight = zero
                label = row - row
        return weight, label, first

    @jit.jitable
    def class_weight(c, label):  # type: ignore[no-untyped-def]
        if labelled and c[10] != 0:
            return double(reals(c[10])[label])
        return double(one)

    return {"admitted": admitted, "class_weight": class_weight}


def measure_texts(plan: Plan, dtype: str) -> dict[str, Any]:
    """Reading a row twice: for its largest score, and for its sums."""
    words, number = jit.words_of(dtype), getattr(np, dtype)
    double = words["double"]
    scores, rows = score_texts(plan, dtype), row_texts(plan, dtype)
    score_of, entry, wanted = scores["score_of"], rows["entry"], rows["wanted"]
    log, exp_below = jit.typed(scalar.log, dtype), jit.typed(scalar.exp_below, dtype)
    base_of, zero, lowest = jit.of_loop(rowwise_parts.base_of, dtype), number(0.0), number(-np.inf)
    below = number(-np.inf if plan.target == LOG_DISTRIBUTION else 0.0)
    above = number(1.0 if plan.target in (INDICATORS, MEMBERS) else np.inf)
    team, dense, entropy, logits, values = plan.team, plan.dense, plan.entropy, plan.scores == LOGITS, plan.mode >= 0
    whole_target, members = plan.target != LABELS, plan.target == MEMBERS

    @jit.jitable
    def peak_of(c, r, x, lane, label, cap, eps):  # type: ignore[no-untyped-def]
        """The largest score that a thread sees, and its class; C if there is none."""
        top = lowest
        place = c[5]
        for j in range(lane, c[5], team):
            z = score_of(c, r, x, j, label, cap, eps)
            if z > top:
                top = z
                place = j
        return top, place

    @jit.jitable
    def sums_of(c, r, x, at, lane, label, pivot, top, base, shift, cap, eps):  # type: ignore[no-untyped-def]
        """A thread's share of: e^(z - top) without the pivot, targets, targets times (top - z), their entropy,
        and how many entries of the target are no distribution's."""
        others, run, count = double(zero), zero, 0
        total, cross, surprise, bad = double(zero), double(zero), double(zero), 0
        for j in range(lane, c[5], team):
            z = zero
            if values and (logits or dense):
                z = score_of(c, r, x, j, label, cap, eps)
            if dense:
                if whole_target:
                    given = entry(c, at, j)
                    if not (given >= below and given <= above) or (members and given != zero and given != above):
                        bad += 1
                q = wanted(c, r, at, j, label)
                total += double(q)
                if values and q > zero:
                    cross += double(q) * (double(top) - double(z))
                    if entropy:
                        surprise += double(q) * double(log(q))
            if logits and j != pivot:
                run += exp_below(z - base, shift)
                count += 1
                if count == RUN:
                    others += double(run)
                    run, count = zero, 0
        return others + double(run), total, cross, surprise, bad

    return {"peak_of": peak_of, "base_of": base_of, "sums_of": sums_of, **scores, **rows}


def gradient_texts(plan: Plan, dtype: str) -> dict[str, Any]:
    """Writing a thread's share of the gradient and of the curvature of a row."""
    words, number = jit.words_of(dtype), getattr(np, dtype)
    real, double, reals = words["real"], words["double"], words["reals"]
    scores, wanted = score_texts(plan, dtype), row_texts(plan, dtype)["wanted"]
    score_of, slopes_of = scores["score_of"], scores["slopes_of"]
    exp_below = jit.typed(scalar.exp_below, dtype)
    zero, one, two = number(0.0), number(1.0), number(2.0)
    team, dense, mode, kind = plan.team, plan.dense, plan.mode, plan.scores
    special = plan.target == LABELS and plan.scores == LOGITS
    by_law = plan.law is not None and plan.classes != LOGIT

    @jit.jitable
    def clear(c, g, h, lane):  # type: ignore[no-untyped-def]
        """Exact zeros, whatever the scores are."""
        for j in range(lane, c[5], team):
            reals(g + j * c[GRADIENT + 3])[0] = zero
            if mode == 2:
                reals(h + j * c[CURVATURE + 3])[0] = zero

    @jit.jitable
    def curvature(bound, p, left, coefficient, twice, s):  # type: ignore[no-untyped-def]
        """Of the loss with respect to a score with this probability, times the square of the score's slope."""
        if kind == PROBABILITIES:
            # -q log p: all curvature is in the bend of the score
            return zero * s * s
        own = two * coefficient * p * left if bound == 1 else coefficient * p * left
        return (own + twice * p * p) * s * s

    @jit.jitable
    def law_curvature(bound, p, left, v, beyond, slope, bend):  # type: ignore[no-untyped-def]
        """Of a law, as in numloss/loops/rowwise_law.py."""
        if bound == 1:
            upward = two * bend * beyond if bend > zero else zero
            return two * abs(slope) * p * left + upward * v
        return slope * p * left + bend * v * v

    @jit.jitable
    def write_row(c, r, x, at, g, h, lane, label, pivot, base, shift, cap, eps, s, state):  # type: ignore[no-untyped-def]
        """s: e at the pivot, the others, e at the label, factor; state: what `row_value` leaves behind."""
        pivot_term, others, label_term, factor = s
        own, coefficient, z_weight, bend_of_law = state
        total = pivot_term + others
        inverse = real(double(one) / total) if kind == LOGITS else zero
        for j in range(lane, c[5], team):
            first, second = slopes_of(c, r, x, j, label, cap, eps)
            p, q = zero, zero
            if kind == LOGITS:
                p = exp_below(score_of(c, r, x, j, label, cap, eps) - base, shift) * inverse
            if dense:
                q = wanted(c, r, at, j, label)
            elif j == label:
                q = real(own)
            step = real(coefficient) * p - q
            if special and j == label:
                # p - 1 at the label is minus the sum of the other probabilities
                rest = others if j == pivot else (others - label_term) + pivot_term
                step = real(((coefficient - own) * label_term - own * rest) / total - (double(q) - own))
            if mode == 2:
                left = real(others / total) if j == pivot else one - p
                twice = real(double(two) * z_weight)
                if by_law:
                    rest = others if label == pivot else (others - label_term) + pivot_term
                    beyond = real(rest / total)
                    v = beyond if j == label else p
                    curved = law_curvature(c[11], p, left, v, beyond, real(coefficient), real(bend_of_law))
                else:
                    curved = curvature(c[11], p, left, real(coefficient), twice, first)
                bent = step * second
                if c[11] == 1 and bent < zero:
                    bent = zero
                curved = curved + bent
                if c[11] == 1 and curved < real(r[5]):
                    curved = real(r[5])
                reals(h + j * c[CURVATURE + 3])[0] = curved * real(factor)
            reals(g + j * c[GRADIENT + 3])[0] = step * first * real(factor)

    return {"clear": clear, "write_row": write_row}


def value_text(plan: Plan, dtype: str) -> Any:
    """The loss of a row from its sums, and the numbers that its gradient needs."""
    double = jit.words_of(dtype)["double"]
    log1p = jit.typed(scalar.log1p, "float64")
    zero, one, two = (np.float64(x) for x in (0.0, 1.0, 2.0))
    dense, logits, labelled = plan.dense, plan.scores == LOGITS, plan.target == LABELS

    @jit.jitable
    def row_value(c, r, x, at, label, pivot, own_weight, top, s, sums, who, shared, peaks, places, cap, eps):  # type: ignore[no-untyped-def]
        """s: the label's score, e at the pivot, e at the label. Value, the pivot, and the label's target, the
        coefficient of p, z-loss times weight, the law's curvature."""
        label_score, pivot_term, _ = s
        others, total, cross, surprise, _ = sums
        own = (one - r[1]) * own_weight if labelled else zero
        if not dense:
            total = own
            cross = own * (double(top) - double(label_score))
        if not logits:
            return cross + surprise, pivot, (own, zero, zero, zero)
        rest = log1p(others / pivot_term)
        lse = double(top) + rest
        z_weight = r[2] * (own_weight if labelled else total)
        value = total * rest + cross + surprise + z_weight * lse * lse
        return value, pivot, (own, total + two * z_weight * lse, z_weight, zero)

    return row_value


def law_text(plan: Plan, dtype: str) -> Any:
    """The loss of a row by a law, as numloss/loops/rowwise_law.py computes it."""
    words = jit.words_of(dtype)
    real, double, reals = words["real"], words["double"], words["reals"]
    log1p, zero = jit.typed(scalar.log1p, "float64"), np.float64(0.0)
    applied = applied_law(plan, dtype, ("surprise", "p", "rest"))

    @jit.jitable
    def law_value(c, r, x, at, label, pivot, own_weight, top, s, sums, who, shared, peaks, places, cap, eps):  # type: ignore[no-untyped-def]
        label_score, pivot_term, label_term = s
        others = sums[0]
        total = pivot_term + others
        weight = own_weight
        if c[FACTORS] != 0:
            weight *= double(reals(c[FACTORS])[label])
        rest = others if label == pivot else (others - label_term) + pivot_term
        surprise = real(log1p(others / pivot_term) + (double(top) - double(label_score)))
        value, slope, bend = applied(r, surprise, real(label_term / total), real(rest / total))
        pull = weight * double(slope)
        return weight * double(value), pivot, (pull, pull, zero, weight * double(bend))

    return law_value
