#!/bin/bash
# Train on several nodes, a rank for every 8 cores, and evaluate what the network predicts, in one job.
# Before the time is over SLURM sends SIGUSR1: the run ends in a checkpoint, and the job is put into the queue again.
#
#     sbatch examples/slurm/train.sh
#
#SBATCH --job-name=numloss
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=8
#SBATCH --cpus-per-task=8
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=B:USR1@180
set -u

# The MPI of the site, and an environment with `pip install numloss[train,mpi]`.
# module load openmpi
# source ~/numloss/bin/activate

OUT=${OUT:-$SLURM_SUBMIT_DIR/run}
export NUMLOSS_CACHE_DIR=${NUMLOSS_CACHE_DIR:-$SLURM_SUBMIT_DIR/kernels}   # shared: ranks compile each kernel once
# `numloss warmup` on a node of the same type, before the first job, leaves nothing to compile.
RANKS="srun --cpu-bind=cores --cpus-per-task=$SLURM_CPUS_PER_TASK"          # --mpi=pmix where it is not the default

# The batch shell gets the signal, and hands it to all ranks; `wait` comes back when it has.
trap 'kill -USR1 "$STEP"' USR1
$RANKS numloss train --config "$SLURM_SUBMIT_DIR/run.toml" --out "$OUT" --resume auto --reduce ordered \
  --shards "$SLURM_NTASKS" &
STEP=$!
wait "$STEP"; STATUS=$?
while kill -0 "$STEP" 2>/dev/null; do wait "$STEP"; STATUS=$?; done

if [ "$STATUS" -eq 138 ]; then   # 128 + SIGUSR1: there is a checkpoint, and more to do
  scontrol requeue "$SLURM_JOB_ID"
  exit 0
fi
[ "$STATUS" -eq 0 ] || exit "$STATUS"

# One process predicts; all ranks evaluate, and rank 0 adds up: the figures do not depend on their number.
numloss predict --weights "$OUT" --data "$SLURM_SUBMIT_DIR/features.npy" --outputs --out "$OUT/scores.npy"
$RANKS numloss evaluate --mpi --loss cross_entropy --pred "$OUT/scores.npy" --target "$SLURM_SUBMIT_DIR/labels.npy" \
  --json
