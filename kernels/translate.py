"""Turns the text of laws, vocabulary and loops into Cython, for float32 and float64, without importing numloss.

    python kernels/translate.py            writes kernels/generated

Each task of losses is a unit of its own, and so are the loops, so that a build compiles no more than has changed.
"""

from __future__ import annotations

import ast
import functools
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from functions import DTYPES, ENTRIES, HEADERS, PACKAGE, Library, Text, Translator, codes, flat
from tiles import Stage, step_tile_text, tile_text  # numloss/loops, where functions.py found the language

GENERATED = Path(__file__).resolve().parent / "generated"
# Files of numloss/loops that hold no loops.
LANGUAGE = ("__init__", "codes", "fingerprint", "headers", "language", "tiles")


@dataclass
class Writer:
    """Collects functions, each after those that it calls."""

    library: Library
    done: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, dtype: str, text: Text | None = None) -> None:
        key = f"{name}/{dtype}"
        if key in self.done:
            return
        translator = Translator(self.library, text or self.library.texts[name], dtype)
        code = translator.function(name)
        for need in translator.needs:
            self.add(*need.split("/"))
        self.done[key] = code


Checks = tuple[int, ...] | None
LawShape = tuple[tuple[str, int, int, int], tuple[str, tuple[int, ...], int], Checks, tuple[Stage, ...]]
# Families whose laws are those of elements, beside the declarations that name the domains of what they take.
OF_SUMS = ("regional",)
OF_ELEMENTS = ("elementwise", "parameterwise")


def laws(library: Library) -> dict[str, list[LawShape]]:
    """The laws of each task: name, inputs, parameters and differentiable inputs, what follows from parameters alone,
    checks and stages, as `tile_text` takes them."""
    found: dict[str, list[LawShape]] = {}
    paths = sorted((PACKAGE / "losses").rglob("*.py"))
    for path, nodes in [(path, library.read(path, "law")) for path in paths]:
        for node in nodes:
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and decorator.args and isinstance(decorator.args[0], ast.Name):
                    found.setdefault(path.parent.name, []).append(law_shape(library, decorator, node))
    return {task: list(dict.fromkeys(shapes)) for task, shapes in found.items()}


StepShape = tuple[str, int, int, int]


def steps(library: Library) -> list[StepShape]:
    """The laws of one step: name, arrays, results and parameters, as `step_tile_text` takes them."""
    found: list[StepShape] = []
    paths = sorted((PACKAGE / "returns").rglob("*.py"))
    for _, nodes in [(path, library.read(path, "law")) for path in paths]:
        for node in nodes:
            for decorator in node.decorator_list:
                if not isinstance(decorator, ast.Call) or decorator.func.id != "scan":  # type: ignore[attr-defined]
                    continue
                keywords = {keyword.arg: keyword.value for keyword in decorator.keywords}
                options, results = (ast.literal_eval(keywords[name]) for name in ("per_element", "results"))
                arrays = {*(argument.arg for argument in node.args.args), *options, *results}
                for law in (decorator.args[0].id, keywords["back"].id):  # type: ignore[attr-defined]
                    text = library.texts[law]
                    taken = [argument.arg for argument in text.tree.args.args[1:]]
                    count = sum(name in arrays for name in taken)
                    found.append((law, count, len(text.returns) - 1, len(taken) - count))
    return list(dict.fromkeys(found))


