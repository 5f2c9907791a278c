"""What a last layer and its loss take, checked: the same for every backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..common.halves import name_of, working
from . import checks as check
from .outputs import check_apart, given_outputs
from .rowwise import RowOptions, ignored_among, options_of

if TYPE_CHECKING:
    from .arrays import Arrays
    from .request import Request

# What a call passes on to its loss of the logits.
OPTIONS = ("class_weight", "ignore_index", "label_smoothing", "z_loss", "softcap")


class LinearLayer:
    """One call: hidden (N, H), classifier (V, H), bias (V,) or None, and the labels and weights of the rows.

    real: the dtype that is computed with, in which all three are, unless they are stored in 16 bits; gradients are as
    hidden is.
    values: the losses one by one, for reduction="none". slopes: gradients by the name of what they belong to, of
    those that are asked for.
    """

    def __init__(self, place: Arrays, request: Request) -> None:
        self.place, self.request, self.loss, self.mode = place, request, request.loss, request.mode
        loss, arguments, bias = request.loss, request.arguments, request.options.get("bias")
        self.hidden = place.prediction(loss, "hidden", arguments[0])
        self.real: np.dtype[Any] = working(self.hidden.dtype)
        if self.hidden.ndim != 2 or 0 in self.hidden.shape[1:]:
            raise ValueError(f"{loss.name}: hidden has shape {self.hidden.shape}; it must be (N, H), with H > 0")
        self.rows, self.features = self.hidden.shape
        self.classifier = self.read_classifier(arguments[1])
        self.classes: int = self.classifier.shape[0]
        self.bias = None if bias is None else self.read_bias(bias)
        self.target = place.real(loss, "target", arguments[2])
        if self.target.dtype.kind not in "iu":
            raise TypeError(f"{loss.name}: target has dtype {self.target.dtype}; labels are integers")
        check.same_shape(loss, "target", self.target.shape, (self.rows,), "the batch")
        self.weight = request.weight(place, (self.rows,))
        self.row_options: RowOptions = options_of(loss.logits, (self.hidden, self.target), self.options(*OPTIONS))
        self.row_options.ignore = ignored_among(self.row_options.ignore, self.target)
        self.values, self.slopes = self.read_outputs()

    def options(self, *names: str) -> dict[str, Any]:
        """The options of these names, as they were given."""
        return {name: self.request.options[name] for name in names if name in self.request.options}

    def parameter(self, name: str, value: Any) -> Any:
        """An array that is differentiated beside hidden."""
        array = self.place.prediction(self.loss, name, value)
        if working(array.dtype) != self.real:
            raise TypeError(
                f"{self.loss.name}: {name} has dtype {name_of(array.dtype)}, hidden has {name_of(self.hidden.dtype)}; "
                "both are differentiated and must agree"
            )
        return array

    def read_classifier(self, value: Any) -> Any:
        """A row for each class."""
        loss, classifier = self.loss, self.parameter("classifier", value)
        if classifier.ndim != 2 or classifier.shape[1] != self.features:
            raise ValueError(
                f"{loss.name}: classifier has shape {classifier.shape}; it must be (V, H), H = {self.features} as in "
                "hidden"
            )
        if not classifier.shape[0]:
            raise ValueError(f"{loss.name}: classifier has shape {classifier.shape}: no classes")
        return classifier

    def read_bias(self, value: Any) -> Any:
        """A number for each class."""
        bias = self.parameter("bias", value)
        if bias.shape != (self.classes,):
            raise ValueError(
                f"{self.loss.name}: bias has shape {bias.shape}; it must be ({self.classes},), an entry for each row "
                "of classifier"
            )
        return bias

    def read_outputs(self) -> tuple[Any, dict[str, Any]]:
        """What is written: values, or None, and gradients."""
        loss, request, place, argnums = self.loss, self.request, self.place, self.request.argnums
        out, values, slopes = request.options.get("out"), None, {}
        given_values, given_slopes, _ = given_outputs(loss, self.mode, out, request.unreduced)
        if request.unreduced:
            values = place.output(loss, given_values, self.hidden, (self.rows,), "values")
        chosen = ["hidden", "classifier", "bias"] if argnums is None else [loss.inputs[int(k)] for k in argnums]
        chosen = [name for name in chosen if getattr(self, name) is not None] if self.mode else []
        given = check.several(loss, given_slopes, len(chosen), "gradient") if self.mode else ()
        for name, array in zip(chosen, given, strict=True):
            like = getattr(self, name)
            if array is None:
                slopes[name] = place.new(like, like.shape, self.hidden.dtype)
            else:
                slopes[name] = place.output(loss, array, self.hidden, like.shape, f"gradient of {name}")
        if out is not None:
            gradients = [(f"gradient of {name}", array) for name, array in slopes.items()]
            check_apart(place, request, gradients if self.mode else [("values", values)])
        return values, slopes

    def answer(self, result: Any, slopes: tuple[Any, ...]) -> Any:
        """What the caller gets."""
        if not self.mode:
            return result
        return result, slopes[0] if self.request.argnums is not None and len(slopes) == 1 else slopes
