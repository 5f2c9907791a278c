"""Where compiled kernels are kept: a folder that nobody else writes to, or none, and then why."""

from __future__ import annotations

import contextlib
import functools
import os
import stat
import tempfile
import time
from pathlib import Path

# What a process left that was killed while it wrote is older than this, in seconds.
STALE = 600.0
NOT_MADE = "cannot be made"


def directory() -> tuple[Path | None, str]:
    """The folder of compiled kernels, and a remark where it is not what one would expect.

    NUMLOSS_CACHE_DIR, else ``numloss`` in the user's cache folder, else, for a user without a home that can be written
    to, as in containers, a temporary one of the user. None where nothing is kept: the remark says why, or is empty if
    NUMLOSS_CACHE=0 asks for it.
    """
    if os.environ.get("NUMLOSS_CACHE", "1") == "0":
        return None, ""
    named = os.environ.get("NUMLOSS_CACHE_DIR")
    try:
        if named:
            folder, remark, problem = Path(named), "", _problem(Path(named))
        else:
            folder, remark, problem = _of_user()
    except OSError as error:
        return None, f"compiled kernels are not kept: {error}"
    return (None, f"compiled kernels are not kept: {folder} {problem}") if problem else (folder, remark)


def _of_user() -> tuple[Path, str, str]:
    """The folder of this user, the remark on it, and what is wrong with it."""
    why = "this user has no home"
    with contextlib.suppress(RuntimeError):
        base = os.environ.get("XDG_CACHE_HOME")
        folder = (Path(base) if base else Path.home() / ".cache") / "numloss"
        problem = _problem(folder)
        if not problem.startswith(NOT_MADE):
            return folder, "", problem
        why = f"{folder} {problem}"
    folder = Path(tempfile.gettempdir()) / f"numloss-{os.getuid()}"
    if folder.is_symlink():  # anybody may put one there
        raise FileExistsError(f"{folder} is a link")
    return folder, f"{why}: compiled kernels are kept in {folder}; NUMLOSS_CACHE_DIR names another", _problem(folder)


def _problem(folder: Path) -> str:
    """What is wrong with a folder, which is made if it is missing; nobody else's code is to be run."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except FileExistsError:
        return "is not a folder"
    except OSError as error:
        return f"{NOT_MADE} ({error.strerror})"
    if hasattr(os, "getuid") and status.st_uid not in (os.getuid(), 0):
        return "belongs to another user"
    if status.st_mode & 0o022:
        return "may be written to by others; chmod go-w makes it private"
    return "" if os.access(folder, os.R_OK | os.X_OK) else "cannot be read"


def content(path: Path) -> bytes:
    """The bytes of a file that nobody else may write to; OSError if it is missing or something else."""
    # without O_NONBLOCK, opening a named pipe would wait for a writer
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with open(handle, "rb") as file:
        status = os.fstat(handle)
        others = status.st_mode & 0o022 or (hasattr(os, "getuid") and status.st_uid not in (os.getuid(), 0))
        if others or not stat.S_ISREG(status.st_mode):
            raise PermissionError(f"{path} is not a file of this user alone")
        return file.read()


def write(path: Path, data: bytes) -> None:
    """Write a file in one step, so that no other process sees half of it; nothing is left of one that fails."""
    _sweep(path.parent)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


@functools.cache
def _sweep(folder: Path) -> None:
    """Remove what processes left that were killed while they wrote, once for each folder."""
    with contextlib.suppress(OSError):
        for left in folder.glob(".*.part"):
            if time.time() - left.lstat().st_mtime > STALE:
                left.unlink()
