"""What a thread does with the scores of a row in the circle loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import scalar
from . import jit


def circle_texts(dtype: str) -> tuple[Any, Any, Any]:
    """`peaks_of`, the largest exponents that a thread sees; `sums_of`, its sums of their powers; `put_slopes`."""
    double, number, threads = jit.words_of(dtype)["double"], getattr(np, dtype), jit.THREADS
    exp, zero, one = jit.typed(scalar.exp, dtype), number(0.0), number(1.0)
    lowest, nothing = number(-np.inf), np.float64(0.0)

    @jit.jitable
    def factor_of(score, same, gamma, margin):  # type: ignore[no-untyped-def]
        if same:
            return -gamma * max(one + margin - score, zero)
        return gamma * max(score + margin, zero)

    @jit.jitable
    def exponent_of(score, same, gamma, margin):  # type: ignore[no-untyped-def]
        return factor_of(score, same, gamma, margin) * (score - (one - margin if same else margin))

    @jit.jitable
    def peaks_of(scores, kinds, columns, row, thread, gamma, margin):  # type: ignore[no-untyped-def]
        """The largest exponents that a thread sees: of those that belong together, and of the others."""
        near, far = lowest, lowest
        for j in range(thread, columns, threads):
            same = kinds[j] == kinds[row]
            x = exponent_of(scores[j], same, gamma, margin)
            if same and j != row:
                near = max(near, x)
            elif not same:
                far = max(far, x)
        return near, far

    @jit.jitable
    def sums_of(scores, kinds, columns, row, thread, gamma, margin, tops):  # type: ignore[no-untyped-def]
        near, far = nothing, nothing
        for j in range(thread, columns, threads):
            same = kinds[j] == kinds[row]
            e = double(exp(exponent_of(scores[j], same, gamma, margin) - (tops[0] if same else tops[1])))
            if same and j != row:
                near += e
            elif not same:
                far += e
        return near, far

    @jit.jitable
    def put_slopes(scores, kinds, columns, row, thread, gamma, margin, tops, inverses):  # type: ignore[no-untyped-def]
        for j in range(thread, columns, threads):
            same = kinds[j] == kinds[row]
            x = exponent_of(scores[j], same, gamma, margin) - (tops[0] if same else tops[1])
            p = exp(x) * (inverses[0] if same else inverses[1])
            scores[j] = zero if j == row else p * factor_of(scores[j], same, gamma, margin)

    return peaks_of, sums_of, put_slopes
