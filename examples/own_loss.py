"""A loss of your own: one scalar law, and everything else follows from it."""

import numpy as np

import numloss as nl
from numloss.scalar import sqrt


def _charbonnier(pred: float, target: float, eps: float) -> tuple[float, float, float]:
    """Value, slope and curvature of sqrt((pred - target)² + eps²), a smooth absolute error."""
    error = pred - target
    size = sqrt(error * error + eps * eps)
    return size, error / size, eps * eps / (size * size * size)


charbonnier = nl.elementwise(_charbonnier, eps=1e-3)


def main() -> None:
    """Use it like any other loss."""
    random = np.random.default_rng(0)
    pred = random.normal(size=(1000, 4)).astype(np.float32)
    target = random.normal(size=(1000, 4)).astype(np.float32)

    print("mean:", charbonnier(pred, target))
    print("with another eps:", charbonnier(pred, target, eps=0.5))
    value, slope, curvature = nl.value_grad_hess(charbonnier)(pred, target, reduction="sum")
    print("sum:", value, "gradient:", slope.shape, slope.dtype, "least curvature:", curvature.min())


if __name__ == "__main__":
    main()
