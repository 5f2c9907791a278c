"""What a loss of lists takes, checked: rows in groups that follow each other. The same for every backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from ..common.halves import working
from ..loops.codes import UNCHECKED, WEIGHT_OPERAND
from ..loops.headers import Bounds
from . import checks as check
from .arrays import HOST
from .outputs import outputs_of

if TYPE_CHECKING:
    from ..registry import Loss
    from .arrays import Arrays
    from .request import Request

Array = np.ndarray[Any, Any]
TIES = ("breslow", "efron")
# Work of a block, in nanoseconds, and the most blocks of a problem.
BLOCK_COST, MOST_BLOCKS = 20_000, 4096
# What the rows of a group cost, what its pairs do, and what every group does.
ROW, PAIR, GROUP = 20, 2, 100


class Lists:
    """One call: the arrays, where its groups are, which the host must know, and what is written to.

    ranks: the pairs that count are those of the first so many ranks, 0: all. efron: the number of a way to treat ties.
    number: the parameter of the loss, or what an option of each row is where it is one number; its array is among the
    inputs otherwise.
    """

    def __init__(self, place: Arrays, request: Request) -> None:
        self.place, self.request, self.loss = place, request, request.loss
        loss, options, arguments = self.loss, {**self.loss.defaults, **request.options}, request.arguments
        self.pred = place.prediction(loss, "pred", arguments[0])
        if self.pred.ndim != 1:
            raise ValueError(f"{loss.name}: pred has shape {self.pred.shape}; it must be (N,)")
        self.real, self.rows = working(self.pred.dtype), self.pred.size
        self.inputs = [self.pred]
        for name, value in zip(loss.inputs[1:], arguments[1:], strict=True):
            self.inputs.append(place.real(loss, name, value))
            check.same_shape(loss, name, self.inputs[-1].shape, self.pred.shape, "pred")
        for name in loss.per_element:
            self.inputs.append(self.of_rows(name, options[name]) if place.varies(options[name]) else None)
        self.pointers = pointers_of(loss, place.on_host(options["groups"]), self.rows)
        self.lengths = self.pointers[1:] - self.pointers[:-1]
        self.groups = len(self.lengths)
        self.ranks = ranks_of(loss, options.get("k"))
        self.efron = ties_of(loss, options["ties"]) if "ties" in options else 0
        constants = [
            check.number(loss, name, options[name], self.real)
            for name, array in zip(loss.per_element, self.inputs[len(loss.inputs) :], strict=True)
            if array is None
        ]
        self.number = [*request.parameters(self.real), *constants, 1.0][0]
        self.weight = options.get("weight")
        if self.weight is not None:
            self.weight = place.real(loss, request.weight_name, self.weight)
            if self.weight.shape != (self.groups,):
                raise ValueError(
                    f"{loss.name}: {request.weight_name} has shape {self.weight.shape}; it must be "
                    f"({self.groups},), one a group"
                )
        replaced = ("pred",) if request.mode == 1 else ()
        self.values, self.outputs = outputs_of(place, request, self.pred, (self.groups,), replaced)

    def of_rows(self, name: str, value: Any) -> Any:
        """An option that each row has of its own."""
        array = self.place.real(self.loss, name, value)
        if array.shape != self.pred.shape:
            raise ValueError(
                f"{self.loss.name}: {name} has shape {array.shape}; it must be a number or have that of pred, "
                f"{self.pred.shape}"
            )
        return array

    @property
    def counts_events(self) -> bool:
        """Whether a group counts as many as it has events."""
        return len(self.loss.inputs) > 2

    @property
    def known(self) -> float | None:
        """What the groups count, if that follows from where they are."""
        if self.weight is not None or self.counts_events:
            return None
        return float(np.count_nonzero(self.lengths))

    def bounds(self, k: int, dtype: str) -> Bounds:
        """How the numbers of an input are checked, if there is one."""
        if k >= len(self.inputs) or self.inputs[k] is None:
            return Bounds(check=UNCHECKED, low=0.0, high=0.0, constant=0.0)
        domain = self.loss.domains[(*self.loss.inputs, *self.loss.per_element)[k]]
        low, high = domain.ends(dtype)
        return Bounds(check=domain.check(False), low=low, high=high, constant=0.0)

    def complain(self, position: int, operand: int) -> NoReturn:
        """Raise for the first value that a kernel found outside its domain, in the operand of this number."""
        host = self.place.on_host
        if operand == WEIGHT_OPERAND:
            check.bad_weight(self.loss, host(self.weight), position)
        check.bad_number(self.loss, operand, host(self.inputs[operand]), self.real.name, position)


def ranks_of(loss: Loss, value: Any) -> int:
    """The first ranks whose pairs count: k, or 0 for all."""
    if value is None:
        return 0
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{loss.name}: k must be an integer or None, got {value!r}")
    if not 0 < value < 2**63:
        raise ValueError(f"{loss.name}: k must be at least 1 and fit into int64, got {value}")
    return int(value)


def ties_of(loss: Loss, value: Any) -> int:
    """The number of a way to treat ties."""
    if not isinstance(value, str) or value not in TIES:
        raise ValueError(f"{loss.name}: ties must be 'breslow' or 'efron', got {value!r}")
    return TIES.index(value)


def pointers_of(loss: Loss, value: Any, rows: int) -> Array:
    """Where each group begins and, at the end, all rows, as int64: None is one group."""
    if value is None:
        return np.array([0, rows], np.int64)
    given: Array = HOST.real(loss, "groups", value).copy()  # what is checked is what is used
    if given.dtype.kind not in "iu":
        raise TypeError(f"{loss.name}: groups has dtype {given.dtype}; the ends of groups are integers")
    if given.ndim != 1 or not len(given):
        raise ValueError(f"{loss.name}: groups has shape {given.shape}; it must be (Q + 1,), from 0 to {rows} rows")
    wrong = (given < 0) | (given > rows)
    wrong[1:] |= given[1:] < given[:-1]
    wrong[0] |= given[0] != 0
    wrong[-1] |= given[-1] != rows
    if wrong.any():
        k = int(np.argmax(wrong))
        raise ValueError(f"{loss.name}: groups[{k}] = {given[k]}; groups rise from 0 to the number of rows, {rows}")
    return given.astype(np.int64)


def pairs_of(lengths: Array, most: int) -> Array:
    """How many pairs a group of so many rows has whose higher rank is among the `most` first, of all if that is 0."""
    ranks = np.minimum(lengths, most) if most else lengths
    return np.asarray(ranks * lengths - ranks * (ranks + 1) // 2)


def blocks_of(pointers: Array, pairs: Array | int) -> Array:
    """The first group of each block and, at the end, the number of groups.

    Blocks are of about the same work, and follow from the pointers alone; a group is never cut.
    """
    cost = ROW * (pointers[1:] - pointers[:-1]) + PAIR * pairs + GROUP
    groups, ends = len(cost), cost.cumsum()
    total = int(ends[-1]) if groups else 0
    block = (ends - cost) // max(BLOCK_COST, total // MOST_BLOCKS)
    later = np.flatnonzero(block[1:] != block[:-1]) + 1
    return np.concatenate((np.zeros(min(groups, 1), np.int64), later, np.array([groups])))
