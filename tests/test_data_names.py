"""Names of files and of what is in them: exact ones first, then patterns, in the order in which people count."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import numloss as nl
from numloss.cli import main
from numloss.data import load
from numloss.data.datasets import files_of
from numloss.data.names import in_order, matches
from numloss.data.opening import READERS, source_of
from numloss.data.source import Source
from numloss.errors import FormatError

# Names of which a part could be read as something else.
ODD = [
    "a=b",
    "split=test",
    "x[m]",
    "a*b",
    "wh?t",
    "a::b",
    "::",
    "{a,b}",
    "~",
    "a b",
    "-x",
    "%s",
    "é",
    "[!x]",
    "#",
    "a:b",
]


def opened(given: Any) -> Source:
    return source_of(given, "pred", 1 << 30)


def first(given: Any) -> float:
    """The first number of a source."""
    reader = opened(given).reader(1)
    try:
        return float(reader.read(0, 1)[0])
    finally:
        reader.close()


@pytest.mark.parametrize("name", ODD)
def test_what_is_there_is_read_by_its_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).mkdir()
    (tmp_path / "xm").mkdir()
    (tmp_path / "axb").mkdir()
    for folder, value in ((name, 1.0), ("xm", 2.0), ("axb", 2.0)):
        np.save(f"{folder}/{name}.npy", [value])
        np.savez(f"{folder}/{name}.npz", **{"p": [value], name: [value + 2.0]})
    assert first(f"{name}/{name}.npy") == first(tmp_path / name / f"{name}.npy") == 1.0
    assert first(f"{name}/{name}.npz::p") == 1.0
    assert first(f"{name}/{name}.npz::{name}") == 3.0
    assert first(f"{name}/*.npy") == 1.0  # a pattern in a folder whose name looks like one
    for text in (f"{name}/{name}.npy", f"{name}/{name}.npz::p", f"{name}/*.npy"):
        line = ["evaluate", "--loss", "mse", f"--pred={text}", "--target", f"{name}/{name}.npy", "--json"]
        result = CliRunner().invoke(main, line)
        assert result.exit_code == 0, result.output
        assert '"model": ""' in result.stdout and '"total": 0.0' in result.stdout


def test_a_model_is_named_where_no_file_has_the_whole_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("p.npy", np.ones(3))
    line = ["evaluate", "--loss", "mse", "--pred", "a=p.npy", "--target", "p.npy", "--json"]
    assert '"model": "a"' in CliRunner().invoke(main, line).stdout
    np.save("a=p.npy", np.ones(3))
    assert '"model": ""' in CliRunner().invoke(main, line).stdout


@pytest.mark.parametrize(
    "names",
    [
        ["part.2.npy", "part.10.npy", "part.100.npy"],
        ["a1b2.npy", "a1b10.npy", "a2b1.npy", "a10b1.npy"],
        ["p-00.npy", "p-01.npy", "p-02.npy", "p-10.npy"],
        ["1.npy", "2.npy", "10.npy", "a.npy"],
        ["x.npy", "x0.npy", "x00.npy", "x1.npy", "y.npy"],
        ["day-2024-2-1.npy", "day-2024-10-1.npy", "day-2025-1-1.npy"],
    ],
)
def test_shards_are_in_the_order_in_which_people_count(names: list[str], tmp_path: Path) -> None:
    assert in_order(random.Random(0).sample(names, len(names))) == names
    (tmp_path / "sets").mkdir()
    for k, name in enumerate(names):
        np.save(tmp_path / name, [float(k)])
        np.savez(tmp_path / "sets" / f"{name[:-4]}.npz", X=np.zeros((2, 1)), y=[0, 1])
    for given in (tmp_path, f"{tmp_path}/*.npy"):
        source = opened(given)
        assert [Path(source.place(row)[0]).name for row in range(source.rows)] == names
    found = [Path(path).name for path in files_of(f"npz:{tmp_path}/sets/*.npz")]
    assert found == [f"{name[:-4]}.npz" for name in names]


def test_a_folder_holds_its_shards_in_order(tmp_path: Path) -> None:
    for k in (1, 2, 3, 10, 11, 20):
        np.save(tmp_path / f"part.{k}.npy", np.full(3, float(k)))
    for name in (".part.4.npy", "._part.1.npy", ".part.5.npy.0123abcd.part", "_SUCCESS", "part.1.npy.crc"):
        (tmp_path / name).write_bytes(b"no shard")
    reader = opened(tmp_path).reader(18)
    assert reader.read(0, 18)[::3].tolist() == [1.0, 2.0, 3.0, 10.0, 11.0, 20.0]
    reader.close()


def test_names_that_tell_nothing_are_read_by_their_content(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", [1.0])
    np.savez(tmp_path / "a.npz", p=[2.0])
    for name, value in (("a.npy", 1.0), ("a.npz", 2.0)):
        for other in ("b", "b.bin", "b.NPY", "b.tar.gz", "b.NPZ"):
            if other.lower().endswith((".npy", ".npz")) and not other.lower().endswith(name[-4:]):
                continue
            (tmp_path / other).write_bytes((tmp_path / name).read_bytes())
            assert first(tmp_path / other) == value
    (tmp_path / "b.txt").write_text("1,2\n")
    with pytest.raises(FormatError, match=r"b\.txt: neither its name nor its first bytes are those of \.npy, \.npz"):
        opened(f"{tmp_path}/b.txt::x")
    with pytest.raises(FileNotFoundError):
        opened(tmp_path / "absent.pq")


# What pyarrow does not read.
OTHERS = (".npy", ".npz", ".safetensors", ".kld")


@pytest.mark.parametrize("suffix", [suffix for suffix in READERS if suffix not in OTHERS])
def test_every_suffix_of_a_table_is_one(suffix: str, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    (tmp_path / f"a{suffix}").write_bytes(b"nothing")
    with pytest.raises(FormatError, match="not a file that can be read"):
        opened(f"{tmp_path}/a{suffix}::x")


def test_paths_that_are_bytes_or_no_text(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff\xfe.npy"
    with open(path, "wb") as file:
        np.save(file, [1.0])
    assert first(path) == first(os.fsdecode(path)) == first(tmp_path) == 1.0
    assert first(os.fsdecode(os.fsencode(tmp_path) + b"/\xff*.npy")) == 1.0
    (score,) = nl.evaluate(nl.mse, path, os.fsdecode(path), worst=1, resume=tmp_path / "state").scores
    assert score.total == 0.0 and score.worst[0].file == os.fsdecode(path)


class Series:
    """As pandas has it: a column that is sliced by its labels where these are numbers."""

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.shape, self.dtype, self.iloc = values, values.shape, values.dtype, values

    def __getitem__(self, where: slice) -> Any:
        raise KeyError(where)

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self.values


def test_columns_of_pandas_are_read_by_their_rows() -> None:
    values = np.arange(9.0)
    assert nl.evaluate(nl.mse, Series(values), values).scores[0].total == 0.0
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    for index in (values[::-1], list("abcdefghi"), values.astype(int) + 5):
        series = pandas.Series(values, index=index)
        assert (
            nl.evaluate(nl.mse, series, values, by=pandas.Series(list("aab") * 3, index=index)).scores[0].total == 0.0
        )


def test_patterns_that_match_nothing(tmp_path: Path) -> None:
    assert matches("a.npy") == []
    with pytest.raises(FileNotFoundError, match="no file matches"):
        matches(f"{tmp_path}/*.npy")
    with pytest.raises(ValueError, match="unknown data"):
        load("faces")
