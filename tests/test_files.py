"""The one writer: all of a file or nothing, into what is no file as it is, and nothing left of what was killed."""

import ast
import json
import os
import re
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from process import attempt

import numloss as nl
from numloss.common import files
from numloss.common.files import atomic_write, check_writable, write_json


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_complete_file_replaces_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with atomic_write(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["a.bin"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), atomic_write(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]


def test_a_disk_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space"), atomic_write(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]


def test_bytes_reach_the_disk_before_the_name_and_the_name_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.bin"
    events = []
    fsync, replace = os.fsync, os.replace

    def synced(handle: int) -> None:
        events.append("folder" if os.path.isdir(f"/proc/self/fd/{handle}") else "file")
        fsync(handle)

    def replaced(source: object, target: object) -> None:
        events.append("rename")
        replace(source, target)

    monkeypatch.setattr(files.os, "fsync", synced)
    monkeypatch.setattr(files.os, "replace", replaced)
    with atomic_write(path) as file:
        file.write(b"new")
    assert events == ["file", "rename", "folder"]


def test_a_link_keeps_pointing_to_the_file_that_is_written(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.bin"
    link.symlink_to(tmp_path / "real" / "a.bin")
    with atomic_write(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert (tmp_path / "real" / "a.bin").read_bytes() == b"new"


def test_permissions_are_those_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    with atomic_write(tmp_path / "atomic"):
        pass
    assert (tmp_path / "atomic").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_json_refuses_what_json_does_not_have(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"a": [1, 2.5, None]})
    assert json.loads(path.read_text()) == {"a": [1, 2.5, None]}
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, float("nan"))
    assert json.loads(path.read_text()) == {"a": [1, 2.5, None]}


# what is no file ---------------------------------------------------------------------------------------------------


def read_from(pipe: Path) -> Callable[[], bytes]:
    """Read a named pipe in a thread; gives a function that waits for the bytes."""
    found: list[bytes] = []
    reading = threading.Thread(target=lambda: found.append(pipe.read_bytes()), daemon=True)
    reading.start()

    def wait() -> bytes:
        reading.join(20)
        return found[0]

    return wait


def written(path: Path) -> None:
    with atomic_write(path) as file:
        file.write(b"new")


WRITERS: dict[str, Callable[[Path], object]] = {
    "atomic_write": written,
    "write_json": lambda path: write_json(path, {"a": 1}),
    "to_json": lambda path: nl.evaluate(nl.mse, [1.0, 2.0], [1.0, 1.0], backend="cython").to_json(path),
}


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("linked", [False, True])
def test_a_pipe_is_written_into_and_stays_one(writer: Callable[[Path], object], linked: bool, tmp_path: Path) -> None:
    pipe = path = tmp_path / "pipe"
    os.mkfifo(pipe)
    if linked:
        path = tmp_path / "link"
        path.symlink_to("pipe")
    wait = read_from(pipe)
    writer(path)
    assert wait()
    assert stat.S_ISFIFO(pipe.stat().st_mode) and path.is_symlink() == linked
    assert not list(tmp_path.glob(".*"))


def test_a_terminal_is_written_into() -> None:
    leader, follower = os.openpty()
    written(Path(os.ttyname(follower)))
    assert os.read(leader, 10) == b"new"
    os.close(follower)
    os.close(leader)


def test_a_pipe_gets_nothing_of_what_fails(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ZeroDivisionError), atomic_write(tmp_path / "pipe") as file:
        file.write(b"half")
        raise ZeroDivisionError  # without a reader, opening the pipe would wait


def test_a_handle_goes_on_where_it_stands(tmp_path: Path) -> None:
    """As with `--out /dev/stdout > file`, where what is printed before and after must stay."""
    with open(tmp_path / "a", "wb", buffering=0) as file:
        file.write(b"before ")
        inode = os.fstat(file.fileno()).st_ino
        written(Path(f"/dev/fd/{file.fileno()}"))
        file.write(b" after")
    assert (tmp_path / "a").read_bytes() == b"before new after"
    assert (tmp_path / "a").stat().st_ino == inode and names(tmp_path) == ["a"]


def test_links_are_followed_to_their_end(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to(tmp_path / "none")  # not yet there
    written(tmp_path / "one")
    assert (tmp_path / "none").read_bytes() == b"new" and names(tmp_path) == ["none", "one", "two"]
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OSError, match="symbolic links"):
        written(tmp_path / "loop")


def test_a_place_that_cannot_be_written_is_told_before(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "absent" / "a", tmp_path / "file" / "a"):
        with pytest.raises(OSError, match=re.escape(str(tmp_path))):
            check_writable(path)
    check_writable(tmp_path / "new")
    assert names(tmp_path) == ["file"]


ROOT = Path(nl.__file__).parent
# The cache of kernels has a writer of its own: what it writes is checked when it is read, and never waits for the disk.
APART = {ROOT / "common" / "files.py", ROOT / "backends" / "numba_cpu" / "folder.py"}


def test_nothing_else_writes_files() -> None:
    """Every other module hands what it writes to the one writer, or an open file of it."""
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        text = path.read_text()
        for node in ast.walk(ast.parse(text)):
            if path in APART or not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            owner = getattr(getattr(node.func, "value", None), "id", "")
            modes = [each.value for each in node.args[1:2] if isinstance(each, ast.Constant)]
            opens = name == "open" and owner != "os" and any(set(str(mode)) & set("wax+") for mode in modes)
            moves = name in {"replace", "rename", "renames"} and owner == "os"
            others = name in {"write_bytes", "write_text", "tofile"}
            if opens or moves or others:
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}")
    assert not found


# what is killed ----------------------------------------------------------------------------------------------------


def test_what_a_killed_process_left_is_swept_by_the_next_write(tmp_path: Path) -> None:
    code = f"""
        import os, signal
        from numloss.common.files import atomic_write
        with atomic_write({str(tmp_path / "a.bin")!r}) as file, atomic_write({str(tmp_path / "b")!r}, keep=True):
            file.write(b"half")
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
    """
    assert attempt(code).returncode == -9
    left = names(tmp_path)
    assert len(left) == 2 and ".b.part" in left and any(files.PART.fullmatch(name) for name in left)
    written(tmp_path / "other")
    assert names(tmp_path) == [".b.part", "other"]  # what was kept to be resumed stays


def test_what_is_being_written_is_not_swept(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "a") as file:
        file.write(b"long work")
        written(tmp_path / "b")
        check_writable(tmp_path / "c")
    assert names(tmp_path) == ["a", "b"] and (tmp_path / "a").read_bytes() == b"long work"


def test_two_do_not_write_one_file_that_is_resumed(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "a", keep=True), pytest.raises(BlockingIOError, match="another process is writing"):
        with atomic_write(tmp_path / "a", keep=True):
            pass
