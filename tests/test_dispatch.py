"""Where a loss is computed: what is asked for, what there is, and what is said when there is nothing."""

from __future__ import annotations

import contextvars
import itertools
import threading

import numpy as np
import pytest
from machine import missing
from process import attempt, python

import numloss as nl
from numloss import dispatch
from numloss.backends import cython_aot
from numloss.errors import BackendUnavailable

PRED, TARGET = np.array([1.0, 4.0]), np.array([1.5, 2.0])
# Puts a package out of reach, as if it were not installed.
HIDE = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.startswith({names!r}):
            raise ImportError(f"{{name}} is hidden")
sys.meta_path.insert(0, Hidden())
import numpy as np, numloss as nl
pred, target = np.array([1.0, 4.0]), np.array([1.5, 2.0])
"""
SIZES = itertools.count(1001)
NUMBA, KERNELS = ("numba", "llvmlite"), ("numloss.backends._aot_",)


@pytest.fixture(autouse=True)
def on_default_backend() -> None:
    """Nothing: these tests are about what is chosen."""


class Recorder:
    """Wraps a backend and remembers that it was called."""

    def __init__(self, backend: object) -> None:
        self.backend, self.calls = backend, 0

    def __getattr__(self, name: str) -> object:
        self.calls += name == "compute"
        return getattr(self.backend, name)


@pytest.fixture
def recorders(monkeypatch: pytest.MonkeyPatch) -> dict[str, Recorder]:
    """Both backends for host arrays, listened to."""
    for name in ("numba", "cython"):
        if name in missing():
            pytest.skip(f"{name}: {missing()[name]}")
    found = {name: Recorder(dispatch.load(name)) for name in ("numba", "cython")}
    for name, recorder in found.items():
        monkeypatch.setitem(dispatch._loaded, name, recorder)
    return found


def calls(recorders: dict[str, Recorder]) -> dict[str, int]:
    return {name: recorder.calls for name, recorder in recorders.items()}


def compute(**extra: str) -> float:
    """A call of a size that was not seen before: what is seen again need not be decided again."""
    x = np.ones(next(SIZES))
    return float(nl.mse(x, x, **extra))


def test_order_of_wishes(recorders: dict[str, Recorder]) -> None:
    compute()
    assert calls(recorders) == {"numba": 1, "cython": 0}, "Numba is loaded already, so it is first"
    with nl.use_backend("cython"):
        compute()
        assert calls(recorders) == {"numba": 1, "cython": 1}
        compute(backend="numba")
        assert calls(recorders) == {"numba": 2, "cython": 1}
        with nl.use_backend("numba"):
            compute()
        assert calls(recorders) == {"numba": 3, "cython": 1}
        compute()
    assert calls(recorders) == {"numba": 3, "cython": 2}
    compute()
    assert calls(recorders) == {"numba": 4, "cython": 2}


def test_a_repeated_call_follows_a_new_wish(recorders: dict[str, Recorder]) -> None:
    x = np.ones(next(SIZES))
    for _ in range(3):
        nl.mse(x, x)
    with nl.use_backend("cython"):
        nl.mse(x, x)
    assert recorders["cython"].calls == 1


def test_use_backend_is_a_matter_of_the_context(recorders: dict[str, Recorder]) -> None:
    with pytest.raises(KeyError), nl.use_backend("cython"):
        thread = threading.Thread(target=compute)
        thread.start()
        thread.join()
        contextvars.copy_context().run(compute)
        raise KeyError
    compute()
    assert calls(recorders) == {"numba": 2, "cython": 1}


def test_the_environment_is_a_wish_too() -> None:
    code = """
        import numpy as np, numloss as nl
        from numloss import dispatch
        x = np.ones(3)
        nl.mse(x, x)
        print(*dispatch._loaded)
        with nl.use_backend("cython"):
            nl.mse(x, x)
        print(*dispatch._loaded)
    """
    for name in ("numba", "cython"):
        if name in missing():
            pytest.skip(f"{name}: {missing()[name]}")
    assert python(code, NUMLOSS_BACKEND="numba").stdout.split() == ["numba", "numba", "cython"]
    assert python(code, NUMLOSS_BACKEND="cython").stdout.split() == ["cython", "cython"]
    failed = attempt(code, NUMLOSS_BACKEND="fortran")
    assert failed.returncode == 1
    assert "unknown backend 'fortran'; there are numba, cython, cuda" in failed.stderr


@pytest.mark.parametrize("wrong", ["fortran", "", "Numba"])
def test_unknown_backends(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"unknown backend .*numba, cython, cuda"), nl.use_backend(wrong):
        pass


def test_host_arrays_are_not_copied_to_a_device() -> None:
    with pytest.raises(TypeError, match="mse: backend 'cuda' takes device arrays"):
        nl.mse(PRED, TARGET, backend="cuda")


@pytest.mark.skipif(not cython_aot.build_report()["built"], reason="no Cython kernels are built")
def test_kernels_older_than_their_sources_do_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cython_aot.backend().loops
    monkeypatch.setattr(cython_aot, "fingerprint", lambda: "of an edited file")
    with pytest.raises(nl.BackendUnavailable, match=r"older than their sources; run python setup\.py build_ext"):
        cython_aot.backend()


def test_available_backends_says_why_not() -> None:
    report = nl.available_backends()
    assert list(report) == ["numba", "cython", "cuda"]
    assert all(len(reason) > 20 for reason in report.values() if reason != "available")


@pytest.mark.parametrize(("hidden", "left"), [(NUMBA, "cython"), (KERNELS, "numba")])
def test_one_backend_alone_does_everything(hidden: tuple[str, ...], left: str) -> None:
    code = HIDE.format(names=hidden) + f"""
