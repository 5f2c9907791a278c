"""The kernels of the sequence family: a block of threads for each step of each sequence, then one for each sequence.

The first kernel takes the softmax of each step, writes it to the gradient, and puts the scores of the labels aside.
The second walks along a sequence and back, a thread for each label, and takes the posteriors off the gradient. States
are as in numloss/loops/sequence_states.py, but all of them are kept. The header of a problem is Sequence, whose
strides are bytes here; what a device needs beside it is Alignments.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import cuda, float64, int64

from ... import scalar
from ...loops import rowwise_parts, sequence_states
from ...loops.headers import Header, Int, Operand, Sequence
from . import blocks, jit, reading
from .checks import NO_COMPLAINT

NOTHING = np.float64(-(2.0**52))
ZERO, ONE, INFINITE = np.float64(0.0), np.float64(1.0), np.float64(np.inf)


@dataclass
class Alignments(Header):
    """Addresses of what is known of each sequence and label, and of what the steps leave for the walks.

    `shares`: what a loss is multiplied by in the sum. Of each label: `nexts`, where it comes next in its sequence, or
    -1, and `firsts`, 1 where it comes first. In float64: `scores` of the labels, less what is taken off, `rests`, the
    logarithm of their sum, and `rows` of states. `zero_infinity`: a loss of inf is 0.
    """

    partials: Int
    shares: Int
    nexts: Int
    firsts: Int
    scores: Int
    rests: Int
    rows: Int
    zero_infinity: Int
    values: Operand


SIGNATURE = (jit.header_type(Sequence, "float64", {}), jit.header_type(Alignments, "float64", {}))


def state_texts() -> dict[str, Any]:
    """Probabilities as a mantissa and an exponent: sums and products of two."""
    words = jit.words_of("float64")
    doubles, exponent_of, mantissa_of = words["doubles"], words["exponent_of"], words["mantissa_of"]
    joined = jit.of_loop(sequence_states.joined, "float64")
    kept_exponent = jit.of_loop(sequence_states.kept_exponent, "float64")

    @jit.jitable
    def join(m, e, other, f):  # type: ignore[no-untyped-def]
        top = e if e > f else f
        return joined(m, e, other, f, top), top

    @jit.jitable
    def put(row, at, width, m, e, y, f):  # type: ignore[no-untyped-def]
        """Write a product to a column of mantissas and the next of exponents, renewed."""
        product = m * y
        doubles(row)[at] = mantissa_of(product)
        doubles(row)[width + at] = kept_exponent(e + f + exponent_of(product))

    return {"join": join, "put": put}


def _steps_text(dtype: str) -> Any:
    words, number, threads, together = jit.words_of(dtype), getattr(np, dtype), jit.THREADS, blocks.sum_texts()
    real, double, integer, reals = words["real"], words["double"], words["integer"], words["reals"]
    doubles, ints, block_sum, block_top = words["doubles"], words["ints"], together["block_sum"], together["block_top"]
    exp_below, round_shift = jit.typed(scalar.exp_below, dtype), jit.typed(scalar.round_shift, dtype)
    base_of, log1p = jit.typed(rowwise_parts.base_of, dtype), jit.typed(scalar.log1p, "float64")
    lowest = number(-np.inf)

    def steps(c, d):  # type: ignore[no-untyped-def]
        shared = cuda.shared.array(threads, float64)
        thread = int64(cuda.threadIdx.x)
        t = int64(cuda.blockIdx.x) // c.sequences
        n = int64(cuda.blockIdx.x) % c.sequences
        count = ints(c.counts)[n] + 1
        labels = c.labels + 8 * ints(c.starts)[n]
        x = c.pred.array + t * c.pred_strides.step + n * c.pred_strides.sequence
        g = c.gradient.array + t * c.gradient_strides.step + n * c.gradient_strides.sequence
        step, slope_step = c.pred_strides.entry, c.gradient_strides.entry
        counts = t < ints(c.used)[n]
        top = lowest
        place = thread - thread
        if counts and c.from_logits == 1:
            for j in range(thread, c.classes, threads):
                score = reals(x + j * step)[0]
                if score > top:
                    top = score
                    place = j
        highest = block_top(shared, thread, double(top))
        place = -integer(block_top(shared, thread, double(-place if double(top) == highest else -c.classes)))
        base = base_of(real(highest))
        shift = round_shift(real(highest) - base)
        others = ZERO
        if counts:
            taken = highest if c.from_logits == 1 else ZERO
            aside = doubles(d.scores + 8 * ((n * c.steps + t) * c.width))
            for j in range(thread, count, threads):
                score = double(reals(x + ints(labels)[j] * step)[0])
                aside[j] = (score - taken) + doubles(c.offsets)[ints(c.starts)[n] + j]
                if not score < INFINITE:
                    others += INFINITE - INFINITE
            if c.from_logits == 1:
                for j in range(thread, c.classes, threads):
                    if j != place:
                        others += double(exp_below(reals(x + j * step)[0] - base, shift))
        others = block_sum(shared, thread, others)
        peak = ONE
        if c.from_logits == 1:
            peak = double(exp_below(reals(x + place * step)[0] - base, shift))
        if thread == 0:
            doubles(d.rests)[n * c.steps + t] = log1p(others / peak)
        if c.gradient.array != 0:
            share = doubles(c.factors)[n] / (others + peak)
            scale = real(share)
            for j in range(thread, c.classes, threads):
                slope = real(ZERO)
                if counts and c.from_logits == 1:
                    e = exp_below(reals(x + j * step)[0] - base, shift)
                    slope = real(peak * share) if j == place else e * scale
                reals(g + j * slope_step)[0] = slope

    return steps


@functools.cache
def steps_kernel(dtype: str) -> Any:
    """The kernel of the steps: launched with a block for each step of each sequence."""
    return jit.kernel(_steps_text(dtype), SIGNATURE, (jit.THREADS, 2))


def _walk_text(dtype: str) -> Any:
    words, threads, texts = jit.words_of(dtype), jit.THREADS, state_texts()
    real, double, reals = words["real"], words["double"], words["reals"]
    doubles, ints, join, put = words["doubles"], words["ints"], texts["join"], texts["put"]
    put_value, loss_of = reading.texts_of(dtype)["write"], jit.of_loop(sequence_states.loss_of, "float64")
    mantissa, exponent = jit.typed(scalar.exp_mantissa, "float64"), jit.typed(scalar.exp_exponent, "float64")
    posterior = jit.of_loop(sequence_states.posterior, "float64")

    @jit.jitable
    def bar_of(classes, j):  # type: ignore[no-untyped-def]
        """The exponent of going past the blank before label j."""
        return ZERO if j > 1 and ints(classes)[j] != ints(classes)[j - 1] else NOTHING

    @jit.jitable
    def begin(row, width, thread, at):  # type: ignore[no-untyped-def]
        """A row of states of which only one blank can be."""
        for j in range(thread, width, threads):
            doubles(row)[j] = ONE
            doubles(row)[width + j] = ZERO if j == at else NOTHING
            doubles(row)[2 * width + j] = ONE
            doubles(row)[3 * width + j] = NOTHING

    @jit.jitable
    def step_on(row, following, scores, classes, width, count, thread):  # type: ignore[no-untyped-def]
        blanks = doubles(row)
        y, f = mantissa(doubles(scores)[0]), exponent(doubles(scores)[0])
        for j in range(thread, count, threads):
            label, power = blanks[2 * width + j], blanks[3 * width + j]
            m, e = join(blanks[j], blanks[width + j], label, power)
            put(following, j, width, m, e, y, f)
            if j > 0:
                m, e = join(label, power, blanks[j - 1], blanks[width + j - 1])
                bar = bar_of(classes, j)
                m, e = join(m, e, blanks[2 * width + j - 1], blanks[3 * width + j - 1] + bar)
                d = doubles(scores)[j]
                put(following + 16 * width, j, width, m, e, mantissa(d), exponent(d))
            else:
                doubles(following)[2 * width] = ONE
                doubles(following)[3 * width] = NOTHING

    @jit.jitable
    def step_back(row, ahead, before, scores, classes, width, count, thread, share, power):  # type: ignore[no-untyped-def]
        """The row before what is ahead; its posteriors of labels to a fifth column, the sum of those of the blank."""
        blanks, here = doubles(ahead), doubles(row)
        y, f = mantissa(doubles(scores)[0]), exponent(doubles(scores)[0])
        total = ZERO
        for j in range(thread, count, threads):
            after, after_e = blanks[2 * width + j + 1], blanks[3 * width + j + 1]
            m, e = join(blanks[j], blanks[width + j], after, after_e)
            total += posterior(here[j], here[width + j], m, e, share, power)
            put(before, j, width, m, e, y, f)
            m, e = join(blanks[2 * width + j], blanks[3 * width + j], blanks[j], blanks[width + j])
            m, e = join(m, e, after, after_e + bar_of(classes, j + 1) if j + 1 < count else NOTHING)
            doubles(before)[4 * width + j] = posterior(here[2 * width + j], here[3 * width + j], m, e, share, power)
            d = doubles(scores)[j]
            put(before + 16 * width, j, width, m, e, mantissa(d), exponent(d))
        return total

    @jit.jitable
    def lost(c, d, n, end):  # type: ignore[no-untyped-def]
        """The loss of a sequence, of which `end` has the likelihood; its part of the sum is written."""
        used, loss = ints(c.used)[n], ZERO
        for t in range(used):
            loss += doubles(d.rests)[n * c.steps + t]
        loss = loss_of(loss, end[1], end[2]) if used >= 0 else doubles(c.losses)[n]
        share = doubles(d.shares)[n]
        counted = ZERO if loss == INFINITE and d.zero_infinity == 1 else loss
        partial = doubles(d.partials + 32 * n)
        partial[0] = share * counted if share != ZERO else ZERO
        partial[1] = ONE
        partial[2] = double(NO_COMPLAINT)
        if d.values.array != 0:
            put_value(d.values, n, real(partial[0]))
        return loss

    @jit.jitable
    def take_labels(c, d, n, post, g, thread):  # type: ignore[no-untyped-def]
        """Take the posteriors of labels off the slopes of their classes, a class by the thread of its first label."""
        start = ints(c.starts)[n]
        for j in range(thread if thread > 0 else threads, ints(c.counts)[n] + 1, threads):
            if ints(d.firsts)[start + j] == 1:
                total = ZERO
                i = j
                while i >= 0:
                    total += doubles(post)[i]
                    i = ints(d.nexts)[start + i]
                slope = reals(g + ints(c.labels)[start + j] * c.gradient_strides.entry)
                slope[0] = slope[0] - real(total)

    def walk(c, d):  # type: ignore[no-untyped-def]
        totals = cuda.shared.array(threads, float64)
        end = cuda.shared.array(3, float64)
        thread = int64(cuda.threadIdx.x)
        n = int64(cuda.blockIdx.x)
        steps, width = c.steps, c.width
        used = ints(c.used)[n]
        count = ints(c.counts)[n] + 1
        labels = c.labels + 8 * ints(c.starts)[n]
        scores = d.scores + 8 * n * steps * width
        # a row for each step, one before the first, and two of what is ahead, which have a column more
        rows = d.rows + 8 * n * width * (4 * steps + 14)
        ahead = rows + 32 * width * (steps + 1)
        g = c.gradient.array + n * c.gradient_strides.sequence
        begin(rows, width, thread, 0)
        cuda.syncthreads()
        for t in range(used):
            row = rows + 32 * width * t
            step_on(row, row + 32 * width, scores + 8 * width * t, labels, width, count, thread)
            cuda.syncthreads()
        if thread == 0:
            last = doubles(rows + 32 * width * max(used, used - used))
            label, power = last[2 * width + count - 1], last[3 * width + count - 1]
            end[1], end[2] = join(last[count - 1], last[width + count - 1], label, power)
            end[0] = lost(c, d, n, end)
        cuda.syncthreads()
        loss = end[0]
        if c.gradient.array != 0 and used > 0 and not loss < INFINITE:
            slope = real(ZERO if loss == INFINITE else loss)
            for t in range(used):
                for j in range(thread, c.classes, threads):
                    reals(g + t * c.gradient_strides.step + j * c.gradient_strides.entry)[0] = slope
        elif c.gradient.array != 0 and used > 0:
            share = doubles(c.factors)[n] / end[1]
            begin(ahead, width, thread, count - 1)
            begin(ahead + 40 * width, width, thread, width)
            cuda.syncthreads()
            for k in range(used):
                t = used - 1 - k
                row, aside = rows + 32 * width * (t + 1), scores + 8 * width * t
                one, other = ahead + 40 * width * (k % 2), ahead + 40 * width * ((k + 1) % 2)
                totals[thread] = step_back(row, one, other, aside, labels, width, count, thread, share, end[2])
                cuda.syncthreads()
                at = g + t * c.gradient_strides.step
                take_labels(c, d, n, other + 32 * width, at, thread)
                if thread == 0:
                    total = ZERO
                    for i in range(threads):
                        total += totals[i]
                    slope = reals(at + ints(labels)[0] * c.gradient_strides.entry)
                    slope[0] = slope[0] - real(total)
                cuda.syncthreads()

    return walk


@functools.cache
def walk_kernel(dtype: str) -> Any:
    """The kernel of the sequences: launched with a block for each."""
    return jit.kernel(_walk_text(dtype), SIGNATURE, (jit.THREADS, 1))
