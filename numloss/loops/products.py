"""Products of matrices through NumPy's BLAS: y = a b or y += a b, some rows or columns of y a block.

Header of the problem, in 64-bit integers:

    0 rows or columns of y that are shared out, 1 those of a block, 2 whether they are columns, 3 the others
    4 the terms of a sum, 5 6 whether a and b are seen transposed, 7 8 9 from row to row of a, b and y in memory
    10 whether y is added to, 11 the address of the BLAS function
    then the operands a, b and y
"""

from __future__ import annotations

from .headers import Result
from .language import Int, Ints, array_data, call_gemm, offset, reals
from .sums import begin_block


def product_block(c: Ints, partial: Result, block: Int) -> Int:
    """One call of BLAS."""
    begin_block(partial)
    start = block * c[1]
    n = c[0] - start
    if n > c[1]:
        n = c[1]
    a = reals(array_data(c[12]))
    b = reals(array_data(c[15]))
    y = reals(array_data(c[18]))
    if c[2] == 0:
        a = offset(a, start if c[5] != 0 else start * c[7])
        y = offset(y, start * c[9])
        call_gemm(c[11], c[5], c[6], n, c[3], c[4], a, c[7], b, c[8], c[10], y, c[9])
    else:
        b = offset(b, start * c[8] if c[6] != 0 else start)
        y = offset(y, start)
        call_gemm(c[11], c[5], c[6], c[3], n, c[4], a, c[7], b, c[8], c[10], y, c[9])
    return 0
