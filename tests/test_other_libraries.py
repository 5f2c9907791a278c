"""Arrays of other libraries on the host, of torch first of all, are read as arrays of NumPy, without importing any."""

from __future__ import annotations

import array as buffers
import importlib.util
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from calls import each
from cases import CASES, arrays, record, required, small, weight
from compare import assert_same_bits

import numloss as nl

pytestmark = pytest.mark.loops

Array = np.ndarray[Any, Any]


class Tensor:
    """Like a tensor of torch on the CPU: `size` is a method, `dtype` no dtype of NumPy, and gradients are recorded."""

    def __init__(self, array: Array, requires_grad: bool = False) -> None:
        self.array, self.requires_grad = array, requires_grad
        self.device = SimpleNamespace(type="cpu")
        self.dtype = f"torch.{array.dtype.name}"
        self.shape = array.shape

    def size(self) -> tuple[int, ...]:
        return self.array.shape

    def numel(self) -> int:
        return self.array.size

    def __len__(self) -> int:
        return len(self.array)

    def __bool__(self) -> bool:
        raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if self.requires_grad:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        return self.array

    def __dlpack__(self, **options: Any) -> Any:
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)


class Exported:
    """What has DLPack alone."""

    def __init__(self, array: Array) -> None:
        self.array = array

    def __dlpack__(self, **options: Any) -> Any:
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)


class Described:
    """What has the array interface alone."""

    def __init__(self, array: Array) -> None:
        self.array, self.__array_interface__ = array, array.__array_interface__


LIBRARIES: dict[str, Callable[[Array], Any]] = {
    "tensor": Tensor,
    "DLPack": Exported,
    "array interface": Described,
    "buffer": memoryview,
}
if importlib.util.find_spec("torch") is not None:
    import torch

    LIBRARIES["torch"] = torch.from_numpy


def transformed(case: str) -> list[Callable[..., Any]]:
    """The loss and its transforms."""
    loss = record(case)
    found = [loss.function, nl.value_and_grad(loss.function)]
    found += [nl.value_grad_hess(loss.function)] if loss.curvature else []
    return found + ([nl.sum_and_weight(loss.function)] if loss.adds_up == "rows" else [])


def flat(answer: Any) -> list[Any]:
    return [leaf for part in answer for leaf in flat(part)] if isinstance(answer, tuple) else [answer]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("case", each(CASES))
def test_arguments_and_options_of_another_library(case: str, library: str, backend: str) -> None:
    loss, shape, seen = record(case), small(case), LIBRARIES[library]
    given, fixed = arrays(case, shape, "float32"), {**required(case), "backend": backend}
    w = weight(case, shape, "float32", "sample") if loss.weighted else None
    extra = {} if w is None else {"weight": w}
    for name, value in list(fixed.items()):
        if isinstance(value, tuple):
            extra[name] = np.asarray(fixed.pop(name))
    if "class_weight" in loss.defaults and loss.family == "rowwise" and "distributions" not in case:
        extra["class_weight"] = np.linspace(0.5, 1.5, given[0].shape[1])
    for function in transformed(case):
        expected = flat(function(*given, **extra, **fixed))
        foreign = {name: seen(value) for name, value in extra.items()}
        found = flat(function(*map(seen, given), **foreign, **fixed))
        for one, other in zip(found, expected, strict=True):
            array = torch.Tensor if library == "torch" else np.ndarray
            assert type(one) is (float if isinstance(other, float) else array)
            assert_same_bits(np.asarray(one), np.asarray(other))


@pytest.mark.parametrize("library", LIBRARIES)
def test_no_backend_is_named(library: str) -> None:
    pred, target = arrays("huber", (64,), "float32")
    seen = LIBRARIES[library]
    expected = nl.value_and_grad(nl.huber)(pred, target)
    both = nl.combine((1.0, nl.huber))
    for function in (nl.huber, both):
        value, slope = nl.value_and_grad(function)(seen(pred), target=seen(target))
        assert value == expected[0]
        assert_same_bits(np.asarray(slope), expected[1])
    mixed = nl.value_and_grad(nl.huber)(pred, seen(target), delta=seen(np.array(1.0)))
    assert type(mixed[1]) is np.ndarray  # what comes back is like the prediction
    assert_same_bits(mixed[1], expected[1])


def test_memory_that_another_library_shows_is_seen_by_out(backend: str) -> None:
    """What is shown is no copy, so that what is written may not lie in it."""
    pred, target = arrays("mse", (32,), "float64")
    memory = buffers.array("d", [0.5] * 33)
    own = np.frombuffer(memory)
    for seen in (*LIBRARIES.values(), lambda a: memory if a.size == 33 else memoryview(memory)[: a.size]):
        with pytest.raises(ValueError, match="out for the gradient overlaps weight"):
            nl.value_and_grad(nl.mse)(pred, target, weight=seen(own[:32]), out=own[1:], backend=backend)
        with pytest.raises(ValueError, match="out for the gradient overlaps target"):
            nl.value_and_grad(nl.mse)(pred, seen(own[:32]), out=own[1:], backend=backend)
    assert memory == buffers.array("d", [0.5] * 33)


@pytest.mark.parametrize("case", CASES)
def test_what_requires_a_gradient_is_refused_with_the_cure(case: str, backend: str) -> None:
    loss, given = record(case), arrays(case, small(case), "float32")
    fixed = {**required(case), "backend": backend}
    for k, name in enumerate(loss.inputs):
        changed = [*given[:k], Tensor(given[k], requires_grad=True), *given[k + 1 :]]
        with pytest.raises(TypeError, match=rf"{loss.name}: {name} requires a gradient .*{name}\.detach\(\)"):
            loss.function(*changed, **fixed)
    if loss.weighted:
        w = Tensor(np.ones(small(case), np.float32), requires_grad=True)
        with pytest.raises(TypeError, match=r"weight requires a gradient .*weight\.detach\(\)"):
            loss.function(*given, weight=w, **fixed)


def test_what_numpy_cannot_read_is_named(backend: str) -> None:
    class Sparse:
        def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
            raise TypeError("a sparse tensor has no array")

    x = np.ones(3)
    with pytest.raises(TypeError, match=r"mse: target is .*Sparse, which NumPy cannot read: a sparse tensor"):
        nl.mse(x, Sparse(), backend=backend)
    wide = Tensor(np.ones(3, np.longdouble))
    with pytest.raises(TypeError, match=r"mse: pred has dtype .*; convert it"):
        nl.mse(wide, x, backend=backend)
    with pytest.raises(TypeError, match="out for the gradient must be a NumPy array, got Tensor"):
        nl.value_and_grad(nl.mse)(x, x, out=Tensor(x), backend=backend)
