"""Data in several files, of which each process reads its own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, chain, pairwise
from typing import Any

import numpy as np

from ..cluster import Cluster
from ..data import Dataset, load
from ..data.dataset import Array, Pieces, Source
from ..data.datasets import files_of
from ..errors import FormatError
from .settings import Settings


class Shards:
    """The files of this process, and where they stand among those of all.

    Logical shards are stretches of the files, in their order: as many as processes, or as the settings say where sums
    have a fixed order. So which rows meet in a batch is a function of the files, the settings and the logical shards.

    Parameters
    ----------
    settings : Settings
        Its `data` is a pattern, unless the data is given.
    data : sequence of Dataset, optional
        The shards of this process, in place of files.
    cluster : Cluster

    Raises
    ------
    ValueError
        If there are fewer files than logical shards, or the processes do not see the same files.
    FormatError
        If files do not line up; it names them and their ranks.
    """

    def __init__(self, settings: Settings, data: Sequence[Dataset] | None, cluster: Cluster) -> None:
        self.cluster, self.name = cluster, settings.data if data is None else f"{data[0].name if data else 'data'}, ..."
        logical, ordered = logical_shards(settings, cluster), settings.reduce == "ordered"
        if data is None:
            files = files_of(settings.data)
            self._same(files)
            self.cuts = self._stretches(len(files), logical)
            self.edges = [self.cuts[logical * rank // cluster.size] for rank in range(cluster.size + 1)]
            self.sources: list[Source] = [load(name) for name in files[slice(*self._mine)]]
        else:
            self.edges = [0, *accumulate(cluster.gather(len(data)))]
            self.cuts = self._stretches(self.edges[-1], logical) if ordered else self.edges
            self.sources = [(piece, None) for piece in data]
            self._aligned()
        self.classes = self._agreed()

    @property
    def _mine(self) -> tuple[int, int]:
        return self.edges[self.cluster.rank], self.edges[self.cluster.rank + 1]

    @property
    def first(self) -> int:
        """The number of the first file of this process."""
        return self._mine[0]

    def _stretches(self, files: int, shards: int) -> list[int]:
        """The first file of each logical shard, and their number."""
        if shards < self.cluster.size:
            raise ValueError(f"{self.cluster.size} ranks cannot share {shards} shards; give at least as many")
        if files < shards:
            what = f"{shards} shards" if shards > self.cluster.size else f"{self.cluster.size} ranks"
            raise ValueError(f"{self.name}: {files} files for {what}; each needs at least one of its own")
        return [shard * files // shards for shard in range(shards + 1)]

    def _same(self, files: list[str]) -> None:
        told = self.cluster.gather((len(files), hashlib.sha256("\n".join(files).encode()).digest()))
        for rank, seen in enumerate(told):
            if seen != told[0]:
                raise ValueError(
                    f"{self.name}: the {seen[0]} files that rank {rank} finds are not the {told[0][0]} of rank 0; "
                    "all ranks must see the same files"
                )

    def _aligned(self) -> None:
        """Raise ValueError unless every process gives some shards, and no logical shard is on two of them."""
        for rank, (low, high) in enumerate(pairwise(self.edges)):
            due = (len(self.cuts) - 1) * rank // self.cluster.size
            if low == high:
                raise ValueError(f"rank {rank} gives no shards; each needs at least one of its own")
            if self.cuts[due] != low:
                raise ValueError(
                    f"rank {rank} begins with shard {low} of {self.edges[-1]}; in {len(self.cuts) - 1} logical shards "
                    f"of a fixed order it begins with shard {self.cuts[due]}"
                )

    def gather(self, values: list[Any]) -> list[Any]:
        """What is told of each file, of all processes."""
        return list(chain.from_iterable(self.cluster.gather(values)))

    def _agreed(self) -> int:
        """The number of classes in all files; raises FormatError unless their rows are alike."""
        told = self.gather([(self.cluster.rank, whole.name, _form(whole, test)) for whole, test in self.sources])
        _, first, known = told[0]
        for rank, name, form in told:
            for what, found in form.items():
                if found != known[what]:
                    raise FormatError(f"{name} on rank {rank}: {what} {found}; in {first} on rank 0 {known[what]}")
        return int(max(self.gather([whole.classes for whole, _ in self.sources])))

    def counts(self, pieces: Sequence[Dataset]) -> tuple[int, ...]:
        """The rows of every logical shard; raises ValueError for one that has none."""
        rows = self.gather([len(piece) for piece in pieces])
        found = tuple(sum(rows[low:high]) for low, high in pairwise(self.cuts))
        if 0 in found:
            raise ValueError(f"{self.name}: shard {found.index(0)} of {len(found)} has no rows for training")
        return found

    def own(self, pieces: Sequence[Dataset]) -> Dataset:
        """The rows of this process, of one piece after the other."""
        weights = [piece.weight for piece in pieces if piece.weight is not None]
        return Dataset(
            self.name, np.concatenate([piece.features for piece in pieces]),
            np.concatenate([piece.target for piece in pieces]), np.concatenate(weights) if weights else None,
            self.classes,
        )  # fmt: skip

    def measured(self, pieces: Sequence[Dataset | None]) -> Dataset | None:
        """A part that is measured: features of this process, targets and weights of all; None without it."""
        held = [piece for piece in pieces if piece is not None]
        if not held:
            return None
        counts = self.gather([len(piece) for piece in held])
        lined_up, own = Pieces(tuple(counts), tuple(self.edges)), self.own(held)
        if not any(counts):
            raise ValueError(f"{self.name}: no row of any file is held out; the files are too small for the fraction")
        weight = None if own.weight is None else self._everyones(own.weight, lined_up)
        return replace(own, target=self._everyones(own.target, lined_up), weight=weight, pieces=lined_up)

    def _everyones(self, array: Array, pieces: Pieces) -> Array:
        of_ranks = pieces.of_ranks
        whole = np.empty((sum(of_ranks), *array.shape[1:]), array.dtype)
        begin = sum(of_ranks[: self.cluster.rank])
        whole[begin : begin + len(array)] = array
        self.cluster.all_gather(whole, of_ranks)
        return whole


def logical_shards(settings: Settings, cluster: Cluster) -> int:
    """Into how many shards each batch is cut."""
    return settings.shards if settings.reduce == "ordered" else cluster.size


def _form(data: Dataset, test: Dataset | None) -> dict[str, str]:
    """What must be the same for all files."""
    return {
        "features are": f"rows of shape {data.features.shape[1:]}",
        "targets are": "labels" if data.is_labelled else f"numbers of shape {data.target.shape[1:]}",
        "weights are": "missing" if data.weight is None else "there",
        "its test part is": "missing" if test is None else "there",
    }
