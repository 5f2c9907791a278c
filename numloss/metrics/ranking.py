"""How well scores tell labels 0 and 1 apart, exactly and in bounded memory: areas, average precision, distances.

One pass counts both labels for each pattern of the sixteen leading bits of a score. Of scores of sixteen bits this is
all there is to know. Of wider ones it says between which numbers the answer lies; further passes look at the scores
that share their leading bits with others, as many at a time as the memory has room for, and then it is exact.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import FormatError
from ..loops.counting_walks import LIMB
from ..typing import Array
from .kernels import TOPS, Left, Window, count_keys, place_keys, walk_counts, walk_keys

if TYPE_CHECKING:
    from ..backends.host import HostBackend

# Bytes of keys, or of counts, that a further pass keeps; and cells whose keys fit into their bits.
ROOM = 14 << 20
MOST_CELLS = 1 << 14


def rows_of(table: Array) -> Array:
    """The numbers of rows of a table of both labels, which may have sums of weights behind them."""
    return table[..., 0] if table.shape[-1] == 3 else table


@dataclass
class Node:
    """Cells of scores that share their leading bits: of each the numbers of labels 0 and 1, and those below all."""

    level: int
    first: int
    counts: Array
    below: Array

    def place(self, cell: int) -> tuple[Array, Array]:
        """The labels below a cell, and those of it."""
        return self.below + self.counts[:cell].sum(axis=0), self.counts[cell]


class Found:
    """What is known: the wins of labels 1 over labels 0, twice, and what is made of sums over scores."""

    def __init__(self) -> None:
        self.wins: float = 0
        self.doubt: float = 0
        self.sums: list[list[float]] = [[], [], []]
        self.gap = self.most_gap = 0.0
        self.precision_doubt: list[tuple[float, float]] = []

    def add(self, wins: Array, parts: Array) -> None:
        """Add what cells leave."""
        high, low = wins.sum(axis=0).tolist()
        self.wins += high * LIMB + low
        self.add_parts(parts)

    def add_parts(self, parts: Array) -> None:
        """Add what is made of sums over scores."""
        for k, some in enumerate(self.sums):
            some.append(math.fsum(parts[:, k]))
        self.gap = max(self.gap, float(parts[:, 3].max(initial=0.0)))


class Ranking:
    """Counts of labels by scores, and the passes that are left until everything is known."""

    shape: tuple[int, ...] = (TOPS, 2)
    # the least that a row counts
    least = 1.0

    def __init__(self, bits: int, kind: str, precision: bool, exact: bool) -> None:
        self.bits, self.kind, self.precision, self.exact = bits, kind, precision, exact
        self.counts = np.zeros(self.shape, np.int64)
        self.key_kind: Any = np.uint16 if bits == 32 else np.int64
        self.found = self.begin()
        self.nodes: list[tuple[Node, Array, list[tuple[int, int, bool]]]] = []
        self.keys: Array | None = None
        self.filled = 0

    @property
    def all_of(self) -> tuple[int, int]:
        """Labels 0 and labels 1."""
        negatives, positives = rows_of(self.counts).sum(axis=0).tolist()
        return negatives, positives

    @property
    def amounts_of_all(self) -> tuple[float, float]:
        """What labels 0 and labels 1 count in all, in the unit of what is counted."""
        return self.all_of

    @property
    def sizes(self) -> tuple[float, float]:
        """What labels 0 and labels 1 count in all."""
        negatives, positives = self.all_of
        return float(negatives), float(positives)

    @property
    def keeps(self) -> bool:
        """Whether the pass keeps keys, or counts them."""
        return self.nodes[-1][2][-1][2]

    def begin(self) -> Found:
        """Nothing is known."""
        return Found()

    def each(self, table: Array) -> Array:
        """What both labels count in each cell of a table."""
        return table

    def products(self, n: Array, p: Array) -> float:
        """The sum of products of what both labels count."""
        return int(sum(int(a) * int(b) for a, b in zip(n, p, strict=True)))

    def left_of(self, node: Node) -> Left:
        """What the cells of a node leave, each as if all of its scores were one."""
        return walk_counts(self.backend, node.counts, node.below, self.all_of)

    def settle(self, backend: HostBackend) -> None:
        """Begin with what the first pass has counted; what is unsure is left for others, if it is to be exact."""
        self.backend = backend
        self.found = self.begin()
        if all(self.amounts_of_all):
            self._take(Node(0, 0, self.counts, np.zeros(self.shape[1:], np.int64)))

    def _take(self, node: Node) -> None:
        """Add what is sure of a node, and remember the rest."""
        left = self.left_of(node)
        unsure = self._unsure(node)
        if self.exact and unsure.any():
            left.wins[unsure] = 0
            left.parts[unsure] = 0.0
            self.nodes.append((node, unsure, self._ranges(node, unsure)))
        elif unsure.any():
            self._doubt(node, unsure)
        self.found.add(*left)

    def _unsure(self, node: Node) -> Array:
        """Cells of which it matters in what order their scores are."""
        if 16 * (node.level + 1) >= self.bits:
            return np.zeros(len(node.counts), bool)
        n, p = rows_of(node.counts).T
        mixed = (n > 0) & (p > 0)
        if not self.precision:
            return mixed
        # of labels 1 alone the precision rises from one to the next, unless no label 0 is above
        below = rows_of(node.below)[0] + np.cumsum(n) - n
        several: Array = (p > 1) & (self.all_of[0] > below)
        return mixed | several

    def _ranges(self, node: Node, unsure: Array) -> list[tuple[int, int, bool]]:
        """Stretches of cells for one pass each, the last one first; whether keys are kept, or counted."""
        rows, places = rows_of(node.counts).sum(axis=1), np.flatnonzero(unsure)
        ends, ranges, at = np.cumsum(rows), [], 0
        left = self.bits - 16 * (node.level + 1)
        room = ROOM // np.dtype(self.key_kind).itemsize
        fitting = max(1, ROOM // self.counts.nbytes) if left == 16 else 1
        while at < len(places):
            first = int(places[at])
            before = int(ends[first] - rows[first])
            kept = int(np.searchsorted(ends, before + room, side="right"))
            kept = min(kept, first + MOST_CELLS)
            stop, keep = max((kept, True), (min(first + fitting, len(rows)), False))
            at = int(np.searchsorted(places, stop))
            ranges.append((first, int(places[at - 1]) + 1, keep))
        return ranges[::-1]

    def _doubt(self, node: Node, unsure: Array) -> None:
        """How far off what is counted may be."""
        negatives, positives = self.amounts_of_all
        n, p = (column[unsure] for column in self.each(node.counts).T)
        below_n, below_p = self.each(np.cumsum(node.counts, axis=0) - node.counts)[unsure].T
        self.found.doubt = self.products(n, p)
        up, down = (below_n + n) / negatives - below_p / positives, (below_p + p) / positives - below_n / negatives
        self.found.most_gap = float(max(up.max(), down.max()))
        # labels 1 above a cell, labels 0 above it; the worst and the best order in it
        hits, misses = positives - below_p - p, negatives - below_n - n
        counted = np.where(p > 0, hits + p + misses, 1.0)
        worst = p * ((hits + self.least) / np.maximum(hits + self.least + misses + n, np.finfo(float).tiny))
        best, middle = p * ((hits + p) / counted), p * ((hits + p) / (counted + n))
        self.found.precision_doubt = [(math.fsum(worst - middle), math.fsum(best - middle))]

    def window(self) -> Window | None:
        """What the next pass is to look at; None if everything is known."""
        while self.nodes and not self.nodes[-1][2]:
            self.nodes.pop()
        if not self.nodes:
            return None
        node, _, ranges = self.nodes[-1]
        first, stop, keep = ranges[-1]
        counts = rows_of(node.counts)[first:stop].reshape(-1)
        rows, cells = int(counts.sum()), ((stop - first) * TOPS, *self.shape[1:])
        self.keys = np.empty(rows, self.key_kind) if keep else np.zeros(cells, np.int64)
        self.ends = np.cumsum(counts) - counts
        self.filled, self.expected = 0, rows
        return Window(node.level, node.first + first, node.first + stop, keep)

    def add_keys(self, keys: Array, weights: Array | None) -> None:
        """Take keys of the window, with weights if rows have some."""
        if self.filled + len(keys) <= self.expected:
            self.put(keys, weights)
        self.filled += len(keys)

    def put(self, keys: Array, weights: Array | None) -> None:
        """Keep keys, or count them."""
        assert self.keys is not None
        if not self.keeps:
            count_keys(self.backend, keys, self.keys)
        elif self.bits == 32:
            place_keys(self.backend, keys, self.ends, self.keys)
        else:
            self.keys[self.filled : self.filled + len(keys)] = keys

    def end_pass(self, name: str) -> None:
        """Add what the pass has found."""
        node, unsure, ranges = self.nodes[-1]
        first, stop, keep = ranges.pop()
        keys, self.keys = self.keys, None
        assert keys is not None
        if self.filled != self.expected:
            rows = f"{self.filled} rows where it had {self.expected}"
            raise FormatError(f"{name}: it has changed since it was read: {rows}")
        below = node.below + np.cumsum(node.counts, axis=0)[first:stop] - node.counts[first:stop]
        if not keep:
            for k, cell in enumerate(range(first, stop)):
                if not unsure[cell]:  # added before
                    continue
                cells = keys[k * TOPS : (k + 1) * TOPS].copy()
                self._take(Node(node.level + 1, (node.first + cell) * TOPS, cells, below[k]))
            return
        ends = np.cumsum(rows_of(node.counts)[first:stop].reshape(-1))
        self.found.add(*self.left_of_keys(keys, ends, below, ~unsure[first:stop], name))

    def left_of_keys(self, keys: Array, ends: Array, below: Array, known: Array, name: str) -> Left:
        """What keys leave whose cells and labels end there, less what was known of cells and is added already."""
        if self.bits == 64:
            keys.sort()
            ends = ends[1::2]
        elif (self.ends != ends).any():
            raise FormatError(f"{name}: it has changed since it was read")
        left = walk_keys(self.backend, keys, ends, below, self.all_of)
        left.wins[known] = 0
        left.parts[known] = 0.0
        return left

    def sides(self) -> Iterator[Array]:
        """Labels 0, then labels 1, that are at or above each cell of the first pass, the highest cell first."""
        for column in self.counts.T:
            yield np.cumsum(column[::-1])

    def figures(self) -> dict[str, Any]:
        """What is known: values, and between which numbers they are."""
        negatives, positives = self.amounts_of_all
        if not negatives or not positives:
            return {}
        found, pairs = self.found, 2 * negatives * positives
        precision = math.fsum(found.sums[2])
        low, high = found.precision_doubt[0] if found.precision_doubt else (0.0, 0.0)
        return {
            "auc": (found.wins / pairs, (found.wins - found.doubt) / pairs, (found.wins + found.doubt) / pairs),
            "average_precision": tuple((precision + more) / positives for more in (0.0, low, high)),
            "ks": (found.gap, found.gap, max(found.gap, found.most_gap)),
            "auc_error": self.auc_error(found.wins / pairs),
        }

    def auc_error(self, area: float) -> float:
        """The standard error of the area, by the variances of both kinds of placements."""
        negatives, positives = self.all_of
        if negatives < 2 or positives < 2:
            return math.nan
        of_positives, of_negatives = (math.fsum(some) for some in self.found.sums[:2])
        first = of_positives / (4.0 * negatives * negatives) - positives * area * area
        second = of_negatives / (4.0 * positives * positives) - negatives * area * area
        variance = max(first, 0.0) / (positives - 1) / positives + max(second, 0.0) / (negatives - 1) / negatives
        return math.sqrt(variance)
