"""The derivative of a gradient, so that autograd may differentiate twice: along a vector, see `numloss.hvp`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ... import dispatch
from ...registry import Loss
from .operators import Tensors, as_read, is_one_by_one, loss_named, options_of, pull_back, seen, weighted, written

__all__ = ["multiply"]


@torch.library.custom_op("numloss::multiply", mutates_args=())
def multiply(
    loss: str, inputs: Sequence[Tensor], given: str, arrays: Sequence[Tensor], vector: Tensor, cotangent: Tensor
) -> Tensor:
    """The derivative of `pull_back` by the one input that it has a gradient by, along a vector, see `numloss.hvp`."""
    found, options = loss_named(loss), written(given, arrays)
    if not is_one_by_one(found, given):
        product = dispatch.second(found, tuple(map(seen, inputs)), as_read(options), seen(vector))
        return as_product(product, inputs[0]) * cotangent.to(inputs[0].dtype)
    cotangent = weighted(options.pop("weight", None), cotangent)
    if found.family == "elementwise":  # one number for each entry, wherever they are
        vector = torch.where(cotangent != 0, cotangent * vector, torch.zeros_like(vector))
        return as_product(dispatch.second(found, tuple(map(seen, inputs)), as_read(options), seen(vector)), inputs[0])
    factors = seen(cotangent)
    product = dispatch.second(found, tuple(map(seen, inputs)), as_read(options), seen(vector), False, factors)
    return as_product(product, inputs[0])


@multiply.register_fake
def _(
    loss: str, inputs: Sequence[Tensor], given: str, arrays: Sequence[Tensor], vector: Tensor, cotangent: Tensor
) -> Tensor:
    return torch.empty_like(inputs[0])


def as_product(found: Any, like: Tensor) -> Tensor:
    """What `numloss.hvp` gives as a tensor."""
    if isinstance(found, Tensor):
        return found
    if like.dtype == torch.bfloat16:
        return torch.from_numpy(found.view(np.uint16)).view(torch.bfloat16)
    return torch.from_numpy(found)


def _keep_pulled(ctx: Any, inputs: tuple[Any, ...], output: Tensors) -> None:
    """What the derivative of a gradient is made of."""
    loss, tensors, given, arrays, wanted, cotangent = inputs
    ctx.loss, ctx.given, ctx.wanted, ctx.counts = loss, given, wanted, (len(tensors), len(arrays))
    ctx.save_for_backward(*tensors, *arrays, cotangent)


def _pull_again(ctx: Any, grads: Sequence[Tensor | None]) -> tuple[Any, ...]:
    """The derivative of a gradient: by the input along what is asked of it, and by the cotangent."""
    count, others = ctx.counts
    *read, cotangent = ctx.saved_tensors
    inputs, arrays, along = read[:count], read[count:], grads[0]
    found: list[Tensor | None] = [None] * count
    by_cotangent = None
    if along is not None:
        along = along.contiguous()
        found[ctx.wanted[0]] = multiply(ctx.loss, inputs, ctx.given, arrays, along, cotangent)
        ones = torch.ones_like(cotangent)
        slopes = pull_back(ctx.loss, inputs, ctx.given, arrays, ctx.wanted, ones)[0].to(along.dtype) * along
        by_cotangent = added_up(loss_named(ctx.loss), ctx.given, slopes, cotangent)
    return None, found, None, [None] * others, None, by_cotangent


def added_up(loss: Loss, given: str, terms: Tensor, cotangent: Tensor) -> Tensor:
    """Terms of a shape of a prediction, added up to one for each value of the loss."""
    if cotangent.shape == terms.shape:
        found = terms
    elif is_one_by_one(loss, given):
        found = terms.sum(dim=options_of(given).get("axis", loss.defaults.get("axis", 1)))
    else:
        found = terms.sum()
    return found.to(cotangent.dtype)


pull_back.register_autograd(_pull_again, setup_context=_keep_pulled)
