"""The kernel of the rowwise family: cross-entropy of rows of scores with labels or distributions.

The formulas are those of numloss/loops/rowwise.py, and so is the header, whose strides are in bytes here. A row belongs
to a team of threads, one for short rows or for classes that lie apart in memory, up to a whole block for long ones; a
block works on as many rows as it has teams.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numba import cuda, float64, int32, int64

from ... import scalar
from ...loops.codes import (
    GRADIENT,
    LABELS,
    LEVELS,
    LOGIT,
    LOGITS,
    PAIRS,
    PREDICTION_OPERAND,
    PROBABILITIES,
    RATIO,
    TARGET_OPERAND,
    VALUE,
)
from ...loops.headers import Operand, Row, Rowwise, Steps
from . import blocks, jit
from .checks import NO_COMPLAINT, key
from .rowwise_classes import class_gradient_text, class_value_text
from .rowwise_distilled import distilled_gradient_text, distilled_value_text
from .rowwise_divergence import ratio_gradient_text, ratio_value_text
from .rowwise_pairs import pairs_gradient_text, pairs_value_text
from .rowwise_parts import (
    admission_text,
    clear_text,
    gradient_text,
    law_text,
    measure_texts,
    probability_text,
    value_text,
)
from .rowwise_texts import Plan, loop_texts


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
    score_of, peak_of, sums_of = parts["score_of"], parts["peak_of"], parts["sums_of"]
    team_sum, team_peak, base_of = teams["team_sum"], teams["team_peak"], loop_texts(dtype)["base_of"]
    round_shift, exp_below = jit.typed(scalar.round_shift, dtype), jit.typed(scalar.exp_below, dtype)
    zero, one, lowest, measured = number(0.0), number(1.0), number(-np.inf), jit.named(Row)
    team, dense, values = plan.team, plan.dense, plan.mode >= VALUE
    labelled, logits = plan.target == LABELS and plan.classes != LEVELS, plan.scores == LOGITS

    @jit.jitable
    def measure(c, x, beside, label, thread, shared, peaks, places):  # type: ignore[no-untyped-def]
        """The measures of a row, and how many entries of its target are no distribution's."""
        lane = thread % team
        pivot = label - label
        top, label_score = zero, zero
        if values and logits:
            top, pivot = peak_of(c, x, lane, label)
            pivot = team_peak(peaks, places, thread, top, pivot)
            if pivot == c.classes:
                pivot, top = label - label, lowest
            else:
                top = score_of(c, x, pivot, label)
        if values and labelled:
            label_score = score_of(c, x, label, label)
        base = base_of(top)
        shift = round_shift(top - base)
        others, targets, cross, apart, bad = sums_of(c, x, beside, lane, label, pivot, top, base, shift)
        others = team_sum(shared, thread, others)
        if dense:
            targets = team_sum(shared, thread, targets)
            cross = team_sum(shared, thread, cross)
            apart = team_sum(shared, thread, apart)
        pivot_term, label_term = double(one), double(zero)
        if logits:
            pivot_term = double(exp_below(top - base, shift))
            label_term = double(exp_below(label_score - base, shift))
        taken = (double(top), double(base), double(shift))
        terms = (pivot_term, others, double(label_score), label_term)
        return measured(pivot, *taken, *terms, targets, cross, apart), bad

    return measure


def rows_of(plan: Plan, dtype: str) -> tuple[Any, Any]:
    """The value of a row and the writing of its gradient: of cross-entropy, or by a law."""
    if plan.teacher:
        return distilled_value_text(plan, dtype, team_texts(plan)), distilled_gradient_text(plan, dtype)
    if plan.classes == PAIRS:
        return pairs_value_text(plan, dtype, team_texts(plan)), pairs_gradient_text(plan, dtype)
    if plan.classes == RATIO:
        return ratio_value_text(plan, dtype, team_texts(plan)), ratio_gradient_text(plan, dtype)
    if plan.classes not in (0, LOGIT):
        return class_value_text(plan, dtype, team_texts(plan)), class_gradient_text(plan, dtype)
    by_label = plan.law is not None and plan.classes != LOGIT
    return (law_text if by_label else value_text)(plan, dtype, team_texts(plan)), gradient_text(plan, dtype)


