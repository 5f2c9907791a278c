"""Shows what the tests see: puts faults into a copy of the checkout, one by one, and says which tests find each.

    python tests/injected_faults.py                     all faults, which takes half an hour of one core
    python tests/injected_faults.py --list              what there is
    python tests/injected_faults.py ctc 'cuda *'        those whose names begin so, or match
    python tests/injected_faults.py --in ~/old          another checkout, say that of an older commit

The working tree is never written to. The faults are data, tests/faults/*.toml, one record each:

    name      what is wrong, as the table prints it
    imitates  the kind of mistake that it stands for
    file      where it is put, from the root of the checkout
    old, new  the exact text, which must occur once in the file, and what takes its place
    on        "host": nothing is compiled; "numba": compiled when needed; "cython": kernels are built before the tests;
              "cuda": the tests run in Numba's simulator
    tests     files of the default suite that should see it, the likeliest first
    match     the tests among these that are run, as for pytest's -k; all of them if it is left out

A fault counts as found by a test that fails with it and passes without it; a test that hangs finds nothing. A text
that Numba and Cython both compile is on = "numba": the kernels of Cython are then older than their sources, and what
needs them is skipped, so that no test finds the fault by comparing them with what Numba makes of it. Exit status 1 if
a fault was not found, 2 if one could not be tried, for example because its text is not there any more.

Compiled kernels are kept from run to run, in a temporary folder for each checkout or in NUMLOSS_CACHE_DIR. CC may be
"ccache gcc".
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LEFT_OUT = shutil.ignore_patterns(".git", ".venv*", "*.egg-info", ".mypy_cache", ".ruff_cache")
# What lies beside the kernels in their folder: locks, and kernels that are being written.
NO_KERNELS = shutil.ignore_patterns("locks", ".*")
PLACES = ("host", "numba", "cython", "cuda")
# Only for the best level of this CPU, and with little effort: the bits are the same.
BUILD = """
import os, sys
sys.path[:0] = [os.getcwd()]
import setup
from numloss.backends.cython_aot import runnable_levels
setup.LEVELS = tuple(runnable_levels()[:1])
import flags
flags.EFFORT.update(dict.fromkeys(setup.LEVELS, "-O1"))
build = {"build_ext": setup.BuildKernels}
setup.setup(ext_modules=setup.extensions(), cmdclass=build, script_args=["-q", "build_ext", "--inplace", "-j1"])
report = {}
exec(open("numloss/_build_report.py").read(), report)
sys.exit(report["REPORT"]["why"] or 0)
"""
# What is said of kernels that are older than their sources; tests that end so have not failed.
STALE = "older than their sources"
OUTCOME = re.compile(r"^(\S+?::.+?) (PASSED|FAILED|ERROR|SKIPPED|XFAIL)\b", re.MULTILINE)
BEGUN = re.compile(r"^(\S+?::.+?) *$", re.MULTILINE)


class CannotTry(Exception):
    """Why a fault says nothing about the tests."""


@dataclass(frozen=True)
class Fault:
    """One mistake, and the tests that should see it."""

    name: str
    imitates: str
    file: str
    old: str
    new: str
    on: str
    tests: tuple[str, ...]
    match: str = ""

    def broken(self, root: Path) -> str:
        """The text of the file with the fault in it."""
        path = root / self.file
        if not path.is_file():
            raise CannotTry(f"there is no {self.file}")
        text = path.read_text()
        if text.count(self.old) != 1:
            raise CannotTry(f"its text occurs {text.count(self.old)} times in {self.file}")
        return text.replace(self.old, self.new)


@dataclass(frozen=True)
class Outcome:
    """What came of a fault."""

    name: str
    found_by: tuple[str, ...]
    problem: str
    passed: int
    seconds: float

    def __str__(self) -> str:
        said = self.problem or ("found by" if self.found_by else f"NOT FOUND, {self.passed} tests passed")
        return "\n".join([f"{self.name}: {said}  ({self.seconds:.0f} s)", *(f"    {test}" for test in self.found_by)])


def read_faults() -> list[Fault]:
    """All records, in the order of the files."""
    found = []
    for path in sorted((HERE / "faults").glob("*.toml")):
        for record in tomllib.loads(path.read_text())["fault"]:
            found.append(Fault(**{**record, "tests": tuple(record["tests"])}))
    return found


def linked(source: str, target: str) -> None:
    """A file in a second place; compiled kernels are replaced, never changed."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


