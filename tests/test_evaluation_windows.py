"""Files read where they lie: the same bits, and safe if they shrink."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from process import attempt
from test_evaluation import digest

import numloss as nl
from numloss.data import npy_source
from numloss.data.npy import NpyFile
from numloss.data.npy_source import MappedReader, NpyReader
from numloss.data.opening import source_of
from numloss.errors import FormatError
from numloss.evaluation import block

pytestmark = [
    pytest.mark.skipif(npy_source.Window is None, reason="kernels/windows.pyx is not built"),
    pytest.mark.usefixtures("on_default_backend"),
]
RANDOM = np.random.default_rng(0)
ROWS = 100_000
MANY = [8, pytest.param(1000, marks=pytest.mark.more)]


def reader_of(path: Path | str, rows: int = 1000) -> Any:
    return source_of(path, "pred", 1 << 30).reader(rows)


# windows ----------------------------------------------------------------------------------------------------------


def test_numbers_are_mapped_and_what_is_looked_at_first_is_read(tmp_path: Path) -> None:
    """Truth values and text are checked before they are used; a mapped file could change after that."""
    kinds = {"f4": True, ">f8": True, "i8": True, "u1": True, "?": False, "U3": False}
    for kind, mapping in kinds.items():
        values = RANDOM.integers(0, 2, (50, 3)).astype(kind)
        np.save(tmp_path / "a.npy", values)
        reader = source_of(tmp_path / "a.npy", "by", 1 << 30, keys=True).reader(7)
        assert isinstance(reader, MappedReader if mapping else NpyReader)
        np.testing.assert_array_equal(reader.read(9, 16), values[9:16])
        assert (reader.stretch(9, 16) is not None) == mapping
        reader.close()
    np.save(tmp_path / "empty.npy", np.zeros((0, 3)))
    with contextlib.closing(reader_of(tmp_path / "empty.npy")) as reader:
        assert reader.read(0, 0).shape == (0, 3)


def test_a_member_that_is_not_aligned_is_read(tmp_path: Path) -> None:
    path, values, found = tmp_path / "a.npz", RANDOM.normal(size=50), set()
    for name in ("a", "ab", "abc", "abcd", "abcde", "abcdef", "abcdefg", "abcdefgh"):
        np.savez(path, **{name: values})
        reader = reader_of(path)
        np.testing.assert_array_equal(reader.read(3, 40), values[3:40])
        found.add(type(reader))
        reader.close()
    assert found == {MappedReader, NpyReader}


def resident(path: Path) -> int:
    """Bytes of a file that this process has in its memory, as the kernel counts them."""
    lines = Path("/proc/self/smaps").read_text().splitlines()
    starts = [k for k, line in enumerate(lines) if line.endswith(str(path))]
    return sum(1024 * int(next(each for each in lines[k:] if each.startswith("Rss:")).split()[1]) for k in starts)


def test_no_more_than_a_window_is_in_memory(tmp_path: Path) -> None:
    """Nor what the kernel maps around it, however often a reader goes on somewhere else."""
    path, rows = tmp_path / "a.npy", 1 << 22
    np.lib.format.open_memmap(path, "w+", np.float64, (rows,))[rows - 1] = 7.0  # the rest is a hole
    with contextlib.closing(reader_of(path)) as reader:
        for window, most in ((1 << 20, 3 << 20), (8 << 20, 12 << 20)):
            reader.window, seen = window, []
            for k, start in enumerate([*range(0, rows, 1 << 16), *range(0, rows, (1 << 18) + 12345)]):
                assert not reader.read(start, start + 900).any()
                if not k % 9:
                    seen.append(resident(path))
            assert min(seen) > 0 and max(seen) <= most
        reader.stop = 2000
        reader.read(0, 900)
        assert resident(path) <= 1 << 17
    assert resident(path) == 0


@pytest.mark.parametrize("times", MANY)
def test_a_file_that_shrinks_after_a_look_at_it(times: int, tmp_path: Path) -> None:
    """Pages that are gone when they are read raise no signal, and those on the last page are not taken for zeros."""
    path, values = tmp_path / "a.npy", np.arange(float(ROWS))
    for k in range(times):
        np.save(path, values)
        reader = reader_of(path, ROWS)
        reader.window = 1 << 18
        part = reader.read(0, ROWS // 2)
        cut = int(RANDOM.integers(200, path.stat().st_size)) if k else path.stat().st_size - 8
        os.truncate(path, cut)
        part.sum()
        with pytest.raises(FormatError, match=rf"a\.npy: the file shrank .* at byte {cut}, in row {(cut - 128) // 8}"):
            reader.check()
        with pytest.raises(FormatError):
            reader.read(ROWS // 2, ROWS)
            reader.check()
        reader.close()
        assert part.sum() >= 0.0  # what somebody still holds stays mapped


@pytest.mark.parametrize("times", MANY)
def test_a_file_that_shrinks_at_any_time(times: int, tmp_path: Path) -> None:
    """Before it is opened, while it is read, or after that: an error, or what it was."""
    pred, target = (RANDOM.random(1 << 19).astype(np.float32) for _ in range(2))
    np.save(tmp_path / "p.npy", pred)
    expected, found = nl.evaluate(nl.mse, pred, target).scores[0].total, []
    for _ in range(times):
        np.save(tmp_path / "t.npy", target)
        delay, cut = RANDOM.uniform(0.0, 0.004), int(RANDOM.integers(0, 2 << 20))
        late = threading.Timer(delay, os.truncate, (tmp_path / "t.npy", cut))
        with nl.num_threads(2):
            late.start()
            try:
                found.append(nl.evaluate(nl.mse, tmp_path / "p.npy", tmp_path / "t.npy").scores[0].total)
            except FormatError:
                found.append(None)
        late.join()
    assert set(found) <= {expected, None}


def test_what_a_file_lacks_comes_before_what_is_wrong_with_zeros(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "t.npy", 1.0 + RANDOM.random(1000))
    parts = block.Block.parts

    def late(self: block.Block) -> Any:
        os.truncate(tmp_path / "t.npy", 128)
        return parts(self)

    monkeypatch.setattr(block.Block, "parts", late)
    with pytest.raises(FormatError, match="the file shrank"):
        nl.evaluate(nl.gaussian_nll, np.zeros(1000), np.zeros(1000), var=tmp_path / "t.npy")


FOREIGN = """
import faulthandler, mmap, os
import numpy as np
from numloss.data.npy import NpyFile
from numloss.data.npy_source import MappedReader, NpyReader
from numloss.data.opening import source_of
if os.environ["HOW"] == "told":
    faulthandler.enable()
