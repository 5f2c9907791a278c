"""The distilled family, as numloss/loops/distilled.py computes it, in the kernel of rows.

What lies beside the scores is the teacher; the parameter is alpha.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import scalar
from ...loops import distilled
from ...loops.codes import CURVATURE
from . import jit
from .rowwise_divergence import divergence_slope_text, divergence_text
from .rowwise_texts import Plan, given_texts, loop_texts, score_texts


def distilled_value_text(plan: Plan, dtype: str, teams: dict[str, Any]) -> Any:
    """The loss of a row, and what its gradient needs of the teacher."""
    divergence_of, soft_share = divergence_text(plan, dtype, teams), jit.of_loop(distilled.soft_share, dtype)
    nll_of, nothing, unit = loop_texts(dtype)["nll_of"], np.float64(0.0), np.float64(1.0)

    @jit.jitable
    def distilled_value(c, x, beside, label, s, who, shared, peaks, places):  # type: ignore[no-untyped-def]
        apart, soft = divergence_of(c, x, beside, who, shared, peaks, places)
        # what has no share does not count: it may be infinite
        value = soft_share(c) * apart if c.params[0] > nothing else nothing
        if c.params[0] < unit:
            value += (unit - c.params[0]) * nll_of(s)
        return value, soft

    return distilled_value


def distilled_gradient_text(plan: Plan, dtype: str) -> Any:
    """Writing a thread's share of the gradient and of the curvature of a row."""
    words, number, score_of = jit.words_of(dtype), getattr(np, dtype), score_texts(plan, dtype)["score_of"]
    real, exp_below, (_, put) = words["real"], jit.typed(scalar.exp_below, dtype), given_texts(plan.stored, dtype)
    soft_share, hard_share = (jit.of_loop(text, dtype) for text in (distilled.soft_share, distilled.hard_share))
    slope_of, bounded = divergence_slope_text(plan, dtype), loop_texts(dtype)["bounded"]
    zero, one, two, unit, team = number(0.0), number(1.0), number(2.0), np.float64(1.0), plan.team
    curved = plan.mode == CURVATURE

    @jit.jitable
    def write_distilled(c, x, beside, g, h, lane, label, s, soft, factor):  # type: ignore[no-untyped-def]
        total = s.pivot_term + s.others
        pull, beta, inverse, left = real(soft_share(c)), hard_share(c), real(unit / total), real(s.others / total)
        for j in range(lane, c.classes, team):
            slope, bend, p, others = zero, zero, zero, zero
            if pull > zero:
                slope, bend = slope_of(c, x, beside, j, soft)
            if beta > zero:
                p = exp_below(score_of(c, x, j, label) - real(s.base), real(s.shift)) * inverse
                others = left if j == s.pivot else one - p
            if curved:
                twice = two if c.bound == 1 else one
                bend = bounded(c, pull * bend + beta * twice * p * others)
                put(c.curvature, h + j * c.curvature_steps.classes, bend * real(factor))
            slope = pull * slope + beta * (-others if j == label else p)
            put(c.gradient, g + j * c.gradient_steps.classes, slope * real(factor))

    return write_distilled
