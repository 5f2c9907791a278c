"""Rows from arrays, files, archives, tables and shards: the same numbers from all, and one error for bad ones."""

from __future__ import annotations

import itertools
import os
import random
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import numloss as nl
from numloss.common.extras import MissingExtra
from numloss.data.npy import NpyFile
from numloss.data.opening import source_of
from numloss.data.source import Source
from numloss.errors import FormatError
from numloss.evaluation import plan

ROWS = 500
WIDE = np.random.default_rng(0).normal(size=(ROWS, 3)).astype(np.float32)
LABELS = np.random.default_rng(1).integers(0, 3, ROWS)
LIMIT = 1 << 30


def opened(given: Any) -> Source:
    return source_of(given, "pred", LIMIT)


def read_back(source: Source, expected: np.ndarray) -> None:
    """Blocks in order, then in any order, of several sizes."""
    assert source.shape == expected.shape and source.dtype == expected.dtype
    for size in (1, 7, 64, len(expected)):
        reader = source.reader(size)
        spans = [(start, min(start + size, len(expected))) for start in range(0, len(expected), size)]
        for start, stop in [*spans, *random.Random(size).sample(spans, min(9, len(spans)))]:
            np.testing.assert_array_equal(reader.read(start, stop), expected[start:stop])
        reader.close()


# arrays -----------------------------------------------------------------------------------------------------------


def test_arrays_and_what_becomes_one() -> None:
    read_back(opened(WIDE), WIDE)
    read_back(opened(WIDE.tolist()), WIDE.astype(np.float64))
    assert np.shares_memory(opened(WIDE).reader(9).read(3, 7), WIDE)
    with pytest.raises(ValueError, match="pred: a single number"):
        opened(3.0)
    with pytest.raises(TypeError, match="pred has dtype complex128"):
        opened(np.zeros(3, complex))


class Sliced:
    """Something that is not an array and can be sliced, like a dataset of h5py."""

    def __init__(self, values: np.ndarray, dtype: Any = None) -> None:
        self.values, self.shape, self.dtype = values, values.shape, dtype or values.dtype

    def __getitem__(self, where: slice) -> list[Any]:
        return self.values[where].tolist() if self.dtype == np.float64 else self.values[where]  # type: ignore[return-value]


def test_objects_that_slice() -> None:
    read_back(opened(Sliced(WIDE)), WIDE)
    with pytest.raises(FormatError, match=r"pred\[0:4\] has shape \(4, 3\) and dtype float32; .* float16"):
        opened(Sliced(WIDE, np.dtype(np.float16))).reader(4).read(0, 4)


def test_masked_arrays_are_left_for_the_loss_to_refuse() -> None:
    with pytest.raises(TypeError, match="pred is a masked array"):
        nl.evaluate(nl.mse, np.ma.masked_less(WIDE, 0.0), WIDE)


