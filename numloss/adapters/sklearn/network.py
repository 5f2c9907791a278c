"""What both estimators share: their parameters, and how a network comes from them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from ...catalogue import loss_named
from ...data import Dataset, Standardiser
from ...data.dataset import Array, check_weights
from ...train import History, Objective, Settings, Trainer, objective
from ...train.best import Best
from ...train.model import finite_outputs, network_of
from ...train.run import one_blas_thread, step_of
from ...transforms.derivatives import unwrapped
from .epochs import CallbackSupportMixin, Silent, listening

Given = str | Callable[..., Any] | None
# Seeds are numbers below this.
SEEDS = 2**31 - 1
# Parameters of an estimator that are settings of a run.
SETTINGS = (
    "model", "hidden", "channels", "dropout", "l1", "l2", "optimiser", "momentum", "weight_decay", "rate", "schedule",
    "clip", "epochs", "batch_size", "standardise", "validation_fraction",
)  # fmt: skip
PARAMETERS = """

    Parameters
    ----------
    loss : str, loss or None
        A loss by name, a public function, a ``functools.partial`` of one, ``combine`` of several, or a law of your own
        from ``numloss.elementwise``; None for {default}.
    loss_options : dict, optional
        Options of the loss, such as ``{{"gamma": 1.5}}``.{more}
    model : {{"mlp", "cnn"}}
        A cnn needs `image_shape`, (channels, height, width); rows of X hold images flat, in that order.
    hidden, channels : tuple of int
        Units of the layers of an mlp; channels of the stages of a cnn.
    dropout, l1, l2, optimiser, momentum, weight_decay, rate, schedule, clip, epochs, batch_size
        As in ``numloss.train.Settings``, with its defaults.
    standardise : bool
        Shift and scale the columns of X, and what a regressor predicts, by what is measured on the rows of the first
        call; the loss sees y as it is.
    early_stopping : bool
        Hold out `validation_fraction` of the rows, stop after `patience` epochs without a lower loss there, and keep
        the weights of the best.
    random_state : int, RandomState or None
        Of the first weights, the order of rows, dropout, and what is held out.

    Attributes
    ----------
    network_ : numloss.nn.Network
        In the dtype of X: float32 if X is, float64 otherwise.
    loss_curve_ : list of float
        The mean training loss of each epoch.
    n_iter_, n_features_in_ : int
