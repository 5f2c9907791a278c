"""Tiles are vectorised: the loop over elements is made of packed instructions."""

from __future__ import annotations

import inspect
import platform
import re
from collections.abc import Set
from typing import Any

import pytest
from cases import DTYPES, NAMES, record, stands_for_its_kind
from compare import told
from machine import missing
from words import law_of

from numloss import scalar
from numloss.backends import cython_aot
from numloss.loops import rowwise_short

LEVELS = cython_aot.runnable_levels()
TILED = [name for name in NAMES if record(name).family == "elementwise"]
WORDY = ("adaptive_robust", "crps_gaussian", "focal", "iou", "ordinal_logistic", "student_t_nll")
# words without arithmetic to count
CHOICES = ("maximum", "minimum", "sign")
ARITHMETIC = re.compile(r"\bv?(add|sub|mul|div|max|min|sqrt|fn?m(?:add|sub)(?=\d))\d*(p[sd]|s[sd])\b")
JUMP = re.compile(r"\s*j\w+\s+(\.L\w+)")

pytestmark = [
    pytest.mark.skipif("numba" in missing(), reason=f"numba: {missing().get('numba')}"),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the instructions counted are those of x86-64"),
    pytest.mark.skipif("v3" not in LEVELS, reason="without an instruction for fma, loops call a function"),
]


def inside_loops(assembly: str) -> str:
    """The lines from a label to a jump back to it: what is the same for all elements is computed before, once."""
    lines = assembly.splitlines()
    labels = {line[:-1]: at for at, line in enumerate(lines) if line.startswith(".L") and line.endswith(":")}
    kept: set[int] = set()
    for at, line in enumerate(lines):
        jump = JUMP.match(line)
        if jump and labels.get(jump[1], at) < at:
            kept.update(range(labels[jump[1]], at))
    return "\n".join(lines[at] for at in sorted(kept))


def packed_and_scalar(assembly: str) -> tuple[set[str], set[str]]:
    """The kinds of arithmetic that loops do on vectors, and those that they do on one number."""
    # x - c is written as x + (-c) at will, and signs are taken into a fused operation
    found = ARITHMETIC.findall(inside_loops(assembly))
    kinds = {(operation.replace("sub", "add").replace("fn", "f"), on) for operation, on in found}
    packed = {operation for operation, on in kinds if on.startswith("p")}
    return packed, {operation for operation, on in kinds if on.startswith("s")}


def assembly_of(tile: Any) -> str:
    """The instructions of a tile, compiled now or kept on disk."""
    library = tile._library
    library._ensure_finalized()
    return str(library._codegen._tm.emit_assembly(library._shared_module or library._final_module))


def tiles() -> list[Any]:
    """Every law with its curvature; by default those that test_bits.py compiles in float32, and those with most words.

    These in all modes, of which the last has all that the others have.
    """
    return [
        pytest.param(name, dtype, mode, marks=() if by_default(name, dtype, mode) else pytest.mark.more)
        for name in TILED
        for dtype in DTYPES
        for mode in ((0, 1, 2) if name in WORDY else (2,))
    ]


def by_default(name: str, dtype: str, mode: int) -> bool:
    return mode == 2 and (name in WORDY or (dtype == "float32" and stands_for_its_kind(name)))


@pytest.mark.parametrize(("name", "dtype", "mode"), tiles())
def test_every_tile_is_packed(name: str, dtype: str, mode: int) -> None:
    from numloss.backends.numba_cpu import compile as compiler

    loss = record(name)
    # of a law without curvatures the last mode is that of its slopes
    mode = min(mode, 2 if loss.curvature else 1)
    tile = compiler.tile(loss.law, dtype, *loss.tile_shape, mode, *loss.tile)
    with told(loss=name, dtype=dtype, mode=mode):
        # constants are computed once a tile, and their exponentials have bounds
        assert_packed(assembly_of(tile), {"min", "max"} if loss.constants else set())


def assert_packed(assembly: str, once: Set[str] = frozenset()) -> None:
    """The main loop works on vectors, as wide as this CPU's; some operations may be done once, before it."""
    packed, single = packed_and_scalar(assembly)
    single = single - once
    # the last few elements are done one by one; a main loop that is so too leaves its operations without vectors
    assert packed and packed >= single, f"only one number at a time: {single - packed}; on vectors: {packed}"
    assert re.search(r"%[yz]mm", assembly), "vectors are half as wide as this CPU's"


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.more)])
@pytest.mark.parametrize("word", [word for word in scalar.__all__ if word not in CHOICES])
def test_every_word_is_packed(word: str, dtype: str) -> None:
    from numloss.backends.numba_cpu import compile as compiler

    function = getattr(scalar, word)
    arguments = len(inspect.signature(function).parameters)
    tile = compiler.tile(law_of(function, arguments), dtype, arguments, 0, 1, 0)
    assert_packed(assembly_of(tile))


def test_exponentials_of_rows_are_packed_alone() -> None:
    """All is done in sixteens, and no pointer leads to the memory of another: there is no loop for one at a time."""
    from numloss.backends.numba_cpu import compile as compiler

    assembly = assembly_of(compiler.loop(rowwise_short.many_terms, "float32"))
    assert_packed(assembly)
    assert "fmadd" not in packed_and_scalar(assembly)[1]


@pytest.mark.parametrize("dtype", DTYPES)
def test_only_the_text_fuses(dtype: str) -> None:
    """A product and a sum stay two operations, and what the text fuses is one."""
    from numloss.backends.numba_cpu import compile as compiler

    def apart(x, y, z):
        return x * y + z, 0.0, 0.0

    for law, expected in ((apart, {"mul", "add"}), (law_of(scalar.fma, 3), {"fmadd"})):
        packed, single = packed_and_scalar(assembly_of(compiler.tile(law, dtype, 3, 0, 1, 0)))
        assert packed | single == expected


def test_counting() -> None:
    loop = "\tvmulps %ymm0\n\taddsd %xmm1, %xmm2\n\tvdivpd %zmm0\n\tmovaps %xmm1\n\tvdivsd %xmm0\n"
    loop += "\tvfnmadd213ps %ymm0\n\tvfmsub132ps %ymm1\n"
    text = f"\tminss %xmm0\n\tjne\t.LBB0_2\n.LBB0_1:\n{loop}\tjne\t.LBB0_1\n.LBB0_2:\n\tmaxps %xmm0\n"
    assert packed_and_scalar(text) == ({"mul", "div", "fmadd"}, {"add", "div"})
