"""Data in files of which each rank has its own: every row is drawn once an epoch, and figures are those of all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ranks
from together import together

import numloss as nl
from numloss.cluster import Cluster
from numloss.data import Dataset, Standardiser, dataset
from numloss.errors import FormatError
from numloss.train import Settings, fit
from numloss.train.order import ShardOrder
from numloss.train.parts import parts_of

ROWS = np.arange(36.0).reshape(12, 3)
LABELS = np.arange(12) % 2


@pytest.mark.parametrize("counts", [(90, 31, 80, 1), (5, 0, 700), (64, 64)])
def test_every_row_is_drawn_once_an_epoch_whoever_holds_it(counts: tuple[int, ...]) -> None:
    begins, batch = np.cumsum([0, *counts]), 48
    alone = ShardOrder(counts, (0, len(counts)), batch, 7)
    orders = [ShardOrder(counts, (shard, shard + 1), batch, 7) for shard in range(len(counts))]
    drawn = []
    for epoch in (0, 1):
        for order in (alone, *orders):
            order.begin(epoch)
        for step in range(alone.steps):
            whole, cuts = alone(step), [order(step) for order in orders]
            assert len(whole) == len(whole.rows) <= batch
            for shard, cut in enumerate(cuts):
                rows, place = cut.of(shard, shard + 1)
                assert (rows + begins[shard] == whole.of(shard, shard + 1)[0]).all()
                assert place == cut.first == whole.edges[shard] and len(rows) == len(cut.rows) >= alone.fewest
            drawn.append(whole.rows)
    first, second = np.concatenate(drawn[: alone.steps]), np.concatenate(drawn[alone.steps :])
    assert (np.sort(first) == np.arange(sum(counts))).all() and (np.sort(second) == np.sort(first)).all()
    assert (first != second).any()
    sizes = [len(rows) for rows in drawn]
    assert max(sizes) - min(sizes) <= len(counts)


def test_figures_are_those_of_all_rows(tmp_path: Path) -> None:
    ranks.write_files(tmp_path)
    run = ranks.trained("own, ordered", files=tmp_path)
    part = run.parts.validation
    output = np.concatenate([run.network.predict(part.features[[row]]) for row in range(len(part))])
    loss = float(nl.cross_entropy(output, part.target, weight=part.weight))
    assert run.history.epochs[run.best_epoch].validation_loss == pytest.approx(loss, rel=1e-5)
    assert sum(run.summary()["rows"].values()) == sum(ranks.FILES) == sum(run.parts.rows.values())

    settings = replace(run.settings, standardise=False)
    train = parts_of(settings).train
    scaling = Standardiser.of(train.features, weights=[train.weight])
    np.testing.assert_allclose(run.parts.scaling.mean, scaling.mean, rtol=1e-6)
    np.testing.assert_allclose(run.parts.scaling.scale, scaling.scale, rtol=1e-6)
    halves = together(2, lambda two: parts_of(settings, None, two).validation.features)
    first, second, whole = (set(map(bytes, rows)) for rows in (*halves, parts_of(settings).validation.features))
    assert first | second == whole and not first & second


def test_files_may_have_test_parts_of_their_own(tmp_path: Path) -> None:
    for number in range(2):
        rows = ROWS + number
        np.savez(tmp_path / f"{number}.npz", x_train=rows, y_train=rows[:, :2], x_test=rows[:5], y_test=rows[:5, :2])
    settings = Settings(data=f"{tmp_path}/*.npz", hidden=(4,), batch_size=4, epochs=1, validation_fraction=0.25)
    run = fit(nl.mse, settings)
    assert run.summary()["rows"] == {"train": 18, "validation": 6, "test": 10}
    part = run.parts.test
    assert part.target.shape == (10, 2)
    assert run.test["mae"] == pytest.approx(np.abs(run.network.predict(part.features) - part.target).mean(), rel=1e-5)


def test_logical_shards_must_stay_the_same_to_go_on(tmp_path: Path) -> None:
    ranks.write_files(tmp_path)
    ranks.trained("own, ordered", files=tmp_path, folder=tmp_path / "run")
    (tmp_path / "part-4.npz").unlink()
    with pytest.raises(ValueError, match=r"made with other settings \(rows of the shards was \[66, 23, 56, 144\], is"):
        ranks.trained("own, ordered", files=tmp_path, folder=tmp_path / "run", resume=True)


def refused(size: int, settings: Settings, *given: list[Dataset]) -> str:
    """What is said when so many ranks train, each with its own of what is given."""

    def train(cluster: Cluster) -> None:
        fit(nl.cross_entropy, settings, data=given[cluster.rank] if given else None, cluster=cluster)

    with pytest.raises((ValueError, FormatError)) as error:
        together(size, train)
    return str(error.value)


def test_files_that_do_not_line_up_are_named(tmp_path: Path) -> None:
    settings = Settings(data=f"npz:{tmp_path}/*.npz", hidden=(4,), batch_size=4)
    others: list[tuple[dict[str, Any], str]] = [
        ({"X": ROWS[:, :2], "y": LABELS}, r"features are rows of shape (2,); in {0} on rank 0 rows of shape (3,)"),
        ({"X": ROWS, "y": ROWS}, "targets are numbers of shape (3,); in {0} on rank 0 labels"),
        ({"X": ROWS, "y": LABELS, "weight": ROWS[:, 0]}, "weights are there; in {0} on rank 0 missing"),
        ({"x_train": ROWS, "y_train": LABELS, "x_test": ROWS, "y_test": LABELS},
         "its test part is there; in {0} on rank 0 missing"),
    ]  # fmt: skip
    np.savez(tmp_path / "a.npz", X=ROWS, y=LABELS)
    assert "1 files for 2 ranks" in refused(2, settings)
    for arrays, message in others:
        np.savez(tmp_path / "b.npz", **arrays)
        said = refused(2, settings)
        assert said == f"{tmp_path}/b.npz on rank 1: {message.format(f'{tmp_path}/a.npz')}"
    with pytest.raises(ValueError, match="the 1 files that rank 1 finds are not the 2 of rank 0"):
        patterns = [settings, replace(settings, data=f"npz:{tmp_path}/b*.npz")]
        together(2, lambda cluster: fit(nl.cross_entropy, patterns[cluster.rank], cluster=cluster))
    with pytest.raises(FileNotFoundError, match="no file matches"):
        fit(nl.cross_entropy, replace(settings, data=f"npz:{tmp_path}/c-*.npz"))


def test_shards_that_cannot_be_shared_are_refused() -> None:
    one = dataset(ROWS, LABELS)
    ordered = Settings(hidden=(4,), batch_size=4, validation_fraction=0.4, reduce="ordered", shards=4)
    assert refused(2, ordered, [one] * 3, [one]) == (
        "rank 1 begins with shard 3 of 4; in 4 logical shards of a fixed order it begins with shard 2"
    )
    assert "rank 1 gives no shards" in refused(2, replace(ordered, reduce="fast"), [one], [])
    assert "3 files for 4 shards" in refused(1, ordered, [one] * 3)
    assert "2 ranks cannot share 1 shards" in refused(2, replace(ordered, shards=1), [one], [one])
    assert "batches of 3 rows cannot have rows of each of 4" in refused(1, replace(ordered, batch_size=3), [one] * 4)
    few = replace(ordered, validation_fraction=0.01, test_fraction=0.0)
    assert "no row of any file is held out" in refused(1, few, [one] * 4)
