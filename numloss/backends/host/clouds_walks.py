"""Walks over all pairs of points of two clouds: what rules make the losses of.

A walk takes each point of one cloud to all of the other; the gradient by the points of the other is that of a walk the
other way round, so that nothing is added up by two blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...common.halves import is_half
from ...loops import headers
from ..packing.operands import Array, Problem, name_of
from ..packing.stored import look_for_memory

if TYPE_CHECKING:
    from ...calls.clouds import TwoClouds
    from . import HostBackend

# Points of a block, and blocks of a sample at most.
POINTS, MOST_BLOCKS = 32, 64
# Nanoseconds of a pair of points beside its entries, and of an entry.
PAIR_COST, ENTRY_COST = 1.0, 0.2
# Bounds of exponents, and of sums of powers that are trusted.
LOW = {4: -80.0, 8: -700.0}
TRUSTED = {4: (1e-20, 1e20), 8: (1e-250, 1e250)}


@dataclass
class Cloud:
    """Points as loops read them, in units: those of a point side by side, and those of an entry."""

    points: Array
    turned: Array

    @property
    def size(self) -> int:
        """Points of a sample."""
        return int(self.points.shape[1])


class Walks:
    """The clouds of a call, and what loops make of them. slopes: the gradients of the clouds, in float64."""

    def __init__(self, backend: HostBackend, given: TwoClouds) -> None:
        self.backend, self.given, self.real = backend, given, given.real
        points = [self.read(cloud) for cloud in given.clouds]
        self.units = given.units([np.abs(cloud).max(axis=(1, 2), initial=0.0).astype(np.float64) for cloud in points])
        inverse = (1.0 / self.units).astype(self.real)[:, None, None]
        points = [np.multiply(cloud, inverse) if (self.units != 1.0).any() else cloud for cloud in points]
        self.clouds = [Cloud(cloud, np.ascontiguousarray(cloud.swapaxes(1, 2))) for cloud in points]
        self.slopes = [np.zeros(cloud.shape) for cloud in points]
        self.params = given.parameters()

    def read(self, cloud: Array) -> Array:
        """Points in C order, in the dtype that is computed with."""
        shape = (self.given.samples, *cloud.shape[-2:])
        found = np.empty(cloud.shape, self.real)
        if is_half(cloud.dtype):
            self.backend.convert(cloud, found)
        else:
            found[...] = cloud
        return found.reshape(shape)

    def header(self, one: Cloud, other: Cloud, mode: int, **known: Any) -> headers.Clouds:
        """The problem of a walk, without what is particular to it."""
        tile = self.backend.kernel(self.given.loss, "clouds_block", self.real, mode)[1]
        block = max(POINTS, -(-one.size // (MOST_BLOCKS * POINTS)) * POINTS)
        nothing = dict.fromkeys(headers.Clouds.fields(), 0)
        arrays = {"first": one.points, "second": other.turned, "units": self.units, "params": self.params}
        facts = {
            **{"rows": one.size, "columns": other.size, "entries": self.given.entries, "block": block},
            **{"blocks": -(-one.size // block), "itemsize": self.real.itemsize, "tile": tile, "mode": mode},
            **{"scales": len(self.params), "count": self.params.shape[1], "low": LOW[self.real.itemsize]},
            **dict(zip(("least", "most"), TRUSTED[self.real.itemsize], strict=True)),
        }
        places = {name: id(array) for name, array in {**arrays, **known}.items()}
        return headers.Clouds(**{**nothing, **facts, **places})

    def launch(self, loop: str, header: headers.Clouds, blocks: int, share: float = 1.0) -> None:
        """Run a loop on the blocks of all samples; `share` is the part of the pairs that it looks at."""
        pairs = float(self.given.samples) * header.rows * header.columns
        work = share * pairs * (PAIR_COST + (0.0 if header.costs else ENTRY_COST * header.entries))
        if pairs:
            problem = Problem(self.backend.loop(loop, name_of(self.real)), header, self.given.samples * blocks, work)
            look_for_memory(self.backend.launch(problem).bad_in)

    def walk(self, one: int, other: int, factors: Array | None, own: int = 0, **known: Any) -> Array:
        """What the law of each point with all others adds up to; with factors its gradients, times these, are added."""
        sums = np.empty(self.clouds[one].points.shape[:2])
        arrays = {"sums": sums, **known}
        if factors is not None:
            arrays |= {"factors": factors, "slopes": self.slopes[one]}
        header = self.header(self.clouds[one], self.clouds[other], int(factors is not None), **arrays)
        header.own, header.plan = own, int("rates" in known)
        self.launch("clouds_block", header, header.blocks)
        return sums

    def deliver(self) -> None:
        """Write the gradients."""
        given = self.given
        for slopes, output, wanted in zip(self.slopes, given.outputs, given.wanted, strict=True):
            if wanted:
                found = slopes.reshape(output.shape)
                if is_half(output.dtype):
                    self.backend.convert(found.astype(self.real), output)
                else:
                    output[...] = found


def last_sums(terms: Array) -> Array:
    """The sum of each row, one term after the other."""
    return np.add.accumulate(terms, axis=1)[:, -1] if terms.shape[1] else np.zeros(len(terms))