"""


class NetworkEstimator(CallbackSupportMixin, BaseEstimator):  # type: ignore[misc]
    """What both estimators share: their parameters, and how a network comes from them."""

    _default = ""

    def __init__(
        self, loss: Given = None, *, loss_options: dict[str, Any] | None = None, model: str = "mlp",
        hidden: tuple[int, ...] = (128, 64), channels: tuple[int, ...] = (16, 32),
        image_shape: tuple[int, int, int] | None = None, dropout: float = 0.0, l1: float = 0.0, l2: float = 0.0,
        optimiser: str = "adam", momentum: float | None = None, weight_decay: float | None = None,
        rate: float = 2e-3, schedule: str = "constant", clip: float = 0.0, epochs: int = 30, batch_size: int = 64,
        standardise: bool = True, early_stopping: bool = False, validation_fraction: float = 0.1, patience: int = 10,
        random_state: Any = None,
    ) -> None:  # fmt: skip
        self.loss, self.loss_options, self.model = loss, loss_options, model
        self.hidden, self.channels, self.image_shape, self.dropout = hidden, channels, image_shape, dropout
        self.l1, self.l2 = l1, l2
        self.optimiser, self.momentum, self.weight_decay = optimiser, momentum, weight_decay
        self.rate, self.schedule, self.clip = rate, schedule, clip
        self.epochs, self.batch_size = epochs, batch_size
        self.standardise = standardise
        self.early_stopping, self.validation_fraction, self.patience = early_stopping, validation_fraction, patience
        self.random_state = random_state

    def _function(self) -> Callable[..., Any]:
        """The loss with its options."""
        loss = self._default if self.loss is None else self.loss
        function = loss_named(loss).function if isinstance(loss, str) else loss
        unwrapped(function)
        return partial(function, **self.loss_options) if self.loss_options else function

    def _start(self, data: Dataset) -> None:
        """A new network with all that its training needs."""
        given = {name: getattr(self, name) for name in SETTINGS}
        for name in ("hidden", "channels"):
            given[name] = tuple(np.atleast_1d(given[name]).tolist())
        settings = Settings(**given, seed=int(check_random_state(self.random_state).randint(SEEDS)))
        self._goal = objective(self._function(), data)
        check_weights(data)
        measured = settings.standardise
        self._scaling, units = Standardiser.none(), None
        if measured:
            self._scaling = Standardiser.of(data.features, weights=[data.weight])
        if measured and not data.is_labelled:
            units = Standardiser.of(data.target, weights=[data.weight])
        head = self._goal.layers(units)
        self._plan = (settings, data.features.shape[1:], data.outputs, data.features.dtype, len(data), head)
        self._build()
        self._history = History()
        self.loss_curve_: list[float] = []

    def _build(self) -> None:
        """The network and its optimiser, as they are before the first step."""
        settings, inputs, outputs, dtype, rows, head = self._plan
        goal: Objective = self._goal
        self.network_ = network_of(settings, inputs, outputs, copy.deepcopy(head), dtype)
        self._step = step_of(settings, self.network_, goal, settings.epochs * -(-rows // settings.batch_size))

    def _train(self, data: Dataset, epochs: int, told: Silent, validation: Dataset | None = None) -> Any:
        """So many epochs more; with a validation part the best of them."""
        patience = self.patience if validation is not None else 0
        scaled = None if validation is None else validation.scaled(self._scaling)
        trainer = Trainer(
            self._step, data.scaled(self._scaling), scaled, seed=self._plan[0].seed, patience=patience
        )  # fmt: skip
        trainer.history = history = self._history
        kept = partial(self._kept, trainer.best)
        done = len(history.epochs)
        with one_blas_thread():
            for number in range(done + 1, done + epochs + 1):
                told.epoch(kept)
                trainer.run(number)
                if history.failed:
                    raise ValueError(f"{type(self).__name__}: {history.stopped}")
                self.n_iter_ = len(history.epochs)
                self.loss_curve_ += [epoch.train_loss for epoch in history.epochs[number - 1 :]]
                if told.enough(kept) or history.stopped:
                    break
        trainer.best.restore()
        told.done(kept)
        return self

    def _kept(self, best: Best) -> dict[str, Any]:
        """What makes of a copy of this estimator one whose training ended here."""
        network = copy.deepcopy(self.network_)
        best.restore(network)
        return {"network_": network}

    def _fit(self, data: Dataset, X: Array, y: Array, sample_weight: Any) -> Any:
        """Train from the beginning, on data made of what was given."""
        told = listening(self, self.epochs, X, y, sample_weight)
        validation = None
        if self.early_stopping:
            kept, held = train_test_split(
                np.arange(len(data)), test_size=self.validation_fraction, shuffle=True,
                random_state=check_random_state(self.random_state).randint(SEEDS),
                stratify=data.target if data.is_labelled else None,
            )  # fmt: skip
            data, validation = data.take(kept), data.take(held)
        self._start(data)
        return self._train(data, self._plan[0].epochs, told, validation)

    def _more(self, data: Dataset, first: bool) -> Any:
        """One epoch over these rows."""
        if first:
            self._start(data)
        return self._train(data, 1, Silent())

    def _rows(self, X: Array) -> Array:
        """Validated rows as the network takes them."""
        rows = X if X.dtype == np.float32 else X.astype(np.float64, copy=False)
        if self.model != "cnn":
            return rows
        if self.image_shape is None or int(np.prod(self.image_shape)) != rows.shape[1]:
            raise ValueError(
                f"a cnn needs image_shape=(channels, height, width) of {rows.shape[1]} numbers, got {self.image_shape}"
            )
        return rows.reshape(len(rows), *self.image_shape)

    def _weights(self, sample_weight: Any, X: Array) -> Array | None:
        if sample_weight is None:
            return None
        return np.asarray(_check_sample_weight(sample_weight, X, dtype=X.dtype, ensure_non_negative=True))

    def _outputs(self, X: Any) -> Array:
        """What the network says of rows."""
        check_is_fitted(self, "network_")
        rows = self._rows(validate_data(self, X, dtype=[np.float64, np.float32], reset=False))
        with one_blas_thread(), np.errstate(over="ignore"):
            rows = self._scaling(rows.astype(self.network_.dtype, copy=False))
            return finite_outputs(self.network_, rows)

    def _graph(self) -> Any:
        """The network as the beginning of an ONNX graph, which takes rows of X in the dtype of the network."""
        check_is_fitted(self, "network_")
        from ..onnx import Trained

        return Trained(self.network_, self._scaling, flat=True)

    def __getstate__(self) -> dict[str, Any]:
        """Parameters and states of the network and its optimiser as arrays: their memory is planned anew."""
        state = dict(super().__getstate__())
        if "network_" in state:
            network, step = state.pop("network_"), state.pop("_step")
            arrays = [network.parameters.values, *network.state.values(), *step.optimiser.state.values()]
            state["_arrays"] = [array.copy() for array in arrays]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        arrays = state.pop("_arrays", None)
        super().__setstate__(state)
        if arrays is not None:
            self._build()
            own = [self.network_.parameters.values, *self.network_.state.values()]
            for array, kept in zip([*own, *self._step.optimiser.state.values()], arrays, strict=True):
                np.copyto(array, kept)
