"""Memory of a thread for the headers that loops write."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numba import from_dtype

from . import jit


@functools.cache
def memory_of(header: Any) -> Any:
    """A word that gives memory of a thread for a header of numbers, with anything in it."""
    kinds = {"Int": np.int64, "Double": np.float64}
    fields = [(name, kinds[kind], *([(count,)] if count else [])) for name, (kind, count, _) in header.fields().items()]
    dtype = np.dtype((np.record, fields))
    if jit.SIMULATED:
        return lambda: np.empty(1, dtype)[0]
    from llvmlite import ir
    from numba.cuda.extending import intrinsic

    record = from_dtype(dtype)

    @intrinsic
    def memory(typingctx):  # type: ignore[no-untyped-def]
        def codegen(context, builder, signature, args):  # type: ignore[no-untyped-def]
            with builder.goto_entry_block():
                data = builder.alloca(ir.ArrayType(ir.IntType(64), header.size() // 8))
            return builder.bitcast(data, context.get_value_type(record))

        return record(), codegen

    return memory
