"""The examples run, and a law of one's own passes the strictest type check."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from numloss import scalar

ROOT = Path(__file__).resolve().parents[1]


def run(*line: str, folder: Path) -> str:
    finished = subprocess.run([sys.executable, *line], cwd=folder, capture_output=True, text=True, timeout=300)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def test_the_demo_trains_evaluates_and_compares(tmp_path: Path) -> None:
    shown = run(str(ROOT / "examples" / "demo.py"), folder=tmp_path)
    assert "OTHER BITS" not in shown
    for word in ("accuracy on 359 digits", "cross_entropy", "numba", "cython", "demo-output/weights.safetensors"):
        assert word in shown
    names = {"confusion.png", "history.csv", "history.jsonl", "labels.npy", "logits.npy", "loss.png", "one_hot.npy",
             "run.json", "weights.safetensors"}  # fmt: skip
    assert {path.name for path in (tmp_path / "demo-output").iterdir()} == names


def test_a_loss_of_ones_own(tmp_path: Path) -> None:
    shown = run(str(ROOT / "examples" / "own_loss.py"), folder=tmp_path)
    assert "mean: 1.13" in shown and "(1000, 4) float32" in shown


def test_a_law_with_annotations_passes_mypy(tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="mypy is not installed; `make types` installs it")
    options = ("--strict", "--follow-imports=silent", "--cache-dir", str(tmp_path))
    assert "no issues found" in run("-m", "mypy", *options, str(ROOT / "examples" / "own_loss.py"), folder=ROOT)


def test_the_types_of_the_vocabulary_are_those_of_its_text() -> None:
    stub = ast.parse(Path(scalar.__file__).with_suffix(".pyi").read_text())
    declared = {node.name: [a.arg for a in node.args.args] for node in stub.body if isinstance(node, ast.FunctionDef)}
    del declared["__getattr__"]
    assert declared == {name: list(inspect.signature(getattr(scalar, name)).parameters) for name in scalar.__all__}


def test_a_shape_that_is_learned_tells_wild_points_from_noise(tmp_path: Path) -> None:
    calm, wild = run(str(ROOT / "examples" / "adaptive_robust.py"), folder=tmp_path).splitlines()
    assert "y = 2.00 x" in calm and "alpha 1.9" in calm
    assert "y = 2.00 x + 1.00" in wild and "alpha 0." in wild
