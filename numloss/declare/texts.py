"""The text of laws and of all that they call, in the language that the translator of the build reads.

Numbers that a function refers to by name become its own, calls give all arguments in order, what one statement says in
several ways is said in one. The functions of numloss are left to the translator, which has their text.
"""

from __future__ import annotations

import ast
import math
import types
from collections.abc import Callable
from typing import Any

from .. import scalar
from ..registry import law_arguments
from . import slopes
from .sources import NoSource, tree_of

LIBRARY = (scalar.__name__, slopes.__name__)
# What Python's own choices are in the language: of two, the first unless the other one is less, or more.
CHOICES = {"min": "<", "max": ">"}


class Texts:
    """Functions of users as texts of names of their own; `names` are these, by function."""

    def __init__(self, refuse: Callable[[str], Exception]) -> None:
        self.refuse = refuse
        self.names: dict[int, str] = {}
        self.widths: dict[str, int] = {}
        self.parts: list[str] = []
        self.alive: list[Any] = []

    def add(self, function: types.FunctionType) -> str:
        """The name of a function in the text, where it stands behind those that it calls."""
        if function.__module__ in LIBRARY:
            return function.__name__
        if id(function) not in self.names:
            plain = function.__name__.strip("_") if function.__name__.isidentifier() else "law"
            name = f"own{len(self.names)}_{plain}"
            self.names[id(function)] = name
            self.alive.append(function)
            self.parts.append(Resolved(self, function, name).text())
        return self.names[id(function)]

    def choice(self, name: str) -> str:
        """min or max of two numbers as a function."""
        own = f"own_{name}"
        if own not in self.widths:
            self.widths[own] = 1
            self.parts.append(f"def {own}(a, b):\n    return b if b {CHOICES[name]} a else a\n")
        return own

    def text(self) -> str:
        """All functions."""
        return "\n\n".join(self.parts)


class Resolved(ast.NodeTransformer):
    """Rewrites one function."""

    def __init__(self, texts: Texts, function: types.FunctionType, name: str) -> None:
        self.texts, self.function, self.name = texts, function, name
        try:
            self.tree = ast.parse(ast.unparse(tree_of(function))).body[0]
        except NoSource as why:
            raise texts.refuse(f"{function.__name__!r} cannot be translated: {why}") from None
        code = function.__code__
        cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
        self.scope = dict(function.__globals__) | {cell: value.cell_contents for cell, value in cells}
        self.local = set(code.co_varnames)
        self.numbers: dict[str, float] = {}
        self.count = 0

    def text(self) -> str:
        """The function under its new name."""
        tree = self.visit(self.tree)
        given = [ast.arg(argument) for argument in law_arguments(self.function)]
        tree.args = ast.arguments(posonlyargs=[], args=given, kwonlyargs=[], kw_defaults=[], defaults=[])
        tree.name, tree.decorator_list, tree.returns = self.name, [], None
        known = [part for name, value in self.numbers.items() for part in number_text(name, value)]
        tree.body[:0] = ast.parse("\n".join(known)).body
        returns = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return) and node.value]
        self.texts.widths[self.name] = max(len(leaves(value)) for value in returns)
        return ast.unparse(ast.fix_missing_locations(tree)) + "\n"

    def no(self, node: ast.AST, what: str) -> Exception:
        return self.texts.refuse(f"{self.function.__name__!r}: {what} is not in the language of laws")

    # statements

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        target = ast.unparse(node.target)
        whole = ast.BinOp(ast.Name(target, ast.Load()), node.op, node.value)
        return self.visit(ast.Assign([ast.Name(target, ast.Store())], whole))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        return self.visit(ast.Assign([node.target], node.value)) if node.value else None

    def visit_Pass(self, node: ast.Pass) -> Any:
        return ast.Assign([ast.Name("nothing", ast.Store())], ast.Constant(0.0))

    def visit_Assign(self, node: ast.Assign) -> Any:
        value = self.visit(node.value)
        first, *others = node.targets
        again = ast.unparse(first)
        return [ast.Assign([first], value), *(ast.Assign([other], ast.Name(again, ast.Load())) for other in others)]

    def visit_Return(self, node: ast.Return) -> Any:
        value: Any = self.visit(node.value or ast.Constant(None))
        width = self.texts.widths.get(getattr(value.func, "id", ""), 1) if isinstance(value, ast.Call) else 1
        if width == 1:
            return ast.Return(value)
        names = [f"result{k}" for k in range(width)]
        left = ast.Tuple([ast.Name(name, ast.Store()) for name in names], ast.Store())
        right = ast.Tuple([ast.Name(name, ast.Load()) for name in names], ast.Load())
        return [ast.Assign([left], value), ast.Return(right)]

    # expressions

    def visit_Constant(self, node: ast.Constant) -> Any:
        if isinstance(node.value, bool):
            return ast.Compare(ast.Constant(1.0 if node.value else 0.0), [ast.Gt()], [ast.Constant(0.5)])
        return node

    def visit_Name(self, node: ast.Name) -> Any:
        if node.id in self.local or not isinstance(node.ctx, ast.Load):
            return node
        value = self.scope.get(node.id)
        if isinstance(value, bool):
            return self.visit_Constant(ast.Constant(value))
        if not isinstance(value, (int, float)):
            raise self.no(node, node.id)
        self.numbers[node.id] = float(value)
        return node

    def visit_Call(self, node: ast.Call) -> Any:
        if not isinstance(node.func, ast.Name):
            raise self.no(node, ast.unparse(node.func))
        name = node.func.id
        callee = self.scope.get(name)
        given = [self.visit(argument) for argument in node.args]
        if name == "abs" and callee in (None, abs):
            return ast.Call(ast.Name("abs", ast.Load()), given, [])
        if name in CHOICES and callee in (None, min, max):
            own = ast.Name(self.texts.choice(name), ast.Load())
            found = given[0]
            for other in given[1:]:
                found = ast.Call(own, [found, other], [])
            return found
        if not isinstance(callee, types.FunctionType):
            raise self.no(node, name)
        return ast.Call(ast.Name(self.texts.add(callee), ast.Load()), self.in_order(node, callee, given), [])

    def in_order(self, node: ast.Call, callee: types.FunctionType, given: list[ast.expr]) -> list[ast.expr]:
        """All arguments of a call."""
        names, defaults = law_arguments(callee), callee.__defaults__ or ()
        found = dict(zip(names, given, strict=False))
        found |= {keyword.arg: self.visit(keyword.value) for keyword in node.keywords if keyword.arg}
        for name, value in zip(names[len(names) - len(defaults) :], defaults, strict=True):
            if name not in found:
                self.count += 1
                self.numbers[f"default{self.count}_{name}"] = float(value)
                found[name] = ast.Name(f"default{self.count}_{name}", ast.Load())
        return [found[name] for name in names]


def leaves(node: ast.expr) -> list[ast.expr]:
    """The numbers of a tuple of tuples."""
    return [leaf for part in node.elts for leaf in leaves(part)] if isinstance(node, ast.Tuple) else [node]


def number_text(name: str, value: float) -> list[str]:
    """The statements that give a name its number."""
    if math.isfinite(value):
        return [f"{name} = {value!r}"]
    if math.isnan(value):
        return [f"{name} = 1e999", f"{name} = {name} - {name}"]
    return [f"{name} = {'-' if value < 0 else ''}1e999"]
