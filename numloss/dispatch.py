"""Where a loss is computed: from arrays to a backend. Five rules, all of them here.

1. The arrays decide: CUDA arrays go to `cuda`; host arrays to `numba`, else to `cython`. As long as Numba is not
   loaded, work smaller than the cost of loading it runs on `cython`, whose bits are the same. So does a law of a user,
   of which Numba then has only the tile to compile, and none of the loops.
2. A backend named in the call, in `use_backend` or in NUMLOSS_BACKEND works, or raises BackendUnavailable.
3. Only a missing import, compiler or driver causes a fall-back; an exception from a kernel never does.
4. `available_backends()` tells what there is and why not.
5. A call costs at most 2 microseconds over its kernel.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .backends import choice
from .backends.choice import chosen_backend
from .backends.host.plans import PULLED, replay
from .calls.arrays import HOST
from .calls.checks import reduction_of, split_options
from .calls.cotangents import number_of, pulled, weighed
from .calls.cuts import with_cuts
from .calls.hessians import check_known, of_elements
from .calls.largest import kept
from .calls.request import Request
from .errors import BackendUnavailable
from .loops.codes import EXACT, MATRICES, PRODUCT

if TYPE_CHECKING:
    from .registry import Loss

BACKENDS = ("numba", "cython", "cuda")
MODULES = {"numba": "numba_cpu", "cython": "cython_aot", "cuda": "numba_cuda"}
# Elements x nanoseconds below which starting Numba (half a second) costs more than it saves.
NUMBA_PAYS_AT = 50e6
# The number of CUDA among the kinds of devices of DLPack.
CUDA_IN_DLPACK = 2

_loaded: dict[str, Any] = {}
_missing: dict[str, BackendUnavailable] = {}


def load(name: str) -> Any:
    """The backend of that name; raises BackendUnavailable with the reason if there is none."""
    if not isinstance(name, str) or name not in BACKENDS:
        raise ValueError(f"unknown backend {name!r}; there are {', '.join(BACKENDS)}")
    if name in _loaded:
        return _loaded[name]
    if name in _missing:
        raise BackendUnavailable(str(_missing[name]))
    try:
        module = importlib.import_module(f".backends.{MODULES[name]}", __package__)
        _loaded[name] = module.backend()
    except BackendUnavailable as error:
        _missing[name] = error
        raise
    return _loaded[name]


def available_backends() -> dict[str, str]:
    """Each backend with "available" or the reason why it is not."""
    report = {}
    for name in BACKENDS:
        try:
            load(name)
            report[name] = "available"
        except BackendUnavailable as error:
            report[name] = str(error)
    return report


@contextlib.contextmanager
def use_backend(name: str) -> Iterator[None]:
    """Compute on this backend inside the `with` block; raises BackendUnavailable if it cannot run here."""
    load(name)
    with choice.chosen(name):
        yield


def is_device_array(value: Any) -> bool:
    """True for arrays on a CUDA device, told without importing any library."""
    if isinstance(value, np.ndarray):
        return False
    device = getattr(value, "device", None)
    kind = getattr(device, "type", None)
    if kind is not None:  # torch says it; its CPU tensors have no CUDA interface either
        return bool(kind == "cuda")
    if any(hasattr(value, name) for name in ("__cuda_array_interface__", "__cuda_ndarray__")):
        return True
    exported = getattr(value, "__dlpack_device__", None)
    return exported is not None and int(exported()[0]) == CUDA_IN_DLPACK


def host_backend(loss: Loss, work: float) -> Any:
    """The backend for host arrays when nobody named one; work is elements x nanoseconds."""
    if loss.task != "yours" and "numba" in _loaded:
        return _loaded["numba"]
    small = work < NUMBA_PAYS_AT and "numba" not in sys.modules
    if loss.task == "yours" or small or "numba" in _missing:
        try:
            return load("cython")
        except BackendUnavailable:
            if "numba" in _missing:
                raise
    try:
        return load("numba")
    except BackendUnavailable as no_numba:
        try:
            return load("cython")
        except BackendUnavailable as no_cython:
            raise BackendUnavailable(f"no backend for host arrays: numba: {no_numba}; cython: {no_cython}") from None


def choose(request: Request) -> Any:
    """The backend for a call."""
    loss, arguments, named = request.loss, request.arguments, request.options.get("backend")
    name = chosen_backend() if named is None else named
    first = arguments[0]
    if type(first) is not np.ndarray and any(is_device_array(value) for value in arguments):
        if name not in (None, "cuda"):
            raise TypeError(f"{loss.name}: backend {name!r} takes host arrays, got arrays on a CUDA device")
        return load("cuda")
    if name == "cuda":
        raise TypeError(
            f"{loss.name}: backend 'cuda' takes device arrays, got {type(first).__name__}; nothing is copied silently. "
            "Move the arrays first, for instance with cupy.asarray or numba.cuda.to_device"
        )
    backend = None if name is None else load(name)
    request.take(HOST)
    return backend or host_backend(loss, request.arguments[0].size * loss.cost)


def evaluate(
    loss: Loss,
    mode: int,
    arguments: tuple[Any, ...],
    options: dict[str, Any],
    pair: bool = False,
    argnums: tuple[int | str, ...] | None = None,
    policy: int = EXACT,
) -> Any:
    """Compute a loss (mode 0), with its gradient (1), with its curvature (2); `pair` asks for sum and weight.

    The one way into every backend. Returns what the public functions and transforms return.
    """
    if argnums is None:
        answer = replay(loss, mode, arguments, options, pair, policy, chosen_backend())
        if answer is not None:
            return answer
    if len(arguments) != len(loss.inputs) or options:
        arguments = split_options(loss, arguments, options)
    return answered(Request(loss, mode, arguments, options, pair, argnums, policy))


def answered(request: Request) -> Any:
    """What a request asks for that no plan has answered, as the caller's library has it."""
    if request.reduction == "top":
        return request.given_back(answered(kept(choose(request), request, answered)))
    if request.asked and request.loss.ends:
        return with_cuts(choose(request), request, answered)
    if request.loss.family == "combined":
        return request.loss.law.compute(request)  # type: ignore[union-attr]
    if request.mode == PRODUCT and request.loss.family == "elementwise":
        return of_elements(choose(request).settled(request), answered)
    return request.given_back(choose(request).compute(request))


