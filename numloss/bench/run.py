"""What `numloss bench` measures: questions, visited in turns, so that a busy minute disturbs none of them alone.

At each visit everything is set up anew, in other memory, and all contestants take turns with two references: a copy of
the bytes that must move, and arithmetic that takes about as long. Peers take part in the first visit.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..backends.threads import num_threads
from .arrays import floor_bytes, inputs
from .cases import Case
from .contest import FRESH, ROUNDS, Arithmetic, Call, Floor, contestants, interval, numloss_call, race

REFERENCES = ("copy", "arithmetic")
# Bytes of a copy that no cache holds, by which the bandwidth of memory is measured.
OUT_OF_CACHE = 1 << 28
# How much longer than asked for first visits may take all together, and what they may take in any case, in seconds.
LONGER, LEAST_TIME = 1.2, 60.0
# Bytes from which a copy by several threads of Python is the faster one.
SHARED_FROM = 1 << 21
# The least that the turns of one visit take; there are three turns of each at least.
LEAST_SECONDS = 0.02

Times = dict[str, list[float]]


@dataclass(frozen=True)
class Question:
    """One case in one mode, with so many threads."""

    case: Case
    mode: str
    threads: int

    @property
    def name(self) -> str:
        """Loss, true size, dtype if it is not float32, mode and threads."""
        return f"{self.case.name} {self.mode}, {threads_in_words(self.threads)}"


def threads_in_words(count: int) -> str:
    """How many threads, as it stands in names."""
    return f"{count} thread" + "s" * (count != 1)


@dataclass
class Found:
    """What is known of a question: the times of each visit, by contestant, and what could not be measured."""

    question: Question
    backends: tuple[str, ...]
    moved: int = 0
    visits: list[Times] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    wrong: bool = False

    @property
    def measured(self) -> list[str]:
        """Who was timed, references left out: backends first, then peers."""
        return [name for name in (self.visits[0] if self.visits else ()) if name not in REFERENCES]

    @property
    def peers(self) -> list[str]:
        """Those of other libraries among them."""
        return [name for name in self.measured if name not in self.backends and not name.endswith(FRESH)]

    def times(self, name: str) -> list[float]:
        """All times in seconds of a contestant."""
        return [each for visit in self.visits for each in visit.get(name, ())]

    def median(self, name: str) -> float:
        """Their median."""
        return statistics.median(self.times(name))

    @property
    def floor(self) -> float:
        """Seconds of the copy."""
        return self.median("copy")

    def over(self, name: str, other: str) -> tuple[float, float, float]:
        """How many times as long another contestant takes, turn by turn: the median, and what it lies between."""
        pairs = [
            theirs / ours
            for visit in self.visits
            for theirs, ours in zip(visit.get(other, ()), visit.get(name, ()), strict=False)
        ]
        return interval(pairs)

    def fastest_peer(self) -> str | None:
        """The peer with the least median."""
        return min(self.peers, key=self.median, default=None)

    def logs(self, name: str) -> dict[str, list[float]]:
        """Of each visit the least time over that of each reference, as a logarithm.

        Of a visit, whose turns are of one second or two, the least times are those that were disturbed least.
        """
        return {
            reference: [math.log(min(visit[name]) / min(visit[reference])) for visit in self.visits if name in visit]
            for reference in REFERENCES
        }


def visit(found: Found, seconds: float, peers: Sequence[Any] = (), checked: bool = False) -> None:
    """Set a question up, let everybody take turns for so long, and keep their times."""
    case, mode, threads = found.question.case, found.question.mode, found.question.threads
    with num_threads(threads):
        began = time.perf_counter()
        arrays = inputs(case)
        found.moved, _ = floor_bytes(case, arrays, mode)
        calls: dict[str, Call]
        if checked:
            calls, found.missing = contestants(case, arrays, mode, threads, peers, backends=found.backends)
        else:
            calls = {backend: numloss_call(case, arrays, mode, backend) for backend in found.backends}
        team = threads if found.moved >= SHARED_FROM else 1
        references = {"copy": Floor(found.moved, team), "arithmetic": Arithmetic(found.moved, team)}
        left = seconds - (time.perf_counter() - began)
        found.visits.append(race({**references, **calls}, max(LEAST_SECONDS, left), ROUNDS))
        for reference in references.values():
            reference.close()


def measure(
    questions: Iterable[Question],
    backends: tuple[str, ...],
    peers: Sequence[Any],
    seconds: float,
    visits: int,
    show: Callable[[float, str], None] = lambda done, note: None,
    least: int = 1,
) -> list[Found]:
    """Visit all questions in turns; when the time is over, what was visited `least` times is not visited again.

    What cannot be measured has its reason beside it; a wrong answer is one.
    """
    found = [Found(question, backends) for question in questions]
    began = time.perf_counter()
    end = began + seconds
    # first visits compile, and are worth more than the time that they were given
    latest = began + max(LONGER * seconds, LEAST_TIME)
    # peers are there at first visits alone, which get half of the time then
    first = visits if peers else 1
    whole = left = len(found) * (first + visits - 1)
    for turn in range(visits):
        for each in found:
            show(1.0 - left / whole, each.question.name)
            now = time.perf_counter()
            part = 1 if turn else first
            share = (end - now) * part / left
            left -= part
            if each.problem or (now > end and turn >= least):
                continue
            if now > latest and not turn:
                each.problem = "no time was left"
                continue
            try:
                visit(each, share, peers, checked=turn == 0)
            except Exception as error:  # the others are still worth measuring, and the reason is told
                each.problem = f"{type(error).__name__}: {' '.join(str(error).split())}"
                each.wrong = isinstance(error, AssertionError)
    show(1.0, "")
    return found


def bandwidth(threads: int) -> float:
    """Bytes a second that a copy out of the cache reads and writes, the best of a few."""
    floor = Floor(OUT_OF_CACHE, threads)
    times = race({"copy": floor}, 1.0, 7)["copy"]
    floor.close()
    return OUT_OF_CACHE / min(times)
