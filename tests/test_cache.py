"""Compiled kernels on disk: never stale, never trusted blindly, healed when damaged."""

from __future__ import annotations

import ctypes
import errno
import os
import pwd
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from machine import missing
from process import python

from numloss.cli.info import cache_directory

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


def computed(law: Any = halved) -> float:
    """The kernel of a small law as a process gets it that has none yet, and what it computes of 3."""
    from numloss.backends.numba_cpu import compile as compiler

    kernel = compiler.tile.__wrapped__(law, "float64", 1, 0, 1, 0)
    numbers = np.array([3.0, np.nan])
    places = np.array([numbers.ctypes.data, numbers.ctypes.data + 8])
    ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)(kernel.address)(
        places.ctypes.data, None, 1
    )
    return float(numbers[1])


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


def test_damage_fails_nothing_where_warnings_are_errors_or_nothing_can_be_written(
    cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bad = tile(cache).read_bytes()[:-1]
    tile(cache).write_bytes(bad)
    assert computed() == 1.5 and len(tile(cache).read_bytes()) > len(bad)  # healed
    assert len(caplog.messages) == 1 and "removed a damaged compiled kernel" in caplog.messages[0]
    tile(cache).write_bytes(bad)
    monkeypatch.setattr(Path, "unlink", refuse)
    monkeypatch.setattr(os, "replace", refuse)
    assert computed() == 1.5 and computed() == 1.5 and tile(cache).read_bytes() == bad
    assert "could not remove a damaged compiled kernel" in caplog.messages[1]
    assert caplog.messages[2:] == [f"no more compiled kernels are kept in {cache}: Read-only file system"]


def refuse(*_: object, **__: object) -> None:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


def doubled(x: float) -> tuple[float, float, float]:
    return 2.0 * x, 2.0, 0.0


@pytest.mark.parametrize("how", ["swapped", "copied"])
def test_a_kernel_under_the_name_of_another_is_not_run(cache: Path, how: str) -> None:
    """Both files are whole, and neither is what its name says."""
    assert computed(doubled) == 6.0
    (other,) = cache.glob("tile-doubled-float64-0-*.kernel")
    mine, others = tile(cache).read_bytes(), other.read_bytes()
    tile(cache).write_bytes(others)
    if how == "swapped":
        other.write_bytes(mine)
    with pytest.warns(UserWarning, match="removed a damaged compiled kernel") as warned:
        assert computed() == 1.5
        assert computed(doubled) == 6.0
    assert len(warned) == (2 if how == "swapped" else 1)
    assert (computed(), computed(doubled)) == (1.5, 6.0)


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


def planted(folder: Path) -> None:
    """Code that somebody else could have put there: reading it would warn of damage."""
    tile(folder).write_bytes(b"planted")


def given_away(folder: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give a folder away")
    os.chown(folder, 12345, 12345)


def replaced(folder: Path, make: Callable[[Path], object]) -> None:
    shutil.rmtree(folder)
    make(folder)


UNUSABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "the group may write": (lambda folder: folder.chmod(0o770), "may be written to by others; chmod go-w"),
    "others may write": (lambda folder: folder.chmod(0o707), "may be written to by others"),
    "all may write": (lambda folder: folder.chmod(0o777), "may be written to by others"),
    "another user's": (given_away, "belongs to another user"),
    "a file": (lambda folder: replaced(folder, Path.touch), "is not a folder"),
    "a link to nowhere": (lambda folder: replaced(folder, lambda path: path.symlink_to("/nowhere")), "is not a folder"),
    "a pipe": (lambda folder: replaced(folder, os.mkfifo), "is not a folder"),
}


def test_the_tile_of_a_law_is_read_where_its_module_is_not(without_tiles: Path) -> None:
    """What is kept knows no name of where a law was written: others may write the same."""
    code = """
        import numpy as np, numloss as nl
        scope = {{"__name__": {module!r}}}
        exec("def law(p, t):\\n    return (p - t) * 3.5, 3.5, 0.0", scope)
        print(nl.elementwise(scope["law"])(np.ones(3), np.zeros(3)))
    """
    for module in ("a_notebook", "another"):
        done = python(code.format(module=module), NUMLOSS_CACHE_DIR=str(without_tiles))
        assert done.stdout.strip() == "3.5" and "damaged" not in done.stderr


@pytest.mark.parametrize(("spoil", "why"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_folder_that_cannot_be_used_is_none_and_says_why(
    spoil: Callable[[Path], object], why: str, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from numloss.backends.numba_cpu.folder import directory

    planted(cache)
    spoil(cache)
    assert computed() == 1.5
    if cache.is_dir():
        assert tile(cache).read_bytes() == b"planted"
    assert directory() == (None, caplog.messages[0]) and len(caplog.messages) == 1
    assert f"compiled kernels are not kept: {cache} {why}" in caplog.messages[0]
    assert cache_directory() == f"none ({caplog.messages[0]})"


@pytest.mark.parametrize("place", ["{folder}/file/cache", "/proc/numloss"])
def test_a_place_where_nothing_can_be_made(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("NUMLOSS_CACHE_DIR", place.format(folder=tmp_path))
    with pytest.warns(UserWarning, match="compiled kernels are not kept: .* cannot be made") as warned:
        assert computed() == 1.5
    assert len(warned) == 1 and cache_directory().startswith("none (compiled kernels are not kept")


@pytest.mark.parametrize("home", [None, "/proc", "/dev/null"])
def test_a_user_without_a_home_has_a_temporary_folder(
    home: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def unknown(user: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {user}")

    for name in ("HOME", "NUMLOSS_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    if home is not None:
        monkeypatch.setenv("HOME", home)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert computed() == 1.5 and computed() == 1.5
    (folder,) = tmp_path.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700 and tile(folder)
    assert len(caplog.messages) == 1 and f"kept in {folder}; NUMLOSS_CACHE_DIR names another" in caplog.messages[0]
    why = "this user has no home" if home is None else f"{home}/.cache/numloss cannot be made"
    assert cache_directory().startswith(f"{folder} ({why}")
    shutil.rmtree(folder)
    folder.symlink_to(tmp_path / "elsewhere")  # put there by somebody else
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    assert computed() == 1.5 and not list((tmp_path / "elsewhere").iterdir())


def test_the_cache_can_be_turned_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMLOSS_CACHE", "0")
    monkeypatch.setenv("NUMLOSS_CACHE_DIR", str(tmp_path / "none"))
    assert computed() == 1.5 and not (tmp_path / "none").exists()
    assert cache_directory() == "off (NUMLOSS_CACHE=0)"


def test_a_new_folder_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a" / "b"
    monkeypatch.setenv("NUMLOSS_CACHE_DIR", str(folder))
    kept = os.umask(0)
    try:
        assert computed() == 1.5
    finally:
        os.umask(kept)
    assert folder.stat().st_mode & 0o777 == 0o700 and tile(folder).stat().st_mode & 0o077 == 0
    assert cache_directory() == str(folder)


@pytest.mark.parametrize("name", ["a folder", "a pipe", "a link to nowhere", "a file of others"])
def test_what_is_called_like_a_kernel_and_is_none(name: str, cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tile(cache)
    if name == "a file of others":
        path.chmod(0o666)
    else:
        path.unlink()
        make = {"a folder": Path.mkdir, "a pipe": os.mkfifo, "a link to nowhere": lambda at: at.symlink_to("/nowhere")}
        make[name](path)
    assert computed() == 1.5
    assert all("a compiled kernel is not used" in said or "are kept" in said for said in caplog.messages)
    assert bool(caplog.messages) == (name != "a link to nowhere")
    assert path.is_dir() or path.stat().st_mode & 0o777 == 0o600  # healed, but for a folder


def test_a_full_disk_leaves_nothing_behind(cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A limit on the size of files stands for the disk."""
    tile(cache).unlink()
    kept = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, kept[1]))
    try:
        assert computed() == 1.5
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, kept)
    assert caplog.messages == [f"no more compiled kernels are kept in {cache}: File too large"]
    assert {path.name for path in cache.iterdir()} <= {"locks"}


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    from numloss.backends.numba_cpu import folder

    old, new = tmp_path / ".old.part", tmp_path / ".new.part"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    folder.write(tmp_path / "kernel", b"whole")
    assert {path.name for path in tmp_path.iterdir()} == {"kernel", ".new.part"}


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
