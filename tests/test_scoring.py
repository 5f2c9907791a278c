"""Scores of language models against sums in more digits, and from files of all kinds."""

from __future__ import annotations

import hashlib
import math
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import figures, sentence
from machine import LEVELS, default_backend, missing
from process import python
from token_cases import BYTES, CLASSES, DOCUMENTS, LABELS, ROWS, Numbers, exactly, some_logits, stored

import numloss as nl
from numloss.common.halves import widened
from numloss.data.opening import source_of
from numloss.errors import FormatError
from numloss.scoring.head import HeadSource
from numloss.scoring.kernels import Asked, measured
from numloss.scoring.result import TokenScores

DTYPES = ("bfloat16", "float16", "float32", "float64")
pytestmark = pytest.mark.usefixtures("small_pieces")


@pytest.mark.parametrize("classes", [2, 40, 512, 1500])
@pytest.mark.parametrize("dtype", DTYPES)
def test_tokens_are_exact(dtype: str, classes: int) -> None:
    logits = stored(some_logits(rows=9, classes=classes), dtype)
    labels = np.random.default_rng(1).integers(0, classes, 9)
    kept = min(6, classes)
    found, expected = measured(logits, labels, Asked(kept), default_backend()), exactly(logits, labels)
    close = 1e-13 if dtype == "float64" else 4e-7
    np.testing.assert_allclose(found.label_logs, -expected["nll"], rtol=close)
    np.testing.assert_allclose(found.entropies, expected["entropy"], rtol=close)
    assert (found.ranks == expected["rank"]).all() and (found.ids == expected["order"][:, :kept]).all()
    logs = np.take_along_axis(expected["logs"], found.ids, axis=1)
    np.testing.assert_allclose(found.logs, logs, rtol=close, atol=close)


