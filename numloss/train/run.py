"""A training run from its settings to its files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..cluster import ALONE, Cluster, check_alike
from ..common.extras import optional
from ..common.files import finite, write_json
from ..common.telling import tell
from ..data import Augmentation, Dataset
from ..data.dataset import Array
from ..losses.regularization.l1 import l1
from ..losses.regularization.l2 import l2
from ..nn import Network
from ..transforms.combine_losses import Combined
from ..transforms.derivatives import unwrapped
from ..version import __version__
from .checkpoint import Checkpoints, share
from .loop import Callback, History, Trainer
from .model import Model, network_of
from .objective import Head, Objective, objective
from .order import Order, ShardOrder
from .parts import Parts, in_shards, parts_of
from .record import write_confusion, write_csv, write_curves, write_jsonl
from .scores import ALL, confusion, scores
from .settings import Settings
from .shards import logical_shards
from .sharing import Sharing, predict, stretch
from .step import Step
from .weights import write_weights


@dataclass(frozen=True)
class Run:
    """A trained network, its data as it saw them, and what happened on the way.

    The network has the weights of the best epoch where a validation part told which that was. `test` holds loss and
    metrics on the test part, `confusion` the matrix of its classes.
    """

    settings: Settings
    loss: str
    options: dict[str, Any]
    head: Head
    network: Network
    parts: Parts
    history: History
    best_epoch: int
    test: dict[str, float]
    confusion: Array | None = None

    @property
    def model(self) -> Model:
        """The network as it is saved: with the scaling of its features."""
        return Model(self.network, self.parts.scaling, self.summary())

    def summary(self) -> dict[str, Any]:
        """Everything about the run that JSON holds."""
        said: dict[str, Any] = finite({
            "numloss": __version__,
            "loss": self.loss,
            "options": self.options,
            "settings": asdict(self.settings),
            "network": {"inputs": self.network.inputs, "outputs": self.network.outputs, "head": self.head,
                        "labelled": self.parts.train.is_labelled},
            "rows": self.parts.rows,
            "steps": self.history.steps,
            "stopped": self.history.stopped,
            "best_epoch": self.best_epoch,
            "test": self.test,
            "confusion": None if self.confusion is None else self.confusion.tolist(),
            "epochs": [asdict(epoch) for epoch in self.history.epochs],
            **blas(),
        })  # fmt: skip
        return said


def fit(
    function: Callable[..., Any], settings: Settings, callbacks: Sequence[Callback] = (), *,
    data: Dataset | Sequence[Dataset] | None = None, folder: str | os.PathLike[str] | None = None,
    resume: bool = False, every: int = 0, say: Callable[[str], object] = tell, cluster: Cluster = ALONE,
) -> Run:  # fmt: skip
    """Train a network with a loss.

    Parameters
    ----------
    function : loss, or functools.partial or combine of losses
        See ``numloss.train.objective`` for what fits.
    settings : Settings
    callbacks : sequence of Callback
        They hear of steps and epochs, and may ask the trainer to stop.
    data : Dataset or sequence of Dataset, optional
        Instead of the one that `settings.data` names. A sequence has the shards of this process alone, in place of
        its files of a pattern.
    folder : path, optional
        Where checkpoints go: two generations, one an epoch or one `every` so many steps. None for no checkpoints.
    resume : bool
        Go on from the newest good checkpoint of the folder, if there is one, to the same weights to the last bit
        as without an interruption. Otherwise checkpoints of an earlier run are removed after the first step.
    say : callable
        Told about checkpoints that cannot be written or read.
    cluster : Cluster
        The processes that share the steps, as ``numloss.cluster.joined`` gives them; all call this function alike.
        Each reads the data, or its shards; rank 0 alone reads and writes checkpoints.

    Returns
    -------
    Run

    Raises
    ------
    ValueError
        If the loss does not fit the data, the checkpoint was made with other settings or data, or processes have other
        settings or data than the first.
    FormatError
        If a file of the data is not what it should be.

    Examples
    --------
    >>> import numloss as nl
    >>> run = fit(nl.cross_entropy, Settings(epochs=2))
    >>> len(run.history.epochs), run.test["accuracy"] > 0.8
    (2, True)
    """
    options, loss = options_of(function), unwrapped(function)[0].name
    wanted = {**asdict(settings), "loss": loss, "options": options, "numloss": __version__}
    # where the data lies may differ from rank to rank, and is compared when it is read
    alike = {name: value for name, value in wanted.items() if name != "data"}
    kept = folder is not None
    check_alike(cluster, "settings", {**alike, "own files": in_shards(settings, data), "checkpoints": kept})
    parts = parts_of(settings, data, cluster, identified=kept)
    goal = objective(function, parts.train)
    head = goal.layers(parts.units)
    network = network_of(settings, parts.train.features.shape[1:], parts.train.outputs, head, cluster=cluster)
    trainer = trainer_of(settings, network, goal, parts, cluster)
    hearing = list(callbacks)
    if folder is not None and cluster.is_root:
        wanted["the digest of the data"] = parts.digest
        if parts.counts:
            wanted["rows of the shards"] = parts.counts
        checkpoints = Checkpoints(folder, wanted, every, say, anew=not resume)
        if resume:
            checkpoints.resume(trainer)
        hearing.insert(0, checkpoints)
    if cluster.size > 1:
        share(trainer, cluster)
    with one_blas_thread(), np.errstate(over="ignore", invalid="ignore"):
        history = trainer.run(settings.epochs, settings.steps, hearing)
        trainer.best.restore()
        measured, counts = tested(network, goal, parts.test, cluster)
    return Run(
        settings, goal.loss.name, options, goal.head, network, parts, history, trainer.best.epoch,
        measured, counts,
    )  # fmt: skip


def options_of(function: Callable[..., Any]) -> dict[str, Any]:
    """The options that a loss was given, as JSON has them; those of the parts of a combination under their names."""
    loss, _, options = unwrapped(function)
    found = {name: value.tolist() if hasattr(value, "tolist") else value for name, value in options.items()}
    if isinstance(loss.law, Combined):
        for _, part, given in loss.law.parts:
            own = options_of(partial(part.function, **given))
            found.update({f"{part.name}.{name}": value for name, value in own.items()})
    return found


def trainer_of(
    settings: Settings, network: Network, goal: Objective, parts: Parts, cluster: Cluster = ALONE
) -> Trainer:
    """The trainer that the settings describe."""
    order, ordered = order_of(settings, parts, cluster), settings.reduce == "ordered"
    total = min(settings.epochs * order.steps, settings.steps or settings.epochs * order.steps)
    step = step_of(settings, network, goal, total)
    sharing = None
    if cluster.size > 1 or ordered:
        sharing = Sharing(
            step, cluster, settings.shards if ordered else 0, settings.sync_batchnorm, settings.overlap
        )
    return Trainer(
        step, parts.train, parts.validation, seed=settings.seed, monitor=settings.monitor, patience=settings.patience,
        augmentation=Augmentation(settings.shift, settings.flip), sharing=sharing, order=order,
    )  # fmt: skip


def order_of(settings: Settings, parts: Parts, cluster: Cluster) -> Order:
    """The order of the rows of the training part, in logical shards."""
    shards = logical_shards(settings, cluster)
    if not parts.counts:
        return Order(len(parts.train), settings.batch_size, settings.seed, shards)
    return ShardOrder(parts.counts, stretch(cluster, shards, cluster.rank), settings.batch_size, settings.seed)


def step_of(settings: Settings, network: Network, goal: Objective, total: int) -> Step:
    """The step that the settings describe, in a run of so many."""
    return Step(
        network, goal, settings.new_optimiser(network.parameters.values.size, network.dtype), rate=settings.rate,
        factor=settings.factor(total), penalties=penalties_of(settings), clip=settings.clip,
    )  # fmt: skip


def penalties_of(settings: Settings) -> list[Callable[..., Any]]:
    """The losses on parameters that the settings ask for."""
    asked = ((l1, settings.l1), (l2, settings.l2))
    return [partial(loss, strength=strength) for loss, strength in asked if strength]


def tested(
    network: Network, goal: Objective, data: Dataset | None, cluster: Cluster
) -> tuple[dict[str, float], Array | None]:
    """Loss and metrics on the test part, and the confusion matrix of its classes."""
    if data is None:
        return {}, None
    output = predict(network, data, cluster)
    options = {} if data.weight is None else {"weight": data.weight}
    found = {"loss": float(goal.function(output, goal.targets(data), **options))}
    if not np.isfinite(output).all():
        return found, None
    found.update(scores(output, data, ALL[data.is_labelled]))
    return found, confusion(output, data) if data.is_labelled else None


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Matrices of a batch are too small for two threads, and the order of BLAS's sums depends on their number."""
    limits = optional("threadpoolctl", "train", "the trainer").threadpool_limits
    with limits(limits=1, user_api="blas"):
        yield


