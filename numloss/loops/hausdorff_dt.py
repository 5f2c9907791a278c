"""Squared errors of a region, times how far their pixels are from the boundaries of what is predicted and what is true.

Squares of distances are whole numbers, and exact: of each pixel to the nearest of its column by two walks, then of a
row by the lower envelope of the parabolas that its columns are, as of Meijster, Roerdink and Hesselink.
"""

from __future__ import annotations

from ..scalar import power
from .cl_dice import by_logits, shares_given, shares_of_logits
from .headers import Examples, Result
from .image_variation import sum_of_row
from .language import Double, Int, Ints, Real, Reals, apart, double, doubles, ints, noinline, offset, real, reals
from .sums import sixteens

# The places of sizes, arrays and parameters in the declaration.
ROWS = 0
COLUMNS = 1
PRED = 0
TARGET = 1
FROM_LOGITS = 0
ALPHA = 1


@noinline
def region_of(x: Reals, n: Int, above: Real, mask: Ints) -> Int:
    """Which pixels are above a number, as 1; how many."""
    count = 0
    for i in range(n):
        mask[i] = 1 if x[i] > above else 0
        count = count + mask[i]
    return count


@apart
def step_along_columns(mask: Ints, side: Int, before: Ints, most: Int, n: Int, g: Ints) -> Int:
    """How far pixels of a row are from one of a side, in the row itself or as those of the row before."""
    for k in range(n):
        t = before[k] + 1
        t = t if t < most else most
        g[k] = 0 if mask[k] == side else t
    return 0


@apart
def step_back_along_columns(after: Ints, n: Int, g: Ints) -> Int:
    """The same where pixels of the row after are nearer."""
    for k in range(n):
        t = after[k] + 1
        g[k] = t if t < g[k] else g[k]
    return 0


@noinline
def walk_columns(mask: Ints, side: Int, rows: Int, columns: Int, g: Ints) -> Int:
    """How far each pixel is from the nearest of a side in its column; where there is none, further than any other."""
    most = rows + columns
    for k in range(columns):
        g[k] = 0 if mask[k] == side else most
    for r in range(1, rows):
        at = r * columns
        step_along_columns(offset(mask, at), side, offset(g, at - columns), most, columns, offset(g, at))
    for r in range(1, rows):
        at = (rows - 1 - r) * columns
        step_back_along_columns(offset(g, at + columns), columns, offset(g, at))
    return 0


@noinline
def nearest_of_row(g: Ints, n: Int, parabolas: Ints, begins: Ints, out: Ints) -> Int:
    """Squared distances of the pixels of a row, of those along columns: which parabola is lowest, and from where on."""
    last = 0
    parabolas[0] = 0
    begins[0] = 0
    for u in range(1, n):
        high = g[u] * g[u]
        x = begins[last]
        s = parabolas[last]
        while last >= 0 and (x - s) * (x - s) + g[s] * g[s] > (x - u) * (x - u) + high:
            last = last - 1
            if last >= 0:
                x = begins[last]
                s = parabolas[last]
        if last < 0:
            last = 0
            parabolas[0] = u
            begins[0] = 0
        else:
            # from here on the new one is lower
            x = 1 + (u * u - s * s + high - g[s] * g[s]) // (2 * (u - s))
            if x < n:
                last = last + 1
                parabolas[last] = u
                begins[last] = x
    for k in range(n):
        u = n - 1 - k
        s = parabolas[last]
        out[u] = (u - s) * (u - s) + g[s] * g[s]
        if u == begins[last]:
            last = last - 1
    return 0


@apart
def add_powers(squares: Ints, mask: Ints, side: Int, n: Int, half: Real, w: Reals) -> Int:
    """Add powers of distances to the weights of pixels that are not of a side."""
    for k in range(n):
        d = real(squares[k])
        w[k] = w[k] + (0.0 if mask[k] == side else (d if half == 1.0 else power(d, half)))
    return 0


@noinline
def add_boundary_distances(e: Examples, x: Reals, above: Real, w: Reals) -> Int:
    """Add powers of distances to the boundary of the region that is above a number; where there is none nothing."""
    rows = e.sizes[ROWS]
    columns = e.sizes[COLUMNS]
    n = rows * columns
    mask = ints(e.ints)
    g = offset(mask, n)
    parabolas = offset(g, n)
    begins = offset(parabolas, columns)
    squares = offset(begins, columns)
    count = region_of(x, n, above, mask)
    if count == 0 or count == n:
        return 0
    half = real(double(0.5) * e.params[ALPHA])
    for side in range(2):
        walk_columns(mask, side, rows, columns, g)
        for r in range(rows):
            at = r * columns
            nearest_of_row(offset(g, at), columns, parabolas, begins, squares)
            add_powers(squares, offset(mask, at), side, columns, half, offset(w, at))
    return 0


@apart
def weighted_errors(p: Reals, q: Reals, t: Reals, w: Reals, n: Int, factor: Real, out: Reals, g: Reals) -> Int:
    """The terms of n pixels, and their slopes by probabilities."""
    for i in range(n):
        # p - t, of an indicator as what is missing to it
        d = p[i] * (1.0 - t[i]) - q[i] * t[i]
        weighted = d * w[i]
        # beside no boundary nothing counts, though NaN stays NaN
        out[i] = d * weighted
        g[i] = factor * weighted
    return 0


@apart
def error_curvatures(p: Reals, q: Reals, t: Reals, w: Reals, n: Int, factor: Real, logits: Real, h: Reals) -> Int:
    """Curvatures of n terms by logits, or by probabilities."""
    for i in range(n):
        both = p[i] * q[i]
        d = p[i] * (1.0 - t[i]) - q[i] * t[i]
        curved = both * (both + d * (q[i] - p[i]))
        h[i] = factor * w[i] * (curved if logits > 0.0 else 1.0)
    return 0


@noinline
def one_region(e: Examples, i: Int) -> Double:
    """The loss of a map; its gradient."""
    n = e.sizes[ROWS] * e.sizes[COLUMNS]
    x = offset(reals(e.inputs[PRED]), i * n)
    t = offset(reals(e.inputs[TARGET]), i * n)
    w = reals(e.reals)
    p = offset(w, sixteens(n))
    q = offset(p, sixteens(n))
    terms = offset(q, sixteens(n))
    slopes = offset(terms, sixteens(n))
    logits = e.params[FROM_LOGITS] == double(1.0)
    for k in range(n):
        w[k] = 0.0
    if logits:
        shares_of_logits(x, n, p, q)
        add_boundary_distances(e, x, 0.0, w)
    else:
        shares_given(x, n, p, q)
        add_boundary_distances(e, x, 0.5, w)
    add_boundary_distances(e, t, 0.5, w)
    weighted_errors(p, q, t, w, n, real(double(2.0) / double(n)), terms, slopes)
    if e.mode > 1:
        factor = real(double(2.0) / double(n))
        error_curvatures(p, q, t, w, n, factor, 1.0 if logits else 0.0, offset(reals(e.slopes[1]), i * n))
    if e.mode > 0:
        if logits:
            by_logits(p, q, n, slopes)
        g = offset(reals(e.slopes[0]), i * n)
        for k in range(n):
            g[k] = slopes[k]
    return sum_of_row(terms, n) / double(n)


def hausdorff_dt_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Losses, and gradients, of n maps."""
    for i in range(n):
        doubles(e.losses)[i] = one_region(e, i)
    return 0
