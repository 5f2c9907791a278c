"""Gradients that are added up over ranks while those of the layers before are still computed."""

from __future__ import annotations

from itertools import accumulate

from ..cluster import Cluster, Pending
from ..nn import Network

# Numbers of a message at least: the gradients of small layers wait for those of the layer before.
LEAST = 1 << 16


class Overlap:
    """The message of a step in several: one for each stretch of layers, begun by the backward pass, and the rest.

    Every rank begins them in the same order, as MPI needs it.
    """

    def __init__(self, network: Network, cluster: Cluster) -> None:
        self.cluster, self.message = cluster, network.parameters.message
        sizes = [0] * len(network.layers)
        for name, view in network.parameters.value.items():
            sizes[int(name.split(".")[0])] += view.size
        self.starts = list(accumulate(sizes, initial=0))
        self.stretches: list[tuple[int, int]] = []
        end = self.starts[-1]
        for start in self.starts[-2::-1]:
            if end - start >= LEAST or start == 0 < end:
                self.stretches.append((start, end))
                end = start
        self.pending: list[Pending] = []

    def filled(self, layer: int) -> None:
        """Begin what the gradients from this layer on complete, and let the rest get on."""
        for pending in self.pending:
            pending.poll()
        self._begin(self.starts[layer])

    def _begin(self, filled: int) -> None:
        for start, end in self.stretches[len(self.pending) :]:
            if start < filled:
                break
            self.pending.append(self.cluster.start_all_reduce(self.message[start:end]))

    def finish(self) -> None:
        """Add up the rest of the message, and wait for all of it."""
        self._begin(0)
        self.cluster.all_reduce(self.message[self.starts[-1] :])
        for pending in self.pending:
            pending.wait()
        self.pending = []
