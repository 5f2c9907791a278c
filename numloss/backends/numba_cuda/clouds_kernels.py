"""The kernels of the clouds family: a block of threads works on a point with all of another cloud, or on a sample.

Potentials, sums and slopes are float64. Headers are in clouds_texts.py.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import cuda, float64, int64

from ... import scalar
from ...loops.codes import UNWEIGHTED, WEIGHT_OPERAND, WEIGHTED
from ...loops.headers import Double, Header, Int, Operand
from . import blocks, jit, reading
from .checks import NO_COMPLAINT
from .clouds_texts import Points, Walked, pair_texts

# Squares of entries beyond these lose something: points are brought near to 1 by their unit.
ORDINARY = {"float32": (2.0**-40, 2.0**40), "float64": (2.0**-400, 2.0**400)}


@dataclass
class Begun(Header):
    """Two clouds of so many points, and addresses of what is found of each sample: its unit, what it counts with, the
    rate of its plan, and whether that is settled.

    rate: that at the end; first: the least that it begins with, 0 if it is the last; p: of the costs.
    """

    rows: Int
    columns: Int
    entries: Int
    units: Int
    counts: Int
    rates: Int
    settled: Int
    weighted: Int
    rate: Double
    first: Double
    p: Double
    weight: Operand


@dataclass
class Advanced(Header):
    """A plan after a step of so many: what its potentials are, what the sums of rows differ by, and its masses."""

    rows: Int
    columns: Int
    rates: Int
    settled: Int
    done: Int
    errors: Int
    masses: Int
    potentials: Int
    others: Int
    iterations: Int
    rate: Double
    tolerance: Double
    faster: Double


@dataclass
class Gathered(Header):
    """What is added to the loss of each sample: a constant, and a factor times the sum of numbers of its points, times
    their masses unless these are absent."""

    points: Int
    losses: Int
    numbers: Int
    masses: Int
    factor: Double
    constant: Double


@dataclass
class Ended(Header):
    """Losses of samples, so many a block, what they count with, and where they go."""

    samples: Int
    block: Int
    losses: Int
    weighted: Int
    weight: Operand
    values: Operand


@functools.cache
def beginning_kernel(dtype: str) -> Any:
    """The unit of a sample, its weight, and where its plan begins; a block each."""
    words, threads = jit.words_of(dtype), jit.THREADS
    double, doubles, ints, reals = (words[k] for k in ("double", "doubles", "ints", "reals"))
    block_top, read = blocks.sum_texts()["block_top"], reading.texts_of(dtype)["read"]
    wide = jit.words_of("float64")
    sqrt, exponent_of, power_of_two = (wide[k] for k in ("sqrt", "exponent_of", "power_of_two"))
    least, most = map(np.float64, ORDINARY[dtype])
    zero, half, one, infinite, magic = map(np.float64, (0.0, 0.5, 1.0, np.inf, 6755399441055744.0 + 1023.0))
    number_one = getattr(np, dtype)(1.0)

    @jit.jitable
    def tops_of(x, sample, points, k, thread):  # type: ignore[no-untyped-def]
        """The largest entry that a thread sees, and of what is below 0 the largest."""
        high, low = -infinite, -infinite
        for row in range(thread, points, threads):
            value = double(reals(x.address + sample * x.sample + row * x.down + k * x.across)[0])
            high, low = max(high, value), max(low, -value)
        return high, low

    def beginning(c, x, y):  # type: ignore[no-untyped-def]
        shared = cuda.shared.array(threads, float64)
        thread = int64(cuda.threadIdx.x)
        sample = int64(cuda.blockIdx.x)
        top, spans = zero, zero
        for k in range(c.entries):
            high, low = tops_of(x, sample, c.rows, k, thread)
            other_high, other_low = tops_of(y, sample, c.columns, k, thread)
            high = block_top(shared, thread, max(high, other_high))
            low = block_top(shared, thread, max(low, other_low))
            top = max(top, max(high, low))
            spans += (high + low) * (high + low)
        if thread == 0:
            unit = one
            if top > zero and top < infinite and (top < least or top > most):
                unit = power_of_two(magic + exponent_of(top))
            doubles(c.units)[sample] = unit
            count = number_one
            if c.weighted != UNWEIGHTED:
                count = read(c.weight, number_one, sample)
            doubles(c.counts)[sample] = double(count)
            if c.rates != 0:
                largest = sqrt(spans) if c.p == 1.0 else half * spans
                rate = c.rate
                if c.first > zero and largest < infinite and largest * rate > one:
                    rate = max(one / largest, c.first)
                doubles(c.rates)[sample] = rate
                ints(c.settled)[sample] = 0

    return jit.kernel(beginning, (jit.header_type(Begun, "float64", {}), Points, Points), (jit.THREADS, 2))


@functools.cache
def walking_kernel(law: Any, count: int, dtype: str, mode: int) -> Any:
    """The law of a point with all others, added up, and its gradient; a block each."""
    words, number, threads = jit.words_of(dtype), getattr(np, dtype), jit.THREADS
    real, double, doubles, reals = (words[k] for k in ("real", "double", "doubles", "reals"))
    block_sum = blocks.sum_texts()["block_sum"]
    squared_of, law_of = pair_texts(law, count, dtype)
    exp, zero, nothing, one = jit.typed(scalar.exp, dtype), number(0.0), np.float64(0.0), np.float64(1.0)

    def walking(c, x, y):  # type: ignore[no-untyped-def]
        shared = cuda.shared.array(threads, float64)
        pulls = cuda.shared.array(threads, number)
        thread = int64(cuda.threadIdx.x)
        sample, row = int64(cuda.blockIdx.x) // c.rows, int64(cuda.blockIdx.x) % c.rows
        at = sample * c.rows + row
        inverse = real(one / doubles(c.units)[sample])
        total, factor = nothing, double(c.factor) * doubles(c.counts)[sample]
        if c.plan != 0:
            factor *= doubles(c.masses)[at]
        for first in range(0, c.columns, threads):
            column = first + thread
            pull = zero
            if column < c.columns and not (c.own != 0 and column == row):
                value, pull = law_of(c, sample, squared_of(c, x, y, sample, row, column))
                if c.plan != 0:
                    near = doubles(c.potentials)[at] + doubles(c.others)[sample * c.columns + column]
                    near -= double(value) * doubles(c.rates)[sample]
                    value = exp(real(near)) * real(doubles(c.other_masses)[sample * c.columns + column])
                    pull *= value
                total += double(value)
            if mode > 0 and factor != nothing:
                pulls[thread] = pull
                cuda.syncthreads()
                for k in range(thread, c.entries, threads):
                    own = reals(x.address + sample * x.sample + row * x.down + k * x.across)[0] * inverse
                    added = nothing
                    for j in range(min(threads, c.columns - first)):
                        place = y.address + sample * y.sample + (first + j) * y.down + k * y.across
                        added += double(pulls[j] * (own - reals(place)[0] * inverse))
                    doubles(c.slopes)[at * c.entries + k] += factor * added
                cuda.syncthreads()
        total = block_sum(shared, thread, total)
        if thread == 0:
            doubles(c.sums)[at] = total

    return jit.kernel(walking, (jit.header_type(Walked, "float64", {}), Points, Points), (jit.THREADS, 2))


@functools.cache
def stepping_kernel(law: Any, count: int, dtype: str) -> Any:
    """The new potential of a point, and by how much the sum of its plan differed from 1; a block each."""
    words, threads = jit.words_of(dtype), jit.THREADS
    real, double, doubles, ints = (words[k] for k in ("real", "double", "doubles", "ints"))
    block_sum, block_top = (blocks.sum_texts()[k] for k in ("block_sum", "block_top"))
    squared_of, law_of = pair_texts(law, count, dtype)
    exp = jit.typed(scalar.exp, dtype)
    wide_exp, log = (jit.typed(word, "float64") for word in (scalar.exp, scalar.log))
    zero, one, two, three, lowest = map(np.float64, (0.0, 1.0, 2.0, 3.0, -np.inf))

    def stepping(c, x, y):  # type: ignore[no-untyped-def]
        shared = cuda.shared.array(threads, float64)
        thread = int64(cuda.threadIdx.x)
        sample, row = int64(cuda.blockIdx.x) // c.rows, int64(cuda.blockIdx.x) % c.rows
        at = sample * c.rows + row
        if ints(c.settled)[sample] == 0:
            top, total = lowest, zero
            for column in range(thread, c.columns, threads):
                mass = doubles(c.other_masses)[sample * c.columns + column]
                if mass != zero:
                    value, _ = law_of(c, sample, squared_of(c, x, y, sample, row, column))
                    place = doubles(c.others)[sample * c.columns + column] - double(value) * doubles(c.rates)[sample]
                    if place > top:
                        total = total * double(exp(real(top - place))) + mass
                        top = place
                    else:
                        total += mass * double(exp(real(place - top)))
            largest = block_top(shared, thread, top)
            part = zero if total == zero else total * double(exp(real(top - largest)))
            total = block_sum(shared, thread, part)
            if thread == 0:
                before, found = doubles(c.potentials)[at], -(largest + log(total))
                doubles(c.updated)[at] = (before + two * found) / three if c.partly != 0 else found
                apart = wide_exp(before - found) - one
                doubles(c.sums)[at] = -apart if apart < zero else apart

    return jit.kernel(stepping, (jit.header_type(Walked, "float64", {}), Points, Points), (jit.THREADS, 2))


@functools.cache
def advancing_kernel() -> Any:
    """Whether a plan is settled, and the rate of its next step; a block each sample."""
    words, threads = jit.words_of("float64"), jit.THREADS
    doubles, ints, block_sum = words["doubles"], words["ints"], blocks.sum_texts()["block_sum"]
    zero = np.float64(0.0)

    def advancing(c):  # type: ignore[no-untyped-def]
        shared = cuda.shared.array(threads, float64)
        thread = int64(cuda.threadIdx.x)
        sample = int64(cuda.blockIdx.x)
        apart = zero
        for row in range(thread, c.rows, threads):
            apart += doubles(c.masses)[sample * c.rows + row] * doubles(c.errors)[sample * c.rows + row]
        apart = block_sum(shared, thread, apart)
        rate = doubles(c.rates)[sample]
        there = ints(c.settled)[sample] == 0 and rate == c.rate
        faster = min(c.rate, rate * c.faster)
        cuda.syncthreads()
        for row in range(thread, c.rows, threads):
            doubles(c.potentials)[sample * c.rows + row] *= faster / rate
        if c.others != c.potentials:
            for column in range(thread, c.columns, threads):
                doubles(c.others)[sample * c.columns + column] *= faster / rate
        if thread == 0:
            doubles(c.rates)[sample] = faster
            if there:
                ints(c.done)[sample] += 1
                if not apart > c.tolerance or ints(c.done)[sample] >= c.iterations:
                    ints(c.settled)[sample] = 1

    return jit.kernel(advancing, (jit.header_type(Advanced, "float64", {}),), (jit.THREADS, 2))


@functools.cache
def gathering_kernel() -> Any:
    """A part of the loss of a sample; a block each."""
    words, threads = jit.words_of("float64"), jit.THREADS
    doubles, block_sum, zero = words["doubles"], blocks.sum_texts()["block_sum"], np.float64(0.0)

    def gathering(c):  # type: ignore[no-untyped-def]
        shared = cuda.shared.array(threads, float64)
        thread = int64(cuda.threadIdx.x)
        sample = int64(cuda.blockIdx.x)
        total = zero
        for point in range(thread, c.points, threads):
            at = sample * c.points + point
            number = doubles(c.numbers)[at]
            total += number * doubles(c.masses)[at] if c.masses != 0 else number
        total = block_sum(shared, thread, total)
        if thread == 0:
            doubles(c.losses)[sample] += c.constant + c.factor * total

    return jit.kernel(gathering, (jit.header_type(Gathered, "float64", {}),), (jit.THREADS, 2))


@functools.cache
def clearing_kernel() -> Any:
    """So many doubles become 0; a thread each."""
    doubles, threads, zero = jit.words_of("float64")["doubles"], jit.THREADS, np.float64(0.0)

    def clearing(count, numbers):  # type: ignore[no-untyped-def]
        at = int64(cuda.blockIdx.x) * threads + int64(cuda.threadIdx.x)
        if at < count:
            doubles(numbers)[at] = zero

    return jit.kernel(clearing, (int64, int64), (jit.THREADS, 2))


@functools.cache
def taking_kernel() -> Any:
    """So many doubles are those of another array, unless they were; a thread each."""
    doubles, threads = jit.words_of("float64")["doubles"], jit.THREADS

    def taking(count, numbers, taken):  # type: ignore[no-untyped-def]
        at = int64(cuda.blockIdx.x) * threads + int64(cuda.threadIdx.x)
        if at < count:
            doubles(taken)[at] = doubles(numbers)[at]

    return jit.kernel(taking, (int64, int64, int64), (jit.THREADS, 2))


@functools.cache
def delivering_kernel(dtype: str) -> Any:
    """Slopes times a scale, whose address may be 0, become the gradient; a thread each."""
    words, threads, one = jit.words_of(dtype), jit.THREADS, np.float64(1.0)
    real, reals, doubles = words["real"], words["reals"], words["doubles"]

    def delivering(count, points, entries, slopes, scale, gradient):  # type: ignore[no-untyped-def]
        at = int64(cuda.blockIdx.x) * threads + int64(cuda.threadIdx.x)
        if at < count:
            k, row = at % entries, at // entries
            place = gradient.address + row // points * gradient.sample + row % points * gradient.down
            factor = one if scale == 0 else doubles(scale)[0]
            reals(place + k * gradient.across)[0] = real(doubles(slopes)[at] * factor)

    return jit.kernel(delivering, (*[int64] * 5, Points), (jit.THREADS, 2))


@functools.cache
def ending_kernel(dtype: str) -> Any:
    """The sum of the losses of samples, and of what they count with."""
    words, number, threads = jit.words_of(dtype), getattr(np, dtype), jit.THREADS
    real, double, doubles = words["real"], words["double"], words["doubles"]
    read, write = (reading.texts_of(dtype)[name] for name in ("read", "write"))
    within, close_block = (blocks.block_texts(dtype)[name] for name in ("within", "close_block"))
    zero, one, infinite, nothing = number(0.0), number(1.0), number(np.inf), np.float64(0.0)

    def ending(c, partials):  # type: ignore[no-untyped-def]
        totals = cuda.shared.array(threads, float64)
        weights = cuda.shared.array(threads, float64)
        worst = cuda.shared.array(1, int64)
        thread = int64(cuda.threadIdx.x)
        first, total, weight = NO_COMPLAINT, nothing, nothing
        if thread == 0:
            worst[0] = NO_COMPLAINT
        start = int64(cuda.blockIdx.x) * c.block
        for sample in range(start + thread, min(start + c.block, c.samples), threads):
            w = one
            if c.weighted != UNWEIGHTED:
                w = read(c.weight, zero, sample)
            if c.weighted == WEIGHTED:
                first = within(w, zero, infinite, sample, WEIGHT_OPERAND, first)
            value = double(w) * doubles(c.losses)[sample] if w != zero else nothing
            weight += double(w)
            total += value
            if c.values.array != 0:
                write(c.values, sample, real(value))
        totals[thread] = total
        weights[thread] = weight
        close_block(partials, cuda.blockIdx.x, threads, thread, totals, weights, worst, first)

    return jit.kernel(ending, (Ended, int64), (jit.THREADS, 2))
