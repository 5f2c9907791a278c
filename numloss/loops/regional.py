"""The regional family: sums over the pixels of each class of each sample, then a law of the sums.

A first pass adds up what prediction and target share (tp), what only the prediction claims (fp) and what it
misses (fn); the law of those three runs as an elementwise loss over the regions; a second pass writes the
gradient. The first pass leaves in the gradient what the second needs of the prediction: the slope of a sigmoid, the
probabilities of a softmax, so that no exponential is taken twice. Header of the problem c:

    0 pixels of all samples   1 pixels of a block   2 pixels of a sample   3 classes   4 activation: none (0),
    sigmoid (1), softmax (2)   5 labels are given (1) or a target of pred's shape (0)   6 a label is ignored
    7 which   8 blocks of a region or sample   9 bytes of the data's dtype   10 there is a gradient
    11-13 strides of pred: sample, class, pixel   14-16 of the target   17-19 of the gradient
    20 sums (array object), of float64 (3, parts of a region, samples, classes)   21-23 slopes by tp, fp and fn (array
    objects), of float64 (samples, classes)   24 slopes from one sample to the next   25 onwards: operands pred,
    target, gradient

A block is a part of one class of one sample, since classes have nothing to do with each other; only a softmax takes all
classes of a sample together. So blocks that follow each other are neighbours in memory.
"""

from __future__ import annotations

from ..scalar import decay, exp_below, round_shift
from .headers import Result
from .language import (
    Int,
    Ints,
    Real,
    Reals,
    apart,
    array_data,
    double,
    doubles,
    offset,
    operand_at,
    real,
    reals,
    stack_ints,
    stack_reals,
)
from .operands import convert, fetch_labels, first_outside, item_size, put_apart
from .rowwise_parts import base_of
from .sums import begin_block, report, tile_sum


def tile_pixels(classes: Int, activation: Int) -> Int:
    """Pixels of a tile: all classes of it stay in the first cache; a softmax needs them together."""
    if activation != 2 or classes == 0:
        return 512
    most = 4096 // classes
    most = most - most % 32
    if most < 8:
        most = 8
    if most > 512:
        most = 512
    return most


@apart
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


@apart
def softmax_tops(c: Ints, x: Reals, n: Int, s: Reals) -> Int:
    """Of n pixels the largest score, and what is taken off all scores: the columns 0, 1 and 2 of s, of 512 each."""
    buffer = stack_reals(512)
    for j in range(c[3]):
        z = side_by_side(offset(x, j * c[12]), c[13], n, buffer)
        for i in range(n):
            s[i] = z[i] if j == 0 or z[i] > s[i] else s[i]
    for i in range(n):
        s[512 + i] = base_of(s[i])
        s[1024 + i] = round_shift(s[i] - s[512 + i])
    return 0


@apart
def softmax_sums(c: Ints, x: Reals, n: Int, s: Reals) -> Int:
    """Columns 3 and 4 of s: 1 / sum of the exponentials, and 1 - p with all its digits where the score is largest."""
    buffer = stack_reals(512)
    tops = stack_reals(512)
    for i in range(n):
        s[2048 + i] = 0.0
        tops[i] = 0.0
    for j in range(c[3]):
        z = side_by_side(offset(x, j * c[12]), c[13], n, buffer)
        for i in range(n):
            e = exp_below(z[i] - s[512 + i], s[1024 + i])
            s[2048 + i] = s[2048 + i] + (0.0 if z[i] == s[i] else e)
            tops[i] = tops[i] + (1.0 if z[i] == s[i] else 0.0)
    for i in range(n):
        e = exp_below(s[i] - s[512 + i], s[1024 + i])
        s[1536 + i] = 1.0 / (s[2048 + i] + tops[i] * e)
        s[2048 + i] = (s[2048 + i] + (tops[i] - 1.0) * e) * s[1536 + i]
    return 0


@apart
def softmax_parts(z: Reals, n: Int, s: Reals, parts: Reals) -> Int:
    """p, 1 - p with all its digits, and p once more, for one class of n pixels."""
    for i in range(n):
        p = exp_below(z[i] - s[512 + i], s[1024 + i]) * s[1536 + i]
        parts[i] = p
        parts[512 + i] = s[2048 + i] if z[i] == s[i] else 1.0 - p
        parts[1024 + i] = p
    return 0


@apart
def sigmoid_parts(z: Reals, n: Int, parts: Reals) -> Int:
    """p, 1 - p with all its digits, and the slope of p, for one class of n pixels."""
    for i in range(n):
        e = decay(z[i])
        large = 1.0 / (1.0 + e)
        small = e * large
        parts[i] = large if z[i] >= 0.0 else small
        parts[512 + i] = small if z[i] >= 0.0 else large
        parts[1024 + i] = large * small
    return 0


@apart
def given_parts(p: Reals, n: Int, parts: Reals) -> Int:
    """p and 1 - p for one class of n pixels."""
    for i in range(n):
        parts[i] = p[i]
        parts[512 + i] = 1.0 - p[i]
    return 0


