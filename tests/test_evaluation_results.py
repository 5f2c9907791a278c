"""What people make of an evaluation: figures by name, tables of many forms, a page."""

from __future__ import annotations

import csv
import io
import json
import math
import shutil
import subprocess
import sys
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import numloss as nl
from numloss.cli import main
from numloss.common.tables import as_markdown
from numloss.evaluation import rowfile
from numloss.evaluation.result import Evaluation

ROWS = 60
RNG = np.random.default_rng(0)
TARGET = RNG.integers(0, 2, ROWS)
MODELS = {name: RNG.random(ROWS) for name in "ab"}
WORDS = np.array([f"<b>{k}</b> & more" for k in range(ROWS)])


@pytest.fixture(scope="module")
def result() -> Evaluation:
    losses = [nl.mse, partial(nl.huber, delta=0.5)]
    return nl.evaluate(
        losses, MODELS, TARGET.astype(float), metrics=["auc", "ece:bins=4"], by=np.arange(ROWS) % 3, interval=0.9,
        worst=2, show={"text": WORDS, "number": MODELS["a"]},
    )  # fmt: skip


# by name ------------------------------------------------------------------------------------------------------------


def test_figures_are_found_by_name(result: Evaluation) -> None:
    assert result["a", "mse"] is result.scores[0] is result["a.mse"]
    assert result["b", "huber"] is result["b", "huber(delta=0.5)"] is result.scores[3]
    assert result["b", "auc"] is result.metrics[2]
    one = nl.evaluate(nl.mse, MODELS["a"], TARGET.astype(float))
    assert one["mse"] is one.scores[0]
    with pytest.raises(KeyError, match=r"several are called 'mse'; there are 'a\.mse'"):
        result["mse"]
    with pytest.raises(KeyError, match="nothing is called"):
        result["a", "mae"]


def test_a_line_says_what_it_is(result: Evaluation) -> None:
    assert repr(result).startswith(f"<Evaluation of 60 rows: a.mse {result.scores[0].mean:.6g}, ")
    assert repr(result).endswith(", ...>") and len(repr(result)) < 200


# tables -------------------------------------------------------------------------------------------------------------


