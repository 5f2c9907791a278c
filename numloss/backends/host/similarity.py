"""The similarity family on the host: losses of the cosines of all pairs of a batch, which are never all in memory.

The cosines of some rows with all others are a product of matrices, divided by the temperature; a rule puts their
gradient in their place, and two products take it to the vectors. What has length 1 is divided by its length before, and
the gradient goes back through that after. These directions are in float32 where vectors are stored in 16 bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .similarity_batch import Similarity
from .similarity_rules import RULES

if TYPE_CHECKING:
    from ...calls.request import Request
    from . import HostBackend

# Numbers of 16 bits are read and written as they are.
READS_HALVES = True


def compute(backend: HostBackend, request: Request) -> Any:
    """Run a loss of all pairs of a batch."""
    with np.errstate(all="ignore"):  # what is infinite or NaN is so in the answer
        batch = Similarity(backend, request)
        values, counted = RULES[request.loss.rows["rule"]](batch)
        weight = float(batch.counts[counted].sum(dtype=np.float64))
        if batch.values is not None:
            batch.values[...] = values
        if request.mode:
            batch.turn(request.scale(weight))
        total = float(values.sum(dtype=np.float64))
    return request.answer(request.reduced(total, weight) if batch.values is None else batch.values, batch.outputs)
