"""Calls that repeat: a replayed answer is that of the long way, and nothing that differs is replayed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cases import CASES, arrays, record, required, small, solid
from cases import weight as weight_for
from compare import told
from process import python
from replays import Answers, assert_same, long_way, replayed

import numloss as nl
from numloss import dispatch
from numloss.backends.host import plans
from numloss.registry import Loss

pytestmark = pytest.mark.skipif(plans._plans is None, reason="kernels/plans.pyx is not built")
__all__ = ["replayed"]
# No plans: answers that need several launches with work in between, that look up an option, or that have a teacher; of
# regions there are some.
LONG_FAMILIES = ("regional", "head", "similarity", "clouds", "ranked", "sequence", "distilled", "ordered")
LONG = {case for case in CASES if record(case).family in LONG_FAMILIES or "thresholds" in record(case).defaults}
# what else has arrays among its options
LONG |= {case for case in CASES if set(required(case)) & set(record(case).rows.get("axes", ()))}
# gradients by what all examples share, which are sums
SHARED = {case for case in CASES if set(record(case).shared) & set(record(case).differentiable)}
LONG |= {case for case in SHARED if record(case).family == "examplewise"}


def functions_of(loss: Loss) -> list[tuple[Callable[..., Any], list[dict[str, Any]]]]:
    """What is asked of a loss, and the options to ask it with beside its reduction."""
    weighted: list[dict[str, Any]] = [{"weight": "full"}] if loss.weighted else []
    found: list[tuple[Callable[..., Any], list[dict[str, Any]]]] = [
        (loss.function, [{"reduction": "none"}]),
        (nl.value_and_grad(loss.function), weighted),
    ]
    if loss.adds_up != "no":
        found.append((nl.value_and_grad(nl.sum_and_weight(loss.function)), []))
    if loss.curvature:
        found.append((nl.value_grad_hess(loss.function), [{"reduction": "none", **each} for each in weighted]))
        found.append((nl.value_grad_hess(loss.function, curvature="bound"), []))
    return found


@pytest.mark.parametrize("case", CASES)
def test_what_is_replayed_is_what_the_long_way_finds(case: str, backend: str, replayed: Answers) -> None:
    functions = functions_of(record(case))
    for shape in (small(case), solid(case)):
        for dtype in ("float32", "float64"):
            first, second = (arrays(case, shape, dtype, seed=seed) for seed in "ab")
            weights = weight_for(case, shape, dtype, "full") if record(case).weighted else None
            for function, more in functions:
                for extra in ({}, {"reduction": "sum"}, *more):
                    options = {**required(case), **extra, "backend": backend}
                    if "weight" in extra:
                        options["weight"] = weights
                    function(*first, **options)
                    replayed.clear()
                    if weights is not None and "weight" in extra:
                        options["weight"] = weights[::-1].copy()
                    answer = function(*second, **options)
                    with told(loss=case, backend=backend, call=function, shape=shape, dtype=dtype, options=extra):
                        assert_same(answer, long_way(function, *second, **options))
                        if case not in LONG:
                            assert replayed[-1] is not None


@pytest.mark.parametrize("rows", [8, 5000])
def test_the_number_of_ignored_labels_may_change(rows: int, backend: str, replayed: Answers) -> None:
    random = np.random.default_rng(1)
    pred, labels = random.normal(size=(rows, 9)), random.integers(0, 9, rows)
    function = nl.value_and_grad(nl.cross_entropy)
    function(pred, labels, backend=backend)
    for ignored in (0, 1, rows // 2, rows):
        labels[:ignored] = -100
        answer = function(pred, labels, backend=backend)
        assert replayed[-1] is not None
        assert_same(answer, long_way(function, pred, labels, backend=backend))


def test_what_counts_is_added_up_once_it_varies(
    backend: str, replayed: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(1)
    pred, labels, computing = random.normal(size=(50000, 9)), random.integers(0, 9, 50000), dispatch.load(backend)
    function, launches, loops = nl.value_and_grad(nl.cross_entropy), list[list[int]](), list[int]()
    several = [np.where(np.arange(50000) < ignored, -100, labels) for ignored in (0, 5, 5, 0)]
    expected = [long_way(function, pred, some, backend=backend) for some in several]
    spread = computing.spread

    def listen(loop: int, *rest: Any) -> Any:
        loops.append(loop)
        return spread(loop, *rest)

    monkeypatch.setattr(computing, "spread", listen)
    for some, answer in zip(several, expected, strict=True):
        loops.clear()
        assert_same(function(pred, some, backend=backend), answer)
        assert replayed[-1] is not None
        launches.append([*loops])
    counts, loop = launches[-1]
    assert launches == [[loop], [loop, loop], [counts, loop], [counts, loop]]


@pytest.mark.parametrize("rows", [8, 5000])
def test_weights_are_replayed(rows: int, backend: str, replayed: Answers) -> None:
    """Other weights of the same dtype are, also where nothing counts; what the long way has to look at is not."""
    random = np.random.default_rng(1)
    pred, labels, first = random.normal(size=(rows, 9)), random.integers(0, 9, rows), random.random(rows)
    out = np.empty_like(pred)
    for function in (nl.value_and_grad(nl.cross_entropy), nl.value_and_grad(nl.sum_and_weight(nl.cross_entropy))):
        function(pred, labels, weight=first, backend=backend)
        for weight in (random.random(rows), np.zeros(rows), 1.0 * (np.arange(rows) == 3)):
            answer = function(pred, labels, weight=weight, backend=backend)
            assert replayed[-1] is not None
            assert_same(answer, long_way(function, pred, labels, weight=weight, backend=backend))
        for weight in (first.astype(np.float32), first.tolist(), np.repeat(first, 2)[::2]):
            function(pred, labels, weight=weight, backend=backend)
            assert replayed[-1] is None
        out.ravel()[:rows] = first
        with pytest.raises(ValueError, match="overlaps weight"):
            function(pred, labels, weight=out.ravel()[:rows], out=out, backend=backend)
        for bad in (-1.0, np.nan, np.inf):
            with pytest.raises(ValueError, match=r"weight\[5\]"):
                function(pred, labels, weight=np.where(np.arange(rows) == 5, bad, first), backend=backend)
    function = nl.value_and_grad(nl.cross_entropy)
    near, far = (function(pred, labels, weight=np.ldexp(first, k), backend=backend) for k in (0, 600))
    assert replayed[-1] is None
    assert_same(near, far)


def test_regions_are_replayed(backend: str, replayed: Answers) -> None:
    """Both passes, with every option that their headers know of; weights go the long way, bad values raise again."""
    random = np.random.default_rng(1)
    labels, shape = np.array([[0, 1, 3, 2], [3, 3, 0, 1]]), (2, 4, 4)
    several: list[tuple[Any, dict[str, Any]]] = [(random.random(shape), {}), (labels, {"activation": "softmax"})]
    several += [(random.random(shape), {"per_sample": False, "activation": None, "reduction": "sum"})]
    several += [(labels, {"activation": "softmax", "ignore_index": 3, "per_sample": False, "smooth": 0.5})]
    for target, options in several:
        for function in (nl.dice, nl.value_and_grad(nl.dice)):
            function(random.random(shape), target, **options, backend=backend)
            pred, other = random.random(shape), target[::-1].copy()
            answer = function(pred, other, **options, backend=backend)
            assert replayed[-1] is not None
            assert_same(answer, long_way(function, pred, other, **options, backend=backend))
            wrong = np.where(np.arange(other.size).reshape(other.shape) == 5, -1, other)
            with pytest.raises(IndexError if other.ndim == 2 else ValueError, match="target"):
                function(pred, wrong, **options, backend=backend)
            for _ in range(2):
                function(pred, other, weight=np.ones(2), **{**options, "per_sample": True}, backend=backend)
                assert replayed[-1] is None


def test_small_arrays_among_the_options_are_recognised_by_their_numbers(backend: str, replayed: Answers) -> None:
    random = np.random.default_rng(1)
    pred, labels, weights = random.normal(size=(64, 9)), random.integers(0, 9, 64), random.random(9)
    named = (nl.cross_entropy, "class_weight"), (nl.logit_adjusted_cross_entropy, "prior"), (nl.ldam, "counts")
    for loss, name in named:
        function = nl.value_and_grad(loss)
        given = weights / weights.sum()
        for _ in range(3):
            function(pred, labels, **{name: given}, backend=backend)
            answer = function(pred, labels, **{name: given.copy()}, backend=backend)
            assert replayed[-1] is not None
            assert_same(answer, long_way(function, pred, labels, **{name: given}, backend=backend))
            given[:] = given[::-1].copy()
            given[0] *= 1.5
            function(pred, labels, **{name: given / given.sum()}, backend=backend)
            assert replayed[-1] is None
    out, function = np.empty_like(pred), nl.value_and_grad(nl.cross_entropy)
    function(pred, labels, class_weight=weights, out=out, backend=backend)
    out[0] = weights
    with pytest.raises(ValueError, match="overlaps class_weight"):
        function(pred, labels, class_weight=out[0], out=out, backend=backend)
    function(pred, labels, class_weight=weights.tolist(), backend=backend)
    assert replayed[-1] is None


@pytest.mark.parametrize("half", [np.dtype(np.float16), nl.bfloat16], ids=["float16", "bfloat16"])
def test_numbers_of_sixteen_bits_are_replayed(half: np.dtype[Any], backend: str, replayed: Answers) -> None:
    bits = np.random.default_rng(2).integers(0, 0x3F80, (64, 9), dtype=np.uint16)
    labels, target = np.arange(64) % 9, np.ones((64, 9), np.float32)
    for loss, other in ((nl.cross_entropy, labels), (nl.mse, target)):
        for function in (loss, nl.value_and_grad(loss)):
            function(bits.view(half), other, backend=backend)
            answer = function(bits[::-1].copy().view(half), other, backend=backend)
            assert replayed[-1] is not None
            found, expected = answer, long_way(function, bits[::-1].copy().view(half), other, backend=backend)
            if function is not loss:
                assert found[1].dtype == expected[1].dtype == half
                assert found[1].tobytes() == expected[1].tobytes()
                found, expected = found[0], expected[0]
            assert found == expected
            with pytest.raises(TypeError, match="says nothing of its numbers"):
                function(bits.view("V2"), other, backend=backend)
        out = np.zeros((64, 9), np.float32)
        nl.value_and_grad(loss)(bits.view(half), other, backend=backend, out=out)
        assert replayed[-1] is None


def test_bad_values_are_found_again(each_backend: str, replayed: Answers) -> None:
    backend = each_backend
    pred, labels = np.zeros((16, 3)), np.zeros(16, np.int64)
    function, out = nl.value_and_grad(nl.cross_entropy), np.empty_like(pred)
    function(pred, labels, out=out, backend=backend)
    labels[5] = 3
    with pytest.raises(IndexError, match=r"target\[5\] = 3"):
        function(pred, labels, out=out, backend=backend)
    target = np.zeros(16)
    nl.mse(target, target, backend=backend)
    with pytest.raises(ValueError, match=r"target\[0\] = nan"):
        nl.mse(target, np.full(16, np.nan), backend=backend)


def test_options_that_are_equal_and_not_the_same(backend: str) -> None:
    scores, labels = arrays("cross_entropy", (8,), "float64")
    nl.cross_entropy(scores, labels, axis=1, label_smoothing=0, backend=backend)
    for bad in ({"axis": True}, {"axis": 1.0}, {"ignore_index": -100.0}, {"backend": "".join(["nu", "mpy"])}):
        with pytest.raises((TypeError, ValueError)):
            nl.cross_entropy(scores, labels, **{"axis": 1, "label_smoothing": 0, "backend": backend, **bad})
    pred, target = arrays("elastic_net", (8,), "float64")[0], arrays("mse", (8,), "float64")[1]
    for reduction in ("mean", "sum", "".join(["s", "um"])):
        for _ in range(2):
            assert nl.huber(pred, target, reduction=reduction, backend=backend) == long_way(
                nl.huber, pred, target, reduction=reduction, backend=backend
            )


def test_arrays_among_the_options_are_read_each_time(backend: str, replayed: Answers) -> None:
    pred, target = arrays("bce_with_logits", (3,), "float64")
    for weights in ((1.0, 2.0, 3.0), [1.0, 2.0, 3.0], np.array([1.0, 2.0, 3.0])):
        expected = long_way(nl.bce_with_logits, pred, target, pos_weight=weights, backend=backend)
        for _ in range(3):
            assert nl.bce_with_logits(pred, target, pos_weight=weights, backend=backend) == expected
            assert replayed[-1] is None


def test_more_shapes_than_there_are_plans(backend: str, replayed: Answers) -> None:
    for size in range(1, 1200):
        x = np.ones(size)
        assert nl.mse(x, x, backend=backend) == 0.0
    assert nl.mse(x, x, backend=backend) == 0.0
    assert replayed[-1] is not None


def test_without_the_compiled_plans() -> None:
    python("""
        import sys
        sys.modules["numloss.backends.host._plans"] = None
        import numpy as np, numloss as nl
        x = np.arange(4.0)
        for _ in range(3):
            assert nl.value_and_grad(nl.mse)(x, x + 1)[0] == 1.0
    """)
