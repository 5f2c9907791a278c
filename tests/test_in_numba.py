"""Losses and words called in functions that a user compiles with Numba: the same bits as those called from Python."""

from __future__ import annotations

import functools
import itertools
import tomllib
from pathlib import Path
from typing import Any

import cases
import numba
import numpy as np
import pytest
from calls import refused
from numba.core.errors import TypingError
from process import TESTS, python
from words import computed

import numloss as nl
import numloss_in_numba
from numloss import scalar

numloss_in_numba.register()
FAMILIES = ("elementwise", "rowwise", "distilled")
CASES = [case for case in cases.CASES if cases.record(case).family in FAMILIES]


@functools.cache
def user(function: Any, arguments: tuple[str, ...], written: str = "") -> Any:
    """A user's function that calls a loss by keywords: some with arguments of its own, others written in its text."""
    scope = {"called": function}
    given = ", ".join([*(f"{name}={name}" for name in arguments), written])
    exec(f"def user({', '.join(arguments)}):\n    return called({given})", scope)
    return numba.njit(scope["user"])


def assert_same(case: str, dtype: str, options: dict[str, Any], reduction: str, kind: str, view: Any = None) -> None:
    """A call gives what it gives from Python, bit by bit."""
    loss, message = cases.record(case), f"{case} {dtype} {options} {reduction} {kind}"
    shape = (37, 5) if loss.family == "elementwise" else (37,)
    given = cases.arrays(case, shape, dtype)
    given = tuple(map(view, given)) if view else given
    words = {name: value for name, value in options.items() if isinstance(value, str)}
    arguments = {name: np.asarray(v, dtype) if isinstance(v, tuple) else v for name, v in options.items()}
    weight = cases.weight(case, shape, dtype, kind)
    arguments |= {} if weight is None else {"weight": weight}
    taken = dict(zip(loss.inputs, given, strict=True)) | {k: v for k, v in arguments.items() if k not in words}
    text = ", ".join(f"{name}={value!r}" for name, value in {**words, "reduction": reduction}.items())
    found = user(loss.function, tuple(taken), text)(*taken.values())
    wanted = loss.function(*given, **arguments, reduction=reduction)
    np.testing.assert_array_equal(found, wanted, err_msg=message)
    assert np.asarray(found).dtype == np.asarray(wanted).dtype, message


def all_of(case: str, options: dict[str, Any]) -> dict[str, Any]:
    """Options with the defaults of the others that are numbers, so that one function is compiled for all of them."""
    defaults = cases.record(case).defaults.items()
    return {name: value for name, value in defaults if isinstance(value, (float, bool))} | options


def test_a_call_with_columns_and_weights() -> None:
    assert_same("giou", "float32", {"eps": 1e-3}, "mean", "sample")


# All losses in float32; those that stand for a kind in float64, too.
MATRIX = [(case, "float32") for case in CASES]
MATRIX += [(case, "float64") for case in CASES if cases.stands_for_its_kind(case)]


@pytest.mark.more
@pytest.mark.parametrize(("case", "dtype"), MATRIX)
def test_a_call_gives_what_it_gives_from_python(case: str, dtype: str) -> None:
    kinds = cases.weights(case)
    if dtype == "float32":
        for options in cases.options(case):
            assert_same(case, dtype, all_of(case, options), "mean", "none")
    if dtype == "float32" and cases.stands_for_its_kind(case):
        for reduction, kind in [*itertools.product(cases.REDUCTIONS, kinds[-1:]), *itertools.product(["mean"], kinds)]:
            assert_same(case, dtype, cases.required(case), reduction, kind)
    else:
        assert_same(case, dtype, cases.required(case), "none", kinds[-1])


VIEWS = (
    lambda array: array,
    lambda array: np.asfortranarray(array) if array.ndim == 2 else array,
    lambda array: np.repeat(array, 2, axis=0)[::2],
    lambda array: np.asfortranarray(np.repeat(array, 2, axis=-1))[..., ::-2] if array.ndim == 2 else array,
)


@pytest.mark.more
@pytest.mark.parametrize("case", ["huber", "giou", "ordinal_logistic", "bce_with_logits", "cross_entropy", "kl_logits"])
def test_any_layout(case: str) -> None:
    for view, reduction in itertools.product(VIEWS, ("mean", "none")):
        assert_same(case, "float32", cases.required(case), reduction, "full", view)


@numba.njit
def weighed(pred: Any, target: Any, weight: Any, delta: float) -> Any:
    return nl.huber(pred, target, weight=weight, delta=delta)


@numba.njit
def rows(logits: Any, labels: Any, ignored: int) -> Any:
    return nl.cross_entropy(logits, labels, ignore_index=ignored, class_weight=np.ones(4), label_smoothing=0.1)


@numba.njit
def row(logits: Any, label: Any) -> Any:
    return nl.cross_entropy(logits, label)


