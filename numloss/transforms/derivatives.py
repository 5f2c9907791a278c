"""From a loss to its gradient, its curvature, or its sum and weight.

Every transform takes a loss of numloss or a functools.partial of one, and gives a callable with the same
arguments. It gives the same object each time, so it may be called in a loop, and it can be pickled. Of partials the
last are remembered, so that options which change in a loop do not fill the memory.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Generic, Literal, ParamSpec, TypeAlias

import numpy as np

from .. import dispatch
from ..calls.hessians import check_known
from ..calls.outputs import given_outputs
from ..loops.codes import BOUND, CURVATURE, EXACT, TIGHT
from ..registry import Loss, loss_of
from ..typing import Array, Result

P = ParamSpec("P")
# Positions of inputs, or names of options that have a gradient.
Argnums: TypeAlias = int | str | tuple[int | str, ...] | None
Policy = Literal["exact", "bound", "tight", "full"]
POLICIES = {"exact": EXACT, "bound": BOUND, "tight": TIGHT}


def unwrapped(function: Any, arrays: bool = False) -> tuple[Loss, tuple[Any, ...], dict[str, Any]]:
    """The loss behind a function or a partial of one, and what the partial has fixed.

    What gives arrays over time is no loss; it is refused but where they will do.
    """
    arguments: tuple[Any, ...] = ()
    options: dict[str, Any] = {}
    while isinstance(function, functools.partial):
        arguments = function.args + arguments
        options = {**function.keywords, **options}
        function = function.func
    loss = loss_of(function)
    if loss.results and not arrays:
        hint = "; numloss.vjp pulls cotangents of them back" if loss.back else ""
        raise TypeError(f"{loss.name} gives arrays, not a loss{hint}")
    return loss, arguments, options


class Transformed(Generic[P]):
    """A transformed loss: what was asked for, of which loss."""

    def __init__(self, function: Callable[P, Result], make: Callable[..., Any], asked: dict[str, Any]) -> None:
        self.function = function
        self.make, self.asked = make, asked
        self.pair = isinstance(function, Transformed)
        inner = function.function if isinstance(function, Transformed) else function
        self.loss, self.arguments, self.options = unwrapped(inner, make is vjp)
        self.fixed = bool(self.arguments or self.options)
        self.__doc__ = f"{make.__name__} of {self.loss.name}.\n\n{self.loss.function.__doc__}"
        self.__wrapped__ = self.loss.function

    def __reduce__(self) -> Any:
        return functools.partial(self.make, **self.asked), (self.function,)

    def __repr__(self) -> str:
        extra = "".join(f", {name}={value!r}" for name, value in self.asked.items())
        inner = repr(self.function) if isinstance(self.function, Transformed) else self.loss.name
        return f"numloss.{self.make.__name__}({inner}{extra})"

    def given(self, args: tuple[Any, ...], options: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """What the partial has fixed, and what is given now."""
        return self.arguments + args, {**self.options, **options}


class ValueAndGrad(Transformed[P]):
    """Value and gradient in one pass."""

    argnums: tuple[int | str, ...] | None = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> tuple[Any, Any]:
        given: tuple[Any, Any] = self.given(args, kwargs) if self.fixed else (args, kwargs)
        answer: tuple[Any, Any] = dispatch.evaluate(self.loss, 1, given[0], given[1], self.pair, self.argnums)
        return answer


class Grad(ValueAndGrad[P]):
    """The gradient alone."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        return super().__call__(*args, **kwargs)[1]


class VectorJacobian(Transformed[P]):
    """The gradient times a cotangent."""

    argnums: tuple[int | str, ...] | None = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        arguments, options = self.given(args, kwargs)
        if "cotangent" not in options:
            raise TypeError(f"{self.loss.name}: vjp needs cotangent=")
        cotangent = options.pop("cotangent")
        return dispatch.pull_back(self.loss, arguments, options, cotangent, self.argnums)


class ValueGradHess(Transformed[P]):
    """Value, gradient and diagonal curvature in one pass."""

    policy = EXACT
    argnums: tuple[int | str, ...] | None = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> tuple[Any, Any, Any]:
        arguments, options = self.given(args, kwargs)
        answer: tuple[Any, Any, Any] = dispatch.evaluate(
            self.loss, 2, arguments, options, self.pair, self.argnums, self.policy
        )
        return answer


