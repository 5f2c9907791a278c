"""The loss curve as a picture."""

from __future__ import annotations

import os

from ..extras import optional
from ..files import atomic_write
from .loop import History


def write_curve(path: str | os.PathLike[str], history: History, title: str) -> None:
    """Draw the losses of training and test part over the epochs, and the accuracy where there is one."""
    # a Figure of its own: pyplot would choose a window system and keep the figure in the process
    module = optional("matplotlib.figure", "plot", "drawing the loss curve")
    figure = module.Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    numbers = [epoch.number + 1 for epoch in history.epochs]
    axes.plot(numbers, [epoch.train_loss for epoch in history.epochs], label="training loss")
    axes.plot(numbers, [epoch.test_loss for epoch in history.epochs], label="test loss")
    axes.set(xlabel="epoch", ylabel="mean loss", title=title)
    accuracies = [epoch.test_accuracy for epoch in history.epochs if epoch.test_accuracy is not None]
    if accuracies:
        right = axes.twinx()
        right.plot(numbers, accuracies, color="0.6", linestyle="--", label="test accuracy")
        right.set(ylabel="accuracy")
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=120)
