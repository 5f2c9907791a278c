"""A training run from its settings to its files."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..data import Dataset, Standardiser, digits, from_npz, split
from ..extras import optional
from ..files import write_json
from ..nn import Network, mlp
from ..transforms import unwrapped
from ..version import __version__
from .curve import write_curve
from .loop import Epoch, History, Trainer
from .objective import objective
from .weights import write_weights


@dataclass(frozen=True)
class Settings:
    """What a run depends on, beside the loss. The same settings give the same weights on the same CPU type."""

    data: str = "digits"
    model: str = "mlp"
    hidden: tuple[int, ...] = (128, 64)
    epochs: int = 30
    batch_size: int = 64
    rate: float = 2e-3
    test_fraction: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        if self.model != "mlp":
            raise ValueError(f"unknown model {self.model!r}; there is mlp")
        for name, least in (("epochs", 1), ("batch_size", 1), ("seed", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if any(width < 1 for width in self.hidden):
            raise ValueError(f"hidden layers must have at least 1 unit, got {self.hidden}")


@dataclass(frozen=True)
class Run:
    """A trained network, its data as it saw them, and what happened on the way."""

    settings: Settings
    loss: str
    options: dict[str, Any]
    network: Network
    train_part: Dataset
    test_part: Dataset
    scaling: Standardiser
    history: History = field(default_factory=History)

    def summary(self) -> dict[str, Any]:
        """Everything about the run that JSON holds."""
        return {
            "numloss": __version__,
            "loss": self.loss,
            "options": self.options,
            "settings": asdict(self.settings),
            "rows": {"train": len(self.train_part), "test": len(self.test_part)},
            "steps": self.history.steps,
            "stopped": self.history.stopped,
            "epochs": [asdict(epoch) for epoch in self.history.epochs],
        }


def load_data(name: str) -> Dataset:
    """The digits, or an .npz archive."""
    if name == "digits":
        return digits()
    if name.endswith(".npz"):
        return from_npz(name)
    raise ValueError(f"unknown data {name!r}; it is digits or the path of an .npz archive")


def fit(function: Callable[..., Any], settings: Settings, on_epoch: Callable[[Epoch], object] | None = None) -> Run:
    """Train a network with a loss, or a functools.partial of one."""
    data = load_data(settings.data)
    goal = objective(function, data)
    train_part, test_part = split(data, settings.test_fraction, settings.seed)
    scaling = Standardiser.of(train_part.features)
    train_part, test_part = (
        Dataset(part.name, scaling(part.features), part.target) for part in (train_part, test_part)
    )
    network = mlp(data.features.shape[1], settings.hidden, data.outputs, rows=settings.batch_size, seed=settings.seed)
    trainer = Trainer(network, goal, (train_part, test_part), settings.rate)
    limits = optional("threadpoolctl", "train", "the trainer").threadpool_limits
    # one BLAS thread: matrices of a batch are too small for two, and the order of its sums depends on their number
    with limits(limits=1, user_api="blas"):
        history = trainer.run(settings.epochs, settings.seed, on_epoch)
    _, _, options = unwrapped(function)
    return Run(settings, goal.loss.name, options, network, train_part, test_part, scaling, history)


def write(run: Run, folder: str | os.PathLike[str]) -> dict[str, Path]:
    """Write weights, loss curve and summary into a folder; returns the path of each."""
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    paths = {"weights": out / "weights.safetensors", "curve": out / "loss.png", "summary": out / "run.json"}
    write_weights(paths["weights"], run.network, run.scaling, run.summary())
    write_curve(paths["curve"], run.history, f"{run.loss} on {run.settings.data}")
    write_json(paths["summary"], run.summary())
    return paths


def check_extras() -> None:
    """Raise for a package that `write` would miss, before hours of training are spent."""
    optional("safetensors.numpy", "train", "writing weights")
    optional("matplotlib.figure", "plot", "drawing the loss curve")
