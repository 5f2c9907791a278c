"""Torch on the CPU: eager, forward and backward, and the same function through torch.compile."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import TypeAlias

import torch
import torch.nn.functional as F

from ...common.halves import as_numpy, as_torch
from ..cases import Case
from . import Answer, Array, NotAvailable, NotCovered, Peer

Tensor: TypeAlias = torch.Tensor


def focal(x: Tensor, t: Tensor) -> Tensor:
    entropy = F.binary_cross_entropy_with_logits(x, t, reduction="none")
    p = torch.sigmoid(x)
    return (entropy * (1.0 - (p * t + (1.0 - p) * (1.0 - t))) ** 2).mean()


def log_cosh(p: Tensor, t: Tensor) -> Tensor:
    error = p - t
    return (error + F.softplus(-2.0 * error) - 0.6931471805599453).mean()


def quantile(p: Tensor, t: Tensor, q: float = 0.5) -> Tensor:
    error = t - p
    return torch.maximum(q * error, (q - 1.0) * error).mean()


def kl_div(x: Tensor, q: Tensor, from_logits: bool = False) -> Tensor:
    return F.kl_div(torch.log_softmax(x, 1) if from_logits else x, q, reduction="batchmean")


def dice(x: Tensor, t: Tensor) -> Tensor:
    p, pixels = torch.sigmoid(x), tuple(range(2, x.ndim))
    return (1.0 - (2.0 * (p * t).sum(pixels) + 1.0) / ((p + t).sum(pixels) + 1.0)).mean()


def jaccard(x: Tensor, t: Tensor) -> Tensor:
    p, pixels = torch.sigmoid(x), tuple(range(2, x.ndim))
    both = (p * t).sum(pixels)
    return (1.0 - (both + 1.0) / ((p + t).sum(pixels) - both + 1.0)).mean()


def tversky_index(x: Tensor, t: Tensor, alpha: float, beta: float) -> Tensor:
    p, pixels = torch.sigmoid(x), tuple(range(2, x.ndim))
    both = (p * t).sum(pixels)
    return (both + 1.0) / (both + alpha * (p.sum(pixels) - both) + beta * (t.sum(pixels) - both) + 1.0)


def tversky(x: Tensor, t: Tensor) -> Tensor:
    return (1.0 - tversky_index(x, t, 0.5, 0.5)).mean()


def focal_tversky(x: Tensor, t: Tensor) -> Tensor:
    return ((1.0 - tversky_index(x, t, 0.3, 0.7)) ** 0.75).mean()


def contrastive(a: Tensor, b: Tensor, same: Tensor) -> Tensor:
    squared = ((a - b) ** 2).sum(1)
    gap = torch.relu(1.0 - squared.sqrt())
    return (same * squared + (1.0 - same) * gap * gap).mean()


def td_error(q: Tensor, action: Tensor, reward: Tensor, following: Tensor, done: Tensor) -> Tensor:
    aim = reward + 0.99 * (1.0 - done) * following.amax(1)
    return F.mse_loss(q.gather(1, action[:, None])[:, 0], aim)


def overlap(p: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """Areas of what pairs of boxes share and of their union, in torch's usual way."""
    across = torch.minimum(p[:, 2], t[:, 2]) - torch.maximum(p[:, 0], t[:, 0])
    down = torch.minimum(p[:, 3], t[:, 3]) - torch.maximum(p[:, 1], t[:, 1])
    shared = torch.zeros_like(across)
    meet = (across > 0.0) & (down > 0.0)
    shared[meet] = across[meet] * down[meet]
    areas = [(box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1]) for box in (p, t)]
    return shared, areas[0] + areas[1] - shared


