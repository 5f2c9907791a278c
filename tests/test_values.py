"""Values of every loss, reduced and weighted, against its oracle in naive float64 NumPy."""

from __future__ import annotations

import ast
import importlib
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compare import assert_close
from inputs import DTYPES, NAMES, REDUCTIONS, Shape, arrays, options, shapes, weight, weights

from numloss.registry import LOSSES

ORACLES = Path(__file__).parent / "oracles"
# Units of rounding of the dtype for one value; relative to terms of size 1 where a value is smaller, because an
# oracle is written naively and cancels there. test_tails.py holds small values to relative digits.
VALUE_ULP = 16.0
# Values of float32 are summed in float32 within a tile: a dozen roundings of the sum of their sizes at most.
SUM_ULP = 16.0
Kept = dict[Any, Any]
expected_values: Kept = {}


def oracle(name: str) -> Any:
    return importlib.import_module(f"oracles.{name}")


def expected(name: str, shape: Shape, dtype: str, option: dict[str, Any]) -> np.ndarray[Any, Any]:
    """What the oracle says; kept, because every backend, reduction and weight asks for the same."""
    key = (name, shape, dtype, repr(option))
    if key not in expected_values:
        given = [a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays(name, shape, dtype)]
        with np.errstate(all="ignore"):
            expected_values[key] = np.asarray(oracle(name).value(*given, **option), dtype=np.float64)
    return np.asarray(expected_values[key])


def check(name: str, backend: str, shape: Shape, dtype: str, reduction: str, kind: str, option: dict[str, Any]) -> None:
    """One call against the oracle. What is written to arrives filled with NaN."""
    given = arrays(name, shape, dtype)
    w = weight(name, shape, dtype, kind)
    extra: dict[str, Any] = {} if w is None else {"weight": w}
    exact = expected(name, shape, dtype, option)
    assert exact.shape == shape, "the oracle must give the unreduced loss"
    if reduction == "none":
        extra["out"] = np.full(shape, np.nan, dtype)
    result = LOSSES[name].function(*given, **option, **extra, reduction=reduction, backend=backend)
    spread = np.ones(shape) if w is None else w.astype(np.float64).reshape(w.shape + (1,) * (len(shape) - w.ndim))
    spread = np.broadcast_to(spread, shape)
    terms = spread * exact
    if reduction == "none":
        assert result is extra["out"]
        assert_close(result, terms, ulp=VALUE_ULP, scale=np.maximum(spread, 1.0))
        return
    assert type(result) is float
    size = math.fsum(np.abs(terms).ravel()) + math.fsum(spread.ravel())
    total, count = math.fsum(terms.ravel()), math.fsum(spread.ravel())
    if reduction == "mean":
        total, size = (total / count, size / count) if count > 0.0 else (0.0, 0.0)
    unit = SUM_ULP * np.finfo(dtype).eps / np.finfo(np.float64).eps
    assert_close(np.float64(result), total, ulp=unit, scale=size)


@pytest.mark.parametrize("name", NAMES)
def test_every_loss_has_an_oracle(name: str) -> None:
    assert (ORACLES / f"{name}.py").exists(), f"write tests/oracles/{name}.py with value(*inputs, **options)"


@pytest.mark.parametrize("path", sorted(ORACLES.glob("*.py")), ids=lambda path: path.stem)
def test_oracles_are_independent(path: Path) -> None:
    imported = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert not any("numloss" in ast.unparse(node) for node in imported), "an oracle that uses numloss proves nothing"


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_values(name: str, backend: str, dtype: str, reduction: str) -> None:
    for shape in shapes(name):
        for kind in weights(name):
            if np.prod(shape) < 1000 or kind == "full":
                check(name, backend, shape, dtype, reduction, kind, next(options(name)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_options(name: str, backend: str, dtype: str) -> None:
    shape = max((shape for shape in shapes(name) if np.prod(shape) < 1000), key=np.prod)
    for option in options(name):
        check(name, backend, shape, dtype, "none", "none", option)
        check(name, backend, shape, dtype, "mean", weights(name)[-1], option)


@pytest.mark.more
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_every_option_at_every_size(name: str, backend: str, dtype: str) -> None:
    for shape in shapes(name):
        for option in options(name):
            for kind in weights(name):
                for reduction in REDUCTIONS:
                    check(name, backend, shape, dtype, reduction, kind, option)


def test_a_wrong_value_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    name, shape = "mse", (513,)
    wrong = expected(name, shape, "float64", {}).copy()
    wrong[512] += 1e-12
    monkeypatch.setitem(expected_values, (name, shape, "float64", "{}"), wrong)
    with pytest.raises(AssertionError, match="off"):
        check(name, "cython", shape, "float64", "none", "none", {})
