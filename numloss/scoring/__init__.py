"""Language models, scored from saved logits or hidden states.

The machinery is imported by the first call, so that `import numloss` stays light.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from .result import TokenScores

__all__ = ["score"]

# Of figures beside a reference.
QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999, 1.0)


def score(
    logits: Any = None,
    labels: Any = None,
    *,
    reference: Any = None,
    hidden: Any = None,
    head: Any = None,
    bias: Any = None,
    shift: bool = False,
    documents: Any = None,
    bytes: Any = None,
    ignore_index: int = -100,
    top_k: int = 1,
    figures: Sequence[str] | None = None,
    by: Any = None,
    quantiles: Sequence[float] | None = None,
    worst: int = 0,
    interval: float | None = 0.95,
    nan: str = "propagate",
    tokens_to: str | os.PathLike[str] | None = None,
    documents_to: str | os.PathLike[str] | None = None,
    memory: int | str = "512MiB",
    chunk: int | str | None = None,
    executor: Executor | None = None,
    resume: str | os.PathLike[str] | None = None,
    backend: str | None = None,
    progress: Callable[[int, int, int], object] | None = None,
) -> TokenScores:
    """Score language models by the logits that they gave, or by hidden states and the head: one pass over all tokens.

    Of each token the log-probability and the rank of its label, the entropy of the prediction, and the largest classes;
    in all perplexity, bits per token and per byte, accuracy, and how a model differs from a reference.

    Parameters
    ----------
    logits : source, or mapping of str to source
        Logits, shape (tokens, classes), of 16, 32 or 64 bits; any source that `evaluate` takes, such as ``a.npy``,
        ``a.npy::bfloat16`` or ``a.safetensors::logits``. Log-probabilities are logits, too. Sequences of one length
        are (sequences, tokens, classes), others a list with an array or a path for each; then each sequence is a
        document, unless `documents` says otherwise. A mapping holds logits of several models.
    labels : source
        The token that each row predicts, shape (tokens,), (sequences, tokens), or a list of these of each sequence;
        with `shift` the tokens themselves.
    reference : source or str, optional
        Logits of the model that others are compared with, or the name of one in the mapping.
    hidden, head, bias : source or mapping, optional
        In the place of logits: what the last layer is given, shape (tokens, features), its weights, (classes,
        features), and its bias, (classes,). Logits are made for some rows at a time, in float32, or in float64 if one
        of both is that. A mapping of `hidden` may have one head for all, or a mapping of them.
    shift : bool
        The label of a row is the token of the next one of the same document.
    documents : source, optional
        A key for each token, an integer or text, or one for each sequence: intervals are over documents, whose tokens
        are not independent.
    bytes : source, optional
        How many bytes each token stands for, along `labels`: gives bits per byte.
    ignore_index : int
        The label of rows without one.
    top_k : int
        How many of the largest classes of each token are kept; from 2 on also how often the label is among them.
    figures : sequence of str, optional
        Which figures to give beside nll, by default all; what none of them needs is not computed. ``()`` is the
        perplexity alone.
    by : source, or mapping of str to source, optional
        A key a row, or a sequence: figures are given for each key too, as in `evaluate`.
    quantiles : sequence of float
        Which quantiles over tokens to give; by default none, or beside a reference those of the upper half up to 1,
        the maximum. Of n tokens in order that of q is the one with floor(q (n - 1)) before it: exact for the first and
        the last, and where a figure has at most 1024 different values; otherwise less than 1/512 of itself away.
    worst : int
        How many of the tokens with the largest figures to list.
    interval : float or None
        The level of confidence intervals, and of paired differences of models; None for no intervals.
    nan : {"propagate", "omit", "raise"}
        What a token does whose row has NaN.
    tokens_to : path, optional
        A folder for a .npy file of each model, with a record for each token: label, log_probability, rank, entropy,
        top_ids, top_log_probabilities, and beside a reference same_top, kl and reverse_kl, as far as `figures` need
        them. A row without a label has label -1 and rank 0. Or a file, .parquet (pyarrow) or .jsonl, of a row or a line
        for each token: its number, document, keys, label, and these, behind the names of models if there are several;
        in lines of JSON what is no finite number is null.
    documents_to : path, optional
        A file of lines of JSON, .jsonl, one for each document in the order of their first tokens: how many of its
        tokens count, and their means.
    memory, chunk, executor, resume, backend, progress
        As in `evaluate`.

    Returns
    -------
    TokenScores
        An Evaluation whose scores are means over tokens, in nats: nll, entropy, accuracy, top_k, reciprocal_rank; over
        bytes: bits_per_byte; beside a reference: same_top, kl, the divergence from the reference, reverse_kl, that of
        the reference from the model, and probability_change, that of the label. With `perplexities` of each model, and
        `ratios` of them to that of the reference, or of the first model. The same bits for any number of threads,
        executor, chunk and memory.

    Raises
    ------
    IndexError
        If a label is no class: with the file and the row in it.
    ValueError, TypeError
        If shapes or dtypes do not fit.
    FormatError
        If a file is not what it claims to be, or changes while it is read.

    Notes
    -----
    Scores of 16 bits are widened, and computed with in float32; what is added up over classes and tokens is in float64.
    The perplexity is ``exp(mean(-log(p)))``, its interval that of the mean, and that of a ratio the
    interval of the mean paired difference. The rank of a label is 1 + the number of larger scores; of equal scores the
    first class is the top. Means are those of the tokens that have a label, and intervals the jackknife over documents,
    or over tokens, which are then taken to be independent. Divergences are as right as those of kl_logits: never
    negative, and to 1e-6 of themselves however near two models are.

    What llama.cpp saves with ``--kl-divergence-base`` is a source of log-probabilities, ``base.kld``, of labels,
    ``base.kld::labels``, and of documents, its chunks, ``base.kld::documents``. It rounds log-probabilities to 65535
    steps of the range of a row, to 1.2e-4 at most, and lifts what is more than 16 below the largest to just that: to
    1.1e-7 of its probability. Of 128256 classes far below a sure one that makes perplexities 0.7 % too large, and a
    divergence of 0.006 from the model itself; of 32000, 0.2 % and 0.0014; where few classes are so far, 1e-5.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> logits = np.log(np.array([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]], np.float32))
    >>> result = nl.score(logits, np.array([0, 2]))
    >>> round(result.perplexity(), 6), result["accuracy"].mean
    (2.828427, 0.5)
    """
    from ..evaluation.question import Question
    from .run import scored

    models: Mapping[str, Any] = {
        "logits": logits, "hidden": hidden, "head": head, "bias": bias, "reference": reference,
    }  # fmt: skip
    tokens = {"labels": labels, "documents": documents, "bytes": bytes}
    if quantiles is None:
        quantiles = () if reference is None else QUANTILES
    question = Question(
        tuple(quantiles), worst, interval, nan, None, None, memory, chunk, executor, resume, backend, progress,
        records_to=tokens_to,
    )  # fmt: skip
    return scored(models, tokens, by, question, shift, ignore_index, top_k, figures, documents_to)
