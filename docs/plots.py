"""Plots of value, slope and curvature against one prediction, everything else held still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

import numloss as nl
from numloss.domains import REAL
from numloss.loops.codes import INDICATORS, LABELS, LOG_PROBABILITIES, LOGIT, MEMBERS, PLACED
from numloss.registry import LOSSES, Loss

Array = np.ndarray[Any, Any]
# How an array is placed in what a loss takes, and which of its entries is plotted.
Scene = tuple[tuple[Array, ...], tuple[int, ...]]
POINTS = 401
GIVEN: dict[str, dict[str, Any]] = {
    "arcface": {"scale": 4.0},
    "circle": {"gamma": 4.0},
    "info_nce": {"temperature": 0.5},
    "siglip": {"temperature": 0.5, "bias": 0.0},
    "supervised_contrastive": {"temperature": 0.5},
    "cosface": {"scale": 4.0},
    "elastic_net": {"l1": 1.0, "l2": 0.5},
    "ldam": {"counts": 1.0, "scale": 4.0},
    "logit_adjusted_cross_entropy": {"prior": 1.0},
    "mase": {"scale": 2.0},
    "mpdiou": {"width": 4.0, "height": 4.0},
    "ms_ssim": {"window": 1},
    "msse": {"scale": 2.0},
    "multi_resolution_stft": {"resolutions": np.array([[4, 1, 3]])},
    "ordinal_logistic": {"thresholds": (-1.0, 2.0)},
    "ssim": {"window": 1},
}
# Targets that are divided by.
TARGETS = {"mape": 1.0, "smape": 1.0}
# Beyond these nothing is drawn.
LOW, HIGH = -5.0, 10.0


def still(loss: Loss, name: str) -> float:
    """A value for an input that is held still: 1 where the domain is a label or a scale, else 0, or -1 below it."""
    if name == "target" and loss.name in TARGETS:
        return TARGETS[loss.name]
    domain = loss.domains.get(name, REAL)
    if domain.high == 0.0:
        return -1.0
    usual = 1.0 if domain.low > -1e300 or domain.high == 1.0 else 0.0
    return usual if usual in domain else 0.5


def elementwise(loss: Loss, x: float) -> Scene:
    if loss.columns == 4:
        return (np.array([[x, 0.0, x + 1.0, 1.0]]), np.array([[0.0, 0.0, 1.0, 1.0]])), (0, 0)
    return (np.array([x]), *(np.array([still(loss, name)]) for name in loss.inputs[1:])), (0,)


def rowwise(loss: Loss, x: float) -> Scene:
    scores = np.array([[x, 0.5, -0.5]])
    if loss.rows["target"] in (INDICATORS, MEMBERS):
        return (scores, np.array([[1.0, 0.0, 1.0]])), (0, 0)
    if loss.rows["scores"] == LOG_PROBABILITIES:
        scores = np.log(np.array([[1.0, 0.6, 0.4]]) * np.array([[x, 1.0 - x, 1.0 - x]]))
    if loss.rows["target"] in (None, LABELS):
        return (scores, np.array([0])), (0, 0)
    if loss.rows["target"] >= PLACED:
        return (scores, np.array([0.25])), (0, 0)
    return (scores, np.array([[0.7, 0.2, 0.1]])), (0, 0)


def distilled(loss: Loss, x: float) -> Scene:
    return (np.array([[x, 0.5, -0.5]]), np.array([[1.0, 0.5, -0.5]]), np.array([0])), (0, 0)


def regional(loss: Loss, x: float) -> Scene:
    return (np.array([[[x, 1.0, -1.0, -2.0]]]), np.array([[[1.0, 1.0, 0.0, 0.0]]])), (0, 0, 0)


def embedding(loss: Loss, x: float) -> Scene:
    vectors = [np.array([[x, 0.5]]), np.array([[0.0, 0.5]]), np.array([[-1.0, 0.5]])][: len(loss.differentiable)]
    known = [np.array([0.0 if loss.name == "contrastive" else 1.0])] if len(loss.inputs) > len(vectors) else []
    return (*vectors, *known), (0, 0)


def action_value(loss: Loss, x: float) -> Scene:
    return (np.array([[x, 0.0]]), np.array([0]), np.array([1.0]), np.array([[0.5, 0.0]]), np.array([1.0])), (0, 0)


def head(loss: Loss, x: float) -> Scene:
    return (np.array([[x]]), np.array([[1.0], [-1.0]]), np.array([0])), (0, 0)


def ranked(loss: Loss, x: float) -> Scene:
    known = {"target": [2.0, 1.0, 0.0], "time": [1.0, 2.0, 3.0], "event": [1.0, 1.0, 1.0]}
    return (np.array([x, 0.5, -0.5]), *(np.array(known[name]) for name in loss.inputs[1:])), (0,)


def similarity(loss: Loss, x: float) -> Scene:
    vectors = np.array([[x, 0.5], [1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    return (vectors[:2], vectors[1:3]) if len(loss.differentiable) == 2 else (vectors, np.array([0, 0, 1, 1])), (0, 0)


def clouds(loss: Loss, x: float) -> Scene:
    return (np.array([[x, 0.5], [0.0, -0.5]]), np.array([[0.5, 0.5], [-0.5, -0.5]])), (0, 0)


def sequence(loss: Loss, x: float) -> Scene:
    scores = np.array([[[0.5, -0.5, 0.0]], [[0.0, x, 0.0]], [[0.5, 0.0, -0.5]]])
    return (scores, np.array([[1, 2]]), np.array([3]), np.array([2])), (1, 0, 1)


def ordered(loss: Loss, x: float) -> Scene:
    scores = np.array([[[x, 1.0, -1.0, -2.0], [0.0, 0.0, 0.0, 0.0]]])
    if loss.rows["activation"] is None:
        return (scores[:, :1], np.array([[[1.0, 1.0, 0.0, 0.0]]])), (0, 0, 0)
    return (scores, np.array([[0, 0, 1, 1]])), (0, 0, 0)


def examplewise(loss: Loss, x: float) -> Scene:
    """Two entries of most axes, the second beside the one that is plotted; one label, which has two states."""
    axes, found = loss.rows["axes"], []
    for k, name in enumerate(loss.inputs):
        full = tuple({"...": 1, "label": 1, "instance": 4, "sample": 4}.get(axis, 2) for axis in axes[name])
        domain = loss.domains.get(name, REAL)
        numbers = np.resize([0.25, 0.75] if domain.low > 0.0 else [0.0, 1.0, -0.5], full)
        numbers = numbers.clip(domain.low, domain.high)
        if name in loss.rows["lengths"]:
            numbers = np.full(full, 1 if loss.rows["lengths"][name] == "label" else 2)
        elif name in loss.rows["labels"]:
            numbers = np.resize([0, 0] if loss.rows["labels"][name] else [0, 0, 1, 1], full)
        elif k == 0:
            numbers.flat[0] = x
        found.append(numbers)
    return tuple(found), (0,) * found[0].ndim


SCENES: dict[str, Callable[[Loss, float], Scene]] = {
    "elementwise": elementwise,
    "rowwise": rowwise,
    "distilled": distilled,
    "regional": regional,
    "embedding": embedding,
    "action_value": action_value,
    "head": head,
    "ranked": ranked,
    "similarity": similarity,
    "clouds": clouds,
    "sequence": sequence,
    "ordered": ordered,
    "examplewise": examplewise,
}


def span(loss: Loss) -> Array:
    """Where a prediction is plotted: inside its domain, through its ends."""
    domain = loss.domains.get(loss.inputs[0], REAL)
    low, high = max(domain.low, -4.0), min(domain.high, 4.0)
    if loss.family == "rowwise" and (loss.rows["scores"] == LOG_PROBABILITIES and loss.rows["target"] is not None):
        low, high = (-4.0, 4.0) if loss.rows["target"] in (INDICATORS, MEMBERS) else (0.0, 1.0)
    if loss.family == "rowwise" and loss.rows["classes"] == LOGIT:
        low, high = -1.0, 1.0
    edge = 0.01 * (high - low)
    return np.linspace(low + edge, high - edge, POINTS)


def first(part: Any) -> Array:
    """What belongs to the first input, of several."""
    return np.asarray(part[0] if isinstance(part, tuple) else part)


def curves(loss: Loss) -> Iterator[tuple[float, float, float]]:
    """Value, slope and curvature, NaN where none is offered, along the span."""
    transform = nl.value_grad_hess if loss.curvature else nl.value_and_grad
    for x in span(loss):
        inputs, place = SCENES[loss.family](loss, float(x))
        value, *parts = transform(loss.function)(*inputs, **GIVEN.get(loss.name, {}), reduction="sum")
        slope, curvature = [float(first(part)[place]) for part in parts] + [np.nan] * (2 - len(parts))
        yield value, slope, curvature


def draw(task: str, path: Path) -> None:
    """A panel for each loss of a task."""
    losses = [loss for loss in LOSSES.values() if loss.task == task]
    columns = min(4, len(losses))
    rows = -(-len(losses) // columns)
    figure, panels = plt.subplots(rows, columns, figsize=(3.0 * columns, 2.3 * rows), squeeze=False)
    for panel in panels.flat[len(losses) :]:
        panel.set_axis_off()
    for loss, panel in zip(sorted(losses, key=lambda loss: loss.name), panels.flat, strict=False):
        lines = np.array(list(curves(loss))).T
        for line, name, style in zip(lines, ("value", "slope", "curvature"), ("-", "--", ":"), strict=True):
            seen = np.where((line < LOW) | (line > HIGH), np.nan, line)
            panel.plot(span(loss), seen, style, label=name, linewidth=1.3)
        panel.set_title(loss.name, fontsize=9)
        panel.tick_params(labelsize=7)
        panel.axhline(0.0, color="0.8", linewidth=0.6, zorder=0)
        panel.set_xlim(span(loss)[0], span(loss)[-1])
    figure.legend(*panels.flat[0].get_legend_handles_labels(), loc="upper right", ncols=3, fontsize=8)
    figure.tight_layout(rect=(0.0, 0.0, 1.0, 1.0 - 0.3 / (2.3 * rows)))
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=80)
    plt.close(figure)
