"""Compiled kernels on disk: keyed by what they compute and where, checked when read, private to the user.

Numba's own cache does not see that a law in another file changed, shares names between variants, and raises on
every start once a file is damaged. Here a kernel is one file, named by a hash of the law, the loops, the dtype,
the versions and the CPU, and starts with the SHA-256 of its name and the rest. A file that does not pass, or has the
name of another, is removed and the kernel compiled again. Of processes that miss the same kernel at once, one compiles
it and the others wait.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pickle
import sys
import time
from pathlib import Path
from typing import Any

import llvmlite
import numba
from numba.core import serialize
from numba.core.compiler import CompileResult

from ...common.telling import note_once, tell, tell_once, wanted_for
from ...version import __version__
from . import folder

# Seconds that a process waits for another to compile a kernel, before it does so itself.
LONGEST_WAIT = 60.0
# What makes kernels of texts is part of every kernel.
TEXTS = (
    *("numba_cpu/intrinsics.py", "numba_cpu/views.py", "numba_cpu/compile.py", "numba_cpu/cache.py"),
    *("primitives.py", "retype.py"),
)
COMPILER = hashlib.sha256(b"".join((Path(__file__).parents[1] / text).read_bytes() for text in TEXTS)).hexdigest()


class Locks:
    """A lock for each kernel: a byte of one file, which the system gives back when its holder dies."""

    def __init__(self) -> None:
        self._files: dict[Path, int] = {}

    def take(self, path: Path) -> bool:
        """Wait for the lock of a kernel; False if the file system has no locks, or its holder takes too long."""
        until = time.monotonic() + LONGEST_WAIT
        while True:
            try:
                self._call(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    return False
                time.sleep(0.02)
            except OSError:
                return False
            else:
                return True

    def give(self, path: Path) -> None:
        """Give the lock of a kernel back."""
        self._call(path, fcntl.LOCK_UN)

    def _call(self, path: Path, command: int) -> None:
        # one handle for each folder, kept open: closing any handle of a file gives back all of its locks
        if path.parent not in self._files:
            self._files[path.parent] = os.open(path.parent / "locks", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.lockf(self._files[path.parent], command, 1, int(path.stem[-12:], 16))


locks = Locks()


def seal(path: Path, payload: bytes) -> bytes:
    """What a file begins with: it holds for this kernel under this name."""
    return hashlib.sha256(path.name.encode() + payload).digest()


class KernelCache:
    """The cache of one kernel, in the form that Numba's dispatchers and cfuncs expect; for a `with` block."""

    def __init__(self, name: str, fingerprint: str) -> None:
        self.name = name
        self.fingerprint = fingerprint
        self._held: Path | None = None

    def __enter__(self) -> KernelCache:
        return self

    def __exit__(self, *error: object) -> None:
        if self._held is not None:
            locks.give(self._held)
            self._held = None

    def path(self, target_context: Any) -> Path | None:
        place, remark = folder.directory()
        if remark:
            tell_once(remark)
        if place is None:
            return None
        versions = (numba.__version__, llvmlite.__version__, sys.version, __version__, COMPILER, self.fingerprint)
        where = target_context.codegen().magic_tuple()
        key = hashlib.sha256(repr((versions, where)).encode()).hexdigest()[:32]
        return place / f"{self.name}-{key}.kernel"

    def load_overload(self, signature: Any, target_context: Any) -> Any:
        """The compiled kernel, or None if there is none that can be trusted."""
        path = self.path(target_context)
        found = self._read(path, target_context) if path else None
        if path and found is None and locks.take(path):
            self._held = path
            found = self._read(path, target_context)  # what another process compiled meanwhile
        name = wanted_for.get()
        if found is None and name and self.name.startswith("loop-"):  # a tile takes no longer than to read about it
            kept = f", once: they are kept in {path.parent}" if path else ""
            note_once(f"compiling the loops of {name}, which takes seconds{kept}")
        return found

    @staticmethod
    def _read(path: Path, target_context: Any) -> Any:
        try:
            data = folder.content(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            tell_once(f"a compiled kernel is not used: {error}")
            return None
        try:
            if seal(path, data[32:]) != data[:32]:
                raise ValueError("checksum")
            target_context.refresh()
            return CompileResult._rebuild(target_context, *pickle.loads(data[32:]))
        except Exception as error:
            _remove(path, f"a damaged compiled kernel, {path} ({error}); compiling again")
            return None

    def save_overload(self, signature: Any, result: Any) -> None:
        """Write the compiled kernel in one step, so that no other process sees half of it."""
        path = self.path(result.target_context)
        if path is None:
            return
        payload = serialize.dumps(result._reduce())
        try:
            folder.write(path, seal(path, payload) + payload)
        except OSError as error:  # a full or read-only disk costs time, not results
            tell_once(f"no more compiled kernels are kept in {path.parent}: {error.strerror}")

    def enable(self) -> None: ...
    def disable(self) -> None: ...
    def flush(self) -> None: ...


def _remove(path: Path, why: str) -> None:
    """Remove a file if that is possible, and say so."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        tell_once(f"could not remove {why}")
    else:
        tell(f"removed {why}")
