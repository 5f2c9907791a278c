"""The cross-entropy inside JAX: values, gradients and sentences, under jit, grad and vmap, next to JAX's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from doors import library

import numloss as nl

jax, door = library("jax")
jnp = jax.numpy
RNG = np.random.default_rng(5)


def scores(*shape: int) -> tuple[Any, Any]:
    """Logits with labels on axis 1."""
    labels = RNG.integers(0, shape[1], (shape[0], *shape[2:])).astype(np.int32)
    return jnp.asarray(RNG.normal(size=shape).astype(np.float32)), jnp.asarray(labels)


def plain(logits: Any, labels: Any) -> Any:
    """The losses one by one, in JAX's words."""
    return -jnp.take_along_axis(jax.nn.log_softmax(logits, axis=1), labels[:, None], axis=1)[:, 0]


@pytest.mark.parametrize("shape", [(9, 40), (3, 5, 4, 2), (40, 32000)], ids=str)
@pytest.mark.parametrize("jit", [jax.jit, lambda f: f], ids=["jit", "eager"])
def test_value_and_gradient_are_those_of_jax(shape: tuple[int, ...], jit: Any) -> None:
    logits, labels = scores(*shape)
    def quarter(x: Any, y: Any) -> Any:
        return 0.25 * door.cross_entropy(2.0 * x, y, reduction="sum")

    for ours, its in (
        (door.cross_entropy, lambda x, y: plain(x, y).mean()), (quarter, lambda x, y: 0.25 * plain(2.0 * x, y).sum()),
    ):  # fmt: skip
        value, gradient = jit(jax.value_and_grad(ours))(logits, labels)
        expected, slope = jax.value_and_grad(its)(logits, labels)
        assert value == pytest.approx(float(expected), rel=1e-5) and value == jit(ours)(logits, labels)
        np.testing.assert_allclose(gradient, slope, rtol=1e-4, atol=1e-7)
        assert value.dtype == gradient.dtype == np.float32


def test_values_one_by_one_are_pulled_back_with_any_sign() -> None:
    logits, labels = scores(12, 30)
    weight, factor = jnp.asarray(RNG.uniform(0, 2, 12).astype(np.float32)), jnp.asarray(RNG.normal(size=12))

    def ours(x: Any) -> Any:
        return (factor * door.cross_entropy(x, labels, weight=weight, reduction="none")).sum()

    value, gradient = jax.jit(jax.value_and_grad(ours))(logits)
    expected, slope = jax.value_and_grad(lambda x: (factor * weight * plain(x, labels)).sum())(logits)
    assert value == pytest.approx(float(expected), rel=1e-5)
    np.testing.assert_allclose(gradient, slope, rtol=1e-4, atol=1e-6)


def test_options_and_weights_are_those_of_numloss() -> None:
    logits, labels = scores(20, 7)
    weight = jnp.asarray(RNG.uniform(0, 2, 20).astype(np.float32))
    options = {"label_smoothing": 0.1, "z_loss": 1e-3, "ignore_index": 3}
    value, gradient = jax.jit(
        jax.value_and_grad(lambda x: door.cross_entropy(x, labels, weight=weight, **options))
    )(logits)
    arrays = map(np.asarray, (logits, labels))
    expected, slope = nl.value_and_grad(nl.cross_entropy)(*arrays, weight=np.asarray(weight), **options)
    assert value == np.float32(expected)
    np.testing.assert_array_equal(gradient, slope)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
@pytest.mark.parametrize("kind", ["int8", "uint32", "int64"])
def test_dtypes(dtype: str, kind: str) -> None:
    with jax.enable_x64(True):
        logits, labels = scores(6, 11)
        logits, labels = logits.astype(dtype), labels.astype(kind)
        value, gradient = jax.value_and_grad(door.cross_entropy)(logits, labels)
        expected, slope = jax.value_and_grad(lambda x: plain(x.astype("float64"), labels).mean())(logits)
        assert gradient.dtype == dtype and value.dtype == ("float64" if dtype == "float64" else "float32")
        tolerance = {"float16": 2e-3, "bfloat16": 1e-2, "float64": 1e-12}[dtype]
        assert value == pytest.approx(float(expected), rel=1e-5 if dtype != "float64" else 1e-12)
        pulled = jax.grad(lambda x: 0.5 * door.cross_entropy(x, labels, reduction="none").sum())(logits)
        np.testing.assert_allclose(pulled.astype("float64"), 3.0 * slope.astype("float64"), rtol=tolerance, atol=1e-5)
        np.testing.assert_allclose(gradient.astype("float64"), slope.astype("float64"), rtol=tolerance, atol=1e-6)


def test_batches_of_batches() -> None:
    logits, labels = scores(4, 9, 15)[0], jnp.asarray(RNG.integers(0, 15, (4, 9)))
    found = jax.vmap(jax.grad(door.cross_entropy))(logits, labels)
    expected = jnp.stack([jax.grad(door.cross_entropy)(*pair) for pair in zip(logits, labels, strict=True)])
    np.testing.assert_array_equal(found, expected)


def test_what_is_wrong_is_said() -> None:
    logits, labels = scores(8, 5)
    with pytest.raises(jax.errors.JaxRuntimeError, match=r"cross_entropy: target\[3\] = 5 is outside \[0, 5\)"):
        jax.block_until_ready(jax.jit(jax.grad(door.cross_entropy))(logits, labels.at[3].set(5)))
    with pytest.raises(TypeError, match="labels are integers, got float32"):
        door.cross_entropy(logits, logits)
    with pytest.raises(TypeError, match="class_weight must be a number here, got list"):
        door.cross_entropy(logits, labels, class_weight=[1.0] * 5)
    assert np.isfinite(door.cross_entropy(logits, labels))  # and all goes on


def test_a_gradient_that_is_not_there_is_not_zero() -> None:
    logits, labels = scores(8, 5)

    def weighed(x: Any, scale: Any, hold: Any) -> Any:
        return door.cross_entropy(x, labels, weight=hold(scale * jnp.ones(8)))

    with pytest.raises(TypeError, match="no gradient by its weight"):
        jax.jit(jax.grad(weighed, argnums=1), static_argnums=2)(logits, 2.0, lambda w: w)
    slopes = jax.jit(jax.grad(weighed, argnums=(0, 1)), static_argnums=2)(logits, 2.0, jax.lax.stop_gradient)
    np.testing.assert_allclose(slopes[0], jax.grad(door.cross_entropy)(logits, labels), rtol=1e-6)
    assert slopes[1] == 0.0
    unused = jax.grad(lambda x: (x * x + 0.0 * jax.lax.stop_gradient(door.cross_entropy(x, labels))).sum())(logits)
    np.testing.assert_allclose(unused, 2.0 * logits, rtol=1e-6)
    _, pull = jax.vjp(lambda x: (door.cross_entropy(x, labels), x.sum()), logits)
    np.testing.assert_array_equal(pull((jnp.zeros(()), jnp.ones(())))[0], jnp.ones_like(logits))
