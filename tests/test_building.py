"""`numloss build`: laws of users as text that the translator reads, and as modules with the bits of Numba."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from commands import call
from machine import missing
from process import attempt, python

from numloss import scalar
from numloss.backends.retype import LawError
from numloss.cli import building
from numloss.common.extras import MissingExtra
from numloss.declare import slopes

needs_kernels = pytest.mark.skipif("cython" in missing(), reason=f"cython: {missing().get('cython')}")
LAWS = '''
import numloss as nl
from numloss.domains import POSITIVE
from numloss.scalar import exp as power_of_e
from numloss.scalar import fma, lgamma, log1p, maximum, minimum, power, sigmoid, softplus, sqrt

TENTH, SCALE, NOTHING, FLAG = 0.1, 3.0, float("nan"), True


def helper(x, scale=0.3, shift=0.5):
    if x > 1.0:
        return scale * x, shift
    moved = scale * x * x
    return moved, moved - shift


def passed(x):
    return helper(x, shift=TENTH)


def _own(pred, target, eps):
    """A text with all that a law may have."""
    error = pred - target
    far = error > 1.0 or not error > -2.0
    if error > 2.0:
        found = softplus(error) * eps
    elif far:
        found, more = passed(error)
        found += more
    elif FLAG:
        found: float = TENTH * SCALE * error * error if error > 0.0 else sqrt(error * error + eps)
    else:
        found = NOTHING
    least, most = min(found, 3.0), max(found, error, -1.0)
    found, error = error, found
    both = log1p(power_of_e(found)) / (1.0 + error * error) - power(abs(error), eps)
    both -= +minimum(least, most) * fma(error, both, eps)
    return both + maximum(most, sigmoid(found)) + lgamma(eps + error * error)


def scaled(x, by=0.5, more=0.0):
    return by * x + more


def _full(pred, target):
    error = pred - target
    return scaled(error * error, more=0.0 * target), error, 1.0


def tamed(nll, p, rest, scale):
    return scale * log1p(nll / scale)


own = nl.elementwise(_own, eps=1.5, domains={"eps": POSITIVE})
line = nl.elementwise(lambda pred, target: softplus(-pred * target), name="line")
full = nl.elementwise(_full)
rows = nl.rowwise(tamed, scale=2.0)
smooth = nl.rowwise(lambda gap, label: softplus(1.0 + gap), of="margin", name="smooth")
'''
# Of each loss of both modules all results, as bytes.
RESULTS = """
import sys
import numpy as np
import numloss as nl
import {module} as made
random = np.random.default_rng(5)
losses = [made.own, made.line, made.full, made.{tamed}, made.smooth]
for dtype in ("float32", "float64"):
    pred = random.normal(0.0, 3.0, (2, 700)).astype(dtype)
    pred[0, :3] = np.nan, np.inf, -np.inf
    rows, labels = random.normal(0.0, 3.0, (61, 7)).astype(dtype), random.integers(0, 7, 61)
    for loss in losses:
        given = (rows, labels) if loss.__name__ in ("tamed", "smooth") else tuple(pred)
        for policy in ("exact", "bound"):
            results = nl.value_grad_hess(loss, curvature=policy)(*given, reduction="none")
            print(loss.__name__, dtype, policy, *(np.where(x == x, x, 0.0).tobytes().hex() for x in results))
print("numba" in sys.modules, file=sys.stderr)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "own_laws.py"
    path.write_text(LAWS)
    return path


