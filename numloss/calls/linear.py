"""The arrays that a last layer and its loss take, the same for every backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .checks import same_shape

if TYPE_CHECKING:
    from ..registry import Loss


def layer_of(
    loss: Loss, arguments: tuple[Any, ...], bias: Any, prediction: Callable[[str, Any], Any]
) -> tuple[Any, Any, Any]:
    """hidden (N, H), classifier (V, H) and bias (V,) or None, as `prediction` gives them, of one dtype."""
    hidden = prediction("hidden", arguments[0])
    if hidden.ndim != 2 or 0 in hidden.shape[1:]:
        raise ValueError(f"{loss.name}: hidden has shape {hidden.shape}; it must be (N, H), with H > 0")

    def parameter(name: str, value: Any) -> Any:
        """An array that is differentiated beside hidden."""
        array = prediction(name, value)
        if array.dtype != hidden.dtype:
            raise TypeError(
                f"{loss.name}: {name} has dtype {array.dtype}, hidden has {hidden.dtype}; both are differentiated "
                "and must agree"
            )
        return array

    classifier = parameter("classifier", arguments[1])
    if classifier.ndim != 2 or classifier.shape[1] != hidden.shape[1]:
        raise ValueError(
            f"{loss.name}: classifier has shape {classifier.shape}; it must be (V, H), H = {hidden.shape[1]} as in "
            "hidden"
        )
    classes = classifier.shape[0]
    if not classes:
        raise ValueError(f"{loss.name}: classifier has shape {classifier.shape}: no classes")
    bias = None if bias is None else parameter("bias", bias)
    if bias is not None and bias.shape != (classes,):
        raise ValueError(
            f"{loss.name}: bias has shape {bias.shape}; it must be ({classes},), an entry for each row of classifier"
        )
    return hidden, classifier, bias


def labels_of(loss: Loss, target: Any, hidden: Any) -> Any:
    """The labels of the rows of hidden, checked."""
    if target.dtype.kind not in "iu":
        raise TypeError(f"{loss.name}: target has dtype {target.dtype}; labels are integers")
    same_shape(loss, "target", target.shape, hidden.shape[:1], "the batch")
    return target


def check_separate(
    loss: Loss, written: list[Any], inputs: list[Any], given: bool, overlap: Callable[[Any, Any], bool]
) -> None:
    """What is written is no input, which is read until the end, and no two of it share memory."""
    if given and any(overlap(a, b) for a in written for b in inputs):
        raise ValueError(f"{loss.name}: out for the gradient overlaps an input, which is read until the end")
    if any(overlap(a, b) for k, a in enumerate(written) for b in written[:k]):
        raise ValueError(f"{loss.name}: the arrays of out overlap each other")