def test_h5py(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py", reason="h5py is not installed")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["logits"], file["labels"] = WIDE, LABELS
    with h5py.File(tmp_path / "a.h5") as file:
        read_back(opened(file["logits"]), WIDE)
        (score,) = nl.evaluate(nl.cross_entropy, file["logits"], file["labels"]).scores
    assert score.mean == pytest.approx(nl.cross_entropy(WIDE, LABELS), rel=1e-6)


def test_zarr(tmp_path: Path) -> None:
    zarr = pytest.importorskip("zarr", reason="zarr is not installed")
    array = zarr.create_array(str(tmp_path / "a.zarr"), shape=WIDE.shape, dtype=WIDE.dtype, chunks=(64, 3))
    array[:] = WIDE
    read_back(opened(array), WIDE)


def test_dask_arrays() -> None:
    array = pytest.importorskip("dask.array", reason="dask is not installed").from_array(WIDE, chunks=(64, 3))
    read_back(opened(array), WIDE)


# files ------------------------------------------------------------------------------------------------------------


def test_npy(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", WIDE)
    read_back(opened(tmp_path / "a.npy"), WIDE)
    with pytest.raises(FormatError, match=r"one array, there is no 'x' in it"):
        opened(f"{tmp_path / 'a.npy'}::x")
    with pytest.raises(FileNotFoundError):
        opened(tmp_path / "b.npy")


def test_a_file_that_shrinks_or_is_replaced_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "BLOCK_ELEMENTS", 60)
    for name in ("p", "t"):
        np.save(tmp_path / f"{name}.npy", WIDE)

    def shrink(done: int, rows: int, read: int) -> None:
        os.truncate(tmp_path / "t.npy", 1000)

    def replace(done: int, rows: int, read: int) -> None:
        np.save(tmp_path / "t.npy", WIDE.astype(np.float64))

    for change, problem in ((shrink, r"t\.npy: 1000 bytes, but shape"), (replace, r"t\.npy: the file was replaced")):
        with nl.num_threads(1), pytest.raises(FormatError, match=problem):
            nl.evaluate(nl.mse, tmp_path / "p.npy", tmp_path / "t.npy", chunk=1, progress=change)
        np.save(tmp_path / "t.npy", WIDE)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz(save: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    save(path, logits=WIDE, labels=LABELS)
    read_back(opened(f"{path}::logits"), WIDE)
    read_back(opened(f"{path}::labels"), LABELS)
    assert opened(f"{path}::labels").portable == (save is np.savez)
    with pytest.raises(FormatError, match=r"several members; write .*a\.npz::NAME with one of labels, logits"):
        opened(path)
    with pytest.raises(FormatError, match="no member 'x'"):
        opened(f"{path}::x")
    save(path, WIDE)
    read_back(opened(path), WIDE)


def test_a_compressed_member_may_not_fill_the_memory(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "bomb.npz", zeros=np.zeros(1 << 20))
    with pytest.raises(FormatError, match="unpacks to 8388736 bytes; the limit is 1048576"):
        nl.evaluate(nl.mse, tmp_path / "bomb.npz", np.zeros(1 << 20), memory="1MiB")


def test_damaged_archives_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, logits=WIDE)
    whole = path.read_bytes()
    header = whole.index(b"PK\3\4")
    damage = {
        "cut": whole[:-30], "no local header": whole[:header] + b"XX" + whole[header + 2 :], "empty": b"", "x": b"x"
    }  # fmt: skip
    for content in damage.values():
        path.write_bytes(content)
        with pytest.raises(FormatError, match=r"a\.npz"):
            opened(path).reader(9).read(0, 9)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("logits.npy", whole)
    with pytest.raises(FormatError, match="a method other than deflate"):
        opened(path)


# shards -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """WIDE in files of several lengths, one of them without rows."""
    (tmp_path / "shards").mkdir()
    for k, (start, stop) in enumerate(itertools.pairwise([0, 7, 7, 100, 101, ROWS])):
        np.save(tmp_path / "shards" / f"part-{k}.npy", WIDE[start:stop])
    return tmp_path / "shards"


def test_shards(shards: Path) -> None:
    read_back(opened(shards), WIDE)
    read_back(opened(f"{shards}/part-*.npy"), WIDE)
    source = opened(shards)
    assert [(Path(file).name, row) for file, row in map(source.place, (0, 7, 100, 499))] == [
        ("part-0.npy", 0), ("part-2.npy", 0), ("part-3.npy", 0), ("part-4.npy", 398)
    ]  # fmt: skip
    assert nl.evaluate(nl.mse, shards, WIDE).scores[0].total == 0.0


def test_errors_name_the_shard_and_the_row_in_it(shards: Path) -> None:
    labels = np.zeros(ROWS, int)
    for k, (start, stop) in enumerate(itertools.pairwise([0, 250, ROWS])):
        labels[400] = 9
        np.save(shards.parent / f"y{k}.npy", labels[start:stop])
    with pytest.raises(IndexError, match=r"y1\.npy: cross_entropy: target\[150\] = 9"):
        nl.evaluate(nl.cross_entropy, shards, f"{shards.parent}/y*.npy")


def test_shards_that_do_not_line_up(shards: Path) -> None:
    np.save(shards / "part-5.npy", WIDE[:, :2])
    with pytest.raises(FormatError, match=r"do not line up: .*part-0\.npy has rows of shape \(3,\) .*part-5\.npy has"):
        opened(shards)
    np.save(shards / "part-5.npy", WIDE)
    with pytest.raises(FormatError, match="has 1000 rows, but target has 500"):
        nl.evaluate(nl.mse, shards, WIDE)


def test_folders_and_patterns_without_files(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(FormatError, match=r"a folder without files of \.npy"):
        opened(tmp_path)
    with pytest.raises(FileNotFoundError, match="no file matches"):
        opened(f"{tmp_path}/*.npy")


def test_many_shards_keep_few_files_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for k in range(50):
        np.save(tmp_path / f"{k:02}.npy", WIDE[10 * k : 10 * k + 10])
    now, most = set(), []
    begin, end = NpyFile.__init__, NpyFile.close

    def counted(self: NpyFile, *given: Any) -> None:
        begin(self, *given)
        now.add(id(self))
        most.append(len(now))

    def closed(self: NpyFile) -> None:
        now.discard(id(self))
        end(self)

    monkeypatch.setattr(NpyFile, "__init__", counted)
    monkeypatch.setattr(NpyFile, "close", closed)
    read_back(opened(tmp_path), WIDE)
    assert max(most) <= 2 and not now


# tables -----------------------------------------------------------------------------------------------------------


def table() -> Any:
    pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    wide = pa.FixedSizeListArray.from_arrays(pa.array(WIDE.ravel()), 3)
    columns = {f"logit_{k}": WIDE[:, k] for k in range(3)}
    return pa.table({"logits": wide, **columns, "label": LABELS, "truth": LABELS > 1, "small": LABELS.astype(np.uint8)})


def write(path: Path, content: Any, **options: Any) -> Path:
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        pq.write_table(content, path, row_group_size=130)
    else:
        import pyarrow.feather as feather

        feather.write_feather(content, path, chunksize=60, **options)
    return path


@pytest.mark.parametrize("name", ["a.parquet", "a.feather", "a.arrow"])
def test_tables(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / name, table())
    read_back(opened(f"{path}::logits"), WIDE)
    read_back(opened(f"{path}::logit_*"), WIDE)
    read_back(opened(f"{path}::logit_1"), WIDE[:, 1])
    read_back(opened(f"{path}::label"), LABELS)
    read_back(opened(f"{path}::truth"), LABELS > 1)
    read_back(opened(f"{path}::small"), LABELS.astype(np.uint8))
    (score,) = nl.evaluate(nl.cross_entropy, f"{path}::logits", f"{path}::label").scores
    assert score.total == nl.evaluate(nl.cross_entropy, WIDE, LABELS).scores[0].total


def test_a_table_of_one_column_needs_no_name(tmp_path: Path) -> None:
    content = table().select(["label"])
    read_back(opened(write(tmp_path / "a.parquet", content)), LABELS)
    read_back(opened(write(tmp_path / "a.arrow", content, compression="uncompressed")), LABELS)


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
def test_tables_that_are_no_arrays(suffix: str, tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    path = tmp_path / f"a{suffix}"
    columns = {"x": [1.0, None, 3.0], "text": ["a", "b", "c"], "lists": [[1.0], [1.0, 2.0], []], "n": [1, 2, 3]}
    write(path, pa.table(columns))
    for pattern, problem in {
        "": "several columns; write", "y": "no column 'y'", "text": "'text' holds string",
        "lists": "'lists' holds list", "[xn]": "several types",
    }.items():  # fmt: skip
        with pytest.raises(FormatError, match=problem):
            opened(f"{path}::{pattern}" if pattern else path)
    with pytest.raises(FormatError, match=r"column 'x' has 1 empty cells among the rows 0 to 2"):
        opened(f"{path}::x").reader(3).read(0, 3)


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
def test_damaged_tables_are_refused(suffix: str, tmp_path: Path) -> None:
    path = write(tmp_path / f"a{suffix}", table())
    whole = path.read_bytes()
    for content in (b"", b"PAR1", whole[: len(whole) // 2], whole[:-1], b"\0" * 999, whole[:100] + whole[200:]):
        path.write_bytes(content)
        with pytest.raises(FormatError, match=rf"a\{suffix}"):
            opened(f"{path}::logits").reader(ROWS).read(0, ROWS)


def test_a_missing_pyarrow_is_named_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    (tmp_path / "a.parquet").touch()
    with pytest.raises(MissingExtra, match=r"pip install 'numloss\[io\]'"):
        opened(tmp_path / "a.parquet")
