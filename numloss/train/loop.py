"""The training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..data import Dataset, permutation
from ..data.dataset import Array
from ..nn import Network
from .objective import Objective
from .optimisers import Adam

# Rows named in the message about a loss that is not finite.
NAMED_ROWS = 8


@dataclass(frozen=True)
class Epoch:
    """What one epoch brought; accuracy is None where there are no classes."""

    number: int
    train_loss: float
    test_loss: float
    test_accuracy: float | None
    seconds: float


@dataclass
class History:
    """All epochs; `stopped` says why training ended early, if it did."""

    epochs: list[Epoch] = field(default_factory=list)
    steps: int = 0
    stopped: str = ""


class Trainer:
    """Everything a step needs, allocated once: batches, slopes, the optimiser's memory."""

    def __init__(self, network: Network, goal: Objective, data: tuple[Dataset, Dataset], rate: float) -> None:
        self.network, self.goal = network, goal
        self.train_part, self.test_part = data
        (outputs,) = network.outputs
        self.train_target = goal.targets(self.train_part, outputs)
        self.test_target = goal.targets(self.test_part, outputs)
        self.rate, self.optimiser = rate, Adam(network.parameters.values.size)
        rows = network.rows
        self._x = np.empty((rows, self.train_part.features.shape[1]), np.float32)
        self._target = np.empty((rows, *self.train_target.shape[1:]), self.train_target.dtype)
        self._slope = np.empty((rows, outputs), np.float32)

    def run(self, epochs: int, seed: int, on_epoch: Callable[[Epoch], object] | None = None) -> History:
        """Train; stops before the step whose loss is not finite, so that the weights stay good."""
        history = History()
        for number in range(epochs):
            began = time.perf_counter()
            # what overflows shows in the loss, which every step checks; NumPy need not warn of it too
            with np.errstate(over="ignore", invalid="ignore"):
                total = self._epoch(permutation(len(self.train_part), seed, number), history)
                if history.stopped:
                    break
                test_loss, accuracy = self.test()
            seconds = time.perf_counter() - began
            epoch = Epoch(number, total / len(self.train_part), test_loss, accuracy, seconds)
            history.epochs.append(epoch)
            if on_epoch is not None:
                on_epoch(epoch)
        return history

    def _epoch(self, order: Array, history: History) -> float:
        """One pass over the training part; returns the sum of the losses of its rows."""
        total = 0.0
        evaluate = self.goal.value_and_grad
        for at in range(0, len(order), self.network.rows):
            rows = order[at : at + self.network.rows]
            # clip, as these rows are in range: the mode that raises would gather into a copy first
            x = np.take(self.train_part.features, rows, axis=0, out=self._x[: len(rows)], mode="clip")
            target = np.take(self.train_target, rows, axis=0, out=self._target[: len(rows)], mode="clip")
            output = self.network.forward(x, history.steps)
            value, slope = evaluate(output, target, out=self._slope[: len(rows)])
            if not math.isfinite(value):
                history.stopped = self._blame(output, target, rows, value, history.steps)
                return total
            self.network.backward(slope)
            parameters = self.network.parameters
            self.optimiser.step(parameters.values, parameters.gradients, self.rate)
            history.steps += 1
            total += value * len(rows)
        return total

    def _blame(self, output: Array, target: Array, rows: Array, value: float, step: int) -> str:
        """The sentence about a loss that is not finite: the step, and the rows of the training part."""
        values = np.asarray(self.goal.function(output, target, reduction="none"))
        bad = rows[~np.isfinite(values.reshape(len(rows), -1)).all(axis=1)]
        named = ", ".join(str(row) for row in bad[:NAMED_ROWS]) + (", ..." if len(bad) > NAMED_ROWS else "")
        where = f"rows {named} of the training part" if len(bad) else "the sum over the batch"
        return f"the loss is {value} at step {step}: {where}; try a lower learning rate"

    def test(self) -> tuple[float, float | None]:
        """Loss and accuracy on the test part."""
        output = self.network.predict(self.test_part.features)
        loss: Any = self.goal.function(output, self.test_target)
        if not self.test_part.is_labelled:
            return float(loss), None
        return float(loss), float(np.mean(output.argmax(axis=1) == self.test_part.target))
