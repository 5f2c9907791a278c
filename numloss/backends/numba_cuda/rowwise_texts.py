"""The rowwise family, entry by entry: scores of predictions, and targets, as functions for the device.

c is the header of the rows, x the address of the predictions of a row, and `beside` the address of its distribution or
of its teacher, the code of the dtype there, and the bytes from one class to the next.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import int64

from ... import scalar
from ...loops import rowwise, rowwise_law, rowwise_parts, rowwise_places, rowwise_slopes
from ...loops.codes import DATA, F2, IN_ORDER, LABELS, LOGIT, PLACED, PROBABILITIES
from ...loops.headers import Operand
from ...loops.tiles import constants_text
from . import jit, reading


@dataclass(frozen=True)
class Plan:
    """What is decided when the kernel is compiled. mode -1 adds up the weights of the rows alone.

    law: that of the label's cross-entropy; or of each class, as `classes` says in numloss/loops/codes.py; with so many
    parameters and its constants as in elementwise_codegen.py; None for the cross-entropy itself. stored: the code of
    the dtype of predictions, which may have 16 bits; wide: of those a thread takes eight neighbours at a time, where
    scores are logits and the law is that of a label.
    """

    scores: int
    target: int
    dense: bool
    mode: int
    team: int
    law: Any = None
    params: int = 0
    constants: tuple[Any, tuple[int, ...], int] = (None, (), 0)
    classes: int = 0
    teacher: bool = False
    stored: int = DATA
    wide: bool = False


@functools.cache
def loop_texts(dtype: str) -> dict[str, Any]:
    """What the host's loops know of single rows and entries, by name."""
    texts = (
        *(rowwise_parts.base_of, rowwise_parts.class_weight_of, rowwise_parts.factor_of, rowwise_law.other_terms),
        *(rowwise_law.nll_of, rowwise_law.law_bend, rowwise_slopes.bounded, rowwise_slopes.score_curvature),
        *(rowwise_slopes.label_slope, rowwise_slopes.over_probability, rowwise_slopes.pivot_slope),
        *(rowwise.own_target, rowwise.z_weight_of, rowwise.cross_entropy_of),
    )
    return {text.__name__: jit.of_loop(text, dtype) for text in texts}


@functools.cache
def given_texts(stored: int, dtype: str) -> tuple[Any, Any]:
    """Reading a prediction at an address; and bringing a number to one, in the dtype that its operand has."""
    words = jit.words_of(dtype)
    reals, uint16s = words["reals"], words["uint16s"]
    narrow = "float16" if stored == F2 else "bfloat16"
    widened, narrowed, halves = words[f"of_{narrow}"], words[f"to_{narrow}"], stored != DATA

    @jit.jitable
    def given_at(address):  # type: ignore[no-untyped-def]
        return widened(uint16s(address)[0]) if halves else reals(address)[0]

    @jit.jitable
    def put(o, address, value):  # type: ignore[no-untyped-def]
        if halves and o.kind != DATA:
            uint16s(address)[0] = narrowed(value)
        else:
            reals(address)[0] = value

    return given_at, put


@functools.cache
def eight_texts() -> tuple[Any, Any]:
    """Reading eight neighbours at once, and writing them: so many numbers behind an address, in an operand's dtype."""
    described, texts = jit.named(Operand), reading.eights()
    load_eight, store_eight, zero = texts["load_eight"], texts["store_eight"], np.float32(0.0)

    @jit.jitable
    def eight_at(o, address, at):  # type: ignore[no-untyped-def]
        return load_eight(described(address, o.kind, IN_ORDER), zero, at)

    @jit.jitable
    def put_eight(o, address, at, values):  # type: ignore[no-untyped-def]
        store_eight(described(address, o.kind, IN_ORDER), at, values)

    return eight_at, put_eight


def score_texts(plan: Plan, dtype: str) -> dict[str, Any]:
    """Scores of predictions, and their first and second derivatives."""
    if plan.classes == LOGIT:
        return logit_texts(plan, dtype)
    words, typed = jit.words_of(dtype), functools.partial(jit.typed, dtype=dtype)
    log, tanh, decay = typed(scalar.log), typed(scalar.tanh), typed(scalar.decay)
    zero, one, two, four = (getattr(np, dtype)(x) for x in (0.0, 1.0, 2.0, 4.0))
    real, reals, kind, given_at = words["real"], words["reals"], plan.scores, given_texts(plan.stored, dtype)[0]

    @jit.jitable
    def score_from(c, given, j):  # type: ignore[no-untyped-def]
        """The score of class j, of which this is the prediction."""
        z, cap, eps = given, real(c.softcap), real(c.eps)
        if kind == PROBABILITIES:
            z = log(eps if z < eps else z)
        elif cap > zero:
            z = cap * tanh(z / cap)
        return z + reals(c.offsets)[j] if c.offsets != 0 else z

    @jit.jitable
    def score_of(c, x, j, label):  # type: ignore[no-untyped-def]
        """The score of class j of the row at x."""
        return score_from(c, given_at(x + j * c.pred_steps.classes), j)

    @jit.jitable
    def slopes_from(c, given):  # type: ignore[no-untyped-def]
        """Its first and second derivative; not where it is the logarithm of a probability."""
        z, cap = given, real(c.softcap)
        if cap > zero:
            e = decay(two * (z / cap))
            slope = four * e / ((one + e) * (one + e))
            return slope, -two * tanh(z / cap) * slope / cap
        return one, zero

    @jit.jitable
    def slopes_of(c, x, j, label):  # type: ignore[no-untyped-def]
        return slopes_from(c, given_at(x + j * c.pred_steps.classes))

    return {"score_of": score_of, "slopes_of": slopes_of, "score_from": score_from, "slopes_from": slopes_from}


