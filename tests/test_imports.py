"""Imports point one way, and `import numloss` stays light."""

from __future__ import annotations

import ast
import graphlib
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from machine import missing
from process import python

import numloss
from numloss.common.extras import MissingExtra

PACKAGE = Path(numloss.__file__).parent
# Each room and how high it stands. An import may go down or stay level, never up.
HEIGHTS = {
    "cli": 11,
    "__main__": 11,
    "adapters": 11,
    "bench": 10,
    "train": 10,
    "scoring": 10,
    "evaluation": 9,
    "cluster": 9,
    "losses": 8,
    "metrics": 8,
    "nn": 8,
    "returns": 8,
    "catalogue": 7,
    "transforms": 7,
    "declare": 7,
    "dispatch": 6,
    "backends": 5,
    "calls": 4,
    "registry": 3,
    "data": 2,
    "loops": 2,
    "scalar": 1,
    "domains": 2,
    "typing": 0,
    "errors": 0,
    "common": 0,
    "version": 0,
}
# Packages of the outside, and the only rooms that may name them.
OUTSIDE = {
    "click": {"cli"},
    "rich": {"cli", "common"},
    "numba": {"backends", "adapters", "cli"},
    "llvmlite": {"backends", "adapters", "cli"},
    "sklearn": {"bench", "data", "adapters", "common"},
    "torch": {"adapters", "bench"},
    "jax": {"adapters", "bench"},
    "xgboost": {"adapters"},
    "lightgbm": {"adapters"},
    "catboost": {"adapters"},
    "onnx": {"adapters"},
    "scipy": set(),
}
HEAVY = ("numba", "llvmlite", "scipy", "click", "rich", "sklearn", "matplotlib", "torch", "mpi4py", "cupy")
MODULES = sorted(
    info.name for info in pkgutil.walk_packages([str(PACKAGE)], "numloss.") if not info.name.endswith("__main__")
)
# Modules that need what may not be installed: they must say so, and nothing else.
OPTIONAL = {
    "numloss.adapters": "its library",
    "numloss.bench.peers": "its library",
    "numloss.backends.numba_cuda": "cuda",
    "numloss.backends._aot": "the compiler",
}


def imports(path: Path, for_types: bool = False) -> Iterator[tuple[int, str]]:
    """Line and full name of everything that a file imports, also inside functions; `for_types`: type checkers too."""
    tree = ast.parse(path.read_text())
    typing_only = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" and not for_types
        for inner in ast.walk(node)
    }
    package = ["numloss", *path.relative_to(PACKAGE).parent.parts]
    for node in ast.walk(tree):
        if node in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            names = [*base, *(node.module or "").split(".")] if node.module else base
            for alias in node.names:
                inner = PACKAGE.parent.joinpath(*names, alias.name)
                # what is named is a module, or something in one
                whole = inner.with_suffix(".py").exists() or inner.is_dir()
                yield node.lineno, ".".join([*names, alias.name] if whole else names)


def room(name: str) -> str:
    return name.split(".")[1] if "." in name else ""


FILES = [p for p in sorted(PACKAGE.rglob("*.py")) if p.name != "_build_report.py" and p != PACKAGE / "__init__.py"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_arrows_point_one_way(path: Path) -> None:
    here = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    assert here in HEIGHTS, f"say in HEIGHTS how high {here} stands"
    for line, name in imports(path):
        if name.split(".")[0] == "numloss":
            target = room(name)
            if target in HEIGHTS:
                above = f"{path.name}:{line}: {here} imports {target}, which is above it"
                assert HEIGHTS[target] <= HEIGHTS[here], above
        allowed = OUTSIDE.get(name.split(".")[0])
        assert allowed is None or here in allowed, f"{path.name}:{line}: {here} imports {name}"


@pytest.mark.parametrize("path", sorted((PACKAGE / "losses").rglob("*.py")), ids=lambda path: path.stem)
def test_losses_import_only_the_vocabulary_and_the_registry(path: Path) -> None:
    allowed = ("numloss.declare", "numloss.scalar", "numloss.loops.codes", "numloss.losses.")
    assert all(name.startswith(allowed) for _, name in imports(path))


def arrows() -> dict[str, set[str]]:
    """Which module of the package imports which, also for type checkers alone."""
    found = {}
    for path in FILES:
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return {
        module: {name for _, name in imports(path, for_types=True) if name in found and name != module}
        for module, path in found.items()
    }


def test_there_are_no_circles() -> None:
    with pytest.raises(graphlib.CycleError):
        graphlib.TopologicalSorter({"here": {"there"}, "there": {"here"}}).prepare()
    graphlib.TopologicalSorter(arrows()).prepare()


def test_backends_are_loaded_by_name() -> None:
    names = [name for _, name in imports(PACKAGE / "dispatch.py")]
    assert not any("numba_cpu" in name or "cython_aot" in name or "numba_cuda" in name for name in names)


def test_an_arrow_that_points_back_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "losses"
    folder.mkdir()
    bad = folder / "bad.py"
    bad.write_text("from ..train import loop\nimport numpy\n")
    monkeypatch.setattr("test_imports.PACKAGE", tmp_path)
    assert list(imports(bad)) == [(1, "numloss.train"), (2, "numpy")]
    with pytest.raises(AssertionError, match="which is above it"):
        test_arrows_point_one_way(bad)


def test_import_numloss_is_light() -> None:
    code = f"""
        import sys, numloss
        print([name for name in {HEAVY!r} if name in sys.modules])
    """
    assert python(code).stdout.strip() == "[]"


def test_small_work_does_not_load_numba() -> None:
    code = """
        import sys, numpy as np, numloss
        numloss.mse(np.ones(1000), np.zeros(1000))
        print("numba" in sys.modules)
    """
    if "cython" in missing():
        pytest.skip(f"cython: {missing()['cython']}")
    assert python(code).stdout.strip() == "False"


@pytest.mark.parametrize("module", MODULES)
def test_every_module_imports(module: str) -> None:
    needs = next((what for prefix, what in OPTIONAL.items() if module.startswith(prefix)), None)
    level = module.partition("._aot_")[2].partition("_")[0]
    if level in missing():
        pytest.skip(f"{module}: {missing()[level]}")
    try:
        assert importlib.import_module(module).__doc__ or module.startswith("numloss.backends._")
    except (ImportError, MissingExtra, OSError) as error:
        if needs is None:
            raise
        pytest.skip(f"{module} needs {needs}: {error}")
