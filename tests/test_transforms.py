"""Transforms: one object for one request, picklable, typed by the loss; sums that add up; combinations."""

from __future__ import annotations

import gc
import inspect
import pickle
import tracemalloc
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from calls import each
from cases import CASES, NAMES, arrays, options, record, required, small, solid, weight
from compare import assert_close, assert_same_bits

import numloss as nl

pytestmark = pytest.mark.loops

TRANSFORMS: dict[str, Callable[[Any], Any]] = {
    "value_and_grad": nl.value_and_grad,
    "grad": nl.grad,
    "value_grad_hess": nl.value_grad_hess,
    "bound": partial(nl.value_grad_hess, curvature="bound"),
    "sum_and_weight": nl.sum_and_weight,
    "pair and gradient": lambda loss: nl.value_and_grad(nl.sum_and_weight(loss)),
}
PRED, TARGET = np.array([1.0, 4.0, -2.0]), np.array([1.5, 2.0, -2.0])
ADDING = [case for case in CASES if record(case).adds_up == "rows"]


def assert_equal(found: Any, expected: Any) -> None:
    """Equal bits, through tuples of tuples."""
    if isinstance(expected, tuple):
        for a, b in zip(found, expected, strict=True):
            assert_equal(a, b)
    else:
        assert_same_bits(np.asarray(found), np.asarray(expected))


def as_tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
def test_the_same_object_each_time(transform: Callable[[Any], Any]) -> None:
    assert transform(nl.huber) is transform(nl.huber)
    assert transform(nl.huber) is not transform(nl.mse)
    assert transform(partial(nl.huber, delta=0.5)) is transform(partial(nl.huber, delta=0.5))
    assert transform(partial(nl.huber, delta=0.5)) is not transform(partial(nl.huber, delta=0.25))


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
def test_options_that_are_equal_and_not_the_same(transform: Callable[[Any], Any]) -> None:
    """1 is no True, and 0.0 no -0.0, where what is remembered is looked up."""
    alike = [1, True, 1.0, np.float32(1.0), np.bool_(True)], [0.0, -0.0, 0, False], ["1", b"1"], [(1, 2), (1.0, 2)]
    for values in alike:
        made = [transform(partial(nl.huber, delta=value)) for value in values]
        for value, found in zip(values, made, strict=True):
            inner = found.function if isinstance(found.function, partial) else found.function.function
            assert repr(inner.keywords["delta"]) == repr(value)
    scores, labels = np.zeros((3, 2)), np.zeros(3, int)
    assert transform(partial(nl.cross_entropy, axis=1))(scores, labels) is not None
    with pytest.raises(TypeError, match="axis must be an integer, got bool"):
        transform(partial(nl.cross_entropy, axis=True))(scores, labels)


class Changing:
    """What may be fixed by a partial, and may be kept alive by nobody."""

    def __init__(self, value: float) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self)

    def __float__(self) -> float:
        return self.value


def fixed_anew(step: int) -> Any:
    return partial(nl.huber, delta=0.5 + 1e-6 * step)


def fixed_array(step: int) -> Any:
    return partial(nl.mse, weight=np.full(3, 1.0 + step))


def fixed_object(step: int) -> Any:
    return partial(nl.huber, delta=Changing(1.0 + step))


def fixed_in_part(step: int) -> Any:
    return partial(partial(nl.gaussian_nll, full=True), eps=1e-6 * (1 + step))


def combined_anew(step: int) -> Any:
    return nl.combine((1.0 + step, nl.mse), (0.5, fixed_anew(step)))


LOOPS: dict[str, Callable[[int], Any]] = {
    f.__name__.replace("_", " "): f for f in (fixed_anew, fixed_array, fixed_object, fixed_in_part, combined_anew)
}


def grown(make: Callable[[int], Any], steps: int) -> int:
    """The bytes that stay after so many steps of a loop, each with a transform of its own."""

    def run(first: int, last: int) -> None:
        for step in range(first, last):
            for transform in TRANSFORMS.values():
                made = transform(make(step))
                if step % 100 == 0 and len(made.loss.inputs) == 2:
                    made(PRED, TARGET)

    run(0, 100)
    gc.collect()
    tracemalloc.start()
    try:
        run(100, 100 + steps)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("make", LOOPS.values(), ids=LOOPS)
