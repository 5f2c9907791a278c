"""What the kernels of rows share: laws with their parameters, and the results of a block."""

from __future__ import annotations

from typing import Any

from . import target
from .walk import key


def applied(law: Any, inputs: int, params: int, at: int, dtype: str) -> Any:
    """A law of so many numbers as `apply(x0, x1, ..., r)`, which takes its parameters from r[at] on."""
    real = target.words_of(dtype)["real"]
    names = ", ".join(f"x{k}" for k in range(inputs))
    values = "".join(f", real(r[{at + k}])" for k in range(params))
    scope = {"__name__": f"{law.__name__} in {dtype}", "law": target.typed(law, dtype), "real": real}
    return target.generated(f"def apply({names}, r):\n    return law({names}{values})\n", "apply", scope)


def block_texts(dtype: str) -> dict[str, Any]:
    """`within`, `index_below`, `team_total` and `close_block`."""
    words = target.words_of(dtype)
    double, doubles = words["double"], words["doubles"]
    complaint = target.jitable(key)

    @target.jitable
    def within(x, low, high, row, which, first):  # type: ignore[no-untyped-def]
        """The first complaint, now that x has been seen."""
        return first if x >= low and x <= high else min(first, complaint(row, which))

    @target.jitable
    def index_below(index, size, row, which, first):  # type: ignore[no-untyped-def]
        """An index that may be used, and the first complaint."""
        if index < 0 or index >= size:
            return index - index, min(first, complaint(row, which))
        return index, first

    @target.jitable
    def team_total(shared, begin, team):  # type: ignore[no-untyped-def]
        """The sum of what the threads of a team have left in shared memory, in their order."""
        total = double(shared[begin])
        for k in range(1, team):
            total += shared[begin + k]
        return total

    @target.jitable
    def close_block(partials, block, threads, totals, weights, worst):  # type: ignore[no-untyped-def]
        """Write the partial results of a block."""
        partial = doubles(partials + 32 * block)
        partial[0] = team_total(totals, 0, threads)
        partial[1] = team_total(weights, 0, threads)
        partial[2] = double(worst[0])

    return {"within": within, "index_below": index_below, "team_total": team_total, "close_block": close_block}
