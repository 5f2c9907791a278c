"""Time of an epoch against torch and scikit-learn: same network, same batches, same optimiser, in one run.

    python benchmarks/training.py [--only mlp digits cnn wide] [--turns 5] [--threads 1] [--avx2]
                                  [--shares] [--memory] [--save]

The libraries take turns, each of at least half a second and an epoch; the fastest turn of each counts. Before a turn
they rest until the threads of the one before sleep. A step gathers a batch from the rows of the data, computes the
loss and its gradient, and moves the parameters with Adam. numloss trains as its users do, by its Trainer, which
measures what it wins by a second thread and keeps BLAS on one; torch and scikit-learn run as they come; --threads 1
keeps all to one core, --avx2 to the vectors of AVX2. --shares tells where a step of numloss spends its time, --memory
the most memory of a process that trains for an epoch with each library. --save writes to results/.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from session import RESULTS
from threadpoolctl import threadpool_limits

import numloss as nl
from numloss.backends.threads import limit
from numloss.bench import environment
from numloss.common.files import write_json
from numloss.data import Dataset, permutation
from numloss.dispatch import load
from numloss.nn import BatchNorm2d, Conv2d, Flatten, GlobalAvgPool2d, Layer, Linear, MaxPool2d, Network, ReLU, passes
from numloss.train import Adam, Callback, Step, Trainer, batches, objective
from numloss.train.run import blas, one_blas_thread

RATE = 1e-3
# Seconds of a turn.
TURN = 0.5
# Seconds before a turn, in which the threads of the library before go to sleep: OpenBLAS's stay awake for a while.
REST = 0.2
# Steps of a stretch whose parts are timed, and seconds in which stretches are tried.
STRETCH = 20
SECONDS = 5.0
PYTHON = "Python"


@dataclass(frozen=True)
class Case:
    """A network, the shape of its data, and the batches."""

    layers: Callable[[], list[Layer]]
    inputs: tuple[int, ...]
    samples: int
    rows: int
    hidden: tuple[int, ...] = ()


def _stage(width: int) -> list[Layer]:
    return [Conv2d(width, 3, padding=1), BatchNorm2d(), ReLU(), MaxPool2d(2)]


CASES = {
    "mlp": Case(lambda: [Linear(128), ReLU(), Linear(64), ReLU(), Linear(10)], (784,), 20000, 64, (128, 64)),
    "digits": Case(lambda: [Linear(128), ReLU(), Linear(64), ReLU(), Linear(10)], (64,), 1437, 64, (128, 64)),
    "cnn": Case(lambda: [*_stage(16), *_stage(32), Flatten(), Linear(10)], (1, 28, 28), 6000, 64),
    "wide": Case(lambda: [*_stage(128), *_stage(64), GlobalAvgPool2d(), Linear(10)], (3, 32, 32), 1024, 128),
}


def trainer_of(case: Case, x: Any, labels: Any) -> Trainer:
    """What trains a network of numloss."""
    data = Dataset("random", x, labels)
    network = Network(case.layers(), case.inputs, rows=case.rows)
    optimiser = Adam(network.parameters.values.size)
    return Trainer(Step(network, objective(nl.cross_entropy, data), optimiser, rate=RATE), data)


def with_numloss(case: Case, x: Any, labels: Any) -> Callable[[int], float]:
    """A function that trains for so many epochs and returns the loss of the last."""
    trainer = trainer_of(case, x, labels)

    def train(epochs: int) -> float:
        with one_blas_thread():
            return trainer.run(len(trainer.history.epochs) + epochs).epochs[-1].train_loss

    return train


def with_torch(case: Case, x: Any, labels: Any) -> Callable[[int], float]:
    """The same in torch, eager."""
    import torch

    network = torch.nn.Sequential(*_torch_layers(case))
    optimiser = torch.optim.Adam(network.parameters(), lr=RATE)
    data, targets = torch.from_numpy(x), torch.from_numpy(labels)

    done = 0

    def train(epochs: int) -> float:
        nonlocal done
        total = 0.0
        for epoch in range(done, done + epochs):
            total, order = 0.0, permutation(case.samples, 0, epoch)
            for at in range(0, case.samples, case.rows):
                rows = torch.from_numpy(order[at : at + case.rows])
                optimiser.zero_grad()
                loss = torch.nn.functional.cross_entropy(network(data[rows]), targets[rows])
                loss.backward()
                optimiser.step()
                total += loss.item() * len(rows)
        done += epochs
        return total / case.samples

    return train


def _torch_layers(case: Case) -> list[Any]:
    from torch import nn

    shape, layers = case.inputs, []
    for layer in case.layers():
        if isinstance(layer, Linear):
            layers.append(nn.Linear(shape[0], layer.outputs))
            shape = (layer.outputs,)
        elif isinstance(layer, Conv2d):
            layers.append(nn.Conv2d(shape[0], layer.outputs, layer.size, padding=layer.padding))
            shape = (layer.outputs, *shape[1:])
        elif isinstance(layer, BatchNorm2d):
            layers.append(nn.BatchNorm2d(shape[0]))
        elif isinstance(layer, MaxPool2d):
            layers.append(nn.MaxPool2d(2))
            shape = (shape[0], shape[1] // 2, shape[2] // 2)
        elif isinstance(layer, GlobalAvgPool2d):
            layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
            shape = shape[:1]
        else:
            layers.append(nn.ReLU() if isinstance(layer, ReLU) else nn.Flatten())
            shape = shape if isinstance(layer, ReLU) else (int(np.prod(shape)),)
    return layers


def with_sklearn(case: Case, x: Any, labels: Any) -> Callable[[int], float]:
    """The same in scikit-learn's MLPClassifier, which shuffles by itself."""
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        case.hidden, batch_size=case.rows, warm_start=True, learning_rate_init=RATE, alpha=0.0, tol=0.0,
        n_iter_no_change=10**9,
    )  # fmt: skip
    flat = x.reshape(len(x), -1)

    def train(epochs: int) -> float:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.set_params(max_iter=epochs).fit(flat, labels)
        return float(model.loss_)

    return train


