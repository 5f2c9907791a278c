"""Compiled kernels on disk: never stale, never trusted blindly, healed when damaged."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from machine import missing
from process import python

import numloss as nl

COMPUTE = """
    import numpy as np, numloss as nl
    print(nl.huber(np.array([1.0, 4.0]), np.array([1.5, 2.0]), backend="numba"))
"""
ANSWER = "0.8125"
LAW = """
from my_helper import helper
def law(pred, target, scale):
    error = helper(pred - target)
    return {factor} * scale * error * error, 2.0 * {factor} * scale * error, 2.0 * {factor} * scale
"""
OWN = """
    import sys
    sys.path.insert(0, {folder!r})
    import numpy as np, numloss as nl
    from my_laws import law
    print(nl.value_and_grad(nl.elementwise(law, scale=1.0))(np.array([3.0]), np.array([1.0]))[0])
"""
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "truncated": lambda data: data[: len(data) // 2],
    "head only": lambda data: data[:32],
    "flipped": lambda data: data[:-100] + bytes([data[-100] ^ 1]) + data[-99:],
    "another's": lambda data: b"not a kernel" * 100,
}

pytestmark = pytest.mark.skipif("numba" in missing(), reason=f"numba: {missing().get('numba')}")


def halved(x: float) -> tuple[float, float, float]:
    return 0.5 * x, 0.5, 0.0


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that holds one small kernel."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("NUMLOSS_CACHE_DIR", str(folder))
    assert computed() == 1.5
    return folder


def computed() -> float:
    """The small kernel as a process gets it that has none yet, and what it computes of 3."""
    from numloss.backends.numba_cpu import compile as compiler

    kernel = compiler.tile.__wrapped__(halved, "float64", 1, 0, 1, 0)
    numbers = np.array([3.0, np.nan])
    places = np.array([numbers.ctypes.data, numbers.ctypes.data + 8])
    ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)(kernel.address)(
        places.ctypes.data, None, 1
    )
    return float(numbers[1])


@pytest.fixture
def without_tiles(tmp_path: Path) -> Path:
    """A folder with the loops and drivers of this run, where only the tiles of laws have to be compiled."""
    nl.huber(np.ones(2), np.zeros(2), backend="numba")
    folder = tmp_path / "without tiles"
    folder.mkdir(mode=0o700)
    for pattern in ("driver-serial-*", "loop-*-float64-*"):
        for path in Path(os.environ["NUMLOSS_CACHE_DIR"]).glob(pattern):
            shutil.copy2(path, folder)
    return folder


def tile(folder: Path) -> Path:
    """The file of the small kernel."""
    (found,) = folder.glob("tile-halved-float64-0-*.kernel")
    return found


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_replaced_with_one_warning(cache: Path, damage: Callable[[bytes], bytes]) -> None:
    tile(cache).write_bytes(damage(tile(cache).read_bytes()))
    with pytest.warns(UserWarning, match="removed a damaged compiled kernel") as warned:
        assert computed() == 1.5
    assert len(warned) == 1
    assert computed() == 1.5  # warnings are errors


def test_a_warm_cache_is_read_and_not_written(tmp_path: Path) -> None:
    """From a cold start on: one process compiles, the next finds everything."""
    cache = tmp_path / "cache"
    assert python(COMPUTE, NUMLOSS_CACHE_DIR=str(cache)).stdout.strip() == ANSWER
    before = {path.name: path.stat().st_mtime_ns for path in cache.iterdir()}
    assert python(COMPUTE, NUMLOSS_CACHE_DIR=str(cache)).stdout.strip() == ANSWER
    assert {path.name: path.stat().st_mtime_ns for path in cache.iterdir()} == before
    assert not list(cache.glob(".*")), "a temporary file is left behind"


def test_an_edited_law_and_an_edited_helper_of_it_give_new_numbers(without_tiles: Path, tmp_path: Path) -> None:
    for factor, helped, value in (("1.0", "1.0", "4.0"), ("3.0", "1.0", "12.0"), ("3.0", "2.0", "48.0")):
        (tmp_path / "my_helper.py").write_text(f"def helper(x):\n    return {helped} * x\n")
        (tmp_path / "my_laws.py").write_text(LAW.format(factor=factor))
        shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
        said = python(OWN.format(folder=str(tmp_path)), NUMLOSS_CACHE_DIR=str(without_tiles)).stdout
        assert said.strip() == value
    kept = sorted(path.name for path in without_tiles.glob("tile-law-*"))
    (tmp_path / "my_helper.py").write_text("def helper(x):\n    return 1.0 * x\n")
    shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
    said = python(OWN.format(folder=str(tmp_path)), NUMLOSS_CACHE_DIR=str(without_tiles)).stdout
    assert said.strip() == "12.0" and sorted(path.name for path in without_tiles.glob("tile-law-*")) == kept


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_folder_that_others_may_write_to_is_not_used(cache: Path, mode: int) -> None:
    # code that somebody else could have put there: reading it would warn, and would fail as it is no kernel
    tile(cache).write_bytes(b"planted")
    cache.chmod(mode)
    assert computed() == 1.5
    assert tile(cache).read_bytes() == b"planted"


def test_a_folder_of_another_user_is_not_used(cache: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give a folder away")
    tile(cache).write_bytes(b"planted")
    os.chown(cache, 12345, 12345)
    assert computed() == 1.5
    assert tile(cache).read_bytes() == b"planted"


def test_the_cache_can_be_turned_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMLOSS_CACHE", "0")
    monkeypatch.setenv("NUMLOSS_CACHE_DIR", str(tmp_path / "none"))
    assert computed() == 1.5 and not (tmp_path / "none").exists()


def test_a_new_folder_is_private(tmp_path: Path) -> None:
    from numloss.backends.numba_cpu.cache import private

    folder = tmp_path / "a" / "b"
    assert private(folder)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_place_where_nothing_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("NUMLOSS_CACHE_DIR", str(blocked / "cache"))
    assert computed() == 1.5


def test_two_processes_at_once(without_tiles: Path) -> None:
    """Both start without a tile, and say the same."""
    cache = without_tiles
    code = "import numpy as np, numloss as nl\n" + "".join(
        f"print(nl.{name}(np.array([1.0, 4.0]), np.array([1.5, 2.0]), backend='numba'))\n" for name in ("huber", "mse")
    )
    environment = {**os.environ, "NUMLOSS_CACHE_DIR": str(cache)}
    command = [sys.executable, "-W", "error", "-c", code]
    started = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=120) for process in started]
    assert said[0] == said[1] and said[0][1] == "" and said[0][0].startswith(ANSWER)
    assert not list(cache.glob(".*.part"))


def test_another_type_of_cpu_has_kernels_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes that share a folder never load what was compiled for the CPU of another."""
    from numloss.backends.numba_cpu.cache import KernelCache

    monkeypatch.setenv("NUMLOSS_CACHE_DIR", str(tmp_path / "cache"))
    kernel = KernelCache("tile", "a law")
    paths = set()
    for where in (("x86_64", "znver4", "+avx512f"), ("x86_64", "znver2", "+avx2"), ("x86_64", "znver4", "-avx512f")):
        codegen = SimpleNamespace(magic_tuple=lambda where=where: where)
        paths.add(kernel.path(SimpleNamespace(codegen=lambda codegen=codegen: codegen)))
    assert len(paths) == 3 and None not in paths
