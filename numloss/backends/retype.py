"""Gives a law the dtype of the data: float literals, vocabulary and helper laws, without needing its source.

A float in a function's code is a float64, and would turn float32 arithmetic into float64. `retype` builds the
same function with its constants, its globals and its closure converted, and the functions that it calls retyped
in turn. Only the code object is read, so laws from a notebook, a lambda or an exec-ed string work as well.
"""

from __future__ import annotations

import builtins
import dis
import hashlib
import math
import types
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .. import scalar
from ..loops.headers import HEADERS

Law = Callable[..., Any]
SUFFIX = {"float32": "f32", "float64": "f64"}
ARITHMETIC = {"abs": abs, "min": min, "max": max}
INTEGERS_ALLOWED = ("numloss.loops.", "numloss.backends.numba_cpu.layers.")


class LawError(TypeError):
    """A law uses something that laws do not have."""


def typed_text(value: Law, dtype: str) -> Law:
    """The text that stands behind a word of the vocabulary for a dtype; other functions are their own text."""
    if getattr(value, "__module__", None) == scalar.__name__:
        return getattr(scalar, f"_{value.__name__}_{SUFFIX[dtype]}", value)  # type: ignore[no-any-return]
    return value


def check(law: Any) -> None:
    """Refuse what would silently compute in another dtype than the data's."""
    if not isinstance(law, types.FunctionType):
        raise LawError(f"a law must be a Python function, not {type(law).__name__}")
    if (law.__module__ or "").startswith(INTEGERS_ALLOWED):
        return
    name = f"law {law.__name__!r}"
    for instruction in dis.get_instructions(law):
        if instruction.opname == "BINARY_OP" and "**" in instruction.argrepr:
            raise LawError(f"{name}: ** is not available in laws; multiply, or use exp and log from numloss.scalar")
        if instruction.opname in ("LOAD_CONST", "LOAD_SMALL_INT", "RETURN_CONST"):
            value = instruction.argval
            numbers = value if isinstance(value, tuple) else (value,)
            if any(isinstance(v, int) and not isinstance(v, bool) for v in numbers):
                raise LawError(f"{name}: write the integer {value} as a float; an integer computes in float64")
    if law.__code__.co_kwonlyargcount or law.__code__.co_flags & 0x0C:
        raise LawError(f"{name}: laws take positional scalars only, no keyword-only, * or ** arguments")


def convert(value: Any, real: type, name: str, where: str, law_of: Callable[[Law], Any], whole: bool) -> Any:
    """A global or closure value as the retyped function must see it; `whole` says that integers stay what they are."""
    if isinstance(value, bool) or (whole and isinstance(value, int)):
        return value
    if isinstance(value, (int, float)):
        return real(value)
    if isinstance(value, types.FunctionType):
        return law_of(value)
    if value in ARITHMETIC.values() or isinstance(value, type):
        return value
    hint = ""
    if isinstance(value, types.ModuleType) or getattr(value, "__module__", "") in ("math", "numpy"):
        hint = "; import the function from numloss.scalar instead"
    raise LawError(f"{where}: {name} ({type(value).__name__}) is not available in laws{hint}")


def retype(law: Law, dtype: str, compile: Callable[[Law, str], Any], words: Mapping[str, Any]) -> Law:
    """The law with every number in it of the given dtype.

    `compile(law, dtype)` gives what to call for the functions in it;
    `words` are names that the target supplies: the primitives, and the words of the loop language.
    """
    real = getattr(np, dtype)
    source = typed_text(law, dtype)
    check(source)
    assert isinstance(source, types.FunctionType)
    code = source.__code__
    where = f"law {source.__name__!r}"
    whole = (source.__module__ or "").startswith(INTEGERS_ALLOWED)

    def law_of(other: Law) -> Any:
        if other.__name__ in words and (other.__module__ or "").startswith("numloss."):
            return words[other.__name__]
        return compile(other, dtype)

    def constant(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(constant(v) for v in value)
        return real(value) if isinstance(value, float) else value

    # a law from a string belongs to no module; a kernel that is kept on disk has to name one
    home = source.__module__ or __name__
    names: dict[str, Any] = {"__builtins__": builtins, "__name__": home}
    loaded = {i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL"}
    for name in code.co_names:
        if whole and name not in loaded:
            continue  # the field of a header
        if name in words:
            names[name] = words[name]
        elif name in source.__globals__:
            names[name] = convert(source.__globals__[name], real, name, where, law_of, whole)
        elif name not in vars(builtins):
            raise LawError(f"{where}: the name {name!r} is not defined")
    cells = tuple(
        types.CellType(convert(cell.cell_contents, real, name, where, law_of, whole))
        for name, cell in zip(code.co_freevars, source.__closure__ or (), strict=True)
    )
    typed = code.replace(co_consts=tuple(constant(value) for value in code.co_consts))
    # Machine code that was kept on disk by several processes meets in one: what is not the same code must not have
    # the same name, or one dtype would run the code of another.
    name = f"{source.__name__.strip('<>')}_{fingerprint(law, dtype)[:16]}"
    result = types.FunctionType(typed.replace(co_name=name), names, name, source.__defaults__, cells)
    result.__qualname__ = name
    result.__module__ = home
    return result


def fingerprint(law: Law, dtype: str, seen: set[int] | None = None) -> str:
    """A hash of everything that a law computes with: its code, its numbers, the headers that it reads, and the
    functions that it calls."""
    seen = set() if seen is None else seen
    source = typed_text(law, dtype)
    if id(source) in seen or not isinstance(source, types.FunctionType):
        return ""
    seen.add(id(source))
    code = source.__code__
    # repr of the constants without the docstring: a comment or a sentence changes nothing
    constants = [c for c in code.co_consts if not isinstance(c, str)]
    parts = [code.co_code.hex(), repr(constants), repr(code.co_names), repr(code.co_varnames), dtype]
    parts.append(str(getattr(source, "noinline", False)))
    read = [str(note).removeprefix("Many[").removesuffix("]") for note in source.__annotations__.values()]
    parts += [HEADERS[name].described() for name in (*read, *code.co_names) if name in HEADERS]
    outside = {name: source.__globals__[name] for name in code.co_names if name in source.__globals__}
    for name, cell in zip(code.co_freevars, source.__closure__ or (), strict=True):
        outside[name] = cell.cell_contents
    for name, value in outside.items():
        if isinstance(value, types.FunctionType):
            parts += [name, fingerprint(value, dtype, seen)]
        elif isinstance(value, (int, float)) and not math.isnan(value):
            parts += [name, repr(value)]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()
