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
WEIGHT_STREAMS = 2 << 32
# Dropout draws from a stream for each layer and step.
DROPOUT_STREAMS = 3 << 32
# Augmentation draws from a stream for each step.
AUGMENT_STREAMS = 1 << 62
