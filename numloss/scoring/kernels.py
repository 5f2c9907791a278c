"""What is measured of rows of scores of tokens by a compiled loop, see numloss/loops/tokens.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..backends.packing.operands import FLOAT64, Problem, code_of, name_of
from ..common.halves import widened, working
from ..dispatch import host_backend, load
from ..loops import headers
from ..losses.classification.cross_entropy import cross_entropy
from ..losses.classification.kl_logits import kl_logits
from ..transforms.derivatives import unwrapped
from ..typing import Array

if TYPE_CHECKING:
    from ..backends.host import HostBackend

# Nanoseconds for a class of a row.
COST = 0.5
# Rows of a block of the loop.
BLOCK = 4


class Measured(NamedTuple):
    """Of each row the logarithm of the label's probability, NaN without a label; the entropy, in nats; the rank of the
    label, 0 without; the classes of the largest scores, -1 where there is none, and their log-probabilities."""

    label_logs: Array
    entropies: Array
    ranks: Array
    ids: Array
    logs: Array


def backend_of(name: str | None, work: float) -> HostBackend:
    """The backend of a name, or that for so many nanoseconds of work."""
    found: HostBackend = load(name) if name is not None else host_backend(unwrapped(cross_entropy)[0], work)
    return found


def divergences(scores: Array, others: Array, backend: str | None) -> Array:
    """The divergence of each row from that of others, KL(others || scores); no row has NaN, or nothing finite."""
    if others.dtype == FLOAT64:
        scores = widened(scores).astype(FLOAT64, copy=False)
    return np.asarray(kl_logits(scores, others, reduction="none", backend=backend), np.float64)


def measured(scores: Array, labels: Array, largest: int, backend: str | None) -> Measured:
    """Measure rows of scores; labels are int64 and have been checked, -1 is none."""
    scores, labels = np.ascontiguousarray(scores), np.ascontiguousarray(labels, np.int64)
    if not scores.dtype.isnative:
        scores = scores.astype(scores.dtype.newbyteorder("="))
    rows, classes = scores.shape
    real = working(scores.dtype)
    ids, logs = np.empty((rows, largest), np.int64), np.empty((rows, largest))
    found = Measured(np.empty(rows), np.empty(rows), np.empty(rows), ids, logs)
    header = headers.Tokens(
        rows=rows, block=BLOCK, classes=classes, kind=code_of(scores, real), itemsize=real.itemsize, largest=largest,
        scores=id(scores), labels=id(labels), label_logs=id(found.label_logs), entropies=id(found.entropies),
        ranks=id(found.ranks), ids=id(found.ids), logs=id(found.logs),
    )  # fmt: skip
    work = scores.size * COST
    host = backend_of(backend, work)
    if rows:
        host.launch(Problem(host.loop("tokens_block", name_of(real)), header, -(-rows // BLOCK), work))
    return found
