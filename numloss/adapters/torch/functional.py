"""Losses by the names, options and conventions of torch.nn.functional: replacing the import is all there is to do.

What numloss has no loss for is that of PyTorch: a `kl_div` whose entries are wanted one by one. A loss that PyTorch
differentiates by its target, too, is taken of the difference where that asks for a gradient.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import _reduction

from ...registry import LOSSES
from .operators import Wrapped

# What PyTorch adds to a rate and to each difference of vectors, and the least logarithm of a probability.
RATE_EPS, DIFFERENCE_EPS, LEAST_LOG = 1e-8, 1e-6, -100.0

_losses = {name: Wrapped(loss, {}) for name, loss in LOSSES.items()}


def reduction_of(reduction: str, size_average: bool | None, reduce: bool | None) -> str:
    """The reduction, from its name or from what older programs give."""
    if size_average is not None or reduce is not None:
        reduction = _reduction.legacy_get_string(size_average, reduce)
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def averaged(name: str, inputs: tuple[Any, ...], reduction: str, count: int | None = None, **options: Any) -> Tensor:
    """A loss whose mean is over so many values, whatever their weights are; over all if no number is given."""
    if reduction != "mean":
        return _losses[name](*inputs, reduction=reduction, **options)
    if options.get("weight") is None and count is None:
        return _losses[name](*inputs, reduction="mean", **options)
    count = inputs[0].numel() if count is None else count
    return _losses[name](*inputs, reduction="sum", **options) / count


def alike(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Both with one shape, as PyTorch broadcasts them, and a warning if they had not."""
    if target.size() != input.size():
        warnings.warn(
            f"Using a target size ({target.size()}) that is different to the input size ({input.size()}). This will "
            "likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=3,
        )
        input, target = torch.broadcast_tensors(input, target)
    return input, target


def of_difference(name: str, input: Tensor, target: Tensor, reduction: str, weight: Any = None, **options: Any) -> Any:
    """A loss of input - target, which may ask for a gradient by either."""
    if target.dtype != input.dtype:
        dtype = torch.promote_types(input.dtype, target.dtype)
        input, target = input.to(dtype), target.to(dtype)
    if target.requires_grad and torch.is_grad_enabled():
        input, target = input - target, torch.zeros((), dtype=input.dtype, device=input.device).expand(input.shape)
    return averaged(name, (input, target), reduction, weight=weight, **options)


def same_size(weight: Tensor | None, input: Tensor) -> Tensor | None:
    """The weight of an elementwise loss, which has its shape."""
    if weight is not None and weight.size() != input.size():
        raise ValueError("Weights and input must have the same size.")
    return weight


def weighted_mean(name: str, input: Tensor, target: Tensor, weight: Tensor | None, reduction: str) -> Tensor:
    """A loss whose mean is divided by the sum of the weights, as ours is."""
    input, target = alike(input, target)
    weight = same_size(weight, input)
    if weight is None or reduction != "mean":
        return of_difference(name, input, target, reduction, weight)  # type: ignore[no-any-return]
    return of_difference(name, input, target, "sum", weight) / weight.sum()  # type: ignore[no-any-return]


