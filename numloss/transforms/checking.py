"""`check`: what a loss says of its slope and curvature, against differences of what it computes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..domains import REAL
from ..registry import Loss
from .derivatives import grad, unwrapped, value_grad_hess
from .points import points_of

Array = np.ndarray[Any, Any]
FAMILIES = ("elementwise", "rowwise")
# Where differences are taken, in steps; and how they make the derivative, to the fourth order, of whole and half steps.
PLACES = (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0)
WHOLE = (1.0 / 12.0, -8.0 / 12.0, 0.0, 0.0, 8.0 / 12.0, -1.0 / 12.0)
HALF = (0.0, 1.0 / 6.0, -8.0 / 6.0, 8.0 / 6.0, -1.0 / 6.0, 0.0)
STEP, NEAR = 1e-3, 1e-6
SHOWN = 3


@dataclass(frozen=True)
class Parting:
    """A point where a derivative is not what differences say."""

    of: str
    by: str
    index: tuple[int, ...]
    point: dict[str, Any]
    declared: float
    found: float

    @property
    def size(self) -> float:
        """How far it is off, in proportion; infinity if it is no number."""
        off = abs(self.declared - self.found) / (0.01 + abs(self.found))
        return off if off == off else float("inf")

    def __str__(self) -> str:
        point = ", ".join(f"{name} = {value:.6g}" for name, value in self.point.items())
        place = f"{self.by}[{', '.join(map(str, self.index))}]"
        return f"{self.of} by {place}, where {point}: declared {self.declared:.9g}, found {self.found:.9g}"


@dataclass
class Checked:
    """What `check` found. `tried` and `left_out` are numbers of derivatives for "slope" and "curvature": the latter are
    near kinks, or where the loss is not finite, so that differences say nothing. `parted` are the worst first."""

    name: str
    tried: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    parted: list[Parting] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether all derivatives that could be compared are right, and most could."""
        return not self.parted and all(2 * self.left_out[of] < count for of, count in self.tried.items())

    def __repr__(self) -> str:
        lines = [f"check of {self.name}: {'ok' if self.ok else 'NOT OK'}"]
        for of, count in self.tried.items():
            wrong = [parting for parting in self.parted if parting.of == of]
            out = f", {self.left_out[of]} left out where differences say nothing" if self.left_out[of] else ""
            lines.append(f"  {of}: {len(wrong)} of {count} wrong{out}")
            lines += [f"    {parting}" for parting in wrong[:SHOWN]]
        return "\n".join(lines)


def check(loss: Callable[..., Any], *inputs: Any, seed: int = 0, **options: Any) -> Checked:
    """Compare the slope and the curvature of a loss with differences, in float64.

    For a loss of elements or of rows, one of your own above all. Slopes are compared with differences of values,
    curvatures with differences of slopes: central ones of the fourth order, of two steps. Where these disagree with
    each other, as they do near a kink, they say nothing, and the point is left out.

    Parameters
    ----------
    loss : function
        A loss of numloss, one of `elementwise` or `rowwise`, or a ``functools.partial`` of one.
    *inputs : arrays, optional
        Where to compare; by default points all over the domains of the inputs are drawn.
    seed : int
        Of what is drawn.
    **options
        Those of the loss.

    Returns
    -------
    Checked
        Its ``ok`` is True if nothing parted; it prints where slopes or curvatures part: the point, what the loss
        declares and what was found. ``parted`` has all of these points, the worst first.

    Raises
    ------
    TypeError
        If the loss is neither of elements nor of rows.

    Examples
    --------
    >>> import numloss as nl
    >>> nl.check(nl.huber, delta=0.5).ok
    True
    >>> def _wrong(pred, target):
    ...     error = pred - target
    ...     return error * error, error, 1.0
    >>> print(nl.check(nl.elementwise(_wrong)), "...")  # doctest: +ELLIPSIS
    check of wrong: NOT OK
      slope: 1000 of 1000 wrong
        slope by pred[...], where pred = ..., target = ...: declared ..., found ...
    """
    record, first, fixed = unwrapped(loss)
    options = {**fixed, **options}
    if record.family not in FAMILIES:
        raise TypeError(f"check: {record.name} is a loss neither of elements nor of rows")
    arrays = tuple(np.asarray(value) for value in (*first, *inputs))
    if not arrays:
        arrays = points_of(record, {**record.defaults, **options}, np.random.default_rng(seed))
    arrays = tuple(a.astype(np.float64) if k in record.differentiable else a for k, a in enumerate(arrays))
    result = Checked(record.name)
    with np.errstate(all="ignore"):
        compare(record, arrays, {**options, "reduction": "none"}, result)
    result.parted.sort(key=lambda parting: -parting.size)
    return result


