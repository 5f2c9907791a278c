"""The kernels of the ordered family that go pixel by pixel: words of errors before the sort, the gradient at the end.

Their header c is Regions of numloss/loops/headers. Beside it they take addresses and the entries of a region. With
a softmax the gradient holds the probabilities in between.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numba import cuda, int64

from ...loops.codes import SOFTMAX, TARGET_OPERAND
from ...loops.headers import Regions
from . import blocks, jit
from .checks import NO_COMPLAINT, key
from .ordered_texts import word_texts
from .regional_texts import probability_texts, target_texts


def _entry_text() -> Any:
    @jit.jitable
    def entry_of(c, entries, sample, j, i):  # type: ignore[no-untyped-def]
        """Where the entry of class j of a pixel lies among those of all regions."""
        earlier = sample * c.pixels if c.per_sample == 0 else i - i
        return (sample * c.per_sample + j) * entries + earlier + i

    return entry_of


@functools.cache
def words_kernel(activation: int, labelled: bool, dtype: str) -> Any:
    """The kernel of the words, and of the probabilities of a softmax."""
    words, number, threads = jit.words_of(dtype), getattr(np, dtype), jit.THREADS
    reals, close_checks = words["reals"], blocks.block_texts(dtype)["close_checks"]
    texts, pixels, targets = word_texts(dtype), probability_texts(activation, dtype), target_texts(labelled, dtype)
    word_of, put, ignored, entry_of = texts["word_of"], texts["put"], texts["ignored"], _entry_text()
    pred_at, target_at, gradient_at = (pixels[name] for name in ("pred_at", "target_at", "gradient_at"))
    statistics, probability = pixels["statistics"], pixels["probability"]
    label_of, share_of, complaint = targets["label_of"], targets["share_of"], jit.jitable(key)
    zero, one, softmax = number(0.0), number(1.0), activation == SOFTMAX

    @jit.jitable
    def words_of_pixel(c, words, entries, sample, i, first):  # type: ignore[no-untyped-def]
        pixel = sample * c.pixels + i
        x, at, g = pred_at(c, sample, i), target_at(c, sample, i), gradient_at(c, sample, i)
        label, first = label_of(c, pixel, first)
        known = statistics(c, x)
        for j in range(c.classes):
            z, _ = probability(c, x, j, known)
            t, first = share_of(c, at, j, label, pixel, first)
            if t != zero and t != one:
                first = min(first, complaint(pixel, TARGET_OPERAND))
            word = ignored
            if label >= 0 and t > zero:
                word = word_of(one - z, 1)
            elif label >= 0:
                word = word_of(z if softmax else one + z, 0)
            put(words, entry_of(c, entries, sample, j, i), word)
            if softmax and c.gradient.array != 0:
                reals(g + j * c.gradient_steps.classes)[0] = z
        return first

    def ordered_words(c, words, entries, partials):  # type: ignore[no-untyped-def]
        worst = cuda.shared.array(1, int64)
        thread = int64(cuda.threadIdx.x)
        block = int64(cuda.blockIdx.x)
        sample, begin = block // c.parts, block % c.parts * c.block
        first = NO_COMPLAINT
        if thread == 0:
            worst[0] = NO_COMPLAINT
        for i in range(begin + thread, min(begin + c.block, c.pixels), threads):
            first = words_of_pixel(c, words, entries, sample, i, first)
        close_checks(partials, block, thread, worst, first)

    return jit.kernel(ordered_words, (Regions, int64, int64, int64), (jit.THREADS, 2))


@functools.cache
def gradient_kernel(activation: int, labelled: bool, dtype: str) -> Any:
    """The kernel of the gradient, from the slopes of the errors."""
    words, number, threads = jit.words_of(dtype), getattr(np, dtype), jit.THREADS
    real, reals, doubles = words["real"], words["reals"], words["doubles"]
    gradient_at, entry_of = probability_texts(activation, dtype)["gradient_at"], _entry_text()
    label_of, zero, one = target_texts(labelled, dtype)["label_of"], number(0.0), np.float64(1.0)

    @jit.jitable
    def slope_of(c, places, sample, j, i):  # type: ignore[no-untyped-def]
        """Slope of the result by what the error of class j of a pixel was made of."""
        slopes, shares, scale, entries = places
        factor = doubles(shares)[sample * c.per_sample + j] * (one if scale == 0 else doubles(scale)[0])
        # what counts nothing has no slope, whatever its scores are
        return reals(slopes)[entry_of(c, entries, sample, j, i)] * real(factor) if real(factor) != zero else zero

    def ordered_gradient(c, slopes, shares, scale, entries):  # type: ignore[no-untyped-def]
        places = slopes, shares, scale, entries
        block = int64(cuda.blockIdx.x)
        sample, begin = block // c.parts, block % c.parts * c.block
        for i in range(begin + int64(cuda.threadIdx.x), min(begin + c.block, c.pixels), threads):
            g = gradient_at(c, sample, i)
            label, _ = label_of(c, sample * c.pixels + i, NO_COMPLAINT)
            mixed = zero
            if activation == SOFTMAX and label >= 0:
                for j in range(c.classes):
                    slope = slope_of(c, places, sample, j, i)
                    mixed += reals(g + j * c.gradient_steps.classes)[0] * slope if slope != zero else zero
            for j in range(c.classes):
                slope = zero
                if label >= 0:
                    slope = slope_of(c, places, sample, j, i)
                    if activation == SOFTMAX:
                        p = reals(g + j * c.gradient_steps.classes)[0]
                        slope = p * (slope - mixed) if slope != mixed else zero
                reals(g + j * c.gradient_steps.classes)[0] = slope

    return jit.kernel(ordered_gradient, (Regions, *[int64] * 4), (jit.THREADS, 2))
