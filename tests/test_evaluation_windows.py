"""Files read where they lie, and blocks swept without Python between them: the same bits, and safe if files shrink."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import threading
from functools import partial
from pathlib import Path
from typing import Any

import cases
import numpy as np
import pytest
from calls import each
from process import attempt
from test_evaluation import digest

import numloss as nl
from numloss import dispatch
from numloss.backends.host import plans
from numloss.data import npy_source
from numloss.data.npy import NpyFile
from numloss.data.npy_source import MappedReader, NpyReader
from numloss.data.opening import source_of
from numloss.errors import FormatError
from numloss.evaluation import block, plan, sweep

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
        reader.read(0, 900)
        assert resident(path) <= 1 << 17
    assert resident(path) == 0


def test_a_file_that_is_on_the_disk_alone(saved: Any) -> None:
    values = RANDOM.normal(size=1 << 19)
    path = saved(pred=values)["pred"]
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    with contextlib.closing(reader_of(path)) as reader:
        for start in range(0, len(values), 1 << 16):
            np.testing.assert_array_equal(reader.read(start, start + (1 << 16)), values[start : start + (1 << 16)])


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


# sweeps -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def blocks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Where blocks begin that are not swept."""
    begun: list[int] = []
    created = block.Block.__init__

    def spy(self: block.Block, plan: Any, start: int, *rest: Any) -> None:
        begun.append(start)
        created(self, plan, start, *rest)

    monkeypatch.setattr(block.Block, "__init__", spy)
    return begun


