"""Tokens in sequences and documents, the figures that are asked for, and what is written of tokens and documents."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import figures, sentence
from token_cases import (
    BYTES,
    CLASSES,
    DOCUMENTS,
    LABELS,
    ROWS,
    Numbers,
    divergences,
    exactly,
    exactly_logs,
    some_logits,
    stored,
)

import numloss as nl
from numloss.common.halves import widened
from numloss.errors import FormatError
from numloss.scoring.kernels import Asked, Measured, measured

pytestmark = pytest.mark.usefixtures("small_pieces")


def means_of(result: Any) -> list[Any]:
    """The means of all figures with their intervals."""
    return [(score.label, score.mean, score.weight, score.interval) for score in result.scores]


# divergences --------------------------------------------------------------------------------------------------------


def compared(logits: Numbers, other: Numbers) -> Measured:
    """The first of both beside the second."""
    labels = np.zeros(len(logits), np.int64)
    reference = measured(other, labels, Asked(), None, compared=True)
    return measured(logits, labels, Asked(), None, reference)


@pytest.mark.parametrize("distance", [1e-4, 1e-2, 1.0, 10.0, 300.0])
@pytest.mark.parametrize("dtypes", ["ee", "bb", "ff", "dd", "ef", "df"])
def test_both_divergences_are_right_at_any_distance(dtypes: str, distance: float) -> None:
    names = {"e": "float16", "b": "bfloat16", "f": "float32", "d": "float64"}
    for classes in (2, 700, 2600):
        values = some_logits(classes, 5, classes)
        away = np.random.default_rng(1).normal(size=values.shape) * distance
        logits, other = (stored(each, names[k]) for each, k in zip((values + away, values), dtypes, strict=True))
        found, expected = compared(logits, other), divergences(logits, other)
        for one, exact in zip((found.kls, found.reverse_kls), expected, strict=True):
            assert one is not None and (one >= 0).all()
            np.testing.assert_allclose(one, exact, rtol=1e-6, atol=1e-17)


def test_divergences_where_nothing_is() -> None:
    inf, nan = math.inf, math.nan
    x: list[Any] = [[0, -inf, 1], [0, 1, -inf], [-inf, 0, 1], [0, nan, 1], [-inf] * 3, [0, 5000, 9000], [1, 2, 3]]
    y: list[Any] = [[0, -inf, 2], [0, 1, 2], [0, 0, 1], [0, 1, 2], [0, 1, 2], [9000, 5000, 0], [1, 2, 3]]
    logits, other = np.array(x, np.float32), np.array(y, np.float32)
    found, expected = compared(logits, other), divergences(logits, other)
    assert found.kls is not None and found.reverse_kls is not None
    np.testing.assert_allclose(found.kls[[0, 1, 2, 5]], [expected[0][0], inf, inf, 9000], rtol=1e-6)
    np.testing.assert_allclose(found.reverse_kls[[0, 1, 2, 5]], expected[1][[0, 1, 2, 5]], rtol=1e-6)
    turned = compared(other, logits)
    assert turned.reverse_kls is not None and turned.reverse_kls[1] == inf == turned.reverse_kls[2]
    assert np.isnan(found.kls[3:5]).all() and np.isnan(found.reverse_kls[3:5]).all()
    assert found.kls[6] == 0.0 == found.reverse_kls[6]


def near_divergence(logits: Numbers, other: Numbers) -> Numbers:
    """KL(others || rows) from the differences of both, of which nothing is lost."""
    p = np.exp(exactly_logs(other))
    d = logits.astype(np.longdouble) - other
    d -= (p * d).sum(axis=1, keepdims=True)
    return np.log1p((p * (np.expm1(d) - d)).sum(axis=1)).astype(np.float64)


def test_rows_next_to_each_other_are_compared_from_where_they_lie() -> None:
    """Both sums of powers are wrong by more than the rows differ, which is a number that all of a row have, and the
    last digit of one that has hardly any share."""
    logits = (np.rint(some_logits(3, 4, 3000) * 64) / 64).astype(np.float32)
    other = logits + np.float32(0.3125 + 2.0**-12)
    place = np.argsort(logits, axis=1)[:, 1000:1001]
    np.put_along_axis(other, place, np.nextafter(np.take_along_axis(other, place, axis=1), np.float32(99)), axis=1)
    found, expected = compared(logits, other), [near_divergence(logits, other), near_divergence(other, logits)]
    assert 0.0 < np.min(expected) and np.max(expected) < 1e-18
    np.testing.assert_allclose(np.stack([found.kls, found.reverse_kls]), expected, rtol=1e-6)  # type: ignore[list-item]


def test_as_many_classes_as_large_models_have() -> None:
    values = some_logits(8, 3, 128_256)
    logits, other = stored(values, "bfloat16"), stored(values + some_logits(9, 3, 128_256) * 0.05, "bfloat16")
    labels = np.array([5, 128_255, int(widened(logits)[2].argmax())])
    reference = measured(other, labels, Asked(), None, compared=True)
    found, expected = measured(logits, labels, Asked(8), None, reference), exactly(logits, labels)
    np.testing.assert_allclose(found.label_logs, -expected["nll"], rtol=4e-7)
    np.testing.assert_allclose(found.entropies, expected["entropy"], rtol=4e-7)  # type: ignore[arg-type]
    assert (found.ids == expected["order"][:, :8]).all() and (found.ranks == expected["rank"]).all()
    both = np.stack([found.kls, found.reverse_kls])  # type: ignore[list-item]
    np.testing.assert_allclose(both, divergences(logits, other), rtol=1e-6)


# what is asked ------------------------------------------------------------------------------------------------------


def test_figures_that_nobody_asks_for_are_not_measured(tmp_path: Path) -> None:
    asked: dict[str, Any] = {"labels": LABELS, "reference": some_logits(1), "documents": DOCUMENTS}
    whole = nl.score(some_logits(), **asked)
    for wanted in ((), ("entropy",), ("accuracy", "same_top"), ("kl",)):
        result = nl.score(some_logits(), **asked, figures=wanted, tokens_to=tmp_path)
        names = [score.loss for score in result.scores if score.model == "model"]
        assert sorted(names) == sorted({"nll", *wanted})
        for name in names:
            assert result["model", name].mean == whole["model", name].mean
        fields = np.load(tmp_path / "model.npy").dtype.names or ()
        there = {"rank": "accuracy" in wanted, "entropy": "entropy" in wanted, "kl": "kl" in wanted}
        assert {name: name in fields for name in there} == there
    with pytest.raises(ValueError, match="no figure is called 'loss'; there are nll, bits_per_byte, "):
        nl.score(some_logits(), LABELS, figures=["loss"])


def test_quantiles_are_as_near_as_they_say() -> None:
    logits, other = some_logits(4, 1500, 3), some_logits(5, 1500, 3)
    result = nl.score(logits, np.zeros(1500, int), reference=other, quantiles=(0.0, 0.3, 0.99, 1.0), interval=None)
    values = np.sort(divergences(logits, other)[0])
    for q, found in result["model", "kl"].quantiles:
        exact = values[math.floor(q * 1499)]
        assert found == pytest.approx(exact, rel=1e-9 if q in (0.0, 1.0) else 1 / 512)


# sequences and documents --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("held", ["memory", "files", "lists", "lists of files"])
def test_sequences(held: str, tmp_path: Path) -> None:
    logits, lengths = some_logits().astype(np.float32), np.full(9, 10)
    given: dict[str, Any] = {"logits": logits.reshape(9, 10, CLASSES), "labels": LABELS.reshape(9, 10)}
    given |= {"bytes": BYTES.reshape(9, 10)}
    if held.startswith("lists"):
        lengths = np.array([20, 1, 40, 29])
        ends = np.cumsum(lengths)[:-1]
        given = {"logits": logits, "labels": LABELS, "bytes": BYTES}
        given = {name: [each.tolist() for each in np.split(values, ends)] for name, values in given.items()}
        given["logits"] = np.split(logits, ends)
    if held == "files":
        for name in given:
            np.save(tmp_path / f"{name}.npy", given[name])
            given[name] = tmp_path / f"{name}.npy"
    if held == "lists of files":
        for k, values in enumerate(given["logits"]):
            np.save(tmp_path / f"{k}.npy", values)
        given["logits"] = [str(tmp_path / f"{k}.npy") for k in range(4)]
    names = np.array([f"text {k}" for k in range(len(lengths))])
    flat: dict[str, Any] = {"labels": LABELS, "bytes": BYTES, "documents": np.repeat(names, lengths)}
    expected = nl.score(logits, **flat, shift=True, by=np.repeat(np.arange(len(lengths)) % 2, lengths))
    found = nl.score(**given, shift=True, by=np.arange(len(lengths)) % 2)
    assert means_of(found) == means_of(expected)
    assert found["nll"].weight == ROWS - len(lengths)
    assert repr(found.scores[0].groups) == repr(expected.scores[0].groups)
    assert means_of(nl.score(**given, shift=True, documents=list(names))) == means_of(expected)
    shared = nl.score(**given, shift=True, documents=np.arange(len(lengths)) // 2)
    assert shared["nll"].interval != expected["nll"].interval


def test_no_sequences() -> None:
    result = nl.score(np.zeros((0, 5, 7)), np.zeros((0, 5), int), shift=True)
    assert result.rows == 0 and math.isnan(result.perplexity())


def test_sequences_that_do_not_fit_are_told() -> None:
    parts = np.split(some_logits(), [20, 50])
    with pytest.raises(FormatError, match="sequence 1 has 30 tokens in logits, but 29 in labels"):
        nl.score(parts, np.split(LABELS[:-1], [20, 49]))
    with pytest.raises(FormatError, match="logits has 3 sequences, but labels has 2"):
        nl.score(parts, np.split(LABELS, [20]))
    with pytest.raises(FormatError, match="logits has 9 sequences, but labels has 10"):
        nl.score(some_logits().reshape(9, 10, CLASSES), LABELS.reshape(10, 9))


# what is written ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
@pytest.mark.parametrize("several", [False, True])
def test_tokens_in_one_file(suffix: str, several: bool, tmp_path: Path) -> None:
    if suffix == ".parquet":
        pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    logits = some_logits()
    logits[4, 2] = math.nan
    models: Any = {"a": logits, "b": some_logits(1)} if several else logits
    names = np.repeat(["x", "y"], 45)
    asked: dict[str, Any] = {"labels": LABELS, "documents": DOCUMENTS, "by": {"half": names}, "top_k": 2}
    asked |= {"reference": "b"} if several else {}
    nl.score(models, **asked, tokens_to=tmp_path / "folder")
    path = tmp_path / f"tokens{suffix}"
    nl.score(models, **asked, tokens_to=path)
    if suffix == ".parquet":
        parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
        rows = parquet.read_table(path).to_pylist()
    else:
        rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["folder", path.name]
    assert [row["row"] for row in rows] == list(range(ROWS)) and [row["half"] for row in rows] == names.tolist()
    assert [row["document"] for row in rows] == DOCUMENTS.tolist() and [row["label"] for row in rows] == LABELS.tolist()
    for name in ("a", "b") if several else ("tokens",):
        record = np.load(tmp_path / "folder" / f"{name}.npy")
        for field in record.dtype.names[1:]:
            found = [row[f"{name} {field}" if several else field] for row in rows]
            values = np.array([np.nan_to_num(np.array(each, float), nan=-7.0) for each in found])
            np.testing.assert_array_equal(values, np.nan_to_num(record[field].astype(float), nan=-7.0))


@pytest.mark.parametrize("nan", ["propagate", "omit"])
def test_documents_in_lines(nan: str, tmp_path: Path) -> None:
    logits, labels = some_logits(), LABELS.copy()
    logits[70] = math.nan
    labels[[3, 20]] = -100
    path = tmp_path / "documents.jsonl"
    result = nl.score(
        logits, labels, documents=DOCUMENTS, bytes=BYTES, shift=True, nan=nan, documents_to=path,
        tokens_to=tmp_path / "tokens.jsonl",
    )  # fmt: skip
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["document"] for line in lines] == [7, 3, 11, 4] and lines[1]["tokens"] == 0
    assert lines[1]["nll"] is None is lines[1]["perplexity"]
    assert sum(line["tokens"] for line in lines) == result["nll"].weight + (nan == "propagate") * 0
    nexts = np.flatnonzero((DOCUMENTS[1:] == 7) & (DOCUMENTS[:-1] == 7) & (labels[1:] >= 0))
    each = exactly(logits[nexts], labels[nexts + 1])
    assert lines[0]["tokens"] == len(nexts) and lines[0]["bytes"] == BYTES[nexts + 1].sum()
    assert lines[0]["perplexity"] == pytest.approx(math.exp(each["nll"].mean()), rel=1e-6)
    assert lines[0]["entropy"] == pytest.approx(each["entropy"].mean(), rel=1e-6)
    assert lines[0]["accuracy"] == pytest.approx((each["rank"] == 1).mean())
    bits = each["nll"].sum() / math.log(2) / BYTES[nexts + 1].sum()
    assert lines[0]["bits_per_byte"] == pytest.approx(bits, rel=1e-6)
    assert (lines[3]["nll"] is None) == (nan == "propagate")


def test_a_file_of_tokens_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("numloss.evaluation.journal.EVERY", 0.0)
    np.save(tmp_path / "x.npy", some_logits().astype(np.float32))
    np.save(tmp_path / "y.npy", LABELS)
    asked: dict[str, Any] = {"logits": tmp_path / "x.npy", "labels": tmp_path / "y.npy", "chunk": 1}

    def stop(done: int, rows: int, read: int) -> None:
        if done > ROWS / 2:
            raise InterruptedError

    path = tmp_path / "tokens.jsonl"
    with pytest.raises(InterruptedError):
        nl.score(**asked, tokens_to=path, resume=tmp_path / "state", progress=stop)
    seen: list[int] = []
    nl.score(**asked, tokens_to=path, resume=tmp_path / "state", progress=lambda done, *rest: seen.append(done))
    nl.score(**asked, tokens_to=tmp_path / "whole.jsonl")
    assert min(seen) > ROWS / 2 and path.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="documents_to needs documents"):
        nl.score(some_logits(), LABELS, documents_to=tmp_path / "d.jsonl")
    with pytest.raises(ValueError, match=r"documents_to is a file of lines of JSON, \.jsonl or \.ndjson"):
        nl.score(some_logits(), LABELS, documents=DOCUMENTS, documents_to=tmp_path / "d.csv")
    with pytest.raises(IndexError):
        nl.score(some_logits(), LABELS + CLASSES, documents=DOCUMENTS, documents_to=tmp_path / "d.jsonl")
    assert not list(tmp_path.iterdir())


def test_the_command_writes_them(tmp_path: Path) -> None:
    arrays = {"logits": some_logits().reshape(9, 10, CLASSES), "labels": LABELS.reshape(9, 10)}
    for name, values in arrays.items():
        np.save(tmp_path / f"{name}.npy", values)
    options = [part for name in arrays for part in (f"--{name}", tmp_path / f"{name}.npy")]
    found: Any = figures(
        "score", *options, "--shift", "--figure", "accuracy", "--tokens-to", tmp_path / "t.jsonl", "--documents-to",
        tmp_path / "d.jsonl",
    )  # fmt: skip
    assert [score["loss"] for score in found["scores"]] == ["nll", "accuracy"]
    assert len((tmp_path / "t.jsonl").read_text().splitlines()) == ROWS
    assert len((tmp_path / "d.jsonl").read_text().splitlines()) == 9
    assert "no figure is called 'loss'" in sentence("score", *options, "--figure", "loss")
