"""Losses through the door to PyTorch: loss and backward pass against torch.nn.functional, eager and compiled.

    python benchmarks/torch_door.py [--turns 9] [--no-compile] [--avx2] [--save]

Float32, the contestants take turns in one process; medians count. Beside the losses by themselves there is one between
two operations of PyTorch, whose threads wait beside ours, a step of a small segmentation network, and the last layer of
a language model with its loss. --avx2 keeps every library to AVX2. --save writes to results/.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from typing import Any

import torch
from session import keep

import numloss as nl
from numloss.adapters import torch as nt
from numloss.bench import environment
from numloss.bench.contest import Call, medians

F = torch.nn.functional
Step = Callable[..., Any]


def loss_and_backward(loss: Step, scores: Any, target: Any) -> Call:
    """The gradient of a loss by its scores."""

    def run() -> Any:
        scores.grad = None
        loss(scores, target).backward()
        return scores.grad

    return run


def between(loss: Step, scores: Any, target: Any) -> Call:
    """The same with an operation of PyTorch before and after it."""
    weight = torch.ones_like(scores)
    return loss_and_backward(lambda x, y: loss(x * weight, y), scores, target)


def segmentation(loss: Step, images: Any, target: Any) -> Call:
    """A step of two convolutions with their optimiser."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 16, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv2d(16, 19, 1))
    optimiser = torch.optim.SGD(network.parameters(), lr=0.01)

    def run() -> Any:
        optimiser.zero_grad()
        value = loss(network(images), target)
        value.backward()
        optimiser.step()
        return value.detach()

    return run


def head(fused: bool, hidden: Any, classifier: Any, target: Any) -> Call:
    """The last layer and its loss, gradients of both."""

    def run() -> Any:
        hidden.grad = classifier.grad = None
        if fused:
            nt.linear_cross_entropy(hidden, classifier, target).backward()
        else:
            F.cross_entropy(hidden @ classifier.T, target).backward()
        return hidden.grad

    return run


def scores(*shape: int) -> tuple[Any, Any]:
    """Logits with labels on axis 1."""
    return 4.0 * torch.randn(shape), torch.randint(0, shape[1], (shape[0], *shape[2:]))


def contestants(make: Callable[..., Call], given: tuple[Any, ...], compiled: bool) -> dict[str, Call]:
    """numloss and PyTorch, each with tensors of its own, whose answers agree."""
    losses = {"numloss": nt.functional.cross_entropy, "torch": F.cross_entropy}
    if compiled:
        losses["torch.compile"] = torch.compile(F.cross_entropy)
    calls = {}
    for name, loss in losses.items():
        own = [t.clone().requires_grad_(t.is_floating_point() and make is not segmentation) for t in given]
        calls[name] = make(loss, *own)
    expected = calls["torch"]()
    for call in calls.values():
        torch.testing.assert_close(call(), expected, rtol=1e-3, atol=1e-6)
    return calls


def cases(compiled: bool) -> Iterator[tuple[str, dict[str, Call]]]:
    """What is measured, made when its turn comes."""
    torch.manual_seed(20260101)
    for shape in ((4096, 1000), (512, 32000), (8, 19, 256, 256)):
        yield f"cross_entropy {shape}", contestants(loss_and_backward, scores(*shape), compiled)
    yield "between operations (4096, 1000)", contestants(between, scores(4096, 1000), False)
    images = torch.randn(8, 3, 256, 256)
    yield "segmentation step (8, 3, 256, 256)", contestants(segmentation, (images, scores(8, 19, 256, 256)[1]), False)
    hidden, classifier, target = torch.randn(512, 256), torch.randn(32000, 256) / 16.0, torch.randint(0, 32000, (512,))
    yield "linear_cross_entropy (512, 256, 32000)", {
        name: head(name == "numloss", hidden.clone().requires_grad_(), classifier.clone().requires_grad_(), target)
        for name in ("numloss", "torch")
    }


def main() -> None:
    """Print the comparison, and keep it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument("--avx2", action="store_true")
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    if options.avx2:
        environment.as_avx2()
    nl.mse(torch.ones(1), torch.ones(1))
    found: dict[str, Any] = {**environment.describe(), "threads": torch.get_num_threads(), "median_ms": {}}
    for name, calls in cases(not options.no_compile):
        took = found["median_ms"][name] = medians(calls, options.turns)
        print(f"{name:<42}" + "".join(f"{who} {each:8.2f} ms  " for who, each in took.items()), end="")
        print(f"{min(each for who, each in took.items() if who != 'numloss') / took['numloss']:.2f} x the fastest")
    if options.save:
        keep(found, "torch_door")


if __name__ == "__main__":
    main()
