"""Losses of embeddings, written down in PyTorch as their papers have them."""

from __future__ import annotations

from typing import Any

from twins.twin import Twin


def _multi_similarity(t: Any, x: Any, labels: Any, alpha: float, beta: float) -> Any:
    directions = t.nn.functional.normalize(x, dim=1)
    cosines = directions @ directions.T
    same = labels[:, None] == labels
    other = ~t.eye(len(x), dtype=t.bool)

    def one_and(exponents: Any, which: Any) -> Any:
        return t.log1p(t.where(which, t.exp(exponents), 0.0).sum(1))

    pull = one_and(-alpha * (cosines - 0.5), same & other) / alpha
    return (pull + one_and(beta * (cosines - 0.5), ~same) / beta).sum()


TWINS = [
    Twin(
        *("torch", "of Wang et al.", "multi_similarity", _multi_similarity),
        lambda random: {"alpha": float(random.uniform(1.0, 3.0)), "beta": float(random.uniform(10.0, 50.0))},
        convention="it mines pairs besides",
    ),
]
