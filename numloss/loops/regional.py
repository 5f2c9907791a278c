"""The regional family: sums over the pixels of each class of each sample, then a law of the sums.

A first pass adds up what prediction and target share (tp), what only the prediction claims (fp) and what it
misses (fn); the law of those three runs as an elementwise loss over the regions; a second pass writes the
gradient. The first pass leaves in the gradient what the second needs of the prediction: the slope of a sigmoid, the
probabilities of a softmax, so that no exponential is taken twice; but a gradient of 16 bits has no room for that, and
the second pass takes them again. The headers are Regions and RegionSums of headers/.

A block is a part of one class of one sample, since classes have nothing to do with each other; only a softmax takes all
classes of a sample together. So blocks that follow each other are neighbours in memory.
"""

from __future__ import annotations

from ..scalar import decay, exp_below, round_shift
from .codes import DATA, NO_ACTIVATION, NO_MEMORY, NUMBER, SIGMOID, SOFTMAX, TARGET_OPERAND
from .headers import Regions, RegionSums, Result, TileNumbers
from .language import (
    Int,
    Ints,
    Real,
    Reals,
    array_data,
    double,
    doubles,
    give_back,
    noinline,
    offset,
    reals,
    stack_ints,
    stack_reals,
    take_memory,
)
from .operands import first_outside, put_apart
from .regional_targets import clear_ignored, read_labels, target_of_class
from .regional_tiles import numbers_at, numbers_of, place_of, read_tile, tile_bytes, tile_pixels
from .rowwise_parts import base_of
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


@noinline
def softmax_tops(x: TileNumbers, classes: Int, n: Int, s: Reals) -> Int:
    """Of n pixels the largest score, and what is taken off all scores."""
    buffer = stack_reals(512)
    for j in range(classes):
        z = numbers_of(x, j, n, buffer)
        for i in range(n):
            s[TOP + i] = z[i] if j == 0 or z[i] > s[TOP + i] else s[TOP + i]
    for i in range(n):
        s[BASE + i] = base_of(s[TOP + i])
        s[SHIFT + i] = round_shift(s[TOP + i] - s[BASE + i])
    return 0


@noinline
def softmax_sums(x: TileNumbers, classes: Int, n: Int, s: Reals) -> Int:
    """Of n pixels 1 / sum of the exponentials, and 1 - p with all its digits where the score is largest."""
    buffer = stack_reals(512)
    tops = stack_reals(512)
    for i in range(n):
        s[REST + i] = 0.0
        tops[i] = 0.0
    for j in range(classes):
        z = numbers_of(x, j, n, buffer)
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


@noinline
def sigmoid_slopes(z: Reals, n: Int) -> Int:
    """Put the slope of the sigmoid in the place of each score."""
    decay_of = stack_reals(512)
    # in place a loop from one to the other has no vectors
    decays(z, n, decay_of)
    for i in range(n):
        e = decay_of[i]
        large = 1.0 / (1.0 + e)
        z[i] = large * (e * large)
    return 0


@noinline
def softmax_shares(z: Reals, n: Int, s: Reals) -> Int:
    """Put the probability in the place of each score of a class."""
    for i in range(n):
        z[i] = exp_below(z[i] - s[BASE + i], s[SHIFT + i]) * s[INVERSE + i]
    return 0


@noinline
def keep_again(c: Regions, x: TileNumbers, start: Int, stop: Int, n: Int) -> Int:
    """Put what the gradient needs in the place of the scores of a tile: what the first pass keeps in a gradient."""
    s = stack_reals(STATISTICS)
    if c.activation == SOFTMAX:
        softmax_tops(x, c.classes, n, s)
        softmax_sums(x, c.classes, n, s)
    for j in range(start, stop):
        if c.activation == SOFTMAX:
            softmax_shares(numbers_at(x, j), n, s)
        elif c.activation == SIGMOID:
            sigmoid_slopes(numbers_at(x, j), n)
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
    c: RegionSums, block: Int, first: Int, n: Int, j: Int, x: TileNumbers, s: Reals, labels: Ints, partial: Result
) -> Int:
    """Add up one class of n pixels of a block's sample, from its pixel `first`; keep what the gradient needs of it."""
    r = c.regions
    parts = stack_reals(PARTS)
    buffer = stack_reals(512)
    shared = stack_reals(512)
    sample = sample_of(r, block)
    z = numbers_of(x, j, n, buffer)
    t = target_of_class(r, sample, first, n, j, labels, shared)
    if r.labelled == 0 and first_outside(t, n, NUMBER, 0.0, 1.0) >= 0:
        report(partial, 0, TARGET_OPERAND)
    if r.activation == SOFTMAX:
        softmax_parts(z, t, n, s, parts)
    elif r.activation == SIGMOID:
        sigmoid_parts(z, t, n, parts)
    else:
        given_parts(z, t, n, parts)
    if r.gradient.array != 0 and r.gradient.kind == DATA and r.activation != NO_ACTIVATION:
        kept = reals(place_of(r.gradient, r.gradient_steps, r.itemsize, sample, first, j))
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
    x = TileNumbers()
    s = stack_reals(STATISTICS)
    labels = stack_ints(512)
    begin_block(partial)
    clear_sums(c, block)
    sample = sample_of(r, block)
    most = tile_pixels(r.classes, r.activation)
    first = (block % r.parts) * r.block
    stop = block_end(r, block)
    size = tile_bytes(r, r.pred)
    memory = take_memory(size) if size != 0 else 0
    if size != 0 and memory == 0:
        report(partial, 0, NO_MEMORY)
        return 0
    while first < stop:
        n = tile_of(first, stop, most)
        if r.labelled == 1:
            read_labels(r, sample * r.pixels + first, n, labels, partial)
        read_tile(r, sample, first, n, first_class(r, block), class_end(r, block), memory, x)
        if r.activation == SOFTMAX:
            softmax_tops(x, r.classes, n, s)
            softmax_sums(x, r.classes, n, s)
        for j in range(first_class(r, block), class_end(r, block)):
            count_class(c, block, first, n, j, x, s, labels, partial)
        first = first + n
    if size != 0:
        give_back(memory)
    return 0