def mse_loss(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = "mean", weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """As torch.nn.functional.mse_loss."""
    return weighted_mean("mse", input, target, weight, reduction_of(reduction, size_average, reduce))


def l1_loss(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = "mean", weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """As torch.nn.functional.l1_loss."""
    return weighted_mean("mae", input, target, weight, reduction_of(reduction, size_average, reduce))


def smooth_l1_loss(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = "mean", beta: float = 1.0,
) -> Tensor:  # fmt: skip
    """As torch.nn.functional.smooth_l1_loss: a beta of 0 is l1_loss."""
    reduction = reduction_of(reduction, size_average, reduce)
    input, target = alike(input, target)
    if beta == 0.0:
        return of_difference("mae", input, target, reduction)  # type: ignore[no-any-return]
    return of_difference("smooth_l1", input, target, reduction, beta=beta)  # type: ignore[no-any-return]


def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """As torch.nn.functional.huber_loss, whose mean counts entries, not weights."""
    input, target = alike(input, target)
    found = of_difference("huber", input, target, reduction, same_size(weight, input), delta=delta)
    return found  # type: ignore[no-any-return]


def cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None,
    ignore_index: int = -100, reduce: bool | None = None, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Tensor:  # fmt: skip
    """As torch.nn.functional.cross_entropy: a mean of nothing is NaN, and one of distributions counts rows."""
    reduction = reduction_of(reduction, size_average, reduce)
    if input.ndim == 1:
        found = cross_entropy(input[None], target[None], weight, None, ignore_index, None, reduction, label_smoothing)
        return found[0] if reduction == "none" else found
    options: dict[str, Any] = {"class_weight": weight, "label_smoothing": label_smoothing}
    if target.is_floating_point():
        rows = input.numel() // max(1, input.shape[1])
        return averaged("cross_entropy", (input, target), reduction, rows if weight is not None else None, **options)
    found = _losses["cross_entropy"](input, target, reduction=reduction, ignore_index=ignore_index, **options)
    return found if reduction != "mean" else of_something(found, target, weight, ignore_index)


def of_something(mean: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int) -> Tensor:
    """A mean over labels, NaN where none of them counts."""
    if not torch.compiler.is_compiling() and float(mean.detach()) != 0.0:
        return mean
    counts = target != ignore_index
    if weight is not None:
        counts = counts & (weight[target.clamp(0, len(weight) - 1).long()] != 0)
    return mean + torch.where(counts.any(), 0.0, math.nan).to(mean.dtype)


def nll_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None,
    ignore_index: int = -100, reduce: bool | None = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """As torch.nn.functional.nll_loss: a mean of nothing is NaN."""
    reduction = reduction_of(reduction, size_average, reduce)
    if input.ndim == 1:
        found = nll_loss(input[None], target[None], weight, None, ignore_index, None, reduction)
        return found[0] if reduction == "none" else found
    found = _losses["nll"](input, target, reduction=reduction, ignore_index=ignore_index, class_weight=weight)
    return found if reduction != "mean" else of_something(found, target, weight, ignore_index)


def expanded(weight: Tensor | None, input: Tensor) -> Tensor | None:
    """A weight that is broadcast to the shape of the input."""
    return None if weight is None else weight.expand_as(input)


def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None,
    reduce: bool | None = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """As torch.nn.functional.binary_cross_entropy, whose logarithms are not below -100."""
    reduction = reduction_of(reduction, size_average, reduce)
    options: dict[str, Any] = {"weight": expanded(weight, input), "eps": math.exp(LEAST_LOG)}
    return averaged("bce", (input, target), reduction, **options)


def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None,
    reduce: bool | None = None, reduction: str = "mean", pos_weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """As torch.nn.functional.binary_cross_entropy_with_logits: a mean counts entries, not weights."""
    reduction = reduction_of(reduction, size_average, reduce)
    options = {"weight": expanded(weight, input), "pos_weight": pos_weight}
    if pos_weight is None:
        del options["pos_weight"]
    return averaged("bce_with_logits", (input, target), reduction, **options)


def soft_margin_loss(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """As torch.nn.functional.soft_margin_loss."""
    return averaged("soft_margin", (input, target), reduction_of(reduction, size_average, reduce))


def hinge_embedding_loss(
    input: Tensor, target: Tensor, margin: float = 1.0, size_average: bool | None = None,
    reduce: bool | None = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """As torch.nn.functional.hinge_embedding_loss."""
    reduction = reduction_of(reduction, size_average, reduce)
    return averaged("hinge_embedding", (input, target), reduction, margin=margin)


def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, size_average: bool | None = None,
    reduce: bool | None = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """As torch.nn.functional.margin_ranking_loss."""
    reduction = reduction_of(reduction, size_average, reduce)
    return averaged("margin_ranking", (input1, input2, target), reduction, margin=margin)


def poisson_nll_loss(
    input: Tensor, target: Tensor, log_input: bool = True, full: bool = False, size_average: bool | None = None,
    eps: float = RATE_EPS, reduce: bool | None = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """As torch.nn.functional.poisson_nll_loss: eps is added to a rate, and `full` adds Stirling's approximation."""
    reduction = reduction_of(reduction, size_average, reduce)
    if log_input:
        found = averaged("poisson_nll", (input, target), reduction, log_input=True)
    else:
        found = averaged("poisson_nll", (input + eps, target), reduction, log_input=False)
        found = found - eps * (input.numel() if reduction == "sum" else 1)
    return found + reduced(stirling(target.detach()), reduction) if full else found


def stirling(target: Tensor) -> Tensor:
    """Stirling's approximation of log(target!), without its last term, and 0 of what is at most 1."""
    large = target.clamp(min=1.0)
    found = large * large.log() - large + 0.5 * (2.0 * math.pi * large).log()
    return torch.where(target > 1, found, torch.zeros_like(found))


def reduced(values: Tensor, reduction: str) -> Tensor:
    """The mean or sum of values, or themselves."""
    return values if reduction == "none" else values.mean() if reduction == "mean" else values.sum()


def gaussian_nll_loss(
    input: Tensor, target: Tensor, var: Tensor | float, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Tensor:
    """As torch.nn.functional.gaussian_nll_loss, with a variance for each entry, for each row, or one."""
    if not isinstance(var, Tensor):
        var = torch.full_like(input, var, requires_grad=False)
    if var.size() != input.size():
        if input.size()[:-1] == var.size():
            var = var[..., None]
        elif input.ndim != var.ndim or any(a != b and b != 1 for a, b in zip(input.size(), var.size(), strict=True)):
            raise ValueError("var is of incorrect size")
        var = var.expand_as(input)
    return averaged("gaussian_nll", (input, target.expand_as(input), var), reduction, full=full, eps=eps)


def kl_div(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = "mean", log_target: bool = False,
) -> Tensor:  # fmt: skip
    """As torch.nn.functional.kl_div: a mean is over entries, "batchmean" over rows."""
    if reduction == "none":
        return torch.nn.functional.kl_div(input, target, reduction="none", log_target=log_target)
    rows = (input, target) if input.ndim > 1 else (input[None], target[None])
    count = input.numel() if reduction == "mean" else input.shape[0] if reduction == "batchmean" else None
    if reduction not in ("mean", "batchmean", "sum"):
        reduction_of(reduction, size_average, reduce)
    found = _losses["kl_div"](*rows, reduction="sum", log_target=log_target)
    return found if count is None else found / count


def in_rows(input: Tensor, target: Tensor, labelled: bool) -> tuple[Tensor, Tensor]:
    """One sample by itself as a batch of one."""
    if input.ndim > 1:
        return input, target
    return input[None], target.reshape(1) if labelled else target[None]


def multi_margin_loss(
    input: Tensor, target: Tensor, p: int = 1, margin: float = 1.0, weight: Tensor | None = None,
    size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """As torch.nn.functional.multi_margin_loss: a weight multiplies, and does not count in a mean."""
    reduction = reduction_of(reduction, size_average, reduce)
    rows = in_rows(input, target, True)
    options: dict[str, Any] = {"p": float(p), "margin": margin, "class_weight": weight, "ignore_index": None}
    count = len(rows[0]) if weight is not None else None
    found = averaged("multi_margin", rows, reduction, count, **options)
    return found[0] if reduction == "none" and input.ndim == 1 else found


def members_of(target: Tensor) -> Tensor:
    """1 for each class that a row lists before the first negative number, 0 for the others."""
    before = (target < 0).long().cumsum(dim=1) == 0
    listed = torch.where(before, target, target.shape[1])
    members = torch.zeros(target.shape[0], target.shape[1] + 1, dtype=torch.int64, device=target.device)
    return members.scatter_(1, listed, 1)[:, :-1].contiguous()


def multilabel_margin_loss(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """As torch.nn.functional.multilabel_margin_loss, whose labels are listed and end with -1."""
    reduction = reduction_of(reduction, size_average, reduce)
    input, target = in_rows(input, target, False) if input.ndim == 1 else (input, target)
    return averaged("multilabel_margin", (input, members_of(target)), reduction)


def multilabel_soft_margin_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None,
    reduce: bool | None = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """As torch.nn.functional.multilabel_soft_margin_loss."""
    reduction = reduction_of(reduction, size_average, reduce)
    return averaged("multilabel_soft_margin", (input, target), reduction, class_weight=weight)


def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, size_average: bool | None = None,
    reduce: bool | None = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """As torch.nn.functional.cosine_embedding_loss."""
    reduction = reduction_of(reduction, size_average, reduce)
    if input1.ndim == 1:
        found = averaged("cosine_embedding", (input1[None], input2[None], target.reshape(1)), reduction, margin=margin)
        return found[0] if reduction == "none" else found
    return averaged("cosine_embedding", (input1, input2, target), reduction, count=len(input1), margin=margin)


def triplet_margin_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0, p: float = 2.0,
    eps: float = DIFFERENCE_EPS, swap: bool = False, size_average: bool | None = None, reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """As torch.nn.functional.triplet_margin_loss, with p of 1 or 2: eps is added to the differences from the anchor."""
    reduction = reduction_of(reduction, size_average, reduce)
    single = anchor.ndim == 1
    given = tuple(t[None] if single else t for t in (anchor + eps if eps else anchor, positive, negative))
    found = averaged("triplet_margin", given, reduction, margin=margin, p=float(p), swap=swap)
    return found[0] if reduction == "none" and single else found


def ctc_loss(
    log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any, blank: int = 0,
    reduction: str = "mean", zero_infinity: bool = False,
) -> Tensor:  # fmt: skip
    """As torch.nn.functional.ctc_loss, whose gradient is that of the logits behind the log-probabilities."""
    steps, labels = (torch.as_tensor(np.asarray(t) if isinstance(t, (tuple, list)) else t) for t in
                     (input_lengths, target_lengths))  # fmt: skip
    single = log_probs.ndim == 2
    if single:
        log_probs, targets, steps, labels = log_probs[:, None], targets[None], steps.reshape(1), labels.reshape(1)
    options: dict[str, Any] = {"blank": blank, "zero_infinity": zero_infinity, "from_logits": True}
    found = _losses["ctc"](log_probs, targets, steps, labels, reduction=reduction, **options)
    return found[0] if reduction == "none" and single else found


__all__ = [name for name in dir(torch.nn.functional) if name in globals() and callable(globals()[name])]
