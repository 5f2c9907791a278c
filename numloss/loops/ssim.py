"""Structural similarity of images, row after row, by filters that are rows times columns.

Of s = x + y and d = x - y, with P = mean(s)^2 + mean(d)^2 + 2 C1 and Q = var(s) + var(d) + 2 C2 in a window, its
similarity is (1 - a) (1 - b) where a = 2 mean(d)^2 / P and b = 2 var(d) / Q: what images differ by is never a rest of
what they have in common. A variance is the mean of those of its rows and the variance of their means, none of which is
a difference of squares. Rows that a window reaches are kept in a ring, filtered along columns; slopes go back by the
same filters. Images are less their means, which are what gradients would cancel.
"""

from __future__ import annotations

from ..scalar import fma
from .headers import Examples, Result
from .image_variation import sum_of_row
from .language import (
    Double,
    Int,
    Real,
    Reals,
    apart,
    double,
    double_exp,
    doubles,
    integer,
    noinline,
    offset,
    real,
    reals,
)
from .sums import sixteens

# The places of sizes, arrays and parameters in the declaration.
ROWS = 0
COLUMNS = 1
PRED = 0
TARGET = 1
# What may stand in place of both images: their sums and differences, as of levels of ms_ssim.
SUMS = 2
DIFFERENCES = 3
WINDOW = 0
SIGMA = 1
K1 = 2
K2 = 3
DATA_RANGE = 4
# Entries of a line of scratch beyond the columns, in sixteens; lines, and that of zeros; where
# weights and lines begin, after constants.
BEYOND = 48
LINES = 11
ZEROS = 10
WEIGHTS = 16
HEAD = 48


@noinline
def clear_line(x: Reals, n: Int) -> Int:
    """Zeros."""
    for i in range(n):
        x[i] = 0.0
    return 0


def line_width(e: Examples) -> Int:
    """Numbers from one line of scratch to the next."""
    return sixteens(e.sizes[COLUMNS]) + BEYOND


def scratch_lines(e: Examples) -> Reals:
    """Lines that nothing is kept in between images."""
    return offset(reals(e.reals), HEAD)


def numbers_of_one(e: Examples) -> Int:
    """How many numbers of scratch an image takes."""
    return HEAD + (LINES + 7 * integer(e.params[WINDOW])) * line_width(e)


@noinline
def fill_weights(window: Int, sigma: Double, w: Reals) -> Int:
    """Half of a Gaussian window from its edge on: its centre, halved, makes a pair with itself; then zeros."""
    centre = window // 2
    total = double(0.0)
    for j in range(window):
        t = double(j - centre) / sigma
        total = total + double_exp(double(-0.5) * t * t if t * t < double(1400.0) else double(-700.0))
    for j in range(32):
        w[j] = 0.0
    for j in range(centre + 1):
        t = double(j - centre) / sigma
        share = double_exp(double(-0.5) * t * t if t * t < double(1400.0) else double(-700.0)) / total
        w[j] = real(share if j < centre else double(0.5) * share)
    return 0


@apart
def add_pairs(
    first: Reals,
    last: Reals,
    second: Reals,
    other: Reals,
    third: Reals,
    end: Reals,
    u: Real,
    v: Real,
    w: Real,
    n: Int,
    out: Reals,
) -> Int:
    """Add three pairs of rows, times the weight of each."""
    for i in range(n):
        t = fma(u, first[i] + last[i], out[i])
        t = fma(v, second[i] + other[i], t)
        out[i] = fma(w, third[i] + end[i], t)
    return 0


@apart
def add_spreads(
    first: Reals,
    last: Reals,
    second: Reals,
    other: Reals,
    third: Reals,
    end: Reals,
    m: Reals,
    u: Real,
    v: Real,
    w: Real,
    n: Int,
    out: Reals,
) -> Int:
    """Add the squares of what three pairs of rows are away from their means, times the weight of each."""
    for i in range(n):
        p = first[i] - m[i]
        q = last[i] - m[i]
        t = fma(u, fma(p, p, q * q), out[i])
        p = second[i] - m[i]
        q = other[i] - m[i]
        t = fma(v, fma(p, p, q * q), t)
        p = third[i] - m[i]
        q = end[i] - m[i]
        out[i] = fma(w, fma(p, p, q * q), t)
    return 0