def _text(plan: Plan, dtype: str) -> Any:
    words, number, threads = jit.words_of(dtype), getattr(np, dtype), jit.THREADS
    real, double, doubles = words["real"], words["double"], words["doubles"]
    parts, admitted = measure_texts(plan, dtype), admission_text(plan, dtype)
    row_of, beside_of, write = parts["row_of"], parts["beside_of"], parts["write"]
    measure = row_text(plan, dtype)
    class_weight_of, factor_of = (loop_texts(dtype)[name] for name in ("class_weight_of", "factor_of"))
    clear, complaint, improbable = clear_text(plan, dtype), jit.jitable(key), probability_text(plan, dtype)
    row_value, write_row = rows_of(plan, dtype)
    leave, first_of_block = (blocks.block_texts(dtype)[name] for name in ("leave", "first_of_block"))
    zero, nothing, team, mode = number(0.0), np.float64(0.0), plan.team, plan.mode
    labelled, dense, probabilities = plan.target == LABELS, plan.dense, plan.scores == PROBABILITIES
    any_team = team_texts(plan)["any_team"]

    def rowwise(c, o, steps, partials, scale_at):  # type: ignore[no-untyped-def]
        shared = cuda.shared.array(threads, float64)
        peaks = cuda.shared.array(threads, number)
        places = cuda.shared.array(threads, int64)
        counted_shared = cuda.shared.array(threads, float64)
        worst = cuda.shared.array(1, int64)
        thread = int64(cuda.threadIdx.x)
        lane = thread % team
        scale = c.scale if scale_at == 0 else doubles(scale_at)[0]
        first = NO_COMPLAINT
        total, counted = nothing, nothing
        if thread == 0:
            worst[0] = NO_COMPLAINT
        start = cuda.blockIdx.x * c.block
        stop = min(start + c.block, c.rows)
        # every team makes the same number of steps, so that all meet at the barriers: one without a row repeats another
        while start < stop:
            row = start + thread // team
            mine = row < stop
            if not mine:
                row = stop - 1
            x, beside = row_of(c, c.pred, c.pred_steps, row), beside_of(c, o, steps, row)
            weight, label, first = admitted(c, row, first)
            s, bad = measure(c, x, beside, label, thread, shared, peaks, places)
            if dense and bad > 0 and weight >= zero:
                first = min(first, complaint(row, TARGET_OPERAND))
            value, state = row_value(c, x, beside, label, s, thread, shared, peaks, places)
            w = double(weight)
            # nothing times infinity is nothing
            lives = weight != zero and factor_of(c, label) != nothing
            if mine and lane == 0 and lives:
                total += w * value
            if mine and lane == 0 and weight != zero:
                counted += w * (class_weight_of(c, label) if labelled or c.class_weight == 0 else s.targets)
            if mine and lane == 0 and mode >= VALUE and c.unreduced == 1:
                write(c.values, row, real(w * value) if lives else zero)
            wrong = False
            if probabilities:
                wrong = lives and improbable(c, x, lane, label)
                if wrong:
                    first = min(first, complaint(row, PREDICTION_OPERAND))
                # nothing is written over what the error will name
                wrong = any_team(wrong)
            if mode >= GRADIENT and mine and not wrong:
                g = row_of(c, c.gradient, c.gradient_steps, row)
                h = row_of(c, c.curvature, c.curvature_steps, row)
                if not lives:
                    clear(c, g, h, lane, w * scale)
                else:
                    write_row(c, x, beside, g, h, lane, label, s, state, w * scale)
            start += threads // team
            cuda.syncthreads()
        shared[thread] = total
        counted_shared[thread] = counted
        noted = first_of_block(worst, first)
        if thread == 0:
            total, counted = nothing, nothing
            for k in range(0, threads, team):
                total += shared[k]
                counted += counted_shared[k]
            leave(partials, cuda.blockIdx.x, total, counted, noted)

    return rowwise


@functools.cache
def rowwise_kernel(dtype: str, plan: Plan) -> Any:
    """The kernel of a plan: it takes the header, and where a distribution or a teacher lies beside the scores."""
    headers = tuple(jit.header_type(kind, "float64", {}) for kind in (Rowwise, Operand, Steps))
    # two distributions at once, or a law in float64, need more registers than two blocks of threads leave
    many = plan.teacher or plan.classes == RATIO or (plan.law is not None and dtype == "float64")
    return jit.kernel(_text(plan, dtype), (*headers, int64, int64), (jit.THREADS, 1 if many else 2))
