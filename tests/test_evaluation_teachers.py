"""Evaluation of teachers that name some of the classes: their indices are one more source, read with the others."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from seeds import generator

import numloss as nl
from numloss.cli import main

ROWS, CLASSES, NAMED = 700, 50, 4
LOSSES = [nl.kl_logits, partial(nl.skew_kl, rest="drop", temperature=2.0)]
pytestmark = pytest.mark.usefixtures("small_blocks")


def given() -> dict[str, Any]:
    """Logits of a student, and what a teacher says of some classes of each row; one row is filled up."""
    random = generator("named classes of files")
    x, y = random.normal(0.0, 3.0, (2, ROWS, CLASSES)).astype(np.float32)
    indices = np.argsort(-y, axis=1)[:, :NAMED].astype(np.int32)
    logs = np.take_along_axis(y - np.log(np.exp(y).sum(axis=1, keepdims=True)), indices, axis=1)
    indices[300, 1], logs[300, 1] = -1, np.nan
    return {"pred": x, "target": logs, "indices": indices}


def in_memory(loss: Any, arrays: dict[str, Any]) -> Any:
    return loss(arrays["pred"], arrays["target"], indices=arrays["indices"], reduction="none").astype(np.float64)


def test_equals_the_loss_in_memory_and_has_the_same_bits_for_any_chunk(saved: Any, tmp_path: Path) -> None:
    arrays = given()
    asked: dict[str, Any] = {"by": np.arange(ROWS) % 3, "interval": 0.9, "quantiles": (0.5,), "worst": 2, "nan": "omit"}
    found = []
    for chunk in (1, 5000, "1MiB"):
        folders = {"losses_to": tmp_path / f"losses {chunk}", "gradients_to": tmp_path / f"gradients {chunk}"}
        with ThreadPoolExecutor(2) as executor:
            found.append(nl.evaluate(LOSSES, **saved(**arrays), **asked, **folders, chunk=chunk, executor=executor))
    assert len({tuple(score.total.hex() for score in result.scores) for result in found}) == 1
    for score, loss, losses, gradients in zip(
        found[0].scores, LOSSES, found[0].losses_to, found[0].gradients_to, strict=True
    ):
        values = in_memory(loss, arrays)
        assert score.weight == ROWS and score.mean == pytest.approx(values.mean(), rel=1e-6)
        assert [row.row for row in score.worst] == np.argsort(-values, kind="stable")[:2].tolist()
        np.testing.assert_array_equal(np.load(losses), values)
        slopes = nl.grad(loss)(arrays["pred"], arrays["target"], indices=arrays["indices"], reduction="sum")
        np.testing.assert_array_equal(np.load(gradients), slopes)


def test_labels_and_other_losses_beside_them(saved: Any) -> None:
    arrays = given()
    labels, weight = np.arange(ROWS) % CLASSES, np.arange(ROWS, dtype=np.float32)
    labels[5] = -100
    paths = saved(student=arrays["pred"], teacher=arrays["target"], indices=arrays["indices"], target=labels)
    result = nl.evaluate(partial(nl.distillation, alpha=0.25), **paths, weight=weight)
    total, counted = nl.sum_and_weight(nl.distillation)(
        arrays["pred"], arrays["target"], labels, indices=arrays["indices"], alpha=0.25, weight=weight
    )
    assert result.scores[0].total == pytest.approx(total, rel=1e-12) and result.scores[0].weight == counted


def test_models_may_have_teachers_of_their_own() -> None:
    arrays = given()
    fewer = {"target": arrays["target"][:, :1], "indices": arrays["indices"][:, :1]}
    both = {name: {"four": arrays[name], "one": fewer[name]} for name in fewer}
    result = nl.evaluate(nl.kl_logits, {"four": arrays["pred"], "one": arrays["pred"]}, **both)
    for score, each in zip(result.scores, (arrays, {**arrays, **fewer}), strict=True):
        assert score.mean == pytest.approx(in_memory(nl.kl_logits, each).mean(), rel=1e-6)


def test_bad_indices_are_named_with_their_file_and_row(saved: Any) -> None:
    outside, twice = (2, CLASSES, r"indices\[600, 2\] = 50 is outside"), (0, None, r"indices\[600\] names")
    for column, wrong, sentence in (outside, twice):
        arrays = given()
        arrays["indices"][600, column] = arrays["indices"][600, 1] if wrong is None else wrong
        with pytest.raises((IndexError, ValueError), match=rf"indices\.npy: kl_logits: {sentence}.* start of the file"):
            nl.evaluate(nl.kl_logits, **saved(**arrays))
    with pytest.raises(ValueError, match="no loss takes indices"):
        nl.evaluate(nl.mse, arrays["pred"], arrays["pred"], indices=arrays["indices"])
    with pytest.raises(ValueError, match="only options may be fixed, not indices"):
        nl.evaluate(partial(nl.kl_logits, indices=arrays["indices"]), arrays["pred"], arrays["target"])


def test_the_command(saved: Any) -> None:
    arrays = given()
    paths = saved(**arrays)
    options = ["--loss", "kl_logits:rest=zero", "--pred", str(paths["pred"]), "--target", str(paths["target"])]
    options += ["--input", f"indices={paths['indices']}", "--json"]
    found = CliRunner().invoke(main, ["evaluate", *options])
    assert found.exit_code == 0, found.output
    expected = in_memory(partial(nl.kl_logits, rest="zero"), arrays).mean()
    assert json.loads(found.stdout)["scores"][0]["mean"] == pytest.approx(expected, rel=1e-6)