@apart
def shares(t: Reals, n: Int, parts: Reals) -> Int:
    """p t, p (1 - t) and (1 - p) t of n pixels, from p and 1 - p, which they replace."""
    for i in range(n):
        p = parts[i]
        parts[1536 + i] = p * t[i]
        parts[i] = p * (1.0 - t[i])
        parts[512 + i] = parts[512 + i] * t[i]
    return 0


@apart
def read_labels(c: Ints, start: Int, n: Int, labels: Ints, partial: Result) -> Int:
    """Labels of n pixels; an ignored one is -1, a bad one is reported and becomes -1."""
    fetch_labels(operand_at(c, 28), start, n, labels)
    for i in range(n):
        label = labels[i]
        if c[6] == 1 and label == c[7]:
            labels[i] = -1
        elif label < 0 or label >= c[3]:
            report(partial, start + i, 1)
            labels[i] = -1
    return 0


@apart
def labelled_class(labels: Ints, n: Int, j: Int, t: Reals) -> Int:
    """1 where the label is j, else 0."""
    for i in range(n):
        t[i] = 1.0 if labels[i] == j else 0.0
    return 0


@apart
def clear_ignored(labels: Ints, n: Int, values: Reals) -> Int:
    """Exact zeros where the label is -1, whatever was there."""
    for i in range(n):
        values[i] = values[i] if labels[i] >= 0 else 0.0
    return 0


def target_of_class(c: Ints, sample: Int, first: Int, n: Int, j: Int, labels: Ints, buffer: Reals) -> Reals:
    """Pointer to the target of class j for n pixels of a sample, from its pixel `first`."""
    if c[5] == 1:
        labelled_class(labels, n, j, buffer)
        return buffer
    code = c[29] % 16
    at = array_data(c[28]) + (sample * c[14] + j * c[15] + first * c[16]) * item_size(code, c[9])
    if code == 0 and c[16] == 1:
        return reals(at)
    convert(at, code, c[16], n, buffer)
    return buffer


def sample_of(c: Ints, block: Int) -> Int:
    """The sample that a block is a part of."""
    if c[4] == 2:
        return block // c[8]
    return block // c[8] // c[3]


def first_class(c: Ints, block: Int) -> Int:
    """The first class of a block."""
    if c[4] == 2:
        return 0
    return block // c[8] % c[3]


def class_end(c: Ints, block: Int) -> Int:
    """The class at which a block ends."""
    if c[4] == 2:
        return c[3]
    return block // c[8] % c[3] + 1


def block_end(c: Ints, block: Int) -> Int:
    """The pixel of its sample at which a block ends."""
    stop = (block % c[8] + 1) * c[1]
    if stop > c[2]:
        stop = c[2]
    return stop


def tile_of(first: Int, stop: Int, most: Int) -> Int:
    """Pixels of the tile that begins at `first`."""
    n = stop - first
    if n > most:
        n = most
    return n


@apart
def count_class(c: Ints, block: Int, first: Int, n: Int, j: Int, s: Reals, labels: Ints, partial: Result) -> Int:
    """Add up one class of n pixels of a block's sample, from its pixel `first`; keep what the gradient needs of it."""
    parts = stack_reals(2048)
    buffer = stack_reals(512)
    sample = sample_of(c, block)
    x = offset(reals(array_data(c[25])), sample * c[11] + j * c[12] + first * c[13])
    z = side_by_side(x, c[13], n, buffer)
    if c[4] == 2:
        softmax_parts(z, n, s, parts)
    elif c[4] == 1:
        sigmoid_parts(z, n, parts)
    else:
        given_parts(z, n, parts)
    if c[10] == 1 and c[4] != 0:
        kept = offset(reals(array_data(c[31])), sample * c[17] + j * c[18] + first * c[19])
        put_apart(kept, c[19], n, offset(parts, 1024))
    t = target_of_class(c, sample, first, n, j, labels, buffer)
    if c[5] == 1:
        clear_ignored(labels, n, parts)
        clear_ignored(labels, n, offset(parts, 512))
    elif first_outside(t, n, 1, 0.0, 1.0) >= 0:
        report(partial, 0, 1)
    shares(t, n, parts)
    samples = c[0] // c[2]
    sums = offset(doubles(array_data(c[20])), (block % c[8] * samples + sample) * c[3] + j)
    regions = c[8] * samples * c[3]
    sums[0] = sums[0] + tile_sum(offset(parts, 1536), n)
    sums[regions] = sums[regions] + tile_sum(parts, n)
    sums[2 * regions] = sums[2 * regions] + tile_sum(offset(parts, 512), n)
    return 0


@apart
def clear_sums(c: Ints, block: Int) -> Int:
    """Nothing is counted yet in a block."""
    samples = c[0] // c[2]
    sums = offset(doubles(array_data(c[20])), (block % c[8] * samples + sample_of(c, block)) * c[3])
    regions = c[8] * samples * c[3]
    for j in range(first_class(c, block), class_end(c, block)):
        sums[j] = double(0.0)
        sums[regions + j] = double(0.0)
        sums[2 * regions + j] = double(0.0)
    return 0