report = nl.available_backends()
assert report[{left!r}] == "available", report
print(nl.mse(pred, target), nl.value_grad_hess(nl.huber)(pred, target)[1], [*report.values()].count("available"))
big = np.ones(10_000_000, np.float32)
assert nl.mse(big, big) == 0.0
gone = ({{"numba", "cython"}} - {{{left!r}}}).pop()
try:
    nl.mse(pred, target, backend=gone)
except nl.BackendUnavailable as error:
    print(error)
"""
    lines = python(code).stdout.splitlines()
    assert lines[0] == "2.125 [-0.25  0.5 ] 1"
    assert "is hidden" in lines[1] or "install" in lines[1]


def test_no_backend_at_all() -> None:
    code = HIDE.format(names=NUMBA + KERNELS) + "nl.mse(pred, target)"
    failed = attempt(code)
    assert failed.returncode == 1
    last = failed.stderr.strip().splitlines()[-1]
    assert last.startswith("numloss.errors.BackendUnavailable: no backend for host arrays")
    assert "pip install numba" in last and "C compiler" in last


def test_a_broken_import_of_our_own_is_no_missing_numba() -> None:
    failed = attempt("""
        import sys, numpy as np, numloss as nl
        sys.modules["numloss.backends.numba_cpu.intrinsics"] = None
        nl.mse(np.ones(3), np.zeros(3), backend="numba")
    """)
    assert failed.returncode == 1
    last = failed.stderr.strip().splitlines()[-1]
    assert "numloss.backends.numba_cpu.intrinsics" in last
    assert "pip install numba" not in last and "BackendUnavailable" not in last


@pytest.mark.parametrize("level", ["v2", "v3", "v4", "v9"])
def test_a_level_that_cannot_run_is_refused(level: str) -> None:
    code = """
        import numpy as np, numloss as nl
        from numloss import dispatch
        try:
            nl.mse(np.ones(3), np.zeros(3), backend="cython")
            print(dispatch.load("cython").level)
        except nl.BackendUnavailable as error:
            print("refused:", error)
    """
    said = python(code, NUMLOSS_LEVEL=level).stdout
    if level in cython_aot.runnable_levels() and level in cython_aot.build_report()["built"]:
        assert said.strip() == level
    else:
        assert said.startswith("refused:") and level in said


def test_an_exception_of_a_kernel_is_no_reason_to_fall_back(
    recorders: dict[str, Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(recorders["numba"], "compute", broken, raising=False)
    with pytest.raises(ZeroDivisionError):
        compute()
    assert calls(recorders)["cython"] == 0


def test_a_backend_that_is_missing_is_an_error_when_named() -> None:
    if nl.available_backends()["cuda"] == "available":
        pytest.skip("cuda is available here")
    with pytest.raises(BackendUnavailable), nl.use_backend("cuda"):
        pass


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, None])
def test_numbers_of_threads_that_make_no_sense(wrong: object) -> None:
    with pytest.raises(ValueError, match="integer >= 1"):
        nl.set_num_threads(wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="integer >= 1"), nl.num_threads(wrong):  # type: ignore[arg-type]
        pass
