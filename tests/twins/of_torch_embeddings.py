"""Losses of embeddings, written down in PyTorch as their papers have them."""

from __future__ import annotations

from typing import Any

from twins.twin import Random, Twin, drawn


def _multi_similarity(t: Any, x: Any, labels: Any, alpha: float, beta: float) -> Any:
    directions = t.nn.functional.normalize(x, dim=1)
    cosines = directions @ directions.T
    same = labels[:, None] == labels
    other = ~t.eye(len(x), dtype=t.bool)

    def one_and(exponents: Any, which: Any) -> Any:
        return t.log1p(t.where(which, t.exp(exponents), 0.0).sum(1))

    pull = one_and(-alpha * (cosines - 0.5), same & other) / alpha
    return (pull + one_and(beta * (cosines - 0.5), ~same) / beta).sum()


def _off_diagonal(matrix: Any) -> Any:
    """Sums of squares off the diagonal."""
    return (matrix**2).sum(dim=(-1, -2)) - (matrix.diagonal(dim1=-1, dim2=-2) ** 2).sum(dim=-1)


def _barlow_twins(t: Any, first: Any, second: Any, lambd: float, eps: float) -> Any:
    def normalised(x: Any) -> Any:
        return (x - x.mean(-2, keepdim=True)) / t.sqrt(x.var(-2, keepdim=True, unbiased=False) + eps)

    c = normalised(first).mT @ normalised(second) / first.shape[-2]
    return (((c.diagonal(dim1=-1, dim2=-2) - 1.0) ** 2).sum(dim=-1) + lambd * _off_diagonal(c)).sum()


def _vicreg(t: Any, first: Any, second: Any, gamma: float, eps: float = 1e-4) -> Any:
    def parts(x: Any) -> Any:
        spread = t.relu(gamma - t.sqrt(x.var(-2) + eps)).mean(-1) / 2.0
        centred = x - x.mean(-2, keepdim=True)
        return spread, _off_diagonal(centred.mT @ centred / (x.shape[-2] - 1)) / x.shape[-1]

    (one, together), (other, beside) = parts(first), parts(second)
    apart = ((first - second) ** 2).mean(dim=(-1, -2))
    return (25.0 * apart + 25.0 * (one + other) + together + beside).sum()


def _hard_negatives(t: Any, first: Any, second: Any, temperature: float, beta: float, tau_plus: float) -> Any:
    scores = t.nn.functional.normalize(first, dim=1) @ t.nn.functional.normalize(second, dim=1).T / temperature
    own = t.eye(len(scores), dtype=t.bool)
    count, positive = len(scores) - 1, scores.diagonal().exp()
    negatives = scores[~own].view(-1, count).exp()
    shares = negatives**beta
    left = (shares * negatives).sum(-1) / shares.mean(-1) - tau_plus * count * positive
    left = t.clamp(left / (1.0 - tau_plus), min=count * t.exp(t.tensor(-1.0 / temperature, dtype=scores.dtype)))
    return -t.log(positive / (positive + left)).sum()


def _hardness(random: Random) -> dict[str, Any]:
    given = {"temperature": (0.4, 1.0), "beta": (0.2, 1.5), "tau_plus": (0.0, 0.03)}
    return {name: float(random.uniform(*ends)) for name, ends in given.items()}


def _weighing(random: Random) -> dict[str, Any]:
    return {"lambd": float(random.uniform(0.001, 0.1)), "eps": float(random.uniform(1e-5, 1e-2))}


TWINS = [
    Twin("torch", "of Zbontar et al.", "barlow_twins", _barlow_twins, _weighing),
    Twin(
        *("torch", "of Bardes et al.", "vicreg", _vicreg, drawn("gamma", 0.5, 2.0)),
        convention="their code averages the variances of both views, which their paper adds",
    ),
    Twin("torch", "of Robinson et al.", "info_nce", _hard_negatives, _hardness),
    Twin(
        *("torch", "of Wang et al.", "multi_similarity", _multi_similarity),
        lambda random: {"alpha": float(random.uniform(1.0, 3.0)), "beta": float(random.uniform(10.0, 50.0))},
        convention="it mines pairs besides",
    ),
]
