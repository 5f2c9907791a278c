"""Overlap of tubes by their centre lines: soft skeletons, by minima and maxima of neighbours, and the Dice loss beside.

An image is eroded again and again; what of each of these images an opening would remove is part of the skeleton. The
gradient goes back by the neighbours that were chosen: a pixel before those beside it, else the first of them.
Precision and sensitivity are less than 1 by sums whose terms are not negative, so that neither is a rest of 1.
"""

from __future__ import annotations

from ..scalar import decay, maximum, minimum
from .crps_ensemble import score
from .headers import Examples, Result
from .language import Double, Int, Real, Reals, apart, double, doubles, integer, noinline, offset, real, reals
from .sums import sixteens

# The places of sizes, arrays and parameters in the declaration.
ROWS = 0
COLUMNS = 1
PRED = 0
TARGET = 1
FROM_LOGITS = 0
ITERATIONS = 1
ALPHA = 2
SMOOTH = 3


@apart
def shares_of_logits(x: Reals, n: Int, p: Reals, q: Reals) -> Int:
    """The probabilities of n logits, and what is missing to 1."""
    for i in range(n):
        e = decay(x[i])
        whole = 1.0 + e
        large = 1.0 / whole
        small = e / whole
        p[i] = large if x[i] > 0.0 else small
        q[i] = small if x[i] > 0.0 else large
    return 0


@apart
def shares_given(x: Reals, n: Int, p: Reals, q: Reals) -> Int:
    """The same of probabilities."""
    for i in range(n):
        p[i] = x[i]
        q[i] = 1.0 - x[i]
    return 0


@apart
def erode_row(above: Reals, here: Reals, below: Reals, n: Int, out: Reals) -> Int:
    """The least of each pixel of a row and of those beside it."""
    last = n - 1
    second = 1 if n > 1 else 0
    before = last - second
    out[0] = minimum(minimum(above[0], below[0]), minimum(here[second], here[0]))
    out[last] = minimum(minimum(above[last], below[last]), minimum(here[before], here[last]))
    for k in range(1, last):
        beside = minimum(here[k - 1], here[k + 1])
        out[k] = minimum(minimum(minimum(above[k], below[k]), beside), here[k])
    return 0


@apart
def dilate_row(above: Reals, here: Reals, below: Reals, n: Int, line: Reals, out: Reals) -> Int:
    """The largest of each pixel of a row and of those around it."""
    last = n - 1
    second = 1 if n > 1 else 0
    for k in range(n):
        line[k] = maximum(maximum(above[k], below[k]), here[k])
    out[0] = maximum(line[second], line[0])
    out[last] = maximum(line[last - second], line[last])
    for k in range(1, last):
        out[k] = maximum(maximum(line[k - 1], line[k + 1]), line[k])
    return 0


@noinline
def erode(x: Reals, rows: Int, columns: Int, out: Reals) -> Int:
    """An image eroded by a cross; what lies outside does not count."""
    for r in range(rows):
        above = offset(x, (r - 1 if r > 0 else r) * columns)
        below = offset(x, (r + 1 if r + 1 < rows else r) * columns)
        erode_row(above, offset(x, r * columns), below, columns, offset(out, r * columns))
    return 0


@noinline
def dilate(x: Reals, rows: Int, columns: Int, line: Reals, out: Reals) -> Int:
    """An image dilated by a square."""
    for r in range(rows):
        above = offset(x, (r - 1 if r > 0 else r) * columns)
        below = offset(x, (r + 1 if r + 1 < rows else r) * columns)
        dilate_row(above, offset(x, r * columns), below, columns, line, offset(out, r * columns))
    return 0


@apart
def begin_skeleton(x: Reals, opened: Reals, n: Int, s: Reals) -> Int:
    """What an opening removes of an image."""
    for i in range(n):
        d = x[i] - opened[i]
        s[i] = d if d > 0.0 else 0.0
    return 0


@apart
def add_to_skeleton(x: Reals, opened: Reals, before: Reals, n: Int, s: Reals) -> Int:
    """What an opening removes of an eroded image, where the skeleton is not yet."""
    for i in range(n):
        d = maximum(x[i] - opened[i], 0.0)
        more = d - before[i] * d
        s[i] = before[i] + (more if more > 0.0 else 0.0)
    return 0


