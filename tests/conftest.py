"""Set-up of the whole run: one cache of compiled kernels, its seed, the backends, and what this machine cannot test."""

from __future__ import annotations

import gc
import os
import shutil
import zlib
from collections.abc import Callable, Iterator
from itertools import compress
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Compiled kernels are shared by all workers, by the processes that tests start, and by the runs to come: each is known
# by the texts that it was compiled from, and by those that compile. What a cold start does is tested in test_cache.py.
CACHE = Path(os.environ.get("NUMLOSS_CACHE_DIR") or ROOT / ".cache" / "kernels")
# Set before numloss is imported.
os.environ["NUMLOSS_CACHE_DIR"] = str(CACHE)
# Threads of BLAS that wait do not spin: workers share the cores, and took four fifths of their time from each other.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")
for name in ("NUMLOSS_BACKEND", "NUMLOSS_CACHE", "NUMLOSS_LEVEL"):
    os.environ.pop(name, None)


def default() -> str:
    """The backend that is tested by default."""
    from machine import default_backend

    return default_backend()


DEFAULT = default()
NAMES = ("numba", "cython")
# Of tests about calls and loops, for losses like others, `more` runs one in so many.
ONE_OF = 3
PARAMETERS = type(pytest.param(None))


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are cores: tests of other processes, kills and ranks wait for them, and leave a core idle."""
    return (os.cpu_count() or 1) + 1


def pytest_report_header(config: pytest.Config) -> list[str]:
    """What the numbers of this run depend on."""
    from cases import NAMES as LOSSES
    from cases import stands_for_its_kind
    from machine import missing
    from seeds import SEED

    lines = [f"numloss: seed {SEED} (NUMLOSS_TEST_SEED chooses another), compiled kernels in {CACHE}"]
    lines.append(f"numloss: numbers are tested on {DEFAULT}, which gives the same bits as the other: test_bits.py")
    lines.append("numloss: with `more` losses that stand for their kind are tested on the other, too, in full;")
    lines.append(f"numloss: of losses like others one test in {ONE_OF} about calls and loops, chosen by the seed")
    others = [name for name in LOSSES if not stands_for_its_kind(name)]
    lines.append(f"numloss: the full matrix of {len(others)} losses like others is marked more: {', '.join(others)}")
    return lines + [f"numloss: not tested here: {what}: {why}" for what, why in missing().items()]


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Thousands of tests are no garbage: they are not looked through while they are made, nor by any that follows."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Of parameters whose tests are run with `more` none but one is made into tests where those are not asked for."""
    if metafunc.config.option.markexpr != "not more":
        return
    parametrize, whole = metafunc.parametrize, metafunc.definition.get_closest_marker("more") is not None

    def of_default(names: Any, values: Any, *rest: Any, ids: Any = None, **options: Any) -> None:
        values = list(values)
        sets = [value if isinstance(value, PARAMETERS) else pytest.param(value) for value in values]
        wanted = [not whole and all(mark.name != "more" for mark in one.marks) for one in sets]
        if not whole and names_tell_places(sets):
            wanted = [True] * len(values)
        if not any(wanted):
            wanted[:1] = [True]
        if ids is not None and not callable(ids):
            ids = [*compress(ids, wanted)]
        parametrize(names, [*compress(values, wanted)], *rest, ids=ids, **options)

    metafunc.parametrize = of_default  # type: ignore[method-assign]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On the backend that is not the default, numbers of those losses alone that stand for their kind.

    test_bits.py and test_tails.py hold all laws of both to the same bits. Of the full matrix, what is about calls and
    loops and not about laws is drawn for the other losses, which loops cannot tell apart.
    """
    from cases import CASES, stands_for_its_kind
    from cases import NAMES as LOSSES
    from seeds import SEED

    known, left_out = {*CASES, *LOSSES}, []
    for item in items:
        given = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        case = given.get("case", given.get("name"))
        loss = case[0] if isinstance(case, tuple) else case
        if not isinstance(loss, str) or loss not in known or stands_for_its_kind(loss):
            continue
        drawn = item.get_closest_marker("loops") and item.get_closest_marker("more")
        unlucky = drawn and zlib.crc32(f"{SEED} {item.nodeid}".encode()) % ONE_OF
        if given.get("backend", DEFAULT) != DEFAULT or unlucky:
            left_out.append(item)
    config.hook.pytest_deselected(items=left_out)
    gone = set(map(id, left_out))
    items[:] = [item for item in items if id(item) not in gone]


def names_tell_places(sets: list[Any]) -> bool:
    """Whether the names of tests say which of these values they have, and not what it is."""
    return not all(isinstance(value, (str, int, float)) for one in sets if one.id is None for value in one.values)


def usable(name: str) -> str:
    """The backend, if it can run here."""
    from machine import missing

    if name in missing():
        pytest.skip(f"{name}: {missing()[name]}")
    return name


@pytest.fixture(params=[pytest.param(name, marks=() if name == DEFAULT else pytest.mark.more) for name in NAMES])
def backend(request: pytest.FixtureRequest) -> str:
    """A backend for host arrays: the default one, and with `more` the other, for losses that stand for their kind."""
    return usable(request.param)


@pytest.fixture(params=NAMES)
def each_backend(request: pytest.FixtureRequest) -> str:
    """Each backend for host arrays, for what they do not share: how they are called, read operands and run threads."""
    return usable(request.param)


@pytest.fixture(autouse=True)
def on_default_backend() -> Iterator[None]:
    """What names no backend computes on the default one, also where Numba is loaded, and compiles only users' laws.

    Whose subject is the choice has a fixture of this name that does nothing.
    """
    from numloss import dispatch

    usual = dispatch.host_backend
    dispatch.host_backend = lambda loss, work: dispatch.load(DEFAULT)
    yield
    dispatch.host_backend = usual


@pytest.fixture
def without_tiles(tmp_path: Path) -> Path:
    """A folder with the loops and drivers of this run, where only the tiles of laws have to be compiled."""
    import numpy as np

    import numloss as nl

    nl.huber(np.ones(2), np.zeros(2), backend="numba")
    folder = tmp_path / "without tiles"
    folder.mkdir(mode=0o700)
    for pattern in ("driver-serial-*", "loop-*-float64-*"):
        for path in CACHE.glob(pattern):
            shutil.copy2(path, folder)
    return folder


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Evaluation in blocks of a hundred numbers, so that a thousand rows are many of them."""
    from numloss.evaluation import plan

    monkeypatch.setattr(plan, "BLOCK_ELEMENTS", 100)


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., dict[str, Path]]:
    """Save arrays as files; gives their paths by name."""
    import numpy as np

    def save(**arrays: np.ndarray) -> dict[str, Path]:
        for name, values in arrays.items():
            np.save(tmp_path / f"{name}.npy", values)
        return {name: tmp_path / f"{name}.npy" for name in arrays}

    return save


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few tokens in a block, and fewer that are measured together."""
    monkeypatch.setattr("numloss.scoring.source.PIECE", 2100)
    monkeypatch.setattr("numloss.evaluation.plan.BLOCK_ELEMENTS", 16 * 11)
