"""What the pixels of a region should be: labels, or a number for each class."""

from __future__ import annotations

from .codes import DATA, TARGET_OPERAND
from .headers import Regions, Result
from .language import Int, Ints, Reals, noinline, reals
from .operands import convert, fetch_labels
from .regional_tiles import place_of
from .sums import report


@noinline
def read_labels(c: Regions, start: Int, n: Int, labels: Ints, partial: Result) -> Int:
    """Labels of n pixels; an ignored one is -1, a bad one is reported and becomes -1."""
    fetch_labels(c.target, start, n, labels)
    for i in range(n):
        label = labels[i]
        if c.ignores == 1 and label == c.ignored:
            labels[i] = -1
        elif label < 0 or label >= c.classes:
            report(partial, start + i, TARGET_OPERAND)
            labels[i] = -1
    return 0


@noinline
def labelled_class(labels: Ints, n: Int, j: Int, t: Reals) -> Int:
    """1 where the label is j, else 0."""
    for i in range(n):
        t[i] = 1.0 if labels[i] == j else 0.0
    return 0


@noinline
def clear_ignored(labels: Ints, n: Int, values: Reals) -> Int:
    """Exact zeros where the label is -1, whatever was there."""
    for i in range(n):
        values[i] = values[i] if labels[i] >= 0 else 0.0
    return 0


def target_of_class(c: Regions, sample: Int, first: Int, n: Int, j: Int, labels: Ints, buffer: Reals) -> Reals:
    """Pointer to the target of class j for n pixels of a sample, from its pixel `first`."""
    if c.labelled == 1:
        labelled_class(labels, n, j, buffer)
        return buffer
    kind = c.target.kind
    data = place_of(c.target, c.target_steps, c.itemsize, sample, first, j)
    if kind == DATA and c.target_steps.inner == 1:
        return reals(data)
    convert(data, kind, c.target_steps.inner, n, buffer)
    return buffer
