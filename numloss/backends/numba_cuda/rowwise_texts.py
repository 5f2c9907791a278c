"""The rowwise family, entry by entry: scores of predictions, and targets, as functions for the device."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import scalar
from ...loops.codes import LABELS, LOG_DISTRIBUTION, LOGIT, PROBABILITIES
from ...loops.tiles import constants_text
from . import jit, reading

# Where the arrays begin in the header of rowwise_kernels.py.
PRED, TARGET, GRADIENT, CURVATURE = 12, 18, 24, 30
LABEL_OPERAND, WEIGHT_OPERAND, VALUE_OPERAND, FACTORS, OFFSETS = 36, 39, 42, 45, 46
INTEGERS, NUMBERS = 47, 8


@dataclass(frozen=True)
class Plan:
    """What is decided when the kernel is compiled. mode -1 adds up the weights of the rows alone.

    law: that of the label's cross-entropy; or of each class, as `classes` says in numloss/loops/codes.py; with so many
    parameters and its constants as in elementwise_codegen.py; None for the cross-entropy itself.
    """

    scores: int
    target: int
    dense: bool
    entropy: bool
    mode: int
    team: int
    law: Any = None
    params: int = 0
    constants: tuple[Any, tuple[int, ...], int] = (None, (), 0)
    classes: int = 0
    teacher: bool = False


def score_texts(plan: Plan, dtype: str) -> dict[str, Any]:
    """Scores of predictions, and their first and second derivatives."""
    typed = functools.partial(jit.typed, dtype=dtype)
    log, tanh, decay = typed(scalar.log), typed(scalar.tanh), typed(scalar.decay)
    zero, one, two, four = (getattr(np, dtype)(x) for x in (0.0, 1.0, 2.0, 4.0))
    reals, kind = jit.words_of(dtype)["reals"], plan.scores

    @jit.jitable
    def score(x, cap, eps):  # type: ignore[no-untyped-def]
        if kind == PROBABILITIES:
            return log(eps if x < eps else x)
        return cap * tanh(x / cap) if cap > zero else x

    @jit.jitable
    def slope(x, cap, eps):  # type: ignore[no-untyped-def]
        if kind == PROBABILITIES:
            return zero if x < eps else one / x
        if cap > zero:
            e = decay(two * (x / cap))
            return four * e / ((one + e) * (one + e))
        return one

    @jit.jitable
    def bend(x, cap, eps, slope):  # type: ignore[no-untyped-def]
        if kind == PROBABILITIES:
            return -slope * slope
        return -two * tanh(x / cap) * slope / cap if cap > zero else zero

    @jit.jitable
    def score_of(c, r, x, j, label, cap, eps):  # type: ignore[no-untyped-def]
        """The score of class j of the row at x."""
        z = score(reals(x + j * c[PRED + 3])[0], cap, eps)
        return z + reals(c[OFFSETS])[j] if c[OFFSETS] != 0 else z

    @jit.jitable
    def slopes_of(c, r, x, j, label, cap, eps):  # type: ignore[no-untyped-def]
        """Its first and second derivative."""
        value = reals(x + j * c[PRED + 3])[0]
        first = slope(value, cap, eps)
        return first, bend(value, cap, eps, first)

    if plan.classes == LOGIT:
        score_of, slopes_of = logit_texts(plan, dtype)
    return {"score_of": score_of, "slopes_of": slopes_of}


def logit_texts(plan: Plan, dtype: str) -> tuple[Any, Any]:
    """`score_of` and `slopes_of` where the law makes the logits."""
    reals, applied = jit.words_of(dtype)["reals"], applied_law(plan, dtype, ("entry", "own"))
    zero, one = (getattr(np, dtype)(x) for x in (0.0, 1.0))

    @jit.jitable
    def score_of(c, r, x, j, label, cap, eps):  # type: ignore[no-untyped-def]
        return applied(r, reals(x + j * c[PRED + 3])[0], one if j == label else zero)[0]

    @jit.jitable
    def slopes_of(c, r, x, j, label, cap, eps):  # type: ignore[no-untyped-def]
        _, first, second = applied(r, reals(x + j * c[PRED + 3])[0], one if j == label else zero)
        return first, second

    return score_of, slopes_of


def row_texts(plan: Plan, dtype: str) -> dict[str, Any]:
    """Where the entries of a row lie, and its target distribution."""
    words, number = jit.words_of(dtype), getattr(np, dtype)
    real, reals = words["real"], words["reals"]
    operands = reading.operand_texts(words, jit.jitable)
    place, convert = operands["place"], operands["convert"]
    exp = jit.typed(scalar.exp, dtype)
    zero, one = number(0.0), number(1.0)
    kind = plan.target

    @jit.jitable
    def row_of(c, k, row):  # type: ignore[no-untyped-def]
        """Address of the first class of a row of the array at c[k]."""
        if c[k + 5] != 0:
            return c[k] + place(c[k + 5], row)
        return c[k] + (row // c[4]) * c[k + 2] + (row % c[4]) * c[k + 4]

    @jit.jitable
    def entry(c, at, j):  # type: ignore[no-untyped-def]
        """A distribution's entry as it is given."""
        return convert(at + j * c[TARGET + 3], c[TARGET + 1], j - j)

    @jit.jitable
    def wanted(c, r, at, j, label):  # type: ignore[no-untyped-def]
        """The weighted target of class j: smoothed, times its class weight."""
        smoothing, each = real(r[1]), real(r[1] / c[5])
        if kind == LABELS:
            q = (one - smoothing) + each if j == label else each
        else:
            q = entry(c, at, j)
            if kind == LOG_DISTRIBUTION:
                q = exp(q)
            if smoothing > zero:
                q = (one - smoothing) * q + each
        if c[10] != 0:
            q = q * reals(c[10])[j]
        return q

    return {"row_of": row_of, "entry": entry, "wanted": wanted, **operands}


def applied_law(plan: Plan, dtype: str, inputs: tuple[str, ...]) -> Any:
    """The law of a plan with its parameters, as a function of the numbers r and so many inputs."""
    constants, of, count = plan.constants
    params = [f"real(r[{6 + k}])" for k in range(plan.params)]
    lines = constants_text("constants", [params[k] for k in of], count)
    lines.append(f"return law({', '.join([*inputs, *params, *(f'k{k}' for k in range(count))])})")
    scope = {"__name__": f"{plan.law.__name__} in {dtype}", "law": jit.typed(plan.law, dtype)}
    scope["real"] = jit.words_of(dtype)["real"]
    if constants is not None:
        scope["constants"] = jit.typed(constants, dtype)
    text = "".join(f"    {line}\n" for line in lines)
    return jit.generated(f"def applied(r, {', '.join(inputs)}):\n{text}", "applied", scope)
