"""The same bits: for every backend, number of threads, threading layer, level of CPU and CPU model.

bit_digest.py computes everything once an environment, in a process of its own; what it prints must be equal.
"""

from __future__ import annotations

import functools
import json
from typing import Any

import numpy as np
import pytest
from bit_digest import digest
from cases import CASES, record
from machine import LAYERS, missing
from process import python

THREADS = (1, 2, 3, 8)
EACH_LOOP = tuple({record(name).family: name for name in reversed(CASES)}.values())
RUN = "import bit_digest, sys; sys.argv[1:] = {!r}; bit_digest.main()"


@functools.cache
def digests(
    backend: str, cases: tuple[str, ...], threads: tuple[int, ...], thorough: bool = False, **environment: str
) -> dict[str, Any]:
    """What bit_digest.py says in an environment."""
    arguments = ["--backend", backend, "--threads", *map(str, threads), "--cases", *cases, *["--thorough"] * thorough]
    # more threads than cores: those that wait must not spin
    environment = {"OMP_WAIT_POLICY": "passive", **environment}
    return dict(json.loads(python(RUN.format(arguments), timeout=900.0, **environment).stdout))


def needs(*names: str) -> None:
    """Skip, and say why, if this machine does not have them."""
    for name in names:
        if name in missing():
            pytest.skip(f"{name}: {missing()[name]}")


def reference(cases: tuple[str, ...] = tuple(CASES), thorough: bool = False) -> dict[str, str]:
    """Cython on one thread, at the best level of this CPU."""
    needs("cython")
    everything: dict[str, str] = digests("cython", tuple(CASES), THREADS, thorough)["1"]
    return {key: value for key, value in everything.items() if key.split()[0] in cases}


def assert_equal(found: dict[str, str], expected: dict[str, str]) -> None:
    """Equal keys and hashes; the message names what differs."""
    assert found.keys() == expected.keys()
    different = [key for key in expected if found[key] != expected[key]]
    assert not different, f"{len(different)} of {len(expected)} results differ, among them {different[:8]}"


@pytest.mark.parametrize("threads", THREADS)
def test_cython_on_any_number_of_threads(threads: int) -> None:
    needs("cython")
    found = digests("cython", tuple(CASES), THREADS)
    assert found["ran"]["threads"] == max(THREADS)
    assert_equal(found[str(threads)], reference())


@pytest.mark.parametrize("threads", THREADS)
def test_numba_on_any_number_of_threads(threads: int) -> None:
    needs("numba")
    found = digests("numba", tuple(CASES), THREADS, NUMBA_NUM_THREADS="8")
    assert found["ran"]["threads"] == max(THREADS)
    assert_equal(found[str(threads)], reference())


@pytest.mark.parametrize("layer", LAYERS)
def test_threading_layers(layer: str) -> None:
    needs("numba", layer)
    found = digests("numba", EACH_LOOP, (3, 8), NUMBA_NUM_THREADS="8", NUMBA_THREADING_LAYER=layer)
    assert found["ran"]["layer"] == layer
    for threads in ("3", "8"):
        assert_equal(found[threads], reference(EACH_LOOP))


@pytest.mark.parametrize("level", ["v2", "v3", "v4"])
def test_levels(level: str) -> None:
    needs("cython", level)
    found = digests("cython", tuple(CASES), (1, 3), NUMLOSS_CYTHON_LEVEL=level)
    assert found["ran"]["level"] == level
    for threads in ("1", "3"):
        assert_equal(found[threads], reference())


def test_generic_cpu() -> None:
    needs("numba")
    found = digests("numba", EACH_LOOP, (1,), NUMBA_CPU_NAME="generic")
    assert found["ran"]["cpu"] == "generic"
    assert_equal(found["1"], reference(EACH_LOOP))


@pytest.mark.more
@pytest.mark.parametrize("cpu", ["generic", "haswell"])
def test_every_loss_on_other_cpus(cpu: str) -> None:
    needs("numba")
    if cpu == "haswell":
        needs("v3")
    found = digests("numba", tuple(CASES), (1, 3), True, NUMBA_CPU_NAME=cpu)
    assert found["ran"]["cpu"] == cpu
    assert_equal(found["3"], reference(thorough=True))


@pytest.mark.more
@pytest.mark.parametrize("layer", LAYERS)
def test_every_loss_on_every_layer(layer: str) -> None:
    needs("numba", layer)
    found = digests("numba", tuple(CASES), (2, 8), True, NUMBA_NUM_THREADS="8", NUMBA_THREADING_LAYER=layer)
    assert found["ran"]["layer"] == layer
    assert_equal(found["8"], reference(thorough=True))


def test_a_digest_sees_one_bit() -> None:
    x = np.linspace(0.0, 1.0, 1000)
    y = x.copy()
    y[999] = np.nextafter(y[999], 2.0)
    assert digest(x) == digest(x.copy()) != digest(y)
    assert digest(0.0) != digest(-0.0)
    with pytest.raises(AssertionError, match="1 of 2 results differ"):
        assert_equal({"a": "1", "b": "2"}, {"a": "1", "b": "3"})