def around(p: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """Width and height of the smallest boxes around pairs of boxes."""
    low, high = torch.minimum(p[:, :2], t[:, :2]), torch.maximum(p[:, 2:], t[:, 2:])
    return high[:, 0] - low[:, 0], high[:, 1] - low[:, 1]


def iou(p: Tensor, t: Tensor) -> Tensor:
    shared, union = overlap(p, t)
    return (1.0 - shared / (union + 1e-7)).mean()


def giou(p: Tensor, t: Tensor) -> Tensor:
    shared, union = overlap(p, t)
    wide, tall = around(p, t)
    area = wide * tall
    return (1.0 - (shared / (union + 1e-7) - (area - union) / (area + 1e-7))).mean()


def diou_parts(p: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    shared, union = overlap(p, t)
    wide, tall = around(p, t)
    apart = (p[:, :2] + p[:, 2:]) / 2.0 - (t[:, :2] + t[:, 2:]) / 2.0
    index = shared / (union + 1e-7)
    return 1.0 - index + (apart**2).sum(1) / (wide**2 + tall**2 + 1e-7), index


def diou(p: Tensor, t: Tensor) -> Tensor:
    return diou_parts(p, t)[0].mean()


def ciou(p: Tensor, t: Tensor) -> Tensor:
    value, index = diou_parts(p, t)
    angles = [torch.atan((box[:, 2] - box[:, 0]) / (box[:, 3] - box[:, 1])) for box in (p, t)]
    v = 4.0 / torch.pi**2 * (angles[1] - angles[0]) ** 2
    with torch.no_grad():
        alpha = v / (1.0 - index + v + 1e-7)
    return (value + alpha * v).mean()


FORWARD: dict[str, Callable[..., Tensor]] = {
    "mse": F.mse_loss,
    "mae": F.l1_loss,
    "huber": F.huber_loss,
    "quantile": quantile,
    "log_cosh": log_cosh,
    "bce": F.binary_cross_entropy,
    "bce_with_logits": F.binary_cross_entropy_with_logits,
    "focal": focal,
    "hinge": lambda p, t: torch.relu(1.0 - t * p).mean(),
    "gaussian_nll": lambda p, t, var: F.gaussian_nll_loss(p, t, var, eps=1e-6),
    "margin_ranking": F.margin_ranking_loss,
    "ranknet": lambda a, b, t: F.binary_cross_entropy_with_logits(a - b, t),
    "bpr": lambda a, b: -F.logsigmoid(a - b).mean(),
    "iou": iou,
    "giou": giou,
    "diou": diou,
    "ciou": ciou,
    "l1": lambda w: w.abs().sum(),
    "l2": lambda w: (w * w).sum(),
    "elastic_net": lambda w, l1, l2: l1 * w.abs().sum() + l2 * (w * w).sum(),
    "cross_entropy": F.cross_entropy,
    "nll": F.nll_loss,
    "kl_div": kl_div,
    "dice": dice,
    "jaccard": jaccard,
    "tversky": tversky,
    "focal_tversky": focal_tversky,
    "contrastive": contrastive,
    "cosine_embedding": lambda a, b, same: F.cosine_embedding_loss(a, b, 2.0 * same - 1.0),
    "triplet_margin": lambda a, p, n: F.triplet_margin_loss(a, p, n, eps=0.0),
    "td_error": td_error,
}


def compiled(forward: Callable[..., Tensor], threads: int, sizes_vary: bool) -> Callable[..., Tensor]:
    """The function through torch.compile, its code made for this number of threads."""
    import torch._inductor.config as inductor

    inductor.cpp.threads = threads  # part of the key of its cache, so that code for another number is not found
    if not sizes_vary:
        torch._dynamo.reset()  # else it would treat the second size of a loss as one of many
    return torch.compile(forward, dynamic=True if sizes_vary else False)


def prepare(name: str, case: Case, arrays: tuple[Array, ...], threads: int, sizes_vary: bool, mode: str) -> Peer:
    """Forward and backward of a case, or forward alone, run once."""
    if case.loss not in FORWARD or mode == "value_grad_hess":
        raise NotCovered(f"torch has no {mode} of {case.loss}")
    torch.set_num_threads(threads)
    tensors = [as_torch(array) for array in arrays]
    leaves = [tensors[k].requires_grad_() for k in case.record.differentiable]
    forward: Callable[..., Tensor] = functools.partial(FORWARD[case.loss], **case.options)
    if name == "torch.compile":
        forward = compiled(forward, threads, sizes_vary)

    def call() -> Tensor:
        if mode == "value":
            with torch.no_grad():
                return forward(*tensors)
        for leaf in leaves:
            leaf.grad = None
        value = forward(*tensors)
        value.backward()
        return value

    def read(value: Tensor) -> Answer:
        return value.item(), tuple(as_numpy(leaf.grad) for leaf in leaves if mode != "value" and leaf.grad is not None)

    if name == "torch.compile":
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # deprecations inside the compiler say nothing about the result
                call()
        except Exception as error:  # a missing compiler shows itself in many ways
            reason = str(error).strip().splitlines()[:1]
            raise NotAvailable(f"torch.compile: {type(error).__name__}: {''.join(reason)}") from error
    return Peer(call, read)
