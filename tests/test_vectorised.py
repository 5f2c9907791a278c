"""Tiles are vectorised: the loop over elements is made of packed instructions."""

from __future__ import annotations

import inspect
import platform
import re

import pytest
from cases import DTYPES, NAMES, record
from machine import missing
from words import law_of

from numloss import scalar
from numloss.backends import cython_aot

LEVELS = cython_aot.runnable_levels()
TILED = [name for name in NAMES if record(name).family == "elementwise"]
# All outputs together in `make test`; the value, and the value with its slope, in the full matrix.
MODES = [
    pytest.param(0, id="value", marks=pytest.mark.more),
    pytest.param(1, id="gradient", marks=pytest.mark.more),
    pytest.param(2, id="curvature"),
]
# words without arithmetic to count
CHOICES = ("maximum", "minimum", "sign")
ARITHMETIC = re.compile(r"\bv?(add|sub|mul|div|max|min|sqrt)(p[sd]|s[sd])\b")
JUMP = re.compile(r"\s*j\w+\s+(\.L\w+)")
FUSED = re.compile(r"\bvfn?m(?:add|sub)\d+")

pytestmark = [
    pytest.mark.skipif("numba" in missing(), reason=f"numba: {missing().get('numba')}"),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the instructions counted are those of x86-64"),
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
    # x - c is written as x + (-c) at will
    kinds = {(operation.replace("sub", "add"), on) for operation, on in ARITHMETIC.findall(inside_loops(assembly))}
    packed = {operation for operation, on in kinds if on.startswith("p")}
    return packed, {operation for operation, on in kinds if on.startswith("s")}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", TILED)
def test_every_tile_is_packed(name: str, dtype: str, mode: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from numloss.backends.numba_cpu import compile as compiler

    loss = record(name)
    monkeypatch.setenv("NUMLOSS_CACHE", "0")  # only what is compiled now can be looked at
    tile = compiler.tile.__wrapped__(loss.law, dtype, *loss.tile_shape, mode, *loss.constant_part)
    assert_packed(tile._library.get_asm_str())


def assert_packed(assembly: str) -> None:
    """The main loop works on vectors, as wide as this CPU's, without fused multiply-adds."""
    packed, single = packed_and_scalar(assembly)
    # the last few elements are done one by one; a main loop that is so too leaves its operations without vectors
    assert packed and packed >= single, f"only one number at a time: {single - packed}; on vectors: {packed}"
    assert not FUSED.search(assembly), "a fused multiply-add rounds once where others round twice"
    if "v3" in LEVELS:
        assert re.search(r"%[yz]mm", assembly), "vectors are half as wide as this CPU's"


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.more)])
@pytest.mark.parametrize("word", [word for word in scalar.__all__ if word not in CHOICES])
def test_every_word_is_packed(word: str, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from numloss.backends.numba_cpu import compile as compiler

    monkeypatch.setenv("NUMLOSS_CACHE", "0")
    function = getattr(scalar, word)
    arguments = len(inspect.signature(function).parameters)
    tile = compiler.tile.__wrapped__(law_of(function, arguments), dtype, arguments, 0, 1, 0)
    assert_packed(tile._library.get_asm_str())


def test_counting() -> None:
    loop = "\tvmulps %ymm0\n\taddsd %xmm1, %xmm2\n\tvdivpd %zmm0\n\tmovaps %xmm1\n\tvdivsd %xmm0\n"
    text = f"\tminss %xmm0\n\tjne\t.LBB0_2\n.LBB0_1:\n{loop}\tjne\t.LBB0_1\n.LBB0_2:\n\tmaxps %xmm0\n"
    assert packed_and_scalar(text) == ({"mul", "div"}, {"add", "div"})
