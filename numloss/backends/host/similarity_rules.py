"""What the losses of the similarity family make of the cosines of some rows with all others.

A rule gives the weighted loss of each row of the batch, adds what it finds to the gradients, and says which rows count.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...calls.outputs import added, weighted
from ...calls.request import Request
from ...calls.rowwise import flag
from ...loops.codes import block_size
from ...loops.headers import Pairs
from ..packing.operands import Array, Problem
from . import plans
from .products import CHUNK_BYTES
from .similarity_batch import Similarity, directions

# The label of a row that has nothing to find.
NOTHING = -1
# Nanoseconds of the law of a pair.
PAIR_COST = 1.0


def cross_entropy(call: Similarity, scores: Array, labels: Array, weight: Array) -> Array:
    """Weighted losses of rows that ought to find their labels; their slopes take the place of the scores."""
    options: dict[str, Any] = {"ignore_index": NOTHING, "weight": weight, "reduction": "none"}
    options["backend"] = call.backend.name
    if call.mode:
        options["out"] = scores
    request = Request(call.loss.logits, call.mode, (scores, labels), options, signed=call.request.signed)
    answer = plans.computed(call.backend, request)
    values: Array = answer[0] if call.mode else answer
    return values


def hide_own(scores: Array, rows: slice) -> None:
    """Nobody is told apart from himself."""
    scores[np.arange(len(scores)), np.arange(rows.start, rows.stop)] = -np.inf


def pairs(call: Similarity) -> tuple[Array, Any]:
    """Rows of the first vectors find theirs among the second; and if asked to, the other way round."""
    labels = np.arange(call.rows)
    both = flag(call.loss, "symmetric", call.request.option("symmetric"))
    weight = call.counts * call.real.type(0.5) if both else call.counts
    beta, tau_plus = call.real.type(call.request.number("beta", call.real)), call.request.number("tau_plus")

    def rule(rows: slice, scores: Array) -> Array:
        return cross_entropy(call, scores, labels[rows], weight[rows])

    chosen = hard_negatives(call, weight, beta, tau_plus) if beta > 0 or tau_plus > 0 else rule
    (queries, keys), (slope, other) = call.unit, call.slopes
    if call.negatives is not None:
        keys = np.concatenate([keys, directions(call.read(call.negatives))[0]])
        other = None if other is None else np.zeros_like(keys)
    values = call.walk([queries, keys], [slope, other], chosen)
    if other is not None and call.negatives is not None:
        call.slopes[1] = other[: call.rows]
    if both:
        values += call.walk(call.unit[::-1], call.slopes[::-1], chosen)
    return values, slice(None)


def hard_negatives(call: Similarity, weight: Array, beta: Any, tau_plus: float) -> Callable[[slice, Array], Array]:
    """A rule of rows that find theirs among negatives of which the near count more, and some may be none.

    The logarithm of what negatives are over what the own is has a floor, where none of them is nearer than -1.
    """
    floor, kept = -call.per_temperature, math.log1p(-tau_plus)

    def chunk(scores: Array, rows: slice) -> Array:
        own, counts = (np.arange(len(scores)), np.arange(rows.start, rows.stop)), weight[rows]
        others = call.real.type(scores.shape[1] - 1)
        right = scores[own]
        hide_own(scores, rows)
        shares = (1 + beta) * scores
        ratio = exponentials(shares) - right
        if beta > 0:
            scores *= beta
            ratio += np.log(others) - exponentials(scores)
            shares *= 1 + beta
            shares -= beta * scores
        left = 1 - tau_plus * others * np.exp(-ratio)
        exponent = ratio + np.log(left) - kept
        lowest = np.log(others) + floor - right
        floored = (tau_plus > 0) & ((left <= 0) | (exponent <= lowest))
        exponent = np.where(floored, lowest, exponent)
        pull = counts / (1 + np.exp(-exponent))
        push = np.where(floored, 0, pull / left)
        np.multiply(shares, push[:, None], out=scores)
        scores[own] = -np.where(floored, pull, push)
        scores[(counts == 0) | (others == 0)] = 0
        call.floored += float(floor) * added(np.where(floored & (counts != 0), pull, 0).astype(np.float64))
        losses = np.logaddexp(call.real.type(0.0), exponent)
        return weighted(counts, losses if others else np.zeros_like(losses))

    return in_chunks(chunk, max(1, CHUNK_BYTES // (max(1, call.rows) * call.real.itemsize)))


def views(call: Similarity) -> tuple[Array, Any]:
    """Both views find each other among all but themselves."""
    unit = np.concatenate(call.unit)
    slope = np.zeros_like(unit) if call.mode else None
    labels = np.roll(np.arange(2 * call.rows), call.rows)
    weight = np.tile(call.counts * call.real.type(0.5), 2)

    def rule(rows: slice, scores: Array) -> Array:
        hide_own(scores, rows)
        return cross_entropy(call, scores, labels[rows], weight[rows])

    values = call.walk([unit, unit], [slope, slope], rule)
    for k, part in enumerate(call.slopes):
        if part is not None and slope is not None:
            part += slope[k * call.rows : (k + 1) * call.rows]
    return values[: call.rows] + values[call.rows :], slice(None)


def labels(call: Similarity) -> tuple[Array, Any]:
    """Rows find all others of their label: the cross-entropy of one of them, and by what the mean of all differs."""
    (unit,), (slope,) = call.unit, call.slopes
    _, kind, members = np.unique(call.known, return_inverse=True, return_counts=True)
    order = np.argsort(kind, kind="stable")
    start = np.cumsum(members) - members
    place = np.empty_like(order)
    place[order] = np.arange(call.rows)
    following = order[start[kind] + (place - start[kind] + 1) % members[kind]]
    others = members[kind] - 1
    wanted = np.where(others > 0, following, NOTHING)

    def rule(rows: slice, scores: Array) -> Array:
        hide_own(scores, rows)
        return cross_entropy(call, scores, wanted[rows], call.counts[rows])

    values = call.walk([unit, unit], [slope, slope], rule)
    if np.any(others > 1):
        # a mean of one is that one, to the last digit
        share = np.where(others > 1, call.counts * call.per_temperature, call.real.type(0.0))[:, None]
        inverse = (1.0 / np.maximum(others, 1)).astype(call.real)[:, None]

        def mean_of_others(rows: Array) -> Array:
            mean: Array = inverse * (np.add.reduceat(rows[order], start)[kind] - rows)
            return mean

        apart = share * (unit[following] - mean_of_others(unit))
        values += np.einsum("nd,nd->n", unit, apart)
        if slope is not None:
            slope += apart
            slope[following] += share * unit
            slope -= mean_of_others(share * unit)
    return values, others > 0


def sigmoids(call: Similarity) -> tuple[Array, Any]:
    """Each pair by itself."""
    backend, params = call.backend, call.request.parameters(call.real)
    loop, tile = backend.kernel(call.loss, "pairs_block", call.real, call.mode)

    def rule(rows: slice, scores: Array) -> Array:
        count, columns = scores.shape
        values, weights = np.empty(count, call.real), np.ascontiguousarray(call.counts[rows])
        header = Pairs(
            rows=count,
            columns=columns,
            block=max(1, block_size(scores.size) // columns),
            tile=tile,
            mode=call.mode,
            label=rows.start,
            scores=id(scores),
            weights=id(weights),
            values=id(values),
            params=params,
        )
        backend.launch(Problem(loop, header, -(-count // header.block), scores.size * PAIR_COST))
        if "bias" in call.request.asked:
            call.pushed += added(np.add.reduce(scores, axis=1, dtype=np.float64))
        return values

    return call.walk(call.unit, call.slopes, rule), slice(None)


def circle(call: Similarity) -> tuple[Array, Any]:
    """What belongs together and is not near, times what does not and is."""
    (unit,), (slope,) = call.unit, call.slopes
    gamma, margin = (call.real.type(call.request.number(name, call.real)) for name in ("gamma", "margin"))
    _, kind, members = np.unique(call.known, return_inverse=True, return_counts=True)
    counted = (members[kind] > 1) & (members[kind] < call.rows)
    step = max(1, CHUNK_BYTES // (max(1, call.rows) * call.real.itemsize))

    def chunk(scores: Array, rows: slice) -> Array:
        same = kind[rows, None] == kind
        pull = -gamma * np.maximum(1 + margin - scores, 0)
        push = gamma * np.maximum(scores + margin, 0)
        near = np.where(same, pull * (scores - (1 - margin)), -np.inf)
        hide_own(near, rows)
        far = np.where(same, -np.inf, push * (scores - margin))
        near_sum, far_sum = exponentials(near), exponentials(far)
        total = np.where(counted[rows], near_sum + far_sum, -np.inf)
        share = call.counts[rows] / (1 + np.exp(-total))
        near *= pull
        far *= push
        np.add(near, far, out=scores)
        scores *= share[:, None]
        scores[~counted[rows]] = 0
        values: Array = call.counts[rows] * np.logaddexp(call.real.type(0.0), total)
        return values

    return call.walk([unit, unit], [slope, slope], in_chunks(chunk, step)), counted


def multi(call: Similarity) -> tuple[Array, Any]:
    """What belongs together and is far, and by itself what does not and is near."""
    (unit,), (slope,) = call.unit, call.slopes
    alpha, beta, base = (call.real.type(call.request.number(name, call.real)) for name in ("alpha", "beta", "base"))
    kind = np.unique(call.known, return_inverse=True)[1]
    step = max(1, CHUNK_BYTES // (max(1, call.rows) * call.real.itemsize))

    def chunk(scores: Array, rows: slice) -> Array:
        same, counts = kind[rows, None] == kind, call.counts[rows]
        near = np.where(same, -alpha * (scores - base), -np.inf)
        hide_own(near, rows)
        far = np.where(same, -np.inf, beta * (scores - base))
        losses = one_and_exponentials(near) / alpha + one_and_exponentials(far) / beta
        np.subtract(far, near, out=scores)
        scores *= counts[:, None]
        return weighted(counts, losses)

    values = call.walk([unit, unit], [slope, slope], in_chunks(chunk, step))
    return values, slice(None)


def one_and_exponentials(scores: Array) -> Array:
    """The logarithm of 1 and the exponentials of each row together; shares of it take the place of the scores."""
    top = np.maximum(scores.max(axis=1), 0)
    scores -= top[:, None]
    np.exp(scores, out=scores)
    total = scores.sum(axis=1) + np.exp(-top)
    scores /= total[:, None]
    logarithm: Array = np.log(total) + top
    return logarithm


def in_chunks(chunk: Callable[[Array, slice], Array], step: int) -> Callable[[slice, Array], Array]:
    """A rule that gives so many rows at a time to a function of scores and of the rows that they belong to."""

    def rule(rows: slice, scores: Array) -> Array:
        found = []
        for first in range(rows.start, rows.stop, step):
            some = slice(first, min(first + step, rows.stop))
            found.append(chunk(scores[first - rows.start : some.stop - rows.start], some))
        return np.concatenate(found)

    return rule


def exponentials(scores: Array) -> Array:
    """The logarithm of the sum of the exponentials of each row; their shares of it take the place of the scores."""
    top = scores.max(axis=1)
    scores -= top[:, None]
    np.exp(scores, out=scores)
    total = scores.sum(axis=1)
    scores /= total[:, None]
    logarithm: Array = np.log(total) + top
    return logarithm


RULES = {"pairs": pairs, "views": views, "labels": labels, "sigmoids": sigmoids, "circle": circle, "multi": multi}
