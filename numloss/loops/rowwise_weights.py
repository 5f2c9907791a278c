"""What rows count with, without their scores: the mean divides by the sum of it."""

from __future__ import annotations

from .codes import LABELS, UNWEIGHTED
from .headers import Result, Rowwise
from .language import Double, Int, Ints, Reals, double, noinline, real, stack_doubles, stack_ints, stack_reals
from .rowwise_parts import class_weight_of, load_target, locate_row, read_rows
from .sums import add_up, begin_block, block_stop, tile_length


@noinline
def counted_rows(c: Rowwise, start: Int, n: Int, labels: Ints, weights: Reals, q: Reals) -> Double:
    """What n rows count with: the sample's weight times that of the label's class, or of the distribution."""
    total = stack_doubles(512)
    for i in range(n):
        counted = class_weight_of(c, labels[i])
        if c.target_kind != LABELS and c.class_weight != 0:
            counted = double(0.0)
            first = 0
            while first < c.classes:
                m = tile_length(first, c.classes)
                load_target(c, locate_row(c, start + i, c.target_steps), -1, first, m, q)
                for j in range(m):
                    counted = counted + double(q[j])
                first = first + m
        total[i] = double(weights[i]) * counted
    return add_up(total, n)


def row_weights_block(c: Rowwise, partial: Result, block: Int) -> Int:
    """Sum the weights that a block of rows counts with, and check labels and weights, without the scores."""
    q = stack_reals(512)
    weights = stack_reals(512)
    labels = stack_ints(512)
    begin_block(partial)
    stop = block_stop(c.rows, c.block, block)
    start = block * c.block
    while start < stop:
        n = tile_length(start, stop)
        read_rows(c, start, n, labels, weights, partial)
        if c.weighted == UNWEIGHTED and c.class_weight == 0:
            plain = real(0.0)
            for i in range(n):
                plain = plain + weights[i]
            partial.weight = partial.weight + double(plain)
        else:
            partial.weight = partial.weight + counted_rows(c, start, n, labels, weights, q)
        start = start + n
    return 0
