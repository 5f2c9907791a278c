"""The lines of NumPy that a user would write: value and gradient, stable, and nothing clever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..cases import Case
from . import Answer, Array, NotCovered, Peer


def mse(p: Array, t: Array) -> Any:
    error = p - t
    return (error * error).mean(), 2.0 / p.size * error


def mae(p: Array, t: Array) -> Any:
    error = p - t
    return np.abs(error).mean(), np.sign(error) / p.size


def huber(p: Array, t: Array, delta: float = 1.0) -> Any:
    error = p - t
    size = np.abs(error)
    value = np.where(size <= delta, 0.5 * error * error, delta * (size - 0.5 * delta)).mean()
    return value, np.clip(error, -delta, delta) / p.size


def quantile(p: Array, t: Array, q: float = 0.5) -> Any:
    error = t - p
    return np.maximum(q * error, (q - 1.0) * error).mean(), np.where(error > 0.0, -q, 1.0 - q).astype(p.dtype) / p.size


def log_cosh(p: Array, t: Array) -> Any:
    error = p - t
    size = np.abs(error)
    return (size + np.log1p(np.exp(-2.0 * size)) - np.log(2.0)).mean(), np.tanh(error) / p.size


def bce(p: Array, t: Array) -> Any:
    value = -(t * np.log(p) + (1.0 - t) * np.log1p(-p)).mean()
    return value, (p - t) / (p * (1.0 - p)) / p.size


def sigmoid(x: Array) -> Array:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)))


def bce_with_logits(x: Array, t: Array) -> Any:
    value = (np.maximum(x, 0.0) - x * t + np.log1p(np.exp(-np.abs(x)))).mean()
    return value, (sigmoid(x) - t) / x.size


def focal(x: Array, t: Array, gamma: float = 2.0) -> Any:
    side = np.where(t > 0.5, x, -x)
    p = sigmoid(side)
    entropy = np.logaddexp(0.0, -side)
    slope = -((1.0 - p) ** gamma) * (gamma * p * entropy + 1.0 - p)
    return ((1.0 - p) ** gamma * entropy).mean(), np.where(t > 0.5, slope, -slope) / x.size


def hinge(p: Array, t: Array, margin: float = 1.0) -> Any:
    gap = margin - t * p
    return np.maximum(gap, 0.0).mean(), np.where(gap > 0.0, -t, 0.0) / p.size


def gaussian_nll(p: Array, t: Array, var: Array) -> Any:
    error, scale = p - t, np.maximum(var, 1e-6)
    ratio = error / scale
    value = 0.5 * (np.log(scale) + error * ratio).mean()
    return value, (ratio / p.size, 0.5 / p.size * (1.0 / scale - ratio * ratio))


def l1(w: Array, strength: float = 1.0) -> Any:
    return strength * np.abs(w).sum(), strength * np.sign(w)


def l2(w: Array, strength: float = 1.0) -> Any:
    return strength * (w * w).sum(), 2.0 * strength * w


def elastic_net(w: Array, l1: float, l2: float) -> Any:
    return l1 * np.abs(w).sum() + l2 * (w * w).sum(), l1 * np.sign(w) + 2.0 * l2 * w


def cross_entropy(x: Array, labels: Array) -> Any:
    shifted = x - x.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    total = powers.sum(axis=1, keepdims=True)
    at, one = labels[:, None], np.array(1.0, x.dtype)
    value = (np.log(total) - np.take_along_axis(shifted, at, axis=1)).mean()
    gradient = powers / total
    np.put_along_axis(gradient, at, np.take_along_axis(gradient, at, axis=1) - one, axis=1)
    gradient /= labels.size
    return value, gradient


def nll(log_p: Array, labels: Array) -> Any:
    gradient = np.zeros_like(log_p)
    np.put_along_axis(gradient, labels[:, None], np.array(-1.0 / labels.size, log_p.dtype), axis=1)
    return -np.take_along_axis(log_p, labels[:, None], axis=1).mean(), gradient


def kl_div(x: Array, q: Array, from_logits: bool = False) -> Any:
    if not from_logits:
        return (q * (np.log(q) - x)).sum() / len(x), -q / len(x)
    shifted = x - x.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    total = powers.sum(axis=1, keepdims=True)
    value = (q * (np.log(q) - shifted + np.log(total))).sum() / len(x)
    return value, (powers / total * q.sum(axis=1, keepdims=True) - q) / len(x)


def dice(x: Array, t: Array, smooth: float = 1.0) -> Any:
    pixels = tuple(range(2, x.ndim))
    p = sigmoid(x)
    hit = 2.0 * (p * t).sum(axis=pixels, keepdims=True) + smooth
    size = (p + t).sum(axis=pixels, keepdims=True) + smooth
    return (1.0 - hit / size).mean(), (hit / size - 2.0 * t) / size * p * (1.0 - p) / hit.size


def contrastive(a: Array, b: Array, same: Array, margin: float = 1.0) -> Any:
    apart = a - b
    distance = np.sqrt((apart * apart).sum(axis=1))
    gap = np.maximum(margin - distance, 0.0)
    value = (same * distance * distance + (1.0 - same) * gap * gap).mean()
    slope = 2.0 * (same - (1.0 - same) * gap / distance) / len(a)
    gradient = slope[:, None] * apart
    return value, (gradient, -gradient)


def td_error(q: Array, action: Array, reward: Array, following: Array, done: Array, discount: float = 0.99) -> Any:
    rows = np.arange(len(q))
    error = q[rows, action] - (reward + discount * (1.0 - done) * following.max(axis=1))
    gradient = np.zeros_like(q)
    gradient[rows, action] = 2.0 / len(q) * error
    return (error * error).mean(), gradient


LINES: dict[str, Callable[..., Any]] = {
    line.__name__: line
    for line in (mse, mae, huber, quantile, log_cosh, bce, bce_with_logits, focal, hinge, gaussian_nll, l1, l2)
    + (elastic_net, cross_entropy, nll, kl_div, dice, contrastive, td_error)
}


def read(answer: Any) -> Answer:
    """Value and gradients as the contest compares them."""
    value, gradients = answer
    return float(value), gradients if isinstance(gradients, tuple) else (gradients,)


def prepare(name: str, case: Case, arrays: tuple[Array, ...], threads: int, sizes_vary: bool, mode: str) -> Peer:
    """The lines of a case, which compute its value and its gradient."""
    if case.loss not in LINES or case.own is not None or (len(case.shape) > 2 and case.loss != "dice"):
        raise NotCovered(f"no lines of NumPy for {case.loss}")
    if mode not in ("grad", "value_and_grad") or case.dtype not in ("float32", "float64"):
        raise NotCovered(f"no lines of NumPy for {mode} of {case.dtype}")
    line, options = LINES[case.loss], case.options
    return Peer(lambda: line(*arrays, **options), read)