def regions_block(c: Ints, partial: Result, block: Int) -> Int:
    """First pass: the sums of one block, and what the gradient needs of it."""
    s = stack_reals(2560)
    labels = stack_ints(512)
    begin_block(partial)
    clear_sums(c, block)
    sample = sample_of(c, block)
    most = tile_pixels(c[3], c[4])
    first = (block % c[8]) * c[1]
    stop = block_end(c, block)
    while first < stop:
        n = tile_of(first, stop, most)
        if c[5] == 1:
            read_labels(c, sample * c[2] + first, n, labels, partial)
        if c[4] == 2:
            x = offset(reals(array_data(c[25])), sample * c[11] + first * c[13])
            softmax_tops(c, x, n, s)
            softmax_sums(c, x, n, s)
        for j in range(first_class(c, block), class_end(c, block)):
            count_class(c, block, first, n, j, s, labels, partial)
        first = first + n
    return 0


def slope_by(c: Ints, which: Int, sample: Int, j: Int) -> Real:
    """Slope of the loss with respect to one of the three sums of class j."""
    slopes = doubles(array_data(c[21 + which]))
    return real(slopes[sample * c[24] + j])


@apart
def add_mixed(t: Reals, p: Reals, n: Int, hit: Real, claim: Real, miss: Real, mixed: Reals) -> Int:
    """Add p times the slope of the loss with respect to p, for one class of n pixels."""
    gain = hit - miss
    for i in range(n):
        mixed[i] = mixed[i] + p[i] * (gain * t[i] + claim * (1.0 - t[i]))
    return 0


@apart
def class_gradient(t: Reals, mixed: Reals, n: Int, hit: Real, claim: Real, miss: Real, g: Reals) -> Int:
    """Multiply g by what the slope of the loss with respect to p has above `mixed`, for one class of n pixels."""
    gain = hit - miss
    for i in range(n):
        g[i] = g[i] * (gain * t[i] + claim * (1.0 - t[i]) - mixed[i])
    return 0


@apart
def write_class(c: Ints, sample: Int, first: Int, n: Int, j: Int, mixed: Reals, labels: Ints) -> Int:
    """Write the gradient of one class of n pixels of a sample, from its pixel `first`."""
    buffer = stack_reals(512)
    shared = stack_reals(512)
    place = offset(reals(array_data(c[31])), sample * c[17] + j * c[18] + first * c[19])
    g = side_by_side(place, c[19], n, buffer)
    if c[4] == 0:
        for i in range(n):
            g[i] = 1.0
    t = target_of_class(c, sample, first, n, j, labels, shared)
    class_gradient(t, mixed, n, slope_by(c, 0, sample, j), slope_by(c, 1, sample, j), slope_by(c, 2, sample, j), g)
    if c[5] == 1:
        clear_ignored(labels, n, g)
    if c[19] != 1:
        put_apart(place, c[19], n, g)
    return 0


@apart
def mix_classes(c: Ints, sample: Int, first: Int, n: Int, labels: Ints, mixed: Reals) -> Int:
    """The mean slope with respect to the probabilities of each of n pixels, over its classes."""
    buffer = stack_reals(512)
    shared = stack_reals(512)
    for i in range(n):
        mixed[i] = 0.0
    for j in range(c[3]):
        place = offset(reals(array_data(c[31])), sample * c[17] + j * c[18] + first * c[19])
        p = side_by_side(place, c[19], n, buffer)
        t = target_of_class(c, sample, first, n, j, labels, shared)
        add_mixed(t, p, n, slope_by(c, 0, sample, j), slope_by(c, 1, sample, j), slope_by(c, 2, sample, j), mixed)
    return 0


def region_slopes_block(c: Ints, partial: Result, block: Int) -> Int:
    """Second pass: the gradient of one block of pixels from the slopes of its regions.

    It begins where the first pass ended: what that has read and written last may still be in a cache.
    """
    mixed = stack_reals(512)
    labels = stack_ints(512)
    begin_block(partial)
    blocks = c[0] // c[2] * c[8]
    if c[4] != 2:
        blocks = blocks * c[3]
    block = blocks - 1 - block
    sample = sample_of(c, block)
    most = tile_pixels(c[3], c[4])
    first = (block % c[8]) * c[1]
    stop = block_end(c, block)
    for i in range(512):
        mixed[i] = 0.0
    while first < stop:
        n = tile_of(first, stop, most)
        if c[5] == 1:
            read_labels(c, sample * c[2] + first, n, labels, partial)
        if c[4] == 2:
            mix_classes(c, sample, first, n, labels, mixed)
        for j in range(first_class(c, block), class_end(c, block)):
            write_class(c, sample, first, n, j, mixed, labels)
        first = first + n
    return 0