MADE = {"numloss": with_numloss, "torch": with_torch, "scikit-learn": with_sklearn}


def data_of(case: Case) -> tuple[Any, Any]:
    """Features and labels."""
    random = np.random.default_rng(0)
    x = random.normal(size=(case.samples, *case.inputs)).astype(np.float32)
    return x, random.integers(0, 10, case.samples)


def timed(train: Callable[[int], float], epochs: int, one_thread: bool) -> float:
    """Seconds of an epoch."""
    time.sleep(REST)
    with threadpool_limits(1 if one_thread else None):
        began = time.perf_counter()
        loss = train(epochs)
        seconds = time.perf_counter() - began
    if not np.isfinite(loss):
        raise ArithmeticError(f"it does not train: its loss is {loss}")
    return seconds / epochs


def run(name: str, turns: int, one_thread: bool) -> dict[str, float]:
    """The seconds of an epoch of each library."""
    case = CASES[name]
    x, labels = data_of(case)
    trained = {library: make(case, x, labels) for library, make in MADE.items() if case.hidden or make != with_sklearn}
    fastest, epochs = dict.fromkeys(trained, np.inf), dict.fromkeys(trained, 1)
    for turn in range(-2, turns):  # the first compiles and warms up, the second tells how many epochs make a turn
        for library, train in trained.items():
            seconds = timed(train, epochs[library], one_thread)
            if turn == -1:
                epochs[library] = max(1, round(TURN / seconds))
            elif turn >= 0:
                fastest[library] = min(fastest[library], seconds)
    steps = -(-case.samples // case.rows)
    print(f"{name}: {steps} steps of {case.rows} rows")
    for library, seconds in fastest.items():
        step, times = seconds / steps * 1e6, seconds / fastest["numloss"]
        print(f"   {library:<14}{seconds:8.4f} s an epoch {step:9.0f} us a step {times:6.2f} x")
    return fastest


class Shares(Callback):
    """Time in each kind of work: of stretches of so many steps, the fastest.

    What is timed calls compiled code and little else: the passes of the network and the batch, which are replayed,
    kernels that are called one by one, as that of the optimiser, and the loss. What is left is Python.
    """

    def __init__(self, trainer: Trainer) -> None:
        self.spent: dict[str, float] = {}
        self.fastest, self.end = {PYTHON: np.inf}, time.perf_counter() + SECONDS
        self.began, self.calls, self.depth = 0.0, 0, 0
        self.cost = self._cost()
        timed = [
            (passes, "replay", "passes"), (batches, "replay", "batch"), (load("numba"), "run_at", "kernels"),
            (trainer.step, "_evaluate", "loss"),
        ]  # fmt: skip
        self.patched = [
            mock.patch.object(place, name, self.timed(kind, getattr(place, name))) for place, name, kind in timed
        ]

    def timed(self, kind: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, whose time is added up."""

        def call(*arguments: Any, **options: Any) -> Any:
            self.depth += 1
            began = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                seconds = time.perf_counter() - began
                self.depth -= 1
                self.calls += 1
                if not self.depth:  # what calls another one has its time
                    self.spent[kind] = self.spent.get(kind, 0.0) + seconds

        return call

    def _cost(self) -> float:
        """Seconds that a timer takes beside what it measures."""
        call, costs = self.timed("nothing", lambda at: None), []
        for _ in range(100):
            self.spent.clear()
            began = time.perf_counter()
            for at in range(100):
                call(at)
            costs.append(time.perf_counter() - began - self.spent["nothing"])
        return min(costs) / 100

    def stepped(self, trainer: Trainer, loss: float) -> None:
        if trainer.history.steps % STRETCH:
            return
        now = time.perf_counter()
        self.spent[PYTHON] = now - self.began - sum(self.spent.values()) - self.calls * self.cost
        if trainer.history.steps > STRETCH and sum(self.spent.values()) < sum(self.fastest.values()):
            self.fastest = dict(self.spent)
        if now > self.end and np.isfinite(sum(self.fastest.values())):  # one stretch at least, however long it takes
            trainer.stop("time is over")
        self.spent.clear()
        self.calls = 0
        self.began = time.perf_counter()


def shares_of(case: Case) -> dict[str, float]:
    """What part of a step goes to the passes of the network, other kernels, the loss, the batch, and Python.

    What the timers take is taken off.
    """
    trainer = trainer_of(case, *data_of(case))
    shares = Shares(trainer)
    with one_blas_thread(), ExitStack() as patches:
        for patch in shares.patched:
            patches.enter_context(patch)
        trainer.run(10**9, callbacks=[shares])
    whole = sum(shares.fastest.values())
    print(f"   {whole / STRETCH * 1e6:.0f} us a step, of which")
    for name, seconds in shares.fastest.items():
        print(f"   {name:<18}{100 * seconds / whole:5.1f} %")
    return {name: seconds / whole for name, seconds in shares.fastest.items()}


def memory_of(name: str) -> dict[str, float]:
    """The most memory, in MiB, of a process that imports a library and trains for an epoch with it."""
    found = {}
    for library, make in MADE.items():
        if CASES[name].hidden or make != with_sklearn:
            command = [sys.executable, __file__, "--only", name, "--one", library]
            answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            found[library] = int(answer.split()[-1]) / 1024
            print(f"   {library:<14}{found[library]:8.0f} MiB at most")
    return found


def train_one(name: str, library: str) -> None:
    """Train for an epoch and print the most memory of this process in KiB."""
    case = CASES[name]
    MADE[library](case, *data_of(case))(1)
    # not getrusage, which still knows the process that this one was forked from
    print(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1])  # type: ignore[index]


def main() -> None:
    """Run the cases that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", choices=CASES, default=list(CASES))
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--threads", type=int, choices=[1], help="of all libraries; otherwise each as it comes")
    parser.add_argument("--avx2", action="store_true", help="as on a machine that has no wider vectors")
    parser.add_argument("--shares", action="store_true", help="where numloss spends a step")
    parser.add_argument("--memory", action="store_true", help="the most memory of each library")
    parser.add_argument("--save", action="store_true", help="write the figures to benchmarks/results")
    parser.add_argument("--one", choices=MADE, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.avx2:
        environment.as_avx2()
    if asked.one:
        train_one(asked.only[0], asked.one)
        return
    if asked.threads:
        import torch

        torch.set_num_threads(1)
        nl.set_num_threads(1)
    results: dict[str, Any] = {**environment.describe(), **blas(), "records": []}
    for name in asked.only:
        record: dict[str, Any] = {"case": name, "threads": limit()}
        record["seconds"] = run(name, asked.turns, bool(asked.threads))
        if asked.shares:
            record["shares"] = shares_of(CASES[name])
        if asked.memory:
            record["mebibytes"] = memory_of(name)
        results["records"].append(record)
    results["load_after"] = environment.load()
    if asked.save:
        save(results)


def save(results: dict[str, Any]) -> None:
    """Write the figures beside those of other cases of the same day and machine, in the order of the cases."""
    path = RESULTS / f"{environment.short_name(results)}-training.json"
    records = {record["case"]: record for record in results["records"]}
    if path.exists():
        records = {record["case"]: record for record in json.loads(path.read_text())["records"]} | records
    write_json(path, {**results, "records": [records[name] for name in CASES if name in records]})
    print(path)


if __name__ == "__main__":
    main()
