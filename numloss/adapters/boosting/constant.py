"""Where trees start: the best score that is the same for all rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...transforms.derivatives import value_grad_hess
from .reading import BoostedLoss, whole_labels

Array = np.ndarray[Any, Any]
# Slopes and curvatures of the sums of columns, at a score for each.
Slopes = Callable[[Array], tuple[Array, Array]]
# What is left of a slope where the search for an end of a bracket stops: a best score may be infinite.
FLAT = 1e-6
MOST_DOUBLINGS, MOST_STEPS, MOST_ROUNDS, MOST_PASSES = 200, 120, 8, 300
# Digits of a score beyond which no step is taken.
PRECISE = 1e-11
# Quantiles of the target among which the best place to begin is sought where there may be several minima.
QUANTILES = np.linspace(0.0, 1.0, 33)
RAREST = 1e-15


def start(boosted: BoostedLoss, target: Array, weight: Array | None, outputs: int) -> float | Array:
    """The constant score, or a row of them, that makes the loss least."""
    if boosted.form in ("labels", "rows"):
        return _of_rows(boosted, target, weight, outputs)
    if boosted.form == "columns":
        return _of_columns(boosted, target, weight)
    columns, weight = _targets(boosted, target, weight, outputs)
    found = _least(boosted, columns, weight)
    return found if columns.shape[1] > 1 else float(found[0])


def _targets(boosted: BoostedLoss, target: Array, weight: Array | None, outputs: int) -> tuple[Array, Array | None]:
    """A column of targets for each score, and weights; of labels of classes the two rows that differ."""
    if target.ndim > 1 or outputs == 1:
        columns = target.reshape(len(target), -1)
        return columns, weight
    counts = np.bincount(whole_labels(boosted.loss, target), weight, outputs)
    ones = np.repeat(np.array([[1.0], [0.0]]), outputs, axis=1)
    return ones, np.stack([counts, counts.sum() - counts])


def _least(boosted: BoostedLoss, target: Array, weight: Array | None) -> Array:
    derivatives = value_grad_hess(boosted.function, curvature="bound")

    def slopes(scores: Array) -> tuple[Array, Array]:
        arguments, _ = boosted.arguments(np.broadcast_to(scores, target.shape), target, None)
        _, slope, curvature = derivatives(*arguments, weight=weight, reduction="sum")
        return slope.sum(axis=0), curvature.sum(axis=0)

    return minimum(slopes, _guess(boosted, target, weight))


def _guess(boosted: BoostedLoss, target: Array, weight: Array | None) -> Array:
    """Where to begin: of a loss with several minima, such as a robust one, the best of some quantiles of the target."""
    zero = np.zeros(target.shape[1])
    if boosted.loss.convex or not all(_is_anywhere(part) for part, _ in boosted.parts):
        return zero

    def values(scores: Array) -> Array:
        arguments, _ = boosted.arguments(np.broadcast_to(scores, target.shape), target, None)
        each: Array = boosted.function(*arguments, weight=weight, reduction="none")
        return np.asarray(each.sum(axis=0))

    candidates = np.quantile(target, QUANTILES, axis=0).astype(np.float64)
    best = np.argmin([values(scores) for scores in candidates], axis=0)
    return np.asarray(candidates[best, np.arange(target.shape[1])])


def _is_anywhere(loss: Any) -> bool:
    """Whether targets are numbers of any size, as predictions are."""
    domain = loss.domains.get("target")
    return domain is None or (-1e30 in domain and 1e30 in domain and 0.5 in domain)


def minimum(slopes: Slopes, guess: Array) -> Array:
    """Where the slopes of columns change their sign from negative to positive, from a guess downhill."""
    low, high = _bracket(slopes, guess)
    point = 0.5 * (low + high)
    for step in range(MOST_STEPS):
        slope, curvature = slopes(point)
        low, high = np.where(slope < 0.0, point, low), np.where(slope > 0.0, point, high)
        low, high = np.where(slope == 0.0, point, low), np.where(slope == 0.0, point, high)
        newton = point - slope / np.maximum(curvature, 1e-300)
        middle = 0.5 * (low + high)
        inside = (newton > low) & (newton < high) & (step % 3 < 2)
        new = np.where(inside, newton, middle)
        size = PRECISE * np.maximum(np.abs(new), PRECISE)
        settled = (high - low <= size) | (inside & (np.abs(new - point) <= size))
        point = new
        if settled.all():
            break
    return point


def _bracket(slopes: Slopes, guess: Array) -> tuple[Array, Array]:
    """Two scores of each column between which the slope changes its sign, or beyond which the loss is flat.

    Scores at which there is no loss, beyond the end of a domain, count as too far.
    """
    low, high = guess.copy(), guess.copy()
    first, _ = slopes(guess)
    rising = first > 0.0
    step = np.ones_like(guess)
    open_ = first != 0.0
    for _ in range(MOST_DOUBLINGS):
        if not open_.any():
            break
        far = np.where(open_, np.where(rising, low - step, high + step), guess)
        slope, _ = slopes(far)
        turned = np.where(rising, slope <= 0.0, slope >= 0.0) | np.isnan(slope)
        ends = turned | (np.abs(slope) <= FLAT * np.abs(first))
        low = np.where(open_ & rising, far, np.where(open_ & ~rising & ~ends, far, low))
        high = np.where(open_ & ~rising, far, np.where(open_ & rising & ~ends, far, high))
        open_ &= ~ends
        step *= 2.0
    return low, high


def _of_columns(boosted: BoostedLoss, target: Array, weight: Array | None) -> Array:
    """One score for each parameter of a distribution, each by itself, in turn."""
    inputs = boosted.loss.differentiable
    derivatives = [value_grad_hess(boosted.function, curvature="bound", argnums=k) for k in inputs]
    scores = np.zeros(len(inputs))
    for _ in range(MOST_ROUNDS):
        before = scores.copy()
        for k, of_one in enumerate(derivatives):

            def slopes(point: Array, k: int = k, of_one: Any = of_one) -> tuple[Array, Array]:
                row = scores.copy()
                row[k] = point[0]
                arguments, _ = boosted.arguments(np.broadcast_to(row, (len(target), len(row))), target, None)
                _, slope, curvature = of_one(*arguments, weight=weight, reduction="sum")
                return slope.sum(keepdims=True), curvature.sum(keepdims=True)

            scores[k] = minimum(slopes, scores[k : k + 1])[0]
        if np.allclose(scores, before, rtol=1e-9, atol=1e-12):
            break
    return scores


def _of_rows(boosted: BoostedLoss, target: Array, weight: Array | None, outputs: int) -> Array:
    """Scores of all classes: steps of a curvature that majorises the loss, from the logarithms of frequencies."""
    if target.ndim == 1:
        labels = whole_labels(boosted.loss, target)
        outputs = max(outputs, int(labels.max(initial=0)) + 1)
        weight = np.bincount(labels, weight, outputs)
        frequencies, target = weight, np.arange(outputs)
    else:
        outputs = target.shape[1]
        shares = np.clip(target, 0.0, None)
        frequencies = np.average(shares, axis=0, weights=weight)
    total = frequencies.sum()
    known = total > 0.0 and np.isfinite(total)
    scores = np.log(np.maximum(frequencies / total, RAREST)) if known else np.zeros(outputs)
    derivatives = value_grad_hess(boosted.function, curvature="bound")
    for _ in range(MOST_PASSES):
        arguments, _ = boosted.arguments(np.broadcast_to(scores, (len(target), outputs)), target, None)
        _, slope, curvature = derivatives(*arguments, weight=weight, reduction="sum")
        step = slope.sum(axis=0) / np.maximum(curvature.sum(axis=0), 1e-300)
        seen = frequencies > 0.0
        scores = scores - np.where(seen, step, 0.0) if known else scores - step
        if np.abs(np.where(seen, step, 0.0)).max() <= 1e-9:
            break
    return scores