def test_memory_does_not_grow_with_what_changes_in_a_loop(make: Callable[[int], Any]) -> None:
    """These steps would take 4 MB if each were remembered."""
    assert grown(make, 200) < 500_000


@pytest.mark.more
@pytest.mark.parametrize("make", LOOPS.values(), ids=LOOPS)
def test_memory_after_a_hundred_thousand_transforms(make: Callable[[int], Any]) -> None:
    """All of them would take 400 MB; what is remembered at most, with plans of calls, is 1 MB."""
    assert grown(make, 17_000) < 2_000_000


def test_what_a_partial_has_fixed_is_not_kept_alive() -> None:
    for make in (lambda: np.ones(3), lambda: Changing(1.0)):
        value = make()
        gone = weakref.ref(value)
        for transform in TRANSFORMS.values():
            transform(partial(nl.huber, delta=value))
        del value
        gc.collect()
        assert gone() is None


def test_a_combination_and_its_transforms_go_together() -> None:
    both = nl.combine((0.5, nl.mse), (2.0, nl.mae))
    gone = weakref.ref(both)
    for transform in TRANSFORMS.values():
        assert transform(both) is transform(both)
    del both
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
def test_pickles(transform: Callable[[Any], Any]) -> None:
    for loss in (nl.huber, partial(nl.huber, delta=0.5)):
        again = pickle.loads(pickle.dumps(transform(loss)))
        assert_equal(again(PRED, TARGET), transform(loss)(PRED, TARGET))
    assert pickle.loads(pickle.dumps(transform(nl.huber))) is transform(nl.huber)


@pytest.mark.parametrize("name", NAMES)
def test_losses_pickle(name: str) -> None:
    assert pickle.loads(pickle.dumps(record(name).function)) is record(name).function


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
def test_partial_and_keyword_agree(transform: Callable[[Any], Any]) -> None:
    fixed = transform(partial(partial(nl.huber, delta=9.0), delta=0.5))
    assert_equal(fixed(PRED, TARGET), transform(nl.huber)(PRED, TARGET, delta=0.5))
    assert_equal(fixed(PRED, TARGET, delta=2.0), transform(nl.huber)(PRED, TARGET, delta=2.0))
    assert_equal(transform(partial(nl.mse, PRED))(TARGET), transform(nl.mse)(PRED, TARGET))
    assert_equal(transform(nl.mse)(target=TARGET, pred=PRED), transform(nl.mse)(PRED, TARGET))


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
def test_they_look_like_the_loss(transform: Callable[[Any], Any]) -> None:
    transformed = transform(nl.huber)
    assert "huber" in transformed.__doc__ and "delta" in transformed.__doc__
    assert inspect.signature(transformed) == inspect.signature(nl.huber)
    assert repr(transformed).startswith("numloss.") and "huber" in repr(transformed)
    assert repr(transform(nl.huber)) != repr(transform(nl.mse))


def test_repr_says_what_was_asked() -> None:
    assert repr(nl.value_and_grad(nl.mse)) == "numloss.value_and_grad(mse)"
    assert repr(nl.value_and_grad(nl.gaussian_nll, argnums=2)) == "numloss.value_and_grad(gaussian_nll, argnums=2)"
    assert repr(nl.value_grad_hess(nl.mae, curvature="bound")) == "numloss.value_grad_hess(mae, curvature='bound')"
    nested = nl.value_and_grad(nl.sum_and_weight(nl.mse))
    assert repr(nested) == "numloss.value_and_grad(numloss.sum_and_weight(mse))"


@pytest.mark.parametrize("case", each(CASES))
def test_value_is_the_same_in_every_transform(case: str, backend: str) -> None:
    loss = record(case)
    given, extra = arrays(case, solid(case), "float32"), {**required(case), "backend": backend}
    value = loss.function(*given, **extra)
    with_gradient = nl.value_and_grad(loss.function)(*given, **extra)
    assert with_gradient[0] == value
    assert_equal(nl.grad(loss.function)(*given, **extra), with_gradient[1])
    if loss.curvature:
        # a curvature may take another loop, which adds up in another order
        parts = nl.value_grad_hess(loss.function)(*given, **extra)[:2]
        for part, first in zip(parts, with_gradient, strict=True):
            for found, expected in zip(as_tuple(part), as_tuple(first), strict=True):
                assert_close(np.asarray(found, np.float32), expected, ulp=8, scale=np.max(np.abs(expected)))
    if loss.adds_up == "rows":
        pair = nl.sum_and_weight(loss.function)(*given, **extra)
        assert loss.function(*given, **extra, reduction="sum") == pair[0]