def test_sure_predictions_keep_their_digits() -> None:
    """A perplexity near 1, and an entropy near 0: what is added up over classes is what is left beside the top."""
    for gap in (20.0, 60.0, 95.0):
        logits = np.zeros((1, 300), np.float32)
        logits[0, 170] = gap
        found = measured(logits, np.array([170]), Asked(), None)
        rest = 299 * math.exp(-gap)
        assert found.label_logs[0] == pytest.approx(-math.log1p(rest), rel=1e-6)
        assert found.entropies[0] == pytest.approx(math.log1p(rest) + gap * rest / (1 + rest), rel=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_scores_far_below_the_others(dtype: str) -> None:
    """Wherever such a score is: powers of others need no room below the normal numbers."""
    for place in range(60, 4200, 511):
        logits = some_logits(place, 1, 4200)
        logits[0, place] = -1e3
        given = logits.astype(dtype)
        found, expected = measured(given, LABELS[:1], Asked(), None), exactly(given, LABELS[:1])
        np.testing.assert_allclose(found.label_logs, -expected["nll"], rtol=4e-7)
        np.testing.assert_allclose(found.entropies, expected["entropy"], rtol=4e-7)


def test_ties_and_ends_of_the_line() -> None:
    inf, nan = math.inf, math.nan
    rows: list[Any] = [[1, 3, 3, 2, 3], [-inf, 0, -inf, 0, -inf], [-inf] * 5, [0, nan, 1, 2, 3], [5, 4, inf, 2, 1]]
    found = measured(np.array(rows, np.float32), np.array([2, 0, 0, 0, 2]), Asked(3), None)
    assert found.ids.tolist() == [[1, 2, 4], [1, 3, -1], [-1] * 3, [-1] * 3, [-1] * 3]
    assert found.ranks.tolist() == [1, 3, 0, 0, 0]
    assert found.label_logs[1] == -inf and found.entropies[1] == pytest.approx(math.log(2))
    assert np.isnan(found.label_logs[2:]).all() and np.isnan(found.entropies[2:]).all()


def test_groups_of_classes_are_wide_where_there_are_many() -> None:
    logits = stored(some_logits(rows=1, classes=300_001), "float16")
    logits[0, [512, 513, 300_000]] = 30, 30, 29
    found, expected = measured(logits, np.array([300_000]), Asked(5), None), exactly(logits, np.array([300_000]))
    assert (found.ids == expected["order"][:, :5]).all() and found.ranks[0] == 3


def bits_of(backend: str) -> str:
    """All that is measured of some tokens, and beside others, as a hash."""
    found = hashlib.sha256()
    for dtype in DTYPES:
        values, others = (some_logits(k, 20, 4500) * (1 + k) for k in range(2))
        others[3] = values[3]
        values[4, 7] = others[5, 8] = -np.inf
        logits, other = stored(values, dtype), stored(others, dtype)
        labels = np.arange(20) * 7
        reference = measured(other, labels, Asked(), backend, compared=True)
        for each in measured(logits, labels, Asked(4), backend, reference):
            found.update(b"" if each is None else each.tobytes())
    return found.hexdigest()


@pytest.mark.more
def test_backends_give_the_same_bits() -> None:
    if len({"numba", "cython"} - missing().keys()) < 2:
        pytest.skip("one backend alone runs here")
    assert bits_of("numba") == bits_of("cython")


@pytest.mark.more
def test_levels_give_the_same_bits() -> None:
    if len(levels := [level for level in LEVELS if level not in missing()]) < 2 or "cython" in missing():
        pytest.skip("one level alone runs here")
    code = "import test_scoring; print(test_scoring.bits_of('cython'))"
    assert len({python(code, NUMLOSS_LEVEL=level).stdout for level in levels}) == 1


# in all -------------------------------------------------------------------------------------------------------------


def by_clusters(values: Numbers, keys: Numbers, counts: Numbers) -> tuple[float, float]:
    """A ratio of sums, and its standard error by leaving out each cluster to first order."""
    mean = values.sum() / counts.sum()
    rest = [(values[keys == key] - mean * counts[keys == key]).sum() for key in np.unique(keys)]
    size = len(rest)
    return mean, math.sqrt(np.square(rest).sum() * size / (size - 1)) / counts.sum()


def test_totals_shifted_within_documents() -> None:
    logits, other = stored(some_logits(), "float16"), some_logits(1).astype(np.float32) * 0.2
    result = nl.score(
        {"a": logits, "b": some_logits() + other}, LABELS, reference="b", documents=DOCUMENTS, bytes=BYTES, shift=True,
        top_k=4,
    )  # fmt: skip
    counted = np.flatnonzero(DOCUMENTS[1:] == DOCUMENTS[:-1])
    nexts, counts, keys = LABELS[counted + 1], BYTES[counted + 1], DOCUMENTS[counted]
    found = {"a": exactly(logits[counted], nexts), "b": exactly((some_logits() + other)[counted], nexts)}
    for model, each in found.items():
        ones = np.ones(len(counted))
        expected = {
            "nll": each["nll"], "entropy": each["entropy"], "accuracy": each["rank"] == 1, "top_k": each["rank"] <= 4,
            "reciprocal_rank": 1 / each["rank"],
        }  # fmt: skip
        for name, values in expected.items():
            mean, error = by_clusters(np.asarray(values, np.float64), keys, ones)
            score = result[model, name]
            assert score.mean == pytest.approx(mean, rel=1e-6) and score.weight == len(counted)
            assert score.interval.error == pytest.approx(error, rel=1e-5)
        mean, error = by_clusters(each["nll"] / math.log(2), keys, counts)
        score = result[model, "bits_per_byte"]
        assert (score.mean, score.interval.error) == (pytest.approx(mean, rel=1e-6), pytest.approx(error, rel=1e-5))
        assert result.perplexity(model) == pytest.approx(math.exp(each["nll"].mean()), rel=1e-6)
        assert score.nans == 0
    same = found["a"]["order"][:, 0] == found["b"]["order"][:, 0]
    assert result["a", "same_top"].mean == pytest.approx(same.mean())
    for name, p, q in (("kl", "b", "a"), ("reverse_kl", "a", "b")):
        p_logs, q_logs = found[p]["logs"], found[q]["logs"]
        rows = (np.exp(p_logs) * (p_logs - q_logs)).sum(axis=1)
        score = result["a", name]
        assert (score.mean, score.nans) == (pytest.approx(rows.mean(), rel=1e-6), 0)
        assert dict(score.quantiles)[1.0] == pytest.approx(rows.max(), rel=1e-6)
    changes = np.exp(-found["a"]["nll"]) - np.exp(-found["b"]["nll"])
    assert result["probability_change"].mean == pytest.approx(changes.mean(), abs=1e-8)
    mean, error = by_clusters(found["a"]["nll"] - found["b"]["nll"], keys, np.ones(len(counted)))
    (ratio,) = result.ratios
    assert (ratio.first, ratio.second, ratio.value) == ("a", "b", pytest.approx(math.exp(mean), rel=1e-6))
    assert ratio.interval.low == pytest.approx(math.exp(mean - 1.959964 * error), rel=1e-5)
    assert "ratios of perplexities" in str(result) and "a / b" in str(result)


def test_perplexities_of_bfloat16_are_right() -> None:
    """What a library that computes in bfloat16 gives is wrong by some per cent."""
    logits = stored(some_logits(rows=64, classes=5000), "bfloat16")
    labels = np.random.default_rng(2).integers(0, 5000, 64)
    expected = math.exp(exactly(logits, labels)["nll"].mean())
    assert nl.score(logits, labels).perplexity() == pytest.approx(expected, rel=1e-6)


def test_rows_without_a_label_or_a_probability() -> None:
    logits, labels = some_logits().astype(np.float32), LABELS.copy()
    labels[[0, 50]] = -100
    logits[60, 3] = np.nan
    result = nl.score(logits, labels)
    nll = result["nll"]
    assert nll.nans == 1 and [bad.row for bad in nll.nan_rows] == [60] and math.isnan(result.perplexity())
    rest = np.delete(np.arange(ROWS), [0, 50, 60])
    omitted = nl.score(logits, labels, nan="omit")
    expected = math.exp(exactly(logits[rest], labels[rest])["nll"].mean())
    assert omitted.perplexity() == pytest.approx(expected, rel=1e-6)
    assert omitted["accuracy"].weight == len(rest)
    with pytest.raises(ValueError, match="the loss of row 60 is NaN"):
        nl.score(logits, labels, nan="raise")
    beside = nl.score(some_logits(1), labels, reference=logits)["kl"]
    assert (beside.nans, math.isnan(beside.mean)) == (1, True)


def test_divergences_of_near_models_keep_their_digits() -> None:
    logits = some_logits().astype(np.float32)
    other = logits + np.float32(2.0**-17) * (np.arange(CLASSES) % 2)
    a, b = exactly(logits, LABELS)["logs"], exactly(other, LABELS)["logs"]
    p, d = np.exp(a), other.astype(np.float64) - logits
    d -= (p * d).sum(axis=1, keepdims=True)
    expected = np.log1p((p * (np.expm1(d) - d)).sum(axis=1))
    result = nl.score(other, LABELS, reference=logits)
    assert result["kl"].mean == pytest.approx(expected.mean(), rel=1e-6) and abs(a - b).max() < 1e-5
    assert nl.score(logits, LABELS, reference=logits)["kl"].mean == 0.0


def numbers_of(result: TokenScores) -> str:
    """All of the bits."""
    return repr((result.scores, result.differences, result.perplexities, result.ratios))


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Any]:
    arrays = {
        "a": stored(some_logits(), "bfloat16").view(np.uint16), "b": some_logits(1).astype(np.float16),
        "labels": LABELS.astype(np.uint16), "documents": DOCUMENTS, "bytes": BYTES.astype(np.uint8),
    }  # fmt: skip
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array)
    paths = {name: str(tmp_path / f"{name}.npy") for name in arrays}
    np.save(paths["a"], arrays["a"].view("V2"))
    models = {"a": f"{paths.pop('a')}::bfloat16", "b": paths.pop("b")}
    return {"logits": models, **paths, "reference": "b", "shift": True, "top_k": 2, "quantiles": (0.5,), "worst": 2}