def law_shape(library: Library, decorator: ast.Call, node: ast.FunctionDef) -> LawShape:
    """The numbers of `tile_text` for the law of a declaration."""
    name = decorator.args[0].id  # type: ignore[attr-defined]
    keywords = {keyword.arg: keyword.value for keyword in decorator.keywords}
    spread = len(ast.literal_eval(keywords["per_element"])) if "per_element" in keywords else 0
    columns = ast.literal_eval(keywords["columns"]) if "columns" in keywords else 1
    given = ast.literal_eval(keywords["law_inputs"]) if "law_inputs" in keywords else columns * len(node.args.args)
    law = library.texts[name].tree
    result = next(node.value for node in ast.walk(law) if isinstance(node, ast.Return))
    slopes = len(flat(result.elts[1]))  # type: ignore[union-attr]
    # both ends of an interval, and one number more: LOOKUPS in numloss/registry.py
    inputs = given + spread + (3 if "cuts" in keywords else 0)
    stages = stages_of(library, keywords, [argument.arg for argument in law.args.args])
    names = [argument.arg for argument in law.args.args[inputs:]]
    names = names[: len(names) - sum(found for _, _, found in stages)]
    checks = checks_of(decorator, node, keywords, inputs)
    if "constants" not in keywords:
        return (name, inputs, len(names), slopes), ("", (), 0), checks, stages
    constants = library.texts[keywords["constants"].id]  # type: ignore[attr-defined]
    of = tuple(names.index(argument.arg) for argument in constants.tree.args.args)
    count = len(constants.returns) if isinstance(constants.returns, list) else 1
    constant_part = (constants.tree.name, of, count)
    return (name, inputs, len(names) - count, slopes), constant_part, checks, stages


def stages_of(library: Library, keywords: dict[str, ast.expr], arguments: list[str]) -> tuple[Stage, ...]:
    """The stages of a law of such arguments, as `Loss.stage_part` has them."""
    table = keywords.get("stages")
    found: list[Stage] = []
    if isinstance(table, ast.Dict):
        for names, stage in zip(table.keys, table.values, strict=True):
            taken = [argument.arg for argument in library.texts[stage.id].tree.args.args]  # type: ignore[attr-defined]
            count = len(ast.literal_eval(names).split(", "))  # type: ignore[arg-type]
            found.append((stage.id, tuple(map(arguments.index, taken)), count))  # type: ignore[attr-defined]
    return tuple(found)


def checks_of(decorator: ast.Call, node: ast.FunctionDef, keywords: dict[str, ast.expr], inputs: int) -> Checks:
    """How each input of a law of elements is checked, as `Loss.checks` has it; None for other laws."""
    family = decorator.func.id  # type: ignore[attr-defined]
    if family in OF_SUMS:
        return (codes.UNCHECKED,) * inputs
    if family not in OF_ELEMENTS:
        return None
    differentiable = ast.literal_eval(keywords["differentiable"]) if "differentiable" in keywords else (0,)
    columns = ast.literal_eval(keywords["columns"]) if "columns" in keywords else 1
    given = [argument.arg for argument in node.args.args]
    spread = ast.literal_eval(keywords["per_element"]) if "per_element" in keywords else ()
    found: list[int] = []
    for k, name in enumerate((*given, *spread)):
        ends = domains().get(ast.unparse(keywords[name])) if name in keywords else None
        check = codes.check_of(*ends, k in differentiable) if ends else codes.UNCHECKED
        found += [check] * (columns if k < len(given) else 1)
    return (*found, *[codes.UNCHECKED] * (inputs - len(found)))


