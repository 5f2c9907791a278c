"""Set-up of the whole run: one cache of compiled kernels for it, its seed, and what this machine cannot test."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

# Set before numloss is imported: compiled kernels are shared with the processes that tests start, and with nobody else.
# A folder that the environment names is kept, so that a second run starts warm.
NAMED = os.environ.get("NUMLOSS_CACHE_DIR")
CACHE = Path(NAMED or tempfile.mkdtemp(prefix="numloss-tests-"))
os.environ["NUMLOSS_CACHE_DIR"] = str(CACHE)
for name in ("NUMLOSS_BACKEND", "NUMLOSS_CACHE", "NUMLOSS_CYTHON_LEVEL"):
    os.environ.pop(name, None)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """What the numbers of this run depend on."""
    from cases import NAMES, stands_for_its_kind
    from machine import missing
    from seeds import SEED

    lines = [f"numloss: seed {SEED} (NUMLOSS_TEST_SEED chooses another), compiled kernels in {CACHE}"]
    others = [name for name in NAMES if not stands_for_its_kind(name)]
    lines.append(f"numloss: the full matrix of {len(others)} losses like others is marked more: {', '.join(others)}")
    return lines + [f"numloss: not tested here: {what}: {why}" for what, why in missing().items()]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the cache that this run made."""
    if NAMED is None:
        shutil.rmtree(CACHE, ignore_errors=True)


@pytest.fixture(params=["numba", "cython"])
def backend(request: pytest.FixtureRequest) -> str:
    """Each backend for host arrays."""
    from machine import missing

    if request.param in missing():
        pytest.skip(f"{request.param}: {missing()[request.param]}")
    return str(request.param)
