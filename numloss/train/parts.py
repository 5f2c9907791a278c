"""The parts of a data set that a run needs, as the network sees them."""

from __future__ import annotations

from dataclasses import dataclass

from ..data import Dataset, Standardiser, load, split
from ..data.random import VALIDATION_STREAM
from .settings import Settings


@dataclass(frozen=True)
class Parts:
    """The parts of a data set as the network sees them; `scaling` made them from the features of the source."""

    train: Dataset
    validation: Dataset | None
    test: Dataset | None
    scaling: Standardiser


def parts_of(settings: Settings, data: Dataset | None = None) -> Parts:
    """Load the data, hold out test and validation part, and scale all by what the training part shows."""
    whole, test = (data, None) if data is not None else load(settings.data)
    if settings.model == "mlp":
        whole, test = whole.flat(), None if test is None else test.flat()
    elif not whole.is_images:
        raise ValueError(f"{whole.name}: a cnn needs images; the rows have shape {whole.features.shape[1:]}")
    if test is None and settings.test_fraction:
        whole, test = split(whole, settings.test_fraction, settings.seed)
    train, validation = whole, None
    if settings.validation_fraction:
        train, validation = split(whole, settings.validation_fraction, settings.seed, VALIDATION_STREAM)
    scaling = Standardiser.of(train.features) if settings.standardise else Standardiser.none()
    return Parts(
        train.scaled(scaling), None if validation is None else validation.scaled(scaling),
        None if test is None else test.scaled(scaling), scaling,
    )  # fmt: skip
