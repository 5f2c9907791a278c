"""Functions of scikit-learn that are losses of numloss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from generators import CLASSES

from twins.twin import (
    ROWS,
    Twin,
    drawn,
)


def _sklearn(name: str, **ours: str) -> Callable[..., Any]:
    """A class of sklearn._loss: its sum and its gradient."""

    def call(s: Any, x: Any, y: Any, **options: Any) -> Any:
        loss = getattr(s, name)(**{theirs: options[mine] for theirs, mine in ours.items()})
        value, slope = loss.loss_gradient(y_true=np.asarray(y, np.float64), raw_prediction=x)
        return float(value.sum()), (slope,)

    return call


TWINS = [
    Twin("sklearn", "HalfSquaredError", "mse", _sklearn("HalfSquaredError"), times=2.0, convention="half of it"),
    Twin("sklearn", "AbsoluteError", "mae", _sklearn("AbsoluteError")),
    Twin("sklearn", "PinballLoss", "quantile", _sklearn("PinballLoss", quantile="q"), drawn("q", 0.1, 0.9)),
    Twin("sklearn", "HalfBinomialLoss", "bce_with_logits", _sklearn("HalfBinomialLoss")),
    Twin("sklearn", "HalfPoissonLoss", "poisson_nll", _sklearn("HalfPoissonLoss")),
    Twin("sklearn", "HalfGammaLoss", "gamma_deviance", _sklearn("HalfGammaLoss")),
    Twin(
        *("sklearn", "HalfTweedieLoss", "tweedie", _sklearn("HalfTweedieLoss", power="power")),
        drawn("power", 1.1, 1.9),
        convention="terms of the target alone are added where there is a deviance",
    ),
    Twin(
        *("sklearn", "HalfMultinomialLoss", "cross_entropy", _sklearn("HalfMultinomialLoss", n_classes="classes")),
        lambda random: {"classes": CLASSES.get(ROWS, 5)},
        convention="labels are floats there",
    ),
]
