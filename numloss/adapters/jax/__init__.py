"""The cross-entropy over many classes as a function of JAX's arrays on the CPU, under jit and grad.

    from numloss.adapters import jax as nj
    jax.jit(jax.value_and_grad(nj.cross_entropy))(logits, labels)

XLA calls it by its foreign function interface on the memory of its arrays. It is here since it is faster than what XLA
compiles, from some thousand classes on; JAX computes most other losses, small ones and matrix products as fast itself.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from ...common.extras import optional as _optional

_optional("jax", "jax", "numloss.adapters.jax")
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
from jax.custom_derivatives import SymbolicZero  # noqa: E402

from ...losses.classification.cross_entropy import cross_entropy as _cross_entropy  # noqa: E402
from ...transforms import value_and_grad, vjp  # noqa: E402
from .frames import Array, Run, target  # noqa: E402

__all__ = ["cross_entropy"]
Reduction = Literal["mean", "sum", "none"]
CALL: dict[str, Any] = {"vmap_method": "sequential"}
_loss: Any = _cross_entropy
_gradient: Any = value_and_grad(_loss)
_pullback: Any = vjp(_loss)


def cross_entropy(
    logits: Any, labels: Any, *, weight: Any = None, reduction: Reduction = "mean", **options: Any
) -> jax.Array:  # fmt: skip
    """The cross-entropy of logits and labels, differentiable by the logits.

    Parameters
    ----------
    logits : jax.Array
        (N, C), or (N, C, ...); float32, float16 or bfloat16, float64 where JAX has it.
    labels : jax.Array
        Integers in [0, C), (N,) or (N, ...).
    weight : jax.Array, optional
        A weight for each label, >= 0. There is no gradient by it.
    reduction : {"mean", "sum", "none"}
    **options
        Options of ``numloss.cross_entropy``, numbers that do not change from call to call: each set of them is a target
        of its own.

    Returns
    -------
    jax.Array
        A scalar, or with ``reduction="none"`` an array like the labels; float32 of numbers of 16 bits.

    Raises
    ------
    TypeError
        If the labels are no integers, an option is an array, or a gradient by the weight is asked for.
    jax.errors.JaxRuntimeError
        If a value is outside of what it may be, with the sentence of ``numloss.cross_entropy``.

    Notes
    -----
    With a reduced loss the gradient is computed in the pass of the value, if it is asked for. There are no second and
    no forward derivatives. ``jax.vmap`` computes one after the other.
    """
    logits, labels = jnp.asarray(logits), jnp.asarray(labels)
    if not jnp.issubdtype(labels.dtype, jnp.integer):
        raise TypeError(f"cross_entropy: labels are integers, got {labels.dtype}")
    for name, value in options.items():
        if not isinstance(value, (bool, int, float, str, type(None))):
            raise TypeError(f"cross_entropy: {name} must be a number here, got {type(value).__name__}")
    given = (logits, labels) if weight is None else (logits, labels, jnp.asarray(weight))
    found: jax.Array = _operator(reduction, tuple(sorted(options.items())))(*given)
    return found


@functools.cache
def _operator(reduction: Reduction, options: tuple[tuple[str, Any], ...]) -> Callable[..., jax.Array]:
    """A loss with its options as a function that XLA calls, with its pullback."""
    fixed: dict[str, Any] = {**dict(options), "reduction": reduction}

    def value(inputs: Sequence[Array], outputs: Sequence[Array]) -> None:
        outputs[0][...] = _loss(*inputs[:2], **_weight(inputs[2:]), **fixed)

    def both(inputs: Sequence[Array], outputs: Sequence[Array]) -> None:
        outputs[0][...], _ = _gradient(*inputs[:2], out=outputs[1], **_weight(inputs[2:]), **fixed)

    def pulled(inputs: Sequence[Array], outputs: Sequence[Array]) -> None:
        _pullback(*inputs[1:3], cotangent=inputs[0], out=outputs[0], **_weight(inputs[3:]), **fixed)

    by_value, by_both, by_pullback = _lazily(value), _lazily(both), _lazily(pulled)

    @jax.custom_vjp
    def operator(*given: jax.Array) -> jax.Array:
        found: jax.Array = jax.ffi.ffi_call(by_value(), _value_like(reduction, *given), **CALL)(*given)
        return found

    def forward(*told: Any) -> tuple[jax.Array, Any]:
        if any(each.perturbed for each in told[2:]):
            raise TypeError("cross_entropy has no gradient by its weight; jax.lax.stop_gradient(weight) asks for none")
        given = tuple(each.value for each in told)
        if reduction == "none":
            return operator(*given), given
        results = _value_like(reduction, *given), _like(given[0])
        found, gradient = jax.ffi.ffi_call(by_both(), results, **CALL)(*given)
        return found, (gradient, given[1:])

    def backward(kept: Any, cotangent: Any) -> tuple[Any, ...]:
        if isinstance(cotangent, SymbolicZero):
            cotangent = jnp.zeros(cotangent.shape, cotangent.dtype)
        if reduction == "none":
            gradient = jax.ffi.ffi_call(by_pullback(), _like(kept[0]), **CALL)(cotangent, *kept)
            return gradient, *(None for _ in kept[1:])
        gradient, others = kept
        return gradient * cotangent.astype(gradient.dtype), *(None for _ in others)

    operator.defvjp(forward, backward, symbolic_zeros=True)
    return operator


def _weight(given: Sequence[Array]) -> dict[str, Any]:
    return {"weight": given[0]} if given else {}


def _lazily(run: Run) -> Callable[[], str]:
    """The name of a target, which is made when it is first asked for."""
    return functools.cache(functools.partial(target, run))


def _like(array: jax.Array) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(array.shape, array.dtype)


def _value_like(reduction: Reduction, logits: jax.Array, labels: jax.Array, *weight: Any) -> jax.ShapeDtypeStruct:
    dtype = np.float32 if logits.dtype.itemsize == 2 else logits.dtype
    return jax.ShapeDtypeStruct(labels.shape if reduction == "none" else (), dtype)
