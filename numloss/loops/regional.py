"""The regional family: sums over the pixels of each class of each sample, then a law of the sums.

A first pass adds up what prediction and target share (tp), what only the prediction claims (fp) and what it
misses (fn); the law of those three runs as an elementwise loss over the regions; a second pass writes the
gradient. The first pass leaves in the gradient what the second needs of the prediction: the slope of a sigmoid, the
probabilities of a softmax, so that no exponential is taken twice. The headers are Regions and RegionSums of headers/.

A block is a part of one class of one sample, since classes have nothing to do with each other; only a softmax takes all
classes of a sample together. So blocks that follow each other are neighbours in memory.
"""

from __future__ import annotations

from ..scalar import decay, exp_below, round_shift
from .codes import NO_ACTIVATION, NUMBER, SIGMOID, SOFTMAX, TARGET_OPERAND
from .headers import Regions, RegionSums, Result
from .language import (
    Int,
    Ints,
    Real,
    Reals,
    array_data,
    double,
    doubles,
    integer,
    noinline,
    offset,
    real,
    reals,
    stack_ints,
    stack_reals,
)
from .operands import first_outside, put_apart
from .regional_targets import class_at, clear_ignored, read_labels, target_of_class
from .rowwise_parts import base_of, clear_row
from .sums import begin_block, report, tile_sum

# What is known of the pixels of a tile, in columns.
STATISTICS = 2560
TOP = 0  # the largest score
BASE = 512  # what is taken off all scores first
SHIFT = 1024  # and then
INVERSE = 1536  # 1 / sum of the exponentials
REST = 2048  # 1 - p with all its digits where the score is largest
# And of one class of them.
PARTS = 2048
HIT = 0  # p t
CLAIM = 512  # p (1 - t)
MISS = 1024  # (1 - p) t
KEPT = 1536  # what the gradient needs


def tile_pixels(classes: Int, activation: Int) -> Int:
    """Pixels of a tile: all classes of it stay in the first cache; a softmax needs them together."""
    if activation != SOFTMAX or classes == 0:
        return 512
    most = 4096 // classes
    most = most - most % 32
    if most < 8:
        most = 8
    if most > 512:
        most = 512
    return most


@noinline
def strided_copy(x: Reals, step: Int, n: Int, out: Reals) -> Int:
    """n numbers that lie `step` apart."""
    for i in range(n):
        out[i] = x[i * step]
    return 0


def side_by_side(x: Reals, step: Int, n: Int, buffer: Reals) -> Reals:
    """Pointer to n numbers that lie `step` apart, read into buffer unless they are neighbours."""
    if step == 1:
        return x
    strided_copy(x, step, n, buffer)
    return buffer


@noinline
def softmax_tops(c: Regions, x: Reals, n: Int, s: Reals) -> Int:
    """Of n pixels the largest score, and what is taken off all scores."""
    buffer = stack_reals(512)
    for j in range(c.classes):
        z = side_by_side(offset(x, j * c.pred_steps.classes), c.pred_steps.inner, n, buffer)
        for i in range(n):
            s[TOP + i] = z[i] if j == 0 or z[i] > s[TOP + i] else s[TOP + i]
    for i in range(n):
        s[BASE + i] = base_of(s[TOP + i])
        s[SHIFT + i] = round_shift(s[TOP + i] - s[BASE + i])
    return 0


@noinline
def softmax_sums(c: Regions, x: Reals, n: Int, s: Reals) -> Int:
    """Of n pixels 1 / sum of the exponentials, and 1 - p with all its digits where the score is largest."""
    buffer = stack_reals(512)
    tops = stack_reals(512)
    for i in range(n):
        s[REST + i] = 0.0
        tops[i] = 0.0
    for j in range(c.classes):
        z = side_by_side(offset(x, j * c.pred_steps.classes), c.pred_steps.inner, n, buffer)
        for i in range(n):
            e = exp_below(z[i] - s[BASE + i], s[SHIFT + i])
            s[REST + i] = s[REST + i] + (0.0 if z[i] == s[TOP + i] else e)
            tops[i] = tops[i] + (1.0 if z[i] == s[TOP + i] else 0.0)
    for i in range(n):
        e = exp_below(s[TOP + i] - s[BASE + i], s[SHIFT + i])
        s[INVERSE + i] = 1.0 / (s[REST + i] + tops[i] * e)
        s[REST + i] = (s[REST + i] + (tops[i] - 1.0) * e) * s[INVERSE + i]
    return 0


