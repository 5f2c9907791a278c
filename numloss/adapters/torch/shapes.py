"""The shapes of losses one by one, known before they are computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...calls.checks import shape_of_elements
from ...calls.examplewise import shape_of_examples
from ...calls.rowwise import class_axis, rows_shape
from ...registry import Loss


def unreduced_shape(loss: Loss, inputs: Sequence[Any], options: dict[str, Any]) -> tuple[Any, ...]:
    """The shape of a loss with reduction="none", from tensors of which nothing but the shape is known."""
    shape, given = tuple(inputs[0].shape), {**loss.defaults, **options}
    if loss.family == "elementwise":
        return shape_of_elements(loss, shape)
    if loss.family in ("rowwise", "distilled"):
        return rows_shape(inputs[0], class_axis(loss, inputs[0], given.get("axis", 1)))
    if "pool" in loss.rows:
        return shape[:1]
    if loss.family in ("regional", "ordered"):
        return shape[:2] if given["per_sample"] else shape[1:2]
    if loss.family == "examplewise":
        return shape_of_examples(loss, shape)
    if loss.family == "clouds":
        return shape[:-2]
    if loss.family == "ranked":
        groups = given["groups"]
        return (1 if groups is None else len(groups) - 1,)
    if loss.family == "combined":
        _, part, fixed = loss.law.parts[0]  # type: ignore[union-attr]
        return unreduced_shape(part, inputs, {**fixed, **options})
    return (shape[loss.batch_axis],)