@noinline
def fill_skeletons(e: Examples, x: Reals, eroded: Reals, s: Reals, opened: Reals, line: Reals) -> Reals:
    """The skeleton of an image; all eroded images, and skeletons so far, are kept one behind the other."""
    rows = e.sizes[ROWS]
    columns = e.sizes[COLUMNS]
    n = rows * columns
    here = x
    for j in range(integer(e.params[ITERATIONS]) + 1):
        next = offset(eroded, j * n)
        erode(here, rows, columns, next)
        dilate(next, rows, columns, line, opened)
        if j == 0:
            begin_skeleton(here, opened, n, s)
        else:
            add_to_skeleton(here, opened, offset(s, (j - 1) * n), n, offset(s, j * n))
        here = next
    return offset(s, integer(e.params[ITERATIONS]) * n)


@noinline
def place_of_highest(x: Reals, rows: Int, columns: Int, row: Int, column: Int) -> Int:
    """Which pixel of the square around one is the largest."""
    best = row * columns + column
    left = column - 1 if column > 0 else column
    right = column + 1 if column + 1 < columns else column
    for y in range(row - 1 if row > 0 else row, row + 2 if row + 1 < rows else row + 1):
        for z in range(y * columns + left, y * columns + right + 1):
            best = z if x[z] > x[best] else best
    return best


@noinline
def place_of_lowest(x: Reals, rows: Int, columns: Int, row: Int, column: Int) -> Int:
    """Which pixel of the cross around one is the least."""
    at = row * columns + column
    best = at
    above = at - columns if row > 0 else at
    left = at - 1 if column > 0 else at
    right = at + 1 if column + 1 < columns else at
    below = at + columns if row + 1 < rows else at
    best = above if x[above] < x[best] else best
    best = left if x[left] < x[best] else best
    best = right if x[right] < x[best] else best
    return below if x[below] < x[best] else best


def slope_of_part(d: Real, before: Real, slope: Real) -> Real:
    """By what an opening removes, where the skeleton so far is `before`."""
    return slope * (1.0 - before) if d - before * d > 0.0 else 0.0


@noinline
def skeleton_step_back(
    x: Reals,
    next: Reals,
    opened: Reals,
    before: Reals,
    first: Int,
    rows: Int,
    columns: Int,
    by: Reals,
    g: Reals,
    h: Reals,
) -> Int:
    """From slopes by a skeleton, and by an eroded image, to those by the skeleton before and by the image eroded."""
    for row in range(rows):
        for column in range(columns):
            i = row * columns + column
            d = x[i] - opened[i]
            slope = by[i] if d > 0.0 else 0.0
            if first == 0 and d > 0.0:
                slope = slope_of_part(d, before[i], by[i])
                by[i] = by[i] * (1.0 - d) if d - before[i] * d > 0.0 else by[i]
            g[i] = slope
            if slope != 0.0:
                at = place_of_highest(next, rows, columns, row, column)
                h[at] = h[at] - slope
    for row in range(rows):
        for column in range(columns):
            slope = h[row * columns + column]
            if slope != 0.0:
                at = place_of_lowest(x, rows, columns, row, column)
                g[at] = g[at] + slope
    return 0


@noinline
def skeleton_back(
    e: Examples, x: Reals, eroded: Reals, s: Reals, opened: Reals, line: Reals, by: Reals, both: Reals
) -> Reals:
    """The gradient by an image, of slopes by its skeleton, which are overwritten; `both` has room for two of them."""
    rows = e.sizes[ROWS]
    columns = e.sizes[COLUMNS]
    n = rows * columns
    count = integer(e.params[ITERATIONS])
    for i in range(n):
        both[i] = 0.0
    g = both
    for k in range(count + 1):
        j = count - k
        h = g
        g = offset(both, (k + 1) % 2 * n)
        next = offset(eroded, j * n)
        here = offset(eroded, (j - 1) * n) if j > 0 else x
        before = offset(s, (j - 1) * n) if j > 0 else s
        dilate(next, rows, columns, line, opened)
        skeleton_step_back(here, next, opened, before, integer(j == 0), rows, columns, by, g, h)
    return g


