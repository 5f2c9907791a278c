"""Structural similarity at several scales: of images, of their halves, and so on, by the loop of one of them.

A level has the sums and the differences of both images, averaged over squares of two pixels: what images differ by is
never a rest of what they have in common. All levels but the last leave out means, as if what steadies them were
infinite. With b the loss of a level, the whole is 1 - prod((1 - b)^w); its slopes go back from the last level to the
first, each of which spreads those of the next.
"""

from __future__ import annotations

from .headers import Examples, Result
from .language import (
    Double,
    Doubles,
    Int,
    Real,
    Reals,
    address,
    apart,
    double,
    double_exp,
    double_expm1,
    double_log1p,
    doubles,
    integer,
    noinline,
    offset,
    real,
    reals,
)
from .ssim import clear_line, line_width, numbers_of_one, one_similarity, pair_row, scratch_lines

# The places of sizes, arrays and parameters in the declaration, and in the header of a level, as in ssim.py.
ROWS = 0
COLUMNS = 1
LEVELS_GIVEN = 2
PRED = 0
TARGET = 1
SUMS = 2
DIFFERENCES = 3
K1 = 2
LEVEL_WEIGHT = 2
USUAL_LEVELS = 5


def level_count(e: Examples) -> Int:
    """How many levels there are."""
    return USUAL_LEVELS if e.inputs[LEVEL_WEIGHT] == 0 else e.sizes[LEVELS_GIVEN]


@noinline
def weight_of_level(e: Examples, level: Int) -> Double:
    """The exponent of a level; those of the paper where none are given."""
    if e.inputs[LEVEL_WEIGHT] != 0:
        return double(reals(e.inputs[LEVEL_WEIGHT])[level])
    if level < 2:
        return double(0.0448) if level == 0 else double(0.2856)
    if level < 4:
        return double(0.3001) if level == 2 else double(0.2363)
    return double(0.1333)


@noinline
def halved_often(n: Int, level: Int) -> Int:
    """Rows or columns of a level."""
    found = n
    left = level
    while left > 0:
        found = (found + 1) // 2
        left = left - 1
    return found


@noinline
def level_memory(e: Examples, level: Int) -> Reals:
    """Sums, differences and slopes of a level behind the first, which has the arrays of the call."""
    at = numbers_of_one(e)
    for k in range(1, level):
        at = at + 3 * halved_often(e.sizes[ROWS], k) * halved_often(e.sizes[COLUMNS], k)
    return offset(reals(e.reals), at)


@noinline
def begin_level(e: Examples, s: Examples, i: Int, level: Int) -> Int:
    """The header of a level of the i-th image."""
    s.mode = e.mode
    s.reals = e.reals
    s.sizes[ROWS] = halved_often(e.sizes[ROWS], level)
    s.sizes[COLUMNS] = halved_often(e.sizes[COLUMNS], level)
    for k in range(5):
        s.params[k] = e.params[k]
    if level + 1 < level_count(e):
        s.params[K1] = double(1e999)
    n = s.sizes[ROWS] * s.sizes[COLUMNS]
    s.inputs[DIFFERENCES] = 0
    if level == 0:
        s.inputs[PRED] = address(offset(reals(e.inputs[PRED]), i * n))
        s.inputs[TARGET] = address(offset(reals(e.inputs[TARGET]), i * n))
        if e.mode > 0:
            s.slopes[0] = address(offset(reals(e.slopes[0]), i * n))
    else:
        memory = level_memory(e, level)
        s.inputs[SUMS] = address(memory)
        s.inputs[DIFFERENCES] = address(offset(memory, n))
        s.slopes[0] = address(offset(memory, 2 * n))
    return 0


@apart
def average_squares(above: Reals, below: Reals, n: Int, out: Reals) -> Int:
    """The means of n squares of two pixels of two rows."""
    for k in range(n):
        out[k] = 0.25 * ((above[2 * k] + below[2 * k]) + (above[2 * k + 1] + below[2 * k + 1]))
    return 0


