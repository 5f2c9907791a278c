"""Functions of JAX that are losses of numloss."""

from __future__ import annotations

from typing import Any

from twins.twin import (
    Twin,
)


def _softmax(j: Any, *scores: Any) -> Any:
    return [j.nn.softmax(each, axis=1) for each in scores]


TWINS = [
    Twin(
        *("jax", "scipy.special.rel_entr of two softmax", "kl_logits"),
        lambda j, x, y: j.scipy.special.rel_entr(*_softmax(j, y, x)).sum(),
        convention="terms may be negative there",
    ),
    Twin(
        *("jax", "scipy.special.kl_div of two softmax", "kl_logits:reverse"),
        lambda j, x, y: j.scipy.special.kl_div(*_softmax(j, x / 3.0, y / 3.0)).sum(),
        convention="logits are divided by the temperature before",
    ),
]