@noinline
def filter_columns(x: Reals, m: Reals, spread: Int, w: Reals, window: Int, n: Int, out: Reals) -> Int:
    """The windows of a row that begin at its first n entries: their means, or spreads around the means m."""
    clear_line(out, n)
    centre = window // 2
    for j in range(0, centre + 1, 3):
        second = j + 1 if j + 1 < centre else centre
        third = j + 2 if j + 2 < centre else centre
        a = offset(x, j)
        b = offset(x, window - 1 - j)
        c = offset(x, second)
        d = offset(x, window - 1 - second)
        e = offset(x, third)
        f = offset(x, window - 1 - third)
        if spread == 1:
            add_spreads(a, b, c, d, e, f, m, w[j], w[j + 1], w[j + 2], n, out)
        else:
            add_pairs(a, b, c, d, e, f, w[j], w[j + 1], w[j + 2], n, out)
    return 0


@noinline
def kept_row(e: Examples, ring: Reals, step: Int, row: Int, count: Int) -> Reals:
    """A row of those in a ring, `step` apart; zeros where there is none."""
    zeros = offset(reals(e.reals), HEAD + ZEROS * line_width(e))
    return zeros if row < 0 or row >= count else offset(ring, row % integer(e.params[WINDOW]) * step)


@noinline
def filter_rows(
    e: Examples, ring: Reals, step: Int, first: Int, count: Int, m: Reals, spread: Int, n: Int, out: Reals
) -> Int:
    """Add the windows of n columns from the row `first` on, of `count`: their means, or spreads around the means m."""
    w = offset(reals(e.reals), WEIGHTS)
    window = integer(e.params[WINDOW])
    centre = window // 2
    last = first + window - 1
    for j in range(0, centre + 1, 3):
        second = j + 1 if j + 1 < centre else centre
        third = j + 2 if j + 2 < centre else centre
        a = kept_row(e, ring, step, first + j, count)
        b = kept_row(e, ring, step, last - j, count)
        c = kept_row(e, ring, step, first + second, count)
        d = kept_row(e, ring, step, last - second, count)
        f = kept_row(e, ring, step, first + third, count)
        g = kept_row(e, ring, step, last - third, count)
        if spread == 1:
            add_spreads(a, b, c, d, f, g, m, w[j], w[j + 1], w[j + 2], n, out)
        else:
            add_pairs(a, b, c, d, f, g, w[j], w[j + 1], w[j + 2], n, out)
    return 0


@apart
def centred_row(x: Reals, y: Reals, n: Int, mx: Real, my: Real, md: Real, s: Reals, d: Reals) -> Int:
    """Sums and differences of a row of both images, less their means over the images."""
    for i in range(n):
        s[i] = (x[i] - mx) + (y[i] - my)
        d[i] = (x[i] - y[i]) - md
    return 0


@apart
def centred_pair(sums: Reals, differences: Reals, n: Int, ms: Real, md: Real, s: Reals, d: Reals) -> Int:
    """The same where sums and differences are given."""
    for i in range(n):
        s[i] = sums[i] - ms
        d[i] = differences[i] - md
    return 0


