"""Columns of tables: Arrow and Feather files, streams and Parquet hold the same; only what is asked for is read."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import numloss as nl
from numloss.data.opening import source_of
from numloss.data.source import Source
from numloss.errors import FormatError
from numloss.evaluation import plan

pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")

ROWS = 500
WIDE = np.random.default_rng(0).normal(size=(ROWS, 4)).astype(np.float32)
LABELS = np.random.default_rng(1).integers(0, 4, ROWS)


def save_parquet(table: Any, path: Path, rows: int = 130) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table, path, row_group_size=rows)


def save_feather(table: Any, path: Path, rows: int = 60) -> None:
    import pyarrow.feather as feather

    feather.write_feather(table, path, chunksize=rows)


def save_file(table: Any, path: Path, rows: int = 60) -> None:
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=rows)


def save_stream(table: Any, path: Path) -> None:
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=60)


def save_packed_stream(table: Any, path: Path) -> None:
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(path, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=60)


FORMATS: dict[str, tuple[str, Callable[..., None]]] = {
    "parquet": ("a.parquet", save_parquet),
    "pq": ("a.pq", save_parquet),
    "feather": ("a.feather", save_feather),
    "file": ("a.arrow", save_file),
    "stream": ("a.arrows", save_stream),
    "stream in a file's name": ("a.arrow", save_stream),
    "packed stream": ("a.feather", save_packed_stream),
    "no suffix": ("table", save_file),
    "another suffix": ("a.dat", save_stream),
    "capitals": ("A.PARQUET", save_parquet),
}


@pytest.fixture(params=FORMATS)
def saved(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Any], Path]:
    """Saves a table in each format."""
    name, write = FORMATS[request.param]

    def save(table: Any) -> Path:
        write(table if isinstance(table, pa.Table) else pa.table(table), tmp_path / name)
        return tmp_path / name

    return save


def opened(given: Any, keys: bool = False) -> Source:
    return source_of(given, "pred", 1 << 30, keys)


def rows_of(given: Any, size: int = 7, keys: bool = False) -> np.ndarray:
    """All rows, read backwards, in blocks."""
    source = opened(given, keys)
    reader = source.reader(size)
    starts = range(0, source.rows, size)
    blocks = [reader.read(start, min(start + size, source.rows)).copy() for start in reversed(starts)]
    reader.close()
    return np.concatenate(blocks[::-1]) if blocks else np.empty(source.shape, source.dtype)


LISTS = {
    "fixed": pa.FixedSizeListArray.from_arrays(pa.array(WIDE.ravel()), 4),
    "lists": pa.array(WIDE.tolist(), pa.list_(pa.float32())),
    "large lists": pa.array(WIDE.tolist(), pa.large_list(pa.float32())),
}


@pytest.mark.parametrize("kind", LISTS)
def test_lists_of_one_length_are_rows(kind: str, saved: Callable[[Any], Path]) -> None:
    path = saved({"x": LISTS[kind], "y": LABELS})
    np.testing.assert_array_equal(rows_of(f"{path}::x"), WIDE)
    np.testing.assert_array_equal(rows_of(f"{path}::y"), LABELS)
    (score,) = nl.evaluate(nl.cross_entropy, f"{path}::x", f"{path}::y").scores
    assert score.total == nl.evaluate(nl.cross_entropy, WIDE, LABELS).scores[0].total


def test_lists_of_several_lengths_are_refused_where_they_are(saved: Callable[[Any], Path]) -> None:
    values = WIDE[:, :2].tolist()
    values[3] = [1.0]
    with pytest.raises(FormatError, match=r"'x' holds list.* of several lengths"):
        opened(f"{saved({'x': pa.array(values)})}::x")
    values = (WIDE[:, :2].tolist() * 4)[:1500]
    values[1400] = [1.0, 2.0, 3.0]
    with pytest.raises(FormatError, match="a list of 3 in row 1400, and of 2 before"):
        rows_of(f"{saved({'x': pa.array(values)})}::x")


def test_names_that_look_like_patterns_are_names(saved: Callable[[Any], Path]) -> None:
    names = ["x[m]", "a*b", "axb", "?", "m", "xm", "a::b", "x.y", "x"]
    path = saved({name: np.full(3, float(k)) for k, name in enumerate(names)})
    for k, name in enumerate(names):
        assert rows_of(f"{path}::{name}").tolist() == [float(k)] * 3
    assert rows_of(f"{path}::[xa]*b").tolist() == [[1.0, 2.0, 6.0]] * 3


def test_columns_of_one_name(saved: Callable[[Any], Path]) -> None:
    table = pa.Table.from_arrays([pa.array([1.0]), pa.array([2.0]), pa.array([3.0])], names=["x", "y", "x"])
    path = saved(table)
    assert rows_of(f"{path}::y").tolist() == [2.0]
    for pattern in ("x", "*"):
        with pytest.raises(FormatError, match="2 columns are called 'x'"):
            opened(f"{path}::{pattern}")


EMPTY_CELLS = {
    "numbers": pa.array([1.0, None, 3.0, None, 5.0]),
    "labels": pa.array([1, None, 0, None, 1]),
    "truth": pa.array([True, None, True, None, False]),
    "lists": pa.array([[1.0, 2.0], None, [3.0, 4.0], [None, 1.0], [5.0, 6.0]], pa.list_(pa.float64())),
    "fixed": pa.array([[1.0, 2.0], None, [3.0, 4.0], [1.0, None], [5.0, 6.0]], pa.list_(pa.float64(), 2)),
}


@pytest.mark.parametrize("kind", EMPTY_CELLS)
def test_empty_cells_are_left_out_where_that_is_asked(kind: str, saved: Callable[[Any], Path]) -> None:
    cells = EMPTY_CELLS[kind]
    path = saved({"x": cells, "y": np.arange(5.0), "z": np.stack([np.arange(5.0)] * 2, axis=1).tolist()})
    with pytest.raises(FormatError, match=r"column 'x' has \d empty cells among the rows 0 to .*nan='omit'"):
        rows_of(f"{path}::x")
    reader = opened(f"{path}::x").reader(5)
    reader.omits = True
    found = reader.read(0, 5)
    assert reader.missing is not None and reader.missing.tolist() == [False, True, False, True, False]
    assert found[[0, 2, 4]].tolist() == cells.take([0, 2, 4]).to_pylist()
    reader.read(0, 1)
    assert reader.missing is None
    reader.close()


@pytest.mark.parametrize("which", ["pred", "target", "weight"])
def test_an_evaluation_omits_rows_with_empty_cells(
    which: str, saved: Callable[[Any], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "BLOCK_ELEMENTS", 100)
    pred, target, weight = WIDE[:, 0].astype(float), (LABELS > 1).astype(np.int64), np.abs(WIDE[:, 1]).astype(float)
    gone = np.random.default_rng(2).random(ROWS) < 0.1
    columns: dict[str, Any] = {"pred": pred, "target": target, "weight": weight}
    columns[which] = pa.array(columns[which], mask=gone)
    path = saved(columns)
    given = {name: f"{path}::{name}" for name in columns}
    (score,) = nl.evaluate(nl.bce_with_logits, **given, nan="omit", worst=3).scores
    expected = nl.bce_with_logits(pred[~gone], target[~gone], weight=weight[~gone])
    assert score.mean == pytest.approx(expected, rel=1e-12)
    assert score.nans == gone.sum() and [bad.row for bad in score.nan_rows] == np.flatnonzero(gone)[:10].tolist()
    for policy in ("propagate", "raise"):
        with pytest.raises(FormatError, match="empty cells"):
            nl.evaluate(nl.bce_with_logits, **given, nan=policy)


def test_text_is_for_keys_alone(saved: Callable[[Any], Path]) -> None:
    words = np.array(["a", "bc", ""])[LABELS % 3]
    columns = {
        "text": pa.array(words), "large": pa.array(words, pa.large_string()),
        "by number": pa.array(words).dictionary_encode(), "numbers by number": pa.array(LABELS).dictionary_encode(),
    }  # fmt: skip
    path = saved({**columns, "x": WIDE[:, 0]})
    for name in list(columns)[:3]:
        assert rows_of(f"{path}::{name}", keys=True).tolist() == words.tolist()
        with pytest.raises(FormatError, match="holds"):
            opened(f"{path}::{name}")
    np.testing.assert_array_equal(rows_of(f"{path}::numbers by number"), LABELS)
    given = {"pred": f"{path}::x", "target": np.zeros(ROWS, np.float32)}
    (score,) = nl.evaluate(nl.mse, **given, by=f"{path}::by number").scores
    assert score.groups is not None and score.groups.keys.tolist() == ["", "a", "bc"]
    assert score.groups.rows.tolist() == [int((words == key).sum()) for key in ("", "a", "bc")]


def test_text_of_several_shards(tmp_path: Path) -> None:
    for k, words in enumerate((["a", "b"], ["a much longer key"], ["c"])):
        save_file(pa.table({"key": words}), tmp_path / f"part-{k}.arrow")
    assert rows_of(tmp_path, 3, keys=True).tolist() == ["a", "b", "a much longer key", "c"]


# what is read ------------------------------------------------------------------------------------------------------


def bytes_read() -> int:
    return int(Path("/proc/self/io").read_text().split()[1])


@pytest.mark.parametrize("kind", ["file", "feather", "parquet"])
def test_only_what_is_asked_for_is_read(kind: str, tmp_path: Path) -> None:
    name, write = FORMATS[kind]
    random = np.random.default_rng(0)
    columns = {f"other {k}": random.normal(size=200_000) for k in range(20)}
    write(pa.table({**columns, "x": np.arange(200_000, dtype=np.float32)}), tmp_path / name, 50_000)
    size = (tmp_path / name).stat().st_size
    before = bytes_read()
    source = opened(f"{tmp_path / name}::x")
    assert bytes_read() - before < 200_000 < size / 150
    np.testing.assert_array_equal(rows_of(source, 50_000), np.arange(200_000))
    assert bytes_read() - before < 6_000_000  # the column once for the lot of each backward step at most


@pytest.mark.parametrize("kind", ["feather", "parquet"])
def test_no_more_than_a_batch_is_in_memory(kind: str, tmp_path: Path) -> None:
    """Of an Arrow file that is a batch of the file, of a Parquet file a part of a row group."""
    import pyarrow.parquet as pq

    values = np.random.default_rng(0).normal(size=2_000_000)
    if kind == "parquet":
        pq.write_table(
            pa.table({"x": values}), tmp_path / "a.parquet", row_group_size=len(values), use_dictionary=False
        )
    else:
        save_feather(pa.table({"x": values}), tmp_path / "a.feather", 250_000)
    source, most = opened(next(tmp_path.iterdir())), 0
    before, reader = pa.total_allocated_bytes(), source.reader(10_000)
    for start in range(0, len(values), 10_000):
        reader.read(start, start + 10_000)
        most = max(most, pa.total_allocated_bytes() - before)
    reader.close()
    assert most < values.nbytes / 6 and source.held < values.nbytes / 6


@pytest.mark.parametrize("every", [6, pytest.param(1, marks=pytest.mark.more)])
def test_hostile_frames_are_refused(every: int, tmp_path: Path) -> None:
    """Numbers that lead elsewhere everywhere in small files: in frames, offsets of lists, places in a dictionary."""
    lists, numbered = pa.array([[1.0, 2.0]] * 3), pa.array([5, 6, 5]).dictionary_encode()
    columns = [np.arange(3.0), lists, numbered, np.arange(3.0)]
    for save, column in zip((save_file, save_file, save_file, save_stream), columns, strict=True):
        path = tmp_path / "a.arrow"
        save(pa.table({"x": column}), path)
        whole = path.read_bytes()
        wrong = [(at, number) for at in range(0, len(whole) - 8, 4) for number in (0, 1, -1, 2**31 - 1, len(whole))]
        for at, number in wrong[::every]:
            path.write_bytes(whole[:at] + struct.pack("<i", number) + whole[at + 4 :])
            try:
                found = rows_of(f"{path}::x", 3)
            except (FormatError, OSError):
                continue
            assert found.dtype.kind in "fiu" and found.size < 100


def test_a_path_that_is_no_text(tmp_path: Path, saved: Callable[[Any], Path]) -> None:
    path = saved({"x": WIDE[:, 0]})
    odd = os.fsencode(tmp_path / "odd-") + b"\xff" + os.fsencode(path.suffix)
    os.rename(path, odd)
    np.testing.assert_array_equal(rows_of(odd), WIDE[:, 0])
    np.testing.assert_array_equal(rows_of(os.fsdecode(odd) + "::x"), WIDE[:, 0])


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    for name in ("a.arrow", "a.parquet", "a.npy", "a.npz", "a"):
        os.mkfifo(tmp_path / name)
        with pytest.raises(FormatError, match="not a regular file"):
            opened(tmp_path / name)