class Workshop:
    """Two copies of a checkout, one whole and one to be broken, and what runs tests in them.

    So are there two caches of kernels: a fault in what compiles them leaves wrong ones under the right names.
    """

    def __init__(self, checkout: Path, place: Path, cache: Path, python: str, seconds: float) -> None:
        self.whole, self.bench = place / "whole", place / "bench"
        self.cache, self.bench_cache = cache, place / "cache"
        self.python, self.seconds = python, seconds
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copytree(checkout, self.whole, ignore=LEFT_OUT)
        shutil.copy(__file__, place / "stale_kernels.py")  # a plugin of pytest, see the end of this file

    def process(self, root: Path, *arguments: str, **more: str) -> tuple[int | None, str]:
        """Run Python in a copy; its exit status, None if it had to be ended, and what it printed."""
        environment = {**os.environ, "PYTHONPATH": f"{root}:{root.parent}", "PYTHONUNBUFFERED": "1", **more}
        command = [self.python, *arguments]
        with (root.parent / "printed").open("w+") as printed:
            child = subprocess.Popen(
                command, cwd=root, env=environment, stdout=printed, stderr=subprocess.STDOUT, start_new_session=True
            )
            try:
                status: int | None = child.wait(self.seconds)
            except subprocess.TimeoutExpired:
                status = None
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()
            printed.seek(0)
            return status, printed.read()

    def build(self, root: Path) -> None:
        """Build the Cython kernels that have changed."""
        status, printed = self.process(root, "-c", BUILD)
        if status != 0:
            raise CannotTry(f"the kernels could not be built: {printed.strip().splitlines()[-1:]}")

    def clear_bench(self, fault: Fault, text: str) -> None:
        """A new copy with this text in the place of the fault."""
        for old in (self.bench, self.bench_cache):
            shutil.rmtree(old, ignore_errors=True)
        shutil.copytree(self.whole, self.bench)
        shutil.copytree(self.cache, self.bench_cache, copy_function=linked, ignore=NO_KERNELS)
        (self.bench / fault.file).write_text(text)

    def run(self, fault: Fault, root: Path, cache: Path, *arguments: str) -> tuple[int | None, list[str], int]:
        """Exit status of pytest, the tests that failed, and how many passed."""
        environment, quiet = {"NUMLOSS_CACHE_DIR": str(cache)}, []
        if fault.on == "cuda":
            environment["NUMBA_ENABLE_CUDASIM"], quiet = "1", ["-W", "ignore::RuntimeWarning"]
        command = ["-m", "pytest", "-p", "stale_kernels", "-v", "--tb=no", "-rN", "--maxfail=3", *quiet, *arguments]
        status, printed = self.process(root, *command, **environment)
        outcomes = OUTCOME.findall(printed)
        failed = [test for test, outcome in outcomes if outcome in ("FAILED", "ERROR")]
        if status is not None and status not in (0, 1):
            if status > 0:
                raise CannotTry(f"pytest ends with status {status}: {printed.strip().splitlines()[-1]}")
            failed += BEGUN.findall(printed)[-1:]  # the process died in it
        return status, failed, sum(outcome == "PASSED" for _, outcome in outcomes)

    def attempt(self, fault: Fault) -> tuple[tuple[str, ...], str, int]:
        """The tests that find a fault, what kept others from it, and how many passed."""
        missing = [test for test in fault.tests if not (self.whole / test).exists()]
        if missing:
            raise CannotTry(f"there is no {', '.join(missing)}")
        self.clear_bench(fault, fault.broken(self.whole))
        if fault.on == "cython":
            self.build(self.bench)
        chosen = ["-m", "not more", *(["-k", fault.match] if fault.match else [])]
        status, failed, passed = self.run(fault, self.bench, self.bench_cache, *chosen, *fault.tests)
        problem = f"NOT FOUND in {self.seconds:.0f} s" if status is None and not failed else ""
        if not failed:
            return (), problem, passed
        if fault.on != "cython":
            # with a harmless change in the same place, so that the kernels are older than their sources here, too
            self.clear_bench(fault, (self.whole / fault.file).read_text() + "\n# nothing\n")
        without = self.run(fault, self.whole if fault.on == "cython" else self.bench, self.cache, *failed)[1]
        found = tuple(test for test in failed if test not in without)
        if not found:
            problem = f"NOT FOUND: {', '.join(failed)} fails without the fault, too"
        return found, problem, passed


