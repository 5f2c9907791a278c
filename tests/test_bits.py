"""The same bits: for every backend, number of threads, driver, level of CPU and CPU model.

The two backends are compared in this process, loss by loss. What depends on the environment is computed by
bit_digest.py in a process of its own; what it prints must be equal.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import numpy as np
import pytest
from bit_digest import EACH_LOOP, TRIED, digest, results
from calls import each
from cases import CASES, DTYPES, EXAMPLES, kind
from compare import assert_same_bits, told
from machine import missing
from process import python
from seeds import generator
from shared import once

import numloss as nl

RUN = "import bit_digest, sys; sys.argv[1:] = {!r}; bit_digest.main()"
LOOPS = ("--parts", "loops", "--dtypes", "float32")
# Who runs Numba's blocks, and how bit_digest.py is told to.
DRIVERS = [("_team", []), ("in_python", ["--without-team"])]
Digests = dict[str, Any]


def digests(backend: str, threads: tuple[int, ...], *options: str, **environment: str) -> Digests:
    """What bit_digest.py says in an environment."""
    arguments = ["--backend", backend, "--threads", *map(str, threads), *options]
    return dict(json.loads(python(RUN.format(arguments), timeout=900.0, **environment).stdout))


def needs(*names: str) -> None:
    """Skip, and say why, if this machine does not have them."""
    for name in names:
        if name in missing():
            pytest.skip(f"{name}: {missing()[name]}")


@pytest.fixture
def reference(tmp_path_factory: pytest.TempPathFactory) -> Digests:
    """Cython on one thread, at the best level of this CPU: all laws, and the loops in float32."""
    needs("cython")
    laws = once(tmp_path_factory, "laws", lambda: digests("cython", (1,), "--parts", "laws"))
    return dict(once(tmp_path_factory, "loops", lambda: digests("cython", (1,), *LOOPS))["1"] | laws["1"])


@pytest.fixture
def everything(tmp_path_factory: pytest.TempPathFactory) -> Digests:
    """The same in both dtypes."""
    needs("cython")
    return dict(once(tmp_path_factory, "everything", lambda: digests("cython", (1,)))["1"])


def assert_equal(found: Digests, expected: Digests) -> None:
    """Hashes that were expected; the message names what differs."""
    assert found and found.keys() <= expected.keys()
    different = [key for key in found if found[key] != expected[key]]
    assert not different, f"{len(different)} of {len(found)} results differ, among them {different[:8]}"


def assert_backends_agree(case: str, dtype: str, *parts: str) -> None:
    """Each result of the one is that of the other, bit by bit."""
    needs("numba", "cython")
    answers = (results(case, backend, dtype, list(parts), True) for backend in ("numba", "cython"))
    for (label, found), (_, expected) in zip(*answers, strict=True):
        with told(loss=case, dtype=dtype, result=label):
            assert_same_bits(found, expected)


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.more)])
@pytest.mark.parametrize("case", each(CASES))
def test_numba_computes_each_law_as_cython_does(case: str, dtype: str) -> None:
    assert_backends_agree(case, dtype, "laws")


@pytest.mark.parametrize(("case", "dtype"), [*((case, "float32") for case in TRIED), ("huber", "float64")])
def test_numba_runs_each_loop_as_cython_does(case: str, dtype: str) -> None:
    assert_backends_agree(case, dtype, "loops")


@pytest.mark.parametrize("classes", [2, 7, 8, 10, 15, 16, 33, 255, 256, 1100])
def test_rows_of_any_length_on_both_backends(classes: int) -> None:
    """Each length has a loop of its own, and windows of sixteen that it fills or does not."""
    needs("numba", "cython")
    random = generator("rows of any length", classes)
    pred = random.standard_normal((37, classes)).astype(np.float32)
    pred[3, 1] = np.nan
    pred[5] -= 9.0
    target = random.dirichlet(np.ones(classes), 37).astype(np.float32)
    labels = random.integers(0, classes, 37)
    for rows, loss, given in (
        (pred, nl.cross_entropy, labels),
        (pred * np.float32(1e5), nl.cross_entropy, labels),
        (np.repeat(pred[:, :, None], 21, axis=2), nl.cross_entropy, np.repeat(labels[:, None], 21, axis=1)),
        (pred, partial(nl.kl_div, from_logits=True), target),
    ):
        answers = [nl.value_and_grad(loss)(rows, given, reduction="none", backend=name) for name in ("numba", "cython")]
        with told(classes=classes):
            for found, expected in zip(*answers, strict=True):
                assert_same_bits(found, expected)


@pytest.mark.more
@pytest.mark.loops
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES)
def test_numba_runs_every_loss_as_cython_does(case: str, dtype: str) -> None:
    assert_backends_agree(case, dtype, "loops")


def test_cython_on_any_number_of_threads(reference: Digests) -> None:
    for threads, chosen in ((3, CASES), (8, TRIED)):
        found = digests("cython", (threads,), *LOOPS, "--cases", *chosen)
        assert found["ran"]["threads"] == threads
        assert_equal(found[str(threads)], reference)


@pytest.mark.parametrize(("driver", "options"), DRIVERS)
def test_numba_on_any_number_of_threads(driver: str, options: list[str], reference: Digests) -> None:
    needs("numba", *([] if options else ["team"]))
    found = digests("numba", (3, 8), *LOOPS, "--cases", *EACH_LOOP, *options)
    assert found["ran"]["driver"] == driver and found["ran"]["threads"] == 8
    for threads in ("3", "8"):
        assert_equal(found[threads], reference)


@pytest.mark.parametrize("level", ["v2", "v3"])  # v4 is that of the reference, where this CPU has it
def test_levels(level: str, reference: Digests) -> None:
    needs("cython", level)
    for options in (LOOPS, ("--parts", "laws")):
        found = digests("cython", (1,), *options, NUMLOSS_LEVEL=level)
        assert found["ran"]["level"] == level
        assert_equal(found["1"], reference)


def test_generic_cpu(reference: Digests) -> None:
    needs("numba")
    case = EXAMPLES[kind("squared_hinge")]
    found = digests("numba", (1,), *LOOPS, "--cases", case, NUMBA_CPU_NAME="generic")
    assert found["ran"]["cpu"] == "generic"
    assert_equal(found["1"], reference)


# Of `more`, every law once on each level, where it runs on three threads. What is about loops, threads and drivers has
# no law of its own: it runs the losses that stand for their kind; other CPU models, which Numba compiles for, run each
# loop.


@pytest.mark.more
@pytest.mark.parametrize("level", ["v2", "v3"])
def test_every_loss_on_every_level(level: str, everything: Digests) -> None:
    needs("cython", level)
    found = digests("cython", (3,), NUMLOSS_LEVEL=level)
    assert found["ran"]["level"] == level
    assert_equal(found["3"], everything)


@pytest.mark.more
@pytest.mark.parametrize(("cpu", "dtype"), [("generic", "float64"), ("haswell", "float32")])
def test_every_loop_on_other_cpus(cpu: str, dtype: str, everything: Digests) -> None:
    """In one dtype each, since all of it has to be compiled."""
    needs("numba")
    if cpu == "haswell":
        needs("v3")
    # the features are those of the name, not those of this CPU
    options = ("--dtypes", dtype, "--cases", *TRIED)
    found = digests("numba", (3,), *options, NUMBA_CPU_NAME=cpu, NUMBA_CPU_FEATURES="")
    assert found["ran"]["cpu"] == cpu
    assert_equal(found["3"], everything)


@pytest.mark.more
@pytest.mark.parametrize("backend", ["numba", "cython"])
def test_every_kind_on_any_number_of_threads(backend: str, everything: Digests) -> None:
    needs(backend)
    found = digests(backend, (2, 8), "--parts", "loops")
    assert found["ran"]["threads"] == 8
    for threads in ("2", "8"):
        assert_equal(found[threads], everything)


@pytest.mark.more
@pytest.mark.parametrize(("driver", "options"), DRIVERS)
def test_every_kind_on_every_driver(driver: str, options: list[str], everything: Digests) -> None:
    needs("numba", *([] if options else ["team"]))
    found = digests("numba", (8,), *LOOPS, *options)
    assert found["ran"]["driver"] == driver
    assert_equal(found["8"], everything)


def test_a_digest_sees_one_bit() -> None:
    x = np.linspace(0.0, 1.0, 1000)
    y = x.copy()
    y[999] = np.nextafter(y[999], 2.0)
    assert digest(x) == digest(x.copy()) != digest(y)
    assert digest(0.0) != digest(-0.0)
    with pytest.raises(AssertionError, match="1 of 2 results differ"):
        assert_equal({"a": "1", "b": "2"}, {"a": "1", "b": "3"})