@apart
def losses_of_row(
    means: Reals,
    width: Int,
    n: Int,
    ms: Real,
    md: Real,
    c1: Real,
    c2: Real,
    out: Reals,
    by_means: Reals,
    by_sum: Reals,
    by_difference: Reals,
) -> Int:
    """1 less the similarity of n windows, and its slopes by s and d together, and by the squares of each.

    `means`: of s, its variances, those of d and its variances, `width` apart.
    """
    for i in range(n):
        p = means[i]
        q = means[2 * width + i]
        vs = means[width + i]
        vd = means[3 * width + i]
        total = p + ms
        rest = q + md
        size = (total * total + rest * rest) + c1
        size = 1.0 if size == 0.0 else size
        spread = (vs + vd) + c2
        spread = 1.0 if spread == 0.0 else spread
        a = 2.0 * rest * rest / size
        b = 2.0 * vd / spread
        first = (a - 1.0) * b / spread
        second = (1.0 - a) * (2.0 - b) / spread
        both = 2.0 * (1.0 - b) * (rest * (2.0 - a) - a * total) / size
        out[i] = a + b * (1.0 - a)
        by_means[i] = both - 2.0 * (p * first + q * second)
        by_sum[i] = first
        by_difference[i] = second
    return 0


@apart
def slopes_of_row(s: Reals, d: Reals, slopes: Reals, width: Int, n: Int, factor: Real, g: Reals) -> Int:
    """The gradient of a row by x, from the filtered slopes of all windows that have it."""
    for i in range(n):
        squares = s[i] * slopes[width + i] + d[i] * slopes[2 * width + i]
        g[i] = factor * (slopes[i] + 2.0 * squares)
    return 0


@noinline
def pair_row(e: Examples, at: Int, mx: Real, my: Real, md: Real, s: Reals, d: Reals) -> Int:
    """Sums and differences of the row that begins at this pixel, less those of the means."""
    n = e.sizes[COLUMNS]
    if e.inputs[DIFFERENCES] == 0:
        x = offset(reals(e.inputs[PRED]), at)
        y = offset(reals(e.inputs[TARGET]), at)
        centred_row(x, y, n, mx, my, md, s, d)
    else:
        sums = offset(reals(e.inputs[SUMS]), at)
        differences = offset(reals(e.inputs[DIFFERENCES]), at)
        centred_pair(sums, differences, n, mx + my, md, s, d)
    return 0


@noinline
def centre_row(e: Examples, at: Int, head: Reals, width: Int) -> Int:
    """Sums and differences of the row that begins at this pixel, less their means, to the first two lines."""
    lines = offset(head, HEAD)
    pair_row(e, at, head[0], head[1], head[2], lines, offset(lines, width))
    return 0


@noinline
def take_row(e: Examples, at: Int, ring: Reals) -> Int:
    """Filter a row along its columns: means and variances of sums and of differences."""
    width = line_width(e)
    head = reals(e.reals)
    window = integer(e.params[WINDOW])
    n = sixteens(e.sizes[COLUMNS] - window + 1)
    w = offset(head, WEIGHTS)
    centre_row(e, at, head, width)
    for k in range(2):
        x = offset(head, HEAD + k * width)
        means = offset(ring, 2 * k * width)
        filter_columns(x, x, 0, w, window, n, means)
        filter_columns(x, means, 1, w, window, n, offset(means, width))
    return 0


@noinline
def windows_of_row(e: Examples, first: Int, ring: Reals, slopes: Reals) -> Double:
    """The sum of the losses of the windows whose first row this is; their slopes, filtered along columns."""
    width = line_width(e)
    head = reals(e.reals)
    window = integer(e.params[WINDOW])
    rows = e.sizes[ROWS]
    n = e.sizes[COLUMNS] - window + 1
    m = sixteens(n)
    lines = offset(head, HEAD)
    found = offset(lines, 2 * width)
    clear_line(found, 4 * width)
    for k in range(2):
        means = offset(found, 2 * k * width)
        spreads = offset(means, width)
        kept = offset(ring, 2 * k * width)
        # the spread of a window: the mean of those of its rows, and that of their means
        filter_rows(e, kept, 4 * width, first, rows, means, 0, m, means)
        filter_rows(e, offset(kept, width), 4 * width, first, rows, means, 0, m, spreads)
        filter_rows(e, kept, 4 * width, first, rows, means, 1, m, spreads)
    out = offset(lines, 6 * width)
    # slopes stand between zeros
    by_means = offset(lines, 7 * width + window - 1)
    by_sum = offset(by_means, width)
    by_difference = offset(by_sum, width)
    losses_of_row(found, width, n, head[3], head[2], head[4], head[5], out, by_means, by_sum, by_difference)
    if e.mode > 0:
        for k in range(3):
            x = offset(lines, (7 + k) * width)
            to = offset(slopes, (first % window * 3 + k) * width)
            filter_columns(x, x, 0, offset(head, WEIGHTS), window, sixteens(e.sizes[COLUMNS]), to)
    return sum_of_row(out, n)


