"""Losses of images, of retrieval and of forecasts as libraries of PyTorch write them down."""

from __future__ import annotations

from twins.twin import Twin, drawn

TWINS = [
    Twin(
        *("torch", "CharbonnierLoss of BasicSR", "charbonnier"),
        lambda t, x, y, epsilon: t.sqrt((x - y) ** 2 + epsilon**2).sum(),
        drawn("epsilon", 0.01, 2.0),
        convention="its eps is the square of ours",
    ),
    Twin(
        *("torch", "MarginMSELoss of sentence-transformers", "margin_mse"),
        lambda t, p, n, y: t.nn.functional.mse_loss(p - n, y, reduction="sum"),
    ),
    Twin(
        *("torch", "terms of a WGAN", "wasserstein_gan"),
        lambda t, x, y: x[y <= 0].sum() - x[y > 0].sum(),
        convention="means of what is real and what is generated, each by itself",
    ),
    Twin(
        *("torch", "total_variation of TorchMetrics", "image_variation:anisotropic"),
        lambda t, x: x.diff(dim=-1).abs().sum() + x.diff(dim=-2).abs().sum(),
    ),
    Twin(
        *("torch", "MASE of forecasting libraries", "mase"),
        lambda t, x, y, scale: ((x - y).abs() / scale).sum(),
        drawn("scale", 0.3, 3.0),
        convention="they take the history of each series, and make its scale of that",
    ),
    Twin(
        *("torch", "squared RMSSE of forecasting libraries", "msse"),
        lambda t, x, y, scale: ((x - y) ** 2 / scale**2).sum(),
        drawn("scale", 0.3, 3.0),
        convention="theirs is the root of the mean of each series",
    ),
    Twin(
        *("torch", "RMSSE of forecasting libraries", "rmsse"),
        lambda t, x, y, scale: (((x - y) ** 2).mean(-1).sqrt() / scale).sum(),
    ),
    Twin(
        *("torch", "ND of GluonTS, of each series", "wape"),
        lambda t, x, y: ((x - y).abs().sum(-1) / y.abs().sum(-1)).sum(),
        convention="of all values together there",
    ),
]
