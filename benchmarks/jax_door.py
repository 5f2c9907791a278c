"""Losses through the door to JAX: value and gradient against what jax.jit makes of JAX's own words.

    python benchmarks/jax_door.py [--turns 9] [--avx2] [--save]

Float32, the contestants take turns in one process; medians count. `numloss` is the cross-entropy of
numloss.adapters.jax, and linear_cross_entropy called in the same way, which the adapter does not have: its products of
matrices are as fast as JAX's. `callback` is jax.pure_callback, which copies every array. --avx2 keeps both libraries to
AVX2. --save writes to results/.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from session import keep

import numloss as nl
from numloss.adapters import jax as nj
from numloss.adapters.jax.frames import target
from numloss.bench import environment
from numloss.bench.contest import Call, medians

Like = jax.ShapeDtypeStruct
CROSS_ENTROPY = ((4096, 1000), (512, 32000), (128, 128000))
HEAD = (512, 256, 32000)


def plain(logits: Any, labels: Any) -> Any:
    """The cross-entropy in JAX's words."""
    return -jnp.take_along_axis(jax.nn.log_softmax(logits, axis=1), labels[:, None], axis=1).mean()


def plain_head(hidden: Any, classifier: Any, labels: Any) -> Any:
    """The last layer and its loss."""
    return plain(hidden @ classifier.T, labels)


def pulled(compute: Callable[..., tuple[Any, ...]]) -> Callable[..., Any]:
    """A loss of a function that gives its value, and then the gradients of all inputs but the last."""

    @jax.custom_vjp
    def loss(*given: Any) -> Any:
        return compute(*given)[0]

    def forward(*given: Any) -> Any:
        value, *gradients = compute(*given)
        return value, gradients

    def backward(gradients: Any, cotangent: Any) -> Any:
        return *(gradient * cotangent for gradient in gradients), None

    loss.defvjp(forward, backward)
    return loss


def results_of(given: Sequence[Any]) -> tuple[Any, ...]:
    """What a value and gradients of all inputs but the last look like."""
    return Like((), np.float32), *(Like(each.shape, each.dtype) for each in given[:-1])


def by_callback(logits: Any, labels: Any) -> Any:
    """The cross-entropy of numloss by a callback to NumPy."""

    def call(x: Any, y: Any) -> Any:
        value, gradient = nl.value_and_grad(nl.cross_entropy)(np.asarray(x), np.asarray(y))
        return np.float32(value), gradient

    return jax.pure_callback(call, results_of((logits, labels)), logits, labels)


def head_of(frame: str) -> Callable[..., Any]:
    """linear_cross_entropy on the memory of JAX's arrays."""

    def compute(*given: Any) -> Any:
        return jax.ffi.ffi_call(frame, results_of(given))(*given)

    return compute


def _head(inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
    outputs[0][...], _ = nl.value_and_grad(nl.linear_cross_entropy)(*inputs, out=tuple(outputs[1:]))


def contestants(losses: dict[str, Any], arrays: tuple[Any, ...]) -> dict[str, Call]:
    """All of them compiled, with the gradients of all inputs but the last, whose answers agree."""
    given = tuple(map(jnp.asarray, arrays))
    wanted = tuple(range(len(given) - 1))

    def call(loss: Any) -> Call:
        compiled = jax.jit(jax.value_and_grad(loss, argnums=wanted))
        return lambda: jax.block_until_ready(compiled(*given))

    calls = {name: call(loss) for name, loss in losses.items()}
    expected = jax.tree.leaves(calls["jax.jit"]())
    for run in calls.values():
        for found, right in zip(jax.tree.leaves(run()), expected, strict=True):
            np.testing.assert_allclose(found, right, rtol=1e-3, atol=1e-6)
    return calls


def cases() -> Iterator[tuple[str, dict[str, Call]]]:
    """What is measured, made when its turn comes."""
    draw = np.random.default_rng(20260101)
    for shape in CROSS_ENTROPY:
        arrays = 4.0 * draw.normal(size=shape).astype(np.float32), draw.integers(0, shape[1], shape[0])
        losses = {"numloss": nj.cross_entropy, "jax.jit": plain, "callback": pulled(by_callback)}
        yield f"cross_entropy {shape}", contestants(losses, arrays)
    rows, inner, classes = HEAD
    hidden, classifier = draw.normal(size=(rows, inner)), draw.normal(size=(classes, inner)) / np.sqrt(inner)
    arrays = hidden.astype(np.float32), classifier.astype(np.float32), draw.integers(0, classes, rows)
    losses = {"numloss": pulled(head_of(target(_head))), "jax.jit": plain_head}
    yield f"linear_cross_entropy {HEAD}", contestants(losses, arrays)


def main() -> None:
    """Print the comparison, and keep it if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--avx2", action="store_true")
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    if options.avx2:
        environment.as_avx2()
    found: dict[str, Any] = {**environment.describe(), "median_ms": {}}
    for name, calls in cases():
        took = found["median_ms"][name] = medians(calls, options.turns)
        print(f"{name:<42}" + "".join(f"{who} {each:8.2f} ms  " for who, each in took.items()), end="")
        print(f"{took['jax.jit'] / took['numloss']:.2f} x jax.jit", flush=True)
    if options.save:
        keep(found, "jax_door")


if __name__ == "__main__":
    main()
