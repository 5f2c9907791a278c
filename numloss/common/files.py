"""The one way in which numloss writes a file: all of it or nothing."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import io
import json
import math
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

# The name of a temporary file; those that are kept for a run that resumes have no number.
PART = re.compile(r"\.(.+)\.[0-9a-f]{8}\.part", re.DOTALL)
# What Linux calls an open handle of a process; /dev/stdout and /dev/fd/1 are links to one.
HANDLE = re.compile(r"/proc/(\d+)/fd/(\d+)")
# As many as the system itself follows.
MOST_LINKS = 40
# How what was left is opened: a pipe of such a name would wait for a reader, a link lead elsewhere.
LEFT = os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str], keep: bool = False) -> Iterator[BinaryIO]:
    """Open a file for writing that takes its name only once it is complete and on the disk.

    The bytes go to a temporary file in the same folder, since a rename is one step only within a file system.
    When the block ends they are flushed to the disk and the file is renamed over the old one; then the folder is
    flushed, without which a crash could bring the old name back. If the block raises, or the process is killed,
    the old file is untouched. With `keep` the temporary file stays then, and is opened again by the next call.
    What killed processes have left in the folder is removed before.

    Links are followed. What is no regular file, such as a pipe or a device, stays what it is: the bytes are kept in
    memory, and written into it when the block ends.
    """
    target, replaced = destination(path)
    if not replaced:
        content = io.BytesIO()
        yield content
        with _stream(target) as stream:
            stream.write(content.getbuffer())
        return
    sweep(target.parent)
    file = _created(target, keep)
    temporary = Path(file.name)
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            # renamed while its lock is held: a part without one is taken for what a killed process has left
            os.replace(temporary, target)
    except BaseException:
        if not keep:
            temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def destination(path: str | os.PathLike[str]) -> tuple[Path, bool]:
    """What a name leads to over all links, and whether it is a file, or none yet, that another may replace.

    A handle of a process, as /dev/stdout is one, is not replaced even where it is open on a file.
    """
    at = os.fsdecode(path)
    at = at if os.path.isabs(at) else os.path.join(os.getcwd(), at)
    for _ in range(MOST_LINKS):
        folder, name = os.path.split(at)
        at = os.path.join(os.path.realpath(folder), name)
        if HANDLE.fullmatch(at):
            return Path(at), False
        if not os.path.islink(at):
            break
        at = os.path.join(os.path.dirname(at), os.readlink(at))
    try:
        mode = os.stat(at).st_mode
    except FileNotFoundError:
        return Path(at), True
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    return Path(at), stat.S_ISREG(mode)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise OSError now for what could not be written later: before the work, not after it."""
    target, replaced = destination(path)
    if not replaced:
        if not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), os.fspath(path))
        return
    sweep(target.parent)
    with _created(target, keep=False) as file:
        os.unlink(file.name)


def sweep(folder: Path) -> None:
    """Remove the temporary files of processes that were killed: those on which nobody has a lock."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for left in [entry.path for entry in entries if PART.fullmatch(entry.name)]:
            with contextlib.suppress(OSError), open(os.open(left, LEFT), "rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(left)


def _created(target: Path, keep: bool) -> BinaryIO:
    """A temporary file next to the target, with a lock that the system gives back when its holder dies."""
    while True:
        temporary = target.with_name(f".{target.name}.part" if keep else f".{target.name}.{os.urandom(4).hex()}.part")
        file = open(temporary, "r+b" if keep and temporary.exists() else "xb")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (fcntl.LOCK_NB if keep else 0))
        except BlockingIOError as error:
            file.close()
            raise BlockingIOError(errno.EAGAIN, "another process is writing this file", str(target)) from error
        except OSError:  # a file system without locks, where nothing is swept either
            return file
        if temporary.exists():
            return file
        file.close()  # swept by another process before it had its lock


def _stream(target: Path) -> BinaryIO:
    """A pipe, a device or a handle, open for writing; a handle of this process goes on where it stands."""
    handle = HANDLE.fullmatch(str(target))
    if handle and int(handle[1]) == os.getpid():
        return open(os.dup(int(handle[2])), "wb")
    return open(target, "wb")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_json(path: str | os.PathLike[str], content: Any) -> None:
    """Write indented JSON; NaN and infinity, which JSON does not have, raise ValueError."""
    text = json.dumps(content, indent=2, allow_nan=False)
    with atomic_write(path) as file:
        file.write(text.encode() + b"\n")


def finite(content: Any) -> Any:
    """The same in types of JSON: None for numbers that it does not have, arrays as lists, anything else as text."""
    if hasattr(content, "tolist"):
        return finite(content.tolist())
    if isinstance(content, float):
        return content if math.isfinite(content) else None
    if isinstance(content, dict):
        return {str(name): finite(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [finite(value) for value in content]
    return content if isinstance(content, str | int | None) else str(content)