def test_what_is_odd_is_answered_or_refused_as_from_python() -> None:
    """What needs more than a loop, and what is refused, all with functions that were compiled for something else."""
    x, y, w = np.random.default_rng(0).random((3, 40))

    def same(compiled: Any, function: Any, *given: Any, **options: Any) -> None:
        assert compiled(*given, *options.values()) == function(*given, **options)

    for scale in (1.0, 1e-200, 1e200, 0.0):
        same(weighed, nl.huber, x, y, weight=scale * w, delta=2.0)
    same(weighed, nl.huber, x[:0], y[:0], weight=w[:0], delta=2.0)
    same(weighed, nl.huber, 1e308 * x, -1e308 * y, weight=w, delta=1e-3)
    bad = y.copy()
    bad[7] = np.nan
    for given in ((x, bad, w, 1.0), (x, y[1:], w, 1.0), (x, y, -w, 1.0), (x, y, w, 0.0), (x, y, w[1:], 1.0)):
        with pytest.raises(ValueError) as wanted:
            nl.huber(*given[:2], weight=given[2], delta=given[3])
        with refused(ValueError, str(wanted.value)):
            weighed(*given)
    logits, labels = np.random.default_rng(1).normal(size=(50, 4)), np.arange(50) % 4
    options = {"class_weight": np.ones(4), "label_smoothing": 0.1}
    for ignored in (-100, 2):
        assert rows(logits, labels, ignored) == nl.cross_entropy(logits, labels, ignore_index=ignored, **options)
    with refused(IndexError, "target[9] = 7 is outside [0, 4)"):
        rows(logits, np.where(np.arange(50) == 9, 7, labels), 1)
    assert row(logits[3], labels[3]) == nl.cross_entropy(logits[3:4], labels[3:4])
    with refused(IndexError, "target[0] = 9"):
        row(logits[3], 9)


X, L = "np.ones((3, 4))", "np.arange(3)"
REFUSED = {
    f"nl.huber({X}, 1.0)": "target must be an array as pred is",
    f"nl.huber(1.0, {X})": "target must be a number as pred is",
    f"nl.huber({X}, {X}[0])": "target has 1 axes, but pred has 2",
    f"nl.huber({X}, {X}, delta='wide')": "delta must be a number, got unicode_type",
    f"nl.huber({X}, {X}, delta=True)": "delta must be a number, got bool",
    f"nl.huber({X}, {X}, reduction=word)": "reduction must be 'mean', 'sum' or 'none', written where",
    f"nl.huber({X}, {X}, out={X})": "out cannot be given in a compiled function; what it computes is its result",
    f"nl.huber({X}, {X}, backend='numba')": "backend cannot be given",
    "nl.huber(1.0, 2.0, weight=3.0)": "multiply the value of numbers by it",
    f"nl.huber({X}, {X}, weight=3.0)": "weight must be an array as pred is",
    "nl.huber(np.ones(3, np.int64), np.ones(3))": "convert it with astype(np.float32)",
    f"nl.huber({X}, {X}, width=1.0)": "width",
    f"nl.ppo_clip({X}, {X}, {X}, denominator='sequences')": "denominator cannot be given in a compiled function",
    "nl.giou(1.0, 2.0)": "pred must be an array",
    f"nl.elastic_net({X})": "missing l1",
    f"nl.cross_entropy({X}, {X}[0])": "target has 1 axes, but pred has 2",
    f"nl.nll({X}, {X})": "target must be an array of integers (N,)",
    f"nl.cross_entropy({X}[0], 1, reduction='none')": "one row has one loss",
    f"nl.cross_entropy({X}[0], {L})": "target must be an integer: the label of the row",
    f"nl.cross_entropy({X}, {L}, axis=0)": "axis must be the last one",
    f"nl.cross_entropy({X}, {L}, from_probabilities=1)": "from_probabilities must be True or False",
    f"nl.kl_logits({X}, {X}, indices={L})": "indices cannot be given in a compiled function",
    f"nl.kl_logits({X}, {X}, direction='sideways')": "direction must be 'forward' or 'reverse'",
    "nl.cross_entropy(np.ones((2, 3, 4)), np.ones((2, 4)))": "must be an array (N, C), or one row (C,), got 3 axes",
    f"nl.dice({X}, {X})": "only losses of elements and of rows can be called in compiled functions",
    "nl.scalar.exp('a')": "numloss.scalar.exp takes numbers, got unicode_type",
}


@pytest.mark.parametrize("call", REFUSED)
def test_what_cannot_be_compiled_is_refused_in_a_sentence(call: str) -> None:
    scope: dict[str, Any] = {"nl": nl, "np": np}
    exec(f"def user(word):\n    return {call}", scope)
    with refused(TypingError, REFUSED[call]):
        numba.njit(scope["user"])("mean")