reader = source_of(os.environ["FILE"], "pred", 1 << 30).reader(9)
assert reader.read(3, 9).sum() == 33.0 and type(reader).__name__ == "MappedReader"
if os.environ["HOW"] == "closed":
    reader.close()
with open(os.environ["FILE"] + ".other", "w+b") as file:
    file.truncate(1 << 20)
    view = memoryview(mmap.mmap(file.fileno(), 0))
    file.truncate(0)
print("before", flush=True)
view[4096]
"""


@pytest.mark.parametrize("how", [pytest.param("open", marks=pytest.mark.more), "closed", "told"])
def test_a_signal_of_other_memory_is_passed_on(how: str, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(9.0))
    ended = attempt(FOREIGN, FILE=str(tmp_path / "a.npy"), HOW=how)
    assert ended.returncode == -signal.SIGBUS and ended.stdout.strip() == "before"
    assert ("Bus error" in ended.stderr) == (how == "told")


def test_where_somebody_else_takes_the_signal_files_are_read(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(9.0))
    first = reader_of(tmp_path / "a.npy")
    taken = signal.signal(signal.SIGBUS, signal.SIG_DFL)
    try:
        with contextlib.closing(reader_of(tmp_path / "a.npy")) as second:
            assert type(first) is MappedReader and type(second) is NpyReader
    finally:
        signal.signal(signal.SIGBUS, taken)
        first.close()


LOSSES = [nl.mse, partial(nl.huber, delta=0.5), nl.mae]


def test_files_that_must_be_read_give_the_same_bits(monkeypatch: pytest.MonkeyPatch, saved: Any) -> None:
    paths = saved(pred=RANDOM.normal(size=(4000, 9)), target=RANDOM.normal(size=(4000, 9)))
    expected = digest(nl.evaluate(LOSSES, **paths))
    monkeypatch.setattr(npy_source, "Window", None)
    with contextlib.closing(reader_of(paths["pred"])) as reader:
        assert isinstance(reader, NpyReader)
    assert digest(nl.evaluate(LOSSES, **paths)) == expected


# readers ----------------------------------------------------------------------------------------------------------


def test_readers_stay_open_until_the_file_is_another(tmp_path: Path) -> None:
    for name in ("a", "b"):
        np.save(tmp_path / f"{name}.npy", RANDOM.normal(size=90))
    for opened in (reader_of, lambda path: NpyReader(NpyFile(path), 9)):
        reader = opened(tmp_path / "a.npy")
        assert reader.fresh()
        np.save(tmp_path / "a.npy", RANDOM.normal(size=90))
        assert not reader.fresh()
        reader.close()
    reader = reader_of(tmp_path / "a.npy")
    os.replace(tmp_path / "b.npy", tmp_path / "a.npy")
    assert not reader.fresh()
    reader.close()
