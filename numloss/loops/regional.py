"""The regional family: sums over the pixels of each class of each sample, then a law of the sums.

A first pass adds up what prediction and target share (tp), what only the prediction claims (fp) and what it
misses (fn); the law of those three runs as an elementwise loss over the regions; a second pass writes the
gradient. Header of the problem c:

    0 pixels of all samples   1 pixels of a block   2 pixels of a sample   3 classes   4 activation: none (0),
    sigmoid (1), softmax (2)   5 labels are given (1) or a target of pred's shape (0)   6 a label is ignored
    7 which   8 blocks of a sample   9 bytes of the data's dtype   10 -
    11-13 strides of pred: sample, class, pixel   14-16 of the target   17-19 of the gradient
    20 address of the sums, of float64 (blocks, classes, 3)   21 address of the slopes, of float64 (samples,
    classes, 3)   22 onwards: operands pred, target, gradient

A block belongs to one sample.
"""

from __future__ import annotations

from ..scalar import decay
from .elementwise import complaint
from .language import (
    Doubles,
    Int,
    Ints,
    Reals,
    apart,
    array_data,
    double,
    doubles,
    offset,
    real,
    reals,
    stack_doubles,
    stack_ints,
    stack_reals,
)
from .operands import convert, fetch_labels, first_outside, item_size
from .sums import add_tile, clear, fold


def tile_pixels(classes: Int, activation: Int) -> Int:
    """Pixels of a tile: all classes of it stay in the first cache; a softmax needs them together."""
    if activation != 2:
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
    if step == 1:
        for i in range(n):
            out[i] = x[i]
    else:
        for i in range(n):
            out[i] = x[i * step]
    return 0


@apart
def softmax_statistics(c: Ints, x: Reals, n: Int, z: Reals, top: Reals, total: Reals) -> Int:
    """Largest score and sum of exponentials over the classes, for n pixels; z is room for one class."""
    for j in range(c[3]):
        strided_copy(offset(x, j * c[12]), c[13], n, z)
        for i in range(n):
            if j == 0 or z[i] > top[i]:
                top[i] = z[i]
    for i in range(n):
        total[i] = 0.0
    for j in range(c[3]):
        strided_copy(offset(x, j * c[12]), c[13], n, z)
        for i in range(n):
            total[i] = total[i] + decay(z[i] - top[i])
    return 0


@apart
def probabilities(
    c: Ints, x: Reals, n: Int, top: Reals, total: Reals, p: Reals, rest: Reals, slope: Reals
) -> Int:
    """p, 1 - p with all its digits, and the slope of p, for one class of n pixels."""
    strided_copy(x, c[13], n, p)
    if c[4] == 1:
        for i in range(n):
            e = decay(p[i])
            large = 1.0 / (1.0 + e)
            small = e * large
            rest[i] = small if p[i] >= 0.0 else large
            slope[i] = large * small
            p[i] = large if p[i] >= 0.0 else small
    else:
        for i in range(n):
            if c[4] == 2:
                p[i] = decay(p[i] - top[i]) / total[i]
            rest[i] = 1.0 - p[i]
            slope[i] = 1.0
    return 0


@apart
def read_labels(c: Ints, start: Int, n: Int, labels: Ints, partial: Doubles) -> Int:
    """Labels of n pixels; an ignored one is -1, a bad one is reported and becomes -1."""
    if c[5] == 0:
        for i in range(n):
            labels[i] = 0
        return 0
    fetch_labels(c, 25, start, n, labels)
    for i in range(n):
        label = labels[i]
        if c[6] == 1 and label == c[7]:
            labels[i] = -1
        elif label < 0 or label >= c[3]:
            if partial[2] < double(0.0):
                partial[2] = complaint(start + i, 1)
            labels[i] = -1
    return 0


@apart
def read_target(c: Ints, at: Int, first: Int, n: Int, j: Int, labels: Ints, t: Reals, partial: Doubles) -> Int:
    """Target of class j for n pixels from `first` of the sample at `at`; outside [0, 1] it is reported."""
    if c[5] == 1:
        for i in range(n):
            t[i] = 1.0 if labels[i] == j else 0.0
        return 0
    code = c[26] % 16
    place = at + j * c[15] + first * c[16]
    convert(array_data(c[25]) + place * item_size(code, c[9]), code, c[16], n, t)
    bad = first_outside(t, n, 1, 0.0, 1.0)
    if bad >= 0 and partial[2] < double(0.0):
        partial[2] = complaint(0, 1)
    return 0


