"""Networks of numloss as estimators of scikit-learn: pipelines, searches and cross-validation work on them."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from ...data import Dataset
from ...data.dataset import Array
from ...registry import Loss
from ...transforms.derivatives import unwrapped
from ..boosting.reading import parts_of
from .epochs import with_callbacks
from .network import PARAMETERS, Given, NetworkEstimator

CLASS_WEIGHT = """
    class_weight : dict, "balanced" or None
        Factors of the weights of rows by their class; what a dict leaves out counts 1. ``"balanced"`` makes each class
        count as much as any other one."""


def _few(classes: Any) -> str:
    """Classes in a message: the first, and how many there are."""
    first = ", ".join(map(str, classes[:8]))
    return first if len(classes) <= 8 else f"{first}, ... ({len(classes)} in all)"


def _meaning_of(loss: Loss) -> str:
    target = loss.domains.get("target")
    if loss.family == "rowwise":
        return "softmax"
    return "sigmoid" if target is not None and target.low >= 0.0 and target.high <= 1.0 else ""


class NumlossClassifier(ClassifierMixin, NetworkEstimator):  # type: ignore[misc]
    __doc__ = (
        "A classifier: an mlp or a cnn trained with any loss of predictions and targets that numloss has."
        + PARAMETERS.format(default="cross_entropy", more=CLASS_WEIGHT)
        + """    classes_ : array

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = NumlossClassifier("focal", loss_options={"gamma": 1.5}, epochs=40, random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.9)
    True
    """
    )

    _default = "cross_entropy"

    def __init__(
        self, loss: Given = None, *, loss_options: dict[str, Any] | None = None,
        class_weight: dict[Any, float] | str | None = None, model: str = "mlp",
        hidden: tuple[int, ...] = (128, 64), channels: tuple[int, ...] = (16, 32),
        image_shape: tuple[int, int, int] | None = None, dropout: float = 0.0, l1: float = 0.0, l2: float = 0.0,
        optimiser: str = "adam", momentum: float | None = None, weight_decay: float | None = None,
        rate: float = 2e-3, schedule: str = "constant", clip: float = 0.0, epochs: int = 30, batch_size: int = 64,
        standardise: bool = True, early_stopping: bool = False, validation_fraction: float = 0.1, patience: int = 10,
        random_state: Any = None,
    ) -> None:  # fmt: skip
        # scikit-learn reads the parameters of an estimator from its own signature
        super().__init__(
            loss, loss_options=loss_options, model=model, hidden=hidden, channels=channels, image_shape=image_shape,
            dropout=dropout, l1=l1, l2=l2, optimiser=optimiser, momentum=momentum, weight_decay=weight_decay, rate=rate,
            schedule=schedule, clip=clip, epochs=epochs, batch_size=batch_size, standardise=standardise,
            early_stopping=early_stopping, validation_fraction=validation_fraction, patience=patience,
            random_state=random_state,
        )  # fmt: skip
        self.class_weight = class_weight

    @with_callbacks  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> NumlossClassifier:
        """Train on rows of X, (rows, features), with labels y of any kind and weights >= 0."""
        X, y = self._checked(X, y, reset=True)
        self.classes_ = np.unique(y)
        self._fit(self._data(X, y, sample_weight), X, y, sample_weight)
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> NumlossClassifier:
        """One epoch over these rows; the first call names all `classes`, or its y holds them."""
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' needs all rows, and partial_fit sees some; give a dict, which "
                "sklearn.utils.class_weight.compute_class_weight makes of all labels"
            )
        first = not hasattr(self, "network_")
        X, y = self._checked(X, y, reset=first)
        if first:
            self.classes_ = np.unique(y if classes is None else classes)
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(f"classes {_few(classes)} are not those of the first call, {_few(self.classes_)}")
        self._more(self._data(X, y, sample_weight), first)
        return self

    def _checked(self, X: Any, y: Any, reset: bool) -> tuple[Array, Array]:
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32], multi_output=True, reset=reset)
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        return X, y

    def _data(self, X: Array, y: Array, sample_weight: Any) -> Dataset:
        target = np.searchsorted(self.classes_, y)
        known = self.classes_[np.minimum(target, len(self.classes_) - 1)] == y
        if not known.all():
            row = int(np.argmin(known))
            raise ValueError(f"y[{row}] has the class {y[row]}, which is not among {_few(self.classes_)}")
        weight = self._weighed(target, self._weights(sample_weight, X), X.dtype)
        return Dataset("X", self._rows(X), target.astype(np.int64), weight, len(self.classes_))

    def _weighed(self, target: Array, weight: Array | None, dtype: np.dtype[Any]) -> Array | None:
        """Weights of rows, times those of their classes."""
        if self.class_weight is None:
            return weight
        if isinstance(self.class_weight, str) and self.class_weight == "balanced":
            counts = np.bincount(target, weight, len(self.classes_)).astype(np.float64)
            found = np.where(counts > 0.0, counts.sum() / (counts.size * np.where(counts > 0.0, counts, 1.0)), 0.0)
        else:
            found = compute_class_weight(self.class_weight, classes=self.classes_, y=self.classes_)
        rows = np.asarray(found[target], dtype)
        return rows if weight is None else rows * weight

    def decision_function(self, X: Any) -> Array:
        """The network's outputs: (rows, classes), or for two classes their difference, (rows,)."""
        outputs = self._outputs(X)
        return outputs[:, 1] - outputs[:, 0] if outputs.shape[1] == 2 else outputs

    def predict(self, X: Any) -> Array:
        """The class with the largest output."""
        outputs = self._outputs(X)
        return np.asarray(self.classes_[outputs.argmax(axis=1)])

    def _has_probabilities(self) -> bool:
        return self._meaning() != ""

    def _meaning(self) -> str:
        """What makes probabilities of scores, by the loss; nothing if it gives them no such meaning, or several."""
        loss, _, options = unwrapped(self._function())
        found = {_meaning_of(part) for part, _ in parts_of(loss, options)}
        return found.pop() if len(found) == 1 else ""

    @available_if(_has_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Array:
        """Probabilities of the classes, (rows, classes), where the loss gives outputs that meaning.

        Cross-entropies of rows: softmax. Losses of one class each, such as focal: their sigmoids, in proportion.
        """
        outputs, link = self._outputs(X).astype(np.float64), self._link()
        if link == "softmax":
            outputs = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        elif link == "sigmoid":
            outputs = 1.0 / (1.0 + np.exp(-np.clip(outputs, -700.0, 700.0)))
        total = outputs.sum(axis=1, keepdims=True)
        return np.asarray(np.where(total > 0, outputs / np.where(total > 0, total, 1.0), 1.0 / outputs.shape[1]))

    def _link(self) -> str:
        """What makes probabilities of the network's outputs; nothing where they are some."""
        return self._meaning() if self._goal.head in ("", "log_softmax") else ""

    def to_onnx(self, path: str | os.PathLike[str]) -> None:
        """Write the classifier into a file for onnxruntime: `features` in, `label` and `probabilities` out.

        Features have the dtype of the X of `fit`. Where there is no `predict_proba`, `outputs` of the network take the
        place of probabilities. Classes are whole numbers, other numbers, truth values or words.
        """
        made = self._graph()
        graph, kind, classes = made.graph, made.kind, np.asarray(self.classes_)
        if classes.dtype.kind in "OUS":
            classes = np.array([str(name) for name in classes], dtype=object)
        elif classes.dtype.kind in "iu":
            classes = classes.astype(np.int64)
        known, words = graph.constant(classes), graph.constants[-1].data_type
        best = graph.node("ArgMax", made.outputs, axis=1, keepdims=0)
        outputs: dict[str, Any] = {"label": (graph.node("Gather", known, best, axis=0), words, ["rows"])}
        shape = ["rows", len(classes)]
        if self._has_probabilities():
            outputs["probabilities"] = (self._onnx_probabilities(made), kind, shape)
        else:
            outputs["outputs"] = (made.outputs, kind, shape)
        made.write(path, outputs)

    def _onnx_probabilities(self, made: Any) -> str:
        graph, link = made.graph, self._link()
        if link == "softmax":
            return str(graph.node("Softmax", made.outputs, axis=1))
        shares = graph.node("Sigmoid", made.outputs) if link else made.outputs
        total = graph.node("ReduceSum", shares, graph.constant([1], np.int64))
        there = graph.node("Greater", total, made.constant(0.0))
        safe = graph.node("Where", there, total, made.constant(1.0))
        even = made.constant(1.0 / len(self.classes_))
        return str(graph.node("Where", there, graph.node("Div", shares, safe), even))


class NumlossRegressor(RegressorMixin, NetworkEstimator):  # type: ignore[misc]
    __doc__ = (
        "A regressor: an mlp or a cnn trained with any loss of predictions and targets that numloss has."
        + PARAMETERS.format(default="mse", more="")
        + """
    Examples
    --------
    >>> import numpy as np
    >>> X = np.linspace(-1, 1, 200)[:, None]
    >>> model = NumlossRegressor("huber", loss_options={"delta": 0.1}, random_state=0).fit(X, X[:, 0] ** 2)
    >>> bool(model.score(X, X[:, 0] ** 2) > 0.9)
    True
    """
    )

    _default = "mse"

    @with_callbacks  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> NumlossRegressor:
        """Train on rows of X, (rows, features), with numbers y, (rows,) or (rows, outputs), and weights >= 0."""
        X, y = self._checked(X, y, reset=True)
        self._fit(self._data(X, y, sample_weight), X, y, sample_weight)
        return self

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> NumlossRegressor:
        """One epoch over these rows."""
        first = not hasattr(self, "network_")
        X, y = self._checked(X, y, reset=first)
        self._more(self._data(X, y, sample_weight), first)
        return self

    def _checked(self, X: Any, y: Any, reset: bool) -> tuple[Array, Array]:
        X, y = validate_data(
            self, X, y, dtype=[np.float64, np.float32], multi_output=True, y_numeric=True, reset=reset
        )
        if reset:
            self._single = y.ndim == 1
        return X, y

    def _data(self, X: Array, y: Array, sample_weight: Any) -> Dataset:
        return Dataset("X", self._rows(X), y.reshape(len(y), -1).astype(X.dtype), self._weights(sample_weight, X))

    def predict(self, X: Any) -> Array:
        """The network's outputs, in the shape of y."""
        outputs = self._outputs(X)
        return outputs[:, 0] if self._single else outputs

    def to_onnx(self, path: str | os.PathLike[str]) -> None:
        """Write the regressor into a file for onnxruntime: `features` in, in the dtype of X, `predictions` out."""
        made = self._graph()
        found, shape = made.outputs, ["rows", *self.network_.outputs]
        if self._single:
            found, shape = made.graph.node("Squeeze", found, made.graph.constant([1], np.int64)), ["rows"]
        made.write(path, {"predictions": (found, made.kind, shape)})

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
