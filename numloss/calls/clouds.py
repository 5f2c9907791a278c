"""What losses of two clouds of points take, checked: the same for every backend."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ..common.halves import name_of, working
from . import checks as check
from .outputs import outputs_of
from .rowwise import flag

if TYPE_CHECKING:
    from .arrays import Arrays
    from .request import Request

Array = np.ndarray[Any, Any]
# How much larger eps is at first, at most.
MOST_TIMES = 2.0**20
# Largest entries that need no unit of their own: neither their squares nor what is left of these is lost.
ORDINARY = {4: (2.0**-40, 2.0**40), 8: (2.0**-400, 2.0**400)}


class TwoClouds:
    """One call: two clouds of points for each of so many samples, or for the only one, which has no axis.

    shape: that of the unreduced loss. sizes: how many points either cloud has.
    """

    def __init__(self, place: Arrays, request: Request) -> None:
        self.place, self.request, self.loss, self.mode = place, request, request.loss, request.mode
        self.clouds = self.read_clouds()
        first, second = self.clouds
        self.real: np.dtype[Any] = working(first.dtype)
        self.shape = tuple(first.shape[:-2])
        self.samples = first.shape[0] if self.shape else 1
        self.sizes, self.entries = (first.shape[-2], second.shape[-2]), first.shape[-1]
        self.weight = request.weight(place, self.shape)
        self.values, self.outputs = outputs_of(place, request, self.clouds, self.shape)

    def read_clouds(self) -> list[Any]:
        """Both clouds, of one dtype, number of samples and number of entries."""
        loss, names = self.loss, self.loss.inputs
        found = [self.place.prediction(loss, *given) for given in zip(names, self.request.arguments, strict=True)]
        first, second = found
        for name, array in zip(names, found, strict=True):
            if array.ndim not in (2, 3):
                raise ValueError(f"{loss.name}: {name} has shape {array.shape}; it must be (N, D) or (B, N, D)")
            if array.shape[-1] == 0 or (array.shape[-2] == 0 and 0 not in array.shape[:-2]):
                raise ValueError(f"{loss.name}: {name} has shape {array.shape}: no points, or points of no entries")
        if (*first.shape[:-2], first.shape[-1]) != (*second.shape[:-2], second.shape[-1]):
            raise ValueError(
                f"{loss.name}: {names[1]} has shape {second.shape}, but {names[0]} has shape {first.shape}; only the "
                "numbers of points may differ"
            )
        if first.dtype != second.dtype:
            raise TypeError(
                f"{loss.name}: {names[1]} has dtype {name_of(second.dtype)}, {names[0]} has {name_of(first.dtype)}; "
                "both are differentiated and must agree"
            )
        return found

    def complain(self, position: int = 0, operand: int = 0) -> NoReturn:
        """Raise for a bad weight, of which there is nothing else here that kernels look at."""
        check.bad_weight(self.loss, self.place.on_host(self.weight), position)

    @property
    def wanted(self) -> list[bool]:
        """Whether the gradient by each cloud is asked for."""
        argnums = self.request.argnums
        return [self.mode > 0 and (argnums is None or k in argnums) for k in (0, 1)]

    def counts(self) -> Array:
        """What each sample counts with, looked at, in float64."""
        if self.weight is None:
            return np.ones(self.samples)
        if not self.request.signed:
            check.weights(self.loss, self.place.on_host(self.weight), self.shape)
        return np.asarray(self.place.on_host(self.weight), np.float64).reshape(self.samples)

    def units(self, tops: list[Array]) -> Array:
        """A power of two for each sample: 1, unless its largest entries, of either cloud, are too large or small."""
        least, most = ORDINARY[self.real.itemsize]
        top = np.maximum(*tops)
        usual = ~np.isfinite(top) | (top == 0.0) | ((top >= least) & (top <= most))
        return np.where(usual, 1.0, np.ldexp(1.0, np.frexp(np.where(usual, 1.0, top))[1]))

    def pairs(self) -> list[int]:
        """How many pairs of points each cloud has; with `unbiased` none of a point with itself."""
        unbiased = self.flag("unbiased")
        if unbiased and self.samples and min(self.sizes) < 2:
            n, m = self.sizes
            raise ValueError(f"{self.loss.name}: unbiased=True needs two points in each cloud, got {n} and {m}")
        return [max(1, k * (k - 1) if unbiased else k * k) for k in self.sizes]

    def flag(self, name: str) -> bool:
        """An option that is true or false."""
        return flag(self.loss, name, self.request.option(name))

    def parameters(self) -> Array:
        """The parameters of the law: a row for each of its scales."""
        names, request = self.loss.params, self.request
        given = {name: request.option(name) for name in names}
        several = {name: value for name, value in given.items() if isinstance(value, tuple)}
        if any(not value for value in several.values()):
            raise ValueError(f"{self.loss.name}: {' and '.join(several)} must have one number or more")
        scales = max(map(len, several.values()), default=1)
        found = np.empty((scales, len(names)))
        for k, name in enumerate(names):
            each = several.get(name, (given[name],))
            found[:, k] = [check.number(self.loss, name, value, self.real) for value in each]
        return found

    def masses(self, name: str, size: int) -> Array:
        """What each point of a cloud has, which adds up to 1 in each sample, in float64."""
        given, shape = self.request.option(name), (*self.shape, size)
        if given is None:
            return np.full((self.samples, size), 1.0 / max(1, size))
        loss, host = self.loss, self.place.on_host(self.place.real(self.loss, name, given))
        if host.shape not in (shape, shape[-1:]):
            also = f" or {shape[-1:]}" if self.shape else ""
            raise ValueError(f"{loss.name}: {name} has shape {host.shape}; it must be {shape}{also}, an entry a point")
        bad = np.flatnonzero(check.is_no_weight(host).ravel())
        if bad.size:
            check.value_outside(loss, name, host, int(bad[0]), ">= 0 and finite", bad.size)
        wide = np.broadcast_to(np.asarray(host, np.float64), shape).reshape(self.samples, size)
        top = wide.max(axis=1, initial=0.0)
        if not top.all():
            where = f" in sample {int(np.argmin(top))}" if self.shape else ""
            raise ValueError(f"{loss.name}: {name} has no mass{where}")
        scaled = np.ldexp(wide, -np.frexp(top)[1][:, None])
        return np.asarray(scaled / np.add.accumulate(scaled, axis=1)[:, -1:])


class Plan(TwoClouds):
    """One call of a loss of optimal transport, and what says when its iterations end."""

    def __init__(self, place: Arrays, request: Request) -> None:
        super().__init__(place, request)
        self.given_masses = [self.masses(name, size) for name, size in zip("ab", self.sizes, strict=True)]
        self.eps = request.number("eps", self.real)
        self.iterations = int(request.number("iterations"))
        self.tolerance = max(request.number("tolerance"), 32.0 * float(np.finfo(self.real).eps))
        self.scaling = request.number("scaling")
        self.debias = self.flag("debias")
        self.exponent = request.number("p")

    @property
    def falling(self) -> int:
        """Steps in which eps may fall to what it is, from no more than a million times that."""
        return math.ceil(math.log(MOST_TIMES) / -math.log(self.scaling)) if self.scaling else 0

    def first_rates(self, spans: Array, units: Array) -> Array:
        """What costs are multiplied by at first: the inverse of the largest, or of eps, of each sample.

        spans: how far apart the points of a sample are in each of their entries, in units.
        """
        last = np.full(self.samples, 1.0 / self.eps)
        if self.scaling == 0.0:
            return last
        squared = np.add.accumulate(spans * spans, axis=1)[:, -1]
        largest = units * np.sqrt(squared) if self.exponent == 1.0 else 0.5 * squared * units * units
        begins = np.isfinite(largest) & (largest > self.eps)
        first = 1.0 / np.where(begins, largest, 1.0)
        return np.where(begins, np.maximum(first, last / MOST_TIMES), last)
