"""Sums in a fixed order, whoever computes the terms."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from ..cluster import Cluster
from ..data.dataset import Array

Node = tuple[int, int]


class Tree:
    """Adds up arrays, one a shard, by halving: a sum over shards is the sum over their first half plus the second.

    Each rank computes the sums that lie within its stretch of the shards, all ranks exchange those, and each adds up
    the rest. The order of the additions follows from the number of shards alone.

    Parameters
    ----------
    cluster : Cluster
    shards : int
    array : array
        Where a shard leaves its term, and where the sum goes.
    """

    def __init__(self, cluster: Cluster, shards: int, array: Array) -> None:
        self.cluster, self.whole, self.array = cluster, (0, shards), array
        edges = [shards * rank // cluster.size for rank in range(cluster.size + 1)]
        owned = [within(self.whole, low, high) for low, high in pairwise(edges)]
        self.counts = [len(nodes) for nodes in owned]
        self.mine = owned[cluster.rank]
        self.slots = {node: slot for slot, node in enumerate(node for nodes in owned for node in nodes)}
        self.sums = np.empty((len(self.slots), array.size), array.dtype)
        self._spare: dict[int, Array] = {}

    def add_up(self, leaf: Callable[[int], object]) -> None:
        """Replace the array by the sum; `leaf` is called with each shard of this rank, to leave its term there."""
        for node in self.mine:
            self._sum(node, leaf, self.sums[self.slots[node]], 0)
        self.cluster.all_gather(self.sums, self.counts)
        np.copyto(self.array, self._total(self.whole))

    def _sum(self, node: Node, leaf: Callable[[int], object], out: Array, depth: int) -> None:
        low, high = node
        if high - low == 1:
            leaf(low)
            np.copyto(out, self.array)
            return
        first, second = halves(node)
        self._sum(first, leaf, out, depth + 1)
        if depth not in self._spare:
            self._spare[depth] = np.empty_like(out)
        self._sum(second, leaf, self._spare[depth], depth + 1)
        out += self._spare[depth]

    def _total(self, node: Node) -> Array:
        """The sum over a node, in the memory of one of the sums that were exchanged."""
        if node in self.slots:
            found: Array = self.sums[self.slots[node]]
            return found
        first, second = halves(node)
        total = self._total(first)
        total += self._total(second)
        return total


def halves(node: Node) -> tuple[Node, Node]:
    """The two halves of a stretch of shards."""
    low, high = node
    middle = (low + high) // 2
    return (low, middle), (middle, high)


def within(node: Node, low: int, high: int) -> list[Node]:
    """The largest nodes below this one that lie between two shards, in their order."""
    if low <= node[0] and node[1] <= high:
        return [node]
    if high <= node[0] or node[1] <= low:
        return []
    return [inner for half in halves(node) for inner in within(half, low, high)]
