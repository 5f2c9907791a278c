"""The one way in which numloss writes a file: all of it or nothing."""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str], keep: bool = False) -> Iterator[BinaryIO]:
    """Open a file for writing that takes its name only once it is complete and on the disk.

    The bytes go to a temporary file in the same folder, since a rename is one step only within a file system.
    When the block ends they are flushed to the disk and the file is renamed over the old one; then the folder is
    flushed, without which a crash could bring the old name back. If the block raises, or the process is killed,
    the old file is untouched. With `keep` the temporary file stays then, and is opened again by the next call.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.part" if keep else f".{target.name}.{os.urandom(4).hex()}.part")
    try:
        with open(temporary, "r+b" if keep and temporary.exists() else "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        if not keep:
            temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


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