def pull_back(
    loss: Loss,
    arguments: tuple[Any, ...],
    options: dict[str, Any],
    cotangent: Any,
    argnums: tuple[int | str, ...] | None = None,
) -> Any:
    """The gradient of a loss times a cotangent: a number for a reduced value, an array for one that is not."""
    if len(arguments) != len(loss.inputs) or options:
        arguments = split_options(loss, arguments, options)
    if loss.results and loss.back is None:
        raise TypeError(f"{loss.name}: nothing is pulled back; {' and '.join(loss.results)} are constants")
    if loss.results:
        return answered(Request(loss, 1, arguments, {**options, "cotangent": cotangent}, False, argnums))[1]
    reduction = reduction_of(loss, options)
    number = number_of(loss, cotangent, reduction)
    if number is not None:
        request = Request(loss, 1, arguments, options, False, argnums, pull=number)
        return pulled(number, answered(request))
    options = {**options, "weight": weighed(loss, cotangent, options.get("weight")), "reduction": "sum"}
    if argnums is None:
        answer = replay(loss, PULLED, arguments, options, False, EXACT, chosen_backend())
        if answer is not None:
            return answer[1]
    return answered(Request(loss, 1, arguments, options, False, argnums, signed=True))[1]


def second(
    loss: Loss,
    arguments: tuple[Any, ...],
    options: dict[str, Any],
    vector: Any = None,
    pair: bool = False,
    cotangent: Any = None,
) -> Any:
    """All second derivatives of a loss: times a vector, or of each row as a matrix.

    Losses one by one are added up, with a cotangent each times the number that it has for it.
    """
    check_known(loss, vector is None)
    if len(arguments) != len(loss.inputs) or options:
        arguments = split_options(loss, arguments, options)
    if reduction_of(loss, options) == "none" or pair:
        options = {**options, "reduction": "sum"}
    mode = MATRICES if vector is None else PRODUCT
    signed = cotangent is not None
    if mode == MATRICES:
        answer = replay(loss, mode, arguments, options, False, EXACT, chosen_backend())
        if answer is not None:
            return answer[1]
    if signed:
        options = {**options, "weight": weighed(loss, cotangent, options.get("weight"))}
    return answered(Request(loss, mode, arguments, options, signed=signed, vector=vector))[1]