def logit_texts(plan: Plan, dtype: str) -> dict[str, Any]:
    """`score_of` and `slopes_of` where the law makes the logits."""
    given_at, applied = given_texts(plan.stored, dtype)[0], applied_law(plan, dtype, ("entry", "own"))
    zero, one = (getattr(np, dtype)(x) for x in (0.0, 1.0))
    reals = jit.words_of(dtype)["reals"]

    @jit.jitable
    def own_of(c, j, label):  # type: ignore[no-untyped-def]
        if j != label:
            return zero
        return reals(c.offsets)[j] if c.offsets != 0 else one

    @jit.jitable
    def score_of(c, x, j, label):  # type: ignore[no-untyped-def]
        return applied(c, given_at(x + j * c.pred_steps.classes), own_of(c, j, label))[0]

    @jit.jitable
    def slopes_of(c, x, j, label):  # type: ignore[no-untyped-def]
        _, first, second = applied(c, given_at(x + j * c.pred_steps.classes), own_of(c, j, label))
        return first, second

    return {"score_of": score_of, "slopes_of": slopes_of}


def row_texts(plan: Plan, dtype: str) -> dict[str, Any]:
    """Where the entries of a row lie, and its target distribution."""
    words, number, operands = jit.words_of(dtype), getattr(np, dtype), reading.texts_of(dtype)
    real, reals, element, shift = words["real"], words["reals"], operands["element"], operands["shift"]
    kind = plan.target
    zero, one = number(0.0), number(1.0)

    @jit.jitable
    def row_of(c, o, steps, row):  # type: ignore[no-untyped-def]
        """Address of the first class of a row of an array."""
        if o.layout != IN_ORDER:
            return o.array + shift(o.layout, row)
        return o.array + (row // c.inner) * steps.outer + (row % c.inner) * steps.inner

    @jit.jitable
    def beside_of(c, o, steps, row):  # type: ignore[no-untyped-def]
        """Where a distribution or a teacher lies beside a row."""
        return row_of(c, o, steps, row), o.kind, steps.classes

    @jit.jitable
    def entry(beside, j):  # type: ignore[no-untyped-def]
        """A number of a distribution or of a teacher as it is given."""
        address, code, step = beside
        return element(address + j * step, code, j - j)

    @jit.jitable
    def wanted(c, beside, j, label):  # type: ignore[no-untyped-def]
        """The weighted target of class j: smoothed, times its class weight."""
        smoothing, each = real(c.smoothing), real(c.smoothing / c.classes)
        if kind == LABELS:
            q = (one - smoothing) + each if j == label else each
        else:
            q = entry(beside, j)
            if smoothing > zero:
                q = (one - smoothing) * q + each
        if c.class_weight != 0:
            factor = reals(c.class_weight)[j]
            q = q * factor if factor > zero else zero
        return q

    texts = {"row_of": row_of, "beside_of": beside_of, "entry": entry, "wanted": wanted, **operands}
    return texts | place_texts(plan, dtype, row_of, element) if kind >= PLACED else texts


def place_texts(plan: Plan, dtype: str, row_of: Any, element: Any) -> dict[str, Any]:
    """The target of a row that is a number, as numloss/loops/rowwise_places.py shares it out."""
    words, texts = jit.words_of(dtype), functools.partial(jit.of_loop, dtype=dtype)
    real, double, line_place = words["real"], words["double"], texts(rowwise_places.line_place)
    inverse_width, inverse_mass = texts(rowwise_places.inverse_width), texts(rowwise_places.inverse_mass)
    tail_beyond, share_between = texts(rowwise_places.tail_beyond), texts(rowwise_places.share_between)
    placed, zero, unit = plan.target == PLACED, getattr(np, dtype)(0.0), np.float64(1.0)

    @jit.jitable
    def beside_of(c, o, steps, row):  # type: ignore[no-untyped-def]
        """The number, the class at or below it, and how far it is beyond; what distances and shares are times."""
        number = element(row_of(c, o, steps, row), o.kind, row - row)
        place = line_place(c, double(number))
        lower = int64(place)
        inverse, most = zero, zero
        if not placed:
            inverse = inverse_width(c)
            most = inverse_mass(c, place, inverse)
        return number, lower, place - double(lower), inverse, most

    @jit.jitable
    def entry(beside, j):  # type: ignore[no-untyped-def]
        return beside[0]

    @jit.jitable
    def wanted(c, beside, j, label):  # type: ignore[no-untyped-def]
        """The share of class j."""
        _, lower, part, inverse, most = beside
        if placed:
            return real(unit - part) if j == lower else real(part) if j == lower + 1 else zero
        left = (real(double(j - lower)) - real(part)) * inverse
        right = (real(double(j + 1 - lower)) - real(part)) * inverse
        return share_between(left, right, tail_beyond(left), tail_beyond(right)) * most

    return {"beside_of": beside_of, "entry": entry, "wanted": wanted}


def applied_law(plan: Plan, dtype: str, inputs: tuple[str, ...]) -> Any:
    """The law of a plan with its parameters, as a function of the header and so many inputs."""
    constants, of, count = plan.constants
    params = [f"real(c.params[{k}])" for k in range(plan.params)]
    lines = constants_text("constants", [params[k] for k in of], count)
    lines.append(f"return law({', '.join([*inputs, *params, *(f'k{k}' for k in range(count))])})")
    scope = {"__name__": f"{plan.law.__name__} in {dtype}", "law": jit.typed(plan.law, dtype)}
    scope["real"] = jit.words_of(dtype)["real"]
    if constants is not None:
        scope["constants"] = jit.typed(constants, dtype)
    text = "".join(f"    {line}\n" for line in lines)
    return jit.generated(f"def applied(c, {', '.join(inputs)}):\n{text}", "applied", scope)