def test_whoever_computes_the_bits_are_the_same(files: dict[str, Any], tmp_path: Path) -> None:
    whole = nl.score(**files, tokens_to=tmp_path / "whole")
    bits = [(tmp_path / "whole" / f"{name}.npy").read_bytes() for name in "ab"]
    with nl.num_threads(2):
        assert numbers_of(nl.score(**files, chunk=1, tokens_to=tmp_path / "other")) == numbers_of(whole)
    assert bits == [(tmp_path / "other" / f"{name}.npy").read_bytes() for name in "ab"]
    memory = {"logits": {"a": stored(some_logits(), "bfloat16"), "b": some_logits(1).astype(np.float16)}}
    arrays = {"labels": LABELS, "documents": DOCUMENTS, "bytes": BYTES}
    held = nl.score(**{**files, **memory, **arrays})
    assert [(score.label, score.mean, score.interval) for score in held.scores] == [
        (score.label, score.mean, score.interval) for score in whole.scores
    ]
    record = np.load(tmp_path / "whole" / "a.npy")
    assert record.dtype.names[:4] == ("label", "log_probability", "rank", "entropy") and len(record) == ROWS
    assert math.exp(-np.nanmean(record["log_probability"])) == pytest.approx(whole.perplexity("a"))
    assert (record["label"] < 0).sum() == 4 and (record["rank"][record["label"] < 0] == 0).all()