def compare(loss: Loss, arrays: tuple[Array, ...], options: dict[str, Any], result: Checked) -> None:
    """Every derivative of a loss by every input that has one."""
    declared = {"slope": as_tuple(grad(loss.function)(*arrays, **options))}
    if loss.curvature:
        declared["curvature"] = as_tuple(value_grad_hess(loss.function)(*arrays, **options)[2])
    for k, position in enumerate(loss.differentiable):
        for place in places(loss, arrays[position], options):

            def values(moved: tuple[Array, ...]) -> Array:
                return np.asarray(loss.function(*moved, **options))

            def slopes(moved: tuple[Array, ...], k: int = k, place: Any = place) -> Array:
                return np.asarray(as_tuple(grad(loss.function)(*moved, **options))[k][place])

            for of, function in (("slope", values), ("curvature", slopes)):
                if of in declared:
                    found = differences(loss, function, arrays, position, place)
                    note(loss, result, of, arrays, position, place, declared[of][k][place], *found)


def as_tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def places(loss: Loss, array: Array, options: dict[str, Any]) -> Iterator[Any]:
    """Which entries of an input can be moved at once, since each of them moves a value of its own."""
    if loss.family == "rowwise":
        axis = options.get("axis", 1) % array.ndim
        yield from ((*[slice(None)] * axis, j) for j in range(array.shape[axis]))
    elif loss.columns > 1:
        yield from ((..., j) for j in range(loss.columns))
    else:
        yield (...,)


def differences(
    loss: Loss, function: Callable[[tuple[Array, ...]], Array], arrays: tuple[Array, ...], position: int, place: Any
) -> tuple[Array, Array]:
    """A derivative by some entries of an input, and how much it may be off; NaN where it says nothing."""
    x = arrays[position][place]
    domain = loss.domains.get(loss.inputs[position], REAL)
    step = STEP * np.minimum(1.0, np.minimum(x - domain.low, domain.high - x) / 8.0)
    found = []
    for t in PLACES:
        moved = arrays[position].copy()
        moved[place] = x + t * step
        found.append(function((*arrays[:position], moved, *arrays[position + 1 :])))
    whole, half = (sum(w * f for w, f in zip(weights, found, strict=True)) / step for weights in (WHOLE, HALF))
    apart = np.abs(whole - half)
    rounding = 16.0 * np.finfo(np.float64).eps * np.max(np.abs(found), axis=0) / step
    trusted = apart <= NEAR * (1.0 + np.abs(half)) + rounding
    return np.where(trusted, half + (half - whole) / 15.0, np.nan), apart + rounding


def note(
    loss: Loss,
    result: Checked,
    of: str,
    arrays: tuple[Array, ...],
    position: int,
    place: Any,
    declared: Array,
    found: Array,
    off: Array,
) -> None:
    """Count derivatives, and keep those that are wrong."""
    known = np.isfinite(found)
    wrong = known & ~(np.abs(declared - found) <= NEAR * (0.01 + np.abs(found)) + off)
    result.tried[of] = result.tried.get(of, 0) + found.size
    result.left_out[of] = result.left_out.get(of, 0) + int(np.count_nonzero(~known))
    where = np.arange(arrays[position].size).reshape(arrays[position].shape)[place]
    for index in zip(*np.nonzero(wrong), strict=True):
        at = tuple(map(int, np.unravel_index(where[index], arrays[position].shape)))
        point = {name: number for name, a in zip(loss.inputs, arrays, strict=True) for number in beside(a, at)}
        parts = float(declared[index]), float(found[index])
        result.parted.append(Parting(of, loss.inputs[position], at, point, *parts))


def beside(array: Array, at: tuple[int, ...]) -> list[float]:
    """The number of an input at a place; none where it has another shape."""
    return [float(array[at])] if len(at) == array.ndim and all(map(int.__lt__, at, array.shape)) else []
