"""Weighted sums of losses that are losses themselves."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Unpack, cast

from .. import dispatch
from ..calls.checks import split_options
from ..calls.request import Request
from ..declare.families import Options, written_out
from ..registry import Loss
from ..typing import Array, Result
from .derivatives import unwrapped

Part = tuple[float, Loss, dict[str, Any]]


class Combined:
    """The parts of a combination; stands in a Loss where others have a law."""

    def __init__(self, parts: list[Part]) -> None:
        self.parts = parts

    def compute(self, request: Request) -> Any:
        """Each part in one pass of its own, added up in the order in which they were given.

        A part with a factor of 0 is left out: it may be infinite. Only the last part writes to `out`, which may be the
        prediction that the others still read. Gradients of numbers of 16 bits are added up in float32.
        """
        mode, pair = request.mode, request.pair
        wide = dispatch.choose(request).widened(request) if mode else None
        if wide is not None:
            return wide.answered(self.compute(wide.request))
        total: Any = None
        parts = [part for part in self.parts if part[0] > 0.0] or self.parts[-1:]
        for k, (factor, part, fixed) in enumerate(parts):
            given = {**fixed, **request.options}
            if k < len(parts) - 1:
                given.pop("out", None)
            if request.signed or request.pull != 1.0 or request.vector is not None:
                split_options(part, request.arguments, dict(fixed))
                answer = dispatch.answered(replace(request, loss=part, options=given))
            else:
                answer = dispatch.evaluate(part, mode, request.arguments, given, pair, request.argnums, request.policy)
            new = scaled(factor, answer if mode else (answer,), pair)
            total = new if total is None else added(new, total, pair)
        return total if mode else total[0]


def scaled(factor: float, answer: Any, pair: bool) -> tuple[Any, ...]:
    """factor times a part's answer, in place where it is an array."""
    value, *arrays = answer
    value = (times(value[0], factor), value[1]) if pair else times(value, factor)
    return value, *(times(array, factor) for array in arrays)


def times(value: Any, factor: float) -> Any:
    """A number or an array times a number, of which 0 makes 0 of anything; arrays in place, tuples one by one."""
    if isinstance(value, tuple):
        return tuple(times(v, factor) for v in value)
    if isinstance(value, (int, float)):
        return factor * value if factor else 0.0
    if factor:
        value *= factor
    else:
        value[...] = 0.0
    return value


def added(new: tuple[Any, ...], total: tuple[Any, ...], pair: bool) -> tuple[Any, ...]:
    """The sum of two answers, in the arrays of the new one."""
    first: Any
    if pair:
        if total[0][1] != new[0][1]:
            raise ValueError("combine: the parts count with different weights, so their sums have no common mean")
        first = (total[0][0] + new[0][0], new[0][1])
    else:
        first = plus(new[0], total[0])
    return first, *(plus(a, b) for a, b in zip(new[1:], total[1:], strict=True))


def plus(a: Any, b: Any) -> Any:
    """Sum of two numbers or arrays; arrays in place, tuples one by one."""
    if isinstance(a, tuple):
        return tuple(plus(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, (int, float)):
        return a + b
    if a.shape != b.shape:
        raise ValueError(f"combine: the unreduced losses of the parts have shapes {a.shape} and {b.shape}")
    a += b
    return a


def checked(position: int, item: Any) -> Part:
    """One (factor, loss) pair."""
    if not isinstance(item, tuple) or len(item) != 2:
        raise TypeError(f"combine: part {position} must be a pair (factor, loss), got {type(item).__name__}")
    factor, function = item
    if isinstance(factor, bool) or not isinstance(factor, (int, float)) or not math.isfinite(factor) or factor < 0:
        raise ValueError(f"combine: the factor of part {position} must be a finite number >= 0, got {factor!r}")
    loss, arguments, options = unwrapped(function)
    if arguments:
        raise TypeError(f"combine: part {position} fixes arrays; only options may be fixed")
    return float(factor), loss, options


def combine(*parts: tuple[float, Callable[..., Result]]) -> Callable[..., Result]:
    """A weighted sum of losses of the same inputs, which is a loss like any other.

    Parameters
    ----------
    *parts : pairs (factor, loss)
        Factors >= 0; losses of numloss or ``functools.partial`` of them with options fixed. A loss with a factor of 0
        is not computed.

    Returns
    -------
    loss
        ``loss(pred, target, *, weight=None, reduction="mean", out=None, backend=None)``; the transforms take it.
        A mean is the sum of the parts' means, each over what counts there.

    Raises
    ------
    TypeError, ValueError
        If a part is not a pair of a factor >= 0 and a loss, or the losses have different inputs.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> both = nl.combine((0.5, nl.mse), (2.0, nl.mae))
    >>> both(np.array([3.0]), np.array([1.0]))
    6.0
    >>> nl.value_and_grad(both)(np.array([3.0]), np.array([1.0]))
    (6.0, array([4.]))
    """
    checks = [checked(k, item) for k, item in enumerate(parts)]
    if not checks:
        raise TypeError("combine: give at least one pair (factor, loss)")
    first = checks[0][1]
    for _, loss, _ in checks:
        if (len(loss.inputs), loss.differentiable) != (len(first.inputs), first.differentiable):
            raise TypeError(
                f"combine: {first.name} takes {', '.join(first.inputs)} and {loss.name} takes "
                f"{', '.join(loss.inputs)}; the parts must have the same inputs"
            )
    return combination(parts, checks)


class Combination:
    """The public function of a combination; an object, so that it can be pickled by what it was made of."""

    def __init__(self, given: tuple[Any, ...], loss: Loss) -> None:
        self.given, self.__loss__ = given, loss
        self.__wrapped__ = loss.declaration
        self.__name__ = self.__qualname__ = loss.name
        self.__doc__ = loss.declaration.__doc__
        self.__signature__ = written_out(loss)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return dispatch.evaluate(self.__loss__, 0, arguments, options)

    def __reduce__(self) -> Any:
        return combine, self.given

    def __repr__(self) -> str:
        return f"numloss.{self.__name__}"


def combination(given: tuple[Any, ...], parts: list[Part]) -> Callable[..., Result]:
    """The public function of checked parts."""
    first = parts[0][1]

    def declaration(pred: Array, target: Array, **options: Any) -> Result:
        """A weighted sum of losses."""

    name = " + ".join(f"{factor:g} {loss.name}" for factor, loss, _ in parts)
    declaration.__name__ = declaration.__qualname__ = f"combine({name})"
    kinds = [inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD) for n in first.inputs]
    rest = inspect.Parameter("options", inspect.Parameter.VAR_KEYWORD, annotation=Unpack[Options])
    declaration.__signature__ = inspect.Signature([*kinds, rest])  # type: ignore[attr-defined]
    loss = Loss(
        declaration.__name__,
        "combined",
        cast(Any, Combined(parts)),
        declaration,
        first.inputs,
        {},
        {},
        differentiable=first.differentiable,
        curvature=all(part.curvature for _, part, _ in parts),
        convex=all(part.convex for _, part, _ in parts),
        adds_up="rows" if all(part.adds_up == "rows" for _, part, _ in parts) else "no",
        weighted=all(part.weighted for _, part, _ in parts),
        reduction=first.reduction,
        task="yours",
    )
    loss.function = Combination(given, loss)
    return loss.function
