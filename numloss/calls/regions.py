"""What a loss of regions takes, checked: scores of the pixels of each class, and what they ought to be."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ..common.halves import working
from ..domains import BINARY
from ..loops.codes import NO_ACTIVATION, SIGMOID, SOFTMAX
from . import checks as check
from .outputs import outputs_of
from .rowwise import check_labels, flag, ignored_among, ignored_label

if TYPE_CHECKING:
    from ..registry import Loss
    from .arrays import Arrays
    from .request import Request

ACTIVATIONS = {None: NO_ACTIVATION, "sigmoid": SIGMOID, "softmax": SOFTMAX}
CLASSES = ("present", "all")


def activation_of(loss: Loss, value: Any) -> int:
    """The number of an activation."""
    if not isinstance(value, (str, type(None))) or value not in ACTIVATIONS:
        raise ValueError(f"{loss.name}: activation must be 'sigmoid', 'softmax' or None, got {value!r}")
    return ACTIVATIONS[value]


def only_present(loss: Loss, classes: Any) -> bool:
    """Whether a region without pixels counts nothing."""
    if not isinstance(classes, str) or classes not in CLASSES:
        raise ValueError(f"{loss.name}: classes must be 'present' or 'all', got {classes!r}")
    return classes == "present"


class Regions:
    """One call: predictions of shape (samples, classes, ...), each class of each sample, or of all, being a region.

    labelled: the target is labels, without the axis of the classes. pooled: the regions of a sample are added up, each
    divided by this power of its volume, before the law; None where each is by itself. sums_shape: that of the regions;
    shape: that of the losses.
    """

    def __init__(self, place: Arrays, request: Request, activation: Any) -> None:
        self.place, self.request, self.loss = place, request, request.loss
        loss, options = request.loss, {**request.loss.defaults, **request.options}
        pred = self.pred = place.prediction(loss, "pred", request.arguments[0])
        if pred.ndim < 2:
            raise ValueError(f"{loss.name}: pred has shape {pred.shape}; it needs a batch axis and a class axis")
        self.real: np.dtype[Any] = working(pred.dtype)
        self.activation = activation_of(loss, activation)
        self.read_target(request.arguments[1])
        self.ignore = ignored_label(loss, options.get("ignore_index"))
        if self.ignore is not None and not self.labelled:
            raise ValueError(f"{loss.name}: ignore_index needs integer labels as target")
        if self.labelled:
            self.ignore = ignored_among(self.ignore, self.target)
        self.per_sample = flag(loss, "per_sample", options.get("per_sample", True))
        self.pooled = request.number(loss.rows["pool"]) if "pool" in loss.rows else None
        self.samples, self.classes = pred.shape[:2]
        self.pixels = math.prod(pred.shape[2:])
        self.sums_shape = (self.samples, self.classes) if self.per_sample else (self.classes,)
        self.shape = self.sums_shape if self.pooled is None else self.sums_shape[:1]
        self.values, self.outputs = outputs_of(place, request, pred, self.shape, ("pred",) if request.mode else ())

    def read_target(self, value: Any) -> None:
        """The target, and whether it is labels."""
        loss, pred = self.loss, self.pred
        target = self.target = self.place.real(loss, "target", value)
        self.labelled = target.shape != pred.shape
        if self.labelled and self.activation != SOFTMAX:
            raise ValueError(
                f"{loss.name}: target has shape {target.shape}, pred has {pred.shape}; they must be equal "
                "(labels, without the class axis, need activation='softmax')"
            )
        if self.labelled:
            check_labels(loss, target, pred, 1)

    def complain(self, position: int = 0, operand: int = 0) -> NoReturn:
        """Raise for the first label or target outside its domain."""
        loss, target = self.loss, self.place.on_host(self.target)
        if self.labelled:
            check.bad_label(loss, target, self.classes, 1, self.ignore)
        good = (target >= 0) & (target <= 1)
        first, bad = check.first_of(loss, "target", ~good), int(good.size - np.count_nonzero(good))
        check.value_outside(loss, "target", target, first, "in [0, 1]", bad)


class SortedRegions(Regions):
    """One call of a loss of sorted errors: regions and what they count. present: one without pixels counts nothing."""

    def __init__(self, place: Arrays, request: Request) -> None:
        loss, activation = request.loss, request.loss.rows["activation"]
        super().__init__(place, request, activation)
        if activation is not None and not self.labelled:
            raise ValueError(f"{loss.name}: target has shape {self.target.shape}; labels have no class axis")
        self.present = only_present(loss, {"classes": "all", **loss.defaults, **request.options}["classes"])
        self.weight = request.weight(place, self.shape)

    def check_numbers(self) -> None:
        """Raise for the first target that is neither 0 nor 1, and for the first bad weight."""
        loss, host = self.loss, self.place.on_host
        if not self.labelled:
            target = host(self.target)
            wrong = (target != 0) & (target != 1)
            if wrong.any():
                first, bad = int(np.argmax(wrong.ravel())), int(np.count_nonzero(wrong))
                check.value_outside(loss, "target", target, first, BINARY.text, bad)
        if self.weight is not None and not self.request.signed:
            check.weights(loss, host(self.request.options["weight"]), self.shape)

    def complain(self, position: int = 0, operand: int = 0) -> NoReturn:
        """Raise for the first target or weight outside its domain."""
        self.check_numbers()
        super().complain(position, operand)
