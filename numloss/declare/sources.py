"""The text of a function as a syntax tree, found again where it was written."""

from __future__ import annotations

import ast
import functools
import inspect
import types
from typing import Any

Function = types.FunctionType


class NoSource(LookupError):
    """The text of a function cannot be read; the message says why."""


def tree_of(function: Function) -> ast.FunctionDef:
    """The definition of a function; of a lambda a definition that returns its expression.

    Only a text that compiles to the code of the function is it: files change after they were read, and a line may hold
    several lambdas.
    """
    code = function.__code__
    try:
        lines, _ = inspect.findsource(code)
    except (OSError, TypeError):
        raise NoSource("its text is in no file that can be read") from None
    for node in definitions("".join(lines)):
        first = min([node.lineno, *(mark.lineno for mark in getattr(node, "decorator_list", ()))])
        if first == code.co_firstlineno and same(compiled(node, code), code):
            return node if isinstance(node, ast.FunctionDef) else named(node)
    raise NoSource(f"line {code.co_firstlineno} of {code.co_filename} has another text now")


@functools.lru_cache(maxsize=16)
def definitions(text: str) -> list[ast.FunctionDef | ast.Lambda]:
    """All functions of a file."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        raise NoSource("its file is no Python any more") from None
    return [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.Lambda))]


def named(node: ast.Lambda) -> ast.FunctionDef:
    """A lambda as a definition."""
    body: list[ast.stmt] = [ast.Return(node.body)]
    found = ast.FunctionDef(name="law", args=node.args, body=body, decorator_list=[], returns=None, type_comment=None)
    return ast.fix_missing_locations(ast.copy_location(found, node))


def compiled(node: ast.FunctionDef | ast.Lambda, like: types.CodeType) -> types.CodeType | None:
    """The code of a definition inside of a function that has the names that it closes over."""
    inside: ast.stmt
    if isinstance(node, ast.FunctionDef):
        plain = {**dict(ast.iter_fields(node)), "decorator_list": [], "returns": None}
        inside = ast.copy_location(ast.FunctionDef(**plain), node)
    else:
        inside = ast.copy_location(ast.Return(node), node)
    around = ast.parse(f"def around({', '.join(like.co_freevars)}):\n    pass")
    around.body[0].body = [inside]  # type: ignore[attr-defined]
    try:
        module = compile(ast.fix_missing_locations(around), like.co_filename, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return None
    return inner(inner(module, "around"), like.co_name)


def inner(code: types.CodeType | None, name: str) -> types.CodeType | None:
    """The code of this name among the constants of another."""
    for value in code.co_consts if code else ():
        if isinstance(value, types.CodeType) and value.co_name == name:
            return value
    return None


def same(code: types.CodeType | None, other: types.CodeType) -> bool:
    """Whether two codes do the same, whatever their lines and docstrings."""
    return code is not None and parts(code) == parts(other)


def parts(code: types.CodeType) -> tuple[Any, ...]:
    numbers = [repr(value) for value in code.co_consts if not isinstance(value, (str, types.CodeType))]
    return code.co_code, numbers, code.co_names, code.co_varnames, code.co_freevars, code.co_argcount
