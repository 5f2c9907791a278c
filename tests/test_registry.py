"""Nothing is forgotten: every loss has its file, its documentation, a running example, an oracle and an export."""

from __future__ import annotations

import ast
import contextlib
import doctest
import importlib
import inspect
import math
import re
import types
from pathlib import Path

import numpy as np
import pytest
from cases import NAMES, arrays, options, record
from machine import default_backend

import numloss as nl
from numloss.calls.request import Request
from numloss.registry import LOSSES

PACKAGE = Path(nl.__file__).parent
FILES = [path for path in sorted((PACKAGE / "losses").rglob("*.py")) if path.name != "__init__.py"]
SECTIONS = ("Parameters", "Returns", "Raises", "Notes", "References", "Examples")
SHARED = ("reduction", "out", "backend")
# A file of a loss is short; a loss that needs more is two losses, or hides a loop.
MOST_LINES = 150


def modules() -> list[types.ModuleType]:
    """Every module of the package that documents itself with examples."""
    names = ("transforms.derivatives", "transforms.combine_losses", "declare.from_law", "declare.frequencies")
    found = [nl, *(importlib.import_module(f"numloss.{name}") for name in (*names, "catalogue"))]
    return found + [importlib.import_module(record.function.__module__) for record in LOSSES.values()]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_holds_one_loss(path: Path) -> None:
    here = [name for name in NAMES if inspect.getsourcefile(LOSSES[name].declaration) == str(path)]
    assert here, "this file records no loss, or numloss/__init__.py does not import it"
    assert path.stem in here, "the file has the name of its loss"
    assert len(path.read_text().splitlines()) <= MOST_LINES
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("name", NAMES)
def test_the_public_name(name: str) -> None:
    loss = LOSSES[name]
    assert getattr(nl, name) is loss.function
    assert name in nl.__all__
    assert loss.function.__module__ == f"numloss.losses.{loss.task}.{Path(inspect.getfile(loss.declaration)).stem}"
    assert not (PACKAGE / name).exists(), "a function and a package of one name hide each other"


@pytest.mark.parametrize("name", NAMES)
def test_documentation(name: str) -> None:
    doc = inspect.getdoc(LOSSES[name].function) or ""
    first = doc.splitlines()[0]
    assert first.endswith((".", "``.")) and len(first) > len(name)
    positions = [doc.find(f"\n{section}\n{'-' * len(section)}\n") for section in SECTIONS]
    missing = [section for section, position in zip(SECTIONS, positions, strict=True) if position < 0]
    assert not missing, f"sections {missing} are missing"
    assert positions == sorted(positions), "the sections have an order"
    for argument in (*LOSSES[name].inputs, *LOSSES[name].defaults, *SHARED):
        assert argument in doc, f"{argument} is not described"
    assert ("weight : array" in doc) == LOSSES[name].weighted


@pytest.mark.parametrize("name", NAMES)
def test_the_facts(name: str) -> None:
    loss = LOSSES[name]
    known = {*loss.inputs, *loss.defaults}
    assert set(loss.domains) <= known, "a domain of nothing"
    taken = {name if name in known else name.removesuffix("_rest") for name in loss.params}
    assert taken <= {*known, *loss.derived} and not known & loss.derived.keys()
    assert set(loss.per_element) <= known and set(loss.none) <= known
    assert loss.differentiable and all(0 <= k < len(loss.inputs) for k in loss.differentiable)
    assert loss.least >= 0.0 and math.isfinite(loss.least)
    assert loss.cost > 0.0 and loss.task and loss.adds_up in ("rows", "groups", "no")
    assert loss.reduction == ("mean" if loss.weighted else "sum")
    for option, default in loss.defaults.items():
        if isinstance(default, float) and option in loss.domains:
            assert default in loss.domains[option], f"the default of {option} is outside its domain"
    assert list(options(name))


