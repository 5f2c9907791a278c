"""The operators below torch.vmap: a batch is put in front of the samples, of which each has its own value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from .operators import Tensors, evaluate, is_one_by_one, loss_named, options_of, pull_back

__all__ = ["folded", "unfolded"]


def folded(
    loss: str, given: str, size: int, tensors: Sequence[Tensor], places: Sequence[int | None], arrays: Sequence[Any]
) -> Tensors:
    """Tensors of which some have a batch, with it in front of the samples of each; refuses what does not fold."""
    found, options = loss_named(loss), options_of(given)
    if found.family not in ("elementwise", "rowwise") or not is_one_by_one(found, given):
        raise NotImplementedError(
            f"numloss: vmap of {found.name} needs reduction='none', and a loss of elements or of rows of scores"
        )
    if "weight" in options or any(place is not None for place in arrays):
        raise NotImplementedError(f"numloss: vmap of {found.name} takes no weight and no options with a batch")
    both = [
        tensor.expand(size, *tensor.shape) if place is None else tensor.movedim(place, 0)
        for tensor, place in zip(tensors, places, strict=True)
    ]
    if options.get("axis", 1) in (0, 1 - both[0].ndim):
        raise NotImplementedError(f"numloss: vmap of {found.name} needs samples on the first axis, not classes")
    return [tensor if tensor.ndim == 1 else tensor.flatten(0, 1) for tensor in both]


def unfolded(tensors: Sequence[Tensor], size: int, one: bool) -> tuple[Tensors, list[int]]:
    """What was computed of folded tensors, with the batch in front. one: samples have no axes."""
    return [tensor if one else tensor.unflatten(0, (size, -1)) for tensor in tensors], [0] * len(tensors)


@evaluate.register_vmap  # type: ignore[untyped-decorator]
def _(info: Any, places: Any, loss: str, inputs: Tensors, given: str, arrays: Tensors, wanted: list[int]) -> Any:
    both = folded(loss, given, info.batch_size, inputs, places[1], places[3])
    return unfolded(evaluate(loss, both, given, arrays, wanted), info.batch_size, both[0].ndim == 1)


@pull_back.register_vmap  # type: ignore[untyped-decorator]
def _(info: Any, places: Any, loss: str, inputs: Tensors, given: str, arrays: Tensors, *rest: Any) -> Any:
    wanted, cotangent = rest
    both = folded(loss, given, info.batch_size, [*inputs, cotangent], [*places[1], places[5]], places[3])
    *read, factors = both
    return unfolded(pull_back(loss, read, given, arrays, wanted, factors), info.batch_size, both[0].ndim == 1)
