"""One function of laws, vocabulary or loops as Cython, for float32 or float64.

The subset of Python that it reads is described in numloss/loops/__init__.py. Types are inferred from the first
assignment of each name; anything that the subset does not have stops the build with the file and the line.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# beside the package, or in an installed one
PACKAGE = ROOT if (ROOT / "scalar.py").exists() else ROOT / "numloss"
# the language is read where it stands, without numloss
sys.path.insert(0, str(PACKAGE / "loops"))
import codes  # noqa: E402
from headers import HEADERS  # noqa: E402
from language import BLOCK_WORDS, ENTRIES, HALF_WORDS, RUN_WORDS  # noqa: E402

POINTERS = {
    "reals": "real",
    "doubles": "double",
    "ints": "int64_t",
    "float32s": "float",
    "float64s": "double",
    **{f"{sign}int{bits}s": f"{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}
ANNOTATIONS = {"Real": "real", "Reals": "reals", "Double": "double", "Doubles": "doubles", "Int": "int", "Ints": "ints"}
ANNOTATIONS |= {name: name for header in HEADERS for name in (header, f"Many[{header}]")}
FIELDS = {"Int": "int", "Double": "double"}
PRIMITIVES = ("sqrt", "fma", "power_of_two", "exponent_of", "mantissa_of")
DTYPES = {"f32": "float", "f64": "double"}


class Unreadable(SyntaxError):
    """A piece of text outside the language."""


@dataclass
class Text:
    """A function of the language: its syntax tree and where it stands."""

    tree: ast.FunctionDef
    path: Path
    kind: str  # "law", "loop" or "tile"

    @property
    def parameters(self) -> list[tuple[str, str]]:
        pairs = []
        for argument in self.tree.args.args:
            name = "Real" if argument.annotation is None else ast.unparse(argument.annotation)
            pairs.append((argument.arg, ANNOTATIONS[name]))
        return pairs

    @property
    def inlined(self) -> bool:
        """Laws, and the parts of loops that are not marked as functions of their own, as Numba does it too."""
        block = self.tree.name.endswith(ENTRIES)
        return self.kind == "law" or (self.kind == "loop" and not block and not self.tree.decorator_list)

    @property
    def returns(self) -> list[str] | str:
        """A type, or the shape of a flat tuple as a list."""
        if self.kind in ("loop", "tile"):
            return ANNOTATIONS[ast.unparse(self.tree.returns)]  # type: ignore[arg-type]
        results = [node.value for node in ast.walk(self.tree) if isinstance(node, ast.Return)]
        width = len(flat(results[0]))  # type: ignore[arg-type]
        return "real" if width == 1 else ["real"] * width


def place_of(path: Path) -> Path:
    """A file as messages name it: from the root of the project, if it lies there."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def flat(node: ast.expr) -> list[ast.expr]:
    """The leaves of a possibly nested tuple."""
    if isinstance(node, ast.Tuple):
        return [leaf for item in node.elts for leaf in flat(item)]
    return [node]


@dataclass
class Library:
    """All functions of the package that may be translated, by name; and the integers that loops name, by file."""

    texts: dict[str, Text] = field(default_factory=dict)
    integers: dict[tuple[Path, str], int] = field(default_factory=dict)

    def read(self, path: Path, kind: str) -> list[ast.FunctionDef]:
        body = ast.parse(path.read_text()).body
        functions = [node for node in body if isinstance(node, ast.FunctionDef)]
        if kind == "loop":
            self.read_integers(path, body)
        for node in functions:
            other = self.texts.setdefault(node.name, Text(node, path, kind))
            if other.path != path:
                raise Unreadable(f"{place_of(path)}: {node.name} is in {place_of(other.path)}, too")
        return functions

    def read_integers(self, path: Path, body: list[ast.stmt]) -> None:
        """Those that a file of loops takes from codes.py, and its own."""
        for node in body:
            if isinstance(node, ast.ImportFrom) and node.module == "codes":
                self.integers |= {(path, alias.name): getattr(codes, alias.name) for alias in node.names}
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                value = node.value.value if isinstance(node.value, ast.Constant) else None
                if type(value) is int:
                    self.integers[path, node.targets[0].id] = value

    def resolve(self, name: str, dtype: str) -> str | None:
        """The text that stands behind a name for a dtype."""
        typed = f"_{name}_{dtype}"
        return typed if typed in self.texts else name if name in self.texts else None


