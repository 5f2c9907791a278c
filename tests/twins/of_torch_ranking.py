"""Losses of rankings, and of the order of risks, written down in PyTorch as their libraries have them."""

from __future__ import annotations

from typing import Any

from twins.twin import LISTS, Options, Random, Twin, drawn


def _ideal(t: Any, gain: Any) -> Any:
    return (gain.sort(descending=True).values / t.log2(t.arange(len(gain), dtype=gain.dtype) + 2)).sum()


def _approx(t: Any, x: Any, y: Any, temperature: float) -> Any:
    total = x.sum() * 0
    for a, b in LISTS:
        s, gain = x[a:b] / temperature, 2.0 ** y[a:b] - 1
        if gain.any():
            # approx_ranks of TensorFlow Ranking: the row itself counts one half
            ranks = t.sigmoid(s - s[:, None]).sum(1) + 0.5
            total = total - (gain / t.log2(1 + ranks)).sum() / _ideal(t, gain.double())
    return total


def _xe(t: Any, x: Any, y: Any, gamma: Any) -> Any:
    gain = 2.0**y - t.as_tensor(gamma)
    lists = [(gain[a:b] / gain[a:b].sum(), t.log_softmax(x[a:b], 0)) for a, b in LISTS if a < b]
    return -sum((phi * p).sum() for phi, p in lists)


def _gammas(random: Random) -> Options:
    return {"gamma": random.random(LISTS[-1][1])}


def _neural(t: Any, x: Any, y: Any, temperature: float) -> Any:
    n = x.shape[-1]
    away = (x[:, :, None] - x[:, None, :]).abs().sum(1)
    slant = n + 1 - 2 * (t.arange(n, dtype=x.dtype) + 1)
    p = t.softmax((slant[:, None] * x[:, None, :] - away[:, None, :]) / temperature, -1)
    for _ in range(50):
        p = p / p.sum(dim=1, keepdim=True)
        p = p / p.sum(dim=2, keepdim=True)
    gain = 2.0**y.double() - 1
    discounts = 1 / t.log2(t.arange(n, dtype=x.dtype) + 2)
    best = (gain.sort(dim=1, descending=True).values * discounts).sum(1)
    return -((p @ gain[..., None])[..., 0] * discounts).sum(1)[best > 0].div(best[best > 0]).sum()


def _deephit(t: Any, x: Any, k: Any, event: Any, alpha: float, sigma: float) -> Any:
    total = x.sum() * 0
    for phi, at, had in zip(x, k, event, strict=True):
        shares = t.softmax(t.nn.functional.pad(phi, (0, 1)), -1)
        reached, rows = shares.cumsum(1), len(at)
        later = t.where(t.arange(shares.shape[1]) > at[:, None], shares, 0).sum(1)
        likelihood = -t.where(had > 0, shares.gather(1, at[:, None])[:, 0], later).log().mean()
        # _diff_cdf_at_time_i and pair_rank_mat
        r = reached.gather(1, at[:, None]) - reached.T[at]
        pairs = (had[:, None] > 0) & ((at[:, None] < at) | ((at[:, None] == at) & (had == 0)))
        total = total + alpha * likelihood + (1 - alpha) * (pairs * t.exp(-r / sigma)).sum() / rows**2
    return total


TWINS = [
    Twin("torch", "ApproxNDCGLoss of TensorFlow Ranking, written down", "approx_ndcg", _approx,
         drawn("temperature", 0.1, 2.0),
         convention="lists are padded and masked there; one without relevant rows has small gains; allRank has alpha"),
    Twin("torch", "XE-NDCG of its paper, written down", "xendcg", _xe, _gammas,
         convention="LightGBM draws the gammas, and adds two terms to the gradient"),
    Twin("torch", "neuralNDCG of allRank, written down", "neural_ndcg", _neural, drawn("temperature", 0.5, 3.0),
         convention="it stops dividing at sums within 1e-6 of 1; the mean is over lists with relevant documents"),
    Twin("torch", "DeepHitSingleLoss of pycox, written down", "deephit", _deephit,
         lambda random: {"alpha": float(random.uniform(0.1, 0.9)), "sigma": float(random.uniform(0.1, 1.0))},
         convention="it adds 1e-7 before logarithms"),
]  # fmt: skip
