"""The Cython kernels with AddressSanitizer and UndefinedBehaviorSanitizer, under the tests that call them oddly.

    python tests/sanitized.py [what pytest is to run]

A copy of the checkout in .cache/sanitized is built with both, and the tests run there. What reads or writes outside of
its memory, or does what C leaves undefined, ends the tests with its place. Of integers that overflow nothing is said:
they wrap, by -fwrapv.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from injected_faults import BUILD

ROOT = Path(__file__).resolve().parent.parent
COPY = ROOT / ".cache" / "sanitized"
TESTS = (
    "fuzz",
    "bad_arrays",
    "bad_options",
    "bad_values",
    "labels",
    "layouts",
    "examplewise",
    "ranked",
    "ctc",
    "regions",
)
FLAGS = "-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
# Python's own memory is never given back; what Numba compiles is not watched.
OPTIONS = {
    "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1:allocator_may_return_null=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}


def copied() -> None:
    """The checkout as it is now beside the one that was built before, of which only what changed is built again."""
    for folder in ("numloss", "kernels", "tests"):
        shutil.copytree(
            ROOT / folder, COPY / folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.so", "*.c", "*.pyc")
        )
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy2(path, COPY / path.name)


def library(name: str) -> str:
    """The run-time library of a sanitizer, which must be there before Python's own are loaded."""
    found = subprocess.run(
        ["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True
    ).stdout.strip()
    if not Path(found).is_absolute():
        sys.exit(f"{name} is not here: the compiler gcc comes without its sanitizers")
    return str(Path(found).resolve())


def main() -> int:
    """Build, and run the tests; their status."""
    copied()
    flags = {"CFLAGS": FLAGS, "LDFLAGS": FLAGS, "PYTHONPATH": str(COPY)}
    subprocess.run([sys.executable, "-c", BUILD], cwd=COPY, env={**os.environ, **flags}, check=True)
    preload = {"LD_PRELOAD": " ".join(map(library, ("libasan.so", "libubsan.so"))), **OPTIONS}
    chosen = sys.argv[1:] or [f"tests/test_{name}.py" for name in TESTS]
    command = [sys.executable, "-m", "pytest", "-n", "auto", "-m", "not more", *chosen]
    environment = {**os.environ, **preload, "PYTHONPATH": str(COPY), "NUMLOSS_CACHE_DIR": str(COPY / "compiled")}
    return subprocess.run(command, cwd=COPY, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
