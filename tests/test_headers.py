"""Headers: what the host writes by name is what loops read by name."""

from __future__ import annotations

import ast
import importlib
import struct
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from numloss.backends.packing.operands import ABSENT
from numloss.backends.retype import fingerprint
from numloss.loops import elementwise, headers, rowwise
from numloss.loops.headers import ActionValue, Elementwise, Embedding, Operand, Weights

ROOT = Path(__file__).resolve().parent.parent
FILLED = {"elements": 5, "block": 16384, "itemsize": 8, "weighted": 1, "weight": Operand(array=7, kind=1, layout=-1)}


@pytest.fixture(scope="module")
def translate() -> Any:
    """kernels/functions.py, which is no part of the package."""
    before = list(sys.path)
    sys.path.insert(0, str(ROOT / "kernels"))
    module = importlib.import_module("functions")
    sys.path[:] = before
    return module


def translated(translate: ModuleType, text: str, kind: str = "loop") -> str:
    """The Cython text of a loop, or of a law, in float64."""
    tree = ast.parse(text).body[0]
    assert isinstance(tree, ast.FunctionDef)
    path = ROOT / "numloss" / "loops" / "text.py"
    library = translate.Library(integers={(path, "TILE"): 512})
    found: str = translate.Translator(library, translate.Text(tree, path, kind), "f64").function(tree.name)
    return found


def test_fields_are_written_in_the_order_of_memory() -> None:
    assert struct.unpack("7q", Weights(**FILLED).packed()) == (5, 16384, 8, 1, 7, 1, -1)
    assert list(Weights(**FILLED).operands()) == [("weight", 32, FILLED["weight"])]


@pytest.mark.parametrize("header", [ActionValue, Elementwise, Embedding])
def test_a_header_begins_with_the_fields_of_the_one_it_inherits_from(header: type[headers.Header]) -> None:
    begun = list(header.fields().items())[: len(Weights.fields())]
    assert begun == list(Weights.fields().items()) and header.size() > Weights.size()


@pytest.mark.parametrize("wrong", [{"elements": None}, {"rows": 3}])
def test_a_field_that_is_missing_or_unknown(wrong: dict[str, Any]) -> None:
    given = {name: value for name, value in (FILLED | wrong).items() if value is not None}
    with pytest.raises(TypeError, match=next(iter(wrong))):
        Weights(**given)


def test_many_have_room_and_no_more() -> None:
    zeros = {name: ABSENT if place.kind == "Operand" else 0 for name, place in Elementwise.fields().items()}
    many = {name: [] for name, place in Elementwise.fields().items() if place.count}
    header = Elementwise(**(zeros | many | {"params": [1.5, 2.5], "outputs": [ABSENT, FILLED["weight"]]}))
    packed = header.packed()
    assert len(packed) == headers.size_of("Elementwise")
    assert struct.unpack_from("3d", packed, Elementwise.place("params")) == (1.5, 2.5, 0.0)
    assert struct.unpack_from("3q", packed, Elementwise.place("outputs") + 24) == (7, 1, -1)
    header.params = [0.0] * 17
    with pytest.raises(ValueError, match="room for 16"):
        header.packed()


def test_translation(translate: ModuleType) -> None:
    text = "def loop(c: Elementwise, r: Many[Result]) -> Int:\n s = Result()\n s.value = c.params[c.block]\n"
    found = translated(translate, text + " r[1].bad_at = c.inputs[2].kind + c.weight.kind + TILE\n return 0")
    assert "s.value = (&c.params[0])[c.block]" in found
    assert "(r + 1).bad_at = ((((&c.inputs[0]) + 2).kind + (&c.weight).kind) + (512))" in found


def test_conditions_of_a_law_are_all_computed(translate: ModuleType) -> None:
    """Two paths are computed for every element, or leave gcc no vectors; a loop reads nothing that is not there."""
    law = "def law(x, y):\n return x if x > y and (x < 0.0 or y == y) else y"
    found = translated(translate, law, "law")
    assert "((x > y) & ((x < (<double>0.0)) | (y == y)))" in found
    loop = "def loop(x: Reals, n: Int) -> Int:\n return 1 if n > 0 and x[n - 1] > 0.0 else 0"
    assert "((n > 0) and (x[(n - 1)] > (<double>0.0)))" in translated(translate, loop)


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("c[3]", "read by the names of its fields"),
        ("c.rows", "Elementwise has no rows"),
        ("c.inputs.kind", "has no kind"),
        ("TABLE", "no value here"),
    ],
)
def test_what_the_language_refuses(translate: ModuleType, expression: str, why: str) -> None:
    with pytest.raises(translate.Unreadable, match=why):
        translated(translate, f"def loop(c: Elementwise) -> Int:\n return {expression}")


@pytest.mark.parametrize("head", ["lost_block(c: Ints, partial: Result, block: Int)", "lost(n: Int, c: Ints)"])
def test_a_problem_is_read_from_a_header(translate: ModuleType, head: str) -> None:
    with pytest.raises(translate.Unreadable, match="read from a header"):
        translated(translate, f"def {head} -> Int:\n return 0")


def test_a_kernel_is_another_when_its_header_is(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint(elementwise.weight_block, "float64")
    unchanged = fingerprint(rowwise.rows_block, "float64")
    monkeypatch.setattr(Weights, "described", lambda: "Weights(another)")
    assert fingerprint(elementwise.weight_block, "float64") != before
    assert fingerprint(rowwise.rows_block, "float64") == unchanged
