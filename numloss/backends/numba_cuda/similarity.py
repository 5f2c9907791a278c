"""The similarity family on a device: losses of the cosines of all pairs of a batch, which are never all in memory.

The cosines of some rows with all others are a product of matrices, divided by the temperature; a rule puts their
gradient in their place, and two products take it to the vectors. What has length 1 is divided by its length before, and
the gradient goes back through that after. Rules are those of backends/host/similarity_rules.py.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from ...calls.embedding import VectorRows, looks_both_ways, negatives_of, temperature_of, wanted_of
from ...calls.rowwise import RowOptions, Rows, flag
from ...loops.codes import LABELS, LOGITS
from ..host.similarity_rules import NOTHING
from . import jit
from . import similarity_kernels as kernels
from .arrays import DeviceArray
from .call import Call
from .products import Products, matrix, rows_from, scratch, whole_tiles
from .reduction import conclude, rows_of_a_block
from .rowwise import packed, run_rows, team_of
from .rowwise_texts import Plan
from .similarity_hard import hard_kernel
from .similarity_rows import Closing, Known, belonging_kernel, closing_kernel, sharing_kernel

if TYPE_CHECKING:
    from ...calls.request import Request

# The cosines that are worked on together, unless they are those of fewer rows.
BLOCK_BYTES, LEAST_ROWS = 128 * 2**20, 512
Rule = Callable[[int, DeviceArray], None]
Item = TypeVar("Item")
Two: TypeAlias = tuple[Item, Item]


class Similarity(VectorRows):
    """One call, and what is known of each row of vectors: `known` are their labels, if the loss takes any.

    `unit` are the directions of all vectors, `slope` the gradient with respect to these, None where nobody asks.
    """

    def __init__(self, call: Call) -> None:
        super().__init__(call.library, call.request, integers=True)
        self.call, self.mode, self.dtype = call, call.request.mode, self.real.name
        self.multiply, self.per_temperature = Products(call), 1.0 / temperature_of(self.request, self.real)
        self.kinds, self.others = (0 if self.known is None else self.integers() for _ in range(2))
        self.twice, asked = looks_both_ways(self.loss), self.request.asked
        # the gradient by the temperature is made of those of all directions that look for others
        self.wanted = [w or (bool(asked) and (k == 0 or self.twice)) for k, w in enumerate(wanted_of(self.request))]
        self.pushes = scratch(call, (self.rows,), "float64").address if "bias" in asked else 0
        # slopes by the temperature alone, and behind them room for those that follow from vectors
        self.floors = 0
        self.point()

    def integers(self) -> int:
        """Address of an integer for each row."""
        return scratch(self.call, (self.rows,), "int64").address

    def numbers(self) -> DeviceArray:
        """A number for each row."""
        return scratch(self.call, (self.rows,), self.real)

    def launch(self, kernel: Any, blocks: int, *arguments: Any) -> None:
        """Run a kernel on so many blocks."""
        if blocks:
            kernel.launch(self.call.stream, blocks, jit.THREADS, *arguments)

    def point(self) -> None:
        """Find the directions of the vectors, those of several one below the other, and clear their slopes.

        Below them are those of vectors that all rows are to be told apart from.
        """
        more = negatives_of(self.call.library, self.request, self.vectors[0])
        vectors = [*self.vectors, *([] if more is None else [more])]
        self.more = 0 if more is None else more.shape[0]
        total = len(self.vectors) * self.rows + self.more
        self.unit = scratch(self.call, (total, self.size), self.real)
        self.slope = scratch(self.call, self.unit.shape, self.real) if self.mode else None
        self.inverse = scratch(self.call, (total,), "float64").address
        for k, array in enumerate(vectors):
            slope = 0 if self.slope is None else self.part(self.slope, k).address
            places = self.part(self.unit, k).address, self.inverse + 8 * k * self.rows, slope, self.kinds
            given = self.size, matrix(array), *places, self.call.described(self.known, self.real)
            self.launch(kernels.directions_kernel(self.dtype), array.shape[0], *given)

    def part(self, array: DeviceArray, k: int) -> DeviceArray:
        """The rows of the vectors number k."""
        return rows_from(array, k * self.rows, self.rows)

    def facts(self, shares: DeviceArray, partners: DeviceArray | None = None, beyond: int = 0) -> Known:
        """What is known of each row, as kernels read it."""
        found = 0 if partners is None else partners.address
        return Known(kinds=self.kinds, partners=found, others=self.others, shares=shares.address, beyond=beyond)

    def belong(self, rows: int, apart: int, factor: float) -> tuple[DeviceArray, DeviceArray]:
        """Partners and shares of so many rows."""
        partners, shares = scratch(self.call, (rows,), "int64"), scratch(self.call, (rows,), self.real)
        found = self.facts(shares, partners)
        given = rows, self.rows, apart, found, self.call.described(self.weight, self.real), factor
        self.launch(belonging_kernel(self.dtype), -(-rows // jit.THREADS), *given)
        return partners, shares

    def cross_entropy(
        self, partners: DeviceArray, shares: DeviceArray, losses: DeviceArray, start: int, scores: DeviceArray
    ) -> None:
        """Weighted losses of rows that ought to find their partners; their slopes take the place of the scores."""
        count, options = scores.shape[0], RowOptions()
        options.ignore = NOTHING
        labels, weight, values = (rows_from(array, start, count) for array in (partners, shares, losses))
        given = self.call.library, self.loss, options, scores, 1, labels, weight
        rows = Rows(*given, values=values, signed=self.request.signed)
        rows.outputs = [scores] if self.mode else []
        header = packed(self.call, rows, self.mode)
        blocks = -(-count // header.block)
        plan = Plan(LOGITS, LABELS, False, self.mode, team_of(rows))
        run_rows(self.call, plan, header, blocks, self.call.workspace(4 * blocks))

    def walk(self, units: Two[DeviceArray], slopes: Two[DeviceArray | None], rule: Rule) -> None:
        """The losses of the first directions with all of the second; what they add to the slopes is added.

        `rule` finds those of some rows, of which it is given the scores, and puts their slopes in their place.
        """
        (queries, keys), real = units, self.real
        rows, columns = queries.shape[0], keys.shape[0]
        most = max(LEAST_ROWS, BLOCK_BYTES // (max(1, columns) * real.itemsize))
        most = whole_tiles(rows, most, self.dtype)
        buffer, factor = scratch(self.call, (most, columns), real), self.per_temperature
        for start in range(0, rows, most):
            count = min(most, rows - start)
            some, scores = rows_from(queries, start, count), rows_from(buffer, 0, count)
            self.multiply(some, keys.T, scores, alpha=factor)
            rule(start, scores)
            if slopes[0] is not None:
                onto = rows_from(slopes[0], start, count)
                self.multiply(scores, keys, onto, alpha=factor, onto=onto)
            if slopes[1] is not None:
                self.multiply(scores.T, some, slopes[1], alpha=factor, onto=slopes[1])

    def close(self, losses: tuple[int, int], lonely: bool) -> tuple[int, int]:
        """Add the two parts of the losses up; address and number of the partial results."""
        block = rows_of_a_block(self.rows, 1)
        blocks = -(-self.rows // block)
        partials = self.call.workspace(4 * max(1, blocks))
        closing = Closing(
            rows=self.rows,
            block=block,
            losses=losses[0],
            beyond=losses[1],
            others=self.others,
            lonely=lonely,
            weighted=self.request.weighting(self.weight),
            weight=self.call.described(self.weight, self.real),
            values=self.call.described(self.values, self.real),
        )
        self.launch(closing_kernel(self.dtype), blocks, closing, partials)
        return partials, blocks

    def turn(self, partials: tuple[int, int]) -> None:
        """Take the slopes from directions to vectors, divided by what the rows count with for a mean."""
        scale = self.call.pulled()
        if self.request.averaged:
            scale = self.call.workspace(1)
            self.call.finish(*partials, None, scale=scale)
        asked, size = self.request.asked, len(self.outputs) * self.rows
        ahead = self.rows if self.floors else 0
        alongs = self.floors + 8 * ahead
        if asked and not ahead:
            alongs = scratch(self.call, (size,), "float64").address
        for k, (array, wanted) in enumerate(zip(self.outputs, self.wanted, strict=True)):
            if wanted and self.slope is not None:
                places = self.part(self.unit, k).address, self.part(self.slope, k).address
                along = alongs + 8 * k * self.rows if asked else 0
                given = self.size, *places, self.inverse + 8 * k * self.rows, scale, along, matrix(array)
                self.launch(kernels.turning_kernel(self.dtype), self.rows, *given)
        factor = -self.per_temperature / (1.0 + self.twice)
        rows = size if self.twice else self.rows
        sums = {"temperature": (ahead + rows, alongs - 8 * ahead, factor), "bias": (self.rows, self.pushes, 1.0)}
        for name in asked:
            count, numbers, times = sums[name]
            self.request.scalars[name], place = self.call.scalar()
            self.launch(kernels.adding_kernel(), 1, count, numbers, scale, place, times)


def both_parts(call: Similarity) -> tuple[Two[DeviceArray], Two[DeviceArray | None]]:
    """Directions of the first and of the second vectors, and the slopes of them that are asked for."""
    slopes = [call.part(call.slope, k) if w and call.slope is not None else None for k, w in enumerate(call.wanted)]
    return (call.part(call.unit, 0), call.part(call.unit, 1)), (slopes[0], slopes[1])


def pairs(call: Similarity) -> tuple[int, int]:
    """Rows of the first vectors find theirs among the second; and if asked to, the other way round."""
    both = flag(call.loss, "symmetric", call.request.option("symmetric"))
    partners, shares = call.belong(call.rows, 0, 0.5 if both else 1.0)
    units, slopes = both_parts(call)
    keys, other = rows_from(call.unit, call.rows, call.rows + call.more), slopes[1]
    if other is not None:
        other = rows_from(other, 0, call.rows + call.more)
    found, given = [], (call.request.number("beta", call.real), call.request.number("tau_plus"))
    if any(given) and "temperature" in call.request.asked:
        call.floors = scratch(call.call, (len(call.outputs) * call.rows + call.rows,), "float64").address
    for way in range(1 + both):
        losses = call.numbers()
        found.append(losses.address)
        among = ((units[0], keys), (slopes[0], other)) if way == 0 else (units[::-1], slopes[::-1])
        rule = partial(call.cross_entropy, partners, shares, losses)
        call.walk(*among, partial(hard_negatives, call, (shares, losses), way, given) if any(given) else rule)
    return found[0], found[-1] if both else 0


def hard_negatives(
    call: Similarity, places: Two[DeviceArray], way: int, given: tuple[float, ...], start: int, scores: DeviceArray
) -> None:
    """The losses of rows among negatives of which the near count more; slopes take the place of scores."""
    count, columns = scores.shape
    shares, losses = (place.address for place in places)
    kernel, floor = hard_kernel(call.dtype, call.mode), -call.per_temperature
    call.launch(kernel, count, columns, start, scores.address, shares, losses, call.floors, way, *given, floor)


def among_all(call: Similarity, labelled: bool, factor: float) -> tuple[DeviceArray, int]:
    """Each row finds its partner among all but itself: losses, and what is to be added for rows that have several."""
    rows = call.unit.shape[0]
    partners, shares = call.belong(rows, call.rows, factor)
    losses, beyond = scratch(call.call, (rows,), call.real), call.numbers().address if labelled else 0
    facts = call.facts(shares, partners, beyond)

    def rule(start: int, scores: DeviceArray) -> None:
        count, columns = scores.shape
        given = columns, start, scores.address, facts
        call.launch(kernels.hiding_kernel(call.dtype, labelled), count, *given)
        call.cross_entropy(partners, shares, losses, start, scores)
        if labelled and call.mode:
            call.launch(sharing_kernel(call.dtype), count, *given)

    call.walk((call.unit, call.unit), (call.slope, call.slope), rule)
    return losses, beyond


def views(call: Similarity) -> tuple[int, int]:
    """Both views find each other among all but themselves."""
    losses, _ = among_all(call, False, 0.5)
    return losses.address, call.part(losses, 1).address


def labels(call: Similarity) -> tuple[int, int]:
    """Rows find all others of their label: the cross-entropy of one of them, and by what the mean of all differs."""
    losses, beyond = among_all(call, True, 1.0)
    return losses.address, beyond


def sigmoids(call: Similarity) -> tuple[int, int]:
    """Each pair by itself."""
    loss, losses = call.loss, call.numbers()
    _, shares = call.belong(call.rows, 0, 1.0)
    params = tuple(call.request.parameters(call.real))
    kernel = kernels.pairs_kernel(loss.law, len(params), call.dtype, call.mode)

    def rule(start: int, scores: DeviceArray) -> None:
        count, columns = scores.shape
        places = scores.address, shares.address, losses.address, call.pushes
        call.launch(kernel, count, columns, start, *places, params)

    call.walk(*both_parts(call), rule)
    return losses.address, 0


def circle(call: Similarity) -> tuple[int, int]:
    """What belongs together and is not near, times what does not and is."""
    _, shares = call.belong(call.rows, 0, 1.0)
    losses, numbers = call.numbers(), tuple(call.request.number(name, call.real) for name in ("gamma", "margin"))
    facts, kernel = call.facts(shares), kernels.circle_kernel(call.dtype, call.mode)

    def rule(start: int, scores: DeviceArray) -> None:
        count, columns = scores.shape
        call.launch(kernel, count, columns, start, scores.address, facts, losses.address, *numbers)

    call.walk((call.unit, call.unit), (call.slope, call.slope), rule)
    return losses.address, 0


def multi(call: Similarity) -> tuple[int, int]:
    """What belongs together and is far, and by itself what does not and is near."""
    _, shares = call.belong(call.rows, 0, 1.0)
    losses, numbers = call.numbers(), [call.request.number(name, call.real) for name in ("alpha", "beta", "base")]
    facts, kernel = call.facts(shares), kernels.multi_kernel(call.dtype, call.mode)
    call.others = 0  # who has none counts all the same

    def rule(start: int, scores: DeviceArray) -> None:
        count, columns = scores.shape
        call.launch(kernel, count, columns, start, scores.address, facts, losses.address, *numbers)

    call.walk((call.unit, call.unit), (call.slope, call.slope), rule)
    return losses.address, 0


RULES = {"pairs": pairs, "views": views, "labels": labels, "sigmoids": sigmoids, "circle": circle, "multi": multi}


def compute(request: Request) -> Any:
    """Run a loss of all pairs of a batch."""
    call, rule = Call(request), request.loss.rows["rule"]
    with call.library.current():
        batch = Similarity(call)
        partials = batch.close(RULES[rule](batch), rule == "circle")
        if request.mode:
            batch.turn(partials)
        return conclude(call, partials, None, (batch.values, batch.outputs), [], batch.complain)
