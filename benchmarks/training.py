"""Time of an epoch against torch and scikit-learn: same network, same batches, same optimiser, in one run.

    python benchmarks/training.py [--only mlp digits cnn wide] [--repeats 5] [--threads 1] [--shares] [--memory]

Epochs of the libraries take turns; the fastest of each counts. A step gathers a batch from the rows of the data,
computes the loss and its gradient, and moves the parameters with Adam. numloss runs its matrix products on one thread
of BLAS and its kernels on all cores, torch uses all cores; --threads 1 keeps both to one core. --shares tells where
a step of numloss spends its time, --memory the most memory of a process that trains for an epoch with each library.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

import numloss as nl
from numloss.backends.numba_cpu.layer_kernels import LayerKernel
from numloss.data import permutation
from numloss.nn import BatchNorm2d, Conv2d, Flatten, GlobalAvgPool2d, Layer, Linear, MaxPool2d, Network, ReLU
from numloss.train import Adam

RATE = 1e-3


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


def batches(case: Case, epoch: int) -> list[Any]:
    """The rows of each step."""
    order = permutation(case.samples, 0, epoch)
    return [order[at : at + case.rows] for at in range(0, case.samples, case.rows)]


def with_numloss(case: Case, x: Any, labels: Any) -> Callable[[int], float]:
    """A function that trains for an epoch and returns the loss of its last step."""
    network = Network(case.layers(), case.inputs, rows=case.rows)
    parameters, optimiser = network.parameters, Adam(network.parameters.values.size)
    batch, target = np.empty((case.rows, *case.inputs), np.float32), np.empty(case.rows, labels.dtype)
    slope, evaluate, steps = np.empty((case.rows, 10), np.float32), nl.value_and_grad(nl.cross_entropy), 0

    def train(epoch: int) -> float:
        nonlocal steps
        loss = np.nan
        for rows in batches(case, epoch):
            # whole arrays where a batch is whole: a call with memory of its own replays the plan of the last
            taken = (batch, target, slope)
            inputs, wanted, out = taken if len(rows) == case.rows else (memory[: len(rows)] for memory in taken)
            np.take(x, rows, axis=0, out=inputs, mode="clip")
            np.take(labels, rows, out=wanted, mode="clip")
            loss, grad = evaluate(network.forward(inputs, steps), wanted, out=out)
            network.backward(grad)
            optimiser.step(parameters.values, parameters.gradients, RATE)
            steps += 1
        return float(loss)

    return train


def with_torch(case: Case, x: Any, labels: Any) -> Callable[[int], float]:
    """The same in torch, eager."""
    import torch

    network = torch.nn.Sequential(*_torch_layers(case))
    optimiser = torch.optim.Adam(network.parameters(), lr=RATE)
    data, targets = torch.from_numpy(x), torch.from_numpy(labels)

    def train(epoch: int) -> float:
        loss = torch.tensor(np.nan)
        for rows in batches(case, epoch):
            at = torch.from_numpy(rows)
            optimiser.zero_grad()
            loss = torch.nn.functional.cross_entropy(network(data[at]), targets[at])
            loss.backward()
            optimiser.step()
        return float(loss.detach())

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

    options = {"batch_size": case.rows, "max_iter": 1, "warm_start": True, "learning_rate_init": RATE, "alpha": 0.0}
    model = MLPClassifier(case.hidden, **options)
    flat = x.reshape(len(x), -1)

    def train(epoch: int) -> float:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(flat, labels)
        return float(model.loss_)

    return train


PLAIN = nl.value_and_grad
MADE = {"numloss": with_numloss, "torch": with_torch, "scikit-learn": with_sklearn}


def data_of(case: Case) -> tuple[Any, Any]:
    """Features and labels."""
    random = np.random.default_rng(0)
    x = random.normal(size=(case.samples, *case.inputs)).astype(np.float32)
    return x, random.integers(0, 10, case.samples)


def run(name: str, repeats: int, shares: bool) -> None:
    """Print the time of an epoch of each library."""
    case = CASES[name]
    x, labels = data_of(case)
    trained = {library: make(case, x, labels) for library, make in MADE.items() if case.hidden or make != with_sklearn}
    fastest = dict.fromkeys(trained, np.inf)
    for epoch in range(repeats + 1):  # the first compiles and warms up
        for library, train in trained.items():
            with threadpool_limits(1 if library == "numloss" else None, user_api="blas"):
                began = time.perf_counter()
                loss = train(epoch)
                seconds = time.perf_counter() - began
            if not np.isfinite(loss):
                raise ArithmeticError(f"{library} does not train: its loss is {loss}")
            if epoch:
                fastest[library] = min(fastest[library], seconds)
    ours, steps = fastest["numloss"], -(-case.samples // case.rows)
    print(f"{name}: {steps} steps of {case.rows} rows")
    for library, seconds in fastest.items():
        step = seconds / steps * 1e6
        print(f"   {library:<14}{seconds:8.4f} s an epoch {step:9.0f} us a step {seconds / ours:6.2f} x")
    if shares:
        print_shares(case, x, labels)


def print_shares(case: Case, x: Any, labels: Any) -> None:
    """Time of a step in matrix products, in compiled kernels, in the loss, in the batch, and in Python.

    Of ten epochs the fastest counts.
    """
    spent: dict[str, float] = {}
    fastest: dict[str, float] = {}

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                spent[name] = spent.get(name, 0.0) + time.perf_counter() - began

        return call

    with mock.patch.object(np, "matmul", timed("matrix products", np.matmul)), threadpool_limits(1, user_api="blas"):
        with mock.patch.object(np, "take", timed("batch", np.take)):
            with mock.patch.object(LayerKernel, "__call__", timed("compiled kernels", LayerKernel.__call__)):
                with mock.patch.object(nl, "value_and_grad", lambda loss: timed("loss", PLAIN(loss))):
                    train = with_numloss(case, x, labels)
                for epoch in range(10):
                    spent.clear()
                    began = time.perf_counter()
                    train(epoch)
                    spent["Python and NumPy"] = time.perf_counter() - began - sum(spent.values())
                    if not fastest or sum(spent.values()) < sum(fastest.values()):
                        fastest = dict(spent)
    for name, seconds in fastest.items():
        print(f"   {name:<18}{100 * seconds / sum(fastest.values()):5.1f} % of a step, timers included")


def print_memory(name: str) -> None:
    """The most memory of a process that imports a library and trains for an epoch with it."""
    for library, make in MADE.items():
        if make == with_sklearn and not CASES[name].hidden:
            continue
        command = [sys.executable, __file__, "--only", name, "--one", library]
        answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        print(f"   {library:<14}{int(answer.split()[-1]) / 1024:8.0f} MiB at most")


def train_one(name: str, library: str) -> None:
    """Train for an epoch and print the most memory of this process in KiB."""
    case = CASES[name]
    with threadpool_limits(1 if library == "numloss" else None, user_api="blas"):
        MADE[library](case, *data_of(case))(0)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def main() -> None:
    """Run the cases that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", choices=CASES, default=list(CASES))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, help="of both libraries; by default all cores")
    parser.add_argument("--shares", action="store_true", help="where numloss spends a step")
    parser.add_argument("--memory", action="store_true", help="the most memory of each library")
    parser.add_argument("--one", choices=MADE, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        train_one(arguments.only[0], arguments.one)
        return
    if arguments.threads:
        import torch

        torch.set_num_threads(arguments.threads)
        nl.set_num_threads(arguments.threads)
    for pool in threadpool_info():
        if pool["user_api"] == "blas":
            print(f"BLAS: {pool['internal_api']} {pool['version']}, {pool.get('architecture')}")
    for name in arguments.only:
        run(name, arguments.repeats, arguments.shares)
        if arguments.memory:
            print_memory(name)


if __name__ == "__main__":
    main()
