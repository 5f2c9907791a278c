"""Calls made of anything: a recipe is drawn, plain enough to print, and built as often as it is wanted."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from cases import arrays, option_values, record, required, shapes, weight
from compare import canonical_bytes

import numloss as nl

Array = np.ndarray[Any, Any]
# Takes one of several; Hypothesis or a generator of random numbers.
Choose = Callable[[Sequence[Any]], Any]
ALLOWED = (TypeError, ValueError, IndexError)
MOST = 1100

TRANSFORMS: dict[str, Callable[..., Any]] = {
    "value": lambda loss: loss,
    "grad": nl.grad,
    "value_and_grad": nl.value_and_grad,
    "hess": nl.value_grad_hess,
    "bound": partial(nl.value_grad_hess, curvature="bound"),
    "sum": nl.sum_and_weight,
    "sum and grad": lambda loss: nl.value_and_grad(nl.sum_and_weight(loss)),
}
REDUCTIONS = ("mean", "sum", "none", None, "average", "", 0, 3, ["mean"], np.ones(2))
# Of the wild ones most are drawn rarely: a call that is refused for its dtype shows nothing else.
DTYPES = ("int64", "int8", "uint8", "uint64", "bool", "float16", "longdouble", "complex64", "object", "U3", "M8[s]")
WEIGHTS = ("whole numbers", "negative", "NaN", "shorter", "spaced", "backward", "list")
POISON = (math.nan, math.inf, -math.inf, -1, 2, 5, -100, 2**40, 2**63, -(2**63), 1e300, 1e-320, 0.5, -0.0, 88.8, -1e4)
PLAIN = (None, math.nan, math.inf, -1, 0, 1, 0.5, 2.5, 1e308, True, "mean", "", (), [0.5], {}, 2**70, 1j, b"1", object)
ARRAYS = (np.float32(0.5), np.int8(1), np.bool_(True), np.array(0.5), np.ones(5), np.full(5, -1.0), np.ones((3, 5)))
WILD = (*PLAIN, *ARRAYS)


def spaced(array: Array) -> Array:
    """Every second entry of each axis of a larger array."""
    whole = np.zeros([2 * size for size in array.shape], array.dtype)
    view = whole[tuple(slice(None, None, 2) for _ in array.shape)]
    view[...] = array
    return view


def unaligned(array: Array) -> Array:
    if array.dtype.hasobject:
        return array
    raw = np.empty(array.nbytes + 1, np.uint8)
    view = raw[1:].view(array.dtype).reshape(array.shape)
    view[...] = array
    return view


def field(array: Array) -> Array:
    """A field of records, whose strides are no multiple of its items."""
    whole = np.zeros(array.shape, [("flag", np.uint8), ("x", array.dtype)])
    whole["x"] = array
    return whole["x"]


def frozen(array: Array) -> Array:
    array = array.copy()
    array.flags.writeable = False
    return array


def repeated(array: Array) -> Array:
    """The first entry of the first axis, again and again, without memory of its own."""
    return np.broadcast_to(array[:1], array.shape) if array.ndim and len(array) else array


LOOKS: dict[str, Callable[[Array], Any]] = {
    "plain": lambda a: a,
    "fortran": np.asfortranarray,
    "spaced": spaced,
    "backward": lambda a: np.ascontiguousarray(a[::-1])[::-1],
    "turned": lambda a: np.ascontiguousarray(a.swapaxes(0, -1)).swapaxes(0, -1),
    "view": lambda a: np.concatenate([a, a])[: len(a)],
    "swapped": lambda a: a.astype(a.dtype.newbyteorder()),
    "unaligned": unaligned,
    "field": field,
    "frozen": frozen,
    "repeated": repeated,
    "list": lambda a: a.tolist(),
    "subclass": lambda a: a.view(np.recarray),
    "masked": np.ma.masked_array,
    "shorter": lambda a: a[:-1],
    "deeper": lambda a: a[None],
    "longer": lambda a: np.concatenate([a, a]),
    "scalar": lambda a: a.ravel()[0] if a.size else a,
    "nothing": lambda a: None,
}


@dataclass(frozen=True)
class Recipe:
    """A call, in words."""

    case: str
    shape: tuple[int, ...]
    dtype: str
    transform: str
    dtypes: tuple[str | None, ...]
    looks: tuple[str, ...]
    poison: tuple[float | None, ...]
    weight: str
    options: tuple[tuple[str, Any], ...]
    reduction: Any
    out: str
    seed: int


def rarely(choose: Choose, usual: Any, unusual: Sequence[Any]) -> Any:
    """The usual, seven times of eight."""
    return choose(unusual) if choose(range(8)) == 7 else usual


def recipe(choose: Choose, case: str) -> Recipe:
    """Something to call a loss with."""
    loss = record(case)
    inputs = len(loss.inputs)
    transform = choose(list(TRANSFORMS))
    small = [shape for shape in shapes(case) if math.prod(shape) <= MOST]
    options = []
    for name in loss.defaults:
        if choose(range(4)) == 3:
            options.append((name, rarely(choose, choose(option_values(loss, name) or (loss.defaults[name],)), WILD)))
    if choose(range(40)) == 39:
        options.append(("gamma_ray", 1.0))
    return Recipe(
        case,
        choose(small),
        choose(("float32", "float64")),
        transform,
        tuple(rarely(choose, None, ("float32", "float64", *DTYPES)) for _ in range(inputs)),
        tuple(rarely(choose, "plain", list(LOOKS)) for _ in range(inputs)),
        tuple(rarely(choose, None, POISON) for _ in range(inputs)),
        rarely(choose, choose(("none", "none", "full", "sample")), WEIGHTS),
        tuple(options),
        rarely(choose, choose(REDUCTIONS[:3]), REDUCTIONS),
        rarely(choose, choose(("none", "right")) if transform != "value" else "none", list(OUTPUTS)),
        choose(range(100)),
    )


def material(drawn: Recipe) -> tuple[Any, ...]:
    """The inputs: their values, what poisons them, their dtype, their look."""
    given = []
    random = np.random.default_rng(drawn.seed)
    plain = arrays(drawn.case, drawn.shape, drawn.dtype, seed=drawn.seed)
    for array, dtype, look, poison in zip(plain, drawn.dtypes, drawn.looks, drawn.poison, strict=True):
        array = array.copy()
        with np.errstate(all="ignore"):
            if dtype is not None:
                array = array.astype(dtype)
            if poison is not None and array.size:
                with contextlib.suppress(OverflowError, ValueError, TypeError):
                    array[np.unravel_index(random.integers(array.size), array.shape)] = poison
        given.append(LOOKS[look](array) if array.ndim else array)
    return tuple(given)


def weights(drawn: Recipe) -> Any:
    """A weight, or what somebody may take for one."""
    kind = drawn.weight if drawn.weight in ("none", "full", "sample") else "sample"
    array = weight(drawn.case, drawn.shape, drawn.dtype, kind)
    if array is None:
        return None
    if drawn.weight == "whole numbers":
        return np.rint(array).astype(np.int16)
    if drawn.weight in ("negative", "NaN") and array.size:
        array[-1] = -1.0 if drawn.weight == "negative" else math.nan
    return LOOKS[drawn.weight](array) if drawn.weight in LOOKS else array


def window(like: Array) -> Array:
    """As many entries in less memory: each row begins one entry after the one before."""
    memory = np.zeros(2 * like.size + 1, like.dtype)
    steps = [memory.itemsize * (1 if k == 0 or k == like.ndim - 1 else 2) for k in range(like.ndim)]
    return np.lib.stride_tricks.as_strided(memory, like.shape, steps)


class Margin:
    """An array inside a larger one, to see that nothing beside it is written."""

    def __init__(self, like: Array) -> None:
        self.whole = np.full(like.size + 64, 7.0, like.dtype)
        self.array = self.whole[32 : 32 + like.size].reshape(like.shape)

    def intact(self) -> bool:
        return bool(np.all(self.whole[:32] == 7.0) and np.all(self.whole[32 + self.array.size :] == 7.0))


def real(like: Any) -> Array:
    """An array to start from, whatever was given as the prediction."""
    array = np.asarray(like)
    return array if array.dtype.kind == "f" else np.zeros(array.shape)


OUTPUTS: dict[str, Callable[[Array, tuple[Any, ...]], Any]] = {
    "right": lambda like, given: np.full(like.shape, np.nan, like.dtype.newbyteorder("=")),
    "margin": lambda like, given: Margin(like),
    "fortran": lambda like, given: np.asfortranarray(np.full(like.shape, np.nan, like.dtype)),
    "spaced": lambda like, given: spaced(np.full(like.shape, np.nan, like.dtype)),
    "turned": lambda like, given: LOOKS["turned"](np.atleast_1d(np.full(like.shape, np.nan, like.dtype))),
    "the prediction": lambda like, given: given[0],
    "the last input": lambda like, given: given[-1],
    "a view": lambda like, given: like[:],
    "upside down": lambda like, given: like[::-1],
    "moved by one": lambda like, given: like.ravel()[1:],
    "window": lambda like, given: window(like),
    "frozen": lambda like, given: frozen(like),
    "repeated": lambda like, given: repeated(like),
    "shorter": lambda like, given: np.empty_like(like[:-1]),
    "wider": lambda like, given: np.empty(like.shape, np.longdouble),
    "swapped": lambda like, given: np.empty(like.shape, like.dtype.newbyteorder()),
    "list": lambda like, given: like.tolist(),
    "empty": lambda like, given: (),
}


def outputs(drawn: Recipe, given: tuple[Any, ...]) -> Any:
    """What to write to: for the transform, or as one array for all."""
    if drawn.out == "none":
        return None
    loss = record(drawn.case)
    made = [OUTPUTS[drawn.out](np.atleast_1d(real(given[k])), given) for k in loss.differentiable]
    slopes = made[0] if len(made) == 1 else tuple(made)
    if drawn.transform in ("hess", "bound"):
        again = [OUTPUTS[drawn.out](np.atleast_1d(real(given[k])), given) for k in loss.differentiable]
        return slopes, again[0] if len(again) == 1 else tuple(again)
    return slopes


def leaves(value: Any) -> list[Any]:
    return [leaf for part in value for leaf in leaves(part)] if isinstance(value, tuple) else [value]


def unwrapped(value: Any) -> Any:
    """The arrays of margins."""
    if isinstance(value, tuple):
        return tuple(unwrapped(part) for part in value)
    return value.array if isinstance(value, Margin) else value


def outcome(drawn: Recipe, backend: str) -> Any:
    """What a call comes to: its bits, or its exception in words. Fails if that or anything else is out of order."""
    loss = record(drawn.case)
    given, out = material(drawn), None
    out = outputs(drawn, given)
    options = {**required(drawn.case), **dict(drawn.options), "reduction": drawn.reduction, "backend": backend}
    options |= {"weight": w} if (w := weights(drawn)) is not None else {}
    options |= {"out": unwrapped(out)} if out is not None else {}
    written = [array for array in leaves(unwrapped(out)) if isinstance(array, np.ndarray)]
    watched = [
        (array, array.tobytes())
        for array in (*given, w)
        if isinstance(array, np.ndarray) and not any(np.may_share_memory(array, other) for other in written)
    ]
    try:
        answer = TRANSFORMS[drawn.transform](loss.function)(*given, **options)
    except ALLOWED as error:
        result: Any = type(error).__name__, str(error)
        assert str(error).startswith(loss.name), f"{error!r} does not say of which loss"
    else:
        found = leaves(answer)
        result = [(a.dtype.str, a.shape, canonical_bytes(a)) for a in map(np.asarray, found)]
        assert all(type(leaf) in (float, np.ndarray) or any(leaf is place for place in written) for leaf in found)
    assert all(array.tobytes() == before for array, before in watched), "an input was written to"
    assert all(margin.intact() for margin in leaves(out) if isinstance(margin, Margin)), "written beside out"
    return result