def put_shares(p: Real, rest: Real, t: Real, parts: Reals, i: Int) -> Int:
    """p t, p (1 - t) and (1 - p) t of one pixel, from p and 1 - p."""
    parts[HIT + i] = p * t
    parts[CLAIM + i] = p * (1.0 - t)
    parts[MISS + i] = rest * t
    return 0


@noinline
def softmax_parts(z: Reals, t: Reals, n: Int, s: Reals, parts: Reals) -> Int:
    """The parts of one class of n pixels, and p, for one of several probabilities."""
    for i in range(n):
        p = exp_below(z[i] - s[BASE + i], s[SHIFT + i]) * s[INVERSE + i]
        rest = s[REST + i] if z[i] == s[TOP + i] else 1.0 - p
        parts[KEPT + i] = p
        put_shares(p, rest, t[i], parts, i)
    return 0


@noinline
def decays(z: Reals, n: Int, e: Reals) -> Int:
    """e^-|z| of n pixels."""
    for i in range(n):
        e[i] = decay(z[i])
    return 0


@noinline
def sigmoid_parts(z: Reals, t: Reals, n: Int, parts: Reals) -> Int:
    """The parts of one class of n pixels, and the slope of p, from 1 - p with all its digits.

    The exponentials come first: a CPU sees more of them at a time where no division waits for each.
    """
    decays(z, n, offset(parts, KEPT))
    for i in range(n):
        e = parts[KEPT + i]
        large = 1.0 / (1.0 + e)
        small = e * large
        parts[KEPT + i] = large * small
        p = large if z[i] >= 0.0 else small
        rest = small if z[i] >= 0.0 else large
        put_shares(p, rest, t[i], parts, i)
    return 0


@noinline
def given_parts(p: Reals, t: Reals, n: Int, parts: Reals) -> Int:
    """The parts of one class of n pixels whose probabilities are given."""
    for i in range(n):
        put_shares(p[i], 1.0 - p[i], t[i], parts, i)
    return 0


def sample_of(c: Regions, block: Int) -> Int:
    """The sample that a block is a part of."""
    if c.activation == SOFTMAX:
        return block // c.parts
    return block // c.parts // c.classes


def first_class(c: Regions, block: Int) -> Int:
    """The first class of a block."""
    if c.activation == SOFTMAX:
        return 0
    return block // c.parts % c.classes


def class_end(c: Regions, block: Int) -> Int:
    """The class at which a block ends."""
    if c.activation == SOFTMAX:
        return c.classes
    return block // c.parts % c.classes + 1


def block_end(c: Regions, block: Int) -> Int:
    """The pixel of its sample at which a block ends."""
    stop = (block % c.parts + 1) * c.block
    if stop > c.pixels:
        stop = c.pixels
    return stop


def tile_of(first: Int, stop: Int, most: Int) -> Int:
    """Pixels of the tile that begins at `first`."""
    n = stop - first
    if n > most:
        n = most
    return n


@noinline
def count_class(
    c: RegionSums, block: Int, first: Int, n: Int, j: Int, s: Reals, labels: Ints, partial: Result
) -> Int:
    """Add up one class of n pixels of a block's sample, from its pixel `first`; keep what the gradient needs of it."""
    r = c.regions
    parts = stack_reals(PARTS)
    buffer = stack_reals(512)
    shared = stack_reals(512)
    sample = sample_of(r, block)
    x = offset(reals(array_data(r.pred.array)), class_at(r.pred_steps, sample, first, j))
    z = side_by_side(x, r.pred_steps.inner, n, buffer)
    t = target_of_class(r, sample, first, n, j, labels, shared)
    if r.labelled == 0 and first_outside(t, n, NUMBER, 0.0, 1.0) >= 0:
        report(partial, 0, TARGET_OPERAND)
    if r.activation == SOFTMAX:
        softmax_parts(z, t, n, s, parts)
    elif r.activation == SIGMOID:
        sigmoid_parts(z, t, n, parts)
    else:
        given_parts(z, t, n, parts)
    if r.gradient.array != 0 and r.activation != NO_ACTIVATION:
        kept = offset(reals(array_data(r.gradient.array)), class_at(r.gradient_steps, sample, first, j))
        put_apart(kept, r.gradient_steps.inner, n, offset(parts, KEPT))
    sums = offset(doubles(array_data(c.sums)), (block % r.parts * r.samples + sample) * r.classes + j)
    regions = r.parts * r.samples * r.classes
    for k in range(3):
        part = offset(parts, 512 * k)
        if r.labelled == 1:
            clear_ignored(labels, n, part)
        # all of them are between 0 and 1
        sums[k * regions] = sums[k * regions] + tile_sum(part, n)
    return 0


