"""Valid arguments for every loss, drawn from the domains in its record.

A problem is described by the shape of the unreduced loss; each family knows the shapes of its inputs.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from seeds import generator

from numloss.domains import REAL, Domain
from numloss.registry import LOSSES, Loss

Shape = tuple[int, ...]
Arrays = tuple[np.ndarray[Any, Any], ...]
Random = np.random.Generator

NAMES = sorted(LOSSES)
DTYPES = ("float32", "float64")
REDUCTIONS = ("mean", "sum", "none")
CLASSES = 5
# Values of an option inside a domain, most ordinary first; what a domain does not contain is left out.
OPTION_VALUES = (0.25, 0.0, 0.1, 2.5, 1.0)


def draw(domain: Domain, shape: Shape, random: Random, ends: bool = True) -> np.ndarray[Any, Any]:
    """float64 values of a domain: all over it, every closed end that a float32 has among them unless `ends` is off."""
    if domain.integers:
        return random.integers(int(domain.low), int(domain.high) + 1, shape).astype(np.float64)
    if domain.high - domain.low <= 2.0:
        values = random.uniform(domain.low + 0.02, domain.high - 0.02, shape)
    elif domain.low >= 0.0:
        values = random.gamma(2.0, 1.0, shape) + 0.02
    else:
        values = random.normal(0.0, 3.0, shape)
    if ends:
        closed = [end for end in (domain.low, domain.high) if end in (-1.0, 0.0, 0.5, 1.0)]
        if closed:
            at_end = random.random(shape) < 0.1
            values = np.where(at_end, random.choice(closed, shape), values)
    return np.asarray(values)


def elementwise(loss: Loss, shape: Shape, random: Random, ends: bool) -> Arrays:
    """Every input has the shape of the loss; a prediction stays off the ends of its domain, where values are infinite."""
    domains = [loss.domains.get(name, REAL) for name in loss.inputs]
    return tuple(draw(d, shape, random, ends and k > 0) for k, d in enumerate(domains))


FAMILIES: dict[str, Callable[[Loss, Shape, Random, bool], Arrays]] = {"elementwise": elementwise}
# Shapes of the unreduced loss: around the edges of tiles (512) and blocks (16384), primes, several axes.
SIZES: tuple[Shape, ...] = ((0,), (1,), (7,), (511,), (512,), (513,), (16383,), (16384,), (16385,), (65599,))
SHAPES: dict[str, tuple[Shape, ...]] = {"elementwise": (*SIZES, (4, 5), (0, 3), (5, 7, 11))}


def arrays(name: str, shape: Shape, dtype: str, *, ends: bool = True, seed: object = 0) -> Arrays:
    """The inputs of a loss, in the order of its signature; real ones in the dtype."""
    loss = LOSSES[name]
    drawn = FAMILIES[loss.family](loss, shape, generator(name, shape, seed), ends)
    return tuple(np.ascontiguousarray(a, dtype=dtype) if a.dtype.kind == "f" else a for a in drawn)


def weight(name: str, shape: Shape, dtype: str, kind: str) -> np.ndarray[Any, Any] | None:
    """No weight, one for each value of the loss ("full"), or one for each sample ("sample"); a fifth are zero."""
    if kind == "none":
        return None
    random = generator(name, shape, kind)
    size = shape if kind == "full" else shape[:1]
    return np.where(random.random(size) < 0.2, 0.0, random.uniform(0.1, 2.0, size)).astype(dtype)


def weights(name: str) -> tuple[str, ...]:
    """The kinds of weight that a loss takes."""
    return ("none", "full", "sample") if LOSSES[name].weighted else ("none",)


def shapes(name: str) -> tuple[Shape, ...]:
    """Shapes of the unreduced loss to try."""
    return SHAPES[LOSSES[name].family]


def required(name: str) -> dict[str, Any]:
    """A value for each option that has no default."""
    loss = LOSSES[name]
    missing = [option for option, default in loss.defaults.items() if default is inspect.Parameter.empty]
    return {option: option_values(loss, option)[0] for option in missing}


def option_values(loss: Loss, option: str) -> list[Any]:
    """Values other than the default that an option may have."""
    default = loss.defaults[option]
    if isinstance(default, bool):
        return [not default]
    domain = loss.domains.get(option)
    if domain is None:
        return []
    return [value for value in OPTION_VALUES if value in domain and value != default][:2]


def options(name: str) -> Iterator[dict[str, Any]]:
    """The default options, then each option by itself at other values of its domain."""
    loss, always = LOSSES[name], required(name)
    yield always
    for option in loss.defaults:
        for value in option_values(loss, option):
            if always.get(option) != value:
                yield {**always, option: value}


def wrt(loss: Loss) -> tuple[int, ...]:
    """Positions of the inputs that a loss is differentiated by."""
    return loss.wrt


def outside(domain: Domain) -> list[float]:
    """Values that a domain does not contain: NaN, just past its ends, far away, between its integers."""
    found = [math.nan]
    if domain.low > -1e300:
        found += [-math.inf, float(np.nextafter(np.float32(domain.low), np.float32(-np.inf)))]
    if domain.high < 1e300:
        found += [math.inf, float(np.nextafter(np.float32(domain.high), np.float32(np.inf)))]
    if domain.integers:
        found.append(0.5)
    return [value for value in found if value not in domain]
