"""The second pass of the regional family: the gradient, from what the first left of the prediction."""

from __future__ import annotations

from .codes import DATA, NO_ACTIVATION, NO_MEMORY, SOFTMAX
from .headers import RegionSums, Result, TileNumbers
from .language import (
    Int,
    Ints,
    Real,
    Reals,
    array_data,
    doubles,
    give_back,
    integer,
    noinline,
    real,
    stack_ints,
    stack_reals,
    take_memory,
)
from .operands import put
from .regional import block_end, class_end, first_class, keep_again, sample_of, tile_of
from .regional_targets import clear_ignored, read_labels, target_of_class
from .regional_tiles import find_tile, numbers_of, place_of, read_tile, tile_bytes, tile_pixels
from .rowwise_parts import clear_row
from .sums import begin_block, report


def slope_by(c: RegionSums, which: Int, sample: Int, j: Int) -> Real:
    """Slope of the loss with respect to one of the three sums of class j."""
    slopes = doubles(array_data(c.slopes[which]))
    return real(slopes[sample * c.regions.per_sample + j])


def slope_by_p(t: Real, gain: Real, claim: Real) -> Real:
    """Slope of the loss with respect to p, where a target of t gains by p, and the rest of it claims."""
    return gain * t + claim * (1.0 - t)


@noinline
def add_mixed(t: Reals, p: Reals, n: Int, hit: Real, claim: Real, miss: Real, mixed: Reals) -> Int:
    """Add p times the slope of the loss with respect to p, for one class of n pixels."""
    gain = hit - miss
    for i in range(n):
        mixed[i] = mixed[i] + p[i] * slope_by_p(t[i], gain, claim)
    return 0


@noinline
def class_gradient(t: Reals, mixed: Reals, n: Int, hit: Real, claim: Real, miss: Real, g: Reals) -> Int:
    """Multiply g by what the slope of the loss with respect to p has above `mixed`, for one class of n pixels."""
    gain = hit - miss
    for i in range(n):
        g[i] = g[i] * (slope_by_p(t[i], gain, claim) - mixed[i])
    return 0


def counts_nothing(c: RegionSums, sample: Int, first: Int, stop: Int) -> Int:
    """Whether no sum of some classes of a sample has a slope: then no pixel has, whatever its scores are."""
    slopes = 0
    for j in range(first, stop):
        for which in range(3):
            slopes += integer(slope_by(c, which, sample, j) != 0.0)
    return integer(slopes == 0)


@noinline
def write_class(
    c: RegionSums, sample: Int, first: Int, n: Int, j: Int, kept: TileNumbers, mixed: Reals, labels: Ints, nothing: Int
) -> Int:
    """Write the gradient of one class of n pixels of a sample, from its pixel `first`; zeros if nothing counts."""
    r = c.regions
    buffer = stack_reals(512)
    shared = stack_reals(512)
    g = numbers_of(kept, j, n, buffer)
    if r.activation == NO_ACTIVATION:
        for i in range(n):
            g[i] = 1.0
    t = target_of_class(r, sample, first, n, j, labels, shared)
    class_gradient(t, mixed, n, slope_by(c, 0, sample, j), slope_by(c, 1, sample, j), slope_by(c, 2, sample, j), g)
    if r.labelled == 1:
        clear_ignored(labels, n, g)
    if nothing == 1:
        clear_row(n, 1, g)
    if r.gradient.kind != DATA or kept.inner != 1:
        place = place_of(r.gradient, r.gradient_steps, r.itemsize, sample, first, j)
        put(place, r.gradient.kind, r.gradient_steps.inner, n, g)
    return 0


@noinline
def mix_classes(
    c: RegionSums, sample: Int, first: Int, n: Int, kept: TileNumbers, labels: Ints, mixed: Reals
) -> Int:
    """The mean slope with respect to the probabilities of each of n pixels, over its classes."""
    r = c.regions
    buffer = stack_reals(512)
    shared = stack_reals(512)
    for i in range(n):
        mixed[i] = 0.0
    for j in range(r.classes):
        p = numbers_of(kept, j, n, buffer)
        t = target_of_class(r, sample, first, n, j, labels, shared)
        add_mixed(t, p, n, slope_by(c, 0, sample, j), slope_by(c, 1, sample, j), slope_by(c, 2, sample, j), mixed)
    return 0


def region_slopes_block(c: RegionSums, partial: Result, block: Int) -> Int:
    """Second pass: the gradient of one block of pixels from the slopes of its regions.

    It begins where the first pass ended: what that has read and written last may still be in a cache.
    """
    r = c.regions
    kept = TileNumbers()
    mixed = stack_reals(512)
    labels = stack_ints(512)
    begin_block(partial)
    blocks = r.samples * r.parts
    if r.activation != SOFTMAX:
        blocks = blocks * r.classes
    block = blocks - 1 - block
    sample = sample_of(r, block)
    most = tile_pixels(r.classes, r.activation)
    first = (block % r.parts) * r.block
    stop = block_end(r, block)
    nothing = counts_nothing(c, sample, first_class(r, block), class_end(r, block))
    size = tile_bytes(r, r.gradient)
    memory = take_memory(size) if size != 0 else 0
    if size != 0 and memory == 0:
        report(partial, 0, NO_MEMORY)
        return 0
    for i in range(512):
        mixed[i] = 0.0
    while first < stop:
        n = tile_of(first, stop, most)
        if r.labelled == 1:
            read_labels(r, sample * r.pixels + first, n, labels, partial)
        if size != 0:
            read_tile(r, sample, first, n, first_class(r, block), class_end(r, block), memory, kept)
            keep_again(r, kept, first_class(r, block), class_end(r, block), n)
        else:
            find_tile(r, r.gradient, r.gradient_steps, sample, first, 0, 0, kept)
        if r.activation == SOFTMAX:
            mix_classes(c, sample, first, n, kept, labels, mixed)
        for j in range(first_class(r, block), class_end(r, block)):
            write_class(c, sample, first, n, j, kept, mixed, labels, nothing)
        first = first + n
    if size != 0:
        give_back(memory)
    return 0
