"""Cross-entropies of histograms and numbers, written down in PyTorch as their papers and their libraries have them."""

from __future__ import annotations

from typing import Any

from twins.twin import Options, Random, Twin


def _shares(t: Any, points: Any, number: Any) -> Any:
    """What two neighbours of a number have of it, as DreamerV3's dist.TwoHot computes it."""
    number = number.clamp(points[0], points[-1])
    below = ((points <= number[:, None]).sum(1) - 1).clamp(0, len(points) - 1)
    above = (below + 1).clamp(max=len(points) - 1)
    whole = t.where(above == below, t.ones_like(number), points[above] - points[below])
    share = (number - points[below]) / whole
    one_hot = t.nn.functional.one_hot
    return one_hot(below, len(points)) * (1 - share)[:, None] + one_hot(above, len(points)) * share[:, None]


def _symexp(t: Any, x: Any) -> Any:
    return x.sign() * (x.abs().exp() - 1)


def _cross_entropy(t: Any, logits: Any, shares: Any) -> Any:
    return -(shares * t.log_softmax(logits, 1)).sum()


def _distribution_focal(t: Any, logits: Any, number: Any) -> Any:
    number = number.clamp(0, logits.shape[1] - 1)
    left = number.long().clamp(max=logits.shape[1] - 2)
    ahead = number - left
    cross_entropy = t.nn.functional.cross_entropy
    own = cross_entropy(logits, left, reduction="none") * (1 - ahead)
    return (own + cross_entropy(logits, left + 1, reduction="none") * ahead).sum()


def _two_hot(t: Any, logits: Any, number: Any, low: float, high: float, spacing: str) -> Any:
    points = t.linspace(low, high, logits.shape[1], dtype=t.float64)
    if spacing == "symlog":
        return _cross_entropy(t, logits, _shares(t, points, number.sign() * number.abs().log1p()))
    points = _symexp(t, points) if spacing == "symexp" else points
    return _cross_entropy(t, logits, _shares(t, points, number))


def _hl_gauss(t: Any, logits: Any, number: Any, low: float, high: float, sigma: float) -> Any:
    width = (high - low) / logits.shape[1]
    edges = t.linspace(low, high, logits.shape[1] + 1, dtype=t.float64)
    cumulated = t.special.erf((edges - number.clamp(low, high)[:, None]) / (2.0**0.5 * sigma * width))
    shares = cumulated.diff(dim=1) / (cumulated[:, -1:] - cumulated[:, :1])
    return _cross_entropy(t, logits, shares)


def _ends(random: Random) -> Options:
    return {"low": float(random.uniform(-2.0, 0.0)), "high": float(random.uniform(2.0, 4.0))}


def _spaced(spacing: str) -> Any:
    return lambda random: {**_ends(random), "spacing": spacing}


TWINS = [
    Twin("torch", "distribution focal loss of mmdet, written down", "two_hot", _distribution_focal,
         convention="Ultralytics clamps numbers at C - 1.01"),
    *(
        Twin("torch", f"two-hot of {spacing} bins, written down", "two_hot:linear", _two_hot, _spaced(spacing))
        for spacing in ("linear", "symlog", "symexp")
    ),
    Twin("torch", "hl_gauss_transform of Farebrother et al., written down", "hl_gauss:ends", _hl_gauss,
         lambda random: {**_ends(random), "sigma": float(random.uniform(0.4, 2.0))},
         convention="its sigma is in units of the numbers, ours of the width of a bin"),
]  # fmt: skip