def word_of(name: str) -> tuple[Any, int]:
    """A user's function of a word, and how many numbers it takes."""
    count = getattr(scalar, name).__code__.co_argcount
    names = ", ".join("abcd"[:count])
    scope: dict[str, Any] = {"nl": nl}
    exec(f"def user({names}):\n    return nl.scalar.{name}({names})", scope)
    return numba.vectorize(scope["user"]), count


@pytest.mark.parametrize(
    "name",
    [name if name == "sigmoid" else pytest.param(name, marks=pytest.mark.more) for name in scalar.__all__],
)
def test_words(name: str) -> None:
    function, count = word_of(name)
    for dtype in cases.DTYPES:
        given = np.random.default_rng(0).uniform(0.1, 3.0, (count, 50)).astype(dtype)
        found = function(*given)
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, computed(name, *given))


def _cubic(pred: Any, target: Any, strength: Any) -> Any:
    error = abs(pred - target)
    return strength * error * error * error, 0.0, 0.0


cubic = nl.elementwise(_cubic, name="a cubic law", strength=2.0)


@numba.njit
def by_own_law(pred: Any, target: Any, strength: float) -> Any:
    return cubic(pred, target, strength=strength)


def test_a_law_of_ones_own_of_numbers() -> None:
    assert by_own_law(1.0, 3.0, 2.0) == 16.0
    with refused(ValueError, "a cubic law: target[] = nan"):
        by_own_law(1.0, np.nan, 2.0)


@pytest.mark.more
def test_a_law_of_ones_own_of_arrays() -> None:
    pred = np.linspace(-1.0, 1.0, 70)
    assert by_own_law(pred, -pred, 3.0) == cubic(pred, -pred, strength=3.0)
    with refused(ValueError, "a cubic law: target[0] = nan"):
        by_own_law(pred, np.nan * pred, 3.0)


KEPT = """
    import sys
    sys.path.insert(0, {folder!r})
    import numloss_in_numba
    numloss_in_numba.register()
    import numba, numpy as np, numloss as nl
    from numloss.adapters.numba import kernels
    kernels.STAMP = {stamp!r}
    import module
    x = np.linspace(0.0, 3.0, 2000)
    assert module.user(x, x[::-1].copy()) == nl.mse(x, x[::-1].copy(), reduction="sum") + nl.scalar.exp(1.0)
    try:
        module.user(x, x[1:])
        raise SystemExit("not refused")
    except ValueError as error:
        assert "target has shape" in str(error), error
    print(len(module.user.stats.cache_hits))
"""
MODULE = """
import numba

import numloss as nl


@numba.njit(cache=True)
def user(a, b):
    return nl.mse(a, b, reduction="sum") + nl.scalar.exp(1.0)
"""


@pytest.mark.parametrize(("stamps", "known"), [("aa", [0, 1]), pytest.param("aba", [0, 0, 0], marks=pytest.mark.more)])
def test_a_function_that_is_kept_on_disk(tmp_path: Path, stamps: str, known: list[int]) -> None:
    """It finds its kernels in another process, and is not used by another version of numloss."""
    (tmp_path / "module.py").write_text(MODULE)

    def hits(stamp: str) -> int:
        code = KEPT.format(folder=str(tmp_path), stamp=stamp)
        return int(python(code, NUMBA_CACHE_DIR=str(tmp_path / "kept"), PYTHONDONTWRITEBYTECODE="1").stdout)

    assert [hits(each) for each in stamps] == known


@pytest.mark.more
def test_a_parallel_loop() -> None:
    @numba.njit(parallel=True)
    def user(logits: Any, labels: Any, smoothing: float) -> Any:
        found = np.empty(labels.size)
        for i in numba.prange(labels.size):
            found[i] = nl.cross_entropy(logits[i], labels[i], label_smoothing=smoothing) + nl.mae(logits[i], logits[0])
        return found

    logits, labels = np.random.default_rng(0).normal(size=(500, 9)), np.arange(500) % 9
    found = user(logits, labels, 0.1)
    wanted = nl.cross_entropy(logits, labels, label_smoothing=0.1, reduction="none")
    distances = [nl.mae(each, logits[0]) for each in logits]
    np.testing.assert_array_equal(found, wanted + distances)


def test_the_package_declares_what_numba_runs() -> None:
    declared = tomllib.loads((TESTS.parent / "pyproject.toml").read_text())
    assert declared["project"]["entry-points"]["numba_extensions"] == {"init": "numloss_in_numba:register"}
    assert declared["tool"]["setuptools"]["py-modules"] == ["numloss_in_numba"]


def test_numba_alone_imports_nothing_of_numloss() -> None:
    code = """
        import sys
        import numloss_in_numba
        numloss_in_numba.register()
        import numba
        assert numba.njit(lambda x: x + 1)(1) == 2
        print([name for name in sys.modules if name.startswith("numloss")])
    """
    assert python(code).stdout.strip() == "['numloss_in_numba']"
