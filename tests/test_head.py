"""The last layer and its loss in one: the same as with the logits in memory, block by block, and never all of them."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from compare import assert_close, assert_same_bits
from seeds import generator
from test_halves import BFLOAT16, FLOAT16, HALVES, halved, widened

import numloss as nl
from numloss.backends.host import head
from numloss.backends.host.products import Products
from numloss.dispatch import load

Arrays = tuple[np.ndarray[Any, Any], ...]
OPTIONS = ({}, {"label_smoothing": 0.1}, {"z_loss": 0.01, "softcap": 5.0}, {"ignore_index": 3})


def problem(rows: int, features: int, classes: int, dtype: str) -> Arrays:
    """hidden, classifier, labels of which a tenth are ignored, bias."""
    random = generator("head", rows, features, classes)
    target = random.integers(0, classes, rows)
    target[random.random(rows) < 0.1] = -100
    shapes = ((rows, features), (classes, features), (classes,))
    hidden, classifier, bias = (random.normal(0.0, 1.0, shape).astype(dtype) for shape in shapes)
    return hidden, classifier, target, bias


def in_full(hidden: Any, classifier: Any, target: Any, bias: Any, **options: Any) -> tuple[Any, Arrays]:
    """Value and gradients in float64, from all logits."""
    hidden, classifier, bias = (np.asarray(a, np.float64) for a in (hidden, classifier, bias))
    value, slope = nl.value_and_grad(nl.cross_entropy)(hidden @ classifier.T + bias, target, **options)
    return value, (slope @ classifier, slope.T @ hidden, slope.sum(axis=0))


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 16 rows."""
    monkeypatch.setattr(head, "BLOCK_BYTES", 1)
    monkeypatch.setattr(head, "LEAST_ROWS", 16)
    monkeypatch.setattr(head, "MOST_ROWS", 16)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.usefixtures("small_blocks")
def test_blocks_give_what_all_logits_give(dtype: str, options: dict[str, Any], backend: str) -> None:
    hidden, classifier, target, bias = problem(100, 7, 20, dtype)
    if "ignore_index" in options:
        target[target < 0] = 3
    weight = generator("weight").uniform(0.0, 2.0, 100).astype(dtype)
    weight[10:40] = 0.0
    for given in ({}, {"weight": weight}, {"class_weight": np.arange(20.0)}):
        for reduction in ("mean", "sum", "none"):
            extra = {**options, **given, "reduction": reduction}
            value, slopes = in_full(hidden, classifier, target, bias, **extra)
            found = nl.value_and_grad(nl.linear_cross_entropy)(
                hidden, classifier, target, bias=bias, **extra, backend=backend
            )
            eps = np.finfo(dtype).eps
            np.testing.assert_allclose(found[0], value, rtol=32 * eps, atol=32 * eps)
            for slope, exact in zip(found[1], slopes, strict=True):
                assert slope.dtype == dtype
                np.testing.assert_allclose(slope, exact, rtol=0.0, atol=64 * eps * np.abs(exact).max())


@pytest.mark.usefixtures("small_blocks")
def test_one_gradient_is_that_of_all(backend: str) -> None:
    hidden, classifier, target, _ = problem(100, 7, 20, "float32")
    both = nl.value_and_grad(nl.linear_cross_entropy)(hidden, classifier, target, backend=backend)
    for k in (0, 1):
        out = np.empty_like((hidden, classifier)[k])
        one = nl.value_and_grad(nl.linear_cross_entropy, argnums=k)
        value, slope = one(hidden, classifier, target, backend=backend, out=out)
        assert value == both[0] and slope is out
        assert_same_bits(slope, both[1][k])
    plain = nl.linear_cross_entropy(hidden, classifier, target, backend=backend)
    assert_close(np.float32(plain), np.float32(both[0]), ulp=2, scale=1.0)


@pytest.mark.usefixtures("small_blocks")
def test_rows_that_do_not_count_are_not_read(backend: str) -> None:
    hidden, classifier, target, bias = problem(100, 7, 20, "float64")
    expected = nl.value_and_grad(nl.linear_cross_entropy)(hidden, classifier, target, bias=bias, backend=backend)
    hidden[target == -100] = np.nan
    found = nl.value_and_grad(nl.linear_cross_entropy)(hidden, classifier, target, bias=bias, backend=backend)
    assert found[0] == expected[0]
    for slope, exact in zip(found[1], expected[1], strict=True):
        assert_same_bits(slope, exact)
    assert not found[1][0][target == -100].any()


def test_the_logits_are_never_all_in_memory() -> None:
    hidden, classifier, target, _ = problem(4096, 8, 20000, "float32")
    step = nl.value_and_grad(nl.linear_cross_entropy)
    out = np.empty_like(hidden), np.empty_like(classifier)
    step(hidden[:300], classifier, target[:300])
    tracemalloc.start()
    step(hidden, classifier, target, out=out)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 0.1 * 4 * 4096 * 20000


