"""Losses of boxes and of their scores as detectors write them down in PyTorch."""

from __future__ import annotations

from typing import Any

from twins.twin import Options, Random, Twin, drawn

EPS = 1e-7


def _iou(t: Any, a: Any, b: Any) -> tuple[Any, Any]:
    """The IoU of pairs of boxes, and width and height of the boxes around them."""
    shared = (t.minimum(a[..., 2:], b[..., 2:]) - t.maximum(a[..., :2], b[..., :2])).clamp(min=0)
    around = t.maximum(a[..., 2:], b[..., 2:]) - t.minimum(a[..., :2], b[..., :2])
    common = shared.prod(-1)
    areas = (a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1)
    return common / (areas - common + EPS), around


def _between(a: Any, b: Any) -> Any:
    return (a[..., :2] + a[..., 2:] - b[..., :2] - b[..., 2:]) / 2


def _eiou(t: Any, a: Any, b: Any) -> Any:
    iou, around = _iou(t, a, b)
    sides = (a[..., 2:] - a[..., :2]) - (b[..., 2:] - b[..., :2])
    centre = (_between(a, b) ** 2).sum(-1) / ((around**2).sum(-1) + EPS)
    return (1 - iou + centre + (sides**2 / (around**2 + EPS)).sum(-1)).sum()


def _siou(t: Any, a: Any, b: Any) -> Any:
    iou, around = _iou(t, a, b)
    apart = _between(a, b)
    sine = apart.abs() / apart.norm(dim=-1, keepdim=True)
    alpha = t.where(sine[..., 0] > 0.5**0.5, sine[..., 1], sine[..., 0])
    angle = t.cos(t.arcsin(alpha) * 2 - t.pi / 2)
    distance = (1 - t.exp((angle - 2)[..., None] * apart**2 / (around**2 + EPS))).sum(-1)
    own, other = a[..., 2:] - a[..., :2], b[..., 2:] - b[..., :2]
    shape = ((1 - t.exp(-(own - other).abs() / (t.maximum(own, other) + EPS))) ** 4).sum(-1)
    return (1 - iou + (distance + shape) * 0.5).sum()


def _mpdiou(t: Any, a: Any, b: Any, width: float, height: float) -> Any:
    iou, _ = _iou(t, a, b)
    return (1 - iou + ((a - b) ** 2).sum(-1) / (width**2 + height**2)).sum()


def _image(random: Random) -> Options:
    return {name: float(random.uniform(4.0, 20.0)) for name in ("width", "height")}


def _bce(t: Any, x: Any, y: Any) -> Any:
    return t.nn.functional.binary_cross_entropy_with_logits(x, y, reduction="none")


def _qfl(t: Any, x: Any, y: Any, beta: float) -> Any:
    return (_bce(t, x, y) * (y - t.sigmoid(x)).abs() ** beta).sum()


def _vfl(t: Any, x: Any, y: Any, alpha: float, gamma: float) -> Any:
    factor = y * (y > 0) + alpha * (t.sigmoid(x) - y).abs() ** gamma * (y <= 0)
    return (_bce(t, x, y) * factor).sum()


def _gaussian_focal(t: Any, x: Any, y: Any, alpha: float, beta: float) -> Any:
    p, peak = t.sigmoid(x), y.eq(1)
    found = -((1 - p) ** alpha) * t.nn.functional.logsigmoid(x) * peak
    return (found - p**alpha * t.nn.functional.logsigmoid(-x) * (1 - y) ** beta * ~peak).sum()


def _both(first: str, second: str) -> Any:
    return lambda random: {name: float(random.uniform(0.5, 4.0)) for name in (first, second)}


def _peaked(pred: Any, target: Any) -> Any:
    return pred, target.round(1).clip(0, 1)


TWINS = [
    Twin("torch", "QualityFocalLoss of MMDetection", "quality_focal", _qfl, drawn("beta", 1.0, 3.0)),
    Twin(
        *("torch", "VarifocalLoss of MMDetection", "varifocal", _vfl, _both("alpha", "gamma")),
        inputs=_peaked,
    ),
    Twin(
        *("torch", "GaussianFocalLoss of MMDetection", "heatmap_focal", _gaussian_focal, _both("alpha", "beta")),
        convention="alpha and gamma there, of probabilities to which 1e-12 is added; divided by the number of peaks",
        inputs=_peaked,
    ),
    Twin("torch", "EIoU of detectors", "eiou", _eiou, convention="MMDetection's EIoULoss is another, extended one"),
    Twin("torch", "SIoU of detectors", "siou", _siou, convention="floors of what is divided by differ"),
    Twin("torch", "MPDIoU of detectors", "mpdiou", _mpdiou, _image),
]
