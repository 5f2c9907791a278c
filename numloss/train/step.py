"""One step of training."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..data.dataset import Array
from ..nn import Network
from ..nn.layer import rows_of
from ..transforms.derivatives import value_and_grad
from .objective import Objective
from .optimisers import Optimiser, clip_by_norm

Penalty = Callable[..., Any]


class Step:
    """Forward, loss, backward, penalties, clipping, update: everything that a step needs, allocated once.

    Parameters
    ----------
    network, objective, optimiser
        What is trained, towards what, and how.
    rate, factor : float, callable
        The learning rate, and its factor as a function of the number of the step.
    penalties : sequence of losses on parameters
        Added on every matrix and filter, such as ``partial(l2, strength=1e-4)``.
    clip : float
        The most that the norm of the gradient may be; 0 for any.
    """

    def __init__(
        self, network: Network, objective: Objective, optimiser: Optimiser, *, rate: float,
        factor: Callable[[int], float] | None = None, penalties: Sequence[Penalty] = (), clip: float = 0.0,
    ) -> None:  # fmt: skip
        self.network, self.objective, self.optimiser = network, objective, optimiser
        self.rate, self.factor, self.clip = rate, factor, clip
        self._evaluate = objective.value_and_grad
        self._slope = np.empty((network.rows, *network.outputs), network.dtype)
        parameters = network.parameters
        matrices = [name for name, view in parameters.value.items() if view.ndim > 1]
        self._penalised = [(parameters.value[name], parameters.gradient[name]) for name in matrices]
        self._penalties = [value_and_grad(penalty) for penalty in penalties]
        largest = max((value.size for value, _ in self._penalised), default=0) if penalties else 0
        self._penalty = np.empty(largest, network.dtype)

    def __call__(self, x: Array, target: Array, weight: Array | None, number: int) -> float:
        """Take the step of this number on a batch; returns its loss, without penalties.

        A loss that is not finite changes no parameter.
        """
        output = self.network.forward(x, number)
        slope = rows_of(self._slope, len(x))
        if weight is None:
            value, slope = self._evaluate(output, target, out=slope)
        else:
            value, slope = self._evaluate(output, target, weight=weight, out=slope)
        if not math.isfinite(value):
            return float(value)
        self.network.backward(slope)
        self.move(number)
        return float(value)

    def move(self, number: int) -> None:
        """Move the parameters along the gradients that lie in the network."""
        for penalty in self._penalties:
            self._punish(penalty)
        parameters = self.network.parameters
        if self.clip:
            clip_by_norm(parameters.gradients, self.clip)
        rate = self.rate if self.factor is None else self.rate * self.factor(number)
        self.optimiser.step(parameters.values, parameters.gradients, rate)

    def _punish(self, penalty: Callable[..., Any]) -> None:
        for value, gradient in self._penalised:
            _, slope = penalty(value, out=self._penalty[: value.size].reshape(value.shape))
            gradient += slope
