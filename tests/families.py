"""The shapes and meanings of the inputs of each family of losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from numloss.domains import REAL, Domain
from numloss.registry import Loss
from numloss.rows import DISTRIBUTION, LABELS, LOG_DISTRIBUTION, LOG_PROBABILITIES, LOGITS, PROBABILITIES

Shape = tuple[int, ...]
Array = np.ndarray[Any, Any]
Arrays = tuple[Array, ...]
Random = np.random.Generator


def draw(domain: Domain, shape: Shape, random: Random, ends: bool = True) -> Array:
    """float64 values of a domain: all over it, and with `ends` some at every closed end."""
    if domain.integers:
        return random.integers(int(domain.low), int(domain.high) + 1, shape).astype(np.float64)
    if domain.high - domain.low <= 2.0:
        values = random.uniform(domain.low + 0.02, domain.high - 0.02, shape)
    elif domain.low >= 0.0:
        values = random.gamma(2.0, 1.0, shape) + 0.02
    else:
        values = random.normal(0.0, 3.0, shape)
    closed = [end for end in (domain.low, domain.high) if end in (-1.0, 0.0, 0.5, 1.0)]
    if ends and closed:
        values = np.where(random.random(shape) < 0.1, random.choice(closed, shape), values)
    return np.asarray(values)


def elementwise(loss: Loss, shape: Shape, random: Random, ends: bool, variant: str) -> Arrays:
    """Every input has the shape of the loss; what is differentiated stays off the ends of its domain."""
    domains = [loss.domains.get(name, REAL) for name in loss.inputs]
    return tuple(draw(d, shape, random, ends and k not in loss.wrt) for k, d in enumerate(domains))


# Shapes whose problems have their own number of classes; the others have 5.
CLASSES = {(1,): 1, (9,): 2, (11,): 300, (3,): 5000}


def softmax(scores: Array) -> Array:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True, initial=-np.inf))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def rowwise(loss: Loss, shape: Shape, random: Random, ends: bool, variant: str) -> Arrays:
    """Scores with classes on axis 1, and labels without that axis or a distribution over it."""
    full = (shape[0], CLASSES.get(shape, 5), *shape[1:])
    scores = random.normal(0.0, 3.0, full)
    meaning = {"probabilities": PROBABILITIES, "logits": LOGITS}.get(variant, loss.rows["scores"])
    if meaning == PROBABILITIES:
        scores = softmax(scores)
    elif meaning == LOG_PROBABILITIES:
        scores = np.log(softmax(scores))
    wanted = {"distributions": DISTRIBUTION, "logarithms": LOG_DISTRIBUTION}.get(variant, loss.rows["target"] or LABELS)
    if wanted == LABELS:
        labels = random.integers(0, full[1], shape)
        if ends and loss.defaults.get("ignore_index") is not None:
            labels[random.random(shape) < 0.1] = loss.defaults["ignore_index"]
        return scores, labels
    target = softmax(random.normal(0.0, 2.0, full))
    if wanted == LOG_DISTRIBUTION:
        return scores, np.log(target)
    if ends:
        target[random.random(full) < 0.1] = 0.0
    return scores, target


FAMILIES: dict[str, Callable[[Loss, Shape, Random, bool, str], Arrays]] = {
    "elementwise": elementwise,
    "rowwise": rowwise,
}
# Shapes of several axes, tiles and blocks, for layouts in memory.
SOLID: dict[str, Shape] = {"elementwise": (3, 71, 97), "rowwise": (3, 61, 23)}
# Losses that read their inputs in several ways: the options that each way needs.
VARIANTS: dict[str, dict[str, dict[str, Any]]] = {
    "cross_entropy": {"": {}, "distributions": {}, "probabilities": {"from_probabilities": True}},
    "kl_div": {"": {}, "logits": {"from_logits": True}, "logarithms": {"log_target": True}},
}
# Options that say nothing in a case: eps clips probabilities, the others act on logits.
SILENT: dict[str, tuple[str, ...]] = {
    "cross_entropy": ("eps",),
    "cross_entropy:distributions": ("eps",),
    "cross_entropy:probabilities": ("z_loss", "softcap"),
}
# Shapes of the unreduced loss: around the edges of tiles (512) and blocks (16384), primes, several axes, no values.
SHAPES: dict[str, tuple[Shape, ...]] = {
    "elementwise": (
        *((n,) for n in (0, 1, 7, 511, 512, 513, 16383, 16384, 16385, 65599)),
        *((4, 5), (0, 3), (3, 0), (5, 7, 11)),
    ),
    "rowwise": (
        *((n,) for n in (0, 1, 3, 9, 11, 103, 513, 3276, 3277, 13127)),
        *((4, 2), (0, 3), (3, 0), (3, 5, 7), (2, 16384)),
    ),
}
