"""Losses of images and signals as libraries of PyTorch write them down."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from twins.twin import Twin, drawn


def factors(t: Any, x: Any, y: Any, window: int, data_range: float) -> tuple[Any, Any]:
    """Those of means and of contrasts in windows of each image: moments by convolutions with a Gaussian window."""
    line = t.exp(-((t.arange(window, dtype=x.dtype) - window // 2) ** 2) / (2 * 1.5**2))
    line = line / line.sum()
    shape = x.shape

    def mean(a: Any) -> Any:
        a = t.nn.functional.conv2d(a.reshape(-1, 1, *shape[-2:]), line[:, None].expand(1, 1, -1, 1))
        return t.nn.functional.conv2d(a, line.expand(1, 1, 1, -1))

    mx, my = mean(x), mean(y)
    vx, vy, both = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    return (2 * mx * my + c1) / (mx**2 + my**2 + c1), (2 * both + c2) / (vx + vy + c2)


def similarity(t: Any, x: Any, y: Any, window: int, data_range: float) -> Any:
    """1 less the structural similarity of each image."""
    means, contrasts = factors(t, x, y, window, data_range)
    return 1.0 - (contrasts * means).mean(dim=(-3, -2, -1)).reshape(x.shape[:-2])


def at_scales(t: Any, x: Any, y: Any, window: int, weights: tuple[float, ...], data_range: float) -> Any:
    """1 less the product of powers of what each level has in common."""
    product, shape = 1.0, x.shape[:-2]
    x, y = (a.reshape(-1, 1, *a.shape[-2:]) for a in (x, y))
    for level, weight in enumerate(weights):
        means, contrasts = factors(t, x, y, window, data_range)
        found = contrasts if level + 1 < len(weights) else contrasts * means
        product = product * t.relu(found.mean(dim=(-3, -2, -1))) ** weight
        padding = [size % 2 for size in x.shape[-2:]]
        x, y = (t.nn.functional.avg_pool2d(a, kernel_size=2, padding=padding) for a in (x, y))
    return 1.0 - product.reshape(shape)


def ratio(t: Any, x: Any, y: Any, eps: float) -> Any:
    """Less the scale-invariant ratio of each signal to its distortion, of signals less their means."""
    x, y = x - x.mean(-1, keepdim=True), y - y.mean(-1, keepdim=True)
    kept = (x * y).sum(-1, keepdim=True) / ((y**2).sum(-1, keepdim=True) + eps) * y
    return -10.0 * t.log10((kept**2).sum(-1) / (((x - kept) ** 2).sum(-1) + eps) + eps)


def best_order(t: Any, x: Any, y: Any, loss: Any) -> Any:
    """The least mean over sources of a loss of signals, of all orders of the targets."""
    orders = itertools.permutations(range(x.shape[-2]))
    return t.stack([loss(x, y[..., list(order), :]).mean(-1) for order in orders]).min(0).values


def spectra(t: Any, x: Any, y: Any, resolutions: Any, w_lin_mag: float, eps: float) -> Any:
    """STFT losses of each signal by torch.stft, their mean over resolutions."""
    found = []
    for fft, hop, length in resolutions.astype(int).tolist():
        window = t.hann_window(length, dtype=x.dtype)

        def magnitude(a: Any) -> Any:
            bins = t.stft(a, fft, hop, length, window, return_complex=True)  # noqa: B023
            return t.sqrt(t.clamp(bins.real**2 + bins.imag**2, min=eps))

        a, b = magnitude(x), magnitude(y)
        converged = t.linalg.norm(b - a, dim=(-2, -1)) / t.linalg.norm(b, dim=(-2, -1))
        found.append(converged + ((t.log(a) - t.log(b)).abs() + w_lin_mag * (a - b).abs()).mean((-2, -1)))
    return sum(found) / len(found)


TWINS = [
    Twin(
        *("torch", "ssim of pytorch-msssim", "ssim"),
        lambda t, x, y, data_range: similarity(t, x, y, 3, data_range).sum(),
        drawn("data_range", 1.0, 255.0),
    ),
    Twin(
        *("torch", "ms_ssim of pytorch-msssim", "ms_ssim"),
        lambda t, x, y, data_range: at_scales(t, x, y, 3, (0.3, 0.7), data_range).sum(),
        drawn("data_range", 1.0, 255.0),
    ),
    Twin(
        *("torch", "SISDRLoss of auraloss", "si_sdr"),
        lambda t, x, y, eps, zero_mean: ratio(t, x, y, eps).sum(),
        lambda random: {"eps": float(random.uniform(1e-9, 1e-3)), "zero_mean": True},
    ),
    Twin(
        *("torch", "MultiResolutionSTFTLoss of auraloss", "multi_resolution_stft"),
        lambda t, x, y, **options: spectra(t, x, y, **options).sum(),
        lambda random: {
            "resolutions": np.array([[8, 3, 6], [4, 1, 4]]),
            "w_lin_mag": float(random.uniform(0.0, 1.0)),
            "eps": float(random.uniform(1e-2, 0.5)),
        },
    ),
    Twin(
        *("torch", "PITLossWrapper(pairwise_neg_sisdr) of asteroid", "pit_si_sdr"),
        lambda t, x, y, eps, zero_mean: best_order(t, x, y, lambda a, b: ratio(t, a, b, eps)).sum(),
        lambda random: {"eps": float(random.uniform(1e-9, 1e-3)), "zero_mean": True},
    ),
    Twin(
        *("torch", "PITLossWrapper(pairwise_mse) of asteroid", "pit_mse"),
        lambda t, x, y: best_order(t, x, y, lambda a, b: ((a - b) ** 2).mean(-1)).sum(),
    ),
]
