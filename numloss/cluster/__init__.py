"""Several processes on one run: `with joined() as cluster` under mpiexec or srun, and alone everywhere else."""

from .members import ALONE, Cluster, Pending
from .start import KINDS, joined, launched
from .threads import threads_of_rank

__all__ = ["ALONE", "KINDS", "Cluster", "Pending", "joined", "launched", "threads_of_rank"]
