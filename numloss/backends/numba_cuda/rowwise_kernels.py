"""The kernel of the rowwise family: cross-entropy of rows of scores with labels or distributions.

The formulas are those of numloss/loops/rowwise.py. A row belongs to a team of threads, one for short rows or for
classes that lie apart in memory, up to a whole block for long ones; a block works on as many rows as it has teams.
Header of the problem c, in integers:

    0 rows   1 rows of a block   2 address of the partial results   3 address of the scale, or 0   4 inner size
    5 classes   6 weighted   7 values wanted   8 a label is ignored   9 which   10 address of class weights, or 0
    11 bound   12 pred   18 target, or the teacher   24 gradient   30 curvature: address, dtype, bytes from one to the
    next in the outer axes, in classes and in the inner axes, and a layout of the rows, or 0
    36 labels   39 weight   42 values: operands over the rows, as in reading.py
    45 address of the factors of the losses of the classes, or 0   46 of what is added to their scores, or 0

Numbers r, in float64: scale, smoothing, zeta, softcap (0: none), eps, least curvature, two parameters of the law.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numba import cuda, float64, int32, int64, types

from ... import scalar
from ...loops.codes import LABELS, LOGIT, LOGITS, PAIRS
from . import jit
from .elementwise_codegen import NO_COMPLAINT, key
from .rowwise_classes import class_gradient_text, class_value_text
from .rowwise_distilled import distilled_gradient_text, distilled_value_text
from .rowwise_pairs import pairs_gradient_text, pairs_value_text
from .rowwise_parts import BAD_TARGET, admission_texts, gradient_texts, law_text, measure_texts, value_text
from .rowwise_texts import CURVATURE, GRADIENT, INTEGERS, NUMBERS, PRED, TARGET, VALUE_OPERAND, Plan


def team_texts(plan: Plan) -> dict[str, Any]:
    """Sums and maxima over the threads of a team, through shared memory; every thread of the block takes part.

    The simulator knows barriers in the module of the kernel alone.
    """
    team = plan.team

    @jit.jitable
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

    @jit.jitable
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

    @jit.jitable
    def any_team(flag):  # type: ignore[no-untyped-def]
        """Whether a flag is set: for any thread of the block, where all of them must take part in what follows."""
        return flag if team == 1 else cuda.syncthreads_or(int32(flag)) != 0

    return {"team_sum": team_sum, "team_peak": team_peak, "any_team": any_team}


def row_text(plan: Plan, dtype: str) -> Any:
    """Everything that the loss of a row and its gradient need, from all threads of its team."""
    words, number = jit.words_of(dtype), getattr(np, dtype)
    double, parts, teams = words["double"], measure_texts(plan, dtype), team_texts(plan)
    score_of, peak_of, base_of, sums_of = parts["score_of"], parts["peak_of"], parts["base_of"], parts["sums_of"]
    team_sum, team_peak = teams["team_sum"], teams["team_peak"]
    round_shift, exp_below = jit.typed(scalar.round_shift, dtype), jit.typed(scalar.exp_below, dtype)
    zero, one, lowest = number(0.0), number(1.0), number(-np.inf)
    team, labelled, logits, dense, values = (
        plan.team,
        plan.target == LABELS,
        plan.scores == LOGITS,
        plan.dense,
        plan.mode >= 0,
    )

    @jit.jitable
    def measure(c, r, x, at, label, thread, shared, peaks, places, cap, eps):  # type: ignore[no-untyped-def]
        """Pivot, its score, the label's score, base, shift, the terms of pivot and label, and the sums."""
        lane = thread % team
        pivot = label - label
        top, label_score = zero, zero
        if values and logits:
            top, pivot = peak_of(c, r, x, lane, label, cap, eps)
            pivot = team_peak(peaks, places, thread, top, pivot)
            if pivot == c[5]:
                pivot, top = label - label, lowest
            else:
                top = score_of(c, r, x, pivot, label, cap, eps)
        if values and labelled:
            label_score = score_of(c, r, x, label, label, cap, eps)
        base = base_of(top)
        shift = round_shift(top - base)
        others, targets, cross, surprise, bad = sums_of(c, r, x, at, lane, label, pivot, top, base, shift, cap, eps)
        others = team_sum(shared, thread, others)
        if dense:
            targets = team_sum(shared, thread, targets)
            cross = team_sum(shared, thread, cross)
            surprise = team_sum(shared, thread, surprise)
        pivot_term, label_term = double(one), double(zero)
        if logits:
            pivot_term = double(exp_below(top - base, shift))
            label_term = double(exp_below(label_score - base, shift))
        return pivot, top, label_score, base, shift, pivot_term, label_term, (others, targets, cross, surprise, bad)

    return measure


def rows_of(plan: Plan, dtype: str, write_row: Any) -> tuple[Any, Any]:
    """The value of a row and the writing of its gradient: of cross-entropy, or by a law."""
    if plan.teacher:
        return distilled_value_text(plan, dtype, team_texts(plan)), distilled_gradient_text(plan, dtype)
    if plan.classes == LOGIT:
        return value_text(plan, dtype), write_row
    if plan.classes == PAIRS:
        return pairs_value_text(plan, dtype, team_texts(plan)), pairs_gradient_text(plan, dtype)
    if plan.classes:
        return class_value_text(plan, dtype, team_texts(plan)), class_gradient_text(plan, dtype)
    return (value_text if plan.law is None else law_text)(plan, dtype), write_row


def _text(plan: Plan, dtype: str) -> Any:
    words, number, threads = jit.words_of(dtype), getattr(np, dtype), jit.THREADS
    real, double, doubles = words["real"], words["double"], words["doubles"]
    parts, admission, gradient = measure_texts(plan, dtype), admission_texts(plan, dtype), gradient_texts(plan, dtype)
    row_of, write, measure = parts["row_of"], parts["write"], row_text(plan, dtype)
    admitted, class_weight = admission["admitted"], admission["class_weight"]
    clear, complaint = gradient["clear"], jit.jitable(key)
    row_value, write_row = rows_of(plan, dtype, gradient["write_row"])
    zero, team, mode = number(0.0), plan.team, plan.mode
    labelled, dense = plan.target == LABELS, plan.dense

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
            pivot, top, label_score, base, shift, pivot_term, label_term, sums = measure(
                c, r, x, at, label, thread, shared, peaks, places, cap, eps
            )
            if dense and sums[4] > 0:
                first = min(first, complaint(row, BAD_TARGET))
            s = (label_score, pivot_term, label_term)
            value, chosen, state = row_value(
                c, r, x, at, label, pivot, own_weight, top, s, sums, thread, shared, peaks, places, cap, eps
            )
            w = double(weight)
            if mine and lane == 0 and weight != zero:
                total += w * value
                counted += w * (own_weight if labelled or c[10] == 0 else sums[1])
            if mine and lane == 0 and mode >= 0 and c[7] == 1:
                shown = real(w * value) if weight != zero else zero
                write(c[VALUE_OPERAND], c[VALUE_OPERAND + 2], row, shown)
            if mode > 0 and mine:
                g, h = row_of(c, GRADIENT, row), row_of(c, CURVATURE, row)
                if weight == zero:
                    clear(c, g, h, lane)
                else:
                    left = (pivot_term, sums[0], label_term, w * scale)
                    write_row(c, r, x, at, g, h, lane, label, chosen, base, shift, cap, eps, left, state)
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
    # three softmaxes at once, or a law in float64, need more registers than two blocks of threads leave
    many = plan.teacher or (plan.law is not None and dtype == "float64")
    return jit.kernel(_text(plan, dtype), signature, (jit.THREADS, 1 if many else 2))
