"""The clouds family on the host: a law of the squared distances of all pairs of points of two clouds.

What a rule makes of walks over the pairs is the losses of the samples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls.arrays import HOST
from ...calls.clouds import Plan, TwoClouds
from ...calls.outputs import added, weighted
from ..packing.operands import Array
from .clouds_transport import Transport
from .clouds_walks import Walks, last_sums

if TYPE_CHECKING:
    from ...calls.request import Request
    from . import HostBackend

# Numbers of 16 bits are read and written as they are.
READS_HALVES = True


def discrepancy(walks: Walks, factors: Array) -> Array:
    """The law between the points of each cloud, less twice that between the clouds."""
    given, (n, m) = walks.given, walks.given.sizes
    pairs, unbiased = given.pairs(), given.flag("unbiased")
    across = max(1, n * m)
    losses = np.zeros(given.samples)
    for k, wanted in enumerate(given.wanted):
        sums = walks.walk(k, k, 2.0 / pairs[k] * factors if wanted else None, int(unbiased))
        losses = losses + last_sums(sums) / pairs[k]
    sums = walks.walk(0, 1, -2.0 / across * factors if given.wanted[0] else None)
    if given.wanted[1]:
        walks.walk(1, 0, -2.0 / across * factors)
    return np.asarray(losses - 2.0 / across * last_sums(sums))


def transport(walks: Walks, factors: Array) -> Array:
    """What transport costs, and with `debias` less what it costs within each cloud."""
    found = Transport(walks)
    losses = found.across(factors)
    if found.given.debias:
        losses = losses - 0.5 * found.within(0, factors) - 0.5 * found.within(1, factors)
    return losses


RULES = {"discrepancy": (TwoClouds, discrepancy), "transport": (Plan, transport)}


def compute(backend: HostBackend, request: Request) -> Any:
    """Run a loss of two clouds of points."""
    reading, rule = RULES[request.loss.rows["rule"]]
    given = reading(HOST, request)
    counts = given.counts()
    total = added(counts)
    with np.errstate(all="ignore"):  # what is infinite or NaN is so in the answer
        walks = Walks(backend, given)
        losses = rule(walks, counts * request.scale(total))
        terms = weighted(counts, losses)
        if request.mode:
            walks.deliver()
        if given.values is not None:
            given.values[...] = terms.reshape(given.shape)
    return request.answer(request.reduced(added(terms), total) if given.values is None else given.values, given.outputs)