@pytest.mark.more
def test_processes_give_the_same_bits(files: dict[str, Any]) -> None:
    found = [nl.score(**files, interval=None)]
    with ProcessPoolExecutor(2, get_context("spawn")) as executor:
        found.append(nl.score(**files, interval=None, executor=executor))
    assert numbers_of(found[0]) == numbers_of(found[1])


class Stop(Exception):
    """Ends an evaluation."""


def test_what_was_stopped_goes_on(files: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("numloss.evaluation.journal.EVERY", 0.0)

    def stop(done: int, rows: int, read: int) -> None:
        if done > ROWS / 2:
            raise Stop

    asked = {**files, "chunk": 1, "resume": tmp_path / "state", "tokens_to": tmp_path / "tokens"}
    with pytest.raises(Stop):
        nl.score(**asked, progress=stop)
    seen: list[int] = []
    again = nl.score(**asked, progress=lambda done, *rest: seen.append(done))
    assert min(seen) > ROWS / 2 and numbers_of(again) == numbers_of(nl.score(**files))
    nl.score(**files, tokens_to=tmp_path / "whole")
    assert all((tmp_path / each / "a.npy").exists() for each in ("tokens", "whole"))
    assert (tmp_path / "tokens" / "a.npy").read_bytes() == (tmp_path / "whole" / "a.npy").read_bytes()


# hidden states ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "head_dtype"), [("float32", "float16"), ("bfloat16", "bfloat16"), ("float64", "float32")]
)
def test_logits_of_hidden_states(dtype: str, head_dtype: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    hidden, head = stored(rng.normal(size=(ROWS, 24)), dtype), stored(rng.normal(size=(CLASSES, 24)), head_dtype)
    bias = rng.normal(size=CLASSES).astype(np.float32)
    logits = widened(hidden).astype(np.float64) @ widened(head).astype(np.float64).T + bias
    expected = exactly(logits, LABELS)
    result = nl.score(hidden=hidden, head=head, bias=bias, labels=LABELS)
    assert result.perplexity() == pytest.approx(math.exp(expected["nll"].mean()), rel=1e-6)
    if dtype == "float32":
        np.save(tmp_path / "h.npy", hidden)
        np.save(tmp_path / "w.npy", head.astype(">f2"))
        paths = {"hidden": tmp_path / "h.npy", "head": tmp_path / "w.npy", "bias": bias}
        assert numbers_of(nl.score(labels=LABELS, chunk=1, **paths)) == numbers_of(result)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_head_is_held_as_it_is_stored(dtype: str) -> None:
    hidden, head = (source_of(stored(np.ones((rows, 3)), dtype), "", 0) for rows in (4, 5))
    reader = HeadSource(hidden, head, None, None).reader(4)
    assert reader.layer.dtype == head.dtype
    assert (reader.read(1, 4) == np.full((3, 5), 3.0)).all()


# what does not fit --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "kind", "message"),
    [
        ({"labels": None}, ValueError, "labels say"),
        ({"logits": None}, ValueError, "either logits are given, or hidden with head"),
        ({"logits": None, "hidden": np.ones((ROWS, 3))}, ValueError, "no head"),
        ({"head": np.ones((3, 3))}, ValueError, "head belongs to hidden"),
        ({"labels": LABELS[1:]}, FormatError, "has 90 rows, but labels has 89"),
        ({"labels": LABELS + 0.5}, TypeError, "labels are integers"),
        ({"labels": LABELS[:, None]}, ValueError, "labels are one a token"),
        ({"logits": LABELS}, ValueError, r"logits are \(tokens, classes\)"),
        ({"logits": LABELS[:, None]}, TypeError, "logits are floating"),
        ({"reference": np.ones((ROWS, 3))}, FormatError, "700 classes, but reference has 3"),
        ({"bytes": BYTES - 5.0}, ValueError, r"bytes: bytes\[0\] is -"),
        ({"top_k": 0}, ValueError, "top_k must be a number from 1 to 256, got 0"),
        ({"logits": None, "hidden": np.ones((ROWS, 3)), "head": np.ones((CLASSES, 4))}, ValueError, "3 numbers for"),
        ({"interval": 2.0}, ValueError, "interval must be a level"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(changed: dict[str, Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        nl.score(**{"logits": some_logits(), "labels": LABELS, **changed})


def test_a_bad_label_is_told_with_its_file(tmp_path: Path) -> None:
    labels = LABELS.copy()
    labels[77] = CLASSES
    np.save(tmp_path / "y.npy", labels)
    with pytest.raises(IndexError, match=r"y\.npy: labels\[77\] is 700; labels are from 0 to 699, or -100 for none"):
        nl.score(some_logits(), tmp_path / "y.npy")


# the command --------------------------------------------------------------------------------------------------------


def test_the_command(files: dict[str, Any], tmp_path: Path) -> None:
    models = [part for name, path in files["logits"].items() for part in ("--logits", f"{name}={path}")]
    rest = [part for name in ("labels", "documents", "bytes") for part in (f"--{name}", files[name])]
    page = tmp_path / "page.html"
    found: Any = figures(
        "score", *models, *rest, "--reference", "b", "--shift", "--top-k", 2, "--quantile", 0.5, "--worst", 2,
        "--tokens-to", tmp_path / "out", "--report", page,
    )  # fmt: skip
    expected = nl.score(**files)
    assert found["perplexities"][0]["value"] == expected.perplexity("a")
    assert [score["mean"] for score in found["scores"]] == [score.mean for score in expected.scores]
    assert "ratios of perplexities" in page.read_text() and (tmp_path / "out" / "b.npy").exists()
    assert "no head" in sentence("score", "--hidden", files["logits"]["b"], "--labels", files["labels"])




def test_forms_of_the_table(files: dict[str, Any]) -> None:
    result = nl.score(**files)
    columns = result.columns()
    assert repr(result) == f"<TokenScores of 90 tokens: a {result.perplexity('a'):.6g}, b {result.perplexity('b'):.6g}>"
    assert columns["kind"][:3] == ["perplexity", "perplexity", "ratio"] and columns["name"][2] == "a / b"
    assert columns["low"][2] < columns["value"][2] < columns["high"][2]