class Translator:
    """Writes one function for one dtype."""

    def __init__(self, library: Library, text: Text, dtype: str) -> None:
        self.library, self.text, self.dtype = library, text, dtype
        self.types: dict[str, str] = {}
        self.arrays: dict[str, tuple[str, str]] = {}
        self.structs: list[str] = []
        self.lines: list[str] = []
        self.needs: list[str] = []

    def refuse(self, node: ast.AST, why: str) -> Unreadable:
        return Unreadable(f"{place_of(self.text.path)}:{getattr(node, 'lineno', '?')}: {why}")

    def ctype(self, kind: str) -> str:
        if kind in ("real", "double", "int", "bool"):
            return {"real": DTYPES[self.dtype], "double": "double", "int": "int64_t", "bool": "bint"}[kind]
        if kind in ANNOTATIONS:
            return f"{kind.removeprefix('Many[').removesuffix(']')}*"
        pointed = POINTERS[kind]
        return (DTYPES[self.dtype] if pointed == "real" else pointed) + "*"

    def parameter_type(self, kind: str) -> str:
        """The C type of a parameter; of a pointer to memory of its own, in a function that is marked so."""
        marks = [mark.id for mark in self.text.tree.decorator_list if isinstance(mark, ast.Name)]
        if "apart" in marks and kind in ("reals", "doubles"):
            return f"apart_{'f64' if kind == 'doubles' else self.dtype}"
        return self.ctype(kind)

    # expressions: each returns (Cython text, type)

    def expression(self, node: ast.expr) -> tuple[str, str]:
        method = getattr(self, "visit_" + type(node).__name__, None)
        if method is None:
            raise self.refuse(node, f"{type(node).__name__} is not in the language")
        return method(node)  # type: ignore[no-any-return]

    def visit_Constant(self, node: ast.Constant) -> tuple[str, str]:
        if isinstance(node.value, float):
            value = "INFINITY" if node.value == float("inf") else repr(node.value)
            return f"(<{DTYPES[self.dtype]}>{value})", "real"
        if isinstance(node.value, int) and self.text.kind != "law":
            return repr(node.value), "int"
        raise self.refuse(node, f"write {node.value!r} as a float")

    def visit_Name(self, node: ast.Name) -> tuple[str, str]:
        if node.id in self.types:
            return node.id, self.types[node.id]
        value = self.library.integers.get((self.text.path, node.id))
        if value is None:
            raise self.refuse(node, f"{node.id} has no value here")
        return f"({value})", "int"

    def visit_UnaryOp(self, node: ast.UnaryOp) -> tuple[str, str]:
        value, kind = self.expression(node.operand)
        if isinstance(node.op, ast.Not):
            return f"(not {value})", "bool"
        return f"(-{value})", kind

    def visit_BinOp(self, node: ast.BinOp) -> tuple[str, str]:
        signs = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Mod: "%", ast.FloorDiv: "//"}
        if type(node.op) not in signs:
            raise self.refuse(node, f"{type(node.op).__name__} is not in the language")
        (left, a), (right, b) = self.expression(node.left), self.expression(node.right)
        if isinstance(node.left, ast.Constant) and isinstance(node.right, ast.Constant) and a == "real":
            raise self.refuse(node, "write the result of constant arithmetic as one constant")
        if isinstance(node.op, ast.Div) and a == b == "int":
            raise self.refuse(node, "division of integers: use //")
        kind = a if a == b else "double" if "double" in (a, b) else "real" if "real" in (a, b) else "int"
        return f"({left} {signs[type(node.op)]} {right})", kind

    def visit_Compare(self, node: ast.Compare) -> tuple[str, str]:
        signs = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
        text = self.expression(node.left)[0]
        for op, right in zip(node.ops, node.comparators, strict=True):
            text += f" {signs[type(op)]} {self.expression(right)[0]}"
        return f"({text})", "bool"

    def visit_BoolOp(self, node: ast.BoolOp) -> tuple[str, str]:
        words = (" and ", " or ")
        if self.text.kind == "law":  # a path for each operand would be computed for every element, or leave no vectors
            words = (" & ", " | ")
        word = words[0] if isinstance(node.op, ast.And) else words[1]
        return "(" + word.join(self.expression(value)[0] for value in node.values) + ")", "bool"

    def visit_IfExp(self, node: ast.IfExp) -> tuple[str, str]:
        (yes, kind), (no, _) = self.expression(node.body), self.expression(node.orelse)
        return f"({yes} if {self.expression(node.test)[0]} else {no})", kind

    def visit_Subscript(self, node: ast.Subscript) -> tuple[str, str]:
        (pointer, kind), (index, _) = self.expression(node.value), self.expression(node.slice)
        if kind.startswith("Many["):
            return f"({pointer} + {index})", kind[5:-1]
        if kind not in POINTERS:
            raise self.refuse(node, f"{kind} is read by the names of its fields")
        pointed = POINTERS[kind]
        element = {"real": "real", "double": "double", "int64_t": "int"}.get(pointed, "number")
        return f"{pointer}[{index}]", element

    def visit_Attribute(self, node: ast.Attribute) -> tuple[str, str]:
        value, kind = self.expression(node.value)
        place = HEADERS[kind].fields().get(node.attr) if kind in HEADERS else None
        if place is None:
            raise self.refuse(node, f"{kind} has no {node.attr}")
        text, found = f"{value}.{node.attr}", FIELDS.get(place.kind)
        if place.count:
            return f"(&{text}[0])", f"{found}s" if found else f"Many[{place.kind}]"
        return (text, found) if found else (f"(&{text})", place.kind)

    def visit_Call(self, node: ast.Call) -> tuple[str, str]:
        name = node.func.id  # type: ignore[attr-defined]
        arguments = [self.expression(argument) for argument in node.args]
        texts = [text for text, _ in arguments]
        if name in ("real", "double", "integer"):
            kind = {"real": "real", "double": "double", "integer": "int"}[name]
            return f"(<{self.ctype(kind)}>{texts[0]})", kind
        if name in POINTERS:
            return f"(<{self.ctype(name)}><intptr_t>{texts[0]})", name
        if name == "offset":
            return f"({texts[0]} + {texts[1]})", arguments[0][1]
        if name == "address":
            return f"(<int64_t><intptr_t>{texts[0]})", "int"
        if name == "array_data" or name in BLOCK_WORDS:
            return f"{name}({', '.join(texts)})", "int"
        if name == "abs":
            wide = arguments[0][1] == "double"
            return f"fabs_{'f64' if wide else self.dtype}({texts[0]})", "double" if wide else "real"
        if name in PRIMITIVES:
            suffix = "f64" if arguments[0][1] == "double" else self.dtype
            return f"{name}_{suffix}({', '.join(texts)})", arguments[0][1]
        if name == "call_gemm":
            return f"call_gemm_{self.dtype}({', '.join(texts)})", "int"
        if name in RUN_WORDS or name in HALF_WORDS:
            return f"{name}_{self.dtype}({', '.join(texts)})", (RUN_WORDS | HALF_WORDS)[name]
        if name == "call_tile":
            return f"(<tile_{self.dtype}><intptr_t>{texts[0]})({', '.join(texts[1:])})", "int"
        return self.call(node, name, texts)

    def call(self, node: ast.Call, name: str, texts: list[str]) -> tuple[str, str]:
        """A call of another text; `double_log1p` is the float64 text of log1p whatever the data."""
        wide = name.startswith("double_")
        dtype = "f64" if wide else self.dtype
        target = self.library.resolve(name.removeprefix("double_"), dtype)
        if target is None:
            raise self.refuse(node, f"{name} is not in the language")
        text = self.library.texts[target]
        self.needs.append(f"{target}/{dtype}")
        returns = text.returns
        kind = "tuple" if isinstance(returns, list) else "double" if wide else returns
        return f"{target}_{dtype}({', '.join(texts)})", kind

    # statements

    def body(self, statements: list[ast.stmt], depth: int) -> None:
        for statement in statements:
            method = getattr(self, "do_" + type(statement).__name__, None)
            if method is None:
                raise self.refuse(statement, f"{type(statement).__name__} is not in the language")
            method(statement, "    " * depth, depth)

    def do_Expr(self, node: ast.Expr, pad: str, depth: int) -> None:
        if not isinstance(node.value, ast.Constant):
            self.lines.append(pad + self.expression(node.value)[0])

    def do_Assign(self, node: ast.Assign, pad: str, depth: int) -> None:
        target = node.targets[0]
        if isinstance(target, ast.Tuple):
            self.assign_tuple(target, node.value, pad)
            return
        if isinstance(target, ast.Name) and isinstance(node.value, ast.Call):
            name = getattr(node.value.func, "id", "")
            if name.startswith("stack_"):
                kind = name.removeprefix("stack_")
                self.types[target.id] = kind
                self.arrays[target.id] = (self.ctype(kind)[:-1], self.expression(node.value.args[0])[0])
                return
            if name in HEADERS:
                self.types[target.id] = name
                self.structs.append(target.id)
                return
        value, kind = self.expression(node.value)
        if isinstance(target, ast.Name):
            self.types.setdefault(target.id, kind)
            self.lines.append(f"{pad}{target.id} = {value}")
        else:
            self.lines.append(f"{pad}{self.expression(target)[0]} = {value}")

    def assign_tuple(self, target: ast.Tuple, value: ast.expr, pad: str) -> None:
        names = flat(target)
        if isinstance(value, ast.Tuple):
            parts = [self.expression(part) for part in flat(value)]
            for name, (_, kind) in zip(names, parts, strict=True):
                self.types.setdefault(name.id, kind)  # type: ignore[attr-defined]
            left = ", ".join(name.id for name in names)  # type: ignore[attr-defined]
            self.lines.append(f"{pad}{left} = {', '.join(text for text, _ in parts)}")
            return
        for name in names:
            self.types.setdefault(name.id, "real")  # type: ignore[attr-defined]
        text, kind = self.expression(value)
        if kind != "tuple":
            raise self.refuse(value, "a call that returns a tuple is needed here")
        pointers = ", ".join(f"&{name.id}" for name in names)  # type: ignore[attr-defined]
        self.lines.append(f"{pad}{text[:-1]}, {pointers})")

    def do_AugAssign(self, node: ast.AugAssign, pad: str, depth: int) -> None:
        signs = {ast.Add: "+=", ast.Sub: "-=", ast.Mult: "*="}
        target = self.expression(node.target)[0]
        self.lines.append(f"{pad}{target} {signs[type(node.op)]} {self.expression(node.value)[0]}")

    def do_If(self, node: ast.If, pad: str, depth: int, word: str = "if") -> None:
        self.lines.append(f"{pad}{word} {self.expression(node.test)[0]}:")
        self.body(node.body, depth + 1)
        if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
            self.do_If(node.orelse[0], pad, depth, "elif")
        elif node.orelse:
            self.lines.append(f"{pad}else:")
            self.body(node.orelse, depth + 1)

    def do_While(self, node: ast.While, pad: str, depth: int) -> None:
        self.lines.append(f"{pad}while {self.expression(node.test)[0]}:")
        self.body(node.body, depth + 1)

    def do_For(self, node: ast.For, pad: str, depth: int) -> None:
        bounds = ", ".join(self.expression(argument)[0] for argument in node.iter.args)  # type: ignore[attr-defined]
        self.types.setdefault(node.target.id, "int")  # type: ignore[attr-defined]
        self.lines.append(f"{pad}for {node.target.id} in range({bounds}):")  # type: ignore[attr-defined]
        self.body(node.body, depth + 1)

    def do_Return(self, node: ast.Return, pad: str, depth: int) -> None:
        if isinstance(self.text.returns, list):
            for k, leaf in enumerate(flat(node.value)):  # type: ignore[arg-type]
                self.lines.append(f"{pad}out{k}[0] = {self.expression(leaf)[0]}")
            self.lines.append(f"{pad}return")
        else:
            self.lines.append(f"{pad}return {self.expression(node.value)[0]}")  # type: ignore[arg-type]

    def function(self, name: str) -> str:
        """The whole function."""
        parameters = self.text.parameters
        if self.text.kind == "loop" and (name.endswith(ENTRIES) or "c" in dict(parameters)):
            if parameters[0][1] not in HEADERS:
                raise self.refuse(self.text.tree, "what a problem says is read from a header, by name")
        self.types.update(parameters)
        self.body(self.text.tree.body, 1)
        arguments = [f"{self.parameter_type(kind)} {name}" for name, kind in parameters]
        returns = self.text.returns
        if isinstance(returns, list):
            arguments += [f"{DTYPES[self.dtype]}* out{k}" for k in range(len(returns))]
            result = "void"
        else:
            result = self.ctype(returns)
        inline = "inline " if self.text.inlined else ""
        head = f"cdef {inline}{result} {name}_{self.dtype}({', '.join(arguments)}) noexcept nogil:"
        known = dict(parameters)
        declared = [
            f"    cdef {self.ctype(kind)} {variable}"
            for variable, kind in self.types.items()
            if variable not in known and variable not in self.arrays and variable not in self.structs
        ]
        for variable in self.structs:
            kind = self.types[variable]
            memory = f"memory_of_{variable}"
            declared += [f"    cdef {kind} {memory}", f"    cdef {kind}* {variable} = &{memory}"]
        declared += [f"    cdef {ctype}[{size}] {variable}" for variable, (ctype, size) in self.arrays.items()]
        return "\n".join([head, *declared, *self.lines]) + "\n"
