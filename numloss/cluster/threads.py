"""How many threads a rank may use, and whether it was pinned to fewer cores than are its share."""

from __future__ import annotations

import os
import socket

from ..backends.threads import affinity, quota
from .members import Cluster

# What the launcher or the user asked for, for each rank; the first that is set counts.
ASKED = ("SLURM_CPUS_PER_TASK", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS")


def threads_of_rank(cluster: Cluster) -> tuple[int, str]:
    """Threads for each rank, and a sentence if the launcher gave this one fewer cores than it asked for.

    Ranks of a node that share their cores have an equal part of them; a rank with cores of its own has those.
    """
    mine = (socket.gethostname(), affinity())
    node = [cores for host, cores in cluster.gather(mine) if host == mine[0]]
    together = set().union(*node)
    shared = sum(map(len, node)) > len(together)
    whole = int(min(quota(), os.cpu_count() or 1))
    own = max(1, min(len(together), whole) // len(node)) if shared else len(mine[1])
    asked = next((int(os.environ[name]) for name in ASKED if os.environ.get(name, "").isdigit()), 0)
    wanted = asked or (own if "SLURM_JOB_ID" in os.environ else max(1, whole // len(node)))
    if len(mine[1]) >= wanted:
        return asked or own, ""
    return len(mine[1]), (
        f"the launcher pinned rank {cluster.rank} to {len(mine[1])} of the {wanted} cores that are its share: "
        f"mpiexec --bind-to none or --map-by slot:PE={wanted} (Open MPI), mpiexec -bind-to none (MPICH), "
        f"srun --cpus-per-task={wanted} --cpu-bind=cores"
    )
