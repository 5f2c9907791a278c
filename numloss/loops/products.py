"""Products of matrices through NumPy's BLAS, some rows or columns of the result a block; the header is Product."""

from __future__ import annotations

from .headers import Product, Result
from .language import Int, array_data, call_gemm, offset, reals
from .sums import begin_block


def product_block(c: Product, partial: Result, block: Int) -> Int:
    """One call of BLAS."""
    begin_block(partial)
    start = block * c.block
    n = c.lines - start
    if n > c.block:
        n = c.block
    a = reals(array_data(c.a.array))
    b = reals(array_data(c.b.array))
    y = reals(array_data(c.y.array))
    rows = n
    columns = c.others
    if c.by_columns == 0:
        a = offset(a, start if c.a.flipped != 0 else start * c.a.step)
        y = offset(y, start * c.y.step)
    else:
        rows = c.others
        columns = n
        b = offset(b, start * c.b.step if c.b.flipped != 0 else start)
        y = offset(y, start)
    call_gemm(
        c.gemm, c.a.flipped, c.b.flipped, rows, columns, c.terms, a, c.a.step, b, c.b.step, c.adds, y, c.y.step
    )
    return 0