@HALVES
@pytest.mark.usefixtures("small_blocks")
def test_nothing_of_sixteen_bits_is_copied_whole(half: np.dtype[Any]) -> None:
    rows, features, classes = 512, 256, 2000
    hidden, classifier, target, _ = problem(rows, features, classes, "float32")
    hidden, classifier = halved(hidden, half), halved(classifier, half)
    given, out = (hidden, classifier, target), (np.empty_like(hidden), np.empty_like(classifier))
    calls: tuple[tuple[Any, dict[str, Any]], ...]
    calls = (nl.linear_cross_entropy, {}), (nl.value_and_grad(nl.linear_cross_entropy), {"out": out})
    most = []
    for call, options in calls:
        call(*given, **options)
        tracemalloc.start()
        call(*given, **options)
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # of float32 there are blocks of rows, and what the gradient of the classifier is added up in
    blocks, sums = 4 * 16 * (classes + 3 * features) + 100 * rows, 4 * features * classes
    assert most[0] < blocks < sums / 4
    assert most[1] < blocks + sums


@HALVES
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(40, 1300, 1100), (1100, 1300, 40), (3, 5, 700)])
def test_products_read_sixteen_bits(
    shape: tuple[int, int, int], order: Any, half: np.dtype[Any], backend: str
) -> None:
    rows, terms, columns = shape
    random = generator("products", shape)
    a, b = (random.normal(size=sizes).astype(np.float32) for sizes in ((rows, terms), (terms, columns)))
    stored = np.array(halved(b, half), order=order)
    wide = np.array(widened(stored), order=order)
    for dtype in (np.float32, np.float64):
        found, expected = (random.normal() * np.ones((rows, columns), dtype) for _ in range(2))
        for adds in (False, True):
            with Products(load(backend), np.dtype(dtype)) as multiply:
                multiply(a.astype(dtype), stored, found, adds)
                multiply(a.astype(dtype), wide.astype(dtype), expected, adds)
            assert_same_bits(found, expected)
        with Products(load(backend), np.dtype(dtype)) as multiply:
            multiply.gemm = 0  # as where BLAS cannot be called by address
            multiply(a.astype(dtype), stored, found, True)
        np.testing.assert_allclose(found, 1.5 * expected, rtol=0.0, atol=1e-3)


@pytest.mark.usefixtures("small_blocks")
def test_inputs_of_several_dtypes(backend: str) -> None:
    hidden, classifier, target, bias = problem(100, 7, 20, "float32")
    weight, given = np.linspace(0.0, 2.0, 100, dtype=np.float32), (hidden, halved(classifier, BFLOAT16), target)
    options: dict[str, Any] = {"class_weight": np.linspace(0.0, 2.0, 20, dtype=np.float32), "backend": backend}
    step = nl.value_and_grad(nl.linear_cross_entropy)
    wide = hidden, widened(given[1]), target
    value, slopes = step(*wide, bias=bias, weight=weight, **options)
    again, found = step(*given, bias=bias, weight=weight, **options)
    assert again == value
    for a, b in zip(found, slopes, strict=True):
        assert_same_bits(a, b)
    stored = {"weight": halved(weight, BFLOAT16), "bias": halved(bias, FLOAT16)}
    options["class_weight"] = halved(options["class_weight"], FLOAT16)
    value, slopes = step(halved(hidden, FLOAT16), *wide[1:], **stored, **options)
    given = (widened(halved(hidden, FLOAT16)), *wide[1:])
    options = {name: widened(a) if isinstance(a, np.ndarray) else a for name, a in (stored | options).items()}
    expected, exact = step(*given, **options)
    assert value == expected
    for a, b in zip(slopes, exact, strict=True):
        assert a.dtype == FLOAT16
        assert_same_bits(widened(a), widened(halved(b, FLOAT16)))


def test_what_does_not_fit(backend: str) -> None:
    hidden, classifier, target, bias = problem(10, 7, 20, "float32")
    loss, none = nl.linear_cross_entropy, hidden[:, :0]
    with pytest.raises(ValueError, match=r"hidden has shape \(10, 0\); it must be \(N, H\)"):
        loss(none, none, target, backend=backend)
    with pytest.raises(ValueError, match=r"classifier has shape \(0, 7\): no classes"):
        loss(hidden, classifier[:0], target, backend=backend)
    with pytest.raises(ValueError, match=r"bias has shape \(19,\); it must be \(20,\)"):
        loss(hidden, classifier, target, bias=bias[1:], backend=backend)
    with pytest.raises(TypeError, match="bias has dtype float64, hidden has float32"):
        loss(hidden, classifier, target, bias=bias.astype(float), backend=backend)
    with pytest.raises(TypeError, match="target has dtype float32; labels are integers"):
        loss(hidden, classifier, target.astype(np.float32), backend=backend)
    with pytest.raises(IndexError, match=r"target\[4\] = 20 is outside \[0, 20\) \(logits has 20 classes on axis 1\)"):
        loss(hidden, classifier, np.where(np.arange(10) == 4, 20, 0), backend=backend)
    with pytest.raises(ValueError, match="all rows share its classifier; evaluate reads rows"):
        nl.evaluate(loss, hidden=hidden, classifier=classifier, target=target)
