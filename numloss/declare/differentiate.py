"""Slope and curvature of a law that gives its value alone, by forward differentiation of its text.

Beside each number that depends on what is differentiated the text gets two more, its first and its second derivative;
what comes out is a law like any other, which every backend compiles. A derivative that is 0 or a constant is known
as such and costs nothing. Where the text chooses, the derivatives are those of what it chose. Words have theirs in
slopes.py; functions of the user are differentiated in turn.
"""

from __future__ import annotations

import ast
import hashlib
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .. import scalar
from ..common.generated import defined
from ..registry import Law, law_arguments
from .algebra import Algebra, Dual
from .slopes import FLAT, RULES, Exponent, Text
from .sources import NoSource, tree_of

SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
BUILTINS = {"abs": abs, "min": min, "max": max}
# What a helper is given of an argument beside its value, and gives of a result: nothing, a constant, or a number.
Kind = tuple[str, str]
GIVEN = "given"


@dataclass(frozen=True)
class Derived:
    """A function with derivatives, and which of each result it gives, after all values."""

    function: Law
    results: tuple[Kind, ...]


class Differentiated:
    """All functions that one law needs, each with derivatives once for what is known of its arguments."""

    def __init__(self, refuse: Callable[[str], Exception]) -> None:
        self.refuse = refuse
        self.made: dict[tuple[int, tuple[Kind, ...]], Derived | None] = {}

    def helper(self, function: types.FunctionType, kinds: tuple[Kind, ...]) -> Derived:
        """A function of the user, called with such arguments."""
        key = (id(function), kinds)
        if key not in self.made:
            self.made[key] = None
            text = FunctionText(self, function)
            names = text.seeded(kinds)
            text.block(text.tree.body)
            self.made[key] = text.finished(names)
        found = self.made[key]
        if found is None:
            raise self.refuse(f"{function.__name__} calls itself")
        return found


def differentiated(
    law: types.FunctionType,
    seeds: dict[str, tuple[str, str]],
    refuse: Callable[[str], Exception],
    factor: str | None = None,
) -> Law:
    """The law ``(arguments) -> (value, slope, curvature)`` of one that gives its value; `factor` multiplies the last.

    `seeds` are the first and the second derivative of arguments, each a number or the name of an argument, or its
    negative.
    """
    text = FunctionText(Differentiated(refuse), law)
    for name, (slope, bend) in seeds.items():
        text.known[name] = Dual(name, *(text.seed(part) for part in (slope, bend)))
    kept = text.seed(factor or "")
    text.block(text.tree.body)
    return text.finished([argument.arg for argument in text.tree.args.args], whole=True, factor=kept).function