@noinline
def clear_sums(c: RegionSums, block: Int) -> Int:
    """Nothing is counted yet in a block."""
    r = c.regions
    sums = offset(doubles(array_data(c.sums)), (block % r.parts * r.samples + sample_of(r, block)) * r.classes)
    regions = r.parts * r.samples * r.classes
    for j in range(first_class(r, block), class_end(r, block)):
        sums[j] = double(0.0)
        sums[regions + j] = double(0.0)
        sums[2 * regions + j] = double(0.0)
    return 0


def regions_block(c: RegionSums, partial: Result, block: Int) -> Int:
    """First pass: the sums of one block, and what the gradient needs of it."""
    r = c.regions
    s = stack_reals(STATISTICS)
    labels = stack_ints(512)
    begin_block(partial)
    clear_sums(c, block)
    sample = sample_of(r, block)
    most = tile_pixels(r.classes, r.activation)
    first = (block % r.parts) * r.block
    stop = block_end(r, block)
    while first < stop:
        n = tile_of(first, stop, most)
        if r.labelled == 1:
            read_labels(r, sample * r.pixels + first, n, labels, partial)
        if r.activation == SOFTMAX:
            x = offset(reals(array_data(r.pred.array)), class_at(r.pred_steps, sample, first, 0))
            softmax_tops(r, x, n, s)
            softmax_sums(r, x, n, s)
        for j in range(first_class(r, block), class_end(r, block)):
            count_class(c, block, first, n, j, s, labels, partial)
        first = first + n
    return 0


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
    c: RegionSums, sample: Int, first: Int, n: Int, j: Int, mixed: Reals, labels: Ints, nothing: Int
) -> Int:
    """Write the gradient of one class of n pixels of a sample, from its pixel `first`; zeros if nothing counts."""
    r = c.regions
    buffer = stack_reals(512)
    shared = stack_reals(512)
    place = offset(reals(array_data(r.gradient.array)), class_at(r.gradient_steps, sample, first, j))
    g = side_by_side(place, r.gradient_steps.inner, n, buffer)
    if r.activation == NO_ACTIVATION:
        for i in range(n):
            g[i] = 1.0
    t = target_of_class(r, sample, first, n, j, labels, shared)
    class_gradient(t, mixed, n, slope_by(c, 0, sample, j), slope_by(c, 1, sample, j), slope_by(c, 2, sample, j), g)
    if r.labelled == 1:
        clear_ignored(labels, n, g)
    if nothing == 1:
        clear_row(n, 1, g)
    if r.gradient_steps.inner != 1:
        put_apart(place, r.gradient_steps.inner, n, g)
    return 0


@noinline
def mix_classes(c: RegionSums, sample: Int, first: Int, n: Int, labels: Ints, mixed: Reals) -> Int:
    """The mean slope with respect to the probabilities of each of n pixels, over its classes."""
    r = c.regions
    buffer = stack_reals(512)
    shared = stack_reals(512)
    for i in range(n):
        mixed[i] = 0.0
    for j in range(r.classes):
        place = offset(reals(array_data(r.gradient.array)), class_at(r.gradient_steps, sample, first, j))
        p = side_by_side(place, r.gradient_steps.inner, n, buffer)
        t = target_of_class(r, sample, first, n, j, labels, shared)
        add_mixed(t, p, n, slope_by(c, 0, sample, j), slope_by(c, 1, sample, j), slope_by(c, 2, sample, j), mixed)
    return 0


def region_slopes_block(c: RegionSums, partial: Result, block: Int) -> Int:
    """Second pass: the gradient of one block of pixels from the slopes of its regions.

    It begins where the first pass ended: what that has read and written last may still be in a cache.
    """
    r = c.regions
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
    for i in range(512):
        mixed[i] = 0.0
    while first < stop:
        n = tile_of(first, stop, most)
        if r.labelled == 1:
            read_labels(r, sample * r.pixels + first, n, labels, partial)
        if r.activation == SOFTMAX:
            mix_classes(c, sample, first, n, labels, mixed)
        for j in range(first_class(r, block), class_end(r, block)):
            write_class(c, sample, first, n, j, mixed, labels, nothing)
        first = first + n
    return 0
