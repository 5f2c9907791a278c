"""What all ranks must have alike is compared before they share anything."""

from __future__ import annotations

from typing import Any

from .members import Cluster


def check_alike(cluster: Cluster, what: str, told: dict[str, Any]) -> None:
    """Raise ValueError, on all ranks, unless each of them tells the same; with the first rank and name that differ."""
    everyone = cluster.gather({name: repr(value) for name, value in told.items()})
    for rank, theirs in enumerate(everyone):
        for name in {**everyone[0], **theirs}:
            found, known = theirs.get(name), everyone[0].get(name)
            if found != known:
                raise ValueError(f"rank {rank} has other {what} than rank 0: {name} {found}, on rank 0 {known}")
