"""Every loss that has a CUDA kernel, on Numba's CUDA simulator, against the host."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SIMULATED = Path(__file__).resolve().parent / "simulated"
ROOT = SIMULATED.parents[2]


def run(marker: str, folder: Path = SIMULATED) -> subprocess.CompletedProcess[str]:
    """Run the tests of the simulator in a process where kernels are Python."""
    # NumPy's scalars warn wherever a processor only sets a flag: overflow to inf, 0 / 0, sqrt of a negative number
    quiet = ["-q", "-n", "auto", "--dist", "worksteal", "-W", "ignore::RuntimeWarning"]
    command = [sys.executable, "-m", "pytest", *quiet, "-m", marker, str(folder)]
    environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=1800)


def assert_passed(result: subprocess.CompletedProcess[str]) -> None:
    """All tests ran and passed; none was skipped."""
    report = f"{result.stdout[-6000:]}\n{result.stderr[-2000:]}"
    assert result.returncode == 0, report
    last = result.stdout.strip().splitlines()[-1]
    assert re.search(r"\d+ passed", last) and "skipped" not in last, report


def test_simulated_kernels_agree_with_the_host() -> None:
    assert_passed(run("not more"))


@pytest.mark.more
def test_simulated_kernels_agree_with_the_host_over_the_full_matrix() -> None:
    assert_passed(run("more"))


def test_a_failure_in_the_simulator_is_seen(tmp_path: Path) -> None:
    (tmp_path / "test_wrong.py").write_text("def test_wrong():\n    assert 1 == 2\n")
    with pytest.raises(AssertionError, match="1 == 2"):
        assert_passed(run("not more", tmp_path))