@noinline
def halve_level(s: Examples, out: Reals) -> Int:
    """Sums and differences of the next level; where a side is odd a line of zeros stands before the first."""
    rows = s.sizes[ROWS]
    columns = s.sizes[COLUMNS]
    n = (columns + 1) // 2
    below = scratch_lines(s)
    width = line_width(s)
    above = offset(below, 2 * width)
    clear_line(below, 4 * width)
    for r in range((rows + 1) // 2):
        row = 2 * r + 1 - rows % 2
        # a column of zeros stays before the first
        x = offset(below, columns % 2)
        pair_row(s, row * columns, 0.0, 0.0, 0.0, x, offset(x, width))
        if row > 0:
            x = offset(above, columns % 2)
            pair_row(s, (row - 1) * columns, 0.0, 0.0, 0.0, x, offset(x, width))
        for k in range(2):
            to = offset(out, (k * ((rows + 1) // 2) + r) * n)
            average_squares(offset(above, k * width), offset(below, k * width), n, to)
    return 0


@apart
def add_spread_slopes(coarse: Reals, odd: Int, n: Int, factor: Real, g: Reals) -> Int:
    """Scale the slopes of a row, and add what squares give their pixels."""
    for k in range(n):
        g[k] = factor * g[k] + 0.25 * coarse[(k + odd) // 2]
    return 0


@noinline
def collect_level_slopes(s: Examples, factor: Real, coarse: Reals, last: Int) -> Int:
    """The gradient by the images of a level: its own, and what that of the next level, if there is one, hands on."""
    rows = s.sizes[ROWS]
    columns = s.sizes[COLUMNS]
    for r in range(rows):
        g = offset(reals(s.slopes[0]), r * columns)
        if last == 1:
            for k in range(columns):
                g[k] = factor * g[k]
        else:
            x = offset(coarse, (r + rows % 2) // 2 * ((columns + 1) // 2))
            add_spread_slopes(x, columns % 2, columns, factor, g)
    return 0


@noinline
def weigh_levels(e: Examples, levels: Int, found: Doubles) -> Double:
    """1 less the product of what levels have in common; what each of their losses is multiplied by in the gradient."""
    total = double(0.0)
    for k in range(levels):
        weight = weight_of_level(e, k)
        if weight > double(0.0):
            if found[k] >= double(1.0):
                # nothing in common: no slope leads out
                for j in range(levels):
                    found[j] = double(0.0)
                return double(1.0)
            total = total + weight * double_log1p(double(0.0) - found[k])
    if total != total:
        for k in range(levels):
            found[k] = total
        return total
    product = double_exp(total) if total > double(-700.0) else double(0.0)
    for k in range(levels):
        weight = weight_of_level(e, k)
        found[k] = weight * product / (double(1.0) - found[k]) if weight > double(0.0) else double(0.0)
    return double(0.0) - double_expm1(total)


@noinline
def one_at_all_scales(e: Examples, s: Examples, i: Int) -> Double:
    """The loss of an image; its gradient."""
    levels = level_count(e)
    found = doubles(e.doubles)
    for level in range(levels):
        begin_level(e, s, i, level)
        found[level] = one_similarity(s, 0)
        if level + 1 < levels:
            halve_level(s, level_memory(e, level + 1))
    loss = weigh_levels(e, levels, found)
    if e.mode > 0:
        for k in range(levels):
            level = levels - 1 - k
            begin_level(e, s, i, level)
            n = halved_often(s.sizes[ROWS], 1) * halved_often(s.sizes[COLUMNS], 1)
            coarse = offset(level_memory(e, level + 1), 2 * n)
            collect_level_slopes(s, real(found[level]), coarse, integer(k == 0))
    return loss


def ms_ssim_examples(e: Examples, partial: Result, n: Int) -> Int:
    """1 less the similarities at all scales, and gradients, of n images."""
    s = Examples()
    for i in range(n):
        doubles(e.losses)[i] = one_at_all_scales(e, s, i)
    return 0
