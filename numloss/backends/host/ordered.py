"""The ordered family on the host: the errors of a region's pixels, sorted, and what each adds to the Jaccard index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls import checks as check
from ...calls.outputs import added, weighted
from ...domains import BINARY
from ...loops.headers import SortedRegions
from .. import threads
from .packing import Array, Problem, name_of
from .regional import Regions
from .rowwise import row_outputs

if TYPE_CHECKING:
    from ...calls.request import Request
    from ...registry import Loss
    from . import HostBackend

CLASSES = ("present", "all")
# Nanoseconds that sorting takes for a pixel.
COST = 20.0


def check_labelled(loss: Loss, regions: Any) -> None:
    """Raise unless a loss with a softmax got labels."""
    if loss.rows["activation"] is not None and not regions.labelled:
        raise ValueError(f"{loss.name}: target has shape {regions.target.shape}; labels have no class axis")


def check_binary(loss: Loss, target: Array) -> None:
    """Raise unless a target is 0 and 1."""
    wrong = (target != 0) & (target != 1)
    if wrong.any():
        first, bad = int(np.flatnonzero(wrong.ravel())[0]), int(np.count_nonzero(wrong))
        check.value_outside(loss, "target", target, first, BINARY.text, bad)


def only_present(loss: Loss, given: dict[str, Any]) -> bool:
    """Whether a region without pixels counts nothing."""
    classes = given.get("classes", loss.defaults.get("classes", "all"))
    if not isinstance(classes, str) or classes not in CLASSES:
        raise ValueError(f"{loss.name}: classes must be 'present' or 'all', got {classes!r}")
    return classes == "present"


def weights_of(loss: Loss, value: Any, shape: tuple[int, ...]) -> Array:
    """The weight of each region."""
    return np.ones(shape) if value is None else check.spread(check.weights(loss, value, shape), shape)


def sort_regions(backend: HostBackend, regions: Regions, errors: Array) -> Array:
    """Losses of the regions and which have pixels; errors become slopes. A third row is left for factors."""
    count = regions.classes * (regions.samples if regions.per_sample else 1)
    pixels = regions.pixels * (1 if regions.per_sample else regions.samples)
    results = np.zeros((3, count))
    if not errors.size:
        return results
    work = errors.size * COST
    blocks = min(count, threads.limit()) if work > threads.PARALLEL_PAYS_AT else 1
    scratch = np.empty(blocks * 4 * pixels, np.int64)
    header = SortedRegions(
        regions=regions.header,
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
    loss, mode = request.loss, request.mode
    options = {"ignore_index": None, **loss.defaults, **request.options, "activation": loss.rows["activation"]}
    regions = Regions(loss, request.arguments, options)
    check_labelled(loss, regions)
    if not regions.labelled:
        check_binary(loss, regions.target)
    values, outputs = row_outputs(request, regions.pred, regions.shape, (regions.pred, regions.target))
    present_alone = only_present(loss, request.options)
    counts = weights_of(loss, request.options.get("weight"), regions.shape)
    written = None
    if mode or regions.labelled:
        written = regions.write_to(outputs[0] if mode else np.empty(regions.pred.shape, regions.real))
    if regions.labelled:
        sums = np.empty((3, regions.parts, regions.samples, regions.classes))
        first = backend.launch(regions.problem(backend.loop("regions_block", name_of(regions.real)), sums))
        if first.bad_at >= 0:
            regions.complain()
    errors = np.empty(regions.pred.size, regions.real)
    results = sort_regions(backend, regions, errors)
    losses, present = (row.reshape(regions.shape) for row in results[:2])
    counts = np.asarray(counts * present if present_alone else counts, np.float64)
    total, terms = added(counts), weighted(counts, losses)
    if values is not None:
        values[...] = terms
    if mode:
        results[2] = counts.ravel() * request.scale(total)
        write_slopes(backend, regions, results, errors)
        if written is not outputs[0]:
            outputs[0][...] = written
    return request.answer(request.reduced(added(terms), total) if values is None else values, outputs)


def write_slopes(backend: HostBackend, regions: Regions, results: Array, errors: Array) -> None:
    """The gradient, from the slopes of the errors and the factors of the regions."""
    loop = backend.loop("ordered_slopes_block", name_of(regions.real))
    header = SortedRegions(
        regions=regions.header, stride=0, most=0, results=id(results), scratch=0, errors=id(errors)
    )
    backend.launch(Problem(loop, header, regions.samples * regions.parts, regions.pred.size * regions.loss.cost))