def blas() -> dict[str, Any]:
    """The BLAS that the weights depend on; numloss sets its threads to 1 for the time of a run."""
    pools = optional("threadpoolctl", "train", "the trainer").threadpool_info()
    known = ("internal_api", "version", "architecture")
    return {"blas": [{name: pool.get(name) for name in known} for pool in pools if pool["user_api"] == "blas"]}


def write(run: Run, folder: str | os.PathLike[str]) -> dict[str, Path]:
    """Write weights, history, curves, the confusion matrix and the summary into a folder; returns the path of each."""
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    title = f"{run.loss} on {run.parts.train.name}"
    names = {"weights": "weights.safetensors", "curves": "loss.png", "history": "history.csv",
             "epochs": "history.jsonl", "confusion": "confusion.png", "summary": "run.json"}  # fmt: skip
    paths = {name: out / file for name, file in names.items()}
    write_weights(paths["weights"], run.network, run.parts.scaling, run.summary())
    write_curves(paths["curves"], run.history, title)
    write_csv(paths["history"], run.history)
    write_jsonl(paths["epochs"], run.history)
    if run.confusion is not None:
        write_confusion(paths["confusion"], run.confusion, title)
    else:
        del paths["confusion"]
    write_json(paths["summary"], run.summary())
    return paths


def check_extras() -> None:
    """Raise for a package that `write` would miss, before hours of training are spent."""
    optional("safetensors.numpy", "train", "writing weights")
    optional("matplotlib.figure", "plot", "drawing curves")
    optional("sklearn.metrics", "train", "metrics")
