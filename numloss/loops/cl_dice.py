"""Overlap of tubes by their centre lines: soft skeletons, by minima and maxima of neighbours, and the Dice loss beside.

An image is eroded again and again; what of each of these images an opening would remove is part of the skeleton. The
gradient goes back by the neighbours that were chosen: a pixel before those around it, else the first of them. Which
one that is is a number of each pixel; then slopes are handed on row by row, to each of the neighbours in turn.
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
def pad_row(x: Reals, row: Int, rows: Int, columns: Int, outside: Real, line: Reals) -> Int:
    """A row between two of a number that is never chosen; only that where there is no row."""
    for k in range(columns + 2):
        line[k] = outside
    if row >= 0 and row < rows:
        here = offset(x, row * columns)
        for k in range(columns):
            line[k + 1] = here[k]
    return 0


@apart
def choose_highest(above: Reals, here: Reals, below: Reals, n: Int, choice: Reals) -> Int:
    """Which pixel of the square around each of n is the largest: 0 for itself, or the number of the first of others."""
    for k in range(n):
        best = here[k + 1]
        found = 1.0 if above[k] > best else 0.0
        best = maximum(above[k], best)
        found = 2.0 if above[k + 1] > best else found
        best = maximum(above[k + 1], best)
        found = 3.0 if above[k + 2] > best else found
        best = maximum(above[k + 2], best)
        found = 4.0 if here[k] > best else found
        best = maximum(here[k], best)
        found = 5.0 if here[k + 2] > best else found
        best = maximum(here[k + 2], best)
        found = 6.0 if below[k] > best else found
        best = maximum(below[k], best)
        found = 7.0 if below[k + 1] > best else found
        best = maximum(below[k + 1], best)
        choice[k] = 8.0 if below[k + 2] > best else found
    return 0


@apart
def choose_lowest(above: Reals, here: Reals, below: Reals, n: Int, choice: Reals) -> Int:
    """Which pixel of the cross around each of n is the least, by the same numbers."""
    for k in range(n):
        best = here[k + 1]
        found = 2.0 if above[k + 1] < best else 0.0
        best = minimum(above[k + 1], best)
        found = 4.0 if here[k] < best else found
        best = minimum(here[k], best)
        found = 5.0 if here[k + 2] < best else found
        best = minimum(here[k + 2], best)
        choice[k] = 7.0 if below[k + 1] < best else found
    return 0


@apart
def hand_on(slope: Reals, choice: Reals, number: Real, factor: Real, n: Int, out: Reals) -> Int:
    """Add slopes of n pixels, times a factor, to those that they chose, if these have the number."""
    for k in range(n):
        out[k] = out[k] + (factor * slope[k] if choice[k] == number else 0.0)
    return 0


@noinline
def hand_row_on(slope: Reals, choice: Reals, row: Int, rows: Int, columns: Int, factor: Real, out: Reals) -> Int:
    """Add slopes of a row, times a factor, to those of the pixels of an image that were chosen."""
    for k in range(9):
        # the pixel itself, then those around it
        at = 4 if k == 0 else (k - 1 if k < 5 else k)
        y = row + at // 3 - 1
        if y >= 0 and y < rows:
            hand_on(slope, choice, real(k), factor, columns, offset(out, y * columns + at % 3 - 1))
    return 0


@apart
def slopes_of_parts(x: Reals, opened: Reals, before: Reals, times: Real, n: Int, by: Reals, g: Reals) -> Int:
    """Of slopes by a skeleton, those by what an opening removes; `by` becomes those by the skeleton before."""
    for i in range(n):
        d = x[i] - opened[i]
        s = times * before[i]
        more = d - s * d if d > 0.0 else 0.0
        slope = by[i]
        g[i] = slope * (1.0 - s) if more > 0.0 else 0.0
        by[i] = slope * (1.0 - d) if more > 0.0 else slope
    return 0


@noinline
def skeleton_step_back(x: Reals, next: Reals, lines: Reals, rows: Int, columns: Int, g: Reals, h: Reals) -> Int:
    """From slopes of what an opening removes, and by an eroded image, to those by the image that is eroded."""
    width = sixteens(columns + 2)
    above = offset(lines, width)
    below = offset(above, width)
    choice = offset(below, width)
    for row in range(rows):
        pad_row(next, row - 1, rows, columns, -1e999, above)
        pad_row(next, row, rows, columns, -1e999, lines)
        pad_row(next, row + 1, rows, columns, -1e999, below)
        choose_highest(above, lines, below, columns, choice)
        hand_row_on(offset(g, row * columns), choice, row, rows, columns, -1.0, h)
    for row in range(rows):
        pad_row(x, row - 1, rows, columns, 1e999, above)
        pad_row(x, row, rows, columns, 1e999, lines)
        pad_row(x, row + 1, rows, columns, 1e999, below)
        choose_lowest(above, lines, below, columns, choice)
        hand_row_on(offset(h, row * columns), choice, row, rows, columns, 1.0, g)
    return 0


@noinline
def skeleton_back(
    e: Examples, x: Reals, eroded: Reals, s: Reals, opened: Reals, lines: Reals, by: Reals, both: Reals
) -> Reals:
    """The gradient by an image, of slopes by its skeleton, which are overwritten; `both` has room for two of them."""
    rows = e.sizes[ROWS]
    columns = e.sizes[COLUMNS]
    n = rows * columns
    count = integer(e.params[ITERATIONS])
    # what is handed on may reach a number beyond either end of an image, and is 0 there
    room = n + 32
    g = offset(both, 16)
    for i in range(n):
        g[i] = 0.0
    for k in range(count + 1):
        j = count - k
        h = g
        g = offset(both, 16 + (k + 1) % 2 * room)
        next = offset(eroded, j * n)
        here = offset(eroded, (j - 1) * n) if j > 0 else x
        before = offset(s, (j - 1) * n) if j > 0 else s
        dilate(next, rows, columns, lines, opened)
        slopes_of_parts(here, opened, before, 1.0 if j > 0 else 0.0, n, by, g)
        skeleton_step_back(here, next, lines, rows, columns, g, h)
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
    # four of them for the way back
    p = offset(line, 4 * sixteens(e.sizes[COLUMNS] + 2))
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
