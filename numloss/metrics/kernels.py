"""What is counted by compiled loops, see the loops of numloss/loops/counting*.py: arrays in, counts out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..backends.packing.operands import FLOAT32, FLOAT64, Problem, label_operand
from ..common.halves import is_floating, is_half, widened
from ..dispatch import host_backend, load
from ..loops import headers
from ..loops.counting_walks import SCRATCH
from ..typing import Array

if TYPE_CHECKING:
    from ..backends.host import HostBackend
    from ..registry import Loss

# Patterns of the sixteen leading bits of a score.
TOPS = 1 << 16
# Nanoseconds for a score, and for a class of a row.
COST = 1.0
# Nanoseconds of a search among cuts.
SEARCH = 20.0
BLOCK = 4096


def backend_for(loss: Loss, name: str | None, size: int) -> HostBackend:
    """Where something of so many numbers is counted."""
    found: HostBackend = load(name) if name is not None else host_backend(loss, size * COST)
    return found


def bits_of(dtype: np.dtype[Any]) -> int:
    """The bits of scores as they are counted: of what is no float, those of the float64 that it becomes."""
    return 8 * dtype.itemsize if is_floating(dtype) else 64


def as_scores(scores: Array) -> Array:
    """Scores side by side, in the order of the machine; those of sixteen bits as their patterns."""
    if is_half(scores.dtype):
        return patterns_of(scores)
    native = scores.dtype.newbyteorder("=") if scores.dtype.kind == "f" else FLOAT64
    return np.ascontiguousarray(scores, native)


def patterns_of(scores: Array) -> Array:
    """The bits of scores of sixteen, side by side, in the order of the machine."""
    return np.ascontiguousarray(scores, scores.dtype.newbyteorder("=")).view(np.uint16)


def nan_rows(scores: Array) -> Array | None:
    """Which scores are NaN, None if none is."""
    if not is_half(scores.dtype):
        if scores.dtype.kind != "f" or not len(scores) or not np.isnan(scores.min()):
            return None
        return np.isnan(scores)
    infinite = 0x7C00 if scores.dtype.kind == "f" else 0x7F80  # float16, or bfloat16
    bad: Array = patterns_of(scores) & 0x7FFF > infinite
    return bad if bad.any() else None


def as_labels(labels: Array) -> Array:
    """Labels of a dtype that loops read."""
    found = widened(np.asarray(labels))
    return found if found.dtype.char in "fdbB?hHiIlqLQ" and found.dtype.isnative else found.astype(FLOAT64)


class Window(NamedTuple):
    """Which scores become keys: those whose bits of a level, sixteen more with each, are from low to below high.

    `all_bits` says whether a key has all further bits, or the next sixteen alone.
    """

    level: int
    low: int
    high: int
    all_bits: bool

    def numbers(self, bits: int) -> dict[str, Any]:
        """The fields of a header."""
        left = bits - 16 * (self.level + 1)
        kept = left if self.all_bits else min(left, 16)
        return {
            "least": number_of(self.low << left, bits),
            "most": number_of((self.high << left) - 1, bits),
            "scale": 1 << 16 * self.level,
            "unit": 1 << left,
            "drop": 1 << (left - kept),
            "span": 1 << kept,
            "low": self.low,
        }


def number_of(place: int, bits: int) -> float:
    """The float that has a place among all of so many bits, in their order; beyond both infinities these."""
    half = 1 << (bits - 1)
    pattern = place - half if place >= half else 2 * half - 1 - place
    kind = "float64" if bits == 64 else "float32"
    found = float(np.array([pattern], f"uint{bits}").view(kind)[0])
    return found if found == found else math.inf if place >= half else -math.inf


WHOLE: dict[str, Any] = {"least": 0.0, "most": 0.0, "scale": 1, "unit": 1, "drop": 1, "span": 1, "low": 0}


def bad_label(name: str, labels: Array, at: int, wanted: str) -> ValueError:
    """What is wrong with a label."""
    return ValueError(f"{name}[{at}] is {labels[at]}; it must be {wanted}")


class Scores:
    """Scores with labels, as loops read them."""

    def __init__(self, backend: HostBackend, scores: Array, labels: Array) -> None:
        self.backend, self.given = backend, labels
        self.bits, self.scores, self.labels = bits_of(scores.dtype), as_scores(scores), as_labels(labels)

    def count(self, counts: Array) -> None:
        """Add the labels to their counts by the leading bits of their scores."""
        self._run("scores_block", counts=id(counts), keys=0, **WHOLE)

    def keys(self, window: Window) -> Array:
        """The keys of scores in a window, with labels as their last bits."""
        keys = np.empty(len(self.scores) + 512, np.int64)
        found = self._run("keys_block", counts=0, keys=id(keys), **window.numbers(self.bits))
        return keys[: int(found)]

    def inside(self, window: Window) -> Array:
        """Which scores are in a window, in their order."""
        ends = window.numbers(self.bits)
        return np.flatnonzero((self.scores >= ends["least"]) & (self.scores <= ends["most"]))

    def tops(self) -> Array:
        """The leading bits of all scores, with labels as their last bits."""
        keys = np.empty(len(self.scores), np.int64)
        self._run("tops_block", counts=0, keys=id(keys), **WHOLE)
        return keys

    def _run(self, name: str, **fields: Any) -> float:
        real, kept = FLOAT64 if self.bits == 64 else FLOAT32, []  # type: tuple[Any, list[Any]]
        header = headers.Scored(
            elements=len(self.scores), bits=self.bits, itemsize=real.itemsize, scores=id(self.scores),
            labels=label_operand(self.labels, kept), **fields,
        )  # fmt: skip
        loop = self.backend.loop(name, real.name)
        outcome = self.backend.launch(Problem(loop, header, min(1, len(self.scores)), 0.0))
        if outcome.bad_at >= 0:
            raise bad_label("target", self.given, outcome.bad_at, "0 or 1")
        return outcome.value


class Left(NamedTuple):
    """What cells of scores leave: see `add_score` of the loops."""

    wins: Array
    parts: Array


def _walk(backend: HostBackend, name: str, numbers: Array, cells: int, **fields: int) -> None:
    names = ("span", "negatives", "positives", "below", "wins", "parts", "ends", "scratch", "into", "room")
    none = dict.fromkeys(names, 0)
    bits = 8 * numbers.dtype.itemsize
    header = headers.Walk(elements=len(numbers), bits=bits, cells=cells, numbers=id(numbers), **{**none, **fields})
    backend.launch(Problem(backend.loop(name, "float64"), header, min(1, len(numbers)), 0.0))


def _left(backend: HostBackend, name: str, numbers: Array, cells: int, below: Array, all_of: Any, **more: int) -> Left:
    left = Left(np.zeros((cells, 2), np.int64), np.zeros((cells, 4)))
    below = np.ascontiguousarray(below, np.int64)
    fields = {"negatives": all_of[0], "positives": all_of[1], "wins": id(left.wins), "parts": id(left.parts)}
    _walk(backend, name, numbers, cells, below=id(below), **fields, **more)
    return left


def walk_counts(backend: HostBackend, counts: Array, below: Array, all_of: tuple[int, int]) -> Left:
    """What cells leave that are counted in order, with so many labels of both kinds below the first, and in all."""
    counts = np.ascontiguousarray(counts, np.int64)
    return _left(backend, "counts_block", counts, len(counts), below, all_of)


def walk_keys(backend: HostBackend, keys: Array, ends: Array, below: Array, all_of: tuple[int, int]) -> Left:
    """What cells leave, by their keys, which end at `ends`; `below` are the labels of both kinds below each of them.

    Keys of 32 bits are those that have been placed, those of 64 are in order.
    """
    ends = np.ascontiguousarray(ends, np.int64)
    scratch = np.empty(SCRATCH if keys.itemsize == 2 else 0, np.int64)
    name = "placed_keys_block" if keys.itemsize == 2 else "sorted_keys_block"
    return _left(backend, name, keys, len(below), below, all_of, ends=id(ends), scratch=id(scratch))


def walk_weighted(
    backend: HostBackend, keys: Array, places: Array | None, rows: Array, ends: Array, below: Array, all_of: Array
) -> Left:
    """What cells of rows with weights leave, by their keys in order, and where those of 64 bits were in `rows`."""
    left = Left(np.zeros(len(ends)), np.zeros((len(ends), 4)))
    kept = [np.ascontiguousarray(each, np.int64) for each in (ends, below, all_of)]
    numbers = rows.view(np.int32)
    header = headers.WeightedWalk(
        bits=32 if places is None else 64, cells=len(ends), keys=id(keys), places=0 if places is None else id(places),
        rows=id(numbers), stride=rows.itemsize // 4, ends=id(kept[0]), below=id(kept[1]), all_of=id(kept[2]),
        wins=id(left.wins), parts=id(left.parts),
    )  # fmt: skip
    backend.launch(Problem(backend.loop("weighted_keys_block", "float64"), header, 1, 0.0))
    return left


def place_keys(backend: HostBackend, keys: Array, ends: Array, into: Array) -> None:
    """Put keys of 32 bits behind those of their cells and labels, which end at `ends`, as sixteen bits of them."""
    _walk(backend, "place_keys_block", keys, len(ends), ends=id(ends), into=id(into), room=len(into))


def count_keys(backend: HostBackend, keys: Array, counts: Array) -> None:
    """Add keys to their counts."""
    _walk(backend, "key_counts_block", keys, 0, wins=id(counts))


def between(backend: HostBackend, scores: Array, cuts: Array) -> Array:
    """Which of the cells that cuts make each score is in: 2 k below cut k, 2 k + 1 where it is one."""
    scores = as_scores(scores)
    cuts, cells = cuts.astype(scores.dtype), np.empty(len(scores), np.int64)  # cuts are scores: nothing is rounded
    header = headers.Cuts(
        elements=len(scores), block=BLOCK, scores=id(scores), cuts=id(cuts), count=len(cuts), cells=id(cells)
    )
    loop = backend.loop("between_block", scores.dtype.name)
    backend.launch(Problem(loop, header, -(-len(scores) // BLOCK), len(scores) * SEARCH))
    return cells


def choices(backend: HostBackend, scores: Array, labels: Array) -> tuple[Array, Array]:
    """Of rows of scores the first of the largest, -1 where one is NaN, and how many classes come before the label."""
    scores, given = as_scores(scores), as_labels(labels)
    rows, classes = scores.shape
    chosen, before = np.empty(rows, np.int64), np.empty(rows, np.int64)
    kept: list[Any] = []
    header = headers.Chosen(
        rows=rows, classes=classes, itemsize=scores.itemsize, block=BLOCK, scores=id(scores),
        labels=label_operand(given, kept), chosen=id(chosen), before=id(before),
    )  # fmt: skip
    loop = backend.loop("chosen_block", scores.dtype.name)
    outcome = backend.launch(Problem(loop, header, -(-rows // BLOCK), scores.size * COST))
    if outcome.bad_at >= 0:
        raise bad_label("target", labels, outcome.bad_at, f"a class from 0 to {classes - 1}")
    return chosen, before
