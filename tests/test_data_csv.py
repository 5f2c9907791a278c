"""Files of comma-separated values: the same columns as in tables of other formats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import numloss as nl
from numloss.data import csv as csv_module
from numloss.data.opening import source_of
from numloss.errors import FormatError

pytest.importorskip("pyarrow", reason="pyarrow is not installed")
ROWS = 500
RNG = np.random.default_rng(0)
PRED, TARGET, WORDS = RNG.normal(size=ROWS), RNG.normal(size=ROWS), np.array(["ab", "c, d", "ü"])[np.arange(ROWS) % 3]


def write(path: Path, first: object = 1, mark: str = ",") -> Path:
    """Columns of numbers, integers and text; the last integer is what is given."""
    lines = [mark.join(("pred", "target", "count", "word"))]
    for k in range(ROWS):
        count = first if k == ROWS - 1 else k
        lines.append(mark.join((repr(float(PRED[k])), repr(float(TARGET[k])), str(count), f'"{WORDS[k]}"')))
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_module, "BLOCK", 4096)


@pytest.mark.parametrize(("name", "mark"), [("a.csv", ","), ("a.tsv", "\t")])
def test_columns_are_those_of_the_file(name: str, mark: str, tmp_path: Path) -> None:
    path = write(tmp_path / name, mark=mark)
    for column, expected in (("pred", PRED), ("count", [*range(ROWS - 1), 1]), ("word", WORDS)):
        source = source_of(f"{path}::{column}", "x", 1 << 30, keys=True)
        reader = source.reader(7)
        for start in (ROWS - 7, 0, 100, 107, 350):
            np.testing.assert_array_equal(reader.read(start, start + 7), expected[start : start + 7])
        reader.close()
    both = source_of(f"{path}::[pt]*", "x", 1 << 30)
    np.testing.assert_array_equal(both.reader(ROWS).read(0, ROWS), np.stack([PRED, TARGET], axis=1))


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("workers", [1, 2])
def test_evaluation(workers: int, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv")
    with nl.num_threads(workers):
        (score,) = nl.evaluate(nl.mse, f"{path}::pred", f"{path}::target", by=f"{path}::word").scores
    (expected,) = nl.evaluate(nl.mse, PRED, TARGET, by=WORDS).scores
    assert score.total == expected.total and score.groups is not None and expected.groups is not None
    assert score.groups.sums.tolist() == expected.groups.sums.tolist()


def test_integers_that_turn_out_to_have_fractions_are_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", first=0.5)
    source = source_of(f"{path}::count", "x", 1 << 30)
    assert source.dtype == np.float64 and source.reader(2).read(ROWS - 2, ROWS).tolist() == [ROWS - 2, 0.5]


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for content in ("", "a,b\n1\n", "a,b\n1,2\n3,4,5\n"):
        path.write_text(content)
        with pytest.raises(FormatError, match=r"a\.csv"):
            source_of(f"{path}::a", "x", 1 << 30)
    path.write_text("a,b\n1,2\n,4\n")
    with pytest.raises(FormatError, match="column 'a' has 1 empty cells"):
        source_of(f"{path}::a", "x", 1 << 30).reader(2).read(0, 2)
