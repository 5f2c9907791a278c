"""Which rows a step takes, and how they are cut into logical shards: functions of seed, epoch and step alone."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..data import permutation
from ..data.dataset import Array
from ..data.random import SHARD_STREAMS


@dataclass(slots=True)
class Cut:
    """The rows of a batch, and where its logical shards begin.

    `rows` are those of the training part that this process can read: all of the batch, or those of its own shards.
    `edges` has the place in the batch at which each shard begins, and the end; `first` is the place of `rows`.
    """

    rows: Array
    edges: Sequence[int]
    first: int = 0

    def __len__(self) -> int:
        return self.edges[-1]

    def of(self, low: int, high: int) -> tuple[Array, int]:
        """The rows of the shards from the first up to, not with, the last; and their place in the batch."""
        begin, end = self.edges[low], self.edges[high]
        return self.rows[begin - self.first : end - self.first], begin


class Order:
    """The order of rows that every process can read: one for all, cut into batches, cut into shards.

    Attributes
    ----------
    rows, steps : int
        Of an epoch.
    fewest : int
        Rows of the smallest shard of a batch.
    own : bool
        True if each process has rows of its own.
    """

    own = False

    def __init__(self, rows: int, batch: int, seed: int, shards: int = 1) -> None:
        self.rows, self.steps = rows, -(-rows // batch)
        self.fewest = min(rows, rows % batch or batch) // shards
        self._batch, self._seed, self._shards = batch, seed, shards

    def begin(self, epoch: int) -> None:
        """Draw the order of this epoch."""
        self._order = permutation(self.rows, self._seed, epoch)

    def __call__(self, step: int) -> Cut:
        """The batch of a step of this epoch."""
        rows = self._order[step * self._batch : (step + 1) * self._batch]
        return Cut(rows, [shard * len(rows) // self._shards for shard in range(self._shards + 1)])


class ShardOrder(Order):
    """The order of rows of which each logical shard has its own, of any number.

    A shard gives each step of an epoch the same number of its rows, or one more or less, in an order of its own. There
    are as few steps as keep the batches from being larger than `batch`.

    Parameters
    ----------
    counts : sequence of int
        The rows of all shards.
    mine : tuple of int
        The shards whose rows, one shard after another, are the training part of this process: the first, and the
        first that is not.
    batch, seed : int
    """

    own = True

    def __init__(self, counts: Sequence[int], mine: tuple[int, int], batch: int, seed: int) -> None:
        filled = sum(map(bool, counts))
        if batch < filled:
            raise ValueError(f"batches of {batch} rows cannot have rows of each of {filled} shards")
        self._counts, self._mine, self._seed = np.array(counts), mine, seed
        self.rows = sum(counts)
        most = range(1, self.rows + 1)
        self.steps = bisect.bisect_left(most, -batch, key=lambda steps: -int((-(-self._counts // steps)).sum())) + 1
        self.fewest = min(counts) // self.steps

    def begin(self, epoch: int) -> None:
        first, last = self._mine
        begins = np.cumsum([0, *self._counts[first:last]])
        streams = [SHARD_STREAMS + (shard << 32) + epoch for shard in range(first, last)]
        self._orders = [
            permutation(count, self._seed, stream) + begin
            for count, stream, begin in zip(self._counts[first:last], streams, begins, strict=False)
        ]

    def __call__(self, step: int) -> Cut:
        low, high = (self._counts * at // self.steps for at in (step, step + 1))
        first = self._mine[0]
        rows = [order[low[k] : high[k]] for k, order in enumerate(self._orders, first)]
        edges = [0, *np.cumsum(high - low).tolist()]
        return Cut(np.concatenate(rows), edges, edges[first])
