"""Lovasz-softmax against torch, as its authors write it.

    python benchmarks/lovasz.py [--shape 8 21 256 256] [--turns 5] [--threads 2] [--save]

Value and gradient by the logits, float32, over the batch. torch sorts the errors of each class, eager. The contestants
take turns; medians count. --save writes to results/.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from session import asked, keep

import numloss as nl
from numloss.bench import environment
from numloss.bench.contest import BACKENDS, Call, medians


def arrays(shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Logits, and labels in squares of sixteen pixels."""
    random = np.random.default_rng(20260101)
    coarse = random.integers(0, shape[1], (shape[0], *(-(-size // 16) for size in shape[2:])))
    labels = np.kron(coarse, np.ones((1, 16, 16), int))[:, : shape[2], : shape[3]]
    pred = random.standard_normal(shape, np.float32)
    np.put_along_axis(pred, labels[:, None], np.take_along_axis(pred, labels[:, None], 1) + np.float32(2.0), 1)
    return pred, labels


def ours(pred: Any, labels: Any, backend: str) -> Call:
    """numloss, the gradient written to memory that is reused."""
    out, step = np.ones_like(pred), nl.value_and_grad(nl.lovasz_softmax)
    return lambda: step(pred, labels, backend=backend, out=out)


def in_torch(pred: Any, labels: Any, count: int) -> Call:
    """torch eager, with as many threads."""
    import torch

    torch.set_num_threads(count)
    x, target = torch.from_numpy(pred).requires_grad_(), torch.from_numpy(labels).reshape(-1)

    def slopes(members: Any) -> Any:
        total = members.sum()
        union = total + (1.0 - members).cumsum(0)
        losses = 1.0 - (total - members.cumsum(0)) / union
        losses[1:] -= losses[:-1].clone()
        return losses

    def run() -> Any:
        x.grad = None
        shares = torch.softmax(x, 1).movedim(1, -1).reshape(-1, x.shape[1])
        found = []
        for j in range(x.shape[1]):
            members = (target == j).to(shares.dtype)
            if members.any():
                errors, order = torch.sort((members - shares[:, j]).abs(), descending=True)
                found.append(errors @ slopes(members[order]))
        loss = torch.stack(found).mean()
        loss.backward()
        return float(loss.detach()), x.grad.numpy()

    return run


def check(pred: Any, labels: Any, calls: dict[str, Call]) -> None:
    """Raise unless everybody is right to what float32 allows, where errors may be too near to be told apart."""
    value, slope = nl.value_and_grad(nl.lovasz_softmax)(pred.astype(np.float64), labels)
    for name, call in calls.items():
        found, written = call()
        np.testing.assert_allclose(found, value, rtol=1e-4, err_msg=name)
        assert np.abs(written - slope).mean() <= 1e-2 * np.abs(slope).mean(), name


def main() -> None:
    """Print the comparison, and keep it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", type=int, nargs=4, default=(8, 21, 256, 256))
    options = asked(parser, 5)
    given = arrays(tuple(options.shape))
    calls = {backend: ours(*given, backend) for backend in BACKENDS}
    calls["torch"] = in_torch(*given, options.threads)
    check(*given, calls)
    took = medians(calls, options.turns)
    found: dict[str, Any] = {**environment.describe(), "shape": options.shape, "threads": options.threads}
    for name, each in took.items():
        print(f"{name:<8}{each:10.1f} ms{each / took[BACKENDS[0]]:8.2f} x {BACKENDS[0]}")
    if options.save:
        keep({**found, "median_ms": took}, "lovasz")


if __name__ == "__main__":
    main()
