"""What the kernels of rows share: laws with their parameters, and the results of a block."""

from __future__ import annotations

from typing import Any

from . import jit
from .checks import NO_COMPLAINT, key

# Numbers that are left of those of the threads of a block before one thread, or all of them, add them up.
LANES = 16


def applied(law: Any, inputs: int, params: int, at: int, dtype: str) -> Any:
    """A law of so many numbers as `apply(x0, x1, ..., r)`, which takes its parameters from r[at] on."""
    real = jit.words_of(dtype)["real"]
    names = ", ".join(f"x{k}" for k in range(inputs))
    values = "".join(f", real(r[{at + k}])" for k in range(params))
    scope = {"__name__": f"{law.__name__} in {dtype}", "law": jit.typed(law, dtype), "real": real}
    return jit.generated(f"def apply({names}, r):\n    return law({names}{values})\n", "apply", scope)


def sum_texts() -> dict[str, Any]:
    """`block_sum` and `block_top`: of one number of each thread, known to all of them, in one order."""
    threads, barrier = jit.THREADS, jit.words_of("float64")["barrier"]

    @jit.jitable
    def block_sum(shared, thread, x):  # type: ignore[no-untyped-def]
        shared[thread] = x
        barrier()
        if thread < LANES:
            for other in range(thread + LANES, threads, LANES):
                shared[thread] += shared[other]
        barrier()
        total = shared[0]
        for k in range(1, LANES):
            total += shared[k]
        barrier()
        return total

    @jit.jitable
    def block_top(shared, thread, x):  # type: ignore[no-untyped-def]
        shared[thread] = x
        barrier()
        if thread < LANES:
            for other in range(thread + LANES, threads, LANES):
                shared[thread] = max(shared[thread], shared[other])
        barrier()
        top = shared[0]
        for k in range(1, LANES):
            top = max(top, shared[k])
        barrier()
        return top

    return {"block_sum": block_sum, "block_top": block_top}


def block_texts(dtype: str) -> dict[str, Any]:
    """`within`, `index_below`, `team_total`, and what closes a block."""
    words = jit.words_of(dtype)
    double, doubles, barrier, note_least = words["double"], words["doubles"], words["barrier"], words["note_least"]
    key_of = jit.jitable(key)

    @jit.jitable
    def within(x, low, high, row, which, first):  # type: ignore[no-untyped-def]
        """The first complaint, now that x has been seen."""
        return first if x >= low and x <= high else min(first, key_of(row, which))

    @jit.jitable
    def index_below(index, size, row, which, first):  # type: ignore[no-untyped-def]
        """An index that may be used, and the first complaint."""
        if index < 0 or index >= size:
            return index - index, min(first, key_of(row, which))
        return index, first

    @jit.jitable
    def team_total(shared, begin, team):  # type: ignore[no-untyped-def]
        """The sum of what the threads of a team have left in shared memory, in their order."""
        total = double(shared[begin])
        for k in range(1, team):
            total += shared[begin + k]
        return total

    @jit.jitable
    def first_of_block(worst, first):  # type: ignore[no-untyped-def]
        """The first complaint of all threads, once they are here; `worst` was none before."""
        barrier()
        if first < NO_COMPLAINT:
            note_least(worst, first)
        barrier()
        return worst[0]

    @jit.jitable
    def leave(partials, block, total, weight, complaint):  # type: ignore[no-untyped-def]
        """Write the partial results of a block."""
        partial = doubles(partials + 32 * block)
        partial[0] = total
        partial[1] = weight
        partial[2] = double(complaint)

    @jit.jitable
    def close_block(partials, block, threads, thread, totals, weights, worst, first):  # type: ignore[no-untyped-def]
        """Write the partial results of a block, of what its threads have left in shared memory."""
        complaint = first_of_block(worst, first)
        if thread == 0:
            leave(partials, block, team_total(totals, 0, threads), team_total(weights, 0, threads), complaint)

    @jit.jitable
    def close_checks(partials, block, thread, worst, first):  # type: ignore[no-untyped-def]
        """Write the partial results of a block that adds nothing up."""
        complaint = first_of_block(worst, first)
        if thread == 0:
            leave(partials, block, double(0.0), double(0.0), complaint)

    texts = {"within": within, "index_below": index_below, "team_total": team_total, "leave": leave}
    return texts | {"first_of_block": first_of_block, "close_block": close_block, "close_checks": close_checks}
