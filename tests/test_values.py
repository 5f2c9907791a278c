"""Values of every loss, reduced and weighted, against its oracle in naive float64 NumPy."""

from __future__ import annotations

import ast
import importlib
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from calls import each
from cases import (
    CASES,
    DTYPES,
    NAMES,
    REDUCTIONS,
    arrays,
    middle,
    options,
    record,
    shapes,
    stands_for_its_kind,
    weight,
    weights,
)
from compare import assert_close, told
from generators import Shape, draw
from seeds import generator

from numloss.domains import REAL

ORACLES = Path(__file__).parent / "oracles"
# Units of rounding of the dtype for one value; relative to terms of size 1 where a value is smaller, because an
# oracle is written naively and cancels there. test_tails.py holds small values to relative digits.
VALUE_ULP = 16.0
# Values are summed in float64, but rounded to the dtype before; of rows, what they are made of is.
SUM_ULP = 16.0
expected_values: dict[Any, Any] = {}
# Answers that are remembered; those of all losses at all sizes are gigabytes.
KEPT = 500


def oracle(case: str, function: str, shape: Shape, dtype: str, option: dict[str, Any]) -> np.ndarray[Any, Any]:
    """What the oracle says; kept, because every backend, reduction and weight asks for the same.

    An oracle has `value`, the unreduced loss; `count`, where values do not all count 1 in a mean; `averaged`, what
    the mean is taken of where that is not the value; and `size`, that of the terms of a value, where they cancel and
    are not of size 1.
    """
    key = (case, function, shape, dtype, repr(option))
    if key not in expected_values:
        if len(expected_values) >= KEPT:
            expected_values.clear()
        module = importlib.import_module(f"oracles.{record(case).name}")
        given = [a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays(case, shape, dtype)]
        absent = module.value if function == "averaged" else lambda *_, **__: np.ones(shape)
        with np.errstate(all="ignore"):
            found = getattr(module, function, absent)(*given, **option)
        expected_values[key] = np.asarray(found, dtype=np.float64)
    exact = np.asarray(expected_values[key])
    assert exact.shape == shape, f"{function} of the oracle must have the shape of the unreduced loss"
    return exact


def check(case: str, backend: str, shape: Shape, dtype: str, reduction: str, kind: str, option: dict[str, Any]) -> None:
    """One call against the oracle; a failure says which."""
    facts = {"loss": case, "backend": backend, "shape": shape, "dtype": dtype, "reduction": reduction}
    with told(**facts, weight=kind, options=option):
        compare(case, backend, shape, dtype, reduction, kind, option)


def compare(
    case: str, backend: str, shape: Shape, dtype: str, reduction: str, kind: str, option: dict[str, Any]
) -> None:
    """One call against the oracle. What is written to arrives filled with NaN."""
    given = arrays(case, shape, dtype)
    w = weight(case, shape, dtype, kind)
    extra: dict[str, Any] = {} if w is None else {"weight": w}
    if reduction == "none":
        extra["out"] = np.full(shape, np.nan, dtype)
    result = record(case).function(*given, **option, **extra, reduction=reduction, backend=backend)
    spread = np.ones(shape) if w is None else w.astype(np.float64).reshape(w.shape + (1,) * (len(shape) - w.ndim))
    spread = np.broadcast_to(spread, shape)
    what = "averaged" if reduction == "mean" else "value"
    terms = spread * oracle(case, what, shape, dtype, option)
    if reduction == "none":
        assert result is extra["out"]
        sizes = np.maximum(spread, 1.0) * oracle(case, "size", shape, dtype, option)
        assert_close(result, terms, ulp=VALUE_ULP, scale=sizes)
        return
    assert type(result) is float
    sizes = spread * oracle(case, "size", shape, dtype, option)
    total, size = math.fsum(terms.ravel()), math.fsum(np.abs(terms).ravel()) + math.fsum(sizes.ravel())
    if reduction == "mean":
        count = math.fsum((spread * oracle(case, "count", shape, dtype, option)).ravel())
        total, size = (total / count, size / count) if count > 0.0 else (0.0, 0.0)
    unit = SUM_ULP * np.finfo(dtype).eps / np.finfo(np.float64).eps
    assert_close(np.float64(result), total, ulp=unit, scale=size)


@pytest.mark.parametrize("name", NAMES)
def test_every_loss_has_an_oracle(name: str) -> None:
    assert (ORACLES / f"{name}.py").exists(), f"write tests/oracles/{name}.py with value(*inputs, **options)"


@pytest.mark.parametrize("path", sorted(ORACLES.glob("*.py")), ids=lambda path: path.stem)
def test_oracles_are_independent(path: Path) -> None:
    tree = ast.parse(path.read_text())
    imports = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert not any("numloss" in line for line in imports), "an oracle that uses numloss proves nothing"


@pytest.mark.loops
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", each(CASES))
def test_values(case: str, backend: str, dtype: str, reduction: str) -> None:
    for shape in shapes(case):
        for kind in weights(case):
            if math.prod(shape) < 1000 or kind == "full":
                check(case, backend, shape, dtype, reduction, kind, next(options(case)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES)
def test_options(case: str, backend: str, dtype: str) -> None:
    shape = middle(case)
    for option in options(case):
        check(case, backend, shape, dtype, "none", "none", option)
        check(case, backend, shape, dtype, "mean", weights(case)[-1], option)


VARYING = [case for case in CASES if record(case).per_element and record(case).family != "ranked"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", VARYING)
def test_options_that_follow_the_last_axes(case: str, backend: str, dtype: str) -> None:
    loss, shape = record(case), (5, 7, 11)
    given = arrays(case, shape, dtype)
    for option in loss.per_element:
        for size in ((11,), (7, 11), (7, 1), shape):
            values = np.abs(draw(loss.domains.get(option, REAL), size, generator(option, size))).astype(dtype)
            wide = {option: np.broadcast_to(values, shape).astype(np.float64)}
            exact = importlib.import_module(f"oracles.{loss.name}").value
            whole = exact(*(a.astype(np.float64) for a in given), **wide)
            result = loss.function(*given, **{option: values}, reduction="none", backend=backend)
            assert_close(result, whole, ulp=VALUE_ULP, scale=1.0 + values.max())


@pytest.mark.more
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", [*filter(stands_for_its_kind, CASES)])
def test_every_option_at_every_size(case: str, backend: str, dtype: str) -> None:
    for shape in shapes(case):
        for option in options(case):
            for kind in weights(case):
                for reduction in REDUCTIONS:
                    check(case, backend, shape, dtype, reduction, kind, option)


def test_a_wrong_value_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    case, shape = "mse", (513,)
    wrong = oracle(case, "value", shape, "float64", {}).copy()
    wrong[512] += 1e-12
    monkeypatch.setitem(expected_values, (case, "value", shape, "float64", "{}"), wrong)
    with pytest.raises(AssertionError, match="off"):
        check(case, "cython", shape, "float64", "none", "none", {})
