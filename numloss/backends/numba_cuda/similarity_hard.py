"""The kernel of rows that find theirs among negatives of which the near count more, and some may be none."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numba import cuda, float64, int64

from ... import scalar
from . import blocks, jit


@functools.cache
def hard_kernel(dtype: str, mode: int) -> Any:
    """Losses of rows, whose slopes take the place of scores; a block each row.

    What their slopes are by the temperature alone, over that of a score of 1, is left at `floors` unless that is 0:
    added to what is there if `again`.
    """
    words, threads, number = jit.words_of(dtype), jit.THREADS, getattr(np, dtype)
    real, double, reals, doubles = words["real"], words["double"], words["reals"], words["doubles"]
    block_sum, block_top = (blocks.sum_texts()[k] for k in ("block_sum", "block_top"))
    exp, item = jit.typed(scalar.exp, dtype), np.dtype(dtype).itemsize
    wide_exp, log, log1p, softplus, sigmoid = (
        jit.typed(getattr(scalar, name), "float64") for name in ("exp", "log", "log1p", "softplus", "sigmoid")
    )
    zero, lowest, nothing, one = number(0.0), number(-np.inf), np.float64(0.0), np.float64(1.0)

    def hard(columns, first, scores_at, shares, losses, floors, again, beta, tau_plus, floor):  # type: ignore[no-untyped-def]
        shared = cuda.shared.array(threads, float64)
        thread = int64(cuda.threadIdx.x)
        row = first + int64(cuda.blockIdx.x)
        scores, share = reals(scores_at + int64(cuda.blockIdx.x) * columns * item), double(reals(shares)[row])
        near, all_of, more = real(beta), double(columns - 1), real(one + beta)
        top = lowest
        for j in range(thread, columns, threads):
            x = scores[j]
            top = x if j != row and not x <= top else top
        top = real(block_top(shared, thread, double(top)))
        hardest, spread = nothing, nothing
        for j in range(thread, columns, threads):
            if j != row:
                hardest += double(exp(more * (scores[j] - top)))
                spread += double(exp(near * (scores[j] - top)))
        hardest = block_sum(shared, thread, hardest)
        spread = block_sum(shared, thread, spread)
        right = double(scores[row])
        ratio = (log(hardest) - log(spread)) + (double(top) - right) + log(all_of)
        left = one - tau_plus * all_of * wide_exp(-ratio)
        exponent = ratio + log(left) - log1p(-tau_plus)
        least = log(all_of) + floor - right
        floored = tau_plus > nothing and (left <= nothing or exponent <= least)
        exponent = least if floored else exponent
        pull = share * sigmoid(exponent)
        push = nothing if floored else pull / left
        alone = share == nothing or columns == 1
        # all have read the score of the own one, which is written now
        cuda.syncthreads()
        if mode > 0:
            by_hard, by_spread = real(push * (one + beta) / hardest), real(push * beta / spread)
            own = real(-pull if floored else -push)
            for j in range(thread, columns, threads):
                x = scores[j] - top
                slope = own if j == row else by_hard * exp(more * x) - by_spread * exp(near * x)
                scores[j] = zero if alone else slope
        if thread == 0:
            reals(losses)[row] = zero if alone else real(share * softplus(exponent))
            if floors != 0:
                before = doubles(floors)[row] if again != 0 else nothing
                doubles(floors)[row] = before + (pull * floor if floored and not alone else nothing)

    return jit.kernel(hard, (*[int64] * 7, *[float64] * 3), (jit.THREADS, 2))