@pytest.mark.parametrize("case", [case for case in CASES if len(record(case).differentiable) > 1])
def test_argnums(case: str, backend: str) -> None:
    loss, given = record(case), arrays(case, small(case), "float64")
    value, slopes = nl.value_and_grad(loss.function)(*given, backend=backend)
    assert isinstance(slopes, tuple) and len(slopes) == len(loss.differentiable)
    for slope, position in zip(slopes, loss.differentiable, strict=True):
        chosen = nl.value_and_grad(loss.function, argnums=position)(*given, backend=backend)
        assert chosen[0] == value
        assert_same_bits(chosen[1], slope)
        if loss.curvature:
            both = nl.value_grad_hess(loss.function, argnums=position)(*given, backend=backend)
            assert_same_bits(both[1], slope)
    turned = nl.value_and_grad(loss.function, argnums=loss.differentiable[::-1])(*given, backend=backend)[1]
    assert_equal(turned, slopes[::-1])
    assert_equal(nl.value_and_grad(loss.function, argnums=loss.differentiable)(*given, backend=backend)[1], slopes)


@pytest.mark.parametrize("name", NAMES)
def test_argnums_that_cannot_be_differentiated(name: str) -> None:
    loss = record(name)
    for wrong in (-1, 7, *(k for k in range(len(loss.inputs)) if k not in loss.differentiable)):
        with pytest.raises(ValueError, match=rf"{name}: argnums {wrong} .*{loss.inputs[loss.differentiable[0]]}"):
            nl.value_and_grad(loss.function, argnums=wrong)


@pytest.mark.parametrize("parts", [1, 2, 3, 7])
@pytest.mark.parametrize("case", each(ADDING))
def test_sums_and_weights_add_up(case: str, backend: str, parts: int) -> None:
    loss, shape = record(case), solid(case)
    given = arrays(case, shape, "float64")
    w = weight(case, shape, "float64", "full") if loss.weighted else None
    for option in options(case):
        extra = {**option, "backend": backend}
        whole = {**extra, "reduction": "mean"} if w is None else {**extra, "weight": w, "reduction": "mean"}
        total = count = 0.0
        for piece in np.array_split(np.arange(shape[0]), parts):
            part = extra if w is None else {**extra, "weight": w[piece]}
            rows = (a if k in loss.shared else a[piece] for k, a in enumerate(given))
            added = nl.sum_and_weight(loss.function)(*rows, **part)
            total, count = total + added[0], count + added[1]
        assert_close(np.float64(total / count), loss.function(*given, **whole), ulp=64, scale=1.0)


def test_refusals() -> None:
    with pytest.raises(TypeError, match=r"not a loss of numloss; numloss\.elementwise"):
        nl.value_and_grad(np.sin)
    for given in ("pinball", ["mse", "pinball"]):
        with pytest.raises(TypeError, match=r"is a name; what is needed is the loss itself, numloss\.(mse|quantile)"):
            nl.evaluate(given, PRED, TARGET)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"'accurcy' is a name; .*list_losses"):
        nl.value_and_grad("accurcy")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"curvature must be 'exact', 'bound', 'tight' or 'full', got 'gauss'"):
        nl.value_grad_hess(nl.mse, curvature="gauss")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"sum_and_weight reduces; reduction='none'"):
        nl.sum_and_weight(nl.mse)(PRED, TARGET, reduction="none")
    with pytest.raises(TypeError, match="pair"):
        nl.value_grad_hess(nl.mse)(PRED, TARGET, out=PRED)


@pytest.mark.parametrize("name", [name for name in NAMES if not record(name).curvature])
def test_no_curvature_is_said(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} offers no curvature"):
        nl.value_grad_hess(record(name).function)


@pytest.mark.parametrize("name", [name for name in NAMES if record(name).adds_up == "no"])
def test_what_does_not_add_up_is_said(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} does not add up"):
        nl.sum_and_weight(record(name).function)
