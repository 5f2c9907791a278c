"""Every loss that has a CUDA kernel, on Numba's CUDA simulator, against the host."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from shared import once

SIMULATED = Path(__file__).resolve().parent / "simulated"
ROOT = SIMULATED.parents[2]


SUBJECTS = sorted(path.stem.removeprefix("test_") for path in SIMULATED.glob("test_*.py"))


def run(marker: str, *paths: Path) -> subprocess.CompletedProcess[str]:
    """Run the tests of the simulator in a process where kernels are Python."""
    # NumPy's scalars warn wherever a processor only sets a flag: overflow to inf, 0 / 0, sqrt of a negative number
    quiet = ["-q", "-W", "ignore::RuntimeWarning"]
    command = [sys.executable, "-m", "pytest", *quiet, "-m", marker, *map(str, paths)]
    environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=3600)


def assert_passed(code: int, said: str) -> None:
    """All tests ran and passed; none was skipped."""
    last = said.strip().splitlines()[-1]
    assert code == 0 and re.search(r"\d+ passed", last) and "skipped" not in last, said[-6000:]


def report(folders: pytest.TempPathFactory, marker: str) -> tuple[int, str]:
    """What a run of all subjects says; one worker starts it."""

    def compute() -> tuple[int, str]:
        done = run(marker, SIMULATED)
        return done.returncode, done.stdout + done.stderr

    code, said = once(folders, f"simulated {marker}", compute)
    return code, said


def assert_subject_passed(code: int, said: str, subject: str) -> None:
    """None of its tests is among those that failed, and if some did, they are those of other subjects."""
    failed = re.findall(r"^(?:FAILED|ERROR) \S*/simulated/test_(\w+)\.py", said, re.MULTILINE)
    if code == 0 or not failed:
        assert_passed(code, said)
    assert subject not in failed, said[-12000:]


def expected_to_fail(said: str, subject: str) -> list[str]:
    """Those of its tests that failed as they say they do, with the reasons, which would not be seen otherwise."""
    return re.findall(rf"^XFAIL \S*/simulated/test_{subject}\.py::(.*)$", said, re.MULTILINE)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_simulated_kernels_agree_with_the_host(subject: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert_subject_passed(*report(tmp_path_factory, "not more"), subject)


@pytest.mark.more
@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_full_matrix_agrees_with_the_host(subject: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    code, said = report(tmp_path_factory, "more")
    assert_subject_passed(code, said, subject)
    if expected := expected_to_fail(said, subject):
        pytest.xfail(f"{len(expected)} of them: {'; '.join(expected)}")


def test_a_failure_in_the_simulator_is_seen(tmp_path: Path) -> None:
    (tmp_path / "test_wrong.py").write_text("def test_wrong():\n    assert 1 == 2\n")
    done = run("not more", tmp_path)
    with pytest.raises(AssertionError, match="1 == 2"):
        assert_passed(done.returncode, done.stdout)
    said = "FAILED tests/cuda/simulated/test_head.py::test_one - assert\n1 failed, 2 passed in 1s"
    assert_subject_passed(1, said, "ordered")
    with pytest.raises(AssertionError):
        assert_subject_passed(1, said, "head")
    known = "XFAIL tests/cuda/simulated/test_head.py::test_one[a-b] - they differ\n1 xfailed, 2 passed in 1s"
    assert expected_to_fail(known, "head") == ["test_one[a-b] - they differ"]
    assert expected_to_fail(known, "ordered") == []
    for code, lost in ((1, "1 error"), (0, "2 passed, 1 skipped")):
        with pytest.raises(AssertionError):
            assert_subject_passed(code, lost, "ordered")
