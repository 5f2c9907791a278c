"""The kernels of the regional family: sums of the blocks, sums of the regions, gradient, and values as they are given.

Their header c is Regions of numloss/loops/headers; what else they read and write are addresses of float64: sums of
the shape (blocks, classes, 3), the sums of each region, and the slopes by these.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from numba import cuda, float64, int32, int64

from ...loops import regional_slopes
from ...loops.codes import SIGMOID, SOFTMAX
from ...loops.headers import Operand, Regions
from . import blocks, jit, reading
from .checks import NO_COMPLAINT
from .regional_texts import probability_texts, target_texts

# Pixels of a thread, of which it keeps what it must know of all classes.
RUN = 4
LANES = 32


def _count_text(activation: int, labelled: bool, dtype: str) -> Any:
    """A thread's share of the sums of a class."""
    number, double = getattr(np, dtype), jit.words_of(dtype)["double"]
    pixels, targets = probability_texts(activation, dtype), target_texts(labelled, dtype)
    pred_at, target_at = pixels["pred_at"], pixels["target_at"]
    probability, share_of = pixels["probability"], targets["share_of"]
    zero, one, softmax, threads = number(0.0), number(1.0), activation == SOFTMAX, jit.THREADS

    @jit.jitable
    def count(c, sample, start, here, j, thread, known, labels, first):  # type: ignore[no-untyped-def]
        """tp, fp and fn of class j over the pixels of a thread, and the first complaint."""
        hit, claim, miss = double(zero), double(zero), double(zero)
        for k in range(thread, here, threads):
            i = start + k
            of_pixel, label = (zero, one, zero), 0
            if softmax:
                of_pixel, label = (known[0, k], known[1, k], known[2, k]), labels[k]
            p, rest = probability(c, pred_at(c, sample, i), j, of_pixel)
            t, first = share_of(c, target_at(c, sample, i), j, label, sample * c.pixels + i, first)
            if label >= 0:
                hit += p * t
                claim += p * (one - t)
                miss += rest * t
        return hit, claim, miss, first

    return count


