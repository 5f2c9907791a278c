"""The ordered family on the host: the errors of a region's pixels, sorted, and what each adds to the Jaccard index."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls.arrays import HOST
from ...calls.outputs import added, weighted
from ...calls.regions import SortedRegions
from ...loops import headers
from .. import threads
from ..packing.operands import Array, Problem, name_of
from .regional import SeenRegions

if TYPE_CHECKING:
    from ...calls.request import Request
    from . import HostBackend

# Nanoseconds that sorting takes for a pixel.
COST = 20.0


def sort_regions(backend: HostBackend, seen: SeenRegions, errors: Array) -> Array:
    """Losses of the regions and which have pixels; errors become slopes. A third row is left for factors."""
    regions = seen.regions
    count, pixels = math.prod(regions.shape), regions.pixels * (1 if regions.per_sample else regions.samples)
    results = np.zeros((3, count))
    if not errors.size:
        return results
    work = errors.size * COST
    blocks = min(count, threads.limit()) if work > threads.PARALLEL_PAYS_AT else 1
    scratch = np.empty(blocks * 4 * pixels, np.int64)
    header = headers.SortedRegions(
        regions=seen.header,
        stride=blocks,
        most=pixels,
        results=id(results),
        scratch=id(scratch),
        errors=id(errors),
    )
    backend.launch(Problem(backend.loop("ordered_block", name_of(regions.real)), header, blocks, work))
    return results


def compute(backend: HostBackend, request: Request) -> Any:
    """Run a loss of sorted errors."""
    regions = SortedRegions(HOST, request)
    regions.check_numbers()
    seen, mode, values, outputs = SeenRegions(regions), request.mode, regions.values, regions.outputs
    if mode or regions.labelled:
        seen.write_to(outputs[0] if mode else np.empty(regions.pred.shape, regions.real))
    if regions.labelled:
        seen.count(backend, seen.new_sums())
    errors = np.empty(regions.pred.size, regions.real)
    results = sort_regions(backend, seen, errors)
    losses, present = (row.reshape(regions.shape) for row in results[:2])
    counts = np.ones(regions.shape) if regions.weight is None else regions.weight
    counts = np.asarray(counts * present if regions.present else counts, np.float64)
    total, terms = added(counts), weighted(counts, losses)
    if values is not None:
        values[...] = terms
    if mode:
        results[2] = counts.ravel() * request.scale(total)
        write_slopes(backend, seen, results, errors)
        seen.deliver()
    return request.answer(request.reduced(added(terms), total) if values is None else values, outputs)


def write_slopes(backend: HostBackend, seen: SeenRegions, results: Array, errors: Array) -> None:
    """The gradient, from the slopes of the errors and the factors of the regions."""
    regions = seen.regions
    loop = backend.loop("ordered_slopes_block", name_of(regions.real))
    header = headers.SortedRegions(
        regions=seen.header, stride=0, most=0, results=id(results), scratch=0, errors=id(errors)
    )
    backend.launch(Problem(loop, header, regions.samples * seen.header.parts, regions.pred.size * regions.loss.cost))
