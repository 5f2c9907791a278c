"""IDX, CIFAR-10 and folders of .npy: what they hold, and what is refused."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from numloss.data import Augmentation, Gather, dataset, load, load_cifar10, load_idx
from numloss.errors import FormatError

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx(values: np.ndarray) -> bytes:
    header = struct.pack(f">BBBB{values.ndim}I", 0, 0, CODES[values.dtype.str[1:]], values.ndim, *values.shape)
    return header + values.astype(values.dtype.newbyteorder(">")).tobytes()


def claiming(*sizes: int, code: int = 8, data: bytes = b"") -> bytes:
    return struct.pack(f">BBBB{len(sizes)}I", 0, 0, code, len(sizes), *sizes) + data


# IDX --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["raw", "gz"])
@pytest.mark.parametrize("kind", CODES)
def test_idx_of_every_type(kind: str, pack, tmp_path: Path) -> None:
    values = (np.arange(24).reshape(2, 3, 4) - (0 if kind == "u1" else 12)).astype(kind)
    (tmp_path / "a").write_bytes(pack(idx(values)))
    found = load_idx(tmp_path / "a")
    assert found.dtype == values.dtype and found.dtype.isnative
    np.testing.assert_array_equal(found, values)


HOSTILE = {
    "empty": b"",
    "three bytes": b"\0\0\x08",
    "not zeros": b"PK\x08\x01" + bytes(8),
    "unknown type": claiming(1, code=0x0A, data=b"1"),
    "type zero": claiming(1, code=0, data=b"1"),
    "no axes": b"\0\0\x08\0",
    "255 axes": b"\0\0\x08\xff" + bytes(1020),
    "ends in the sizes": b"\0\0\x08\x03" + bytes(7),
    "product of sizes beyond 64 bits": claiming(2**32 - 1, 2**32 - 1, 2**32 - 1),
    "more than the limit": claiming(2**31, 2**10),
    "one byte short": claiming(10, data=bytes(9)),
    "one byte long": claiming(10, data=bytes(11)),
    "header alone": claiming(60000, 28, 28),
}


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["raw", "gz"])
@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_hostile_idx_is_refused(content: bytes, pack, tmp_path: Path) -> None:
    (tmp_path / "hostile").write_bytes(pack(content))
    with pytest.raises(FormatError, match="hostile"):
        load_idx(tmp_path / "hostile")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(claiming(64, 1 << 20, data=bytes(64 << 20))))
    assert path.stat().st_size < 1 << 17
    with pytest.raises(FormatError, match="the limit is 1048576"):
        load_idx(path, max_bytes=1 << 20)
    assert load_idx(path).shape == (64, 1 << 20)
    path.write_bytes(gzip.compress(claiming(1 << 31, data=b"few")))
    with pytest.raises(FormatError, match="the file has at most"):
        load_idx(path)


def test_damaged_gzip_raises_one_exception(tmp_path: Path) -> None:
    whole = gzip.compress(idx(np.arange(200, dtype=np.uint8)), mtime=0)
    path = tmp_path / "a.gz"
    for at in range(len(whole)):
        damaged = bytearray(whole)
        damaged[at] ^= 0x10
        path.write_bytes(damaged)
        try:
            found = load_idx(path)
        except FormatError:
            continue
        np.testing.assert_array_equal(found, np.arange(200))  # a bit of the date or of the system's name
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(FormatError):
            load_idx(path)


def write_mnist(folder: Path, tail: str = "", parts: tuple[str, ...] = ("train", "t10k")) -> None:
    pack = gzip.compress if tail else bytes
    for rows, part in zip((12, 5), parts, strict=False):
        images = np.arange(rows * 6, dtype=np.uint8).reshape(rows, 2, 3)
        labels = (np.arange(rows) % 3).astype(np.uint8)
        (folder / f"{part}-images-idx3-ubyte{tail}").write_bytes(pack(idx(images)))
        (folder / f"{part}-labels-idx1-ubyte{tail}").write_bytes(pack(idx(labels)))


@pytest.mark.parametrize("tail", ["", ".gz"])
def test_a_folder_of_mnist(tail: str, tmp_path: Path) -> None:
    write_mnist(tmp_path, tail)
    train, test = load(f"idx:{tmp_path}")
    assert train.features.shape == (12, 1, 2, 3) and train.features.dtype == np.float32
    assert test is not None and test.features.shape == (5, 1, 2, 3) and test.classes == train.classes == 3
    assert train.features[1].ravel().tolist() == [6, 7, 8, 9, 10, 11]


def test_a_folder_of_mnist_with_parts_missing(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no train-images-idx3-ubyte"):
        load(f"idx:{tmp_path}")
    write_mnist(tmp_path, parts=("train",))
    assert load(f"idx:{tmp_path}")[1] is None
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(idx(np.zeros((2, 3, 3), np.uint8)))
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx(np.zeros(2, np.uint8)))
    with pytest.raises(FormatError, match=r"\(2, 1, 3, 3\) .* for training"):
        load(f"idx:{tmp_path}")
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(idx(np.zeros((8, 2, 3), np.uint8)))
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx(np.full(8, 7, np.uint8)))
    with pytest.raises(FormatError, match="label 7, but training has 3 classes"):
        load(f"idx:{tmp_path}")


# CIFAR-10 ---------------------------------------------------------------------------------------------------------


def records(rows: int, seed: int = 0) -> bytes:
    data = np.random.default_rng(seed).integers(0, 256, (rows, 3073), dtype=np.uint8)
    data[:, 0] = np.arange(rows) % 10
    return data.tobytes()


def test_cifar10(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"data_batch_{number}.bin").write_bytes(records(20, number))
    (tmp_path / "test_batch.bin").write_bytes(records(10))
    train, test = load(f"cifar10:{tmp_path}")
    assert train.features.shape == (40, 3, 32, 32) and train.classes == 10 and test is not None and len(test) == 10
    raw = np.frombuffer(records(20, 1), np.uint8).reshape(20, 3073)
    np.testing.assert_array_equal(train.features[3].ravel(), raw[3, 1:])  # red, then green, then blue
    assert train.target[:20].tolist() == raw[:, 0].tolist()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "0 bytes, which is not a number of records"),
        (records(2)[:-1], "6145 bytes"),
        (records(2) + b"\0", "6147 bytes"),
        (b"\x0a" + records(1)[1:], "record 0 has the label 10"),
    ],
)
def test_hostile_cifar10_is_refused(content: bytes, problem: str, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(content)
    with pytest.raises(FormatError, match=problem):
        load_cifar10(tmp_path / "a.bin")


def test_cifar10_has_a_limit(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(records(3))
    with pytest.raises(FormatError, match="the limit is 6146"):
        load_cifar10(tmp_path / "a.bin", max_bytes=6146)
    with pytest.raises(FormatError, match=r"no data_batch_1\.bin"):
        load(f"cifar10:{tmp_path}")


# other sources ----------------------------------------------------------------------------------------------------


def test_a_folder_of_npy(tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", np.zeros((4, 3)))
    np.save(tmp_path / "y.npy", np.array([0, 1, 2, 1]))
    np.save(tmp_path / "weight.npy", np.array([1.0, 0.0, 2.0, 1.0]))
    data, test = load(f"npy:{tmp_path}")
    assert test is None and data.features.shape == (4, 3) and data.weight.tolist() == [1.0, 0.0, 2.0, 1.0]
    assert data.take(np.array([2])).weight.tolist() == [2.0]


def test_an_archive_with_a_test_part(tmp_path: Path) -> None:
    part = {"x_train": np.zeros((6, 4, 4)), "y_train": np.arange(6) % 3}
    np.savez(tmp_path / "a.npz", **part, x_test=np.ones((3, 4, 4)), y_test=np.array([0, 1, 1]))
    train, test = load(str(tmp_path / "a.npz"))
    assert train.features.shape == (6, 1, 4, 4) and test is not None and test.classes == 3
    np.savez(tmp_path / "a.npz", **part)
    assert load(f"npz:{tmp_path / 'a.npz'}")[1] is None


@pytest.mark.parametrize("name", ["idx:{}", "cifar10:{}", "npz:{}/a.npz", "npy:{}"])
def test_sources_that_are_not_there(name: str, tmp_path: Path) -> None:
    with pytest.raises((FormatError, FileNotFoundError)):
        load(name.format(tmp_path))


@pytest.mark.parametrize(
    ("weight", "problem"),
    [([1.0, 1.0], "there are 3 rows"), ([1.0, -1.0, 1.0], r"weight\[1\] = -1"), ([1.0, np.nan, 1.0], r"weight\[1\]")],
)
def test_weights_that_make_no_sense_are_refused(weight: list[float], problem: str) -> None:
    with pytest.raises(FormatError, match=problem):
        dataset(np.zeros((3, 2)), np.arange(3), np.array(weight))


@pytest.mark.parametrize(
    ("features", "target", "problem"),
    [
        (np.full((2, 2), "a"), np.arange(2), "dtype <U1"),
        (np.zeros((2, 2), complex), np.arange(2), "complex"),
        (np.zeros((2, 2)), np.array(["a", "b"]), "target of dtype"),
        (np.zeros((2, 2)), np.array([0.0, np.inf]), r"target\[1\]"),
    ],
)
def test_arrays_that_are_no_numbers_are_refused(features, target, problem: str) -> None:
    with pytest.raises(FormatError, match=problem):
        dataset(features, target)


# batches ----------------------------------------------------------------------------------------------------------


def images(rows: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(rows, 3, 6, 5)).astype(np.float32)


def test_rows_are_gathered_into_one_buffer() -> None:
    source, rows = images(9), np.array([3, 8, 3])
    gather = Gather(source, 4)
    batch = gather(rows, 0)
    np.testing.assert_array_equal(batch, source[rows])
    assert batch.transpose(0, 2, 3, 1).flags.c_contiguous  # as the layers keep images
    assert np.shares_memory(batch, gather(rows[:1], 1))


def test_augmentation_is_a_function_of_seed_and_step() -> None:
    source, rows = images(9), np.arange(8)
    one, same, other = (Gather(source, 8, Augmentation(2, True), seed=seed) for seed in (5, 5, 6))
    first = one(rows, 3).copy()
    one(rows, 4)
    np.testing.assert_array_equal(one(rows, 3), first)
    np.testing.assert_array_equal(same(rows, 3), first)
    assert not np.array_equal(other(rows, 3), first) and not np.array_equal(one(rows, 4), first)


def test_shifts_and_mirrors_are_those_of_numpy() -> None:
    source, most = images(40), 2
    padded = np.pad(source, ((0, 0), (0, 0), (most, most), (most, most)), mode="edge")
    shifted = {
        (down, right, flip): (view[..., ::-1] if flip else view)
        for down in range(5)
        for right in range(5)
        for view in [padded[:, :, down : down + 6, right : right + 5]]
        for flip in (False, True)
    }
    batch = Gather(source, 40, Augmentation(most, True))(np.arange(40), 7)
    found = set()
    for row in range(40):
        matching = [how for how, view in shifted.items() if np.array_equal(view[row], batch[row])]
        assert len(matching) == 1
        found.add(matching[0])
    assert len({how[0] for how in found}) == len({how[1] for how in found}) == 5
    assert {how[2] for how in found} == {False, True}


def test_augmentation_needs_images() -> None:
    with pytest.raises(ValueError, match="need images"):
        Gather(np.zeros((3, 4), np.float32), 2, Augmentation(1))
    with pytest.raises(ValueError, match="shift must be at least 0"):
        Augmentation(-1)
