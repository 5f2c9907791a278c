"""Losses over predictions in memory or in files of any size, in one pass.

The machinery is imported by the first call, so that `import numloss` stays light.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from .result import Evaluation

__all__ = ["evaluate"]


def evaluate(
    losses: Callable[..., Any] | Sequence[Callable[..., Any]] = (),
    pred: Any = None,
    target: Any = None,
    *,
    metrics: Any = (),
    weight: Any = None,
    by: Any = None,
    cluster: Any = None,
    groups: Any = None,
    quantiles: Sequence[float] = (),
    worst: int = 0,
    show: Any = None,
    interval: float | None = None,
    nan: str = "propagate",
    losses_to: str | os.PathLike[str] | None = None,
    gradients_to: str | os.PathLike[str] | None = None,
    memory: int | str = "512MiB",
    chunk: int | str | None = None,
    executor: Executor | None = None,
    resume: str | os.PathLike[str] | None = None,
    backend: str | None = None,
    progress: Callable[[int, int, int], object] | None = None,
    **inputs: Any,
) -> Evaluation:
    """Evaluate losses over arrays or files in one pass: sums, groups, quantiles, worst rows, intervals.

    The mean is ``sum(w * l) / sum(w)`` over all rows, as that of the loss in memory. Rows are read in blocks whose
    size follows from the shapes of the inputs; what blocks give is added in their order.

    Parameters
    ----------
    losses : loss or sequence of losses
        Losses of numloss, or functools.partial of them with options fixed; each must add up over rows. None, where
        there are metrics.
    pred, target, **inputs : source, or mapping of str to source
        The inputs of the losses by their names. A source is an array; an object with shape, dtype and slicing, as of
        h5py, zarr and dask; or the path of a .npy, .npz, .parquet, .arrow, .feather, .csv or .tsv file, with
        ``::NAME`` behind it for a member or for columns, of a folder, or a pattern such as ``shards/*.npy``, whose
        files come in the order in which people count, part-2 before part-10. A name that is there is never a pattern.
        The first axis runs over rows.
        Where the target names some classes of each row, `indices` is one more, read along with it.
        A mapping holds one source for each set of predictions; inputs that are not mappings are read once for all.
    metrics : str, metric, or sequence of them
        What to count in the same pass, by name with options behind it, such as ``"auc"`` or ``"top_k:k=3"``, or as an
        object of numloss.metrics. Those that are means of a number of each row, such as accuracy, are scores like those
        of losses; the others have a value each, the same bits for any chunk, worker and executor. Areas and average
        precision are exact: of scores of 32 and 64 bits further passes are made over those that lie close together.
    weight : source, optional
        One weight a row, or weights of the shape of the unreduced loss.
    by : source, or mapping of str to source, optional
        A key a row, an integer, a truth value or text: sums are given for each key too. A mapping, or a source with a
        second axis, gives keys of several parts.
    cluster : source, or mapping of str to source, optional
        Which rows belong together, as the sentences of a document do: keys like those of `by`. Intervals are then by
        the jackknife over clusters.
    groups : source, optional
        For losses that add up over groups of rows: integers from 0 to the number of rows at which groups begin and end.
    quantiles : sequence of float
        Which quantiles of the loss of a row to give: exact if there are no more than 1024 different losses, otherwise
        within 0.2 %, whatever their size.
    worst : int
        How many of the rows with the largest loss to list.
    show : mapping of str to source, optional
        What else to tell of the worst rows, by name: numbers or text, such as the sentence that was predicted for.
    interval : float, optional
        A level such as 0.95: confidence intervals of means and metrics, by the jackknife over rows or clusters, for
        each key of `by`, too; with several sets of predictions also of the difference to the first set, row by row,
        with its p value and what Holm's correction for all differences makes of it. Of metrics that are no means it is
        the infinitesimal jackknife, in a further pass over the rows; of areas it is the method of DeLong.
    nan : {"propagate", "omit", "raise"}
        What a NaN among the losses of rows does. Counted and located in any case. ``"omit"`` also leaves out rows
        whose target or weight is NaN, and those with an empty cell of a table, which raise otherwise.
    losses_to, gradients_to : path, optional
        Folders for a .npy file of each loss: the loss of each row by itself, whatever it counts, and the gradient of
        the sum with respect to the first differentiable input. The loss of a row with one value is that of
        ``reduction="none"`` without weights; of several, it is their mean, weighted where they count differently.
        Where the first is the path of a .parquet file, it has a column for each loss, the keys and the number of a row.
    memory : int or str
        Bytes that blocks may take in all, such as ``"512MiB"``. What is mapped of plain files comes on top of them,
        some 16 MiB for each worker.
    chunk : int or str, optional
        Bytes that a worker reads at a time.
    executor : concurrent.futures.Executor, optional
        Who computes; by default threads. Tasks carry paths, never arrays.
    resume : path, optional
        A file that keeps how far the evaluation has come. If it exists, the evaluation goes on from there, unless the
        data are others: files are known by their sizes, times and samples, what slices by samples and by the files that
        it tells of. It is removed at the end.
    backend : str, optional
        As in the losses.
    progress : callable, optional
        Called with the rows done, the rows in all, and the bytes done.

    Returns
    -------
    Evaluation
        With a score for each loss on each set of predictions, and a value for each metric; ``print`` shows tables,
        ``to_json`` and ``plot`` the rest. The same bits for any number of threads, executor, chunk and memory. A mean
        over nothing, no rows or weights of 0 alone, is NaN.

    Raises
    ------
    ValueError, IndexError
        If a loss does not add up over rows, shapes do not fit, or a value lies outside its domain: with the file and
        the row in it.
    FormatError
        If a file is not what it claims to be, or changes while it is read.

    Notes
    -----
    Source: the jackknife variance of a ratio of sums is that of Efron and Stein, The jackknife estimate of variance,
    Annals of Statistics 9 (1981), to first order; that of metrics that of Jaeckel, The infinitesimal jackknife, Bell
    Laboratories (1972). DeLong, DeLong and Clarke-Pearson, Comparing the areas under two or
    more correlated receiver operating characteristic curves, Biometrics 44 (1988). Holm, A simple sequentially
    rejective multiple test procedure, Scandinavian Journal of Statistics 6 (1979).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> result = nl.evaluate([nl.mse, nl.mae], np.array([1.0, 4.0, 3.0]), np.array([1.0, 2.0, 4.0]), worst=1)
    >>> [score.mean for score in result.scores]
    [1.6666666666666667, 1.0]
    >>> result.scores[0].worst[0].row
    1
    """
    from .question import Question
    from .run import evaluated

    given = {"pred": pred, "target": target, "weight": weight, "by": by, "cluster": cluster, **inputs}
    question = Question(
        tuple(quantiles), worst, interval, nan, losses_to, gradients_to, memory, chunk, executor, resume, backend,
        progress, metrics, show,
    )  # fmt: skip
    return evaluated(losses, given, groups, question)