class FunctionText(Algebra):
    """Writes one function with derivatives. `known` are its names, as far as the text has come."""

    def __init__(self, all_of: Differentiated, function: types.FunctionType) -> None:
        self.all_of, self.function = all_of, function
        try:
            self.tree = tree_of(function)
        except NoSource as why:
            raise all_of.refuse(
                f"{function.__name__!r} gives its value alone, and {why}; write it into a file or a notebook, or give "
                "slope and curvature as well"
            ) from None
        code = function.__code__
        cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
        self.scope = dict(function.__globals__) | {name: cell.cell_contents for name, cell in cells}
        arguments = law_arguments(function)
        self.local = set(code.co_varnames)
        super().__init__({*code.co_varnames, *code.co_names, *code.co_freevars}, self.changing(arguments))
        self.known: dict[str, Dual] = {name: Dual(name) for name in arguments}
        self.returned: list[tuple[list[str], int, int, list[Dual]]] = []

    def changing(self, arguments: tuple[str, ...]) -> set[str]:
        """Names that are assigned more than once: what they are now they may not be later."""
        written = [node.id for node in ast.walk(self.tree) if isinstance(node, ast.Name) and is_written(node)]
        return {name for name in written if written.count(name) > 1 or name in arguments}

    def no(self, node: ast.AST, what: str) -> Exception:
        return self.all_of.refuse(f"{self.function.__name__!r}, line {getattr(node, 'lineno', '?')}: {what}")

    # statements

    def block(self, statements: Sequence[ast.stmt]) -> bool:
        """Write statements; True if the function ends in all of their paths."""
        for statement in statements:
            if isinstance(statement, ast.Return):
                duals = self.values(statement.value) if statement.value else []
                self.returned.append((self.lines, len(self.lines), self.depth, duals))
                self.lines.append("")
                return True
            if isinstance(statement, ast.If):
                if self.branch(statement):
                    return True
            else:
                self.assign(statement)
        return False

    def assign(self, node: ast.stmt) -> None:
        """Any statement without others in it."""
        if isinstance(node, ast.AugAssign):
            whole = ast.BinOp(ast.Name(ast.unparse(node.target), ast.Load()), node.op, node.value)
            self.give(node.target, ast.copy_location(whole, node))
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            self.give(node.target, node.value)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                self.give(target, node.value)
        elif not (isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))):
            raise self.no(node, f"{type(node).__name__} has no derivative: a law has assignments, if and return")

    def give(self, target: ast.expr, value: ast.expr) -> None:
        """Assign to a name, or to several at once."""
        names = target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
        duals = self.values(value) if isinstance(target, (ast.Tuple, ast.List)) else [self.expression(value)]
        if not all(isinstance(name, ast.Name) for name in names) or len(names) != len(duals):
            raise self.no(target, "what is assigned to must be as many names as there are numbers")
        texts = [ast.unparse(name) for name in names]
        self.write(f"{', '.join(texts)} = {', '.join(dual.value for dual in duals)}")
        self.known |= {name: Dual(name, dual.slope, dual.bend) for name, dual in zip(texts, duals, strict=True)}

    def branch(self, node: ast.If) -> bool:
        """Both sides of a choice, after which names have one kind of derivative."""
        test = self.expression(node.test).value
        before, lines = self.known, self.lines
        sides: list[tuple[list[str], dict[str, Dual], bool]] = []
        self.depth += 1
        for body in (node.body, node.orelse):
            self.lines, self.known = [], dict(before)
            ended = self.block(body)
            sides.append((self.lines, self.known, ended))
        (yes, first, over), (no, second, ended) = sides
        self.known = self.meet(yes, first, no, second) if not over and not ended else second if over else first
        self.lines, self.depth = lines, self.depth - 1
        pad = "    " * self.depth
        # returns of both sides know their lists: these are put in when everything is written
        self.lines += [f"{pad}if {test}:", yes or [f"{pad}    pass"]]  # type: ignore[list-item]
        if no:
            self.lines += [f"{pad}else:", no]  # type: ignore[list-item]
        return over and ended

    def meet(self, yes: list[str], first: dict[str, Dual], no: list[str], second: dict[str, Dual]) -> dict[str, Dual]:
        """What is known after a choice: a derivative that differs gets a name that both sides give."""
        found = {}
        for name in [name for name in first if name in second]:
            parts = []
            for kind in ("slope", "bend"):
                mine, other = getattr(first[name], kind), getattr(second[name], kind)
                if mine != other:
                    fresh = self.fresh(kind[0])
                    for lines, part in ((yes, mine), (no, other)):
                        lines.append(f"{'    ' * self.depth}{fresh} = {part or '0.0'}")
                    mine = fresh
                parts.append(mine)
            found[name] = Dual(name, *parts)
        return found

    # expressions

    def values(self, node: ast.expr) -> list[Dual]:
        """Several numbers."""
        if isinstance(node, ast.Tuple):
            return [dual for part in node.elts for dual in self.values(part)]
        if isinstance(node, ast.Call):
            return self.call(node)
        return [self.expression(node)]

    def expression(self, node: ast.expr) -> Dual:
        """One number."""
        if not self.is_active(node):
            return Dual(self.named(ast.unparse(node)))
        if isinstance(node, ast.Name):
            return self.known[node.id]
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            inside = self.expression(node.operand)
            return self.minus(Dual("0.0"), inside, f"-{inside.value}") if isinstance(node.op, ast.USub) else inside
        if isinstance(node, ast.BinOp) and type(node.op) in SIGNS:
            return self.arithmetic(SIGNS[type(node.op)], self.expression(node.left), self.expression(node.right))
        if isinstance(node, ast.IfExp):
            test = self.expression(node.test).value
            return self.choose(test, self.expression(node.body), self.expression(node.orelse))
        if isinstance(node, ast.Call):
            found = self.call(node)
            if len(found) != 1:
                raise self.no(node, "several numbers stand where one is needed")
            return found[0]
        return Dual(self.named(self.condition(node)))

    def condition(self, node: ast.expr) -> str:
        """Comparisons, and, or, not: what they compare has derivatives, they have none."""
        if isinstance(node, ast.Compare):
            sides = [self.expression(side).value for side in (node.left, *node.comparators)]
            named = [ast.Name(side, ast.Load()) for side in sides]
            return ast.unparse(ast.Compare(named[0], node.ops, list(named[1:])))
        if isinstance(node, ast.BoolOp):
            return ast.unparse(ast.BoolOp(node.op, [ast.Name(self.expression(v).value) for v in node.values]))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return f"not {self.expression(node.operand).value}"
        raise self.no(node, f"{ast.unparse(node)} has no derivative")

    def is_active(self, node: ast.expr) -> bool:
        """Whether an expression has a name with derivatives."""
        names = [part.id for part in ast.walk(node) if isinstance(part, ast.Name)]
        lost = [name for name in names if name in self.local and name not in self.known]
        if lost:
            raise self.no(node, f"{lost[0]} has a value on one side of a choice alone; give it one before")
        return any(self.known[name].active for name in names if name in self.known)

    def call(self, node: ast.Call) -> list[Dual]:
        """A call, of which there may come several numbers."""
        name = ast.unparse(node.func)
        callee = self.scope.get(name)
        if callee in (None, BUILTINS.get(name)) and name in BUILTINS:
            return [self.builtin(name, [self.expression(argument) for argument in node.args])]
        if not isinstance(callee, types.FunctionType):
            raise self.no(node, f"{name} has no derivative; import what there is from numloss.scalar")
        given = [self.expression(argument) for argument in self.in_order(node, callee)]
        if callee.__module__ == scalar.__name__ and callee.__name__ in RULES:
            return [self.word(name, callee, given)]
        return self.helper(callee, given)

    def in_order(self, node: ast.Call, callee: types.FunctionType) -> list[ast.expr]:
        """The arguments of a call in the order of the function, what is not given by its default."""
        names, defaults = law_arguments(callee), callee.__defaults__ or ()
        found: dict[str, ast.expr] = dict(zip(names, node.args, strict=False))
        found |= {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        for name, value in zip(names[len(names) - len(defaults) :], defaults, strict=True):
            found.setdefault(name, ast.Name(self.bound("default", value), ast.Load()))
        if set(found) != set(names) or len(node.args) > len(names):
            raise self.no(node, f"{callee.__name__} takes {', '.join(names)}")
        return [found[name] for name in names]

    def builtin(self, name: str, given: list[Dual]) -> Dual:
        """abs, min and max of Python."""
        if name == "abs":
            x = given[0]
            sign = self.put(f"{self.bound('sign', scalar.sign)}({x.value})")
            return self.dual(f"abs({x.value})", self.times(sign, x.slope), self.times(sign, x.bend))
        found = given[0]
        for other in given[1:]:
            a, b = other.value, found.value
            value = self.put(f"{name}({b}, {a})")
            test = self.put(f"{a} {'<' if name == 'min' else '>'} {b}")
            found = Dual(value, *self.chosen(test, other, found))
        return found

    def word(self, name: str, word: Law, given: list[Dual]) -> Dual:
        """A word of the vocabulary."""
        rule = RULES[word.__name__]
        value = self.put(f"{name}({', '.join(dual.value for dual in given)})")
        if rule == FLAT or not any(dual.active for dual in given):
            return Dual(value)
        if isinstance(rule, (Exponent, Text)):
            inside = self.inside(rule.text, dict(zip(law_arguments(word), given, strict=True)))
            if isinstance(rule, Text):
                return self.dual(value, inside.slope, inside.bend)
            slope = self.put(self.times(value, inside.slope) or "0.0")
            return self.dual(value, slope, self.plus(self.times(slope, inside.slope), self.times(value, inside.bend)))
        return self.chained(value, self.bound(f"{word.__name__}_slopes", rule), given)

    def inside(self, text: str, given: dict[str, Dual]) -> Dual:
        """The expression of a rule, of which only the derivatives count."""
        tree = ast.parse(text, mode="eval").body
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                node.id = given[node.id].value
        known, self.known = self.known, {dual.value: dual for dual in given.values()}
        found = self.expression(tree)
        self.known = known
        return found

    def helper(self, callee: types.FunctionType, given: list[Dual]) -> list[Dual]:
        """A function of the user."""
        kinds = tuple(
            (GIVEN if self.is_name(d.slope) else d.slope or "", GIVEN if self.is_name(d.bend) else d.bend or "")
            for d in given
        )
        derived = self.all_of.helper(callee, kinds)
        arguments = [dual.value for dual in given]
        arguments += [part for dual in given for part in (dual.slope, dual.bend) if part and self.is_name(part)]
        values = [self.fresh("v") for _ in derived.results]
        parts = [tuple(self.fresh(k[0]) if k == GIVEN else k for k in kind) for kind in derived.results]
        names = values + [
            part for kind, pair in zip(derived.results, parts, strict=True)
            for k, part in zip(kind, pair, strict=True) if k == GIVEN
        ]
        called = self.bound(f"{plain(callee)}_slopes", derived.function)
        self.write(f"{', '.join(names)} = {called}({', '.join(arguments)})")
        return [Dual(v, s or None, h or None) for v, (s, h) in zip(values, parts, strict=True)]

    def bound(self, name: str, value: Any) -> str:
        """A name for something outside of the function that no other thing has."""
        while (name in self.scope and self.scope[name] is not value) or name in self.taken - set(self.scope):
            name += "_"
        self.scope[name] = value
        return name

    # the whole

    def seed(self, part: str) -> str | None:
        """A derivative of an argument: nothing, a constant, or a name of its own."""
        return None if not part else part if not part.strip("-").isidentifier() else self.put(part)

    def seeded(self, kinds: tuple[Kind, ...]) -> list[str]:
        """The arguments of a helper, with the derivatives that it is given."""
        arguments = [argument.arg for argument in self.tree.args.args]
        more = []
        for name, kind in zip(arguments, kinds, strict=True):
            parts = [self.fresh(letter) if part == GIVEN else part for letter, part in zip("sb", kind, strict=True)]
            more += [part for part, k in zip(parts, kind, strict=True) if k == GIVEN]
            self.known[name] = Dual(name, parts[0] or None, parts[1] or None)
        return arguments + more

    def finished(self, arguments: list[str], whole: bool = False, factor: str | None = None) -> Derived:
        """The function, once all of its text is written."""
        widths = {len(duals) for *_, duals in self.returned}
        if len(widths) != 1 or (whole and widths != {1}):
            raise self.no(self.tree, "it must give one number" if whole else "it must give as many numbers everywhere")
        columns = list(zip(*(duals for *_, duals in self.returned), strict=True))
        kinds = [(self.kind({d.slope for d in column}), self.kind({d.bend for d in column})) for column in columns]
        for lines, at, depth, duals in self.returned:
            parts = [part for d, kind in zip(duals, kinds, strict=True) for part in self.parts(d, kind, whole)]
            if factor and parts[-1] != "0.0":
                parts[-1] = f"{factor} * {parts[-1]}"
            lines[at] = f"{'    ' * depth}return {', '.join([d.value for d in duals] + parts)}"
        name = plain(self.function) + ("" if whole else "_slopes")
        text = "\n".join([f"def {name}({', '.join(arguments)}):", *flattened(self.lines), ""])
        function = self.compiled(name, text)
        if whole:
            function.__name__, function.__defaults__ = self.function.__name__, self.function.__defaults__  # type: ignore
        return Derived(function, tuple(kinds))

    def kind(self, found: set[str | None]) -> str:
        """What a helper gives of a derivative: nothing where it is 0 or one constant in all of its ends."""
        only = next(iter(found)) if len(found) == 1 else GIVEN
        return GIVEN if only is not None and self.is_name(only) else only or ""

    def parts(self, dual: Dual, kind: Kind, whole: bool) -> list[str]:
        """What is returned of a result beside its value."""
        pairs = zip((dual.slope, dual.bend), kind, strict=True)
        return [part or "0.0" for part, known in pairs if whole or known == GIVEN]

    def compiled(self, name: str, text: str) -> Law:
        filename = f"<{name}, differentiated, {hashlib.sha256(text.encode()).hexdigest()[:16]}>"
        scope = {**self.scope, "__name__": self.function.__module__}
        found: Law = defined(text, name, filename, scope)
        found.__doc__, found.__module__ = self.function.__doc__, self.function.__module__
        return found


def plain(function: Law) -> str:
    """The name of a function, as a text may have it."""
    return function.__name__ if function.__name__.isidentifier() else "law"


def is_written(node: ast.Name) -> bool:
    """Whether a name is assigned to here."""
    return isinstance(node.ctx, ast.Store)


def flattened(lines: list[Any]) -> list[str]:
    """Lines, and lists of them, as one list."""
    return [line for part in lines for line in (flattened(part) if isinstance(part, list) else [part])]
