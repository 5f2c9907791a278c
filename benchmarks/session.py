"""One run of the comparison: its options, its clock, and the file that grows as results come in."""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from report import GRADIENT_ALONE, fastest

import numloss as nl
from numloss.backends import threads
from numloss.bench import environment
from numloss.bench.cases import SMALL, Case
from numloss.bench.contest import compete
from numloss.common.files import write_json

RESULTS = Path(__file__).parent / "results"


def keep(found: dict[str, Any], what: str) -> None:
    """Write what was found of this machine to the results."""
    write_json(RESULTS / f"{environment.short_name(found)}-{what}.json", {**found, "load_after": environment.load()})


def asked(parser: argparse.ArgumentParser, turns: int) -> argparse.Namespace:
    """What a comparison by itself is asked for: its own options, and those that all have, which are seen to here."""
    parser.add_argument("--turns", type=int, default=turns)
    parser.add_argument("--threads", type=int, default=threads.cores())
    parser.add_argument("--avx2", action="store_true", help="as on a CPU that has AVX2 alone")
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    if options.avx2:
        environment.as_avx2()
    nl.set_num_threads(options.threads)
    return options


class Session:
    """Runs cases, prints a line for each, and keeps the file of results up to date."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.failed = False
        self.end = time.monotonic() + options.budget
        self.results: dict[str, Any] = {**environment.describe(), "records": []}
        self.path: Path = options.output or RESULTS / f"{environment.short_name(self.results)}.json"
        self.path.parent.mkdir(parents=True, exist_ok=True)

    @property
    def threads(self) -> int:
        """As many as this process has cores."""
        return int(self.results["machine"]["cores"])

    def wanted(self, case: Case) -> Case | None:
        """The case at the size asked for, or None if the options leave it out."""
        if self.options.cases and not any(part in case.name for part in self.options.cases):
            return None
        return case.at_most(SMALL) if self.options.size == "small" else case

    def add(self, section: str, record: dict[str, Any], line: str) -> None:
        """Keep a record, on disk at once."""
        self.results["records"].append({"section": section, **record})
        self.results["load_after"] = environment.load()
        write_json(self.path, self.results)
        print(f"{section:<12}{line}", flush=True)

    def attempt(self, section: str, name: str, run: Callable[[], dict[str, Any]], line: Callable[[Any], str]) -> None:
        """Run something if there is time left; what is not measured is recorded with the reason."""
        if time.monotonic() > self.end:
            self.add(section, {"case": name, "not_measured": "the time budget was used up"}, f"{name:<44}no time left")
            return
        try:
            record = run()
        except Exception as error:  # the other cases are still worth measuring, and the reason is in the results
            self.failed = True
            reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
            self.add(section, {"case": name, "not_measured": reason}, f"{name:<44}NOT MEASURED: {reason}")
            return
        self.add(section, record, line(record))

    def compete(self, section: str, case: Case, threads: int = 0, pool: Any = None, **changes: Any) -> None:
        """One case against the peers, here or in a process that has fewer cores."""
        sized = self.wanted(case)
        if sized is None:
            return
        given = {"peers": self.options.peers, "seconds": self.options.seconds, "rounds": self.options.rounds, **changes}

        def run() -> dict[str, Any]:
            if pool is not None:
                return pool.submit(compete, sized, threads, **given).result()  # type: ignore[no-any-return]
            return compete(sized, threads or self.threads, **given)

        self.attempt(section, sized.name, run, summary)


def summary(record: dict[str, Any]) -> str:
    """A record in one line."""
    backend, ours, peer, theirs = fastest(record)
    against = f"{theirs / ours:6.1f} x {peer}" if peer else ""
    alone = record["median_ms"].get(GRADIENT_ALONE)
    if alone:
        against += f"; {alone / ours:.1f} x {GRADIENT_ALONE}"
    floor = record["floor_ms"]
    gone = "".join(f"; {name} is not available" for name in record["not_available"])
    return f"{record['case']:<44}{ours:10.4f} ms{ours / floor:8.2f} x floor  {backend:<7}{against}{gone}"


def figures(record: Any, indent: int = 13) -> str:
    """A record of other figures: one line each, nested names joined."""

    def lines(value: Any, name: str) -> Iterator[str]:
        if isinstance(value, dict):
            for key, each in value.items():
                yield from lines(each, f"{name} {key}".strip())
        elif isinstance(value, float):
            yield f"{name:<60}{value:12.3f}"
        else:
            yield f"{name:<60}{value:>12}"

    return ("\n" + " " * indent).join([record["case"], *lines({k: v for k, v in record.items() if k != "case"}, "")])


@contextlib.contextmanager
def process_on(cores: int) -> Iterator[ProcessPoolExecutor]:
    """A process that may use so many cores only: everyone in it, peers included, has as many threads."""
    mine = os.sched_getaffinity(0)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        os.sched_setaffinity(0, sorted(mine)[:cores])
        try:
            pool.submit(os.getpid).result()  # the process starts with the first task, and inherits the cores
        finally:
            os.sched_setaffinity(0, mine)
        yield pool
