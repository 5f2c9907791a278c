"""JAX on the CPU: jit of value_and_grad, waited for."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...backends.threads import affinity
from ...common.halves import is_bfloat16
from ..cases import Case
from . import Answer, Array, NotAvailable, NotCovered, Peer


def bce_with_logits(x: Any, t: Any) -> Any:
    return (jnp.maximum(x, 0.0) - x * t + jnp.log1p(jnp.exp(-jnp.abs(x)))).mean()


def focal(x: Any, t: Any) -> Any:
    p = jax.nn.sigmoid(x)
    entropy = jax.nn.softplus(x) - x * t
    return (entropy * (1.0 - (p * t + (1.0 - p) * (1.0 - t))) ** 2).mean()


def huber(p: Any, t: Any) -> Any:
    size = jnp.abs(p - t)
    return jnp.where(size <= 1.0, 0.5 * size * size, size - 0.5).mean()


def quantile(p: Any, t: Any, q: float = 0.5) -> Any:
    error = t - p
    return jnp.maximum(q * error, (q - 1.0) * error).mean()


def log_cosh(p: Any, t: Any) -> Any:
    error = p - t
    return (error + jax.nn.softplus(-2.0 * error) - 0.6931471805599453).mean()


def gaussian_nll(p: Any, t: Any, var: Any) -> Any:
    scale = jnp.maximum(var, 1e-6)
    return 0.5 * (jnp.log(scale) + (p - t) ** 2 / scale).mean()


def nll(log_p: Any, labels: Any) -> Any:
    return -jnp.take_along_axis(log_p, labels[:, None], axis=1).mean()


def cross_entropy(x: Any, labels: Any) -> Any:
    return nll(jax.nn.log_softmax(x, axis=1), labels)


def kl_div(x: Any, q: Any, from_logits: bool = False) -> Any:
    log_p = jax.nn.log_softmax(x, axis=1) if from_logits else x
    return (q * (jnp.log(q) - log_p)).sum() / len(x)


def dice(x: Any, t: Any) -> Any:
    p, pixels = jax.nn.sigmoid(x), tuple(range(2, x.ndim))
    return (1.0 - (2.0 * (p * t).sum(pixels) + 1.0) / ((p + t).sum(pixels) + 1.0)).mean()


def contrastive(a: Any, b: Any, same: Any) -> Any:
    squared = ((a - b) ** 2).sum(1)
    gap = jax.nn.relu(1.0 - jnp.sqrt(squared))
    return (same * squared + (1.0 - same) * gap * gap).mean()


def td_error(q: Any, action: Any, reward: Any, following: Any, done: Any) -> Any:
    aim = reward + 0.99 * (1.0 - done) * following.max(1)
    return ((jnp.take_along_axis(q, action[:, None], axis=1)[:, 0] - aim) ** 2).mean()


FORWARD: dict[str, Callable[..., Any]] = {
    "mse": lambda p, t: ((p - t) ** 2).mean(),
    "mae": lambda p, t: jnp.abs(p - t).mean(),
    "huber": huber,
    "quantile": quantile,
    "log_cosh": log_cosh,
    "bce": lambda p, t: -(t * jnp.log(p) + (1.0 - t) * jnp.log1p(-p)).mean(),
    "bce_with_logits": bce_with_logits,
    "focal": focal,
    "hinge": lambda p, t: jax.nn.relu(1.0 - t * p).mean(),
    "gaussian_nll": gaussian_nll,
    "l1": lambda w: jnp.abs(w).sum(),
    "l2": lambda w: (w * w).sum(),
    "elastic_net": lambda w, l1, l2: l1 * jnp.abs(w).sum() + l2 * (w * w).sum(),
    "cross_entropy": cross_entropy,
    "nll": nll,
    "kl_div": kl_div,
    "dice": dice,
    "contrastive": contrastive,
    "td_error": td_error,
}


@functools.cache
def transformed(
    loss: str, options: tuple[tuple[str, Any], ...], differentiable: tuple[int, ...], mode: str
) -> Callable[..., Any]:
    """One jitted function a loss and mode: it recompiles by itself for each shape."""
    forward = functools.partial(FORWARD[loss], **dict(options))
    return jax.jit(forward if mode == "value" else getattr(jax, mode)(forward, argnums=differentiable))


def prepare(name: str, case: Case, arrays: tuple[Array, ...], threads: int, sizes_vary: bool, mode: str) -> Peer:
    """A jitted case, compiled; its threads are those of the cores that the process may use."""
    if case.loss not in FORWARD or mode == "value_grad_hess":
        raise NotCovered(f"no lines of JAX for {mode} of {case.loss}")
    if threads != len(affinity()):
        raise NotAvailable(f"{name}: it uses all cores of the process")
    # float64 cases need it; float32 arrays and labels keep their dtypes either way
    jax.config.update("jax_enable_x64", True)
    function = transformed(case.loss, tuple(case.options.items()), case.record.differentiable, mode)
    device = [jnp.asarray(array.view(jnp.bfloat16) if is_bfloat16(array.dtype) else array) for array in arrays]
    jax.block_until_ready(function(*device))

    def read(answer: Any) -> Answer:
        value, gradients = {"value": (answer, ()), "grad": (None, answer)}.get(mode, answer)
        return None if value is None else float(value), tuple(np.asarray(gradient) for gradient in gradients)

    return Peer(lambda: jax.block_until_ready(function(*device)), read)