def tried(workshop: Workshop, faults: list[Fault]) -> Iterator[Outcome]:
    """The outcome of each fault."""
    if any(fault.on == "cython" for fault in faults):
        workshop.build(workshop.whole)
    for fault in faults:
        begun = time.monotonic()
        try:
            found, problem, passed = workshop.attempt(fault)
        except CannotTry as error:
            found, problem, passed = (), f"CANNOT BE TRIED: {error}", 0
        yield Outcome(fault.name, found, problem, passed, time.monotonic() - begun)


def chosen(names: list[str]) -> list[Fault]:
    """The faults of these names, or patterns, or beginnings of names."""
    faults = read_faults()
    unknown = [name for name in names if not any(fnmatch.fnmatch(fault.name, f"{name}*") for fault in faults)]
    if unknown:
        sys.exit(f"no fault is called {', '.join(unknown)}; --list prints all")
    return [f for f in faults if not names or any(fnmatch.fnmatch(f.name, f"{name}*") for name in names)]


def main() -> None:
    """Try faults, print a table, and say by the exit status whether all were found."""
    parser = argparse.ArgumentParser(description="Puts faults into a copy of the checkout and runs the tests.")
    parser.add_argument("names", nargs="*", help="faults to try, or patterns of their names; all by default")
    parser.add_argument("--list", action="store_true", help="print the faults, and try none")
    parser.add_argument("--in", dest="checkout", type=Path, default=HERE.parent, help="another checkout")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that runs the tests")
    parser.add_argument("--seconds", type=float, default=600.0, help="the longest run of a fault's tests")
    parser.add_argument("--json", type=Path, help="write what came of each to this file, too")
    asked = parser.parse_args()
    faults = chosen(asked.names)
    if asked.list:
        for fault in faults:
            print(f"{fault.name:44} {fault.on:7} {fault.file}\n    {fault.imitates}")
        return
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="numloss-faults-") as place:
        checkout = asked.checkout.resolve()
        usual = Path(tempfile.gettempdir()) / f"numloss-kernels-{os.getuid()}-{zlib.crc32(bytes(checkout)):x}"
        cache = Path(os.environ.get("NUMLOSS_CACHE_DIR", usual))
        workshop = Workshop(checkout, Path(place), cache, asked.python, asked.seconds)
        for outcome in tried(workshop, faults):
            print(outcome, flush=True)
            outcomes.append(outcome)
            if asked.json:
                asked.json.write_text(json.dumps([vars(outcome) for outcome in outcomes], indent=1) + "\n")
    found = sum(bool(outcome.found_by) for outcome in outcomes)
    untried = sum("CANNOT" in outcome.problem for outcome in outcomes)
    print(f"\n{'fault':44} {'seconds':>7}  found by")
    for outcome in outcomes:
        first = outcome.found_by[0].removeprefix("tests/") if outcome.found_by else outcome.problem or "NOT FOUND"
        print(f"{outcome.name:44} {outcome.seconds:7.0f}  {first}")
    print(f"{found} of {len(outcomes)} faults were found")
    sys.exit(2 if untried else int(found < len(outcomes)))


def pytest_runtest_makereport(item: Any, call: Any) -> Any:
    """Called by pytest, of which a copy of this file is a plugin: skip what the kernels are too old for."""
    if call.excinfo is None or STALE not in str(call.excinfo.value):
        return None
    from pytest import TestReport

    report = TestReport.from_item_and_call(item, call)
    report.outcome, report.longrepr = "skipped", (item.nodeid, 0, STALE)
    return report


if __name__ == "__main__":
    main()
