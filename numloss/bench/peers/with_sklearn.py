"""The gradients of scikit-learn's own losses, which its boosted trees and linear models use.

They are sums, some of them halved, and the value is not computed: less work than numloss does in the same time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn._loss import loss as losses

from ..cases import Case
from . import Answer, Array, NotCovered, Peer

# The loss of scikit-learn, and the factor from its gradient to ours.
LOSSES: dict[str, tuple[Callable[[int], Any], float]] = {
    "mse": (lambda classes: losses.HalfSquaredError(), 2.0),
    "huber": (lambda classes: losses.HuberLoss(delta=1.0), 1.0),
    "quantile": (lambda classes: losses.PinballLoss(quantile=0.5), 1.0),
    "bce_with_logits": (lambda classes: losses.HalfBinomialLoss(), 1.0),
    "cross_entropy": (lambda classes: losses.HalfMultinomialLoss(n_classes=classes), 1.0),
}


def prepare(name: str, case: Case, arrays: tuple[Array, ...], threads: int, sizes_vary: bool, mode: str) -> Peer:
    """`gradient` of a case into a reused array; `gradient_hessian` if the curvature is wanted as well."""
    if mode == "value" or case.dtype not in ("float32", "float64"):
        raise NotCovered(f"scikit-learn has no {mode} of {case.dtype}")
    curvature = mode == "value_grad_hess"
    if case.loss not in LOSSES or len(case.shape) > 2:
        raise NotCovered(f"scikit-learn has no {case.loss} of {len(case.shape)} dimensions")
    make, factor = LOSSES[case.loss]
    pred, target = arrays[0], arrays[1].astype(arrays[0].dtype)
    loss = make(case.shape[-1])
    out = np.ones_like(pred)
    options: dict[str, Any] = {"y_true": target, "raw_prediction": pred, "gradient_out": out, "n_threads": threads}
    if curvature:
        options["hessian_out"] = np.ones_like(pred)
    function = loss.gradient_hessian if curvature else loss.gradient

    def read(answer: Any) -> Answer:
        gradient = answer[0] if curvature else answer
        return None, (gradient * (factor / len(pred)),)

    function(**options)
    return Peer(lambda: function(**options), read)