@pytest.mark.parametrize("name", [name for name in NAMES if LOSSES[name].stages])
def test_the_stages_of_a_law_and_the_law_are_one_function(name: str) -> None:
    loss = LOSSES[name]
    given = arrays(name, (9,), "float64", ends=False)
    numbers = [loss.none[option] for option in loss.per_element]
    numbers += Request(loss, 0, given, {}).parameters(np.dtype(np.float64))
    constants, of, count = loss.constant_part
    if constants is not None:
        found = constants(*(numbers[len(loss.per_element) + k] for k in of))
        numbers += found if count > 1 else [found]
    assert loss.whole_law is not None
    # as plain Python, where a tile has computed stage by stage
    values = [loss.whole_law(*element, *numbers)[0] for element in zip(*given, strict=True)]
    np.testing.assert_allclose(values, loss.function(*given, reduction="none"), rtol=1e-11)


def test_aliases_name_one_loss() -> None:
    aliases = [alias for loss in LOSSES.values() for alias in loss.aliases]
    assert len(set(aliases)) == len(aliases)
    assert not set(aliases) & set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_signature(name: str) -> None:
    parameters = inspect.signature(LOSSES[name].function).parameters
    kinds = [parameter.kind for parameter in parameters.values()]
    assert kinds == sorted(kinds), "arrays come first, everything else by keyword"
    assert inspect.Parameter.VAR_KEYWORD not in kinds, "options of all losses are spelled out, for help and editors"
    usual = ("weight", "top", "above") if LOSSES[name].weighted else ()
    assert {*usual, "reduction", "out", "backend"} <= parameters.keys()
    assert parameters["reduction"].default == LOSSES[name].reduction
    assert all(p.annotation is not inspect.Parameter.empty for p in parameters.values())


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.__name__)
def test_examples_run(module: types.ModuleType) -> None:
    examples = doctest.DocTestFinder(exclude_empty=True).find(module, globs=dict(vars(module)))
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    of_a_loss = module.__name__.startswith("numloss.losses.")  # whose kernels need not be compiled
    with nl.use_backend(default_backend()) if of_a_loss else contextlib.nullcontext():
        for example in examples:
            runner.run(example)
    assert runner.summarize(verbose=False).failed == 0


@pytest.mark.parametrize("name", NAMES)
def test_every_loss_has_an_example(name: str) -> None:
    assert doctest.DocTestParser().get_examples(LOSSES[name].function.__doc__ or "")


def test_public_names_are_explicit() -> None:
    public = {name for name in vars(nl) if not name.startswith("_") and not inspect.ismodule(getattr(nl, name))}
    assert public == set(nl.__all__) - {"__version__"}
    assert nl.__all__ == sorted(nl.__all__, key=str.lower)


def test_an_unknown_name_says_what_was_meant() -> None:
    with pytest.raises(AttributeError, match="no attribute 'pinball'; here it is called quantile"):
        nl.pinball  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute 'hubre'; did you mean huber"):
        nl.hubre  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(AttributeError, match=r"no attribute 'zzzzzzzz'$"):
        nl.zzzzzzzz  # type: ignore[attr-defined]  # noqa: B018
    assert not hasattr(nl, "__wrapped__")


def documented(function: object, option: str) -> str:
    """What a docstring says of an option, type and sentences."""
    text = inspect.getdoc(function) or ""
    found = re.search(rf"^(?:\w+, )*{option}(?:, \w+)* : (.*(?:\n    .*)*)", text, re.MULTILINE)
    return " ".join(found[1].split()) if found else ""


@pytest.mark.parametrize("name", NAMES)
def test_the_domain_of_an_option_is_the_one_that_is_documented(name: str) -> None:
    loss = record(name)
    for option in loss.domains.keys() & loss.defaults.keys():
        text = loss.domains[option].text
        said = {"0 or 1": "bool", "finite": "float"}.get(text, text.removesuffix(" and finite"))
        told = documented(loss.function, option) or documented(nl.cross_entropy, option)
        assert said in told, f"{name}: {option} must be {text}, but is documented as: {told}"
