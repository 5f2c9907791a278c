"""The training loop."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..cluster import ALONE
from ..data import Augmentation, Dataset
from ..data.dataset import Array
from .batches import Batches
from .best import Best
from .order import Cut, Order
from .pace import Pace
from .scores import ALL, EVERY_EPOCH, scores
from .sharing import Sharing, predict
from .step import Step

# Rows named in the message about a loss that is not finite.
NAMED_ROWS = 8


@dataclass(frozen=True)
class Epoch:
    """What one epoch brought; figures of the validation part are missing where there is none."""

    number: int
    steps: int
    train_loss: float
    validation_loss: float | None
    metrics: dict[str, float]
    seconds: float


@dataclass
class History:
    """Where a run stands: its epochs, and how far the next one has come.

    `steps` in all, `at` rows of this epoch, whose losses add up to `total` over a weight of `weight`. `stopped` says
    why training ended before its last epoch, `failed` if that was no choice.
    """

    epochs: list[Epoch] = field(default_factory=list)
    steps: int = 0
    at: int = 0
    total: float = 0.0
    weight: float = 0.0
    stopped: str = ""
    failed: bool = False


class Callback:
    """What hears of a run as it goes; each method may be left out."""

    def stepped(self, trainer: Trainer, loss: float) -> None:
        """A step was taken."""

    def epoch_done(self, trainer: Trainer, epoch: Epoch) -> None:
        """An epoch ended and was measured."""

    def finished(self, trainer: Trainer) -> None:
        """Training ended, for whatever reason; the weights are those of the last step."""


class Trainer:
    """Takes steps over the training part, epoch by epoch, and measures the validation part after each.

    Parameters
    ----------
    step : Step
    train_part, validation_part : Dataset
        With features as the network takes them; no validation part for None.
    seed : int
        Of the order of rows and of augmentation, which are functions of it and of the epoch and the step.
    augmentation : Augmentation
    monitor, patience : str, int
        What chooses the best epoch, and how many epochs without a better one end training; 0 for never.
    sharing : Sharing
        How the ranks of a cluster share the steps; None to take them alone.
    order : Order
        Of the rows of the training part; None for one that all ranks know.
    """

    def __init__(
        self, step: Step, train_part: Dataset, validation_part: Dataset | None = None, *, seed: int = 0,
        augmentation: Augmentation | None = None, monitor: str = "loss", patience: int = 0,
        sharing: Sharing | None = None, order: Order | None = None,
    ) -> None:  # fmt: skip
        self.step, self.network, self.seed = step, step.network, seed
        self.sharing, self.cluster = sharing, sharing.cluster if sharing else ALONE
        rows = self.network.rows
        self.order = order or Order(len(train_part), rows, seed, sharing.shards if sharing else 1)
        if sharing:
            sharing.check(self.order)
        self.train_part, self.validation_part = train_part, validation_part
        target = step.objective.targets(train_part)
        self.batch = Batches(train_part, target, rows, self.network.dtype, augmentation, seed)
        self.validation_target = None if validation_part is None else step.objective.targets(validation_part)
        known = ("loss", *ALL[train_part.is_labelled])
        if monitor not in known:
            raise ValueError(f"{monitor} cannot be monitored on {train_part.name}; there are {', '.join(known)}")
        if validation_part is None and (patience or monitor != "loss"):
            asked = f"patience {patience}" if patience else f"monitor {monitor}"
            raise ValueError(f"{asked} needs rows to measure; there is no validation part: validation_fraction is 0")
        self.best = Best(self.network, monitor, patience)
        self.history, self.pace = History(), Pace()
        self.asked = self._wish = ""

    def stop(self, reason: str) -> None:
        """End training after the step that is being taken; with several ranks, on all of them, one step later."""
        self._wish = reason

    def _agree(self) -> None:
        """Take up what was asked for, on all ranks after the same step."""
        if self.sharing is None:
            self.asked = self._wish
        elif self.sharing.wishes:
            self.asked = next(filter(None, self.cluster.gather(self._wish)), "")

    def _enough(self, steps: int) -> bool:
        return steps > 0 and self.history.steps >= steps

    def run(self, epochs: int, steps: int = 0, callbacks: Sequence[Callback] = ()) -> History:
        """Train until so many epochs, or steps if they are not 0, are done in all; goes on where it stopped.

        Stops before a step whose loss is not finite, so that the weights stay good.
        """
        history = self.history
        # what overflows shows in the loss, which every step checks; NumPy need not warn of it too
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            while len(history.epochs) < epochs and not history.stopped and not self._enough(steps):
                self._epoch(steps, callbacks)
        for callback in callbacks:
            callback.finished(self)
        return history

    def _epoch(self, steps: int, callbacks: Sequence[Callback]) -> None:
        """The rest of an epoch: its steps, then its figures."""
        history, began = self.history, time.perf_counter()
        before = history.epochs[-1].steps if history.epochs else 0
        self.order.begin(len(history.epochs))
        while history.steps - before < self.order.steps and not self._enough(steps):
            loss = self._batch(self.order(history.steps - before))
            if history.stopped:
                return
            for callback in callbacks:
                callback.stepped(self, loss)
            self._agree()
            if self.asked:
                history.stopped = self.asked
                return
        epoch = self._measured(time.perf_counter() - began)
        for callback in callbacks:
            callback.epoch_done(self, epoch)

    def _batch(self, cut: Cut) -> float:
        history = self.history
        kept = self.network.statistics.copy()
        loss = self._loss(cut)
        if not math.isfinite(loss):
            history.stopped, history.failed = self._blamed(cut, loss), True
            np.copyto(self.network.statistics, kept)
            return loss
        counts = self._weight_of(cut)
        history.total += loss * counts
        history.weight += counts
        history.at += len(cut)
        history.steps += 1
        return loss

    def _weight_of(self, cut: Cut) -> float:
        """What a batch weighs in the loss of its epoch."""
        weight = self.train_part.weight
        if weight is None:
            return float(len(cut))
        if self.order.own and self.sharing is not None:
            return self.sharing.counted
        return float(weight[cut.rows].sum(dtype=np.float64))

    def _loss(self, cut: Cut) -> float:
        """Take the step of a batch; returns its loss."""
        if self.sharing is not None:
            with self.pace:
                return self.sharing(self.batch, cut, self.history.steps, bool(self._wish))
        taken = self.batch(cut.rows, self.history.steps)
        with self.pace:
            return self.step(*taken, self.history.steps)

    def _blamed(self, cut: Cut, value: float) -> str:
        """The sentence of the first rank whose part of a batch has a loss that is not finite."""
        if self.sharing is None:
            return self._blame(cut.rows, 0, value)
        rows, first = self.sharing.mine(cut)
        self.network.part.add_up = None  # the ranks are not looked at together any more
        bad = not math.isfinite(self.sharing.local)
        said = self.cluster.gather(self._blame(rows, first, value) if bad else "")
        return next(filter(None, said), f"the loss is {value} at step {self.history.steps}: the sum over the ranks")

    def _blame(self, rows: Array, first: int, value: float) -> str:
        """The sentence about a loss that is not finite: the step, rows of the training part, and the first layer."""
        step, self.network.part.first = self.history.steps, first
        x, target, _ = self.batch(rows, step, first)
        layer = "the input" if not np.isfinite(x).all() else ""
        traced = ((name, np.isfinite(output).all()) for name, output in self.network.trace(x, step))
        layer = layer or next((f"layer {name}" for name, good in traced if not good), "the loss itself")
        output = self.network.forward(x, step)
        one_by_one: dict[str, Any] = {"reduction": "none", "top": None, "above": None}
        values = np.asarray(self.step.objective.function(output, target, **one_by_one))
        bad = rows[~np.isfinite(values.reshape(len(rows), -1)).all(axis=1)] if len(values) == len(rows) else rows[:0]
        named = ", ".join(str(row) for row in bad[:NAMED_ROWS]) + (", ..." if len(bad) > NAMED_ROWS else "")
        whose = f" of rank {self.cluster.rank}" if self.order.own else ""
        where = f"rows {named} of the training part{whose}" if len(bad) else "the sum over the batch"
        # no rate has had a say in the first step, nor in what the network is fed
        cure = "try a lower learning rate" if step and layer != "the input" else "look at these rows and their targets"
        return f"the loss is {value} at step {step}: {where}; first in {layer}; {cure}"

    def _measured(self, seconds: float) -> Epoch:
        """Close the epoch; ends training if it is time."""
        history = self.history
        mean = history.total / history.weight if history.weight else 0.0
        loss, metrics = self.evaluate() if self.validation_part is not None else (None, {})
        if self.cluster.size > 1:
            loss, metrics = self._same((loss, metrics))
        epoch = Epoch(len(history.epochs), history.steps, mean, loss, metrics, seconds)
        history.epochs.append(epoch)
        history.at, history.total, history.weight = 0, 0.0, 0.0
        if loss is not None:
            value = loss if self.best.monitor == "loss" else metrics[self.best.monitor]
            if self.best.offer(epoch.number, value):
                history.stopped = f"no better {self.best.monitor} in {self.best.patience} epochs"
        return epoch

    def _same(self, figures: tuple[float | None, dict[str, float]]) -> tuple[float | None, dict[str, float]]:
        """The figures of rank 0, by which all go on; raises if the ranks do not hold the same weights."""
        digest = hashlib.sha256(self.network.parameters.values.data).digest()
        told = self.cluster.gather((digest, figures))
        other = [rank for rank, (theirs, _) in enumerate(told) if theirs != told[0][0]]
        if other:
            raise RuntimeError(f"after epoch {len(self.history.epochs)} the weights of ranks {other} are not rank 0's")
        return told[0][1]  # type: ignore[no-any-return]

    def evaluate(self) -> tuple[float, dict[str, float]]:
        """Loss and metrics of the validation part."""
        data, monitor = self.validation_part, self.best.monitor
        assert data is not None
        options = {} if data.weight is None else {"weight": data.weight}
        with self.pace.chosen():
            output = predict(self.network, data, self.cluster)
            loss = float(self.step.objective.function(output, self.validation_target, **options))
        names = EVERY_EPOCH[data.is_labelled]
        if not np.isfinite(output).all():
            return loss, dict.fromkeys({*names, monitor} - {"loss"}, math.nan)
        return loss, scores(output, data, [*names, *({monitor} - {"loss", *names})])
