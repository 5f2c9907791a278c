"""The ranked family on a device: lists of uneven length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls import checks as check
from ...calls.lists import check_lists, check_weight, pointers_of
from ..host import HostBackend
from ..host.ranked import ranks_of, ties_of
from . import checks, jit
from .arrays import DeviceArray
from .call import Call
from .ranked_kernels import ranked_kernel
from .reduction import conclude, rows_of_a_block
from .rowwise import outputs_of

if TYPE_CHECKING:
    from ...calls.request import Request

# What each loop needs of scratch, in rows: places, numbers, float64 numbers.
SCRATCH = {"listnet_block": (0, 0, 0), "lambdarank_block": (2, 5, 0), "risks_block": (2, 4, 4)}
# Numbers that a list needs for its walk.
WALK = 12


class Lists:
    """One call: the arrays, checked, and where its groups are, which the host must know, too."""

    def __init__(self, call: Call, arguments: tuple[Any, ...], given: dict[str, Any]) -> None:
        loss, options = call.loss, {**call.loss.defaults, **given}
        self.call, self.loss = call, loss
        self.pred = checks.prediction(loss, "pred", arguments[0], call.library)
        check_lists(loss, self.pred.shape)
        self.rows = self.pred.size
        self.inputs = [self.pred]
        for name, value in zip(loss.inputs[1:], arguments[1:], strict=True):
            self.inputs.append(checks.real_array(loss, name, value, call.library))
            check.same_shape(loss, name, self.inputs[-1].shape, self.pred.shape, "pred")
        ends = options["groups"]
        self.pointers = pointers_of(loss, call.library.download(ends) if call.library.owns(ends) else ends, self.rows)
        self.groups = len(self.pointers) - 1
        self.ranks = ranks_of(loss, options.get("k"))
        self.efron = ties_of(loss, options["ties"]) if "ties" in options else 0
        self.sigma = check.number(loss, "sigma", options["sigma"]) if "sigma" in options else 1.0
        weight = given.get("weight")
        self.weight = None if weight is None else checks.real_array(loss, "weight", weight, call.library)
        if self.weight is not None:
            check_weight(loss, self.weight.shape, self.groups)
        self.each = rows_of_a_block(self.groups, jit.THREADS)
        self.blocks = -(-self.groups // self.each)

    @property
    def known(self) -> float | None:
        """What the groups count, if that follows from where they are."""
        counted = self.weight is not None or len(self.inputs) > 2
        return None if counted else float(np.count_nonzero(np.diff(self.pointers)))

    def scratch(self) -> list[int]:
        """Rows of the scratch, and the addresses of its arrays."""
        rows = max(self.rows, WALK * self.groups, 1)
        counts = SCRATCH[self.loss.rows["loop"]]
        # the last of the float64 arrays is that of the walks
        counts = (*counts[:2], counts[2] + 1 if counts[2] else 0)
        return [rows, *(self.call.workspace(max(1, count * rows)) for count in counts)]

    def numbers(self, scale: float) -> tuple[float, ...]:
        """The numbers of a problem."""
        found = [scale, self.loss.least, self.sigma]
        for k in (1, 2):
            domain = self.loss.domains[self.loss.inputs[k]] if k < len(self.inputs) else None
            ends = domain.ends(self.pred.dtype.name) if domain is not None else (0.0, 0.0)
            found += [*ends, float(domain is not None and domain.integers)]
        return tuple(found)

    def launch(
        self, partials: int, scale: tuple[int, float], asked: tuple[int, int, int], scratch: list[int],
        written: list[DeviceArray | None], counting: bool,
    ) -> None:  # fmt: skip
        """Run a kernel: asked are the values, the mode and the bound; scale is an address or a number."""
        (wanted, mode, bound), call, real = asked, self.call, self.pred.dtype
        integers = [self.groups, self.each, partials, scale[0], int(self.weight is not None), wanted, mode]
        integers += [self.ranks, self.efron, bound, int(len(self.inputs) > 2)]
        uploaded = call.library.upload(self.pointers)
        call.kept.append(uploaded)
        integers += [call.library.describe(uploaded).address, *scratch]
        for operand in ([*self.inputs, None][:3] + [self.weight, *written, None, None])[:7]:
            integers += call.operand(operand, real)
        if self.blocks:
            kernel = ranked_kernel(self.loss.rows["loop"], real.name, counting)
            kernel.launch(call.stream, self.blocks, jit.THREADS, tuple(integers), self.numbers(scale[1]))

    def explain(self, position: int, operand: int) -> None:
        """Raise in the words that host arrays have."""
        hosts: list[Any] = [self.call.library.download(a.owner) for a in self.inputs]
        weight = None if self.weight is None else self.call.library.download(self.weight.owner)
        HostBackend().complain(self.loss, position, operand, hosts, weight)


def compute(request: Request) -> Any:
    """Run a loss of lists."""
    call, mode, mean = Call(request), request.mode, request.averaged
    with call.library.current():
        lists = Lists(call, request.arguments, request.options)
        values, outputs = outputs_of(call, lists.pred, (lists.groups,), lists.inputs)
        partials, notes = call.workspace(4 * max(lists.blocks, 1)), []
        scale, known = (0, 1.0), lists.known
        if mean and mode and known is None:
            counts = call.workspace(4 * max(lists.blocks, 1))
            lists.launch(counts, scale, (0, 0, 0), [0, 0, 0, 0], [None] * 3, True)
            scale = call.workspace(1), 1.0
            notes.append(call.finish(counts, lists.blocks, None, scale=scale[0]))
        elif mean and mode and known is not None:
            scale = 0, 1.0 / known if known else 0.0
        asked = int(values is not None), mode, int(request.bound)
        lists.launch(partials, scale, asked, lists.scratch(), [values, *outputs], False)
        return conclude(call, (partials, lists.blocks), known, (values, outputs), notes, lists.explain)
