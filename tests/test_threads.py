"""How many threads a call may use by default: cores, affinity, what the container is limited to, the environment."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from numloss.backends import threads

V2, V1 = "0::/user/job\n", "5:memory:/job\n4:cpu,cpuacct:/job\n1:name=systemd:/job\n0::/job\n"
QUOTA, PERIOD = "cpu,cpuacct/{}cpu.cfs_quota_us", "cpu,cpuacct/{}cpu.cfs_period_us"


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in place of the system's control groups; nothing in the environment."""
    monkeypatch.setattr(threads, "OWN_GROUPS", tmp_path / "own")
    monkeypatch.setattr(threads, "GROUPS", tmp_path)
    monkeypatch.setattr(threads, "affinity", lambda: {0, 1, 4, 5})
    for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    threads.cores.cache_clear()
    yield tmp_path
    threads.cores.cache_clear()


@pytest.mark.parametrize(
    ("own", "files", "expected"),
    [
        (V2, {}, math.inf),
        (V2, {"cpu.max": "max 100000"}, math.inf),
        (V2, {"cpu.max": "200000 100000"}, 2),  # all that a container sees of its group
        (V2, {"user/job/cpu.max": "350000 100000", "user/cpu.max": "max 100000"}, 3),
        (V2, {"user/job/cpu.max": "max 100000", "user/cpu.max": "150000 100000", "cpu.max": "400000 100000"}, 1),
        (V2, {"user/job/cpu.max": "20000 100000"}, 1),  # less than a core
        ("0::/../job\n", {"job/cpu.max": "200000 100000"}, 2),
        (V1, {QUOTA.format(""): "-1", PERIOD.format(""): "100000"}, math.inf),
        (V1, {QUOTA.format("job/"): "300000\n", PERIOD.format("job/"): "100000\n"}, 3),
        (V1, {"memory/job/cpu.max": "100000 100000", QUOTA.format(""): "200000", PERIOD.format(""): "50000"}, 4),
        ("", {"cpu.max": "100000 100000"}, math.inf),
    ],
)
def test_what_a_container_is_limited_to(own: str, files: dict[str, str], expected: float, groups: Path) -> None:
    (groups / "own").write_text(own)
    for name, text in files.items():
        (groups / name).parent.mkdir(parents=True, exist_ok=True)
        (groups / name).write_text(text)
    assert threads.quota() == expected
    assert threads.cores() == min(4, expected)


def test_where_nothing_is_known_of_groups(groups: Path) -> None:
    assert threads.quota() == math.inf


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"OMP_NUM_THREADS": "3"}, 3),
        ({"OMP_NUM_THREADS": "3,2"}, 3),
        ({"OMP_NUM_THREADS": "0"}, 4),
        ({"OMP_NUM_THREADS": "many"}, 4),
        ({"NUMBA_NUM_THREADS": "2", "OMP_NUM_THREADS": "7"}, 2),
    ],
)
def test_what_the_environment_asks_for(
    environment: dict[str, str], expected: int, groups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert threads.cores() == expected
