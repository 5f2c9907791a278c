"""A loss of whole examples that has all that its arrays may be: labels, lengths, what all examples share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from seeds import generator

from numloss.backends import loops
from numloss.declare import ANY, FINITE, Array, Options, Unpack, examplewise
from numloss.loops.headers import Examples, Result
from numloss.loops.language import Int, double, doubles, ints, offset, reals


def chosen_examples(e: Examples, partial: Result, n: Int) -> Int:
    """Of each of the steps that count the score of its tag, times what the tag has for all examples."""
    steps = e.sizes[0]
    tags = e.sizes[1]
    bias = reals(e.inputs[3])
    for i in range(n):
        pred = offset(reals(e.inputs[0]), i * steps * tags)
        tag = offset(ints(e.inputs[1]), i * steps)
        stop = ints(e.inputs[2])[i]
        total = double(0.0)
        for t in range(stop):
            total = total + double(pred[t * tags + tag[t]]) * double(bias[tag[t]])
        doubles(e.losses)[i] = total
        if e.mode > 0:
            g = offset(reals(e.slopes[0]), i * steps * tags)
            shared = reals(e.slopes[1])
            for k in range(tags):
                shared[k] = 0.0
            for k in range(steps * tags):
                g[k] = 0.0
            for t in range(stop):
                shared[tag[t]] = shared[tag[t]] + pred[t * tags + tag[t]]
                g[t * tags + tag[t]] = bias[tag[t]]
    return 0


@examplewise(
    "chosen_examples",
    axes={"pred": ("...", "step", "tag"), "target": ("...", "step"), "steps": ("...",), "bias": ("tag",)},
    labels={"target": "tag"},
    lengths={"steps": "step"},
    scratch=lambda sizes, mode: (0, 0, 0),
    work=lambda sizes: 100.0 * sizes["step"],
    differentiable=(0, 3),
    pred=ANY,
    bias=FINITE,
)
def chosen(pred: Array, target: Array, steps: Array, bias: Array, **options: Unpack[Options]) -> Any:
    """Scores of tags, times a bias of each tag."""


def problem(shape: tuple[int, ...], dtype: str = "float64", steps: int = 6, tags: int = 4) -> tuple[Any, ...]:
    random = generator("chosen", shape)
    pred, bias = random.normal(size=(*shape, steps, tags)), random.normal(size=tags)
    target, lengths = random.integers(0, tags, (*shape, steps)), random.integers(0, steps + 1, shape)
    return pred.astype(dtype), target, lengths, bias.astype(dtype)


def expected(given: tuple[Any, ...], weight: Any) -> tuple[Any, Any, Any]:
    """Values, and gradients of their sum."""
    pred, target, lengths, bias = (np.asarray(a, np.float64) if a.dtype.kind == "f" else a for a in given)
    values, slopes, shared = np.zeros(lengths.shape), np.zeros(pred.shape), np.zeros(bias.shape)
    for at in np.ndindex(lengths.shape):
        for t in range(lengths[at]):
            tag = target[(*at, t)]
            values[at] += pred[(*at, t, tag)] * bias[tag]
            slopes[(*at, t, tag)] = weight[at] * bias[tag]
            shared[tag] += weight[at] * pred[(*at, t, tag)]
    return values * weight, slopes, shared


@contextmanager
def among_loops() -> Iterator[None]:
    """Have the text among those of the package inside of the `with` block."""
    home, chosen_examples.__module__ = chosen_examples.__module__, "numloss.loops.whole"
    loops()["chosen_examples"] = chosen_examples
    try:
        yield
    finally:
        chosen_examples.__module__ = home
        del loops()["chosen_examples"]
