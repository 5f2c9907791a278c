"""Losses over all alignments against other libraries: transducer, soft_dtw and crf.

    python benchmarks/alignments.py [--turns 5] [--threads 1] [--avx2] [--only transducer] [--save]

Value and gradient, float32. The peer of transducer is log_softmax of torch with the recursion of its paper over the two
logarithms of each cell, compiled by Numba, and the gradient back through log_softmax; that of soft_dtw is tslearn, a
pair at a time in float64, for the value and for the gradient by the costs; that of crf are the sums of pytorch-crf,
written down in torch. The contestants take turns; medians count. --save writes to results/.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from session import asked, keep

import numloss as nl
from numloss.bench import environment
from numloss.bench.contest import Call, medians

SEED = 20260101
# Examples, steps, labels, classes; pairs, steps of both, dimensions; sequences, steps, tags.
SIZES = {"transducer": (8, 300, 60, 1024), "soft_dtw": (64, 512, 512, 2), "crf": (256, 100, 20)}


def drawn(name: str, sizes: tuple[int, ...]) -> tuple[Any, ...]:
    """The inputs of a loss, everything of full length."""
    random, count = np.random.default_rng(SEED), sizes[0]
    if name == "transducer":
        _, steps, labels, classes = sizes
        pred = random.standard_normal((count, steps, labels + 1, classes), np.float32)
        target = random.integers(0, classes - 1, (count, labels))
        return pred, target, np.full(count, steps), np.full(count, labels)
    if name == "soft_dtw":
        shapes = [(count, steps, sizes[3]) for steps in sizes[1:3]]
        return tuple(random.standard_normal(shape, np.float32) for shape in shapes)
    _, steps, tags = sizes
    pred, transitions = (random.standard_normal(shape, np.float32) for shape in ((count, steps, tags), (tags, tags)))
    return pred, random.integers(0, tags, (count, steps)), transitions


def ours(name: str, given: tuple[Any, ...], backend: str) -> Call:
    """numloss, the gradients written to memory that is reused."""
    function = getattr(nl, name)
    out = tuple(np.ones_like(given[k]) for k in function.__loss__.differentiable)
    step = nl.value_and_grad(function)
    return lambda: step(*given, backend=backend, out=out if len(out) > 1 else out[0])


def lattice() -> Any:
    """The recursion of a transducer over logarithms of blanks and labels: the loss and its slopes by both."""
    import numba

    @numba.njit(nogil=True)
    def run(blanks: Any, labels: Any, by_blank: Any, by_label: Any) -> Any:
        steps, states = blanks.shape
        ahead, behind = np.empty((steps, states)), np.full((steps + 1, states + 1), -np.inf)
        for t in range(steps):
            for u in range(states):
                x = ahead[t - 1, u] + blanks[t - 1, u] if t else -np.inf
                y = ahead[t, u - 1] + labels[t, u - 1] if u else -np.inf
                ahead[t, u] = np.logaddexp(x, y) if t or u else 0.0
        behind[steps, states - 1] = 0.0
        total = ahead[-1, -1] + blanks[-1, -1]
        for t in range(steps - 1, -1, -1):
            for u in range(states - 1, -1, -1):
                x = behind[t + 1, u] + blanks[t, u]
                y = behind[t, u + 1] + labels[t, u] if u + 1 < states else -np.inf
                behind[t, u] = np.logaddexp(x, y)
                by_blank[t, u] = -np.exp(ahead[t, u] + x - total)
                by_label[t, u] = -np.exp(ahead[t, u] + y - total)
        return -total

    return run


def transducer_peer(given: tuple[Any, ...]) -> Call:
    """torch and Numba."""
    import torch

    run, (pred, target, *_) = lattice(), (torch.from_numpy(a) for a in given)
    pred.requires_grad_()
    count, steps, states, _ = pred.shape
    label = target[:, None, :, None].expand(count, steps, states - 1, 1)

    def call() -> Any:
        pred.grad = None
        logs = torch.log_softmax(pred, -1)
        onwards = logs[:, :, :-1].gather(-1, label)[..., 0]
        blanks = logs[..., -1]
        cells = np.zeros((count, steps, states))
        pairs = blanks.detach().double().numpy(), cells.copy(), cells.copy(), cells.copy()
        pairs[1][..., :-1] = onwards.detach().numpy()
        losses = [run(*(part[i] for part in pairs)) for i in range(count)]
        slopes = (torch.from_numpy(part / count).float() for part in pairs[2:])
        by_blank, by_label = slopes
        torch.autograd.backward((blanks, onwards), (by_blank, by_label[..., :-1]))
        return float(np.mean(losses)), pred.grad.numpy()

    return call


def soft_dtw_peer(given: tuple[Any, ...]) -> Call:
    """tslearn: its distances, and its gradient by them taken back to the first series by its Jacobian."""
    from tslearn.metrics import SoftDTW, SquaredEuclidean

    def call() -> Any:
        total, slopes = 0.0, np.empty(given[0].shape)
        for i, (x, y) in enumerate(zip(*given, strict=True)):
            costs = SquaredEuclidean(x, y)
            warped = SoftDTW(costs, gamma=1.0)
            total += warped.compute()
            slopes[i] = costs.jacobian_product(warped.grad()) / len(given[0])
        return total / len(given[0]), (slopes,)

    return call


def crf_peer(given: tuple[Any, ...]) -> Call:
    """The sums of pytorch-crf, eager."""
    import torch

    pred, target, transitions = (torch.from_numpy(a) for a in given)
    pred.requires_grad_(), transitions.requires_grad_()

    def call() -> Any:
        pred.grad = transitions.grad = None
        reached = pred[:, 0]
        for t in range(1, pred.shape[1]):
            reached = torch.logsumexp(reached[:, :, None] + transitions + pred[:, t, None], 1)
        score = pred.gather(2, target[..., None]).sum((1, 2)) + transitions[target[:, :-1], target[:, 1:]].sum(1)
        loss = (torch.logsumexp(reached, 1) - score).mean()
        loss.backward()
        return float(loss.detach()), (pred.grad.numpy(), transitions.grad.numpy())

    return call


PEERS = {"transducer": transducer_peer, "soft_dtw": soft_dtw_peer, "crf": crf_peer}


def check(name: str, calls: dict[str, Call]) -> None:
    """Raise unless all say the same, as far as float32 goes."""
    (value, slopes), *others = [call() for call in calls.values()]
    slopes = slopes if isinstance(slopes, tuple) else (slopes,)
    for found, written in others:
        np.testing.assert_allclose(found, value, rtol=1e-4, err_msg=name)
        for one, other in zip(slopes, written if isinstance(written, tuple) else (written,), strict=False):
            assert np.abs(one - other).max() <= 1e-3 * np.abs(one).max(), name


def main() -> None:
    """Print the comparisons, and keep them if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=sorted(SIZES), action="append")
    options = asked(parser, 5)
    import torch

    torch.set_num_threads(options.threads)
    found: dict[str, Any] = {**environment.describe(), "threads": options.threads, "median_ms": {}}
    for name in options.only or SIZES:
        given = drawn(name, SIZES[name])
        calls = {"cython": ours(name, given, "cython"), "peer": PEERS[name](given)}
        check(name, calls)
        took = medians(calls, options.turns)
        found["median_ms"][name] = took
        print(f"{name} {SIZES[name]}")
        for who, each in took.items():
            print(f"  {who:<8}{each:10.2f} ms{each / took['cython']:8.2f} x cython")
    if options.save:
        keep(found, "alignments")


if __name__ == "__main__":
    main()
