"""Total variation of images: sums of what neighbours differ by, row after row.

Of each pixel it is the difference to the one on its right and to the one below; those of the last column and row are 0.
"""

from __future__ import annotations

from ..scalar import maximum, minimum, sqrt
from .headers import Examples, Result
from .language import Double, Int, Reals, apart, double, doubles, noinline, offset, reals
from .sums import tile_length, values_sum

# The places of sizes and parameters in the declaration.
ROWS = 0
COLUMNS = 1
NORM = 0


@apart
def lengths_of_steps(here: Reals, below: Reals, n: Int, length: Reals, right: Reals, down: Reals) -> Int:
    """The lengths of the steps of n pixels, right and down together, and their slopes by both, 0 where nothing is."""
    for i in range(n):
        x = here[i + 1] - here[i]
        y = below[i] - here[i]
        large = maximum(abs(x), abs(y))
        small = minimum(abs(x), abs(y))
        ratio = small / (1.0 if large == 0.0 else large)
        size = large * sqrt(1.0 + ratio * ratio)
        # NaN stays NaN
        size = x + y if x + y != x + y else size
        by = 1.0 if size == 0.0 else size
        length[i] = size
        right[i] = x / by
        down[i] = y / by
    return 0


@apart
def sizes_of_steps(here: Reals, below: Reals, n: Int, length: Reals, right: Reals, down: Reals) -> Int:
    """The same of both steps, each by itself, added up."""
    for i in range(n):
        x = here[i + 1] - here[i]
        y = below[i] - here[i]
        length[i] = abs(x) + abs(y)
        right[i] = (1.0 if x > 0.0 else 0.0) - (1.0 if x < 0.0 else 0.0) + (0.0 if x == x else x)
        down[i] = (1.0 if y > 0.0 else 0.0) - (1.0 if y < 0.0 else 0.0) + (0.0 if y == y else y)
    return 0


@noinline
def sum_of_row(length: Reals, n: Int) -> Double:
    """The sum of n lengths."""
    total = double(0.0)
    done = 0
    while done < n:
        m = tile_length(done, n)
        total = total + values_sum(offset(length, done), m)
        done = done + m
    return total


@apart
def image_row_slopes(right: Reals, down: Reals, above: Reals, n: Int, g: Reals) -> Int:
    """The gradient of a row: what the step of its pixel gains by, and those of the pixels to the left and above."""
    for i in range(n):
        g[i] = above[i] - (right[i + 1] + down[i]) + right[i]
    return 0


@noinline
def one_image(e: Examples, i: Int) -> Double:
    """The variation of an image; its gradient."""
    rows = e.sizes[ROWS]
    columns = e.sizes[COLUMNS]
    width = (columns + 31) // 16 * 16
    here = reals(e.reals)
    below = offset(here, width)
    length = offset(below, width)
    # slopes to the right begin with those of what lies left of the first pixel, which is nothing
    right = offset(length, width)
    down = offset(right, width)
    above = offset(down, width)
    total = double(0.0)
    for k in range(columns):
        above[k] = 0.0
    right[0] = 0.0
    for r in range(rows):
        x = offset(reals(e.inputs[0]), (i * rows + r) * columns)
        next = offset(x, columns) if r + 1 < rows else x
        for k in range(columns):
            here[k] = x[k]
            below[k] = next[k]
        here[columns] = x[columns - 1]
        if e.params[NORM] == double(0.0):
            lengths_of_steps(here, below, columns, length, offset(right, 1), down)
        else:
            sizes_of_steps(here, below, columns, length, offset(right, 1), down)
        total = total + sum_of_row(length, columns)
        if e.mode > 0:
            image_row_slopes(right, down, above, columns, offset(reals(e.slopes[0]), (i * rows + r) * columns))
            for k in range(columns):
                above[k] = down[k]
    return total


def variation_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Total variations, and gradients, of n images."""
    for i in range(n):
        doubles(e.losses)[i] = one_image(e, i)
    return 0
