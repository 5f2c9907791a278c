"""What a step costs when several ranks share it, and how much of that is their exchange."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

import numpy as np

from ..cluster import Cluster, check_alike
from ..data import Dataset, dataset
from ..losses.classification.cross_entropy import cross_entropy
from ..nn.parameters import Zeros
from .loop import Trainer
from .model import network_of
from .objective import objective
from .run import one_blas_thread, step_of
from .settings import Settings
from .sharing import Sharing

# Bytes of the sums that show how fast the ranks exchange.
SIZES = (1 << 10, 1 << 14, 1 << 18, 1 << 22, 1 << 26)
CLASSES = 10
# Sums for each step that is timed: twenty of them last no longer than what disturbs them.
OFTEN = 10


@dataclass(frozen=True)
class Costs:
    """Medians over repeats of the slowest rank, in seconds.

    `sums` has the time that MPI takes to add up so many bytes. `message` is the bytes that a step adds up, `exchange`
    the time of that, in shared memory where ranks have it. `compute` is the rest of a step, `step` the whole of it
    and `overlapped` the same with sums that overlap.
    """

    ranks: int
    batch: int
    sums: dict[int, float]
    message: int
    exchange: float
    compute: float
    step: float
    overlapped: float

    @property
    def latency(self) -> float:
        """Seconds for the smallest sum."""
        return self.sums[min(self.sums)]

    @property
    def bandwidth(self) -> float:
        """Bytes a second in the largest sum."""
        return max(self.sums) / self.sums[max(self.sums)]


def costs(cluster: Cluster, settings: Settings, inputs: tuple[int, ...], steps: int = 20) -> Costs:
    """Measure the ranks of a cluster on steps of a network that the settings describe, on noise of this shape."""
    check_alike(cluster, "settings", {**asdict(settings), "inputs": inputs, "steps": steps})
    random = np.random.default_rng(0)
    features = random.normal(size=(settings.batch_size, *inputs)).astype(np.float32)
    data = dataset(features, np.arange(settings.batch_size) % CLASSES)
    sums = {size: _slowest(cluster, _adding(cluster, size // 4), steps) for size in SIZES}
    with one_blas_thread():
        plain, message = _step_time(cluster, settings, data, steps)
        overlapped, _ = _step_time(cluster, replace(settings, overlap=True), data, steps)
    exchange = _slowest(cluster, _adding(cluster, message // 4, cluster.zeros), OFTEN * steps)
    return Costs(
        cluster.size, settings.batch_size, sums, message, exchange, max(plain - exchange, 0.0), plain, overlapped
    )


def _adding(cluster: Cluster, numbers: int, zeros: Zeros = np.zeros) -> Callable[[], object]:
    array = zeros(numbers, np.float32)
    return lambda: cluster.all_reduce(array)


def _step_time(cluster: Cluster, settings: Settings, data: Dataset, steps: int) -> tuple[float, int]:
    """The time of a step, and the bytes that it adds up over ranks."""
    goal = objective(cross_entropy, data)
    network = network_of(settings, data.features.shape[1:], data.outputs, goal.layers(), cluster=cluster)
    step = step_of(settings, network, goal, steps)
    sharing = Sharing(step, cluster, overlap=settings.overlap)
    trainer = Trainer(step, data, sharing=sharing)
    trainer.order.begin(0)
    cut = trainer.order(0)
    seconds = _slowest(cluster, lambda: sharing(trainer.batch, cut, 0), steps)
    return seconds, network.parameters.message.nbytes


def _slowest(cluster: Cluster, work: Callable[[], object], repeats: int) -> float:
    """The median of what the slowest rank takes; the first repeats compile and warm up."""
    taken = []
    for _ in range(repeats + 3):
        cluster.barrier()
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return float(max(cluster.gather(float(np.median(taken[3:])))))
