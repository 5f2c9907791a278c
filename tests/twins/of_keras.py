"""Functions of Keras that are losses of numloss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twins.twin import (
    Twin,
    as_column,
    drawn,
    hard,
    positive,
)


def _keras(name: str) -> Callable[..., Any]:
    """A function of keras.losses on columns, since it takes the mean over the last axis; target first."""
    return lambda k, x, y, **options: getattr(k.losses, name)(as_column(y), as_column(x), **options).sum()


def _signed(name: str) -> Callable[..., Any]:
    return lambda k, x, y: getattr(k.losses, name)(as_column((y > 0) * 2.0 - 1.0), as_column(x)).sum()


TWINS = [
    Twin("keras", "mean_squared_error", "mse", _keras("mean_squared_error"), sums_in="float32"),
    Twin("keras", "mean_absolute_error", "mae", _keras("mean_absolute_error"), sums_in="float32"),
    Twin(
        *("keras", "mean_absolute_percentage_error", "mape", _keras("mean_absolute_percentage_error")),
        times=0.01,
        convention="100 times the fraction there",
        sums_in="float32",
    ),
    Twin(
        *("keras", "mean_squared_logarithmic_error", "msle", _keras("mean_squared_logarithmic_error")),
        convention="values below 0 are clipped there",
        inputs=positive,
        sums_in="float32",
    ),
    Twin("keras", "huber", "huber", _keras("huber"), drawn("delta", 0.2, 3.0), sums_in="float32"),
    Twin("keras", "log_cosh", "log_cosh", _keras("log_cosh"), sums_in="float32"),
    Twin(
        *("keras", "binary_crossentropy", "bce", _keras("binary_crossentropy")),
        convention="it clips p at 1e-7",
        sums_in="float32",
    ),
    Twin(
        *("keras", "binary_crossentropy(from_logits=True)", "bce_with_logits"),
        lambda k, x, y, label_smoothing: k.losses.binary_crossentropy(
            as_column(y), as_column(x), from_logits=True, label_smoothing=label_smoothing
        ).sum(),
        drawn("label_smoothing", 0.0, 0.4),
        sums_in="float32",
    ),
    Twin(
        *("keras", "binary_focal_crossentropy", "focal"),
        lambda k, x, y, gamma: k.losses.binary_focal_crossentropy(
            as_column(y), as_column(x), gamma=gamma, from_logits=True
        ).sum(),
        drawn("gamma", 0.5, 3.0),
        convention="of a soft target the probability is mixed there, the two losses here",
        inputs=hard,
        sums_in="float32",
    ),
    Twin("keras", "hinge", "hinge", _signed("hinge"), sums_in="float32"),
    Twin("keras", "squared_hinge", "squared_hinge", _signed("squared_hinge"), sums_in="float32"),
    Twin(
        *("keras", "sparse_categorical_crossentropy", "cross_entropy"),
        lambda k, x, y: k.losses.sparse_categorical_crossentropy(y, x, from_logits=True).sum(),
    ),
    Twin(
        *("keras", "categorical_crossentropy", "cross_entropy:distributions"),
        lambda k, x, y, label_smoothing: k.losses.categorical_crossentropy(
            y, x, from_logits=True, label_smoothing=label_smoothing
        ).sum(),
        drawn("label_smoothing", 0.0, 0.4),
    ),
]
