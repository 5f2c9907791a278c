"""Many threads, forks and pools: the same bits, no crash, no deadlock."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from cases import CASES, arrays, record, required, small
from machine import missing
from process import python

import numloss
from numloss import dispatch

SETUP = """
import os, sys, threading
import numpy as np, numloss as nl
from numloss.backends import threads
threads.PARALLEL_PAYS_AT = 0.0  # every call wants the team
rng = np.random.default_rng(7)
pred, target = rng.normal(size=(2, 70_001)).astype(np.float32)
scores, labels = rng.normal(size=(7001, 10)).astype(np.float32), rng.integers(0, 10, 7001)
def compute():
    loss, grad = nl.value_and_grad(nl.huber)(pred, target, backend=BACKEND)
    rows, slopes = nl.value_and_grad(nl.cross_entropy)(scores, labels, backend=BACKEND)
    return loss, grad.tobytes(), rows, slopes.tobytes()
"""
CALLERS = """
expected = compute()
failures = []
def caller():
    for _ in range(20):
        if compute() != expected:
            failures.append(threading.get_ident())
started = [threading.Thread(target=caller) for _ in range(16)]
for thread in started: thread.start()
for thread in started: thread.join()
assert not failures, failures
print("same")
"""
FORK = """
def tasks():
    return len(os.listdir("/proc/self/task")) if sys.platform == "linux" else 0
expected = compute()
child = os.fork()
if child == 0:
    import faulthandler
    faulthandler.dump_traceback_later(60, exit=True)
    before = tasks()
    same = compute() == expected
    # a child has a team of its own
    os._exit(7 if not same else 8 if sys.platform == "linux" and tasks() != before + 3 else 0)
_, status = os.waitpid(child, 0)
assert status == 0, f"the child ended with {status}"
assert compute() == expected
print("same")
"""
POOL = """
from concurrent.futures import ThreadPoolExecutor
expected = compute()
with ThreadPoolExecutor(8) as pool:
    answers = list(pool.map(lambda _: compute(), range(100)))
assert all(answer == expected for answer in answers)
print("same")
"""
FIRST = """
# the first call of the process, compilation included, from several threads at once
barrier = threading.Barrier(8)
answers = []
def first():
    barrier.wait()
    answers.append(compute())
started = [threading.Thread(target=first) for _ in range(8)]
for thread in started: thread.start()
for thread in started: thread.join()
assert len(answers) == 8 and len(set(answers)) == 1, len(answers)
print("same")
"""
WHILE_COMPILING = """
# a process that forks while another thread compiles, or is inside of what keeps BLAS to one thread
import signal, time
from numloss import dispatch
from numloss.backends.host import blas
signal.alarm(60)
backend = dispatch.load(BACKEND)
begun, tile = threading.Event(), type(backend).tile
def slowly(self, loss, dtype, mode):
    begun.set()
    time.sleep(0.5)
    return tile(self, loss, dtype, mode)
type(backend).tile = slowly
def first_call():
    nl.mse(pred, target, backend=BACKEND)
def products():
    with blas.Alone(), blas.Alone._lock:
        begun.set()
        time.sleep(0.5)
for work in (first_call, products):
    begun.clear()
    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(30)
    child = os.fork()
    if child == 0:
        type(backend).tile = tile
        signal.alarm(20)
        nl.mae(pred, target, backend=BACKEND)  # a kernel that neither has yet
        nl.grad(nl.info_nce)(scores[:50], scores[:50], backend=BACKEND)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0, f"the child ended with {status}"
    thread.join()
    nl.grad(nl.info_nce)(scores[:50], scores[:50], backend=BACKEND)
print("same")
"""
PROCESSES = """
import multiprocessing
expected = compute()
def work(_):
    return compute() == expected
with multiprocessing.get_context("fork").Pool(3) as pool:
    assert all(pool.map(work, range(9)))
print("same")
"""
SCENES = {"16 threads": CALLERS, "fork": FORK, "pool": POOL, "first calls": FIRST, "processes": PROCESSES}
SCENES["a fork while another thread compiles"] = WHILE_COMPILING
WITHOUT = 'import sys; sys.modules["numloss.backends.host._team"] = None'
PLACES = {"numba": ("numba", ""), "numba without the team": ("numba", WITHOUT), "cython": ("cython", "")}


# Numba's blocks run on the team of cython, or on threads that Python looks after: some scenes are new to one of them.
SEEN = [(scene, place) for place in PLACES for scene in SCENES]
RARE = [(scene, "numba without the team") for scene in ("pool", "processes", "a fork while another thread compiles")]


@pytest.mark.parametrize(
    ("scene", "place"), [pytest.param(*pair, marks=pytest.mark.more if pair in RARE else ()) for pair in SEEN]
)
def test_same_bits_and_no_crash(scene: str, place: str) -> None:
    backend, before = PLACES[place]
    if backend in missing():
        pytest.skip(f"{backend}: {missing()[backend]}")
    code = f"BACKEND = {backend!r}\n{before}\n{SETUP}\n{SCENES[scene]}"
    assert python(code, timeout=120.0, OMP_NUM_THREADS="4").stdout.strip() == "same"


FEW = """
import resource
with open("/proc/self/statm") as file:
    taken = int(file.read().split()[0]) * resource.getpagesize()
