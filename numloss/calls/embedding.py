"""What losses of rows of vectors take, checked, and what they add up over the entries of vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from ..common.halves import name_of, working
from ..loops.codes import DISTANCES, NOTHING, PRODUCTS, WEIGHT_OPERAND
from . import checks as check
from .outputs import outputs_of

if TYPE_CHECKING:
    import numpy as np

    from ..registry import Loss
    from .arrays import Arrays
    from .request import Request


class VectorRows:
    """One call: rows of several vectors, all of them differentiated, and perhaps a number or an integer for each row.

    known: that number or integer, or None. No output may take the place of a vector, which is still read when the
    gradient of another one is written.
    """

    def __init__(self, place: Arrays, request: Request, integers: bool = False) -> None:
        self.place, self.request, self.loss = place, request, request.loss
        loss, arguments = request.loss, request.arguments
        self.vectors = vectors_of(place, loss, arguments)
        first = self.vectors[0]
        self.real: np.dtype[Any] = working(first.dtype)
        self.rows, self.size = first.shape
        self.known: Any = None
        if len(loss.inputs) > len(self.vectors):
            name, value = loss.inputs[-1], arguments[-1]
            self.known = check.integers(place, loss, name, value) if integers else place.real(loss, name, value)
            check.same_shape(loss, name, self.known.shape, (self.rows,), "the batch")
        self.weight = request.weight(place, (self.rows,))
        self.values, self.outputs = outputs_of(place, request, first, (self.rows,))

    def complain(self, position: int, operand: int) -> NoReturn:
        """Raise for the first number that a kernel found outside its domain, in the operand of this number."""
        host = self.place.on_host
        if operand == WEIGHT_OPERAND:
            check.bad_weight(self.loss, host(self.weight), position)
        check.bad_number(self.loss, operand, host(self.known), self.real.name, position)


def vectors_of(place: Arrays, loss: Loss, arguments: tuple[Any, ...]) -> list[Any]:
    """The vectors: arrays of one shape (N, D) and one dtype."""
    found: list[Any] = []
    for name, value in zip(loss.inputs[: len(loss.differentiable)], arguments, strict=False):
        array = place.prediction(loss, name, value)
        if not found and array.ndim != 2:
            raise ValueError(f"{loss.name}: {name} has shape {array.shape}; it must be (N, D)")
        if found:
            check.same_shape(loss, name, array.shape, found[0].shape, loss.inputs[0])
        if found and array.dtype != found[0].dtype:
            raise TypeError(
                f"{loss.name}: {name} has dtype {name_of(array.dtype)}, {loss.inputs[0]} has "
                f"{name_of(found[0].dtype)}; all of them are differentiated and must agree"
            )
        found.append(array)
    if found[0].shape[0] and found[0].shape[1] == 0:
        raise ValueError(f"{loss.name}: {loss.inputs[0]} has shape {found[0].shape}: vectors of no entries")
    return found


def looks_both_ways(loss: Loss) -> bool:
    """Whether the gradient by each direction has what it looks for and what looks for it, as where all look for all."""
    return loss.rows["rule"] in ("views", "labels", "circle", "multi")


def negatives_of(place: Arrays, request: Request, first: Any) -> Any:
    """Vectors that every row is to be told apart from, beside those of the batch, or None; no gradient is theirs."""
    loss, given = request.loss, request.option("negatives") if "negatives" in request.loss.defaults else None
    if given is None:
        return None
    array = place.prediction(loss, "negatives", given)
    if array.ndim != 2 or array.shape[1] != first.shape[1]:
        raise ValueError(
            f"{loss.name}: negatives has shape {array.shape}; it must be (K, D), D = {first.shape[1]} as in "
            f"{loss.inputs[0]}"
        )
    if working(array.dtype) != working(first.dtype):
        raise TypeError(
            f"{loss.name}: negatives has dtype {name_of(array.dtype)}, {loss.inputs[0]} has {name_of(first.dtype)}; "
            "they must agree"
        )
    return array


def takes_units(loss: Loss) -> bool:
    """Whether the law of a loss takes the units of its sums."""
    return any(kind != PRODUCTS for kind, _, _ in loss.sums)


def sums_of(loss: Loss, params: list[float]) -> list[tuple[int, int, int]]:
    """The sums that a law takes, each as its kind and its two vectors, with what the options p and swap say of them.

    p = 1 adds up distances instead of squares; without swap the vectors beside the first are not compared.
    """
    given = dict(zip(loss.params, params, strict=True))
    found = []
    for kind, one, other in loss.sums:
        chosen = DISTANCES if given.get("p") == 1.0 else kind
        found.append((NOTHING if given.get("swap") == 0.0 and one > 0 else chosen, one, other))
    return found


def sums_in_order(sums: list[tuple[int, int, int]]) -> list[tuple[int, int, int, int, int]]:
    """Each sum with whether it is the first that adds to the gradient of its vectors."""
    seen: set[int] = set()
    found = []
    for kind, one, other in sums:
        found.append((kind, one, other, int(one not in seen), int(other not in seen)))
        seen |= {one, other} if kind != NOTHING else set()
    return found


def wanted_of(request: Request) -> list[bool]:
    """Of which vectors the gradients are asked for."""
    return [request.mode > 0 and (request.argnums is None or k in request.argnums) for k in request.loss.differentiable]


def temperature_of(request: Request, real: np.dtype[Any]) -> float:
    """What cosines of a dtype are divided by."""
    return request.number("temperature", real) if "temperature" in request.loss.defaults else 1.0