def test_one_table_has_everything(result: Evaluation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    columns = result.to_frame()
    assert len({len(column) for column in columns.values()}) == 1
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    of_mse = [row for row in rows if (row["predictions"], row["name"]) == ("a", "mse")]
    score, groups = result["a", "mse"], result["a", "mse"].groups
    assert [row["group"] for row in of_mse] == [None, 0, 1, 2]
    assert of_mse[0]["value"] == score.mean and of_mse[0]["low"] == score.interval.low  # type: ignore[union-attr]
    assert [row["low"] for row in of_mse[1:]] == groups.intervals[:, 0].tolist()  # type: ignore[union-attr]
    assert [row["p"] for row in rows if row["kind"] == "difference"] == [d.p for d in result.differences]
    assert [row["value"] for row in rows if row["name"] == "auc" and row["group"] == 1] == [
        result[name, "auc"].groups.values[1] for name in "ab"  # type: ignore[union-attr]
    ]  # fmt: skip


def test_tables_of_groups_have_both_ends_of_intervals(result: Evaluation) -> None:
    for name in ("mse", "auc"):
        groups = result["a", name].groups
        assert groups is not None
        page, text, frame = result._repr_html_(), str(result), result.columns()
        for low, high in groups.intervals.tolist():
            assert f"{low:.6g} to {high:.6g}" in page and f"{low:.6g} to {high:.6g}" in text
            assert (low, high) in zip(frame["low"], frame["high"], strict=True)
        assert result.to_dict()["metrics"][0]["groups"]["intervals"] == result["a", "auc"].groups.intervals.tolist()  # type: ignore[union-attr]
    tables = {title: names for title, names, _ in result.sections()}
    assert all("0.9 interval" in names for title, names in tables.items() if title.endswith("by group"))


def test_a_frame_of_pandas(result: Evaluation) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = result.to_frame()
    assert isinstance(frame, pandas.DataFrame) and len(frame) == 2 * 4 * 4 + 4


def run(*arguments: str) -> str:
    found = CliRunner().invoke(main, ["evaluate", *arguments])
    assert found.exit_code == 0, found.output
    return str(found.stdout)


@pytest.fixture
def line(saved: Any) -> list[str]:
    paths = saved(a=MODELS["a"], target=TARGET.astype(float), by=np.arange(ROWS) % 3)
    files = (f"--{name}={path}" for name, path in zip(("pred", "target", "by"), paths.values(), strict=True))
    return ["--loss", "mse", "--metric", "auc", *files]


def test_forms_of_the_command_line(line: list[str]) -> None:
    expected = nl.evaluate(nl.mse, MODELS["a"], TARGET.astype(float), metrics="auc")
    rows = list(csv.DictReader(io.StringIO(run(*line, "--format", "csv"))))
    assert [float(row["value"]) for row in rows if not row["group"]] == [expected["mse"].mean, expected["auc"].value]
    assert len(rows) == 8 and rows[0]["low"] == ""
    text = run(*line, "--format", "md")
    assert "| loss | options | mean | sum | weight |\n| --- | --- | --- | --- | --- |\n| mse |  |" in text
    assert json.loads(run(*line, "--format", "json"))["scores"] == json.loads(run(*line, "--json"))["scores"]
    assert "auc by group" in run(*line)
    group = run(*line, "--interval", "0.9", "--format", "md").split("auc by group")[1]
    assert "| group | value | 0.9 interval | rows |" in group and " to " in group.splitlines()[4]


def test_cells_of_markdown_stay_cells() -> None:
    assert "| a\\|b c |" in as_markdown([("t", ("x",), [("a|b\nc",)])])


def test_lines_in_a_pipe_are_not_folded(line: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    names = [f"a{'very' * 40}long{k}" for k in range(2)]
    for name in names:
        np.save(tmp_path / f"{name}.npy", MODELS["a"])
    models = [text for name in names for text in ("--pred", f"{name}={tmp_path / name}.npy")]
    found = run(*[text for text in line if not text.startswith("--pred")], *models)
    assert sum(f" {name} " in each and " mse " in each for each in found.splitlines() for name in names) == 2


# pictures and pages -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "start"), [("p.svg", b"<?xml"), pytest.param("p.PDF", b"%PDF", marks=pytest.mark.more)],
)  # fmt: skip
def test_pictures_are_of_the_kind_that_names_say(name: str, start: bytes, line: list[str], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    run(*line, "--plot", str(tmp_path / name))
    assert (tmp_path / name).read_bytes().startswith(start)


def test_a_kind_of_picture_that_there_is_not_is_refused_before_the_work(line: list[str]) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    found = CliRunner().invoke(main, ["evaluate", *line, "--plot", "p.docx", "--loss", "mse"])
    assert found.exit_code == 1 and "its name ends in none of" in found.stderr


class Tree(HTMLParser):
    """What a page has: its tags, closed in the order in which they were opened, and its texts."""

    EMPTY = ("meta",)

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read(text: str) -> Tree:
    tree = Tree()
    tree.feed(text)
    tree.close()
    assert not tree.open
    return tree


def test_a_page_needs_nothing_else(result: Evaluation, tmp_path: Path) -> None:
    result.report(tmp_path / "report.html", title="a < b")
    text = (tmp_path / "report.html").read_text()
    page = read(text)
    assert not any(name in ("src", "href", "xlink:href") for _, given in page.tags for name in given)
    assert "http" not in text and "@import" not in text and "<script" not in text
    assert page.texts.count("a < b") == 2
    # whiskers of mse, huber, auc and ece; reliability and ROC of two sets of predictions
    names = [given["aria-label"] for tag, given in page.tags if tag == "svg"]
    assert names == ["mse", "huber", "auc", "ece", "reliability", "ROC"]
    row = result.scores[0].worst[0]
    assert row.shown == {"text": WORDS[row.row], "number": MODELS["a"][row.row]}
    assert row.shown["text"] in page.texts and "<b>" not in text.split("</style>")[1]
    assert f"{result['a', 'auc'].value:.6g}" in page.texts


LOOK = """<!doctype html><body><script>
const boxes = (page, name) => [...page.querySelectorAll(name)].map(e => e.getBoundingClientRect());
const seen = (page) => ({{
  over: page.documentElement.scrollWidth - page.documentElement.clientWidth,
  pictures: boxes(page, "svg").map(b => [b.left, b.right, b.width, b.height]),
  texts: boxes(page, "svg text").map(b => [b.left, b.right]),
  tables: boxes(page, ".wide").map(b => [b.left, b.right]),
  cells: boxes(page, "td:not(.long)").map(b => b.height),
}});
const found = {{}};
for (const width of {widths}) {{
  const frame = document.createElement("iframe");
  frame.style = `width:${{width}}px;height:900px;border:0`;
  frame.addEventListener("load", () => {{
    found[width] = seen(frame.contentDocument);
    if (Object.keys(found).length == {widths}.length)
      document.body.innerHTML = '<pre id="found">' + JSON.stringify(found) + "</pre>";
  }});
  frame.srcdoc = {text};
  document.body.append(frame);
}}
</script></body>"""
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def test_a_page_fits_into_a_browser(result: Evaluation, tmp_path: Path) -> None:
    """Pictures, their texts and tables lie inside of windows of both widths; what is wide scrolls by itself."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip(f"no browser is installed: none of {', '.join(BROWSERS)}")
    result.report(tmp_path / "report.html")
    text = json.dumps((tmp_path / "report.html").read_text()).replace("</", "<\\/")
    (tmp_path / "look.html").write_text(LOOK.format(widths=[390, 1280], text=text))
    line = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--dump-dom"]
    line += [f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=5000", str(tmp_path / "look.html")]
    shown = subprocess.run(line, capture_output=True, text=True, timeout=120, check=True).stdout
    for width, found in json.loads(shown.partition('<pre id="found">')[2].partition("</pre>")[0]).items():
        assert found["over"] == 0
        assert len(found["pictures"]) == 6 and len(found["tables"]) > 5
        places = [*(each[:2] for each in found["pictures"]), *found["texts"], *found["tables"]]
        assert all(0 <= left and right <= int(width) for left, right in places)
        assert all(wide > 200 and high > 50 for _, _, wide, high in found["pictures"])
        assert max(found["cells"]) < 40  # one line each


def test_points_lie_where_they_should(result: Evaluation) -> None:
    from numloss.evaluation.page import SIZE, square, whiskers

    def circles(text: str) -> list[dict[str, str | None]]:
        return [given for tag, given in read(text).tags if tag == "circle"]

    marks = circles(square("c", "x", "y", [("", [0.0, 1.0], [0.0, 0.5])], marks=True))
    assert float(marks[1]["cx"] or 0) - float(marks[0]["cx"] or 0) == SIZE
    assert float(marks[0]["cy"] or 0) - float(marks[1]["cy"] or 0) == SIZE / 2
    assert len(circles(whiskers("c", [("p", 2.0, 1.0, 3.0), ("q", math.nan, 0.0, 1.0)]))) == 1


def test_a_notebook_shows_tables(result: Evaluation) -> None:
    page = read(result._repr_html_())
    assert [tag for tag, _ in page.tags].count("table") == len(list(result.sections()))


def test_a_page_from_the_command_line(line: list[str], saved: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "words.npy", WORDS)
    run(*line, "--worst", "1", "--show", f"text={tmp_path / 'words.npy'}", "--report", str(tmp_path / "r.html"))
    page = read((tmp_path / "r.html").read_text())
    worst = int(np.argmax((MODELS["a"] - TARGET) ** 2))
    assert WORDS[worst] in page.texts
    result = CliRunner().invoke(main, ["evaluate", *line, "--report", str(tmp_path / "absent" / "r.html")])
    assert result.exit_code == 1 and "absent" in result.stderr


def test_what_is_shown_has_as_many_rows() -> None:
    with pytest.raises(ValueError, match="rows, but"):
        nl.evaluate(nl.mse, MODELS["a"], TARGET.astype(float), worst=1, show={"text": WORDS[:3]})


# rows ---------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("workers", [1, 2])
def test_losses_of_rows_with_their_keys_as_parquet(workers: int, tmp_path: Path, monkeypatch: Any) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    monkeypatch.setattr(rowfile, "ROWS", 7)
    by = {"word": WORDS, "pair": np.arange(2 * ROWS).reshape(ROWS, 2) % 5}
    with nl.num_threads(workers):
        found = nl.evaluate(
            nl.mse, MODELS, TARGET.astype(float), metrics="accuracy", by=by, losses_to=tmp_path / "rows.parquet"
        )
    table = parquet.read_table(tmp_path / "rows.parquet")
    labels = ["a.mse", "a.accuracy", "b.mse", "b.accuracy"]
    assert table.column_names == ["row", "word", "pair 0", "pair 1", *labels]
    assert table["row"].to_pylist() == list(range(ROWS)) and table["word"].to_pylist() == WORDS.tolist()
    assert table["pair 1"].to_pylist() == by["pair"][:, 1].tolist()
    for score in found.scores:
        assert np.mean(table[score.label].to_numpy()) == pytest.approx(score.mean, rel=1e-12)
    assert found.losses_to == (str(tmp_path / "rows.parquet"),)
    assert [path.name for path in tmp_path.iterdir()] == ["rows.parquet"]


def test_an_error_leaves_nothing_beside_a_parquet_file(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    with pytest.raises(ValueError, match="target"):
        nl.evaluate((), np.zeros(9), np.full(9, 2), metrics="accuracy", losses_to=tmp_path / "rows.parquet")
    assert not list(tmp_path.iterdir())


def test_a_parquet_file_of_no_rows(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    nl.evaluate(nl.mse, np.zeros(0), np.zeros(0), losses_to=tmp_path / "rows.parquet")
    assert parquet.read_table(tmp_path / "rows.parquet").num_rows == 0


def test_a_parquet_file_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    with pytest.raises(OSError, match="absent"):
        nl.evaluate(nl.mse, np.zeros(2), np.full(2, "x"), losses_to=tmp_path / "absent" / "rows.parquet")
