"""Points at which a loss can be tried: valid inputs, drawn from what the registry knows of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..domains import BINARY, REAL, UNIT, Domain
from ..loops.codes import (
    DISTRIBUTION,
    INDICATORS,
    LABELS,
    LOG_DISTRIBUTION,
    LOG_PROBABILITIES,
    LOGIT,
    MEMBERS,
    PLACED,
    SCORES,
)
from ..registry import Loss

Array = np.ndarray[Any, Any]
Random = np.random.Generator
POINTS, ROWS, CLASSES = 1000, 200, 5


def draw(domain: Domain, shape: tuple[int, ...], random: Random, ends: bool = True) -> Array:
    """float64 values of a domain: all over it, of many integers the lowest; with `ends` some at every closed end."""
    if domain.integers:
        return random.integers(int(domain.low), int(min(domain.high, domain.low + 31.0)) + 1, shape).astype(np.float64)
    if domain.high - domain.low <= 2.0:
        values = random.uniform(domain.low + 0.02, domain.high - 0.02, shape)
    elif domain.low == -domain.high:
        values = random.normal(0.0, 3.0, shape)
    elif domain.high < 1e300:
        values = domain.high - random.gamma(2.0, 1.0, shape) - 0.02
    elif domain.low > -1e300:
        values = domain.low + random.gamma(2.0, 1.0, shape) + 0.02
    else:
        values = random.normal(0.0, 3.0, shape)
    closed = [end for end in (domain.low, domain.high) if end in (-1.0, 0.0, 0.5, 1.0)]
    if ends and closed:
        values = np.where(random.random(shape) < 0.1, random.choice(closed, shape), values)
    return np.asarray(values)


def boxes(shape: tuple[int, ...], random: Random, ends: bool) -> tuple[Array, Array]:
    """Boxes near those that they should be, some far from them; with `ends` some edges are level."""
    low = random.uniform(0.0, 4.0, (*shape, 2))
    target = np.concatenate([low, low + random.uniform(0.3, 2.0, low.shape)], axis=-1)
    pred = target + random.normal(0.0, 0.25, target.shape) + 3.0 * (random.random((*shape, 1)) < 0.2)
    if ends:
        pred = np.where(random.random(pred.shape) < 0.1, target, pred)
    corners = np.sort(pred.reshape(*shape, 2, 2), axis=-2)
    return corners.reshape(pred.shape), target


def exceedances(shape: tuple[int, ...], random: Random, ends: bool) -> tuple[Array, Array, Array]:
    """Scales and shapes of generalized Pareto distributions, and what their support has; with `ends` some are 0."""
    scale, tail = random.gamma(2.0, 1.0, shape) + 0.02, random.uniform(-0.3, 1.5, shape)
    size = random.uniform(0.0, 2.5, shape)
    return scale, tail, scale * (np.where(random.random(shape) < 0.1, 0.0, size) if ends else size)


def together(loss: Loss, shape: tuple[int, ...], random: Random, ends: bool) -> tuple[Array, ...] | None:
    """Inputs that mean something together alone: boxes, or what lies within a support; None where each is by itself."""
    if loss.columns > 1:
        return boxes(shape, random, ends)
    if loss.inputs[:2] == ("scale", "shape"):
        return exceedances(shape, random, ends)
    return None


def softmax(scores: Array) -> Array:
    """Probabilities, with classes on axis 1."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True, initial=-np.inf))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def points_of(loss: Loss, options: dict[str, Any], random: Random) -> tuple[Array, ...]:
    """Inputs of a loss of elements or rows for a call with these options, off the ends of what is differentiated."""
    return rows(loss, random) if loss.family == "rowwise" else elements(loss, options, random)


def elements(loss: Loss, options: dict[str, Any], random: Random) -> tuple[Array, ...]:
    """One number of each input for each point, or a box."""
    if (found := together(loss, (POINTS,), random, ends=False)) is not None:
        return found
    domains = [loss.domains.get(name, REAL) for name in loss.inputs]
    if loss.cuts is not None:
        domains[1] = Domain(0.0, len(options[loss.cuts]), integers=True)
    return tuple(draw(domain, (POINTS,), random, k not in loss.differentiable) for k, domain in enumerate(domains))


def rows(loss: Loss, random: Random) -> tuple[Array, Array]:
    """Scores of rows, and labels or what else the target is."""
    shape = ROWS, CLASSES
    meaning, wanted = loss.rows["scores"], loss.rows["target"]
    scores = random.normal(0.0, 2.0, shape)
    if meaning == LOG_PROBABILITIES and wanted not in (INDICATORS, MEMBERS):
        scores = np.log(softmax(scores))
    elif loss.rows["classes"] == LOGIT:
        scores = random.uniform(-0.95, 0.95, shape)
    if wanted in (None, LABELS):
        return scores, random.integers(0, CLASSES, ROWS)
    if wanted in (INDICATORS, MEMBERS):
        return scores, draw(UNIT if wanted == INDICATORS else BINARY, shape, random)
    if wanted >= PLACED:
        return scores, random.uniform(-1.0, CLASSES + 1.0, ROWS)
    other = random.normal(0.0, 2.0, shape)
    if wanted == SCORES:
        return scores, other
    assert wanted in (DISTRIBUTION, LOG_DISTRIBUTION)
    return scores, np.log(softmax(other)) if wanted == LOG_DISTRIBUTION else softmax(other)
