"""What one worker of a run has computed, for the others: a file in the folder of the run."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def once(folders: pytest.TempPathFactory, name: str, compute: Callable[[], Any]) -> Any:
    """The answer of the name, which the first worker that asks computes and the others wait for."""
    folder = folders.getbasetemp()
    if folder.name.startswith("popen-"):  # a worker's own; the run's is the one around it
        folder = folder.parent
    with open(folder / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = Path(folder / f"{name}.json")
        if not kept.exists():
            kept.write_text(json.dumps(compute()))
        return json.loads(kept.read_text())