def _sum_text(dtype: str) -> Any:
    """Adding up the shares of the threads."""
    double, threads = jit.words_of(dtype)["double"], jit.THREADS

    @jit.jitable
    def add_shares(sums, fresh, shares, lanes, thread, hit, claim, miss):  # type: ignore[no-untyped-def]
        """Add what the threads have counted to sums[0..2], in one order; the next call may follow at once."""
        shares[thread] = double(hit)
        shares[threads + thread] = double(claim)
        shares[2 * threads + thread] = double(miss)
        cuda.syncthreads()
        for k in range(thread, 3 * LANES, threads):
            begin = (k // LANES) * threads
            total = shares[begin + k % LANES]
            for other in range(k % LANES + LANES, threads, LANES):
                total += shares[begin + other]
            lanes[k] = total
        cuda.syncthreads()
        if thread < 3:
            total = lanes[LANES * thread]
            for k in range(1, LANES):
                total += lanes[LANES * thread + k]
            sums[thread] = total if fresh else sums[thread] + total

    return add_shares


@functools.cache
def sums_kernel(activation: int, labelled: bool, dtype: str) -> Any:
    """The kernel of the sums of the blocks."""
    words, number, threads = jit.words_of(dtype), getattr(np, dtype), jit.THREADS
    doubles, step = words["doubles"], RUN * jit.THREADS
    close_checks = blocks.block_texts(dtype)["close_checks"]
    pixels, label_of = probability_texts(activation, dtype), target_texts(labelled, dtype)["label_of"]
    pred_at, statistics = pixels["pred_at"], pixels["statistics"]
    count, add_shares, softmax = _count_text(activation, labelled, dtype), _sum_text(dtype), activation == SOFTMAX
    share_places, lane_places = 3 * threads, 3 * LANES
    # only a softmax must know something of all classes of a pixel, and labels come with one
    remembered = step if softmax else 1

    def region_sums(c, sums, partials):  # type: ignore[no-untyped-def]
        shares = cuda.shared.array(share_places, float64)
        lanes = cuda.shared.array(lane_places, float64)
        known = cuda.shared.array((3, remembered), number)
        labels = cuda.shared.array(remembered, int32)
        worst = cuda.shared.array(1, int64)
        thread = int64(cuda.threadIdx.x)
        block = int64(cuda.blockIdx.x)
        sample = block // c.parts
        begin = (block % c.parts) * c.block
        stop = min(begin + c.block, c.pixels)
        first = NO_COMPLAINT
        if thread == 0:
            worst[0] = NO_COMPLAINT
        for start in range(begin, stop, step):
            here = min(stop - start, step)
            if softmax:
                # each thread reads only what it has written itself
                for k in range(thread, here, threads):
                    known[0, k], known[1, k], known[2, k] = statistics(c, pred_at(c, sample, start + k))
                    label, first = label_of(c, sample * c.pixels + start + k, first)
                    labels[k] = label
            for j in range(c.classes):
                hit, claim, miss, first = count(c, sample, start, here, j, thread, known, labels, first)
                of_class = doubles(sums + 24 * (block * c.classes + j))
                add_shares(of_class, start == begin, shares, lanes, thread, hit, claim, miss)
        close_checks(partials, block, thread, worst, first)

    return jit.kernel(region_sums, (Regions, int64, int64), (jit.THREADS, 2))


@functools.cache
def gradient_kernel(activation: int, labelled: bool, dtype: str) -> Any:
    """The kernel of the gradient."""
    words, number, threads = jit.words_of(dtype), getattr(np, dtype), jit.THREADS
    real, reals, doubles = words["real"], words["reals"], words["doubles"]
    pixels, targets = probability_texts(activation, dtype), target_texts(labelled, dtype)
    pred_at, target_at, gradient_at = (pixels[name] for name in ("pred_at", "target_at", "gradient_at"))
    statistics, probability = pixels["statistics"], pixels["probability"]
    label_of, share_of = targets["label_of"], targets["share_of"]
    slope_by_p, zero = jit.of_loop(regional_slopes.slope_by_p, dtype), number(0.0)

    @jit.jitable
    def pull(c, hits, claims, misses, sample, j, t):  # type: ignore[no-untyped-def]
        """Slope of the loss with respect to p of class j where the target is t."""
        at = sample * c.per_sample + j
        hit, claim = real(doubles(hits)[at]), real(doubles(claims)[at])
        return slope_by_p(t, hit - real(doubles(misses)[at]), claim)

    def region_gradient(c, hits, claims, misses):  # type: ignore[no-untyped-def]
        block = int64(cuda.blockIdx.x)
        sample = block // c.parts
        begin = (block % c.parts) * c.block
        for i in range(begin + int64(cuda.threadIdx.x), min(begin + c.block, c.pixels), threads):
            pixel = sample * c.pixels + i
            x, at = pred_at(c, sample, i), target_at(c, sample, i)
            g = gradient_at(c, sample, i)
            label, first = label_of(c, pixel, NO_COMPLAINT)
            known = statistics(c, x)
            mixed = zero
            if activation == SOFTMAX:
                for j in range(c.classes):
                    p, rest = probability(c, x, j, known)
                    t, first = share_of(c, at, j, label, pixel, first)
                    slope = pull(c, hits, claims, misses, sample, j, t)
                    mixed += slope * p if slope != zero else zero
            for j in range(c.classes):
                p, rest = probability(c, x, j, known)
                t, first = share_of(c, at, j, label, pixel, first)
                slope = pull(c, hits, claims, misses, sample, j, t)
                # what counts nothing has no slope, whatever its scores are
                if activation == SOFTMAX:
                    slope = p * (slope - mixed) if slope != mixed else zero
                elif activation == SIGMOID:
                    slope = slope * (p * rest) if slope != zero else zero
                reals(g + j * c.gradient_steps.classes)[0] = slope if label >= 0 else zero

    return jit.kernel(region_gradient, (Regions, int64, int64, int64), (jit.THREADS, 2))


@functools.cache
def totals_kernel() -> Any:
    """The kernel of the sums of the regions; one block of 32 threads for each."""
    words = jit.words_of("float64")
    double, doubles, lane_places = words["double"], words["doubles"], 3 * LANES

    def region_totals(sums, joined, classes, hits, claims, misses):  # type: ignore[no-untyped-def]
        """Add up so many blocks of each region."""
        lanes = cuda.shared.array(lane_places, float64)
        lane = int64(cuda.threadIdx.x)
        region = int64(cuda.blockIdx.x)
        hit, claim, miss = double(0.0), double(0.0), double(0.0)
        begin = region // classes * joined
        for block in range(begin + lane, begin + joined, LANES):
            of_class = doubles(sums + 24 * (block * classes + region % classes))
            hit += of_class[0]
            claim += of_class[1]
            miss += of_class[2]
        lanes[lane] = hit
        lanes[LANES + lane] = claim
        lanes[2 * LANES + lane] = miss
        cuda.syncthreads()
        if lane < 3:
            total = double(0.0)
            for k in range(LANES):
                total += lanes[LANES * lane + k]
            written = hits if lane == 0 else (claims if lane == 1 else misses)
            doubles(written)[region] = total

    return jit.kernel(region_totals, (int64,) * 6, (LANES, 1))


@functools.cache
def values_kernel(dtype: str) -> Any:
    """The kernel that gives unreduced values the dtype of the data."""
    words, threads = jit.words_of(dtype), jit.THREADS
    real, doubles, write = words["real"], words["doubles"], reading.texts_of(dtype)["write"]

    def region_values(o, count, values):  # type: ignore[no-untyped-def]
        """Write so many float64 in the dtype of the data."""
        at = int64(cuda.blockIdx.x) * threads + int64(cuda.threadIdx.x)
        if at < count:
            write(o, at, real(doubles(values)[at]))

    return jit.kernel(region_values, (Operand, int64, int64), (jit.THREADS, 2))


@functools.cache
def pool_kernel() -> Any:
    """The kernel that adds up the regions of each sample; a thread for a sample."""
    doubles, threads = jit.words_of("float64")["doubles"], jit.THREADS

    def pool_regions(hits, claims, misses, weights, hit, claim, miss, samples, classes, power):  # type: ignore[no-untyped-def]
        """Write what each region counts, and the sums of a sample with that."""
        sample = int64(cuda.blockIdx.x) * threads + int64(cuda.threadIdx.x)
        if sample < samples:
            smallest = math.inf
            for j in range(sample * classes, (sample + 1) * classes):
                volume = doubles(hits)[j] + doubles(misses)[j]
                smallest = min(smallest, volume) if volume > 0.0 else smallest
            first, second, third = 0.0, 0.0, 0.0
            for j in range(sample * classes, (sample + 1) * classes):
                volume = doubles(hits)[j] + doubles(misses)[j]
                weight = (smallest / volume) ** power if volume > 0.0 else 1.0
                doubles(weights)[j] = weight
                first += weight * doubles(hits)[j]
                second += weight * doubles(claims)[j]
                third += weight * doubles(misses)[j]
            doubles(hit)[sample] = first
            doubles(claim)[sample] = second
            doubles(miss)[sample] = third

    return jit.kernel(pool_regions, (int64,) * 9 + (float64,), (jit.THREADS, 2))


@functools.cache
def spread_kernel() -> Any:
    """The kernel of the slopes by the sums of each region, from those of a sample; a thread for a region."""
    doubles, threads = jit.words_of("float64")["doubles"], jit.THREADS

    def spread_slopes(weights, hit, claim, miss, hits, claims, misses, count, classes):  # type: ignore[no-untyped-def]
        """Multiply the slopes of a sample by what each of its regions counts."""
        at = int64(cuda.blockIdx.x) * threads + int64(cuda.threadIdx.x)
        if at < count:
            weight = doubles(weights)[at]
            doubles(hits)[at] = weight * doubles(hit)[at // classes]
            doubles(claims)[at] = weight * doubles(claim)[at // classes]
            doubles(misses)[at] = weight * doubles(miss)[at // classes]

    return jit.kernel(spread_slopes, (int64,) * 9, (jit.THREADS, 2))