@needs_kernels
def test_the_text_of_a_module(file: Path) -> None:
    """All that a law may have is translated, for both dtypes and all modes; the losses are told as data."""
    out = file.parent / "made"
    assert call("build", file, "-o", out, "--text").stdout.startswith("own, line, full, tamed, smooth: ")
    text = (out / "own_laws_built.pyx").read_text()
    for name in ("own0_own", "own_max", "softplus_slopes", "lgamma_slopes", "tile2own"):
        assert f"{name}" in text
    functions, _, tables = text.partition("ADDRESSES = {")
    assert "import" not in functions.replace("from math import inf, nan", "")
    assert tables.count("/float32") == tables.count("/float64") == 15
    known = {
        node.targets[0].id: ast.literal_eval(node.value)  # type: ignore[attr-defined]
        for node in ast.parse(tables[tables.index("VERSION") :]).body
        if isinstance(node, ast.Assign) and "inf" not in ast.dump(node)
    }
    assert known["LEVEL"] in ("v2", "v3", "v4", "base")
    names = {node.name for node in ast.parse(known["TEXT"]).body}  # type: ignore[attr-defined]
    assert {"own0_own", "own_min", "own_max"} <= names and all(name.startswith("own") for name in names)
    # the text computes what the law does
    scope = {**vars(scalar), **vars(slopes)}
    exec(known["TEXT"], scope)
    losses = building.losses_in(file)
    for name, given in (("own", (0.1, 1.5)), ("full", (0.1,))):
        law = losses[name].law
        translated = next(value for key, value in scope.items() if re.fullmatch(rf"own\d+_{name}", key))
        assert law is not None
        for pred in (2.7, 1.3, 0.4, -0.4, -1.7, -3.2):
            assert translated(pred, *given) == law(pred, *given)


def test_what_cannot_be_built(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(text: str, error: type[Exception], said: str, **asked: Any) -> None:
        file.write_text(text)
        with pytest.raises(error, match=said):
            building.build(file, file.parent, **{"text_only": True, **asked})

    refused("import numloss as nl\nloss = nl.huber\n", ValueError, "own_laws.py: no losses; the file has to call")
    twice = LAWS + "again = nl.elementwise(_full, name='own')\n"
    refused(twice, ValueError, "two losses are called own; give one of them another name=")
    refused(LAWS, ValueError, "'own-laws' is no name of a module", name="own-laws")
    arithmetic = LAWS + "odd = nl.elementwise(lambda pred, target: (pred - target, 2.0 * 3.0, 1.0), name='odd')\n"
    refused(arithmetic, LawError, "write the result of constant arithmetic as one constant")
    unwritten = LAWS + "exec('def f(p, t):\\n    return p, 1.0, 0.0')\nodd = nl.elementwise(f)\n"
    refused(unwritten, LawError, "law 'f' cannot be translated: its text is in no file")
    monkeypatch.setitem(sys.modules, "Cython.Build", None)
    refused(LAWS, MissingExtra, r"needs Cython and setuptools .*: pip install cython setuptools", text_only=False)


@pytest.mark.more
@needs_kernels
def test_a_built_module_has_the_bits_of_numba_and_does_without_it(file: Path) -> None:
    pytest.importorskip("Cython", reason="Cython is not installed")
    folder = file.parent
    text = f"from numloss.cli import main\nmain(['build', {str(file)!r}, '-o', {str(folder)!r}])"
    done = attempt(text, warnings="default")
    assert done.returncode == 0, done.stderr
    found = {
        module: python(RESULTS.format(module=module, tamed=tamed), PYTHONPATH=str(folder))
        for module, tamed in (("own_laws", "rows"), ("own_laws_built", "tamed"))
    }
    assert found["own_laws"].stdout == found["own_laws_built"].stdout
    assert [result.stderr.strip() for result in found.values()] == ["True", "False"]
    others = "import pickle, own_laws_built as m\nassert pickle.loads(pickle.dumps(m.own)) is m.own\n"
    others += "import numpy as np\nassert m.full(np.ones(3), np.zeros(3), backend='numba') == 0.5\nprint(m.own.__doc__)"
    assert "A text with all that a law may have." in python(others, PYTHONPATH=str(folder)).stdout


@pytest.mark.more
@needs_kernels
def test_without_a_compiler_it_says_what_to_install(file: Path) -> None:
    pytest.importorskip("Cython", reason="Cython is not installed")
    text = f"from numloss.cli import main\nmain(['build', {str(file)!r}, '-o', {str(file.parent)!r}])"
    done = attempt(text, warnings="default", CC="/nowhere/cc")
    assert done.returncode == 1 and "no module was compiled" in done.stderr and "install a C compiler" in done.stderr