BY_ROWS = [case for case in cases.CASES if cases.record(case).adds_up == "rows" and not cases.record(case).shared]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("case", each(BY_ROWS))
def test_swept_blocks_have_the_bits_of_single_ones(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    loss, shape = cases.record(case), cases.middle(case)
    arrays = cases.arrays(case, shape, "float32")
    given = dict(zip(loss.inputs, (np.concatenate([array] * 8) for array in arrays), strict=True))
    function, rows = partial(loss.function, **cases.required(case)), 8 * len(arrays[0])
    weights = [{"weight": RANDOM.random(rows, np.float32)}] if loss.weighted else []
    for weight in ({}, *weights):
        found = []
        for finding in (plans.find, lambda *asked: None):
            monkeypatch.setattr(sweep, "find", finding)
            with nl.num_threads(1):
                found.append(digest(nl.evaluate(function, **given, **weight)))
        assert found[0] == found[1]


LOSSES = [nl.mse, partial(nl.huber, delta=0.5), nl.mae]


def single(monkeypatch: pytest.MonkeyPatch, *given: Any, losses: Any = LOSSES, **how: Any) -> str:
    """The digest of an evaluation whose blocks are done one by one."""
    with monkeypatch.context() as patch:
        patch.setattr(sweep, "find", lambda *asked: None)
        return digest(nl.evaluate(losses, *given, **how))


@pytest.mark.usefixtures("small_blocks")
def test_all_blocks_but_the_first_and_the_last_are_swept(
    monkeypatch: pytest.MonkeyPatch, saved: Any, blocks: list[int]
) -> None:
    """From files and from memory, of any number of losses and predictions, in any number of threads."""
    arrays = {name: RANDOM.normal(size=1030).astype(np.float32) for name in "abt"}
    paths = saved(**arrays)
    models = [{name: of[name] for name in "ab"} for of in (arrays, paths)]
    expected = [single(monkeypatch, pred, of["t"]) for pred, of in zip(models, (arrays, paths), strict=True)]
    for workers in (1, 3):
        for pred, of, digested in zip(models, (arrays, paths), expected, strict=True):
            blocks.clear()
            with nl.num_threads(workers):
                assert digest(nl.evaluate(LOSSES, pred, of["t"])) == digested
            assert blocks == [1000]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("case", ["huber", "cross_entropy", "td_error", "triplet_margin"])
def test_blocks_with_weights_are_swept_too(case: str, monkeypatch: pytest.MonkeyPatch, blocks: list[int]) -> None:
    """But for those whose weights are of no ordinary size, or bad."""
    loss = cases.record(case)
    shape = (100, *cases.middle(case)[1:])
    arrays = [np.concatenate([array] * 10) for array in cases.arrays(case, shape, "float64")]
    given = dict(zip(loss.inputs, arrays, strict=True))
    weight = np.where(np.arange(1000) // 100 % 2, RANDOM.random(1000), 0.0)
    weight[500:700] = 1e-200
    expected = single(monkeypatch, losses=loss.function, **given, weight=weight)
    blocks.clear()
    with nl.num_threads(1):
        assert digest(nl.evaluate(loss.function, **given, weight=weight)) == expected
        assert blocks and {start // 100 for start in blocks} == {5, 6}
        weight[801] = -1.0
        with pytest.raises(ValueError, match=r"weight\[801\]"):
            nl.evaluate(loss.function, **given, weight=weight)


def test_losses_that_run_together_have_the_bits_of_each_alone(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """More of them than run at once, on blocks that are no whole tiles, with weights and without, beside others."""
    monkeypatch.setattr(plan, "BLOCK_ELEMENTS", 2001)
    asked: list[str] = []
    kind = type(dispatch.load(backend))
    loop = kind.loop
    monkeypatch.setattr(kind, "loop", lambda self, *name: asked.append(name[0]) or loop(self, *name))
    models, target = RANDOM.random((2, 4000, 2), np.float32), RANDOM.random((4000, 2), np.float32)
    losses = [nl.mse, *(partial(nl.huber, delta=k / 8) for k in range(1, 9)), partial(nl.kl_div, from_logits=True)]
    for weight in ({}, {"weight": target}):
        how = {"pred": dict(zip("ab", models, strict=True)), "target": target / target.sum(1, keepdims=True), **weight}
        own = losses[: 9 if weight else 10]
        with nl.use_backend(backend), nl.num_threads(1):
            expected = single(monkeypatch, losses=own, **how)
            asked.clear()
            assert digest(nl.evaluate(own, **how)) == expected
        assert "elementwise_sums_block" in asked


@pytest.mark.usefixtures("small_blocks")
def test_blocks_of_shards(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, blocks: list[int]) -> None:
    """A block that crosses shards is put together, those within one are swept."""
    pred, target = RANDOM.normal(size=(2, 1000)).astype(np.float32)
    for k, (start, stop) in enumerate(itertools.pairwise((0, 250, 250, 310, 1000))):
        np.save(tmp_path / f"{k}.npy", pred[start:stop])
    expected = single(monkeypatch, tmp_path, target)
    blocks.clear()
    with nl.num_threads(1):
        assert digest(nl.evaluate(LOSSES, tmp_path, target)) == expected
    assert blocks == [200, 300]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("nan", ["propagate", "omit"])
def test_a_block_of_which_there_is_more_to_say_is_left_to_python(
    nan: str, monkeypatch: pytest.MonkeyPatch, saved: Any, blocks: list[int]
) -> None:
    pred, target = RANDOM.normal(size=(2, 1000)).astype(np.float32)
    nl.evaluate(LOSSES, pred, target)
    pred[[333, 377, 512]] = np.nan
    blocks.clear()
    with nl.num_threads(1):
        result = nl.evaluate(LOSSES, **saved(pred=pred, target=target), nan=nan)
    assert blocks == [300, 500] and [bad.row for bad in result.scores[2].nan_rows] == [333, 377, 512]
    assert digest(result) == single(monkeypatch, **saved(pred=pred, target=target), nan=nan)
    target[777] = np.nan
    paths = saved(pred=pred, target=target)
    if nan == "propagate":
        with pytest.raises(ValueError, match=r"target\.npy: mse: target\[777\] = nan"), nl.num_threads(1):
            nl.evaluate(LOSSES, **paths)
    else:
        assert digest(nl.evaluate(LOSSES, **paths, nan=nan)) == single(monkeypatch, **paths, nan=nan)


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
