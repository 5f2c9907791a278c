"""Sums over the tokens of sequences on the host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...calls.lists import blocks_of
from ..packing.operands import Array, Problem
from ..packing.packed import header_of

if TYPE_CHECKING:
    from ...calls.tokens import Tokens
    from . import HostBackend

# Nanoseconds for a token.
COST = 1.0


def summed(backend: HostBackend, tokens: Tokens) -> tuple[Array, Array | None, Array | None]:
    """The sums of weights of sequences; at each token its share and the mean of its sequence, where they are wanted."""
    kept: list[Any] = []
    firsts, sums = blocks_of(tokens.pointers, 0), np.zeros(len(tokens.pointers) - 1)
    shares = np.empty(tokens.shape) if tokens.spread else None
    means = np.empty(tokens.shape) if tokens.shared else None
    header = header_of(tokens, (id(firsts), id(tokens.pointers), id(sums)), (shares, means), kept)
    loop = backend.loop("packed_block", "float64")
    outcome = backend.launch(Problem(loop, header, len(firsts) - 1, tokens.first.size * COST))
    if outcome.bad_at >= 0:
        tokens.complain(outcome.bad_at, outcome.bad_in)
    return sums, shares, means
