"""The kernels of the ordered family that go pixel by pixel: words of errors before the sort, the gradient at the end.

The header is that of regional_texts.py, where 29 is the address of what regions count, 30 that of the scale, or 0, 31
the entries of a region and 32 regions from one sample to the next, 0 if a region is a class of all samples; 0 is the
address of the words, then of the slopes. With a softmax the gradient holds the probabilities in between.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numba import cuda, int64, types

from . import blocks, jit
from .elementwise_codegen import NO_COMPLAINT, key
from .ordered_texts import word_texts
from .regional_texts import (
    BAD_TARGET,
    GRADIENT,
    INTEGERS,
    PRED,
    SLOPES,
    SOFTMAX,
    TARGET,
    probability_texts,
    target_texts,
)

COUNTS, SCALE, ENTRIES, STEP = SLOPES, SLOPES + 1, SLOPES + 2, SLOPES + 3


def _entry_text() -> Any:
    @jit.jitable
    def entry_of(c, sample, j, i):  # type: ignore[no-untyped-def]
        """Where the entry of class j of a pixel lies among those of all regions."""
        earlier = sample * c[4] if c[STEP] == 0 else i - i
        return (sample * c[STEP] + j) * c[ENTRIES] + earlier + i

    return entry_of


def _words_text(activation: int, labelled: bool, dtype: str) -> Any:
    words, number, threads = jit.words_of(dtype), getattr(np, dtype), jit.THREADS
    reals, close_checks = words["reals"], blocks.block_texts(dtype)["close_checks"]
    texts, pixels, targets = word_texts(dtype), probability_texts(activation, dtype), target_texts(labelled, dtype)
    word_of, put, ignored, entry_of = texts["word_of"], texts["put"], texts["ignored"], _entry_text()
    pixel_of, statistics, probability = pixels["pixel_of"], pixels["statistics"], pixels["probability"]
    label_of, share_of, complaint = targets["label_of"], targets["share_of"], jit.jitable(key)
    zero, one, softmax = number(0.0), number(1.0), activation == SOFTMAX

    @jit.jitable
    def words_of_pixel(c, sample, i, first):  # type: ignore[no-untyped-def]
        pixel = sample * c[4] + i
        x, at, g = pixel_of(c, PRED, sample, i), pixel_of(c, TARGET, sample, i), pixel_of(c, GRADIENT, sample, i)
        label, first = label_of(c, pixel, first)
        known = statistics(c, x)
        for j in range(c[5]):
            z, _ = probability(c, x, j, known)
            t, first = share_of(c, at, j, label, pixel, first)
            if t != zero and t != one:
                first = min(first, complaint(pixel, BAD_TARGET))
            word = ignored
            if label >= 0 and t > zero:
                word = word_of(one - z, 1)
            elif label >= 0:
                word = word_of(z if softmax else one + z, 0)
            put(c[0], entry_of(c, sample, j, i), word)
            if softmax and c[GRADIENT] != 0:
                reals(g + j * c[GRADIENT + 3])[0] = z
        return first

    def ordered_words(c):  # type: ignore[no-untyped-def]
        worst = cuda.shared.array(1, int64)
        thread = int64(cuda.threadIdx.x)
        block = int64(cuda.blockIdx.x)
        sample, begin = block // c[3], block % c[3] * c[1]
        first = NO_COMPLAINT
        if thread == 0:
            worst[0] = NO_COMPLAINT
        for i in range(begin + thread, min(begin + c[1], c[4]), threads):
            first = words_of_pixel(c, sample, i, first)
        close_checks(c[2], block, thread, worst, first)

    return ordered_words


@functools.cache
def words_kernel(activation: int, labelled: bool, dtype: str) -> Any:
    """The kernel of the words, and of the probabilities of a softmax."""
    text = _words_text(activation, labelled, dtype)
    return jit.kernel(text, (types.UniTuple(int64, INTEGERS),), (jit.THREADS, 2))


def _gradient_text(activation: int, labelled: bool, dtype: str) -> Any:
    words, number, threads = jit.words_of(dtype), getattr(np, dtype), jit.THREADS
    real, reals, doubles = words["real"], words["reals"], words["doubles"]
    pixel_of, entry_of = probability_texts(activation, dtype)["pixel_of"], _entry_text()
    label_of, zero, one = target_texts(labelled, dtype)["label_of"], number(0.0), np.float64(1.0)

    @jit.jitable
    def slope_of(c, sample, j, i):  # type: ignore[no-untyped-def]
        """Slope of the result by what the error of class j of a pixel was made of."""
        scale = one if c[SCALE] == 0 else doubles(c[SCALE])[0]
        factor = real(doubles(c[COUNTS])[sample * c[STEP] + j] * scale)
        return reals(c[0])[entry_of(c, sample, j, i)] * factor

    def ordered_gradient(c):  # type: ignore[no-untyped-def]
        block = int64(cuda.blockIdx.x)
        sample, begin = block // c[3], block % c[3] * c[1]
        for i in range(begin + int64(cuda.threadIdx.x), min(begin + c[1], c[4]), threads):
            g = pixel_of(c, GRADIENT, sample, i)
            label, _ = label_of(c, sample * c[4] + i, NO_COMPLAINT)
            mixed = zero
            if activation == SOFTMAX and label >= 0:
                for j in range(c[5]):
                    mixed += reals(g + j * c[GRADIENT + 3])[0] * slope_of(c, sample, j, i)
            for j in range(c[5]):
                slope = zero
                if label >= 0:
                    slope = slope_of(c, sample, j, i)
                    if activation == SOFTMAX:
                        slope = reals(g + j * c[GRADIENT + 3])[0] * (slope - mixed)
                reals(g + j * c[GRADIENT + 3])[0] = slope

    return ordered_gradient


@functools.cache
def gradient_kernel(activation: int, labelled: bool, dtype: str) -> Any:
    """The kernel of the gradient, from the slopes of the errors."""
    text = _gradient_text(activation, labelled, dtype)
    return jit.kernel(text, (types.UniTuple(int64, INTEGERS),), (jit.THREADS, 2))
