"""The reader of .npy files against what NumPy writes, and against files made to harm."""

import io
import os
import struct
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest

from numloss.data.npy import DTYPES, NpyFile, load_npy
from numloss.errors import FormatError


def npy(header: bytes, data: bytes = b"", version: tuple[int, int] = (1, 0), length: int | None = None) -> bytes:
    """A file from its parts; `length` is what it claims the header to have."""
    width = "<H" if version[0] == 1 else "<I"
    return b"\x93NUMPY" + bytes(version) + struct.pack(width, len(header) if length is None else length) + header + data


def head(shape: str = "(2,)", descr: str = "<f8", order: str = "False") -> bytes:
    return f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()


DATA = bytes(16)
HOSTILE = {
    "empty file": b"",
    "magic alone": b"\x93NUMPY",
    "another magic": b"\x93NUMPX\x01\x00" + bytes(32),
    "version 0": npy(head(), DATA, (0, 0)),
    "version 9": npy(head(), DATA, (9, 0)),
    "version 1.7": npy(head(), DATA, (1, 7)),
    "ends in the length": b"\x93NUMPY\x01\x00\x10",
    "header of length 0": npy(b"", DATA),
    "header of length 1": npy(b"{", DATA),
    "header longer than the file": npy(head(), DATA, length=65535),
    "header of 4 GiB": npy(head(), DATA, (2, 0), length=2**32 - 1),
    "header of many parentheses": npy(b"(" * 9000, DATA),
    "header of many braces": npy(b"{" * 9000 + b"}" * 9000, DATA),
    "a call": npy(b"{'descr': __import__('os').system('true'), 'fortran_order': False, 'shape': (2,), }", DATA),
    "a comprehension": npy(head("[x for x in (2,)]"), DATA),
    "shape -1": npy(head("(-1,)"), DATA),
    "shape (-4, -2)": npy(head("(-4, -2)"), DATA),
    "shape of True": npy(head("(True,)"), DATA),
    "shape of text": npy(head("('2',)"), DATA),
    "shape of a float": npy(head("(2.0,)"), DATA),
    "shape without comma": npy(head("(2)"), DATA),
    "shape of digits with an underscore": npy(head("(1_0,)"), DATA),
    "shape of commas": npy(head("(,,,)"), DATA),
    "shape 2**40": npy(head(f"({2**40},)"), DATA),
    "shape whose product overflows": npy(head(f"({2**62}, 4)"), DATA),
    "shape whose product is 2**64": npy(head(f"({2**32}, {2**32})"), DATA),
    "shape of nothing by 2**63": npy(head(f"(0, {2**63})")),
    "65 axes": npy(head("(" + "1, " * 65 + ")"), bytes(8)),
    "no axis": npy(head("()"), bytes(8)),
    "objects": npy(head(descr="|O"), DATA),
    "void": npy(head("(1000000000,)", descr="|V0")),
    "a name that is not bfloat16": npy(head().replace(b"'<f8'", b"[('float16', '<u2')]"), bytes(4)),
    "a name of four bytes": npy(head().replace(b"'<f8'", b"[('bfloat16', '<u4')]"), bytes(8)),
    "longdouble": npy(head("(1,)", descr="<f16"), DATA),
    "complex": npy(head("(1,)", descr="<c16"), DATA),
    "text": npy(head(descr="<U2"), DATA),
    "no byte order for eight": npy(head(descr="|f8"), DATA),
    "a structured dtype": npy(b"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (2,), }", DATA),
    "a nested dtype": npy(b"{'descr': " + b"[('a', " * 3000 + b"'<f8'" + b")]" * 3000 + b", }", DATA),
    "an entry twice": npy(head()[:-2] + b"'shape': (2,), }", DATA),
    "an entry missing": npy(b"{'descr': '<f8', 'shape': (2,), }", DATA),
    "an entry too many": npy(head()[:-2] + b"'extra': 1, }", DATA),
    "no comma between entries": npy(b"{'descr': '<f8' 'fortran_order': False, 'shape': (2,), }", DATA),
    "NUL in the header": npy(head().replace(b" ", b"\0"), DATA),
    "not ASCII": npy(head().replace(b"f8", "é8".encode()), DATA),
    "text after the braces": npy(head()[:-1] + b"#\n", DATA),
    "one byte short": npy(head(), DATA[:-1]),
    "one byte long": npy(head(), DATA + b"\0"),
    "no data": npy(head()),
    "Fortran order": npy(head("(1, 2)", order="True"), DATA),
    "order of 1": npy(head(order="1"), DATA),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_are_refused_with_one_exception_that_names_them(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "hostile.npy"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"hostile\.npy"):
        load_npy(path)


def test_the_parts_of_hostile_files_make_a_good_one(tmp_path: Path) -> None:
    for version in (1, 0), (2, 0), (3, 0):
        path = tmp_path / "good.npy"
        path.write_bytes(npy(head(), np.array([1.5, -2.0]).tobytes(), version))
        np.testing.assert_array_equal(load_npy(path), [1.5, -2.0])


WRITTEN_ELSEWHERE = {
    "an order of one byte": (npy(head(descr="<u1"), bytes([3, 4])), np.array([3, 4], np.uint8)),
    "another order of one byte": (npy(head(descr=">i1"), bytes([3, 4])), np.array([3, 4], np.int8)),
    "an order of truth values": (npy(head(descr="<b1"), bytes([1, 0])), np.array([True, False])),
    "long integers": (npy(head("(1L, 2L)"), np.arange(2.0).tobytes()), np.array([[0.0, 1.0]])),
    "a long integer": (npy(head("(2L,)"), np.arange(2.0).tobytes()), np.array([0.0, 1.0])),
    "spaces": (npy(head("( 1 , 2 )"), np.arange(2.0).tobytes()), np.array([[0.0, 1.0]])),
    "no spaces": (npy(head("(1,2)"), np.arange(2.0).tobytes()), np.array([[0.0, 1.0]])),
    "another order of entries": (
        npy(b"{'shape': (2,), 'fortran_order': False, 'descr': '<f8'}", np.arange(2.0).tobytes()), np.arange(2.0),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRITTEN_ELSEWHERE)
def test_reads_what_others_write_and_numpy_reads(kind: str, tmp_path: Path) -> None:
    content, expected = WRITTEN_ELSEWHERE[kind]
    path = tmp_path / "a.npy"
    path.write_bytes(content)
    found = load_npy(path)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # NumPy tells of headers of Python 2
        np.testing.assert_array_equal(np.load(path), expected)


def test_text_is_read_where_it_is_asked_for_alone(tmp_path: Path) -> None:
    path = tmp_path / "text.npy"
    for order in "<>":
        np.save(path, np.array(["a", "bcd"]).astype(f"{order}U3"))
        with NpyFile(path, text=True) as file:
            assert file.read(0, file.buffer(2)).tolist() == ["a", "bcd"]
        with pytest.raises(FormatError, match=r"dtype [<>]U3"):
            load_npy(path)
        path.write_bytes(npy(head(descr=f"{order}U1"), b"\xff" * 8))
        with NpyFile(path, text=True) as file, pytest.raises(FormatError, match="in place of a character"):
            file.read(0, file.buffer(2))
    for descr in ("<U0", "|V3", "|O", "<U-1"):
        path.write_bytes(npy(head(descr=descr), DATA))
        with pytest.raises(FormatError):
            NpyFile(path, text=True)


def test_no_truncated_file_is_read(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.arange(3.0))
    whole, path = buffer.getvalue(), tmp_path / "cut.npy"
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(FormatError):
            load_npy(path)
    path.write_bytes(whole)
    assert load_npy(path).tolist() == [0.0, 1.0, 2.0]


def test_a_lying_shape_allocates_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "liar.npy"
    path.write_bytes(npy(head(f"({2**35},)"), DATA))
    monkeypatch.setattr(NpyFile, "buffer", lambda *_: pytest.fail("memory was taken for a file that lies"))
    with pytest.raises(FormatError, match=f"needs {2**38 + 10 + len(head(f'({2**35},)'))}"):
        load_npy(path)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("kind", DTYPES)
@pytest.mark.parametrize("shape", [(0,), (1,), (5,), (3, 4), (2, 0, 3), (2, 3, 4)])
def test_reads_what_numpy_writes(kind: str, order: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    values = (np.arange(np.prod(shape)).reshape(shape) % 2).astype(np.dtype(order + kind))
    np.save(tmp_path / "a.npy", values)
    found = load_npy(tmp_path / "a.npy")
    assert found.dtype == values.dtype
    np.testing.assert_array_equal(found, values)


def test_rows_are_read_in_any_order_into_one_buffer(tmp_path: Path) -> None:
    values = np.arange(70.0).reshape(10, 7)
    np.save(tmp_path / "a.npy", values)
    with NpyFile(tmp_path / "a.npy") as file:
        buffer = file.buffer(4)
        for start in (8, 0, 4):
            part = file.read(start, buffer)
            assert np.shares_memory(part, buffer)
            np.testing.assert_array_equal(part, values[start : start + 4])
        assert len(file.read(10, buffer)) == 0


def test_a_file_that_shrinks_while_it_is_read_raises(tmp_path: Path) -> None:
    path = tmp_path / "shrinking.npy"
    np.save(path, np.zeros(100_000))
    with NpyFile(path) as file:
        buffer = file.buffer(60_000)
        file.read(0, buffer)
        os.truncate(path, 500_000)
        with pytest.raises(FormatError, match=r"shrinking\.npy: the file shrank .* at byte 500000"):
            file.read(60_000, buffer)


def test_a_truth_value_is_0_or_1(tmp_path: Path) -> None:
    path = tmp_path / "truths.npy"
    path.write_bytes(npy(head("(4, 2)", descr="|b1"), bytes([0, 1, 1, 0, 0, 7, 0, 0])))
    with pytest.raises(FormatError, match=r"truths\.npy: row 2 holds a byte"):
        load_npy(path)


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    problems = []

    def open_all() -> None:
        for name in (str(tmp_path / "pipe"), str(tmp_path), "/dev/zero"):
            with pytest.raises(FormatError, match="not a regular file"):
                NpyFile(name)
            problems.append(name)

    # in a thread, so that a pipe that blocks fails this test and not the whole run
    opening = threading.Thread(target=open_all, daemon=True)
    opening.start()
    opening.join(10)
    assert len(problems) == 3
    with pytest.raises(OSError, match="symbolic links"):
        NpyFile(tmp_path / "loop")
    with pytest.raises(FileNotFoundError):
        NpyFile(tmp_path / "absent.npy")
