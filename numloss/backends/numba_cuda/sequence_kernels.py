"""The kernels of the sequence family: a block of threads for each step of each sequence, then one for each sequence.

The first kernel takes the softmax of each step, writes it to the gradient, and puts the scores of the labels aside.
The second walks along a sequence and back, a thread for each label, and takes the posteriors off the gradient. States
are as in numloss/loops/sequence.py, but all of them are kept. Header of the problem c, in integers:

    0 steps   1 sequences   2 classes   3 pred are logits (1) or log-probabilities (0)   4 there is a gradient
    5 entries of a column of states   6 pred   10 gradient: address, bytes from step to step, sequence to sequence,
    class to class   14 values: an operand over the sequences, or zeros   17 address of the partial results
    addresses of tables, on the device, of a number for each sequence: 18 steps, -1 if only zeros are written
    19 labels   20 where its blank and labels begin   21 what slopes are multiplied by   22 what its loss is multiplied
    by in the sum   23 its loss if it is not computed
    24 blanks and labels   25 where each of them comes next in its sequence, or -1   26 1 where it comes first
    27 scores of the labels, less what is taken off   28 the logarithm of their sum   29 rows of states: all float64
    30 a loss of inf is 0
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numba import cuda, float64, int64, types

from ... import scalar
from ...loops import rowwise_parts
from . import jit, reading
from .elementwise_codegen import NO_COMPLAINT

PRED, GRADIENT, VALUES, PARTIALS = 6, 10, 14, 17
USED, COUNTS, STARTS, FACTORS, SHARES, LOSSES = 18, 19, 20, 21, 22, 23
CLASSES, NEXTS, FIRSTS, SCORES, RESTS, STATES = 24, 25, 26, 27, 28, 29
INTEGERS = 31
NOTHING = np.float64(-(2.0**52))
ZERO, ONE, INFINITE, LEAST = np.float64(0.0), np.float64(1.0), np.float64(np.inf), np.float64(-1000.0)


def state_texts() -> dict[str, Any]:
    """Probabilities as a mantissa and an exponent: sums and products of two."""
    doubles = jit.words_of("float64")["doubles"]
    primitives = jit.words_of("float64")
    exponent_of, mantissa_of = primitives["exponent_of"], primitives["mantissa_of"]
    ratio_of = jit.typed(scalar.ratio_of, "float64")

    @jit.jitable
    def join(m, e, other, f):  # type: ignore[no-untyped-def]
        top = e if e > f else f
        return m * ratio_of(e - top) + other * ratio_of(f - top), top

    @jit.jitable
    def put(row, at, width, m, e, y, f):  # type: ignore[no-untyped-def]
        """Write a product to a column of mantissas and the next of exponents, renewed."""
        product = m * y
        power = e + f + exponent_of(product)
        doubles(row)[at] = mantissa_of(product)
        doubles(row)[width + at] = power if power > NOTHING else NOTHING

    return {"join": join, "put": put, "ratio_of": ratio_of}


def _steps_text(dtype: str) -> Any:
    words, number, threads = jit.words_of(dtype), getattr(np, dtype), jit.THREADS
    real, double, reals = words["real"], words["double"], words["reals"]
    doubles, ints = words["doubles"], words["ints"]
    exp_below, round_shift = jit.typed(scalar.exp_below, dtype), jit.typed(scalar.round_shift, dtype)
    base_of, log1p = jit.typed(rowwise_parts.base_of, dtype), jit.typed(scalar.log1p, "float64")
    lowest = number(-np.inf)

    def steps(c):  # type: ignore[no-untyped-def]
        totals = cuda.shared.array(threads, float64)
        tops = cuda.shared.array(threads, float64)
        places = cuda.shared.array(threads, int64)
        thread = int64(cuda.threadIdx.x)
        t = int64(cuda.blockIdx.x) // c[1]
        n = int64(cuda.blockIdx.x) % c[1]
        used = ints(c[USED])[n]
        count = ints(c[COUNTS])[n] + 1
        classes = c[CLASSES] + 8 * ints(c[STARTS])[n]
        x = c[PRED] + t * c[PRED + 1] + n * c[PRED + 2]
        g = c[GRADIENT] + t * c[GRADIENT + 1] + n * c[GRADIENT + 2]
        step, slope_step = c[PRED + 3], c[GRADIENT + 3]
        counts = t < used
        top = lowest
        place = thread - thread
        if counts and c[3] == 1:
            for j in range(thread, c[2], threads):
                score = reals(x + j * step)[0]
                if score > top:
                    top = score
                    place = j
        tops[thread] = double(top)
        places[thread] = place
        cuda.syncthreads()
        if thread == 0:
            for k in range(1, threads):
                if tops[k] > tops[0]:
                    tops[0] = tops[k]
                    places[0] = places[k]
        cuda.syncthreads()
        top = real(tops[0])
        place = places[0]
        base = base_of(top)
        shift = round_shift(top - base)
        others = ZERO
        if counts:
            taken = tops[0] if c[3] == 1 else ZERO
            aside = c[SCORES] + 8 * ((n * c[0] + t) * c[5])
            for j in range(thread, count, threads):
                score = double(reals(x + ints(classes)[j] * step)[0])
                doubles(aside)[j] = score - taken
                if not score < INFINITE:
                    others += INFINITE - INFINITE
            if c[3] == 1:
                for j in range(thread, c[2], threads):
                    if j != place:
                        others += double(exp_below(reals(x + j * step)[0] - base, shift))
        totals[thread] = others
        cuda.syncthreads()
        peak = ONE
        if c[3] == 1:
            peak = double(exp_below(reals(x + place * step)[0] - base, shift))
        if thread == 0:
            for k in range(1, threads):
                totals[0] += totals[k]
            doubles(c[RESTS])[n * c[0] + t] = log1p(totals[0] / peak)
        cuda.syncthreads()
        if c[4] == 1:
            share = doubles(c[FACTORS])[n] / (totals[0] + peak)
            scale = real(share)
            for j in range(thread, c[2], threads):
                slope = real(ZERO)
                if counts and c[3] == 1:
                    e = exp_below(reals(x + j * step)[0] - base, shift)
                    slope = real(peak * share) if j == place else e * scale
                reals(g + j * slope_step)[0] = slope

    return steps


@functools.cache
def steps_kernel(dtype: str) -> Any:
    """The kernel of the steps: launched with a block for each step of each sequence."""
    return jit.kernel(_steps_text(dtype), (types.UniTuple(int64, INTEGERS),), (jit.THREADS, 2))


def _walk_text(dtype: str) -> Any:
    words, threads = jit.words_of(dtype), jit.THREADS
    real, double, reals = words["real"], words["double"], words["reals"]
    doubles, ints = words["doubles"], words["ints"]
    write = reading.operand_texts(words, jit.jitable)["write"]
    texts = state_texts()
    join, put, ratio_of = texts["join"], texts["put"], texts["ratio_of"]
    mantissa, exponent = jit.typed(scalar.exp_mantissa, "float64"), jit.typed(scalar.exp_exponent, "float64")
    log, log_2 = jit.typed(scalar.log, "float64"), np.float64(np.log(2.0))

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
    def weigh(m, e, other, f, share, power):  # type: ignore[no-untyped-def]
        """A posterior, times what makes a slope of it."""
        left = e + f - power
        return m * other * share * ratio_of(left) if left > LEAST else ZERO

    @jit.jitable
    def step_back(row, ahead, before, scores, classes, width, count, thread, share, power):  # type: ignore[no-untyped-def]
        """The row before what is ahead; its posteriors of labels to a fifth column, the sum of those of the blank."""
        blanks, here = doubles(ahead), doubles(row)
        y, f = mantissa(doubles(scores)[0]), exponent(doubles(scores)[0])
        total = ZERO
        for j in range(thread, count, threads):
            after, after_e = blanks[2 * width + j + 1], blanks[3 * width + j + 1]
            m, e = join(blanks[j], blanks[width + j], after, after_e)
            total += weigh(here[j], here[width + j], m, e, share, power)
            put(before, j, width, m, e, y, f)
            m, e = join(blanks[2 * width + j], blanks[3 * width + j], blanks[j], blanks[width + j])
            m, e = join(m, e, after, after_e + bar_of(classes, j + 1) if j + 1 < count else NOTHING)
            doubles(before)[4 * width + j] = weigh(here[2 * width + j], here[3 * width + j], m, e, share, power)
            d = doubles(scores)[j]
            put(before + 16 * width, j, width, m, e, mantissa(d), exponent(d))
        return total

    def walk(c):  # type: ignore[no-untyped-def]
        totals = cuda.shared.array(threads, float64)
        end = cuda.shared.array(3, float64)
        thread = int64(cuda.threadIdx.x)
        n = int64(cuda.blockIdx.x)
        steps, width = c[0], c[5]
        used = ints(c[USED])[n]
        count = ints(c[COUNTS])[n] + 1
        classes = c[CLASSES] + 8 * ints(c[STARTS])[n]
        scores = c[SCORES] + 8 * n * steps * width
        # a row for each step, one before the first, and two of what is ahead, which have a column more
        rows = c[STATES] + 8 * n * width * (4 * steps + 14)
        ahead = rows + 32 * width * (steps + 1)
        g = c[GRADIENT] + n * c[GRADIENT + 2]
        begin(rows, width, thread, 0)
        cuda.syncthreads()
        for t in range(used):
            row = rows + 32 * width * t
            step_on(row, row + 32 * width, scores + 8 * width * t, classes, width, count, thread)
            cuda.syncthreads()
        if thread == 0:
            last = doubles(rows + 32 * width * max(used, used - used))
            label, power = last[2 * width + count - 1], last[3 * width + count - 1]
            m, e = join(last[count - 1], last[width + count - 1], label, power)
            loss = ZERO
            for t in range(used):
                loss += doubles(c[RESTS])[n * steps + t]
            if loss == loss:
                loss = INFINITE if e + e < NOTHING else loss - (log(m) + e * log_2)
            end[0] = loss if used >= 0 else doubles(c[LOSSES])[n]
            end[1] = m
            end[2] = e
            loss = end[0]
            share = doubles(c[SHARES])[n]
            if loss == INFINITE and c[30] == 1:
                loss = ZERO
            partial = doubles(c[PARTIALS] + 32 * n)
            partial[0] = share * loss if share > ZERO else ZERO
            partial[1] = ONE
            partial[2] = double(NO_COMPLAINT)
            if c[VALUES] != 0:
                write(c[VALUES], c[VALUES + 2], n, real(partial[0]))
        cuda.syncthreads()
        loss = end[0]
        if c[4] == 1 and used > 0 and not loss < INFINITE:
            slope = real(ZERO if loss == INFINITE else loss)
            for t in range(used):
                for j in range(thread, c[2], threads):
                    reals(g + t * c[GRADIENT + 1] + j * c[GRADIENT + 3])[0] = slope
        elif c[4] == 1 and used > 0:
            share = doubles(c[FACTORS])[n] / end[1]
            begin(ahead, width, thread, count - 1)
            begin(ahead + 40 * width, width, thread, width)
            cuda.syncthreads()
            for k in range(used):
                t = used - 1 - k
                row, aside = rows + 32 * width * (t + 1), scores + 8 * width * t
                one, other = ahead + 40 * width * (k % 2), ahead + 40 * width * ((k + 1) % 2)
                totals[thread] = step_back(row, one, other, aside, classes, width, count, thread, share, end[2])
                cuda.syncthreads()
                at = g + t * c[GRADIENT + 1]
                for j in range(thread if thread > 0 else threads, count, threads):
                    if ints(c[FIRSTS])[ints(c[STARTS])[n] + j] == 1:
                        total = ZERO
                        i = j
                        while i >= 0:
                            total += doubles(other)[4 * width + i]
                            i = ints(c[NEXTS])[ints(c[STARTS])[n] + i]
                        slope = reals(at + ints(classes)[j] * c[GRADIENT + 3])
                        slope[0] = slope[0] - real(total)
                if thread == 0:
                    total = ZERO
                    for i in range(threads):
                        total += totals[i]
                    slope = reals(at + ints(classes)[0] * c[GRADIENT + 3])
                    slope[0] = slope[0] - real(total)
                cuda.syncthreads()

    return walk


@functools.cache
def walk_kernel(dtype: str) -> Any:
    """The kernel of the sequences: launched with a block for each."""
    return jit.kernel(_walk_text(dtype), (types.UniTuple(int64, INTEGERS),), (jit.THREADS, 1))
