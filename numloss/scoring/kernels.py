"""What is measured of rows of scores of tokens by a compiled loop, see numloss/loops/tokens.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..backends.packing.operands import FLOAT64, Problem, code_of, name_of
from ..common.halves import widened, working
from ..dispatch import host_backend, load
from ..loops import headers
from ..losses.classification.cross_entropy import cross_entropy
from ..transforms.derivatives import unwrapped
from ..typing import Array

if TYPE_CHECKING:
    from ..backends.host import HostBackend

# Nanoseconds for a class of a row.
COST = 0.5
# Rows of a block of the loop.
BLOCK = 4


@dataclass(frozen=True)
class Asked:
    """What is wanted of each row beside the log-probability of its label and so many of the largest classes."""

    largest: int = 1
    ranks: bool = True
    entropies: bool = True
    divergences: bool = True


class Measured(NamedTuple):
    """Of each row the logarithm of the label's probability, NaN without a label; the entropy, in nats; the rank of the
    label, 0 without; the classes of the largest scores, -1 where there is none, and their log-probabilities; the
    divergence from the reference, and of the reference. What was not asked is None.

    `tops` and `rests` are what others need that are compared with these rows."""

    scores: Array
    label_logs: Array
    entropies: Array | None
    ranks: Array | None
    ids: Array
    logs: Array
    tops: Array | None
    rests: Array | None
    kls: Array | None
    reverse_kls: Array | None


def backend_of(name: str | None, work: float) -> HostBackend:
    """The backend of a name, or that for so many nanoseconds of work."""
    found: HostBackend = load(name) if name is not None else host_backend(unwrapped(cross_entropy)[0], work)
    return found


def measured(
    scores: Array, labels: Array, asked: Asked, backend: str | None, reference: Measured | None = None,
    compared: bool = False,
) -> Measured:  # fmt: skip
    """Measure rows of scores; labels are int64 and have been checked, -1 is none. They are compared with those of a
    reference, or others will be compared with them."""
    scores, labels = in_rows(scores), np.ascontiguousarray(labels, np.int64)
    rows, classes = scores.shape
    other = None if reference is None or not asked.divergences else reference.scores
    real = working(scores.dtype)
    if other is not None and working(other.dtype) != real:
        scores, other = (widened(each).astype(FLOAT64, copy=False) for each in (scores, other))
        real = FLOAT64

    def room(wanted: bool) -> Array | None:
        return np.empty(rows) if wanted else None

    ids, logs = np.empty((rows, asked.largest), np.int64), np.empty((rows, asked.largest))
    found = Measured(
        scores, np.empty(rows), room(asked.entropies), room(asked.ranks), ids, logs, room(compared), room(compared),
        room(other is not None), room(other is not None),
    )  # fmt: skip
    fields = {name: 0 if each is None else id(each) for name, each in found._asdict().items()}
    if reference is not None and other is not None:
        fields |= {"other_tops": id(reference.tops), "other_rests": id(reference.rests)}
    header = headers.Tokens(
        rows=rows, block=BLOCK, classes=classes, kind=code_of(scores, real), itemsize=real.itemsize,
        largest=asked.largest, labels=id(labels), others=0 if other is None else id(other),
        other_kind=0 if other is None else code_of(other, real), **{"other_tops": 0, "other_rests": 0, **fields},
    )  # fmt: skip
    work = scores.size * COST
    host = backend_of(backend, work)
    if rows:
        host.launch(Problem(host.loop("tokens_block", name_of(real)), header, -(-rows // BLOCK), work))
    return found


def in_rows(scores: Array) -> Array:
    """Scores side by side, in the byte order of the machine."""
    scores = np.ascontiguousarray(scores)
    return scores if scores.dtype.isnative else scores.astype(scores.dtype.newbyteorder("="))
