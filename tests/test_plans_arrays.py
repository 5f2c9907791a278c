"""Calls that repeat with arrays of all looks, and what they write to `out`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cases import arrays
from replays import Answers, assert_same, long_way, replayed

import numloss as nl
from numloss.backends.host import plans

pytestmark = pytest.mark.skipif(plans._plans is None, reason="kernels/plans.pyx is not built")
__all__ = ["replayed"]


def test_gradients_are_written_to_out(each_backend: str, replayed: Answers) -> None:
    backend = each_backend
    pred, labels = arrays("cross_entropy", (64,), "float32")
    pairs = arrays("contrastive", (64,), "float32")
    function, several = nl.value_and_grad(nl.cross_entropy), nl.value_and_grad(nl.contrastive)
    for _ in range(2):
        out = np.full_like(pred, np.nan)
        outs = np.full_like(pairs[0], np.nan), np.full_like(pairs[0], np.nan)
        assert function(pred, labels, out=out, backend=backend)[1] is out
        slopes = several(*pairs, out=outs, backend=backend)[1]
        assert slopes[0] is outs[0] and slopes[1] is outs[1]
        assert function(pred, labels, out=(out,), backend=backend)[1] is out
    assert replayed[-1] is not None and replayed[-2] is not None and replayed[-3] is not None
    assert_same(out, long_way(function, pred, labels, backend=backend)[1])
    assert_same(outs, long_way(several, *pairs, backend=backend)[1])
    with pytest.raises(ValueError, match="overlap"):
        several(*pairs, out=(outs[0], outs[0]), backend=backend)


def unaligned(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    raw = np.empty(array.nbytes + 1, np.uint8)
    moved = raw[1:].view(array.dtype).reshape(array.shape)
    moved[...] = array
    return moved


def strided(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.repeat(array, 2, axis=-1)[..., ::2]


LOOKS: dict[str, Callable[[np.ndarray[Any, Any]], Any]] = {
    "swapped": lambda a: a.astype(a.dtype.newbyteorder()),
    "fortran": np.asfortranarray,
    "strided": strided,
    "backward": lambda a: np.ascontiguousarray(a[::-1])[::-1],
    "unaligned": unaligned,
    "float32": lambda a: a.astype(np.float32),
    "list": lambda a: a.tolist(),
    "subclass": lambda a: a.view(np.recarray),
}


@pytest.mark.parametrize("look", LOOKS)
def test_arrays_that_look_otherwise(look: str, backend: str, replayed: Answers) -> None:
    pred, target = arrays("mse", (6, 4), "float64")
    function = nl.value_and_grad(nl.mse)
    expected = function(pred, target, backend=backend)
    for _ in range(3):
        value, slope = function(pred, LOOKS[look](target), backend=backend)
        assert replayed[-1] is None or look == "float32"
        if look == "float32":
            expected = long_way(function, pred, target.astype(np.float32), backend=backend)
        assert_same((value, slope), expected)


def test_views_and_arrays_that_cannot_be_written_to_are_read(backend: str, replayed: Answers) -> None:
    pred, target = arrays("mse", (64,), "float64")
    function, out = nl.value_and_grad(nl.mse), np.empty(16)
    target.flags.writeable = False
    for start in (0, 16, 32):
        part = slice(start, start + 16)
        answer = function(pred[part], target[part], out=out, backend=backend)
        assert_same(answer, long_way(function, pred[part], target[part], backend=backend))
    assert replayed[1] is not None and replayed[2] is not None


def test_out_that_shares_memory_is_never_replayed(backend: str, replayed: Answers) -> None:
    pred, target = arrays("mse", (16,), "float64")
    function, out = nl.value_and_grad(nl.mse), np.empty(16)
    function(pred, target, out=out, backend=backend)
    expected = long_way(function, pred, target, backend=backend)
    whole = np.empty(17)
    whole[:16] = pred
    shared = [(pred.copy(),), (whole[:16],), (pred.copy()[:],), (np.frombuffer(bytearray(pred.tobytes())),)]
    for (array,) in shared:
        assert_same(function(array, target, out=array, backend=backend), expected)
        assert replayed[-1] is None
    with pytest.raises(ValueError, match="overlaps"):
        function(whole[:16], target, out=whole[1:], backend=backend)
    own = pred.copy()
    for view in (own[:], np.asarray(memoryview(own)), np.lib.stride_tricks.as_strided(own), own.reshape(4, 4).ravel()):
        assert_same(function(view, target, out=own, backend=backend), expected)
        assert replayed[-1] is None
        own[...] = pred


def test_out_may_be_a_part_of_an_array(backend: str, replayed: Answers) -> None:
    pairs = arrays("contrastive", (8,), "float32")
    size, rows = pairs[0].size, pairs[0].shape
    several = nl.value_and_grad(nl.contrastive)
    expected = long_way(several, *pairs, backend=backend)
    whole = np.full(3 * size, np.nan, np.float32)
    whole[size : 2 * size] = pairs[0].ravel()
    first, inside, last = (whole[k * size : (k + 1) * size].reshape(rows) for k in range(3))
    for _ in range(2):
        answer = several(inside, *pairs[1:], out=(first, last), backend=backend)
        assert_same(answer, expected)
    assert replayed[-1] is not None
    for out in ((first, whole[1 : size + 1].reshape(rows)), (first, whole[size - 1 : 2 * size - 1].reshape(rows))):
        with pytest.raises(ValueError, match="overlap"):
            several(inside, *pairs[1:], out=out, backend=backend)
    assert replayed[-1] is None


@pytest.mark.parametrize("dtype", [np.float16, nl.bfloat16, np.float32], ids=["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("labels", [np.uint8, np.int16, np.int32, np.int64])
def test_out_may_lie_beside_what_is_read(dtype: Any, labels: Any, backend: str, replayed: Answers) -> None:
    pred = np.zeros((8, 16), dtype)
    memory = np.zeros(2 * pred.nbytes + 8 * np.dtype(labels).itemsize, np.uint8)
    target, out = memory[2 * pred.nbytes :].view(labels), memory[pred.nbytes : 2 * pred.nbytes].view(dtype)
    function, scores = nl.value_and_grad(nl.cross_entropy), memory[: pred.nbytes].view(dtype).reshape(8, 16)
    for _ in range(2):
        function(scores, target, out=out.reshape(8, 16), backend=backend)
    assert replayed[-1] is not None
    with pytest.raises(ValueError, match="overlap"):
        function(scores, target, out=memory[8:][: pred.nbytes].view(dtype).reshape(8, 16), backend=backend)


@pytest.mark.parametrize(
    "out",
    [np.empty(15), np.empty(17), np.empty((4, 4)), np.empty(16, np.float32), np.empty(16, ">f8"), [0.0] * 16, ()],
    ids=lambda out: f"{type(out).__name__} {getattr(out, 'shape', '')} {getattr(out, 'dtype', '')}",
)
def test_out_that_does_not_fit(out: Any, backend: str) -> None:
    pred, target = arrays("mse", (16,), "float64")
    function = nl.value_and_grad(nl.mse)
    function(pred, target, out=np.empty(16), backend=backend)
    with pytest.raises((TypeError, ValueError), match="out"):
        function(pred, target, out=out, backend=backend)
    frozen = np.empty(16)
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="writeable"):
        function(pred, target, out=frozen, backend=backend)
    with pytest.raises(ValueError, match="out needs reduction='none'"):
        nl.mse(pred, target, out=np.empty(16), backend=backend)


def test_values_and_curvatures_are_written_to_out(backend: str, replayed: Answers) -> None:
    pred, target = arrays("mse", (64,), "float32")
    given = arrays("gaussian_nll", (64,), "float32")
    bent, several = nl.value_grad_hess(nl.mse), nl.value_grad_hess(nl.gaussian_nll)
    for _ in range(2):
        values, slopes, bends = (np.full_like(pred, np.nan) for _ in range(3))
        pairs = [(np.full_like(pred, np.nan), np.full_like(pred, np.nan)) for _ in range(2)]
        assert nl.mse(pred, target, reduction="none", out=values, backend=backend) is values
        answer = bent(pred, target, reduction="none", out=(slopes, bends), backend=backend)
        assert answer[1] is slopes and answer[2] is bends
        assert several(*given, out=tuple(pairs), backend=backend)[1:] == tuple(pairs)
    assert all(answer is not None for answer in replayed[-3:])
    assert_same((answer[0], slopes, bends), long_way(bent, pred, target, reduction="none", backend=backend))
    assert_same(values, answer[0])
    assert_same(tuple(pairs), long_way(several, *given, backend=backend)[1:])
    for out in ((slopes, slopes), (slopes, bends, values), (slopes,), slopes, (slopes, (bends, values))):
        with pytest.raises((TypeError, ValueError), match="out"):
            bent(pred, target, out=out, backend=backend)
    for out in ((slopes, bends), values[1:]):
        with pytest.raises((TypeError, ValueError), match="out"):
            nl.mse(pred, target, reduction="none", out=out, backend=backend)


def test_gradients_have_the_dtype_of_the_prediction(backend: str, replayed: Answers) -> None:
    function = nl.value_and_grad(nl.gaussian_nll)
    pred, target, var = arrays("gaussian_nll", (500,), "float64")
    expected = long_way(function, pred, target, var.astype(np.float32), backend=backend)
    for out in (None, None, (np.empty(500), np.empty(500))):
        assert_same(function(pred, target, var.astype(np.float32), out=out, backend=backend), expected)
    assert replayed[-1] is not None and replayed[-2] is not None
    with pytest.raises(ValueError, match="dtype"):
        function(pred, target, var.astype(np.float32), out=(np.empty(500), np.empty(500, np.float32)), backend=backend)
