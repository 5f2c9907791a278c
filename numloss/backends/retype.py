"""Gives a law the dtype of the data: float literals, vocabulary and helper laws, without needing its source.

A float in a function's code is a float64, and would turn float32 arithmetic into float64. `retype` builds the
same function with its constants, its globals and its closure converted, and the functions that it calls retyped
in turn. Only the code object is read, so laws from a notebook, a lambda or an exec-ed string work as well.
"""

from __future__ import annotations

import builtins
import dis
import hashlib
import types
import weakref
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


def plain_text(function: Any) -> Any:
    """The Python function that `numba.njit` was given; anything else as it is."""
    compiled = type(function).__module__.startswith("numba.core.")
    return getattr(function, "py_func", function) if compiled else function


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


# Laws as they were taken, by name and content; each lives as long as a loss or a kernel has it.
_taken: weakref.WeakValueDictionary[tuple[str, str], Law] = weakref.WeakValueDictionary()


def taken(law: Law) -> Law:
    """A law with the numbers and the functions that it refers to now; the same object for the same content.

    What is kept of a law, such as its kernels, may be found by this object: other content is another one.
    """
    copied = _copy(law, {})
    return _taken.setdefault((law.__name__, fingerprint(law, "float64")), copied)


def _copy(law: Any, made: dict[int, Any]) -> Any:
    """A function of a user with copies of the functions that it refers to; everything else as it is."""
    law = plain_text(law)
    if not isinstance(law, types.FunctionType) or (law.__module__ or "").startswith("numloss."):
        return law
    if id(law) in made:
        return made[id(law)]
    code, names = law.__code__, {"__builtins__": builtins, "__name__": law.__globals__.get("__name__", __name__)}
    cells = tuple(types.CellType() for _ in code.co_freevars)
    result = types.FunctionType(code, names, law.__name__, law.__defaults__, cells)
    made[id(law)] = result
    result.__module__, result.__kwdefaults__ = law.__module__, law.__kwdefaults__
    for name in code.co_names:
        if name in law.__globals__:
            names[name] = _copy(law.__globals__[name], made)
        elif name not in vars(builtins):
            raise LawError(f"law {law.__name__!r}: the name {name!r} is not defined")
    for cell, given in zip(cells, law.__closure__ or (), strict=True):
        cell.cell_contents = _copy(given.cell_contents, made)
    return result


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

    # a kernel that is kept on disk names a module, which has to be there wherever it is read
    home = source.__module__ if (source.__module__ or "").startswith("numloss.") else __name__
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
    given = source.__defaults__ or ()
    defaults = tuple(convert(value, real, "a default", where, law_of, whole) for value in given)
    result = types.FunctionType(typed.replace(co_name=name), names, name, defaults, cells)
    result.__qualname__ = name
    result.__module__ = home
    return result


def outside_of(law: types.FunctionType) -> dict[str, Any]:
    """What a law refers to by name: globals, and what it closes over."""
    code = law.__code__
    found = {name: law.__globals__[name] for name in code.co_names if name in law.__globals__}
    cells = zip(code.co_freevars, law.__closure__ or (), strict=True)
    return found | {name: cell.cell_contents for name, cell in cells}


def fingerprint(law: Law, dtype: str, seen: dict[int, int] | None = None) -> str:
    """A hash of everything that a law computes with: its code, its numbers, the headers that it reads, and the
    functions that it calls."""
    seen = {} if seen is None else seen
    source = typed_text(law, dtype)
    if not isinstance(source, types.FunctionType):
        return ""
    if id(source) in seen:
        return str(seen[id(source)])
    seen[id(source)] = len(seen)
    code = source.__code__
    # repr of the constants without the docstring: a comment or a sentence changes nothing
    constants = [c for c in code.co_consts if not isinstance(c, str)]
    parts = [code.co_code.hex(), repr(constants), repr(code.co_names), repr(code.co_varnames), dtype]
    parts += [str(getattr(source, mark, False)) for mark in ("noinline", "apart")] + [repr(source.__defaults__)]
    read = [str(note).removeprefix("Many[").removesuffix("]") for note in source.__annotations__.values()]
    parts += [HEADERS[name].described() for name in (*read, *code.co_names) if name in HEADERS]
    for name, value in outside_of(source).items():
        if isinstance(value, types.FunctionType):
            parts += [name, fingerprint(value, dtype, seen)]
        elif isinstance(value, (int, float)):
            parts += [name, repr(value)]
        else:
            parts += [name, getattr(value, "__qualname__", type(value).__qualname__)]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()
