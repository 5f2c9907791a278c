"""The same bits on ARM: every law and every loop, compiled for aarch64, in an emulator."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bit_digest import TRIED
from cases import CASES, record
from cross import Unavailable, interpreter
from process import TESTS

# Products of matrices are those of the BLAS that NumPy has, which adds up otherwise on each CPU.
BY_BLAS = ("similarity", "head")
LAWS = ["--parts", "laws", "--cases", *(case for case in CASES if record(case).family not in BY_BLAS)]
LOOPS = ["--parts", "loops", "--dtypes", "float32", "--threads", "3", "--cases"]
LOOPS += [case for case in TRIED if record(case).family not in BY_BLAS]


@pytest.fixture(scope="module")
def aarch64() -> tuple[list[str], dict[str, str]]:
    """What runs Python there."""
    try:
        return interpreter()
    except Unavailable as reason:
        pytest.skip(f"aarch64: {reason}")


@pytest.mark.parametrize("what", [LAWS, LOOPS], ids=["laws", "loops"])
def test_bits_of_aarch64(what: list[str], aarch64: tuple[list[str], dict[str, str]], tmp_path: Path) -> None:
    emulated, environment = aarch64
    # what the drawing of inputs takes of the C library has other bits there
    line = [str(TESTS / "bit_digest.py"), "--backend", "cython", "--inputs", str(tmp_path / "inputs.npz"), *what]

    def digests(command: list[str], **given: str) -> dict[str, Any]:
        done = subprocess.run([*command, *line], env=given, capture_output=True, text=True, timeout=1800)
        assert done.returncode == 0, done.stderr[-4000:]
        return dict(json.loads(done.stdout))

    expected = digests([sys.executable], PYTHONPATH=str(TESTS.parent))
    found = digests(emulated, **environment)
    assert found.pop("ran")["level"] == "base" and expected.pop("ran")["level"] != "base"
    for threads, results in expected.items():
        different = [key for key in results if found[threads][key] != results[key]]
        assert results and not different, f"{len(different)} of {len(results)}, among them {different[:8]}"
