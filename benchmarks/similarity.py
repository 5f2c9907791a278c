"""Losses of all pairs of a batch against their products of matrices, and against others with all cosines in memory.

    python benchmarks/similarity.py [--loss info_nce] [--rows 4096] [--features 256] [--turns 9] [--memory] [--save]

Value and gradients, float32. The contestants take turns; medians count. The floor is three products of matrices alone,
by NumPy's BLAS, with all cosines in memory. --memory tells the most memory that a process takes beyond its inputs and
results. --save writes to results/.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from head import most_memory
from session import keep

import numloss as nl
from numloss.bench import environment
from numloss.bench.contest import Call, medians

TEMPERATURE = 0.1


def arrays(rows: int, features: int) -> tuple[Any, Any]:
    """Pairs of vectors, nearer to each other than to others."""
    random = np.random.default_rng(20260101)
    first = random.standard_normal((rows, features), np.float32)
    return first, first + random.standard_normal((rows, features), np.float32)


def in_numloss(loss: str, first: Any, second: Any) -> Call:
    """numloss, gradients written to memory that is reused."""
    out = np.empty_like(first), np.empty_like(second)
    step = nl.value_and_grad(getattr(nl, loss))
    return lambda: step(first, second, temperature=TEMPERATURE, out=out)


def products(loss: str, first: Any, second: Any) -> Call:
    """The three products, of cosines that are not looked at."""
    if loss == "nt_xent":
        first = second = np.concatenate([first, second])
    cosines = np.empty((len(first), len(second)), np.float32)
    out = np.empty_like(first), np.empty_like(second)

    def run() -> None:
        np.matmul(first, second.T, out=cosines)
        np.matmul(cosines, second, out=out[0])
        np.matmul(cosines.T, first, out=out[1])

    return run


def torch_loss(loss: str) -> Callable[..., Any]:
    """How the loss is usually written in torch."""
    import torch

    def info_nce(first: Any, second: Any, labels: Any) -> Any:
        first, second = (torch.nn.functional.normalize(x, dim=1) for x in (first, second))
        return torch.nn.functional.cross_entropy(first @ second.T / TEMPERATURE, labels)

    def nt_xent(first: Any, second: Any, labels: Any) -> Any:
        views = torch.nn.functional.normalize(torch.cat([first, second]), dim=1)
        scores = (views @ views.T / TEMPERATURE).fill_diagonal_(-math.inf)
        return torch.nn.functional.cross_entropy(scores, torch.cat([labels + len(labels), labels]))

    def siglip(first: Any, second: Any, labels: Any) -> Any:
        first, second = (torch.nn.functional.normalize(x, dim=1) for x in (first, second))
        signs = 2.0 * torch.eye(len(labels)) - 1.0
        return -torch.nn.functional.logsigmoid(signs * (first @ second.T / TEMPERATURE - 10.0)).sum() / len(labels)

    return {"info_nce": info_nce, "nt_xent": nt_xent, "siglip": siglip}[loss]


def in_torch(loss: str, first: Any, second: Any, compiled: bool = False) -> Call:
    """torch eager or torch.compile."""
    import torch

    x, y = (torch.from_numpy(a).requires_grad_() for a in (first, second))
    labels = torch.arange(len(first))
    function = torch_loss(loss)
    if compiled:
        function = torch.compile(function)

    def run() -> Any:
        x.grad = y.grad = None
        value = function(x, y, labels)
        value.backward()
        return float(value.detach()), (x.grad.numpy(), y.grad.numpy())

    return run


def in_jax(loss: str, first: Any, second: Any) -> Call:
    """jax.jit; optax has an ntxent, too, which holds D numbers for each pair."""
    import jax
    import optax
    from jax import numpy as jnp

    def info_nce(first: Any, second: Any) -> Any:
        first, second = (x / jnp.linalg.norm(x, axis=1, keepdims=True) for x in (first, second))
        scores = first @ second.T / TEMPERATURE
        return optax.losses.softmax_cross_entropy_with_integer_labels(scores, jnp.arange(len(scores))).mean()

    def nt_xent(first: Any, second: Any) -> Any:
        views = jnp.concatenate([first, second])
        views = views / jnp.linalg.norm(views, axis=1, keepdims=True)
        scores = jnp.fill_diagonal(views @ views.T / TEMPERATURE, -jnp.inf, inplace=False)
        labels = jnp.roll(jnp.arange(len(views)), len(first))
        return optax.losses.softmax_cross_entropy_with_integer_labels(scores, labels).mean()

    def siglip(first: Any, second: Any) -> Any:
        first, second = (x / jnp.linalg.norm(x, axis=1, keepdims=True) for x in (first, second))
        signs = 2.0 * jnp.eye(len(first)) - 1.0
        return -jax.nn.log_sigmoid(signs * (first @ second.T / TEMPERATURE - 10.0)).sum() / len(first)

    function = {"info_nce": info_nce, "nt_xent": nt_xent, "siglip": siglip}[loss]
    step = jax.jit(jax.value_and_grad(function, argnums=(0, 1)))
    given = jnp.asarray(first), jnp.asarray(second)
    return lambda: jax.block_until_ready(step(*given))


CONTESTANTS: dict[str, Callable[..., Call]] = {
    "numloss": in_numloss,
    "three products": products,
    "torch": in_torch,
    "torch.compile": lambda *given: in_torch(*given, compiled=True),
    "jax.jit": in_jax,
}


def check(calls: dict[str, Call]) -> None:
    """Raise unless all agree to what float32 allows."""
    value, slopes = calls["numloss"]()
    for name, call in calls.items():
        if name in ("numloss", "three products"):
            continue
        other, others = call()
        np.testing.assert_allclose(value, other, rtol=1e-4, err_msg=name)
        for slope, right in zip(slopes, others, strict=True):
            assert np.abs(slope - right).max() <= 1e-3 * np.abs(right).max(), name


def main() -> None:
    """Print the comparison, and keep it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loss", default="info_nce", choices=("info_nce", "nt_xent", "siglip"))
    for name, default in (("rows", 4096), ("features", 256), ("turns", 9)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--alone", action="store_true", help="numloss without the others, whose cosines do not fit")
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    sizes = options.rows, options.features
    given = arrays(*sizes)
    names = ["numloss"] if options.alone else [*CONTESTANTS]
    calls = {name: CONTESTANTS[name](options.loss, *given) for name in names}
    check(calls)
    took = medians(calls, options.turns)
    found: dict[str, Any] = {**environment.describe(), "loss": options.loss, "sizes": sizes, "median_ms": took}
    for name, each in took.items():
        print(f"{name:<16}{each:10.1f} ms{each / took['numloss']:8.2f} x numloss")
    if options.memory:
        del calls, given
        found["beyond_mib"] = most_memory("similarity", "numloss", sizes, options.loss)
        print(f"{found['beyond_mib']:.0f} MiB beyond inputs and results")
    if options.save:
        keep(found, f"{options.loss}-{'x'.join(map(str, sizes))}")


if __name__ == "__main__":
    main()