@apart
def count_class(n: Int, labels: Ints, p: Reals, rest: Reals, t: Reals, sums: Doubles) -> Int:
    """Add tp, fp and fn of n pixels of a class to sums[0..2]; pixels with label -1 count nothing."""
    product = stack_reals(512)
    lanes = stack_doubles(32)
    for i in range(n):
        product[i] = p[i] * t[i] if labels[i] >= 0 else 0.0
    clear(lanes)
    add_tile(product, n, lanes)
    sums[0] = sums[0] + fold(lanes)
    for i in range(n):
        product[i] = p[i] * (1.0 - t[i]) if labels[i] >= 0 else 0.0
    clear(lanes)
    add_tile(product, n, lanes)
    sums[1] = sums[1] + fold(lanes)
    for i in range(n):
        product[i] = rest[i] * t[i] if labels[i] >= 0 else 0.0
    clear(lanes)
    add_tile(product, n, lanes)
    sums[2] = sums[2] + fold(lanes)
    return 0


def regions_block(c: Ints, partial: Doubles, block: Int) -> Int:
    """First pass: the sums of one block of pixels, for every class."""
    z = stack_reals(512)
    top = stack_reals(512)
    total = stack_reals(512)
    p = stack_reals(512)
    rest = stack_reals(512)
    slope = stack_reals(512)
    t = stack_reals(512)
    labels = stack_ints(512)
    partial[0] = double(0.0)
    partial[1] = double(0.0)
    partial[2] = double(-1.0)
    sample = block // c[8]
    sums = offset(doubles(c[20]), block * c[3] * 3)
    for k in range(c[3] * 3):
        sums[k] = double(0.0)
    most = tile_pixels(c[3], c[4])
    first = (block % c[8]) * c[1]
    stop = first + c[1]
    if stop > c[2]:
        stop = c[2]
    while first < stop:
        n = stop - first
        if n > most:
            n = most
        x = offset(reals(array_data(c[22])), sample * c[11] + first * c[13])
        read_labels(c, sample * c[2] + first, n, labels, partial)
        if c[4] == 2:
            softmax_statistics(c, x, n, z, top, total)
        for j in range(c[3]):
            probabilities(c, offset(x, j * c[12]), n, top, total, p, rest, slope)
            read_target(c, sample * c[14], first, n, j, labels, t, partial)
            count_class(n, labels, p, rest, t, offset(sums, 3 * j))
        first = first + n
    return 0


@apart
def class_slopes(n: Int, labels: Ints, t: Reals, slopes: Doubles, out: Reals) -> Int:
    """Slope of the loss with respect to p of one class, for n pixels."""
    hit = real(slopes[0])
    claim = real(slopes[1])
    miss = real(slopes[2])
    for i in range(n):
        out[i] = (hit - miss) * t[i] + claim * (1.0 - t[i]) if labels[i] >= 0 else 0.0
    return 0


@apart
def strided_write(values: Reals, n: Int, out: Reals, step: Int) -> Int:
    """n numbers to places `step` apart."""
    for i in range(n):
        out[i * step] = values[i]
    return 0


def region_slopes_block(c: Ints, partial: Doubles, block: Int) -> Int:
    """Second pass: the gradient of one block of pixels from the slopes of its regions."""
    z = stack_reals(512)
    top = stack_reals(512)
    total = stack_reals(512)
    p = stack_reals(512)
    rest = stack_reals(512)
    slope = stack_reals(512)
    t = stack_reals(512)
    mixed = stack_reals(512)
    labels = stack_ints(512)
    partial[0] = double(0.0)
    partial[1] = double(0.0)
    partial[2] = double(-1.0)
    sample = block // c[8]
    slopes = offset(doubles(c[21]), sample * c[3] * 3)
    most = tile_pixels(c[3], c[4])
    first = (block % c[8]) * c[1]
    stop = first + c[1]
    if stop > c[2]:
        stop = c[2]
    while first < stop:
        n = stop - first
        if n > most:
            n = most
        x = offset(reals(array_data(c[22])), sample * c[11] + first * c[13])
        g = offset(reals(array_data(c[28])), sample * c[17] + first * c[19])
        read_labels(c, sample * c[2] + first, n, labels, partial)
        for i in range(n):
            mixed[i] = 0.0
        if c[4] == 2:
            softmax_statistics(c, x, n, z, top, total)
            for j in range(c[3]):
                probabilities(c, offset(x, j * c[12]), n, top, total, p, rest, slope)
                read_target(c, sample * c[14], first, n, j, labels, t, partial)
                class_slopes(n, labels, t, offset(slopes, 3 * j), z)
                for i in range(n):
                    mixed[i] = mixed[i] + z[i] * p[i]
        for j in range(c[3]):
            probabilities(c, offset(x, j * c[12]), n, top, total, p, rest, slope)
            read_target(c, sample * c[14], first, n, j, labels, t, partial)
            class_slopes(n, labels, t, offset(slopes, 3 * j), z)
            if c[4] == 2:
                for i in range(n):
                    z[i] = p[i] * (z[i] - mixed[i]) if labels[i] >= 0 else 0.0
            elif c[4] == 1:
                for i in range(n):
                    z[i] = z[i] * slope[i] if labels[i] >= 0 else 0.0
            strided_write(z, n, offset(g, j * c[18]), c[19])
        first = first + n
    return 0
