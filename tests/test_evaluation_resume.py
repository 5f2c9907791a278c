"""An evaluation that goes on does so with its own data, wherever it comes from, or refuses and touches nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import numloss as nl
from numloss.data import stamps
from numloss.evaluation import journal, plan

ROWS = 3000
VALUES = np.random.default_rng(0).normal(size=ROWS)
OTHER = np.where(np.arange(ROWS) == 1234, VALUES + 1.0, VALUES)  # one row differs


class Sliced:
    """Something that slices, like a dataset of h5py; it may tell its file."""

    def __init__(self, values: np.ndarray, path: Path | None = None) -> None:
        self.values, self.shape, self.dtype = values, values.shape, values.dtype
        if path is not None:
            self.filename = str(path)

    def __getitem__(self, where: slice) -> np.ndarray:
        return self.values[where]


def npy(folder: Path, values: np.ndarray) -> Any:
    np.save(folder / "p.npy", values)
    return folder / "p.npy"


def npz(folder: Path, values: np.ndarray) -> Any:
    np.savez(folder / "p.npz", p=values, q=values)
    return f"{folder}/p.npz::p"


def shards(folder: Path, values: np.ndarray) -> Any:
    (folder / "parts").mkdir(exist_ok=True)
    for k, part in enumerate(np.split(values, 12)):
        np.save(folder / "parts" / f"{k}.npy", part)
    return folder / "parts"


def arrow(folder: Path, values: np.ndarray) -> Any:
    pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    with pa.ipc.new_file(folder / "p.arrow", pa.schema([("p", pa.float64())])) as writer:
        writer.write_table(pa.table({"p": values}), max_chunksize=100)
    return folder / "p.arrow"


def parquet(folder: Path, values: np.ndarray) -> Any:
    pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"p": values}), folder / "p.parquet", row_group_size=100, compression="none")
    return folder / "p.parquet"


OPEN: list[Any] = []


def h5(folder: Path, values: np.ndarray) -> Any:
    h5py = pytest.importorskip("h5py", reason="h5py is not installed")
    while OPEN:  # a file that is open is not written again
        OPEN.pop().close()
    with h5py.File(folder / "p.h5", "w") as file:
        file["p"] = values
    OPEN.append(h5py.File(folder / "p.h5"))
    return OPEN[-1]["p"]


def zarr_array(folder: Path, values: np.ndarray) -> Any:
    zarr = pytest.importorskip("zarr", reason="zarr is not installed")
    array = zarr.create_array(
        str(folder / "p.zarr"), shape=values.shape, dtype=values.dtype, chunks=(64,), overwrite=True
    )
    array[:] = values
    return array


SOURCES: dict[str, Callable[[Path, np.ndarray], Any]] = {
    "npy": npy, "npz": npz, "shards": shards, "arrow": arrow, "parquet": parquet, "h5py": h5, "zarr": zarr_array,
    "slices": lambda folder, values: Sliced(values),
}  # fmt: skip


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many blocks, and a state on the disk after each of them."""
    monkeypatch.setattr(plan, "BLOCK_ELEMENTS", 300)
    monkeypatch.setattr(journal, "EVERY", 0.0)


class Stopped(Exception):
    """Raised half-way."""


def stop(done: int, rows: int, read: int) -> None:
    if done >= ROWS // 2:
        raise Stopped


def asked(pred: Any, folder: Path, **how: Any) -> float:
    target, state = folder / "t.npy", folder / "state.json"
    if not target.exists():
        np.save(target, np.zeros(ROWS))
    with nl.num_threads(1):
        (score,) = nl.evaluate(nl.mae, pred, target, resume=state, chunk=1, backend="cython", **how).scores
    return score.total


def begun(pred: Any, folder: Path, **how: Any) -> None:
    with pytest.raises(Stopped):
        asked(pred, folder, progress=stop, **how)


