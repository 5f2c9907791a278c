"""The kernel of the rowwise family: cross-entropy of rows of scores with labels or distributions.

The formulas are those of numloss/loops/rowwise.py. A row belongs to a team of threads, one for short rows or for
classes that lie apart in memory, up to a whole block for long ones; a block works on as many rows as it has teams.
Header of the problem c, in integers:

    0 rows   1 rows of a block   2 address of the partial results   3 address of the scale, or 0   4 inner size
    5 classes   6 weighted   7 values wanted   8 a label is ignored   9 which   10 address of class weights, or 0
    11 bound   12 pred   18 target   24 gradient   30 curvature: address, dtype, bytes from one to the next in the
    outer axes, in classes and in the inner axes, and a layout of the rows, or 0
    36 labels   39 weight   42 values: operands over the rows, as in reading.py

Numbers r, in float64: scale, smoothing, zeta, softcap (0: none), eps, least curvature.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numba import cuda, float64, int64, types

from ... import scalar
from ...rows import DISTRIBUTION, LABELS, LOGITS, PROBABILITIES
from . import target
from .rowwise_texts import (
    CURVATURE,
    GRADIENT,
    INTEGERS,
    LABEL_OPERAND,
    NUMBERS,
    PRED,
    TARGET,
    VALUE_OPERAND,
    WEIGHT_OPERAND,
    Plan,
    row_texts,
    score_texts,
)
from .walk import NO_COMPLAINT, key

# What a complaint is about, in the order in which a tile of rows is looked at.
BAD_WEIGHT, BAD_LABEL, BAD_TARGET = 0, 1, 2
# Terms that a thread adds in the dtype of the data before they go to a float64.
RUN = 16


def team_texts(plan: Plan) -> dict[str, Any]:
    """Sums and maxima over the threads of a team, through shared memory; every thread of the block takes part."""
    team = plan.team

    @target.jitable
    def team_sum(shared, thread, value):  # type: ignore[no-untyped-def]
        if team == 1:
            return value
        shared[thread] = value
        cuda.syncthreads()
        step = team // 2
        while step > 0:
            if thread % team < step:
                shared[thread] += shared[thread + step]
            cuda.syncthreads()
            step = step // 2
        total = shared[thread - thread % team]
        cuda.syncthreads()
        return total

    @target.jitable
    def team_peak(shared, places, thread, value, place):  # type: ignore[no-untyped-def]
        """Place of the largest value, the first of equals."""
        if team == 1:
            return place
        shared[thread] = value
        places[thread] = place
        cuda.syncthreads()
        step = team // 2
        while step > 0:
            if thread % team < step:
                other = thread + step
                better = shared[other] > shared[thread]
                if better or (shared[other] == shared[thread] and places[other] < places[thread]):
                    shared[thread] = shared[other]
                    places[thread] = places[other]
            cuda.syncthreads()
            step = step // 2
        found = places[thread - thread % team]
        cuda.syncthreads()
        return found

    return {"team_sum": team_sum, "team_peak": team_peak}


def measure_texts(plan: Plan, dtype: str) -> dict[str, Any]:
    """Reading a row twice: for its largest score, and for its sums."""
    words, number = target.words_of(dtype), getattr(np, dtype)
    double, reals = words["double"], words["reals"]
    scores, rows = score_texts(plan, dtype), row_texts(plan, dtype)
    score, entry, wanted = scores["score"], rows["entry"], rows["wanted"]
    log, exp_below = target.typed(scalar.log, dtype), target.typed(scalar.exp_below, dtype)
    zero, lowest = number(0.0), number(-np.inf)
    limit, below = number(8192.0), number(0.0 if plan.target == DISTRIBUTION else -np.inf)
    team, dense, entropy, logits, values = plan.team, plan.dense, plan.entropy, plan.scores == LOGITS, plan.mode >= 0
    whole_target = plan.target != LABELS

    @target.jitable
    def peak_of(c, x, lane, cap, eps):  # type: ignore[no-untyped-def]
        """The largest score that a thread sees, and its class; C if there is none."""
        top = lowest
        place = c[5]
        for j in range(lane, c[5], team):
            z = score(reals(x + j * c[PRED + 3])[0], cap, eps)
            if z > top:
                top = z
                place = j
        return top, place

    @target.jitable
    def base_of(top):  # type: ignore[no-untyped-def]
        """What is taken off large scores first; the difference is exact where it matters."""
        return top if top > limit or top < -limit else top * zero

    @target.jitable
    def sums_of(c, r, x, at, lane, label, pivot, top, base, shift, cap, eps):  # type: ignore[no-untyped-def]
        """A thread's share of: e^(z - top) without the pivot, targets, targets times (top - z), their entropy,
        and how many entries of the target are no distribution's."""
        others, run, count = double(zero), zero, 0
        total, cross, surprise, bad = double(zero), double(zero), double(zero), 0
        for j in range(lane, c[5], team):
            z = zero
            if values and (logits or dense):
                z = score(reals(x + j * c[PRED + 3])[0], cap, eps)
            if dense:
                if whole_target and not entry(c, at, j) >= below:
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
    words, number = target.words_of(dtype), getattr(np, dtype)
    real, double, reals = words["real"], words["double"], words["reals"]
    scores, rows = score_texts(plan, dtype), row_texts(plan, dtype)
    score, slope, bend, wanted = scores["score"], scores["slope"], scores["bend"], rows["wanted"]
    exp_below = target.typed(scalar.exp_below, dtype)
    zero, one, two = number(0.0), number(1.0), number(2.0)
    team, dense, mode, kind = plan.team, plan.dense, plan.mode, plan.scores
    special = plan.target == LABELS and plan.scores == LOGITS

    @target.jitable
    def clear(c, g, h, lane):  # type: ignore[no-untyped-def]
        """Exact zeros, whatever the scores are."""
        for j in range(lane, c[5], team):
            reals(g + j * c[GRADIENT + 3])[0] = zero
            if mode == 2:
                reals(h + j * c[CURVATURE + 3])[0] = zero

    @target.jitable
    def curvature(bound, p, left, coefficient, twice, s, q):  # type: ignore[no-untyped-def]
        """Of the loss with respect to a score with this probability, times the square of the score's slope."""
        if kind == PROBABILITIES:
            # -q log p: the slope of the score is 1 / p, its bend the negative square of that
            return q * s * s if bound == 1 else zero * s * s
        own = two * coefficient * p * left if bound == 1 else coefficient * p * left
        return (own + twice * p * p) * s * s

    @target.jitable
    def write_row(c, r, x, at, g, h, lane, label, pivot, base, shift, cap, eps, s):  # type: ignore[no-untyped-def]
        """s: e at the pivot, the others, e at the label, the label's target, the coefficient of p, z-loss times
        weight, factor."""
        pivot_term, others, label_term, own, coefficient, z_weight, factor = s
        total = pivot_term + others
        inverse = real(double(one) / total) if kind == LOGITS else zero
        for j in range(lane, c[5], team):
            value = reals(x + j * c[PRED + 3])[0]
            first = slope(value, cap, eps)
            p, q = zero, zero
            if kind == LOGITS:
                p = exp_below(score(value, cap, eps) - base, shift) * inverse
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
                curved = curvature(c[11], p, left, real(coefficient), twice, first, q)
                if c[11] == 0:
                    curved = curved + step * bend(value, cap, eps, first)
                elif curved < real(r[5]):
                    curved = real(r[5])
                reals(h + j * c[CURVATURE + 3])[0] = curved * real(factor)
            reals(g + j * c[GRADIENT + 3])[0] = step * first * real(factor)

    return {"clear": clear, "write_row": write_row}


