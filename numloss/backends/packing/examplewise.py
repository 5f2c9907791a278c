"""The header of the examplewise family, of arguments on the host or on a device."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...calls.examplewise import Examples
from ...loops.codes import BOUND, LENGTHS, MOST_BLOCKS, NUMBERS, UNCHECKED
from ...loops.headers import ExampleArray, ExampleSlopes, Examplewise, Operand
from .operands import label_operand, operand

if TYPE_CHECKING:
    from ...calls.arrays import Arrays
    from ...calls.request import Request

# Nanoseconds of work of a block; the most blocks where each has sums of its own.
BLOCK_WORK, MOST_SUMS = 50_000.0, 256
LINE = 64


def block_of(examples: int, work: float, summed: bool) -> int:
    """Examples of a block: a function of the sizes alone, so that sums do not depend on threads."""
    block = max(1, int(BLOCK_WORK / max(work, 1.0)))
    return max(block, -(-examples // (MOST_SUMS if summed else MOST_BLOCKS)))


class Scratch:
    """Bytes of memory, of which parts are taken one after the other; loops may read to the end of a line."""

    def __init__(self) -> None:
        self.size = 0

    def take(self, numbers: int, itemsize: int = 8) -> int:
        """Where so many numbers begin."""
        at = self.size
        self.size += (numbers * itemsize + 2 * LINE - 1) // LINE * LINE
        return at


class PackedExamples(Examples):
    """One call and, in `kept`, what its header points to; run: how many examples a loop takes, 0 as it is declared.

    `known` are sizes and parameters by their names, of which scratch and work follow.
    """

    def __init__(self, place: Arrays, request: Request, run: int = 0) -> None:
        super().__init__(place, request)
        self.kept: list[Any] = []
        self.scratch = Scratch()
        self.count = math.prod(self.shape)
        self.known = {**self.sizes, **dict(zip(request.loss.params, self.params, strict=True))}
        self.work = float(self.facts["work"](self.known)) * (1.5 if request.mode else 1.0)
        # which arrays have a gradient, and once more which have a curvature
        graded = request.loss.differentiable * request.mode
        self.graded = [self.names.index(request.loss.inputs[k]) for k in graded]
        self.entries = [self.entries_of(k) for k in range(len(self.names))]
        self.sum_count = sum(self.entries[k] for k in self.graded if self.common[k])
        # sums over examples are taken one by one
        self.run = 1 if self.sum_count else run or self.facts["run"]
        self.block = block_of(self.count, float(self.facts["work"](self.known)), self.sum_count > 0)

    def entries_of(self, k: int) -> int:
        """Entries of an array that belong to an example, or to all."""
        array = self.arrays[k]
        if array is None:
            return 0
        return math.prod(array.shape[0 if self.common[k] else len(self.shape) :])

    def one(self, array: Any) -> Operand:
        """The operand of an array that may be absent."""
        return operand(array, self.real, self.kept, self.place)

    def described(self, k: int) -> ExampleArray:
        """An array as loops read it."""
        name, array, entries = self.names[k], self.arrays[k], self.entries[k]
        role, lengths = self.role(name), self.lengths_of(name) if array is not None else -1
        check, low, high = UNCHECKED, 0.0, 0.0
        if role != NUMBERS and array is not None:
            low, high = self.ends(name)
        elif name in self.facts["domains"]:
            domain = self.facts["domains"][name]
            free = name in self.loss.inputs and self.loss.inputs.index(name) in self.loss.differentiable
            check, (low, high) = domain.check(free), domain.ends(self.real.name)
        rows = self.sizes[self.facts["lengths"][self.names[lengths]]] if lengths >= 0 and role != LENGTHS else 1
        numbers = entries * (1 if self.common[k] else self.run)
        return ExampleArray(
            stored=self.one(array) if role == NUMBERS or array is None else label_operand(array, self.kept, self.place),
            entries=entries,
            row=entries // rows,
            shared=int(self.common[k]),
            role=role,
            lengths=-1 if role == LENGTHS else lengths,
            at=self.scratch.take(numbers, self.real.itemsize if role == NUMBERS else 8),
            check=check,
            low=low,
            high=high,
        )

    def slopes(self) -> list[ExampleSlopes]:
        """What is written of gradients, then of curvatures; those of what all examples share are sums."""
        found: list[ExampleSlopes] = []
        sums, inputs = 0, len(self.request.loss.differentiable)
        least = self.request.loss.least if self.request.policy == BOUND else -math.inf
        for k, output in zip(self.graded, self.outputs, strict=True):
            at = self.scratch.take(self.entries[k] * self.run, self.real.itemsize)
            stored = self.one(None if self.common[k] else output)
            lifted = least if len(found) >= inputs else -math.inf
            found.append(ExampleSlopes(stored=stored, of=k, at=at, sums=sums, least=lifted))
            sums += self.entries[k] if self.common[k] else 0
        return found

    def header(self, loop: int, sums: int = 0) -> Examplewise:
        """The problem. `loop`: machine code of the host; `sums`: where those of the blocks are."""
        arrays = [self.described(k) for k in range(len(self.names))]
        slopes, losses = self.slopes(), self.scratch.take(self.run)
        counts = self.facts["scratch"](self.known, self.request.mode)
        sizes = (self.real.itemsize, 8, 8)
        parts = [self.scratch.take(count, size) for count, size in zip(counts, sizes, strict=True)]
        return Examplewise(
            elements=self.count,
            block=self.block,
            itemsize=self.real.itemsize,
            weighted=self.request.weighting(self.weight),
            weight=self.one(self.weight),
            loop=loop,
            run=self.run,
            mode=self.request.mode,
            memory=self.scratch.size,
            losses=losses,
            reals=parts[0],
            doubles=parts[1],
            ints=parts[2],
            sums=sums,
            sum_count=self.sum_count,
            array_count=len(arrays),
            slope_count=len(slopes),
            scaled=int(self.facts["scales"]),
            scale=1.0,
            values=self.one(self.values),
            arrays=arrays,
            slopes=slopes,
            sizes=list(self.sizes.values()),
            params=self.params,
        )