@pytest.mark.parametrize("kind", SOURCES)
def test_a_state_goes_on_with_the_same_data_alone(kind: str, tmp_path: Path) -> None:
    """Also where all that differs is one row, and the times of the files are those of before."""
    source = SOURCES[kind]
    begun(source(tmp_path, VALUES), tmp_path)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    changed = source(tmp_path, OTHER)
    for path, time in times.items():
        if path.exists():
            os.utime(path, ns=(time, time))
    before = (tmp_path / "state.json").read_bytes()
    with pytest.raises(ValueError, match="belongs to another evaluation, or its files have changed"):
        asked(changed, tmp_path)
    assert (tmp_path / "state.json").read_bytes() == before
    (tmp_path / "state.json").unlink()
    pred = source(tmp_path, VALUES)
    begun(pred, tmp_path)
    seen: list[int] = []
    assert asked(pred, tmp_path, progress=lambda done, *rest: seen.append(done)) == pytest.approx(np.abs(VALUES).sum())
    assert seen[0] > ROWS // 2


@pytest.mark.parametrize("name", ["target", "weight", "by"])
def test_every_input_belongs_to_the_data(name: str, tmp_path: Path) -> None:
    inputs = {"target": np.zeros(ROWS), "weight": np.ones(ROWS), "by": np.zeros(ROWS, int)}
    given = {key: Sliced(values) for key, values in inputs.items()}
    asking = {"resume": tmp_path / "state", "chunk": 1, "backend": "cython"}
    with nl.num_threads(1), pytest.raises(Stopped):
        nl.evaluate(nl.mae, Sliced(VALUES), **given, **asking, progress=stop)
    changed = inputs[name].copy()
    changed[-1] += 1
    with pytest.raises(ValueError, match="belongs to another evaluation"):
        nl.evaluate(nl.mae, Sliced(VALUES), **{**given, name: Sliced(changed)}, **asking)


def test_what_is_too_large_to_be_read_twice_is_sampled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stamps, "WHOLE", 1000)
    monkeypatch.setattr(stamps, "SAMPLES", 10)
    (tmp_path / "data").write_bytes(b"old")
    begun(Sliced(VALUES, tmp_path / "data"), tmp_path)
    with pytest.raises(ValueError, match="belongs to another evaluation"):
        asked(Sliced(VALUES + 1.0, tmp_path / "data"), tmp_path)
    (tmp_path / "data").write_bytes(b"new")
    with pytest.raises(ValueError, match="belongs to another evaluation"):
        asked(Sliced(VALUES, tmp_path / "data"), tmp_path)


def test_a_refused_evaluation_touches_nothing_of_a_good_one(tmp_path: Path) -> None:
    out = tmp_path / "out"
    begun(npy(tmp_path, VALUES), tmp_path, losses_to=out, gradients_to=out / "g")
    before = {path: path.read_bytes() for path in out.rglob(".*")}
    np.save(tmp_path / "short.npy", VALUES[:10])
    np.save(tmp_path / "t10.npy", np.zeros(10))
    asking = {"resume": tmp_path / "state.json", "losses_to": out, "gradients_to": out / "g"}
    with pytest.raises(ValueError, match="belongs to another evaluation"):
        nl.evaluate(nl.mae, tmp_path / "short.npy", tmp_path / "t10.npy", **asking)
    assert before and {path: path.read_bytes() for path in out.rglob(".*")} == before
    total = asked(tmp_path / "p.npy", tmp_path, losses_to=out, gradients_to=out / "g")
    assert total == pytest.approx(np.abs(VALUES).sum())
    np.testing.assert_array_equal(np.load(out / "mae.npy"), np.abs(VALUES))


def test_a_state_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "state.json").symlink_to("real.json")
    pred = npy(tmp_path, VALUES)
    begun(pred, tmp_path)
    assert (tmp_path / "state.json").is_symlink() and (tmp_path / "real.json").is_file()
    asked(pred, tmp_path)
    assert (tmp_path / "state.json").is_symlink() and not (tmp_path / "real.json").exists()


def test_a_state_is_a_file_in_a_folder_that_is_there(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, problem in (("pipe", "not a regular file"), ("absent/state", "No such file"), (".", "directory")):
        with pytest.raises((ValueError, OSError), match=problem):
            nl.evaluate(nl.mae, npy(tmp_path, VALUES), npy(tmp_path, VALUES), resume=tmp_path / name)
    (tmp_path / "state").write_text("[1, 2]")
    with pytest.raises(ValueError, match="not the state of an evaluation"):
        nl.evaluate(nl.mae, npy(tmp_path, VALUES), npy(tmp_path, VALUES), resume=tmp_path / "state")
