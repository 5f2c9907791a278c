"""Runs Python in another process, with another environment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

TESTS = Path(__file__).resolve().parent


def python(code: str, *, timeout: float = 300.0, **environment: str | None) -> subprocess.CompletedProcess[str]:
    """Run the code, with warnings as errors, and return what it printed; fails if the process fails.

    A variable of the environment that is None is missing there.
    """
    result = attempt(code, timeout=timeout, **environment)
    assert result.returncode == 0, f"exit status {result.returncode}\n{result.stdout}\n{result.stderr}"
    return result


def attempt(
    code: str, *, timeout: float = 300.0, warnings: str = "error", **environment: str | None
) -> subprocess.CompletedProcess[str]:
    """Run the code and return what happened, whatever it is."""
    paths = [str(TESTS), str(TESTS.parent), os.environ.get("PYTHONPATH", "")]
    given = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path), **environment}
    return subprocess.run(
        [sys.executable, "-W", warnings, "-c", textwrap.dedent(code)],
        env={name: value for name, value in given.items() if value is not None},
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def heed_signals() -> None:
    """For `preexec_fn`: signals end the new process, though these tests may run where they are ignored, as in a job
    behind nohup."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
