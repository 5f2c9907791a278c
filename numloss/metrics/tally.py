"""What is counted over all rows for metrics, in the order of blocks: by whom and in what pieces changes no bit."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..common.halves import widened
from ..typing import Array
from .base import Metric, Rows, record_of
from .kernels import TOPS, Scores, Window, backend_for
from .ranking import ROOM, Ranking
from .views import rows_in
from .weighted import WeightedRanking, counted, split

Key = tuple[Any, ...]
# Keys of which rankings are counted.
MOST_KEYS = 1024


@dataclass(frozen=True)
class Tally(Metric):
    """What several metrics may be made of; two that are equal are counted once."""

    @abstractmethod
    def begin(self) -> Any:
        """What counts the blocks of a task: `add` takes the rows of one."""

    @abstractmethod
    def total(self, grouped: bool) -> Any:
        """What adds up tasks in their order."""

    def for_both(self, other: Tally) -> Tally | None:
        """What serves in the place of both, None if nothing does."""
        return self if self == other else None


class Cells(Tally):
    """Numbers for each of a few cells, in one of which each row is."""

    columns: ClassVar[int] = 1

    def size(self, classes: int) -> int:
        """How many cells there are."""
        raise NotImplementedError

    def cells(self, rows: Rows) -> tuple[Array, list[Array]]:
        """The cell of each row, and what it adds to the numbers there."""
        raise NotImplementedError

    def merged(self, one: Array, other: Array) -> Array:
        """What two tables of the same cells are together."""
        return one + other

    def table(self, place: Array, values: list[Array], size: int) -> Array:
        """The numbers of so many cells."""
        return np.stack([np.bincount(place, value, size) for value in values], axis=1)

    def begin(self) -> CellsOfTask:
        return CellsOfTask(self)

    def total(self, grouped: bool) -> CellTotal:
        return CellTotal(self, grouped)


Piece = tuple[Key, Array, Array]


class CellsOfTask:
    """The cells of the blocks of a task, one block after the other: keys, cells that are there, their numbers."""

    def __init__(self, tally: Cells) -> None:
        self.tally = tally
        self.classes = 0
        self.pieces: list[list[Piece]] = []

    def add(self, rows: Rows) -> None:
        """Count a block."""
        rows = dataclasses.replace(rows, pred=widened(rows.pred), target=widened(rows.target))
        self.classes = rows.pred.shape[1] if rows.pred.ndim > 1 else 2
        place, values = self.tally.cells(rows)
        size, found = self.tally.size(self.classes), []
        if rows.place is not None:
            place = rows.place * size + place
        most = size * max(1, len(rows.keys))
        if most <= len(place):
            table = self.tally.table(place, values, most)
            there = np.flatnonzero(np.bincount(place, minlength=most))
            table = table[there]
        else:
            there, place = np.unique(place, return_inverse=True)
            table = self.tally.table(place, values, len(there))
        groups = there // size
        for g in np.unique(groups).tolist():
            some = groups == g
            found.append((rows.keys[g] if rows.keys else (), there[some] % size, table[some]))
        self.pieces.append(found)


class CellTotal:
    """Tables of cells, one for each key."""

    def __init__(self, tally: Cells, grouped: bool) -> None:
        self.tally, self.grouped, self.classes = tally, grouped, 0
        self.tables: dict[Key, Array] = {}

    def add(self, task: CellsOfTask) -> None:
        """Add the blocks of the next task."""
        self.classes = task.classes or self.classes
        for block in task.pieces:
            for key, cells, table in block:
                if key not in self.tables:
                    self.tables[key] = np.zeros((self.tally.size(self.classes), table.shape[1]))
                own = self.tables[key]
                own[cells] = self.tally.merged(own[cells], table)

    def whole(self) -> Array:
        """The table of all rows."""
        if not self.grouped and self.tables:
            return self.tables[()]
        whole = np.zeros((self.tally.size(self.classes or 2), self.tally.columns))
        for table in self.tables.values():
            whole = self.tally.merged(whole, table)
        return whole

    def of(self, key: Key) -> Array:
        """The table of a key."""
        return self.tables[key]

    def keys(self) -> list[Key]:
        """The keys that there are, in order."""
        return sorted(self.tables) if self.grouped else []

    def state(self) -> list[Any]:
        """All of it as plain data."""
        return [self.classes, [[list(key), table.tolist()] for key, table in self.tables.items()]]

    def take_up(self, state: list[Any]) -> None:
        """Go on from what `state` gave."""
        self.classes = state[0]
        self.tables = {tuple(key): np.array(table, np.float64) for key, table in state[1]}

    def settle(self, backend: str | None) -> None:
        """Nothing is left to look for."""

    def narrowed(self, room: int) -> None:
        """No further pass is needed."""


@dataclass(frozen=True)
class Ranks(Tally):
    """Labels 0 and 1 in the order of their scores; with a unit weights are counted, too; of classes by view."""

    name: ClassVar[str] = "ranking"
    bits: int = 32
    kind: str = "float32"
    precision: bool = False
    exact: bool = True
    unit: float | None = None
    views: tuple[tuple[int, int], ...] = ()
    windows: tuple[tuple[tuple[Key, int], Window], ...] | None = None

    def check(self, pred: Array, target: Array) -> None:
        return None

    def for_both(self, other: Tally) -> Tally | None:
        if not isinstance(other, Ranks) or (self.bits, self.exact, self.views) != (
            *(other.bits, other.exact, other.views),
        ):
            return None
        return self if self.precision else other

    def begin(self) -> RanksOfTask:
        return RanksOfTask(self)

    def total(self, grouped: bool) -> RankTotal:
        return RankTotal(self, grouped)


class RanksOfTask:
    """Counts of the first pass over the blocks of a task, or the keys of a further one."""

    def __init__(self, tally: Ranks) -> None:
        self.tally = tally
        self.counts: dict[int, Array] = {}
        self.pieces: list[tuple[Key, int, Array, Array | None]] = []

    def add(self, rows: Rows) -> None:
        """Count a block."""
        for k, view in enumerate(self.tally.views):
            self._add(rows_in(rows, view)[0], k)
        if not self.tally.views:
            self._add(rows, 0)

    def _add(self, rows: Rows, view: int) -> None:
        backend = backend_for(record_of("ranking", None, False), rows.backend, len(rows.pred))
        if self.tally.windows is not None:
            self._add_keys(backend, rows, dict(self.tally.windows), view)
            return
        weights = None if self.tally.unit is None else split(rows.weights, self.tally.unit)
        if rows.place is None:
            scores = Scores(backend, rows.pred, rows.target)
            if view not in self.counts:
                self.counts[view] = np.zeros((TOPS, 2) if weights is None else (TOPS, 2, 3), np.int64)
            if weights is None:
                scores.count(self.counts[view])
            else:
                self.counts[view] += counted(scores.tops(), weights, 2 * TOPS).reshape(TOPS, 2, 3)
        else:
            keys = rows.place * (2 * TOPS) + Scores(backend, rows.pred, rows.target).tops()
            found, place, counts = np.unique(keys, return_inverse=True, return_counts=True)
            if weights is not None:
                counts = counted(place, weights, len(found))
            groups = found // (2 * TOPS)
            ends = np.searchsorted(groups, np.arange(len(rows.keys) + 1))
            for key, begin, end in zip(rows.keys, ends[:-1], ends[1:], strict=True):
                self.pieces.append((key, view, found[begin:end] % (2 * TOPS), counts[begin:end]))

    def _add_keys(self, backend: Any, rows: Rows, windows: dict[tuple[Key, int], Window], view: int) -> None:
        unit = self.tally.unit
        weights = None if unit is None else rows.weights
        some: list[tuple[Key, Any]] = [((), slice(None))]
        if rows.place is not None:
            order = np.argsort(rows.place, kind="stable")
            ends = np.searchsorted(rows.place[order], np.arange(len(rows.keys) + 1)).tolist()
            some += [(key, order[ends[g] : ends[g + 1]]) for g, key in enumerate(rows.keys)]
        kind = np.uint32 if self.tally.bits == 32 else np.int64
        for key, which in some:
            if (key, view) in windows:
                scores, own = Scores(backend, rows.pred[which], rows.target[which]), None
                if weights is not None and unit is not None:
                    own = split(weights[which][scores.inside(windows[key, view])], unit)
                keys = scores.keys(windows[key, view])
                if len(keys):
                    self.pieces.append((key, view, keys.astype(kind), own))


class RankTotal:
    """The rankings of all rows, or of those of each key: one for each view."""

    def __init__(self, tally: Ranks, grouped: bool) -> None:
        self.tally, self.grouped = tally, grouped
        self.rankings: dict[tuple[Key, int], Ranking] = {}

    def _of(self, key: Key, view: int) -> Ranking:
        if (key, view) not in self.rankings:
            if len(self.rankings) > MOST_KEYS:
                raise ValueError(f"there are more than {MOST_KEYS} keys; the order of scores takes a MiB for each")
            asked = self.tally.bits, self.tally.kind, self.tally.precision, self.tally.exact
            unit = self.tally.unit
            self.rankings[key, view] = Ranking(*asked) if unit is None else WeightedRanking(*asked, unit)
        return self.rankings[key, view]

    def add(self, task: RanksOfTask) -> None:
        """Add the blocks of the next task."""
        if task.tally.windows is not None:
            for key, view, keys, weights in task.pieces:
                self._of(key, view).add_keys(keys, weights)
            return
        for view, counts in task.counts.items():
            self._of((), view).counts += counts
        for key, view, cells, some in task.pieces:
            assert some is not None
            self._of(key, view).counts.reshape(2 * TOPS, -1)[cells] += some.reshape(len(cells), -1)

    def of(self, key: Key) -> list[Ranking]:
        """The rankings of a key."""
        return [self._of(key, view) for view in range(max(1, len(self.tally.views)))]

    def whole(self) -> list[Ranking]:
        """The rankings of all rows."""
        return self.of(())

    def keys(self) -> list[Key]:
        """The keys that there are, in order."""
        return sorted({key for key, _ in self.rankings if key}) if self.grouped else []

    def state(self) -> list[Any]:
        """What the first pass has counted, as plain data: further passes begin anew."""
        found = []
        for (key, view), ranking in self.rankings.items():
            if self.grouped and not key:  # of all of them
                continue
            there = np.flatnonzero(ranking.counts)
            found.append([list(key), view, there.tolist(), ranking.counts.reshape(-1)[there].tolist()])
        return found

    def take_up(self, state: list[Any]) -> None:
        """Go on from what `state` gave."""
        for key, view, cells, counts in state:
            self._of(tuple(key), view).counts.reshape(-1)[cells] = counts

    def settle(self, backend: str | None) -> None:
        """What the first pass says; the ranking of all rows beside those of keys is that of all counts."""
        found = backend_for(record_of("ranking", None, False), backend, 0)
        if self.grouped and self.rankings:
            for view, whole in enumerate(self.whole()):
                whole.counts[...] = sum(each.counts for (key, k), each in self.rankings.items() if key and k == view)
        for ranking in self.rankings.values():
            ranking.settle(found)

    def narrowed(self, room: int) -> Ranks | None:
        """What a further pass is to look at, as much as there is room for; None if everything is known."""
        windows: list[tuple[tuple[Key, int], Window]] = []
        self.under_way: list[Ranking] = []
        self.held = 0
        for key, ranking in self.rankings.items():
            if room > self.held and (window := ranking.window()) is not None:
                assert ranking.keys is not None
                windows.append((key, window))
                self.under_way.append(ranking)
                self.held += ranking.keys.nbytes
        if not windows:
            return None
        return dataclasses.replace(self.tally, windows=tuple(windows))

    def end_pass(self, name: str) -> None:
        """A pass has ended."""
        for ranking in self.under_way:
            ranking.end_pass(name)


__all__ = ["ROOM", "Cells", "CellTotal", "Ranks", "RankTotal", "Tally"]
