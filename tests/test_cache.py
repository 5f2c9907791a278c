"""Compiled kernels on disk: never stale, never trusted blindly, healed when damaged."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from machine import missing
from process import attempt, python

COMPUTE = """
    import numpy as np, numloss as nl
    print(nl.huber(np.array([1.0, 4.0]), np.array([1.5, 2.0]), backend="numba"))
"""
ANSWER = "0.8125"
LAW = """
def law(pred, target, scale):
    error = pred - target
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


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A private copy of this run's cache, warm for the computation."""
    python(COMPUTE)
    folder = tmp_path / "cache"
    shutil.copytree(os.environ["NUMLOSS_CACHE_DIR"], folder)
    folder.chmod(0o700)
    return folder


def tile(folder: Path) -> Path:
    """The file of the kernel that the computation needs."""
    found = sorted(folder.glob("tile-huber-float64-0-*.kernel"))
    assert found
    return found[-1]


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_replaced_with_one_warning(cache: Path, damage: Callable[[bytes], bytes]) -> None:
    for path in sorted(cache.glob("tile-huber-float64-0-*.kernel")):
        path.write_bytes(damage(path.read_bytes()))
    first = attempt(COMPUTE, warnings="always", NUMLOSS_CACHE_DIR=str(cache))
    assert first.returncode == 0 and first.stdout.strip() == ANSWER
    assert first.stderr.count("removed a damaged compiled kernel") == 1
    second = attempt(COMPUTE, warnings="always", NUMLOSS_CACHE_DIR=str(cache))
    assert second.stdout.strip() == ANSWER and second.stderr == ""


def test_a_warm_cache_is_read_and_not_written(cache: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in cache.iterdir()}
    assert python(COMPUTE, NUMLOSS_CACHE_DIR=str(cache)).stdout.strip() == ANSWER
    assert {path.name: path.stat().st_mtime_ns for path in cache.iterdir()} == before
    assert not list(cache.glob(".*")), "a temporary file is left behind"


def test_an_edited_law_gives_new_numbers(cache: Path, tmp_path: Path) -> None:
    source = tmp_path / "my_laws.py"
    for factor, value in (("1.0", "4.0"), ("3.0", "12.0"), ("1.0", "4.0")):
        source.write_text(LAW.format(factor=factor))
        shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
        said = python(OWN.format(folder=str(tmp_path)), NUMLOSS_CACHE_DIR=str(cache)).stdout
        assert said.strip() == value


def test_an_edited_helper_of_a_law_gives_new_numbers(cache: Path, tmp_path: Path) -> None:
    for factor, value in (("1.0", "2.0"), ("5.0", "10.0")):
        (tmp_path / "my_helper.py").write_text(f"def helper(x):\n    return {factor} * x\n")
        (tmp_path / "my_laws.py").write_text(
            "from my_helper import helper\n"
            "def law(pred, target, scale):\n"
            "    error = helper(pred - target)\n"
            "    return scale * error, scale, 0.0\n"
        )
        shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
        said = python(OWN.format(folder=str(tmp_path)), NUMLOSS_CACHE_DIR=str(cache)).stdout
        assert said.strip() == value


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_folder_that_others_may_write_to_is_not_used(cache: Path, mode: int) -> None:
    # code that somebody else could have put there: reading it would warn, and would fail as it is no kernel
    tile(cache).write_bytes(b"planted")
    cache.chmod(mode)
    result = attempt(COMPUTE, warnings="always", NUMLOSS_CACHE_DIR=str(cache))
    assert result.stdout.strip() == ANSWER and result.stderr == ""
    assert tile(cache).read_bytes() == b"planted"


def test_a_folder_of_another_user_is_not_used(cache: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give a folder away")
    tile(cache).write_bytes(b"planted")
    os.chown(cache, 12345, 12345)
    result = attempt(COMPUTE, warnings="always", NUMLOSS_CACHE_DIR=str(cache))
    assert result.stdout.strip() == ANSWER and result.stderr == ""
    assert tile(cache).read_bytes() == b"planted"


def test_the_cache_can_be_turned_off(tmp_path: Path) -> None:
    folder = tmp_path / "none"
    said = python(COMPUTE, NUMLOSS_CACHE="0", NUMLOSS_CACHE_DIR=str(folder)).stdout
    assert said.strip() == ANSWER and not folder.exists()


def test_a_new_folder_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    code = f"""
        from pathlib import Path
        from numloss.backends.numba_cpu.cache import private
        print(private(Path({str(folder)!r})))
    """
    assert python(code).stdout.strip() == "True"
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_place_where_nothing_can_be_written(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    result = attempt(COMPUTE, warnings="always", NUMLOSS_CACHE_DIR=str(blocked / "cache"))
    assert result.stdout.strip() == ANSWER and result.stderr == ""


def test_two_processes_at_once(cache: Path) -> None:
    for path in cache.glob("tile-*.kernel"):
        path.unlink()
    code = "import numpy as np, numloss as nl\n" + "".join(
        f"print(nl.{name}(np.array([1.0, 4.0]), np.array([1.5, 2.0]), backend='numba'))\n"
        for name in ("huber", "mse", "mae", "log_cosh")
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
