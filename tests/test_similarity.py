"""Losses of all pairs of a batch: the same as with all cosines in memory, block by block, and never all of them."""

from __future__ import annotations

import importlib
import tracemalloc
from typing import Any

import differences
import numpy as np
import pytest
import threadpoolctl
from calls import call
from cases import CASES, arrays, options, record, required
from compare import assert_same_bits
from differences import assert_derivative

import numloss as nl
from numloss.backends.host import similarity_batch

ALL = [case for case in CASES if record(case).family == "similarity"]
PAIRS = [case for case in ALL if len(record(case).differentiable) == 2]


def as_tuple(slopes: Any) -> tuple[Any, ...]:
    return slopes if isinstance(slopes, tuple) else (slopes,)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 16 rows."""
    monkeypatch.setattr(similarity_batch, "BLOCK_BYTES", 1)
    monkeypatch.setattr(similarity_batch, "LEAST_ROWS", 16)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("case", ALL)
def test_blocks_give_what_all_cosines_give(case: str, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    loss, given = record(case), arrays(case, (101,), "float64")
    weight = np.where(np.arange(101) % 5 == 0, 0.0, 0.7)
    for option in options(case):
        extra = {**option, "weight": weight, "backend": backend, "reduction": "none"}
        values, slopes = nl.value_and_grad(loss.function)(*given, **extra)
        oracle = importlib.import_module(f"oracles.{loss.name}").value(*given, **option)
        np.testing.assert_allclose(values, weight * oracle, rtol=1e-11, atol=1e-11)
        with monkeypatch.context() as patch:
            patch.setattr(similarity_batch, "LEAST_ROWS", 101)
            for slope, whole in zip(
                as_tuple(slopes), as_tuple(nl.grad(loss.function)(*given, **extra)), strict=True
            ):
                np.testing.assert_allclose(slope, whole, rtol=0.0, atol=1e-13 * np.abs(whole).max())


@pytest.mark.parametrize("case", PAIRS)
def test_one_gradient_is_that_of_both(case: str, backend: str) -> None:
    function, given = record(case).function, arrays(case, (11,), "float32")
    value, slopes = nl.value_and_grad(function)(*given, backend=backend)
    for k in (0, 1):
        found, slope = nl.value_and_grad(function, argnums=k)(*given, backend=backend)
        assert found == value
        assert_same_bits(slope, slopes[k])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", ALL)
def test_lengths_do_not_matter(case: str, backend: str, dtype: str) -> None:
    """Powers of two change no digit, and a vector of length 0 stands at a right angle to all others."""
    loss, (first, *others) = record(case), arrays(case, (11,), dtype)
    first[3] = 0.0
    big = 2.0**80
    value, slopes = nl.value_and_grad(loss.function)(first, *others, **required(case), backend=backend)
    again, scaled = nl.value_and_grad(loss.function)(
        first * first.dtype.type(big), *others, **required(case), backend=backend
    )
    assert value == again and np.isfinite(value)
    slope, small = as_tuple(slopes)[0], as_tuple(scaled)[0]
    assert not slope[3].any() and slope[4].all()
    assert_same_bits(small, slope / slope.dtype.type(big))
    # a gradient changes directions, not lengths: nothing is left of what it has along them but for rounding
    steepest = loss.defaults.get("gamma") or loss.defaults.get("beta") or 1.0 / loss.defaults["temperature"]
    along = np.abs((slope * first).sum(axis=1))
    assert np.all(along <= 4 * np.finfo(dtype).eps * (1.0 + steepest / len(first)))


@pytest.mark.parametrize("case", ["info_nce", "nt_xent"])
def test_a_pair_that_is_found_keeps_its_digits(case: str, backend: str) -> None:
    first = np.array([[1.0, 0.0], [-1.0, 0.0]], np.float32)
    value, slopes = nl.value_and_grad(record(case).function)(first, first, temperature=0.05, backend=backend)
    others = 1.0 if case == "info_nce" else 2.0
    np.testing.assert_allclose(value, np.log1p(others * np.exp(-2.0 / 0.05)), rtol=1e-5)
    assert value > 0.0 and not any(slope.any() for slope in slopes)


def test_the_gradient_of_circle_holds_its_weights(backend: str) -> None:
    oracle, (vectors, labels) = importlib.import_module("oracles.circle"), arrays("circle", (11,), "float64")
    vectors = vectors[:, :9].copy()
    for option in options("circle"):
        found = nl.grad(nl.circle)(vectors, labels, **option, reduction="sum", backend=backend)
        held = oracle.weights(vectors, option.get("gamma", 80.0), option.get("margin", 0.4))
        slope, trusted = differences.gradient(
            lambda x, option=option, held=held: oracle.value(x, labels, **option, held=held).sum(), vectors
        )
        assert_derivative(found, slope, trusted, "", abs(oracle.value(vectors, labels, **option).sum()))


def test_nan_is_data(backend: str) -> None:
    first, second = arrays("info_nce", (7,), "float32")
    first[2, 0] = np.nan
    values = nl.info_nce(first, second, reduction="none", backend=backend)
    assert np.isnan(values[2]) and np.isfinite(np.delete(values, 2)).all()
    assert np.isnan(nl.info_nce(second, first, reduction="none", backend=backend)).all()


def test_the_cosines_are_never_all_in_memory() -> None:
    first, second = (np.random.default_rng(k).standard_normal((16384, 4), np.float32) for k in (0, 1))
    step = nl.value_and_grad(nl.info_nce)
    step(first[:300], second[:300])
    tracemalloc.start()
    step(first, second)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 24 * 2**20 < 0.03 * 4 * 16384**2


def test_what_does_not_fit(backend: str) -> None:
    first, second = arrays("info_nce", (7,), "float32")
    with pytest.raises(ValueError, match=r"info_nce: first has shape \(5,\); it must be \(N, D\)"):
        nl.info_nce(first[0], second[0], backend=backend)
    with pytest.raises(ValueError, match=r"second has shape \(6, 5\), but first has shape \(7, 5\)"):
        nl.info_nce(first, second[1:], backend=backend)
    with pytest.raises(TypeError, match="symmetric must be True or False, got 1"):
        nl.info_nce(first, second, symmetric=1, backend=backend)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"weight\[2\] = -1.0 is outside its domain"):
        nl.nt_xent(first, second, weight=np.where(np.arange(7) == 2, -1.0, 1.0), backend=backend)
    with pytest.raises(ValueError, match="does not add up over batches"):
        nl.sum_and_weight(nl.info_nce)


@pytest.mark.usefixtures("small_blocks")
def test_more_negatives(backend: str) -> None:
    """All rows are told apart from them, too; both gradients are those of the definition."""
    first, second = arrays("info_nce", (37,), "float64")
    more = np.random.default_rng(4).normal(0.0, 2.0, (50, first.shape[1]))
    oracle = importlib.import_module("oracles.info_nce")
    for symmetric, beta, tau_plus in ((False, 0.0, 0.0), (True, 0.0, 0.0), (True, 0.5, 0.02), (False, 1.0, 0.0)):
        options = {"temperature": 0.3, "symmetric": symmetric, "negatives": more, "beta": beta, "tau_plus": tau_plus}
        values = nl.info_nce(first, second, reduction="none", backend=backend, **options)
        np.testing.assert_allclose(values, oracle.value(first, second, **options), rtol=1e-12)
        slopes = nl.grad(nl.info_nce)(first, second, reduction="sum", backend=backend, **options)
        for k, place in ((0, (3, 1)), (1, (36, 4))):
            shift = np.zeros_like(first)
            shift[place] = 1e-5
            sides = [[x + sign * shift if j == k else x for j, x in enumerate((first, second))] for sign in (1, -1)]
            up, down = (oracle.value(*side, **options).sum() for side in sides)
            np.testing.assert_allclose(slopes[k][place], (up - down) / 2e-5, rtol=1e-6, atol=1e-8)
    with pytest.raises(ValueError, match=r"negatives has shape \(3, 2\); it must be \(K, D\), D = 5 as in first"):
        nl.info_nce(first, second, negatives=np.ones((3, 2)), backend=backend)
    with pytest.raises(TypeError, match="negatives has dtype float32, first has float64; they must agree"):
        nl.info_nce(first, second, negatives=more.astype(np.float32), backend=backend)


LEARNED = [(case, name) for case in ALL for name in record(case).scalars]


@pytest.mark.parametrize(("case", "name"), LEARNED)
def test_gradients_by_options_that_are_learned(case: str, name: str, backend: str) -> None:
    """Alone or beside those of vectors; of a mean of weights, of values pulled back, in blocks; as differences say."""
    loss, given = record(case), arrays(case, (23,), "float64")
    given = tuple(a[:, :5].copy() if a.ndim == 2 else a for a in given)
    options = {"temperature": 0.4, "bias": -1.0, "symmetric": True}
    options = {key: value for key, value in options.items() if key in loss.defaults}
    options |= {"weight": np.where(np.arange(23) % 4 == 0, 0.0, 0.7), "backend": backend}

    def value(x: float) -> float:
        return float(loss.function(*given, **{**options, name: x}))

    x, step = options[name], 1e-4
    exact = sum(w * value(x + k * step) for k, w in ((-2, 1 / 12), (-1, -2 / 3), (1, 2 / 3), (2, -1 / 12))) / step
    alone = nl.grad(loss.function, argnums=name)(*given, **options)
    np.testing.assert_allclose(alone, exact, rtol=1e-9)
    _, (slope, found) = nl.value_and_grad(loss.function, argnums=(0, name))(*given, **options)
    assert found == alone
    assert_same_bits(slope, nl.grad(loss.function, argnums=0)(*given, **options))
    assert nl.vjp(loss.function, argnums=name)(*given, **options, cotangent=-2.0) == -2.0 * alone
    assert nl.vjp(loss.function, argnums=name)(*given, **options, cotangent=0.0) == 0.0


def test_a_floor_of_negatives_follows_the_temperature(backend: str) -> None:
    """Where more than all negatives are taken off them their floor is left, whose exponential is of 1 / temperature."""
    given, found = arrays("info_nce", (23,), "float64"), []
    options: dict[str, Any] = {"symmetric": True, "tau_plus": 0.12, "beta": 0.5, "backend": backend}
    for temperature in (0.4 + 1e-5, 0.4 - 1e-5):
        found.append(float(nl.info_nce(*given, temperature=temperature, **options)))
    slope = nl.grad(nl.info_nce, argnums="temperature")(*given, temperature=0.4, **options)
    np.testing.assert_allclose(slope, (found[0] - found[1]) / 2e-5, rtol=1e-6)


def test_what_is_learned_is_a_number(backend: str) -> None:
    first, second = arrays("siglip", (7,), "float32")
    with pytest.raises(TypeError, match="out for the gradient by bias must be None: a number"):
        nl.grad(nl.siglip, argnums="bias")(first, second, backend=backend, out=np.zeros(1))
    with pytest.raises(ValueError, match="argnums 'bias' is not a differentiable input; there are 0: first"):
        nl.grad(nl.info_nce, argnums=(0, "bias"))


def test_calls_of_one_case(backend: str) -> None:
    """A pair alone has nobody to be told apart from."""
    for case in ALL:
        given = arrays(case, (1,), "float32")
        if case != "siglip":  # whose pair has a bias against it
            assert call(case, backend, given) == 0.0


@pytest.mark.parametrize("case", ["info_nce", "linear_cross_entropy"])
def test_the_bits_do_not_depend_on_threads_of_blas_or_of_ours(case: str, backend: str) -> None:
    """Products are of parts that follow from the shapes, each by one thread; BLAS has its threads back afterwards."""
    info = threadpoolctl.threadpool_info
    random, function = np.random.default_rng(0), nl.value_and_grad(record(case).function)
    given = [random.standard_normal((n, 40), np.float32) for n in ((600, 600) if case == "info_nce" else (600, 2000))]
    given += [np.arange(600)] if case != "info_nce" else []
    found = []
    for blas, ours in ((1, 1), (2, 1), (1, 2), (2, 2)):
        with threadpoolctl.threadpool_limits(blas, "blas"), nl.num_threads(ours):
            before = [pool["num_threads"] for pool in info() if pool["user_api"] == "blas"]
            found.append(function(*given, backend=backend))
            assert [pool["num_threads"] for pool in info() if pool["user_api"] == "blas"] == before
    for value, slopes in found[1:]:
        assert value == found[0][0]
        for slope, first in zip(slopes, found[0][1], strict=True):
            assert_same_bits(slope, first)


@pytest.mark.parametrize("mode", [0, 1])
def test_pairs_of_rows_longer_than_a_tile(mode: int, backend: str) -> None:
    """What belongs together lies in another tile of each row; what weighs nothing has a slope of nothing."""
    random = np.random.default_rng(5)
    first, second = random.normal(0.0, 1.0, (2, 1100, 3))
    weight = np.where(np.arange(1100) % 3 == 0, 0.0, 0.7)
    given = {"temperature": 0.5, "bias": -1.0, "weight": weight, "reduction": "none", "backend": backend}
    values = (nl.value_and_grad(nl.siglip) if mode else nl.siglip)(first, second, **given)
    oracle = importlib.import_module("oracles.siglip").value(first, second, temperature=0.5, bias=-1.0)
    np.testing.assert_allclose(values[0] if mode else values, weight * oracle, rtol=1e-11)
    if mode:
        assert not values[1][0][::3].any() and values[1][0][1::3].any(axis=1).all()
        single = nl.grad(nl.siglip)(first.astype("f4"), second.astype("f4"), **{**given, "weight": weight.astype("f4")})
        for slope, exact in zip(single, values[1], strict=True):
            np.testing.assert_allclose(slope, exact, rtol=0.0, atol=1e-5 * np.abs(exact).max())
