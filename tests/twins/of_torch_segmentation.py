"""Losses of segmentation as MONAI writes them down in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twins.twin import Options, Random, Twin, drawn


def _parts(t: Any, x: Any, y: Any, softmax: bool = False) -> tuple[Any, Any, Any]:
    """Sums over the pixels of p t, of p and of t, for each class of each sample; labels are made one-hot."""
    p = t.softmax(x, 1) if softmax else t.sigmoid(x)
    if y.shape != x.shape:
        y = t.nn.functional.one_hot(y, x.shape[1]).movedim(-1, 1).to(x.dtype)
    return (p * y).sum(2), p.sum(2), y.sum(2)


def _dice(t: Any, x: Any, y: Any, smooth: float) -> Any:
    both, claimed, wanted = _parts(t, x, y)
    return (1.0 - (2.0 * both + smooth) / (claimed + wanted + smooth)).sum()


def _dice_of_labels(t: Any, x: Any, y: Any, activation: str, smooth: float) -> Any:
    both, claimed, wanted = _parts(t, x, y, activation == "softmax")
    return (1.0 - (2.0 * both + smooth) / (claimed + wanted + smooth)).sum()


def _jaccard(t: Any, x: Any, y: Any, smooth: float) -> Any:
    both, claimed, wanted = _parts(t, x, y)
    return (1.0 - (2.0 * both + smooth) / (2.0 * (claimed + wanted - both) + smooth)).sum()


def _tversky(t: Any, x: Any, y: Any, alpha: float, beta: float, smooth: float) -> Any:
    both, claimed, wanted = _parts(t, x, y)
    size = both + alpha * (claimed - both) + beta * (wanted - both) + smooth
    return (1.0 - (both + smooth) / size).sum()


def _generalized_dice(t: Any, x: Any, y: Any, power: float) -> Any:
    both, claimed, wanted = _parts(t, x, y, softmax=True)
    weight = 1.0 / wanted**power
    infinite = t.isinf(weight)
    weight = t.where(infinite, 0.0, weight)
    weight = weight + infinite * weight.max(dim=1, keepdim=True).values
    return (1.0 - 2.0 * (both * weight).sum(1) / ((claimed + wanted) * weight).sum(1)).sum()


def _skeleton(t: Any, x: Any, iterations: int) -> Any:
    """The soft skeleton of each map."""
    pool = t.nn.functional.max_pool2d

    def erode(x: Any) -> Any:
        return t.minimum(-pool(-x, (3, 1), 1, (1, 0)), -pool(-x, (1, 3), 1, (0, 1)))

    found = t.zeros_like(x)
    for step in range(iterations + 1):
        x = erode(x) if step else x
        part = t.relu(x - pool(erode(x), 3, 1, 1))
        found = found + t.relu(part - found * part)
    return found


def _cl_dice(t: Any, x: Any, y: Any, iterations: int, alpha: float, smooth: float) -> Any:
    p = t.sigmoid(x)
    maps = [a.reshape(-1, 1, *x.shape[-2:]) for a in (p, y)]
    lines, wanted = (_skeleton(t, a, iterations).reshape(x.shape) for a in maps)
    precision = ((lines * y).sum((-2, -1)) + smooth) / (lines.sum((-2, -1)) + smooth)
    sensitivity = ((wanted * p).sum((-2, -1)) + smooth) / (wanted.sum((-2, -1)) + smooth)
    centre = 1.0 - 2.0 * precision * sensitivity / (precision + sensitivity)
    region = 1.0 - (2.0 * (p * y).sum((-2, -1)) + smooth) / (p.sum((-2, -1)) + y.sum((-2, -1)) + smooth)
    return ((1.0 - alpha) * region + alpha * centre).sum()


def _squares(t: Any, x: Any) -> Any:
    """The squared distance of each pixel of a map to the nearest one on the other side of 1/2, 0 without any."""
    side = (x > 0.5).reshape(-1, x.shape[-2] * x.shape[-1])
    places = t.cartesian_prod(*(t.arange(size, dtype=x.dtype) for size in x.shape[-2:]))
    apart = ((places[:, None] - places) ** 2).sum(-1)
    found = t.where(side[:, :, None] != side[:, None, :], apart, float("inf")).amin(-1)
    return t.where(found.isinf(), 0.0, found).reshape(x.shape)


def _hausdorff(t: Any, x: Any, y: Any, alpha: float) -> Any:
    p = t.sigmoid(x)
    distance = sum(_squares(t, a) ** (alpha / 2.0) for a in (p.detach(), y))
    return ((p - y) ** 2 * distance).mean((-2, -1)).sum()


def _unified_focal(t: Any, x: Any, y: Any, delta: float, gamma: float, share: float, smooth: float) -> Any:
    """Both classes, the background first, as the code of the paper has them; without its clip of probabilities."""
    p = t.stack([t.sigmoid(-x), t.sigmoid(x)])
    y = t.stack([1.0 - y, y])
    entropy = -y * t.stack([t.nn.functional.logsigmoid(-x), t.nn.functional.logsigmoid(x)])
    focal = ((1.0 - delta) * (1.0 - p[0]) ** gamma * entropy[0] + delta * entropy[1]).mean((-2, -1))
    both, missed, claimed = (a.sum((-2, -1)) for a in (p * y, (1.0 - p) * y, p * (1.0 - y)))
    missing = 1.0 - (both + smooth) / (both + delta * missed + (1.0 - delta) * claimed + smooth)
    overlap = (missing[0] + missing[1] * missing[1] ** -gamma) / 2.0
    return (share * overlap + (1.0 - share) * focal).sum()


def _smooth(**more: tuple[float, float]) -> Callable[[Random], Options]:
    ends = {"smooth": (1e-5, 2.0), **more}
    return lambda random: {name: float(random.uniform(*pair)) for name, pair in ends.items()}


TWINS = [
    Twin(
        *("torch", "surface loss of Kervadec et al.", "boundary"),
        lambda t, x, distance: (t.sigmoid(x) * distance).sum(),
        convention="of the probabilities of a softmax there",
    ),
    Twin(
        *("torch", "DiceLoss of MONAI", "dice", _dice, _smooth()),
        convention="smooth_nr and smooth_dr are one number here",
    ),
    Twin(
        *("torch", "DiceLoss(softmax=True, to_onehot_y=True) of MONAI", "dice:labels", _dice_of_labels),
        lambda random: {"activation": "softmax", "smooth": float(random.uniform(1e-5, 2.0))},
    ),
    Twin(
        *("torch", "DiceLoss(jaccard=True) of MONAI", "jaccard", _jaccard, lambda random: {"smooth": 0.0}),
        convention="its smooth is twice ours",
    ),
    Twin(
        *("torch", "TverskyLoss of MONAI", "tversky", _tversky),
        _smooth(alpha=(0.1, 0.9), beta=(0.1, 0.9)),
    ),
    Twin(
        *("torch", "soft_dice_cldice of clDice", "cl_dice", _cl_dice),
        lambda random: {"iterations": int(random.integers(1, 4)), **_smooth(alpha=(0.1, 0.9))(random)},
        convention="its sums are over all maps of a batch; smooth is 1 in its Dice, and iterations are 10",
    ),
    Twin(
        *("torch", "asym_unified_focal_loss of Yeung et al.", "unified_focal", _unified_focal),
        _smooth(delta=(0.1, 0.9), gamma=(0.1, 0.9), share=(0.1, 0.9)),
        convention="weight is share here; probabilities are clipped there",
    ),
    Twin(*("torch", "HausdorffDTLoss of MONAI", "hausdorff_dt", _hausdorff), drawn("alpha", 0.5, 3.0)),
    Twin(
        *("torch", "GeneralizedDiceLoss of MONAI", "generalized_dice:labels", _generalized_dice),
        lambda random: {"power": float(random.integers(3))},
        convention="its smooth of 1e-5 is added to sums with weights that are inverse squares of volumes",
    ),
]
