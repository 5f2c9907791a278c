"""What tests of several ranks run: `mpiexec -n 2 python tests/ranks.py TASK FOLDER`, or a task in one process."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from crash_test import data

import numloss as nl
from numloss.cluster import ALONE, Cluster, joined, memory, watch
from numloss.train import Callback, Run, Settings, Trainer, fit

# Rows of each of the files of which ranks have their own.
FILES = (90, 31, 80, 100, 99)
# 320 rows in batches of 48: the last has 32, which three ranks do not share evenly
PLAIN = Settings(
    batch_size=48, epochs=2, optimiser="sgd", momentum=0.9, rate=0.02, l2=1e-4, clip=2.0, dropout=0.2,
    test_fraction=0.0, validation_fraction=0.2, hidden=(16,), channels=(4,), standardise=False, seed=3,
)  # fmt: skip
CASES = {
    "fast": PLAIN,
    "ordered": replace(PLAIN, model="cnn", reduce="ordered", shards=4, shift=1, flip=True),
    "together": replace(PLAIN, model="cnn", sync_batchnorm=True),
    "overlapped": replace(PLAIN, hidden=(300, 300, 20), overlap=True),
    "diverging": replace(PLAIN, momentum=None, clip=0.0, l2=0.0, rate=1e30),
}
OWN = replace(PLAIN, standardise=True, test_fraction=0.1)
CASES |= {"own": OWN, "own, ordered": replace(OWN, model="cnn", reduce="ordered", shards=4, shift=1)}


class At(Callback):
    """Does something after a step."""

    def __init__(self, step: int, what: Any) -> None:
        self.step, self.what = step, what

    def stepped(self, trainer: Trainer, loss: float) -> None:
        if trainer.history.steps == self.step:
            self.what(trainer)


def trained(
    name: str, cluster: Cluster = ALONE, *callbacks: Callback, files: Path | None = None, **options: Any
) -> Run:
    """A run of a case, on data that all ranks have; those with files of their own take them from a folder."""
    if not name.startswith("own"):
        return fit(nl.cross_entropy, CASES[name], callbacks, data=data(), cluster=cluster, **options)
    settings = replace(CASES[name], data=f"npz:{files}/part-*.npz")
    return fit(nl.cross_entropy, settings, callbacks, cluster=cluster, **options)


def write_files(folder: Path) -> None:
    """The data in files of different lengths."""
    whole, edges = data(), np.cumsum([0, *FILES])
    for number, (low, high) in enumerate(pairwise(edges)):
        rows = whole.take(np.arange(low, high))
        np.savez(folder / f"part-{number}.npz", X=rows.features, y=rows.target, weight=rows.weight)


def weights(run: Run) -> np.ndarray:
    """Everything that a run has learnt, and its figures, as one array."""
    figures = [[epoch.train_loss, epoch.validation_loss] for epoch in run.history.epochs]
    learnt = [run.network.parameters.values, run.network.statistics]
    return np.concatenate([*learnt, np.ravel(figures), [*run.test.values()]])


def compare(cluster: Cluster, folder: Path) -> None:
    """The weights of each case, as rank 0 and as the last rank has them; and how runs end that all ranks end."""
    add_up(cluster, folder / "memory")
    found: dict[str, np.ndarray] = {}
    for name in CASES:
        run = trained(name, cluster, files=folder)
        found[name], found[f"{name} elsewhere"] = (cluster.gather(weights(run))[k] for k in (0, -1))
        assert len(set(cluster.gather(run.history.stopped))) == 1
        found[f"{name} stopped"] = np.array(run.history.stopped)
    asks = At(3, lambda trainer: trainer.stop("asked") if cluster.rank == cluster.size - 1 else None)
    stopped = trained("fast", cluster, asks)
    found["asked"] = np.array(cluster.gather((stopped.history.steps, stopped.history.stopped)))
    if cluster.is_root:
        np.savez(folder / "found.npz", **found)


def add_up(cluster: Cluster, folder: Path) -> None:
    """Sums of arrays in memory that ranks share, where there is such memory and where there is none."""
    for place in (memory.FOLDER, str(folder), "/nowhere"):
        memory.FOLDER = place
        for size in (1, 5, 3000):
            array = cluster.zeros(size, np.float32)
            for _ in range(3):
                array[:] = np.arange(size) + cluster.rank
                cluster.all_reduce(array)
                assert (array == cluster.size * (np.arange(size) + (cluster.size - 1) / 2)).all()
        assert (len(cluster._shared) == 1) == (place != "/nowhere")
    memory.FOLDER = str(folder) if cluster.rank else "/nowhere"  # as on two machines
    assert cluster.zeros(3, np.float32).tolist() == [0.0] * 3 and not cluster._shared
    assert not list(folder.iterdir())


def fail(cluster: Cluster, folder: Path) -> None:
    def raises(trainer: Trainer) -> None:
        if cluster.rank == 1:
            (folder / "raised").write_text(str(time.time()))
            raise ArithmeticError("on purpose")

    trained("fast", cluster, At(2, raises))


def die(cluster: Cluster, folder: Path) -> None:
    def dies(trainer: Trainer) -> None:
        if cluster.rank == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    trained("own, ordered", cluster, At(9, dies), files=folder, folder=folder, every=4)


def resume(cluster: Cluster, folder: Path) -> None:
    run = trained("own, ordered", cluster, files=folder, folder=folder, resume=True)
    if cluster.is_root:
        np.save(folder / "weights.npy", weights(run))


# How the last rank keeps the others waiting, and what they say of it.
WAITS: dict[str, tuple[Any, str]] = {
    "stops": (lambda cluster: os.kill(os.getpid(), signal.SIGSTOP), "is stopped, and rank 0 waits for it in a sum"),
    "leaves": (lambda cluster: sys.exit(), "has come to its end, and rank 0 waits for it in a sum"),
    "differs": (lambda cluster: cluster.gather(0), "waits in an exchange, and rank 0 waits for it in a sum"),
    "sleeps": (lambda cluster: time.sleep(1e6), "has waited 6 s for the others in a sum; NUMLOSS_CLUSTER_TIMEOUT"),
}


def wait(cluster: Cluster, folder: Path) -> None:
    """The last rank keeps the others waiting in a step, in the way that a file names."""
    how, _ = WAITS[(folder / "how").read_text()]
    watch.STOPPED = 2.0
    trained("fast", cluster, At(2, lambda trainer: how(cluster) if cluster.rank == cluster.size - 1 else None))


def refuse(cluster: Cluster, folder: Path) -> None:
    """Every rank is refused for the same reason."""
    fit(nl.cross_entropy, Settings(data="npz:nowhere.npz"), cluster=cluster)


def compile_once(cluster: Cluster, folder: Path) -> None:
    """How many kernels the ranks compiled for a loss, and how many different ones."""
    from numloss.backends.numba_cpu.cache import KernelCache

    saved, plain = [], KernelCache.save_overload

    def save(self: KernelCache, *arguments: Any) -> None:
        saved.append((self.name, self.fingerprint))
        plain(self, *arguments)

    KernelCache.save_overload = save
    nl.value_and_grad(nl.huber)(np.ones(3), np.zeros(3), backend="numba")
    compiled = [kernel for kernels in cluster.gather(saved) for kernel in kernels]
    if cluster.is_root:
        print(len(compiled), len(set(compiled)))


if __name__ == "__main__":
    with joined() as members:
        globals()[sys.argv[1]](members, Path(sys.argv[2]))