@apart
def weigh_pixels(t: Reals, u: Reals, n: Int, on: Real, off: Real, out: Reals) -> Int:
    """Slopes of pixels that belong to a region, and of those that do not."""
    for i in range(n):
        out[i] = t[i] * on + u[i] * off
    return 0


@apart
def close_slopes(
    t: Reals, u: Reals, line: Reals, found: Reals, n: Int, on: Real, off: Real, by_line: Real, out: Reals
) -> Int:
    """Slopes by probabilities: of their overlap, of what they claim of a skeleton, and of their own skeleton."""
    for i in range(n):
        out[i] = (t[i] * on + u[i] * off) + (by_line * line[i] + found[i])
    return 0


@apart
def by_logits(p: Reals, q: Reals, n: Int, g: Reals) -> Int:
    """Slopes by logits, of those by probabilities."""
    for i in range(n):
        g[i] = g[i] * (p[i] * q[i])
    return 0


@noinline
def one_tube(e: Examples, i: Int) -> Double:
    """The loss of an image; its gradient."""
    n = e.sizes[ROWS] * e.sizes[COLUMNS]
    count = integer(e.params[ITERATIONS]) + 1
    alpha = e.params[ALPHA]
    smooth = e.params[SMOOTH]
    one = double(1.0)
    nothing = double(0.0)
    x = offset(reals(e.inputs[PRED]), i * n)
    t = offset(reals(e.inputs[TARGET]), i * n)
    line = reals(e.reals)
    p = offset(line, sixteens(e.sizes[COLUMNS]))
    q = offset(p, n)
    u = offset(q, n)
    wanted = offset(u, n)
    opened = offset(wanted, n)
    eroded = offset(opened, n)
    skeletons = offset(eroded, count * n)
    if e.params[FROM_LOGITS] == one:
        shares_of_logits(x, n, p, q)
    else:
        shares_given(x, n, p, q)
    found = fill_skeletons(e, t, eroded, skeletons, opened, line)
    for k in range(n):
        u[k] = 1.0 - t[k]
        wanted[k] = found[k]
    found = fill_skeletons(e, p, eroded, skeletons, opened, line)
    both = score(p, t, n)
    missed = score(p, u, n) + score(q, t, n)
    size = double(2.0) * both + missed + smooth
    size = one if size == nothing else size
    claimed = score(found, t, n) + smooth
    wrong = score(found, u, n)
    precision_size = claimed + wrong
    precision_size = one if precision_size == nothing else precision_size
    seen = score(p, wanted, n) + smooth
    unseen = score(q, wanted, n)
    sensitivity_size = seen + unseen
    sensitivity_size = one if sensitivity_size == nothing else sensitivity_size
    # how much is missing to 1 of either; where there is no skeleton nothing is
    imprecise = wrong / precision_size
    blind = unseen / sensitivity_size
    a = claimed / precision_size if claimed + wrong != nothing else one
    b = seen / sensitivity_size if seen + unseen != nothing else one
    total = a + b
    whole = one if total == nothing else total
    lost = one if total == nothing else (a * blind + b * imprecise) / whole
    if e.mode > 0:
        by_precision = double(-2.0) * alpha * (b / whole) * (b / whole) / precision_size
        by_sensitivity = double(-2.0) * alpha * (a / whole) * (a / whole) / sensitivity_size
        slopes = offset(skeletons, count * n)
        images = offset(slopes, n)
        weigh_pixels(t, u, n, real(by_precision * imprecise), real(-by_precision * a), slopes)
        back = skeleton_back(e, p, eroded, skeletons, opened, line, slopes, images)
        # of 1 - (2 both + smooth) / size, whose size is without pixels where nothing is claimed or wanted
        miss = (one - alpha) * (double(2.0) * both + smooth) / (size * size)
        hit = (one - alpha) * double(-2.0) * missed / (size * size) - miss
        g = offset(reals(e.slopes[0]), i * n)
        # of a sensitivity, (seen + smooth) / (all + smooth), all do not depend on the prediction
        close_slopes(t, u, wanted, back, n, real(hit), real(miss), real(by_sensitivity), g)
        if e.params[FROM_LOGITS] == one:
            by_logits(p, q, n, g)
    return (one - alpha) * missed / size + alpha * lost


def cl_dice_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses, and gradients, of n images."""
    for i in range(n):
        doubles(e.losses)[i] = one_tube(e, i)
    return 0
