"""Products of matrices through NumPy's BLAS, some rows or columns of the result a block; the header is Product.

Sums are made a panel of terms after the other. Where b is stored in 16 bits a panel of it is widened into memory that
stays in the cache, for the call of BLAS that reads it.
"""

from __future__ import annotations

from .codes import DATA, NO_MEMORY
from .headers import Product, Result
from .language import Int, Reals, array_data, call_gemm, give_back, noinline, offset, reals, take_memory
from .operands import convert
from .sums import begin_block, block_stop, report

# Numbers beside the end of each line of a panel: lines a power of two apart would share few places of the cache.
GAP = 16


@noinline
def widen_panel(c: Product, first: Int, terms: Int, start: Int, columns: Int, out: Reals) -> Int:
    """Read some terms of some columns of b in the order in which they lie; the step from line to line."""
    lines = terms
    n = columns
    data = array_data(c.b.array) + 2 * (first * c.b.step + start)
    if c.b.flipped != 0:
        lines = columns
        n = terms
        data = array_data(c.b.array) + 2 * (start * c.b.step + first)
    for i in range(lines):
        convert(data + 2 * i * c.b.step, c.stored, 1, n, offset(out, i * (n + GAP)))
    return n + GAP


def product_block(c: Product, partial: Result, block: Int) -> Int:
    """Calls of BLAS, one for each panel of terms."""
    begin_block(partial)
    start = block * c.block
    n = block_stop(c.lines, c.block, block) - start
    a = reals(array_data(c.a.array))
    y = reals(array_data(c.y.array))
    rows = n
    columns = c.others
    at = 0
    if c.by_columns == 0:
        a = offset(a, start if c.a.flipped != 0 else start * c.a.step)
        y = offset(y, start * c.y.step)
    else:
        rows = c.others
        columns = n
        at = start
        y = offset(y, start)
    taken = 0
    if c.stored != DATA:
        taken = take_memory(c.itemsize * ((c.panel + GAP) * (columns + GAP)))
        if taken == 0:
            report(partial, start, NO_MEMORY)
            return 0
    adds = c.adds
    first = 0
    while first < c.terms:
        terms = c.terms - first
        if terms > c.panel:
            terms = c.panel
        left = offset(a, first * c.a.step if c.a.flipped != 0 else first)
        right = reals(taken)
        step = c.b.step
        if c.stored != DATA:
            step = widen_panel(c, first, terms, at, columns, right)
        else:
            b = reals(array_data(c.b.array))
            right = offset(b, at * c.b.step + first if c.b.flipped != 0 else first * c.b.step + at)
        call_gemm(
            c.gemm, c.a.flipped, c.b.flipped, rows, columns, terms, left, c.a.step, right, step, adds, y, c.y.step
        )
        adds = 1
        first = first + terms
    if taken != 0:
        give_back(taken)
    return 0
