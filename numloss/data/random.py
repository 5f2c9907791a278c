"""Random numbers as pure functions of their seeds: there is no generator whose state could be lost.

They are made from the raw words of a counter-based generator, whose stream NumPy keeps the same in every version;
the methods of numpy.random.Generator carry no such promise.
"""

from __future__ import annotations

from typing import Any

import numpy as np

# Streams below these belong to the epochs; nothing else may share their words.
SPLIT_STREAM = 1 << 32
VALIDATION_STREAM = SPLIT_STREAM + 1
# Files that are split one by one have so many streams each.
PIECE_STREAMS = 2
WEIGHT_STREAMS = 2 << 32
# Dropout draws from a stream for each layer and step.
DROPOUT_STREAMS = 3 << 32
# Augmentation draws from a stream for each step.
AUGMENT_STREAMS = 1 << 62
# The order of rows draws from a stream for each logical shard with rows of its own, and epoch.
SHARD_STREAMS = 1 << 63
# Words that the generator makes for each value of its counter.
WORDS_AT_ONCE = 4


def words(count: int, seed: int, stream: int, first: int = 0) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """So many random 64-bit words from the one numbered `first`; each pair of a seed and a stream has its own."""
    jumped, left = divmod(first, WORDS_AT_ONCE)
    raw = np.random.Philox(key=np.array([seed, stream], dtype=np.uint64), counter=jumped).random_raw(left + count)
    return np.asarray(raw, dtype=np.uint64).reshape(left + count)[left:]


def uniform(count: int, seed: int, stream: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Numbers in [0, 1), multiples of 2**-53."""
    return (words(count, seed, stream) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def permutation(count: int, seed: int, epoch: int) -> np.ndarray[Any, np.dtype[np.intp]]:
    """The order of rows in an epoch, a function of the seed and the epoch alone."""
    return np.argsort(words(count, seed, epoch), kind="stable")
