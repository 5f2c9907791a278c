"""Files of numbers of 16 bits: .npy, .safetensors and Arrow, evaluated as the same numbers in float32; hostile ones."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_halves import BFLOAT16, FLOAT16, HALVES, Array, halved, widened

import numloss as nl
from numloss.errors import FormatError

NAMES = {FLOAT16: "F16", BFLOAT16: "BF16"}


def scores(rows: int = 3000, classes: int = 7) -> tuple[Array, Array]:
    random = np.random.default_rng(5)
    return random.standard_normal((rows, classes)).astype(np.float32), random.integers(0, classes, rows)


def tensors(path: Path, content: bytes = b"", **entries: Any) -> Path:
    """A .safetensors file with these entries in its header."""
    header = json.dumps(entries).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + content)
    return path


def unnamed(path: Path, pred: Array) -> Path:
    """As NumPy writes an array of ml_dtypes."""
    np.save(path, pred.view("V2"))
    return path


def files(folder: Path, pred: Array, half: np.dtype[Any]) -> dict[str, str]:
    """The same numbers in every kind of file."""
    found = {"npy": str(folder / "pred.npy"), "npz": str(folder / "pred.npz")}
    np.save(found["npy"], pred)
    np.savez(found["npz"], pred)
    entry = {"dtype": NAMES[half], "shape": list(pred.shape), "data_offsets": [3, 3 + pred.nbytes]}
    other = {"dtype": "U8", "shape": [3], "data_offsets": [0, 3]}
    names = {"logits": entry, "other": other, "__metadata__": {"a": "b"}}
    file = tensors(folder / "pred.safetensors", b"abc" + pred.tobytes(), **names)
    found["safetensors"] = f"{file}::logits"
    if half == BFLOAT16:
        found["unnamed"] = f"{unnamed(folder / 'unnamed.npy', pred)}::bfloat16"
    return found


@HALVES
def test_files_are_evaluated_as_the_same_numbers_in_float32(half: np.dtype[Any], tmp_path: Path) -> None:
    pred, target = scores()
    pred = halved(pred, half)
    expected = nl.evaluate(nl.cross_entropy, pred=widened(pred), target=target, losses_to=tmp_path / "of float32")
    for kind, path in files(tmp_path, pred, half).items():
        found = nl.evaluate(nl.cross_entropy, pred=path, target=target, losses_to=tmp_path / kind)
        assert found.scores[0].total == expected.scores[0].total
        written, wanted = (np.load(tmp_path / name / "cross_entropy.npy") for name in (kind, "of float32"))
        assert written.dtype == np.float32
        assert written.tobytes() == wanted.tobytes()


@HALVES
def test_gradients_are_written_in_the_dtype_of_the_prediction(half: np.dtype[Any], tmp_path: Path) -> None:
    pred, target = scores(100)
    pred = halved(pred, half)
    np.save(tmp_path / "pred.npy", pred)
    nl.evaluate(nl.cross_entropy, pred=tmp_path / "pred.npy", target=target, gradients_to=tmp_path)
    _, slope = nl.value_and_grad(nl.cross_entropy)(pred, target, reduction="sum")
    written = np.load(tmp_path / "cross_entropy.npy")
    assert written.dtype == half
    assert written.tobytes() == slope.tobytes()


def test_rows_that_are_nan_in_targets_of_sixteen_bits_are_left_out(tmp_path: Path) -> None:
    pred = np.zeros(6, np.float32)
    target = halved(np.float32([1, np.nan, 1, 1, np.nan, 1]), BFLOAT16)
    np.save(tmp_path / "target.npy", target)
    found = nl.evaluate(nl.mse, pred=pred, target=tmp_path / "target.npy", nan="omit")
    assert (found.scores[0].total, found.scores[0].weight) == (4.0, 4.0)


def test_arrow_files_of_float16(tmp_path: Path) -> None:
    pyarrow, feather = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.feather")
    pred = np.float16([0.5, 1.5, -2.0])
    feather.write_feather(pyarrow.table({"pred": pyarrow.array(pred)}), tmp_path / "t.arrow")
    found = nl.evaluate(nl.mse, pred=f"{tmp_path / 't.arrow'}::pred", target=np.zeros(3))
    assert found.scores[0].total == 6.5


def test_two_bytes_without_a_name_need_one(tmp_path: Path) -> None:
    file = unnamed(tmp_path / "p.npy", np.zeros(3, BFLOAT16))
    with pytest.raises(FormatError, match=r"two bytes without a name; if they are bfloat16, write .*p\.npy::bfloat16"):
        nl.evaluate(nl.mse, pred=file, target=np.zeros(3))
    np.save(tmp_path / "f.npy", np.zeros(3, np.float32))
    with pytest.raises(FormatError, match=r"dtype <f4, and not bfloat16"):
        nl.evaluate(nl.mse, pred=f"{tmp_path / 'f.npy'}::bfloat16", target=np.zeros(3))


ENTRY = {"dtype": "F16", "shape": [3], "data_offsets": [0, 6]}
HOSTILE = [
    ({"a": {**ENTRY, "data_offsets": [0, 8]}}, r"8 bytes, but shape \(3,\) of F16 needs 6"),
    ({"a": {**ENTRY, "shape": [4], "data_offsets": [0, 8]}}, "the tensor ends at byte"),
    ({"a": {**ENTRY, "shape": [-1]}}, "a shape that is not a list"),
    ({"a": {**ENTRY, "shape": [True]}}, "a shape that is not a list"),
    ({"a": {**ENTRY, "shape": [2**40, 2**40]}}, "a shape that no memory holds"),
    ({"a": {**ENTRY, "dtype": "F8_E4M3"}}, "dtype F8_E4M3; it may be one of"),
    ({"a": {**ENTRY, "data_offsets": [6]}}, "data_offsets that are not two numbers"),
    ({"a": {**ENTRY, "data_offsets": [-6, 0]}}, "data_offsets that are not two numbers"),
    ({"a": 3}, "dtype None"),
    ({"a": ENTRY, "b": ENTRY}, "several tensors; write .*::NAME with one of a, b"),
    ({}, "several tensors"),
]


@pytest.mark.parametrize(("entries", "said"), HOSTILE, ids=lambda value: str(value)[:30])
def test_safetensors_that_are_damaged_are_refused(entries: dict[str, Any], said: str, tmp_path: Path) -> None:
    file = tensors(tmp_path / "t.safetensors", bytes(6), **entries)
    with pytest.raises(FormatError, match=said):
        nl.evaluate(nl.mse, pred=file, target=np.zeros(3))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "a header of 0 bytes"),
        (struct.pack("<Q", 1 << 62) + b"{}", "from 2 to"),
        (struct.pack("<Q", 100) + b"{}", "it ends within its header"),
        (struct.pack("<Q", 2) + b"{]", "a header that is not JSON"),
        (struct.pack("<Q", 2) + b"[]", "no object of JSON"),
        (struct.pack("<Q", 200_000) + b"[" * 200_000, "a header that is not JSON"),
    ],
    ids=["empty", "huge", "short", "broken", "list", "deep"],
)
def test_what_is_no_safetensors_file_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "t.safetensors").write_bytes(content)
    with pytest.raises(FormatError, match=said):
        nl.evaluate(nl.mse, pred=tmp_path / "t.safetensors", target=np.zeros(3))
