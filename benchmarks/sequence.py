"""Connectionist temporal classification against torch.

    python benchmarks/sequence.py [--turns 9] [--threads 1] [--save]

Value and gradient by the logits, float32, for short lines of few classes and for long ones of many. torch is
log_softmax and ctc_loss, eager, as it is usually written. The contestants take turns; medians count. --save writes
to results/.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from session import asked, keep

import numloss as nl
from numloss.bench import environment
from numloss.bench.contest import BACKENDS, Call, medians

# Steps, sequences, classes, and labels of the longest target.
SIZES = ((24, 256, 48, 10), (32, 64, 64, 8), (150, 64, 80, 30), (1000, 16, 5000, 200))


def arrays(steps: int, count: int, classes: int, labels: int) -> tuple[Any, ...]:
    """Logits, labels, and lengths of which the longest is the whole."""
    random = np.random.default_rng(20260101)
    pred = random.standard_normal((steps, count, classes), np.float32)
    target = random.integers(1, classes, (count, labels))
    input_lengths, target_lengths = random.integers(steps // 2, steps + 1, count), random.integers(1, labels + 1, count)
    input_lengths[0], target_lengths[0] = steps, labels
    return pred, target, input_lengths, target_lengths


def ours(given: tuple[Any, ...], backend: str) -> Call:
    """numloss, the gradient written to memory that is reused."""
    out, step = np.ones_like(given[0]), nl.value_and_grad(nl.ctc)
    return lambda: step(*given, backend=backend, out=out)


def in_torch(given: tuple[Any, ...]) -> Call:
    """torch eager."""
    import torch

    pred, *others = (torch.from_numpy(a) for a in given)
    pred.requires_grad_()

    def run() -> Any:
        pred.grad = None
        loss = torch.nn.functional.ctc_loss(torch.log_softmax(pred, 2), *others)
        loss.backward()
        return float(loss.detach()), pred.grad.numpy()

    return run


def torch_threads(threads: int) -> None:
    """torch takes as many threads as we do."""
    import torch

    torch.set_num_threads(threads)


def check(given: tuple[Any, ...], calls: dict[str, Call]) -> None:
    """Raise unless everybody is right to what float32 allows; the gradients of torch are off by more."""
    value, slope = nl.value_and_grad(nl.ctc)(given[0].astype(np.float64), *given[1:])
    for name, call in calls.items():
        found, written = call()
        np.testing.assert_allclose(found, value, rtol=1e-5)
        allowed = 1e-2 if name == "torch" else 1e-5
        assert np.abs(written - slope).max() <= allowed * np.abs(slope).max(), name


def main() -> None:
    """Print the comparisons, and keep them if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options = asked(parser, 9)
    torch_threads(options.threads)
    found: dict[str, Any] = {**environment.describe(), "threads": options.threads, "median_ms": {}}
    for sizes in SIZES:
        given = arrays(*sizes)
        calls = {backend: ours(given, backend) for backend in BACKENDS}
        calls["torch"] = in_torch(given)
        check(given, calls)
        took = medians(calls, options.turns)
        found["median_ms"]["x".join(map(str, sizes))] = took
        print(f"T={sizes[0]} N={sizes[1]} C={sizes[2]} S<={sizes[3]}")
        for name, each in took.items():
            print(f"  {name:<8}{each:10.2f} ms{each / took[BACKENDS[0]]:8.2f} x {BACKENDS[0]}")
    if options.save:
        keep(found, "sequence")


if __name__ == "__main__":
    main()
