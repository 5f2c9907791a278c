"""Optimisers: one pass over the flat parameters, in place, with the values of PyTorch's of the same name."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..nn.kernels import kernels
from ..nn.parameters import Array


class Optimiser:
    """An optimiser for flat parameters of one size.

    `state` holds everything that a step depends on beside its arguments, as arrays by name: to resume, copy the
    saved arrays into those of a new optimiser.
    """

    def __init__(self, size: int, dtype: Any, *buffers: str) -> None:
        self.dtype = np.dtype(dtype)
        self.state: dict[str, Array] = {name: np.zeros(size, self.dtype) for name in buffers}
        self.state["steps"] = np.zeros((), np.int64)

    def step(self, parameters: Array, gradients: Array, rate: float) -> None:
        """Move the parameters, both flat arrays, with this learning rate."""
        raise NotImplementedError

    def _next(self, rate: float) -> int:
        if not 0.0 <= rate < math.inf:
            raise ValueError(f"the learning rate must be >= 0 and finite, got {rate}")
        steps = int(self.state["steps"]) + 1
        self.state["steps"][()] = steps
        return steps


class SGD(Optimiser):
    """Stochastic gradient descent with momentum: v = momentum v + g, p -= rate v.

    With `nesterov`, p -= rate (g + momentum v). `weight_decay` adds weight_decay * p to the gradient.
    """

    def __init__(
        self, size: int, *, momentum: float = 0.0, nesterov: bool = False, weight_decay: float = 0.0,
        dtype: Any = np.float32,
    ) -> None:  # fmt: skip
        _within("momentum", momentum, 0.0, 1.0)
        _within("weight_decay", weight_decay, 0.0, math.inf)
        if nesterov and momentum == 0.0:
            raise ValueError("nesterov needs a momentum > 0")
        super().__init__(size, dtype, "velocity")
        self.momentum, self.nesterov, self.weight_decay = momentum, nesterov, weight_decay
        self._update = kernels(self.dtype)("sgd")

    def step(self, parameters: Array, gradients: Array, rate: float) -> None:
        self._next(rate)
        velocity = self.state["velocity"]
        self._update(parameters, gradients, velocity, rate, self.momentum, float(self.nesterov), self.weight_decay)


class Adam(Optimiser):
    """Adam (Kingma and Ba, 2015); `weight_decay` adds weight_decay * p to the gradient."""

    decoupled = False

    def __init__(
        self, size: int, *, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0.0,
        dtype: Any = np.float32,
    ) -> None:  # fmt: skip
        _within("betas", betas[0], 0.0, 1.0)
        _within("betas", betas[1], 0.0, 1.0)
        _within("eps", eps, 0.0, math.inf)
        _within("weight_decay", weight_decay, 0.0, math.inf)
        super().__init__(size, dtype, "mean", "square")
        self.betas, self.eps, self.weight_decay = betas, eps, weight_decay
        self._update = kernels(self.dtype)("adam")

    def step(self, parameters: Array, gradients: Array, rate: float) -> None:
        steps = self._next(rate)
        first, second = self.betas
        # both averages start at 0; dividing by 1 - beta**steps takes that out again
        corrected, root = rate / (1.0 - first**steps), math.sqrt(1.0 - second**steps)
        decay, shrink = self.weight_decay, 1.0
        if self.decoupled:
            decay, shrink = 0.0, 1.0 - rate * self.weight_decay
        mean, square = self.state["mean"], self.state["square"]
        self._update(
            parameters, gradients, mean, square, corrected, first, second, root, self.eps, decay, shrink
        )


class AdamW(Adam):
    """Adam with the weight decay apart from the gradient: p -= rate weight_decay p (Loshchilov and Hutter, 2019)."""

    decoupled = True

    def __init__(
        self, size: int, *, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 1e-2,
        dtype: Any = np.float32,
    ) -> None:  # fmt: skip
        super().__init__(size, betas=betas, eps=eps, weight_decay=weight_decay, dtype=dtype)


class RMSprop(Optimiser):
    """The gradient over the root of its mean square (Tieleman and Hinton, 2012), with momentum where it is not 0.

    `weight_decay` adds weight_decay * p to the gradient.
    """

    def __init__(
        self, size: int, *, alpha: float = 0.99, eps: float = 1e-8, momentum: float = 0.0, weight_decay: float = 0.0,
        dtype: Any = np.float32,
    ) -> None:  # fmt: skip
        _within("alpha", alpha, 0.0, 1.0)
        _within("eps", eps, 0.0, math.inf)
        _within("momentum", momentum, 0.0, 1.0)
        _within("weight_decay", weight_decay, 0.0, math.inf)
        super().__init__(size, dtype, "square", "velocity")
        self.alpha, self.eps, self.momentum, self.weight_decay = alpha, eps, momentum, weight_decay
        self._update = kernels(self.dtype)("rmsprop")

    def step(self, parameters: Array, gradients: Array, rate: float) -> None:
        self._next(rate)
        square, velocity = self.state["square"], self.state["velocity"]
        self._update(
            parameters, gradients, square, velocity, rate, self.alpha, self.eps, self.momentum, self.weight_decay
        )


OPTIMISERS: dict[str, type[Optimiser]] = {"sgd": SGD, "adam": Adam, "adamw": AdamW, "rmsprop": RMSprop}


def clip_by_norm(gradients: Array, most: float) -> float:
    """Scale the gradients so that their Euclidean norm is at most `most`; returns the norm that they had."""
    _within("most", most, 0.0, math.inf)
    norm = math.sqrt(kernels(gradients.dtype)("square_sum")(gradients))
    if norm > most:
        gradients *= most / norm
    return norm


def clip_by_value(gradients: Array, most: float) -> None:
    """Limit each gradient to [-most, most]."""
    _within("most", most, 0.0, math.inf)
    np.clip(gradients, -most, most, out=gradients)


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value < high:
        raise ValueError(f"{name} must be in [{low:g}, {high:g}), got {value}")
