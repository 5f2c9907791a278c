"""Steps whose batches several ranks share: each computes the gradient of its rows, one message adds them up."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import accumulate, pairwise

import numpy as np

from ..cluster import Cluster
from ..data.dataset import Array, Dataset
from ..nn import Network
from ..nn.layer import rows_of
from ..nn.network import FIGURES
from ..transforms.derivatives import sum_and_weight, value_and_grad
from .order import Cut, Order
from .overlap import Overlap
from .step import Step
from .tree import Tree

# Gives features, targets and weights of some rows: (rows, number of the step, place of the first row in the batch).
Batch = Callable[[Array, int, int], tuple[Array, Array, Array | None]]


class Sharing:
    """How ranks share the steps of a run.

    A batch is cut into logical shards, of which each rank has a stretch; a row has the same dropout and augmentation
    in any shard. Gradients, running statistics, the sum of the losses, the sum of their weights and the wish to stop
    go through one message a step, and means are taken of what has been added up.

    Parameters
    ----------
    step : Step
        Of this rank.
    cluster : Cluster
    shards : int
        0 for one a rank, whose gradients MPI adds up in an order of its own. Otherwise so many whatever the number of
        ranks, each computed by itself and added up in a fixed tree: the bits do not depend on the number of ranks.
    whole_statistics : bool
        Batch normalisation by the statistics of the whole batch, not of the rows of a rank.
    overlap : bool
        Begin to add up the gradients of layers while those before are computed, in a message for each.

    Raises
    ------
    ValueError
        If the loss does not add up over rows, there are more ranks than shards, or the options exclude each other.
    """

    def __init__(
        self, step: Step, cluster: Cluster, shards: int = 0, whole_statistics: bool = False, overlap: bool = False
    ) -> None:
        if shards and (whole_statistics or overlap):
            what = "they have no common statistics" if whole_statistics else "nothing can overlap"
            raise ValueError(f"shards of a fixed order are computed one after another: {what}")
        if 0 < shards < cluster.size:
            raise ValueError(f"{cluster.size} ranks cannot share a batch of {shards} shards; give at least as many")
        self.step, self.cluster, self.network = step, cluster, step.network
        self.shards = shards or cluster.size
        self.message = self.network.parameters.message
        self.whole_statistics = whole_statistics
        self.network.part.add_up = cluster.all_reduce if whole_statistics else None
        self._overlap = Overlap(self.network, cluster) if overlap else None
        self.network.part.filled = self._overlap.filled if self._overlap else None
        self._tree = Tree(cluster, shards, self.message) if shards else None
        self._evaluate = value_and_grad(sum_and_weight(step.objective.function))
        rowwise = step.objective.loss.family == "rowwise"
        self._values_of_row = 1 if rowwise else math.prod(self.network.outputs) // step.objective.loss.columns
        self._slope = np.empty((self.network.rows, *self.network.outputs), self.network.dtype)
        self.wishes, self.local, self.counted = False, 0.0, 0.0

    def check(self, order: Order) -> None:
        """Raise ValueError if an epoch has a batch in which a rank has no rows, but needs some."""
        if self.whole_statistics and not order.fewest:
            raise ValueError(
                f"an epoch has batches of rows too few for {self.cluster.size} ranks that normalise together; choose "
                "another batch size"
            )

    def mine(self, cut: Cut) -> tuple[Array, int]:
        """The rows of a batch that this rank computes, and the place of the first."""
        return cut.of(*stretch(self.cluster, self.shards, self.cluster.rank))

    def __call__(self, batch: Batch, cut: Cut, number: int, wish: bool = False) -> float:
        """Take the step of this number; returns the loss of the batch. `wishes` then tells if a rank wants to stop."""
        before = self.network.statistics.copy()
        self.local = 0.0

        def leaf(shard: int) -> None:
            np.copyto(self.network.statistics, before)
            self._compute(batch, cut, shard, number)
            self.message[-1] = wish

        if self._tree:
            self._tree.add_up(leaf)
        else:
            leaf(self.cluster.rank)
            if self._overlap:
                self._overlap.finish()
            else:
                self.cluster.all_reduce(self.message)
        return self._finish(len(cut), number)

    def _compute(self, batch: Batch, cut: Cut, shard: int, number: int) -> None:
        """Fill the message with what a shard of the batch gives, scaled as if all rows counted alike."""
        rows, first = cut.of(shard, shard + 1)
        if not len(rows):
            self.message[:] = 0.0
            return
        network, scale = self.network, 1.0 / (len(cut) * self._values_of_row)
        network.part.first = first
        x, target, weight = batch(rows, number, first)
        options = {} if weight is None else {"weight": weight}
        output = network.forward(x, number)
        (total, counted), slope = self._evaluate(output, target, out=rows_of(self._slope, len(rows)), **options)
        self.local += total
        if math.isfinite(total):
            slope *= scale
            network.backward(slope)
        size, share = network.parameters.gradients.size, len(rows) / len(cut)
        np.multiply(network.statistics, share, out=self.message[size:-FIGURES])
        self.message[-FIGURES:-1] = total * scale, counted

    def _finish(self, rows: int, number: int) -> float:
        """Divide by the weight of the whole batch, and move."""
        network, (total, counted, wishes) = self.network, map(float, self.message[-FIGURES:])
        self.wishes, self.counted = wishes > 0.0, counted / self._values_of_row
        if not math.isfinite(total):
            return total
        size = network.parameters.gradients.size
        np.copyto(network.statistics, self.message[size:-FIGURES])
        factor = rows * self._values_of_row / counted if counted else 0.0
        if factor != 1.0:
            network.parameters.gradients *= factor
        self.step.move(number)
        return total * factor


def stretch(cluster: Cluster, parts: int, rank: int) -> tuple[int, int]:
    """Which of so many parts belong to a rank: from the first up to, not with, the last."""
    return parts * rank // cluster.size, parts * (rank + 1) // cluster.size


def predict(network: Network, data: Dataset, cluster: Cluster) -> Array:
    """The outputs for all rows, of which each rank computes a part; the same bits for any number of ranks."""
    y = np.empty((len(data), *network.outputs), network.dtype)
    if data.pieces is None:
        blocks = -(-len(data) // network.rows)
        edges = [min(len(data), stretch(cluster, blocks, rank)[0] * network.rows) for rank in range(cluster.size)]
        counts = np.diff([*edges, len(data)]).tolist()
        x, sizes = data.features[edges[cluster.rank] :], counts[cluster.rank : cluster.rank + 1]
    else:
        counts = data.pieces.of_ranks
        x, sizes = data.features, data.pieces.of(cluster.rank)
    begin = sum(counts[: cluster.rank])
    for low, high in pairwise(accumulate(sizes, initial=0)):
        y[begin + low : begin + high] = network.predict(x[low:high])
    cluster.all_gather(y, counts)
    return y
