"""What a run depends on, as data that goes to TOML and JSON and comes back."""

from __future__ import annotations

import dataclasses
import inspect
import math
import types
import typing
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ..catalogue import nearest
from .optimisers import OPTIMISERS, Optimiser
from .schedules import SCHEDULES, linear_warmup

CHOICES: dict[str, Collection[str]] = {
    "model": ("mlp", "cnn"),
    "optimiser": OPTIMISERS,
    "schedule": SCHEDULES,
    "reduce": ("fast", "ordered"),
    "monitor": ("loss", "accuracy", "precision", "recall", "f1", "mae", "r2"),
}
# Metrics of which less is better.
FALLING = ("loss", "mae")


@dataclass(frozen=True)
class Settings:
    """What a run depends on, beside the loss. The same settings give the same weights on the same CPU type.

    Attributes
    ----------
    data : str
        ``digits``, or ``idx:FOLDER``, ``cifar10:FOLDER``, ``npz:FILE``, ``npy:FOLDER``. With a pattern as in
        ``npz:part-*.npz`` each process reads its own stretch of the files, in sorted order; each file is split by
        itself, each process draws batches from its files, and figures are those of all rows.
    model : str
        ``mlp``, with `hidden` layers, or ``cnn``, with a stage for each of `channels`; `dropout` for both.
    l1, l2 : float
        Factors of the penalties on matrices and filters; biases and normalisation carry none.
    optimiser : str
        ``adam``, ``adamw``, ``sgd`` or ``rmsprop``; `momentum`, `nesterov`, `weight_decay` where it has them, None
        for its own default.
    rate, schedule : float, str
        The learning rate, and the schedule of its factor: ``constant``, ``cosine``, ``exponential``, ``stepwise``,
        ``one_cycle``; `decay` and `decay_every` steps belong to the middle two. `warmup` steps rise to it.
    clip : float
        The most that the norm of a gradient may be; 0 for any.
    epochs, steps : int
        When training ends; `steps` of 0 are no limit.
    validation_fraction, test_fraction : float
        Shares held out; the validation part comes from what the test part leaves, and may be 0.
    standardise : bool
        Shift and scale features by what is measured on the training part, and what the network predicts by the
        targets, where they are numbers in the unit of the predictions. The loss is that of the targets as they are.
    shift, flip : int, bool
        Augmentation of images.
    monitor, patience : str, int
        What chooses the best epoch, and how many epochs without a better one end training; 0 for never.
    reduce, shards : str, int
        How gradients of several processes add up: ``fast``, or ``ordered``, which cuts each batch into so many shards
        and gives the same bits for any number of processes up to that.
    sync_batchnorm : bool
        Batch normalisation by the statistics of the whole batch where several processes share it.
    overlap : bool
        Whether processes begin to add up gradients while others are computed; ``numloss cluster bench`` measures it.
    """

    data: str = "digits"
    model: str = "mlp"
    hidden: tuple[int, ...] = (128, 64)
    channels: tuple[int, ...] = (16, 32)
    dropout: float = 0.0
    l1: float = 0.0
    l2: float = 0.0
    optimiser: str = "adam"
    momentum: float | None = None
    nesterov: bool = False
    weight_decay: float | None = None
    rate: float = 2e-3
    schedule: str = "constant"
    warmup: int = 0
    decay: float = 0.1
    decay_every: int = 1000
    clip: float = 0.0
    epochs: int = 30
    steps: int = 0
    batch_size: int = 64
    validation_fraction: float = 0.1
    test_fraction: float = 0.2
    standardise: bool = True
    shift: int = 0
    flip: bool = False
    monitor: str = "loss"
    patience: int = 0
    seed: int = 0
    reduce: str = "fast"
    shards: int = 4
    sync_batchnorm: bool = False
    overlap: bool = False

    def __post_init__(self) -> None:
        for name, known in CHOICES.items():
            value = getattr(self, name)
            if value not in known:
                raise ValueError(f"unknown {name} {value!r}{nearest(value, known)}; there are {', '.join(known)}")
        least = {"epochs": 1, "batch_size": 1, "seed": 0, "steps": 0, "warmup": 0, "decay_every": 1, "patience": 0}
        for name, low in {**least, "shards": 1, "shift": 0, "l1": 0, "l2": 0, "clip": 0}.items():
            if not low <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be at least {low}, got {getattr(self, name)}")
        if not 0.0 < self.rate < math.inf:
            raise ValueError(f"rate, the learning rate, must be > 0 and finite, got {self.rate}")
        for name in ("dropout", "validation_fraction"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise ValueError(f"{name} must be in [0, 1), got {getattr(self, name)}")
        for name, what in (("hidden", "hidden layers"), ("channels", "stages of a cnn")):
            if any(width < 1 for width in getattr(self, name)):
                raise ValueError(f"{what} must have at least 1 unit, got {getattr(self, name)}")
        self.new_optimiser(1)
        self.factor(1)(0)

    def new_optimiser(self, size: int, dtype: Any = np.float32) -> Optimiser:
        """The optimiser for so many parameters."""
        make = OPTIMISERS[self.optimiser]
        options = {"momentum": self.momentum, "nesterov": self.nesterov or None, "weight_decay": self.weight_decay}
        given = {name: value for name, value in options.items() if value is not None}
        for name in given:
            if name not in inspect.signature(make).parameters:
                raise ValueError(f"{self.optimiser} has no {name}")
        return make(size, dtype=dtype, **given)

    def factor(self, steps: int) -> Callable[[int], float]:
        """The factor of the learning rate as a function of the step, in a run of so many."""
        options: dict[str, Any] = {
            "steps": steps, "gamma": self.decay, "every": self.decay_every, "warmup": self.warmup or 1,
        }  # fmt: skip
        schedule = SCHEDULES[self.schedule]
        known = inspect.signature(schedule).parameters
        main = partial(schedule, **{name: value for name, value in options.items() if name in known})
        if not self.warmup:
            return main
        rise = partial(linear_warmup, warmup=self.warmup)
        return lambda step: rise(step) * main(step)


# What settings are called elsewhere.
ELSEWHERE = {"lr": "rate", "learning_rate": "rate", "optimizer": "optimiser", "standardize": "standardise"}
FIELDS = {field.name: field for field in dataclasses.fields(Settings)}
# Whole numbers are smaller than this, as those of arrays and of random streams are.
MOST = 1 << 63
TYPES = typing.get_type_hints(Settings)


def settings_from(values: dict[str, Any]) -> Settings:
    """Settings from names and values as TOML and JSON give them; ValueError names what does not fit."""
    if not isinstance(values, dict):
        raise ValueError(f"settings are a table of names and values, got {type(values).__name__}")
    for name in values:
        if name not in FIELDS:
            raise ValueError(f"unknown setting {name!r}{meant(name, FIELDS)}")
    return Settings(**{name: _fitting(name, value) for name, value in values.items()})


def meant(name: str, known: Collection[str]) -> str:
    """The end of a sentence about an unknown setting."""
    return f"; here it is called {ELSEWHERE[name]}" if name in ELSEWHERE else nearest(name, known)


def _fitting(name: str, value: Any) -> Any:
    """A value in the type of its field; whole numbers are floats where floats are asked for."""
    kind = TYPES[name]
    if isinstance(kind, types.UnionType):
        if value is None:
            return None
        kind = typing.get_args(kind)[0]
    if typing.get_origin(kind) is tuple:
        if isinstance(value, list | tuple) and all(type(width) is int and abs(width) < MOST for width in value):
            return tuple(value)
        raise ValueError(f"{name} must be a list of whole numbers, got {value!r}")
    if kind is float and type(value) is int and abs(value) < MOST:
        return float(value)
    if type(value) is not kind:
        raise ValueError(f"{name} must be a value of type {kind.__name__}, got {value!r}")
    if kind is int and abs(value) >= MOST:
        raise ValueError(f"{name} must be less than 2**63")
    return value