class Full(Transformed[P]):
    """Value and gradient, and the matrices of all second derivatives."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> tuple[Any, Any, Any]:
        arguments, options = self.given(args, kwargs)
        out = options.pop("out", None)
        first, last = (None, None) if out is None else given_outputs(self.loss, CURVATURE, out, False)[1:]
        # the gradient may take the place of the prediction
        matrices = dispatch.second(self.loss, arguments, {**options, "out": last}, None, self.pair)
        value, slopes = dispatch.evaluate(self.loss, 1, arguments, {**options, "out": first}, self.pair)
        return value, slopes, matrices


class HessianVector(Transformed[P]):
    """All second derivatives times a vector."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        arguments, options = self.given(args, kwargs)
        if options.get("vector") is None:
            raise TypeError(f"{self.loss.name}: hvp needs vector=")
        return dispatch.second(self.loss, arguments, options, options.pop("vector"))


class SumAndWeight(Transformed[P]):
    """The weighted sum of the values, and the sum of the weights."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> tuple[float, float]:
        arguments, options = self.given(args, kwargs)
        reduction = options.get("reduction")
        if isinstance(reduction, str) and reduction == "none":
            raise ValueError(f"{self.loss.name}: sum_and_weight reduces; reduction='none' makes no sense here")
        return dispatch.evaluate(self.loss, 0, arguments, options, self.pair)  # type: ignore[no-any-return]


# Partials of a loss whose transforms are remembered at a time.
MOST_REMEMBERED = 64


def _remember(make: Callable[..., Any], function: Any, asked: tuple[Any, ...], build: Callable[[], Any]) -> Any:
    """The same transformed object for the same request, kept with the loss as long as that lives.

    Of partials the last are kept, and only those that have fixed numbers and words: arrays would be kept alive.
    """
    try:
        inner, loss, options = _parts(function)
        key = make, _key(asked), inner, options
    except TypeError:
        return build()
    found = loss.transforms.get(key)
    if found is None:
        found = loss.transforms.setdefault(key, build())
        partials = [known for known in list(loss.transforms) if known[-1]]
        for old in partials[: max(0, len(partials) - MOST_REMEMBERED)]:
            loss.transforms.pop(old, None)
    return found


def _parts(function: Any) -> tuple[Any, Loss, Any]:
    """What a function stands for: a transform inside of it, its loss, and what a partial has fixed."""
    inner = None
    if isinstance(function, Transformed):
        inner, function = (function.make, _key(tuple(function.asked.items()))), function.function
    loss, arguments, options = unwrapped(function, True)
    if arguments:
        raise TypeError("arrays are not remembered")
    return inner, loss, tuple((name, _key(options[name])) for name in sorted(options))


def _key(value: Any) -> Any:
    """A number or a word with its type and its bits, which tell 1 from True and 0.0 from -0.0."""
    if isinstance(value, tuple):
        return tuple, *map(_key, value)
    if value is None or isinstance(value, (int, str)):
        return type(value), value
    if isinstance(value, (float, np.number, np.bool_)):
        return type(value), np.asarray(value).tobytes()
    raise TypeError(f"{type(value).__name__} is not remembered")


def _argnums(loss: Loss, argnums: Argnums) -> tuple[int | str, ...] | None:
    if argnums is None:
        return None
    chosen = (argnums,) if isinstance(argnums, (int, str)) else tuple(argnums)
    for k in chosen:
        if k not in loss.differentiable and k not in loss.scalars:
            names = ", ".join([*(f"{i}: {loss.inputs[i]}" for i in loss.differentiable), *map(repr, loss.scalars)])
            raise ValueError(f"{loss.name}: argnums {k!r} is not a differentiable input; there are {names}")
    return chosen


def value_and_grad(
    function: Callable[P, Result], *, argnums: Argnums = None
) -> Callable[P, tuple[Any, Any]]:
    """Value and gradient of a loss in one pass.

    Parameters
    ----------
    function : loss, functools.partial of one, or ``sum_and_weight`` of one
    argnums : int, str or tuple, optional
        Positions of the inputs to differentiate; by default all that the loss declares differentiable. Options that may
        be learned, which a loss says, are asked for by name, as in ``argnums=(0, 1, "temperature")``: their gradient is
        a float, on a device a 0-d array; of `thresholds` it is an array.

    Returns
    -------
    callable
        With the arguments of the loss; returns ``(value, gradient)``. The gradient is an array with the shape and
        dtype of the input, or a tuple if there are several. ``out=`` takes the gradient.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.value_and_grad(nl.mse)(np.array([1.0, 4.0]), np.array([1.0, 2.0]))
    (2.0, array([0., 2.]))
    """
    return _transformed(value_and_grad, ValueAndGrad, function, argnums)  # type: ignore[no-any-return]


def grad(function: Callable[P, Result], *, argnums: Argnums = None) -> Callable[P, Array]:
    """Gradient of a loss; ``value_and_grad`` gives the value in the same pass, for nothing.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.grad(nl.mse)(np.array([1.0, 4.0]), np.array([1.0, 2.0]))
    array([0., 2.])
    """
    return _transformed(grad, Grad, function, argnums)  # type: ignore[no-any-return]


def _transformed(make: Callable[..., Any], kind: type[Any], function: Any, argnums: Any) -> Any:
    def build() -> Any:
        result = kind(function, make, {} if argnums is None else {"argnums": argnums})
        result.argnums = _argnums(result.loss, argnums)
        return result

    return _remember(make, function, (argnums,), build)


def value_grad_hess(
    function: Callable[P, Result], *, curvature: Policy = "exact", argnums: Argnums = None
) -> Callable[P, tuple[Any, Any, Any]]:
    """Value, gradient and diagonal curvature of a loss in one pass.

    Parameters
    ----------
    function : loss, functools.partial of one, or ``sum_and_weight`` of one
    curvature : {"exact", "bound", "tight", "full"}
        ``"exact"`` is the second derivative with respect to each entry by itself; it may be zero or negative.
        ``"bound"`` is positive everywhere, as Newton steps and boosted trees need; each loss says which.
        ``"tight"``, of losses of a residual r that say so, is ``slope / r``, and their curvature at r = 0: with f even
        and f'(r) / r falling in abs(r), f(x) <= f(r) + f'(r) (x - r) + f'(r) / r (x - r)^2 / 2 for all x. For the
        right side, less f(x), is even in x, is 0 at x = r, and has the derivative x (f'(r) / r - f'(x) / x), which is
        negative before abs(x) = abs(r) and positive beyond. Boosted trees get nearer with it than with the bound,
        which takes every residual for a small one.
        ``"full"``, of losses of rows of scores that ``numloss.hvp`` knows, are all second derivatives of a row in place
        of those by one entry alone: for C classes, of which there may be 512, arrays of shape (N, C, C), or
        (N, d1, ..., C, C), symmetric, with the exact curvature on the diagonal. Those by entries of two rows are 0.
    argnums : int or tuple of int, optional
        As in ``value_and_grad``.

    Returns
    -------
    callable
        Returns ``(value, gradient, curvature)``; ``out=`` takes the pair (gradient, curvature).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.value_grad_hess(nl.mae, curvature="bound")(np.array([1.0, 4.0]), np.array([1.0, 2.0]), reduction="sum")
    (2.0, array([0., 1.]), array([1., 1.]))
    """
    if curvature not in (*POLICIES, "full"):
        raise ValueError(f"curvature must be 'exact', 'bound', 'tight' or 'full', got {curvature!r}")

    def build() -> Any:
        if curvature == "full":
            return _full(function, argnums)
        asked: dict[str, Any] = {} if curvature == "exact" else {"curvature": curvature}
        result: ValueGradHess[P] = ValueGradHess(function, value_grad_hess, asked)
        if argnums is not None:
            asked["argnums"] = argnums
        if not result.loss.curvature:
            raise ValueError(f"{result.loss.name} offers no curvature")
        result.policy = POLICIES[curvature]
        if curvature == "tight" and not result.loss.tight:
            raise ValueError(f"{result.loss.name} has no tight curvature: it is of robust losses of a residual")
        result.argnums = _argnums(result.loss, argnums)
        return result

    return _remember(value_grad_hess, function, (curvature, argnums), build)  # type: ignore[no-any-return]


def _full(function: Any, argnums: Any) -> Any:
    found: Full[Any] = Full(function, value_grad_hess, {"curvature": "full"})
    check_known(found.loss, True)
    if argnums is not None:
        found.asked["argnums"] = argnums
        _argnums(found.loss, argnums)
    return found


def vjp(
    function: Callable[P, Result], *, argnums: Argnums = None
) -> Callable[..., Any]:
    """The gradient of a loss times a cotangent, in one pass: what reverse-mode differentiation asks of it.

    With values ``l_i``, of weights ``w_i``, and cotangents ``c_i`` of any sign the gradient is that of
    ``sum_i c_i w_i l_i``; of a reduced value, with one cotangent c, it is c times the gradient. What has cotangent 0
    adds nothing, even where its gradient is infinite or NaN. Of a function of ``numloss.returns`` cotangents are those
    of its results.

    Parameters
    ----------
    function : loss, function of ``numloss.returns``, or functools.partial of one
    argnums : int or tuple of int, optional
        As in ``value_and_grad``.

    Returns
    -------
    callable
        With the arguments of the loss and ``cotangent=``: a number, or with ``reduction="none"`` an array with the
        shape of the unreduced loss, or one entry a sample; a tuple of them for several results, None for zeros. Returns
        the gradient with the shape and dtype of the input, or a tuple of several; ``out=`` takes it. On a device a
        cotangent that is a number is one of Python.

    Raises
    ------
    TypeError, ValueError
        If the cotangent is no number or has another shape, and whatever the loss raises.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pull = nl.vjp(nl.mse)
    >>> pull(np.array([1.0, 4.0]), np.array([0.0, 2.0]), reduction="none", cotangent=np.array([3.0, -1.0]))
    array([ 6., -4.])
    >>> pull(np.array([1.0, 4.0]), np.array([0.0, 2.0]), cotangent=-2.0)
    array([-2., -4.])
    """
    if isinstance(function, Transformed):
        raise TypeError(f"vjp takes a loss, got {function!r}")
    return _transformed(vjp, VectorJacobian, function, argnums)  # type: ignore[no-any-return]


def hvp(function: Callable[P, Result]) -> Callable[..., Any]:
    """All second derivatives of a loss times a vector, exact, without a matrix: what Newton's method asks of it.

    With H the second derivatives of ``sum_i w_i l_i`` by the first input, or of the mean, it is H v, for entries k of
    the scores of a row i ``w_i sum_j (d^2 l_i / dx_ik dx_ij) v_ij``: entries of different rows have nothing in common.
    Of cross-entropy of a row with the probabilities p it is ``p * (v - sum(p * v))``; of an elementwise loss the
    curvature times v. Weights, class weights, smoothing, ignored labels and the reduction count as in
    ``value_and_grad``: the product is the derivative of that gradient along v, and with ``reduction="none"`` that of
    the sum. What counts nothing is 0.

    Known are those of losses whose entry ``"hessian"`` in ``numloss.list_losses()`` says so: elementwise ones with one
    differentiable input, losses of rows of scores but for divergences that compare distributions class by class, and
    ``combine`` of such.

    Parameters
    ----------
    function : loss or functools.partial of one

    Returns
    -------
    callable
        With the arguments of the loss and ``vector=``, real numbers with the shape of the first input; returns an array
        of that shape, in the dtype of the input; ``out=`` takes it.

    Raises
    ------
    TypeError, ValueError
        If not all second derivatives of the loss are known, the vector is none or has another shape, and whatever the
        loss raises.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.hvp(nl.cross_entropy)(np.zeros((1, 2)), np.array([1]), vector=np.array([[1.0, 0.0]]))
    array([[ 0.25, -0.25]])
    >>> nl.hvp(nl.mse)(np.array([1.0, 4.0]), np.array([0.0, 2.0]), vector=np.array([3.0, -1.0]), reduction="sum")
    array([ 6., -2.])
    """
    if isinstance(function, Transformed):
        raise TypeError(f"hvp takes a loss, got {function!r}")

    def build() -> Any:
        found: HessianVector[P] = HessianVector(function, hvp, {})
        check_known(found.loss, False)
        return found

    return _remember(hvp, function, (), build)  # type: ignore[no-any-return]


def sum_and_weight(function: Callable[P, Result]) -> Callable[P, tuple[float, float]]:
    """The weighted sum of a loss and the sum of its weights, which add up over batches, files and ranks.

    The sum of the first divided by the sum of the second is the mean over everything. Losses that do not add up
    are refused. With ``reduction="top"`` both are of what is kept of this batch: that of another one keeps its own.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.sum_and_weight(nl.mse)(np.array([1.0, 4.0]), np.array([1.0, 2.0]))
    (4.0, 2.0)
    """

    def build() -> Any:
        result: SumAndWeight[P] = SumAndWeight(function, sum_and_weight, {})
        result.pair = True
        if result.loss.adds_up == "no":
            raise ValueError(f"{result.loss.name} does not add up over batches: its value is not a sum over rows")
        return result

    return _remember(sum_and_weight, function, (), build)  # type: ignore[no-any-return]