@functools.cache
def domains() -> dict[str, tuple[float, float, bool, bool]]:
    """Ends of the domains by name, and whether they are of integers or free, as numloss/domains.py has them."""

    def domain(
        low: float = -math.inf, high: float = math.inf, integers: bool = False, text: str = "", free: bool = False
    ) -> tuple[float, float, bool, bool]:
        return low, high, integers, free

    scope: dict[str, Any] = {"Domain": domain}
    for node in ast.parse((PACKAGE / "domains.py").read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            scope[node.targets[0].id] = eval(ast.unparse(node.value), {}, scope)
    return {name: value for name, value in scope.items() if isinstance(value, tuple)}


def tiles(library: Library, shapes: list[LawShape]) -> str:
    """The unit of some laws."""
    texts = {}
    for (law, inputs, params, slopes), constants, checks, stages in shapes:
        for mode in (0, 1, 2):
            text = tile_text(law, inputs, params, slopes, mode, *constants, checks, stages, f"groups{mode}{law}")
            texts[f"{law}/{mode}"] = law, f"tile{mode}{law}", text
    return unit_of_tiles(library, texts)


def step_tiles(library: Library, shapes: list[StepShape]) -> str:
    """The unit of some laws of one step."""
    texts = {shape[0]: (shape[0], f"tile{shape[0]}", step_tile_text(*shape, f"groups{shape[0]}")) for shape in shapes}
    return unit_of_tiles(library, texts)


def unit_of_tiles(library: Library, texts: dict[str, tuple[str, str, str]]) -> str:
    """The unit of tiles, each by a key: of which law it is, its name and its text."""
    writer, table = Writer(library), []
    for key, (law, name, text) in texts.items():
        path = library.texts[law].path
        *parts, tree = ast.parse(text).body
        for part in parts:
            library.texts[part.name] = Text(part, path, "tile")  # type: ignore[attr-defined, arg-type]
        for dtype in DTYPES:
            writer.add(name, dtype, Text(tree, path, "tile"))  # type: ignore[arg-type]
            table.append((key, name, dtype))
    return unit(writer, table)


def loops(library: Library) -> str:
    """The unit of the loops."""
    writer, table = Writer(library), []
    for name in [name for name, text in library.texts.items() if text.kind == "loop"]:
        for dtype in DTYPES:
            writer.add(name, dtype)
            if name.endswith(ENTRIES):
                table.append((name, name, dtype))
    return 'include "headers.pxi"\ninclude "../runs.pxi"\n\n' + unit(writer, table)


def combine(library: Library) -> str:
    """What the driver adds up partial results with."""
    writer = Writer(library)
    writer.add("combine", "f64")
    return "\n".join(writer.done.values())


def unit(writer: Writer, table: list[tuple[str, str, str]]) -> str:
    """Functions, and the addresses of those that are looked for by a key."""
    full = {"f32": "float32", "f64": "float64"}
    addresses = [f'    "{key}/{full[d]}": <intptr_t>&{name}_{d},' for key, name, d in table]
    return "\n".join([*writer.done.values(), "ADDRESSES = {", *addresses, "}\n"])


def structs() -> str:
    """The headers in C."""
    ctypes = {"Int": "int64_t", "Double": "double"}
    lines = ["# Generated by kernels/translate.py from numloss/loops/headers."]
    for name, header in HEADERS.items():
        lines += ["", f"cdef struct {name}:"]
        for field_name, (kind, count, _) in header.fields().items():
            lines.append(f"    {ctypes.get(kind, kind)} {field_name}" + (f"[{count}]" if count else ""))
    return "\n".join([*lines, ""])


def read() -> Library:
    """The texts of the vocabulary and of the loops."""
    library = Library()
    library.read(PACKAGE / "scalar.py", "law")
    for path in sorted((PACKAGE / "loops").glob("*.py")):
        if path.stem not in LANGUAGE:
            library.read(path, "loop")
    return library


def translate(library: Library) -> dict[str, str]:
    """The text of every unit."""
    units = {"loops": loops(library)} | {task: tiles(library, shapes) for task, shapes in laws(library).items()}
    return units | {"returns": step_tiles(library, steps(library))}


def write() -> list[Path]:
    """Write what has changed of the translation, and return the files of all units."""
    GENERATED.mkdir(exist_ok=True)
    head = "# Generated by kernels/translate.py from numloss/scalar.py, numloss/loops and numloss/losses.\n"
    files, library = [], read()
    for name, text in translate(library).items():
        target = GENERATED / f"_aot_{name}.pyx"
        write_if_new(target, f'{head}include "../primitives.pxi"\n{text}')
        files.append(target)
    write_if_new(GENERATED / "headers.pxi", structs())
    write_if_new(GENERATED / "combine.pxi", head + combine(library))
    return files


def write_if_new(target: Path, text: str) -> None:
    """Leave a file alone that has the text already, so that nothing is compiled again."""
    if not target.exists() or target.read_text() != text:
        target.write_text(text)


if __name__ == "__main__":
    print(*write(), sep="\n")