def value_text(plan: Plan, dtype: str) -> Any:
    """The loss of a row from its sums, and the numbers that its gradient needs."""
    double = target.words_of(dtype)["double"]
    log1p = target.typed(scalar.log1p, "float64")
    zero, one, two = (np.float64(x) for x in (0.0, 1.0, 2.0))
    dense, logits, labelled = plan.dense, plan.scores == LOGITS, plan.target == LABELS

    @target.jitable
    def row_value(r, top, label_score, own_weight, pivot_term, sums):  # type: ignore[no-untyped-def]
        others, total, cross, surprise, _ = sums
        own = (one - r[1]) * own_weight if labelled else zero
        if not dense:
            total = own
            cross = own * (double(top) - double(label_score))
        if not logits:
            return cross + surprise, own, zero, zero
        rest = log1p(others / pivot_term)
        lse = double(top) + rest
        z_weight = r[2] * (own_weight if labelled else total)
        value = total * rest + cross + surprise + z_weight * lse * lse
        return value, own, total + two * z_weight * lse, z_weight

    return row_value


def _text(plan: Plan, dtype: str) -> Any:
    words, number, threads = target.words_of(dtype), getattr(np, dtype), target.THREADS
    real, double, reals, doubles = words["real"], words["double"], words["reals"], words["doubles"]
    rows, measure, gradient = row_texts(plan, dtype), measure_texts(plan, dtype), gradient_texts(plan, dtype)
    row_of, read, write, read_label = rows["row_of"], rows["read"], rows["write"], rows["read_label"]
    peak_of, base_of, sums_of = measure["peak_of"], measure["base_of"], measure["sums_of"]
    score, clear, write_row = measure["score"], gradient["clear"], gradient["write_row"]
    teams = team_texts(plan)
    team_sum, team_peak = teams["team_sum"], teams["team_peak"]
    row_value, complaint = value_text(plan, dtype), target.jitable(key)
    round_shift, exp_below = target.typed(scalar.round_shift, dtype), target.typed(scalar.exp_below, dtype)
    zero, one, lowest = number(0.0), number(1.0), number(-np.inf)
    team, mode, labelled, logits, dense = plan.team, plan.mode, plan.target == LABELS, plan.scores == LOGITS, plan.dense

    @target.jitable
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

    @target.jitable
    def class_weight(c, label):  # type: ignore[no-untyped-def]
        if labelled and c[10] != 0:
            return double(reals(c[10])[label])
        return double(one)

    def rowwise(c, r):  # type: ignore[no-untyped-def]
        shared = cuda.shared.array(threads, float64)
        peaks = cuda.shared.array(threads, number)
        places = cuda.shared.array(threads, int64)
        counted_shared = cuda.shared.array(threads, float64)
        worst = cuda.shared.array(1, int64)
        thread = int64(cuda.threadIdx.x)
        lane = thread % team
        cap, eps = real(r[3]), real(r[4])
        scale = r[0] if c[3] == 0 else doubles(c[3])[0]
        first = NO_COMPLAINT
        total = double(zero)
        counted = double(zero)
        if thread == 0:
            worst[0] = NO_COMPLAINT
        start = cuda.blockIdx.x * c[1]
        stop = min(start + c[1], c[0])
        # every team makes the same number of steps, so that all meet at the barriers: one without a row repeats another
        while start < stop:
            row = start + thread // team
            mine = row < stop
            if not mine:
                row = stop - 1
            x, at = row_of(c, PRED, row), row_of(c, TARGET, row)
            weight, label, first = admitted(c, row, first)
            own_weight = class_weight(c, label)
            pivot = row - row
            top, label_score = zero, zero
            if mode >= 0 and logits:
                top, pivot = peak_of(c, x, lane, cap, eps)
                pivot = team_peak(peaks, places, thread, top, pivot)
                if pivot == c[5]:
                    pivot, top = row - row, lowest
                else:
                    top = score(reals(x + pivot * c[PRED + 3])[0], cap, eps)
            if mode >= 0 and labelled:
                label_score = score(reals(x + label * c[PRED + 3])[0], cap, eps)
            base = base_of(top)
            shift = round_shift(top - base)
            others, targets, cross, surprise, bad = sums_of(c, r, x, at, lane, label, pivot, top, base, shift, cap, eps)
            others = team_sum(shared, thread, others)
            if dense:
                targets = team_sum(shared, thread, targets)
                cross = team_sum(shared, thread, cross)
                surprise = team_sum(shared, thread, surprise)
                if bad > 0:
                    first = min(first, complaint(row, BAD_TARGET))
            pivot_term, label_term = double(one), double(zero)
            if logits:
                pivot_term = double(exp_below(top - base, shift))
                label_term = double(exp_below(label_score - base, shift))
            sums = (others, targets, cross, surprise, bad)
            value, own, coefficient, z_weight = row_value(r, top, label_score, own_weight, pivot_term, sums)
            w = double(weight)
            if mine and lane == 0 and weight != zero:
                total += w * value
                counted += w * (own_weight if labelled or c[10] == 0 else targets)
            if mine and lane == 0 and mode >= 0 and c[7] == 1:
                shown = real(w * value) if weight != zero else zero
                write(c[VALUE_OPERAND], c[VALUE_OPERAND + 2], row, shown)
            if mode > 0 and mine:
                g, h = row_of(c, GRADIENT, row), row_of(c, CURVATURE, row)
                if weight == zero:
                    clear(c, g, h, lane)
                else:
                    s = (pivot_term, others, label_term, own, coefficient, z_weight, w * scale)
                    write_row(c, r, x, at, g, h, lane, label, pivot, base, shift, cap, eps, s)
            start += threads // team
            cuda.syncthreads()
        shared[thread] = total
        counted_shared[thread] = counted
        if first < NO_COMPLAINT:
            cuda.atomic.min(worst, 0, first)
        cuda.syncthreads()
        if thread == 0:
            total, counted = double(zero), double(zero)
            for k in range(0, threads, team):
                total += shared[k]
                counted += counted_shared[k]
            partial = doubles(c[2] + 32 * cuda.blockIdx.x)
            partial[0] = total
            partial[1] = counted
            partial[2] = double(worst[0])

    return rowwise


@functools.cache
def rowwise_kernel(dtype: str, plan: Plan) -> Any:
    """The kernel of a plan."""
    signature = (types.UniTuple(int64, INTEGERS), types.UniTuple(float64, NUMBERS))
    return target.kernel(_text(plan, dtype), signature, (target.THREADS, 2))
