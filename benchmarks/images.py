"""Structural similarity of images against its formula in torch, as pytorch-msssim writes it.

    python benchmarks/images.py [--shape 16 3 512 512] [--turns 5] [--threads 2] [--avx2] [--save]

Value and gradient by the prediction, float32, windows of 11. torch filters five maps by convolutions, rows and columns
apart, eager. The contestants take turns; medians count. --save writes to results/.
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
    """Smooth images between 0 and 1, and what they should be."""
    random = np.random.default_rng(20260101)
    coarse = random.random((*shape[:2], *(-(-size // 16) for size in shape[2:])), np.float32)
    target = np.kron(coarse, np.ones((1, 1, 16, 16), np.float32))[..., : shape[2], : shape[3]]
    noise = random.standard_normal(shape, np.float32)
    return np.clip(target + np.float32(0.1) * noise, 0.0, 1.0), np.ascontiguousarray(target)


def ours(pred: Any, target: Any, backend: str) -> Call:
    """numloss, the gradient written to memory that is reused."""
    out, step = np.ones_like(pred), nl.value_and_grad(nl.ssim)
    return lambda: step(pred, target, backend=backend, out=out)


def in_torch(pred: Any, target: Any, count: int) -> Call:
    """torch eager, with as many threads."""
    import torch

    torch.set_num_threads(count)
    x, y = torch.from_numpy(pred).requires_grad_(), torch.from_numpy(target)
    line = torch.exp(-((torch.arange(11.0) - 5.0) ** 2) / (2.0 * 1.5**2))
    line = line / line.sum()
    channels, convolved = pred.shape[1], torch.nn.functional.conv2d
    down, along = line[:, None].repeat(channels, 1, 1, 1), line[None].repeat(channels, 1, 1, 1)

    def mean(a: Any) -> Any:
        return convolved(convolved(a, down, groups=channels), along, groups=channels)

    def run() -> Any:
        x.grad = None
        mx, my = mean(x), mean(y)
        vx, vy, both = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
        structure = (2.0 * both + 0.03**2) / (vx + vy + 0.03**2)
        loss = 1.0 - ((2.0 * mx * my + 0.01**2) / (mx**2 + my**2 + 0.01**2) * structure).mean()
        loss.backward()
        return float(loss.detach()), x.grad.numpy()

    return run


def check(pred: Any, target: Any, calls: dict[str, Call]) -> None:
    """Raise unless everybody is right to what float32 allows, where variances may cancel."""
    value, slope = nl.value_and_grad(nl.ssim)(pred.astype(np.float64), target.astype(np.float64))
    for name, call in calls.items():
        found, written = call()
        np.testing.assert_allclose(found, value, rtol=1e-4, err_msg=name)
        assert np.abs(written - slope).mean() <= 1e-3 * np.abs(slope).mean(), name


def main() -> None:
    """Print the comparison, and keep it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", type=int, nargs=4, default=(16, 3, 512, 512))
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
        keep({**found, "median_ms": took}, "images")


if __name__ == "__main__":
    main()
