"""The examples of training run, and show what they say they show."""

import contextlib
import doctest
import importlib
import io
import re
import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def shown(name: str, folder: Path) -> str:
    """What an example prints."""
    said = io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(said):
        runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    return said.getvalue()


DOCUMENTED = ["train.run", "data.dataset", "adapters.sklearn.estimators", "adapters.sklearn.scoring"]


@pytest.mark.parametrize("name", DOCUMENTED)
def test_examples_in_docstrings(name: str) -> None:
    found = doctest.testmod(importlib.import_module(f"numloss.{name}"))
    assert found.attempted and not found.failed


def percents(text: str) -> list[float]:
    return [float(figure) for figure in re.findall(r"([\d.]+)%", text)]


def test_adversarial_training_helps_under_attack(tmp_path: Path) -> None:
    clean, attacked, robust_clean, robust_attacked = percents(shown("adversarial", tmp_path))
    assert min(clean, robust_clean) > 93
    assert robust_attacked > attacked + 5


def test_an_autoencoder_beats_principal_components(tmp_path: Path) -> None:
    network, linear, mean = map(float, re.findall(r": (0\.\d+)", shown("autoencoder", tmp_path)))
    assert network < linear < mean


@pytest.mark.more
def test_a_model_of_characters_is_scored_from_its_logits(tmp_path: Path) -> None:
    found = re.findall(r"perplexity ([\d.]+), by NumPy in float64 ([\d.]+)", shown("characters", tmp_path))
    (short, exact), (longer, other) = [tuple(map(float, each)) for each in found]
    assert short == pytest.approx(exact, rel=1e-6) and longer == pytest.approx(other, rel=1e-6)
    assert 2.0 < longer < short < 14.0


@pytest.mark.more
def test_a_mean_of_networks_is_better_than_they_are(tmp_path: Path) -> None:
    losses = [float(figure) for figure in re.findall(r"cross-entropy ([\d.]+)", shown("averaging", tmp_path))]
    assert len(losses) == 6 and losses[-1] < sum(losses[:-1]) / 5


def test_probabilities_train_as_logits_do(tmp_path: Path) -> None:
    text = shown("probabilities", tmp_path)
    assert min(percents(text)) > 93 and "last layer Softmax" in text and "last layer Linear" in text


def test_a_mixed_loss_trains(tmp_path: Path) -> None:
    text = shown("mixed_loss", tmp_path)
    assert min(percents(text)) > 93 and "combine(0.7 cross_entropy + 0.3 focal)" in text


def test_a_search_tunes_gamma(tmp_path: Path) -> None:
    assert min(percents(shown("tune_focal", tmp_path))) > 93