@noinline
def write_row(e: Examples, i: Int, row: Int, slopes: Reals) -> Int:
    """The gradient of a row of the i-th image, from the slopes of the windows that have it."""
    width = line_width(e)
    head = reals(e.reals)
    columns = e.sizes[COLUMNS]
    first = row - integer(e.params[WINDOW]) + 1
    count = e.sizes[ROWS] - integer(e.params[WINDOW]) + 1
    at = (i * e.sizes[ROWS] + row) * columns
    lines = offset(head, HEAD)
    sums = offset(lines, 2 * width)
    clear_line(sums, 3 * width)
    for k in range(3):
        out = offset(sums, k * width)
        filter_rows(e, offset(slopes, k * width), 3 * width, first, count, out, 0, sixteens(columns), out)
    centre_row(e, at, head, width)
    slopes_of_row(lines, offset(lines, width), sums, width, columns, head[6], offset(reals(e.slopes[0]), at))
    return 0


@noinline
def begin_image(e: Examples, i: Int, head: Reals, window: Int) -> Int:
    """What all rows of an image need: means of x, of y, of the difference and of the sum, constants, weights."""
    rows = e.sizes[ROWS]
    columns = e.sizes[COLUMNS]
    n = rows * columns
    if e.inputs[DIFFERENCES] == 0:
        mx = sum_of_row(offset(reals(e.inputs[PRED]), i * n), n) / double(n)
        my = sum_of_row(offset(reals(e.inputs[TARGET]), i * n), n) / double(n)
        head[0] = real(mx)
        head[1] = real(my)
        head[2] = real(mx - my)
    else:
        # the sum of what is given has the mean of both
        head[0] = real(sum_of_row(offset(reals(e.inputs[SUMS]), i * n), n) / double(n))
        head[1] = 0.0
        head[2] = real(sum_of_row(offset(reals(e.inputs[DIFFERENCES]), i * n), n) / double(n))
    head[3] = head[0] + head[1]
    first = e.params[K1] * e.params[DATA_RANGE]
    second = e.params[K2] * e.params[DATA_RANGE]
    head[4] = real(double(2.0) * first * first)
    head[5] = real(double(2.0) * second * second)
    head[6] = real(double(1.0) / (double(rows - window + 1) * double(columns - window + 1)))
    return fill_weights(window, e.params[SIGMA], offset(head, WEIGHTS))


@noinline
def one_similarity(e: Examples, i: Int) -> Double:
    """1 less the mean similarity of an image; its gradient."""
    rows = e.sizes[ROWS]
    columns = e.sizes[COLUMNS]
    window = integer(e.params[WINDOW])
    width = line_width(e)
    windows = rows - window + 1
    head = reals(e.reals)
    ring = offset(head, HEAD + LINES * width)
    slopes = offset(ring, 4 * window * width)
    clear_line(offset(head, HEAD), LINES * width)
    begin_image(e, i, head, window)
    total = double(0.0)
    for row in range(rows):
        take_row(e, (i * rows + row) * columns, offset(ring, row % window * 4 * width))
        if row + 1 >= window:
            total = total + windows_of_row(e, row + 1 - window, ring, slopes)
            if e.mode > 0:
                write_row(e, i, row + 1 - window, slopes)
    if e.mode > 0:
        for row in range(windows, rows):
            write_row(e, i, row, slopes)
    return total / (double(windows) * double(columns - window + 1))


def ssim_examples(e: Examples, partial: Result, n: Int) -> Int:
    """1 less the mean similarities, and gradients, of n images."""
    for i in range(n):
        doubles(e.losses)[i] = one_similarity(e, i)
    return 0