with nl.num_threads(1):
    expected = compute()
# room for the stacks of one or two threads
resource.setrlimit(resource.RLIMIT_AS, (taken + 2**25, resource.RLIM_INFINITY))
for count in (64, 100_000):
    nl.set_num_threads(count)
    assert compute() == expected
assert 1 <= len(os.listdir("/proc/self/task")) < 8
print("same")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_a_system_that_has_no_more_threads() -> None:
    if "cython" in missing():
        pytest.skip(missing()["cython"])
    code = f"BACKEND = 'cython'\n{SETUP}\n{FEW}"
    assert python(code, OPENBLAS_NUM_THREADS="1").stdout.strip() == "same"


REPAIRED = [case for case in CASES if record(case).family in ("rowwise", "distilled", "regional", "ordered", "head")]


@pytest.mark.parametrize("case", [case for case in REPAIRED if "logits" not in case])
def test_a_bad_value_that_is_gone_when_it_is_to_be_named(
    case: str, each_backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a kernel has found another thread may have put right before the error looks for it."""
    loss = record(case)
    given = list(arrays(case, small(case), "float32", ends=False))
    good, place = given[-1].copy(), (1,) + (0,) * (given[-1].ndim - 1)
    given[-1][place] = 77 if good.dtype.kind == "i" else float("nan")
    backend = dispatch.load(each_backend)
    launch = backend.launch

    def launched(problem: Any) -> Any:
        outcome = launch(problem)
        given[-1][...] = good
        return outcome

    monkeypatch.setattr(backend, "launch", launched)
    with pytest.raises((RuntimeError, ValueError), match=rf"{loss.name}: target.* (changed by another thread|= nan)"):
        loss.function(*given, **required(case), backend=each_backend)


WRITTEN = """
import time
from functools import partial
labels, ends, lengths = rng.integers(0, 10, 3000), np.array([0, 1000, 2000, 3000]), np.full(50, 9)
good = [array.copy() for array in (labels, ends, lengths)]
stop = threading.Event()
def writer():
    turns = np.random.default_rng(1)
    while not stop.is_set():
        for array, right in zip((labels, ends, lengths), good):
            array[turns.integers(len(array))] = turns.choice([-(2**62), -1, 5, 10**6, 2**62])
            time.sleep(1e-4)
            array[...] = right
            time.sleep(1e-4)
scores, steps, target = rng.normal(size=(3000, 10)), rng.normal(size=(12, 50, 10)), rng.integers(1, 10, (50, 4))
calls = [
    partial(nl.value_and_grad(nl.cross_entropy), scores, labels),
    partial(nl.value_and_grad(nl.multi_margin), scores, labels, weight=np.ones(3000)),
    partial(nl.value_and_grad(nl.linear_cross_entropy), scores, rng.normal(size=(10, 10)), labels),
    partial(nl.value_and_grad(partial(nl.dice, activation="softmax")), scores[:, :, None], labels[:, None]),
    partial(nl.value_and_grad(nl.lovasz_softmax), scores[:, :, None], labels[:, None]),
    partial(nl.value_and_grad(nl.lambdarank), scores[:, 0], np.abs(labels) % 5, groups=ends),
    partial(nl.value_and_grad(nl.td_error), scores, labels, scores[:, 0], scores, np.zeros(3000)),
    partial(nl.value_and_grad(nl.ctc), steps, target, lengths, np.full(50, 4)),
]
for call in calls:
    call(backend=BACKEND)
thread = threading.Thread(target=writer)
thread.start()
refused = 0
until = time.monotonic() + 0.8
while time.monotonic() < until or not refused:
    for call in calls:
        try:
            call(backend=BACKEND)
        except (IndexError, ValueError, RuntimeError) as error:
            assert str(error).split(":")[0] in nl.__all__, error
            refused += 1
stop.set()
thread.join()
print("same")
"""


@pytest.mark.parametrize(
    "place", [pytest.param(place, marks=() if place == "cython" else pytest.mark.more) for place in PLACES]
)
def test_arrays_that_another_thread_writes_to(place: str) -> None:
    """Their numbers mean nothing, but no label is used as an index that has not been looked at."""
    backend, before = PLACES[place]
    if backend in missing():
        pytest.skip(f"{backend}: {missing()[backend]}")
    code = f"BACKEND = {backend!r}\n{before}\n{SETUP}\n{WRITTEN}"
    assert python(code, timeout=120.0, OMP_NUM_THREADS="2").stdout.strip() == "same"


def test_every_lock_is_free_in_a_forked_child() -> None:
    """Locks for the life of a process are of one class, which renews them; that of the team renews itself."""
    package = Path(numloss.__file__).parent
    made = re.compile(r"\b(Lock|RLock|Condition|Semaphore|BoundedSemaphore|Event|Barrier)\(")
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        for line in path.read_text().splitlines()
        if re.search(r"threading\.", line) and made.search(line) and "self." not in line
    }
    assert found == {"backends/threads.py"}
