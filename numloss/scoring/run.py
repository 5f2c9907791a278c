"""From what was given to a plan of an evaluation, and from what that finds to scores of models."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..data.opening import source_of
from ..data.source import Source
from ..evaluation.plan import BY, CLUSTER, MetricSeries, Plan, block_rows, byte_count, check_rows
from ..evaluation.question import Question
from ..evaluation.rowfile import removed_if_empty
from ..evaluation.run import answered, keys_of
from .figures import TOKENS, asked_of, figures_of
from .head import HeadSource
from .layout import Layout
from .outputs import Outputs
from .result import TokenScores, perplexities_of, ratios_of
from .source import Tokens, TokenSource

REFERENCE = "reference"
# Classes that may be kept of a token.
MOST_KEPT = 256
# Figures of which the largest are worth a look.
RANKED = ("nll", "kl", "reverse_kl")


def scored(
    models: Mapping[str, Any], given: Mapping[str, Any], by: Any, question: Question, shift: bool, ignored: int,
    kept: int, figures: Sequence[str] | None, documents_to: str | os.PathLike[str] | None,
) -> TokenScores:  # fmt: skip
    """Score all models in one pass."""
    question.check()
    outputs = Outputs(question.records_to, documents_to)
    question = replace(question, records_to=outputs.folder)
    if isinstance(kept, bool) or not isinstance(kept, int) or not 1 <= kept <= MOST_KEPT:
        raise ValueError(f"top_k must be a number from 1 to {MOST_KEPT}, got {kept!r}")
    memory = byte_count(question.memory)
    if given["labels"] is None:
        raise ValueError("labels say which token each row predicts; there are none")
    layout = Layout(memory)
    logits = logits_of(models, question.backend, layout)
    names, reference = list(logits), models["reference"]
    base = None if reference is None else names.index(reference if names_model(reference, models) else REFERENCE)
    labels = layout.rows(given["labels"], "labels", 0)
    counts = None if given["bytes"] is None else layout.rows(given["bytes"], "bytes", 0)
    documents = layout.documents(given["documents"])
    rows = {**logits, "labels": labels, "bytes": counts, "documents": documents}
    check_rows({name: source for name, source in rows.items() if source is not None})
    largest = min(kept, next(iter(logits.values())).shape[-1])
    asked = asked_of(figures, largest)
    tokens = Tokens(
        tuple(logits.values()), labels, documents, counts, base, bool(shift), ignored, asked, question.backend,
    )  # fmt: skip
    plan = planned(tokens, names, by_of(by, layout), question, memory, figures)
    outputs.check(plan)
    with removed_if_empty(outputs.hidden):
        found = answered(plan, None, question, memory, {})
    outputs.write(plan, names)
    fields = {field.name: getattr(found, field.name) for field in dataclasses.fields(found)}
    fields["scores"] = tuple(
        score if score.loss in RANKED else dataclasses.replace(score, worst=()) for score in found.scores
    )
    return TokenScores(**fields, perplexities=perplexities_of(found), ratios=ratios_of(found))


def by_of(by: Any, layout: Layout) -> Any:
    """Keys of tokens or of sequences."""
    if isinstance(by, Mapping):
        return {name: layout.keys(value, f"{BY} {name}") for name, value in by.items()}
    return None if by is None else layout.keys(by, BY)


def planned(
    tokens: Tokens, names: list[str], by: Any, question: Question, memory: int, wanted: Sequence[str] | None
) -> Plan:
    """Every figure of every model, and the pairs that are compared: with the reference, or with the first model."""
    keys = keys_of(BY, by, memory)
    interval = question.interval is not None
    clusters = keys_of(CLUSTER, tokens.documents, memory) if interval else {}
    sources = {TOKENS: TokenSource(tokens), **keys, **clusters}
    check_rows(sources)
    figures = figures_of(tokens, wanted)
    series = [MetricSeries(names[k], each, (TOKENS,)) for k, some in enumerate(figures) for each in some]
    place = {(each.function.at, each.function.what): k for k, each in enumerate(series)}  # type: ignore[attr-defined]
    base = tokens.reference or 0
    pairs = [(k, place[base, what]) for (at, what), k in place.items() if at != base and (base, what) in place]
    records = tuple((name or TOKENS, TOKENS, f"model {k}") for k, name in enumerate(names))
    return Plan(
        sources, tuple(series), block_rows(sources), question.nan, question.backend, bool(question.quantiles),
        question.worst, interval, tuple(pairs) if interval else (), tuple(keys), tuple(clusters), records=records,
    )  # fmt: skip


def names_model(reference: Any, models: Mapping[str, Any]) -> bool:
    """Whether the reference is one of the models that are given by name."""
    given = models["logits"] if models["hidden"] is None else models["hidden"]
    return isinstance(reference, str) and isinstance(given, Mapping) and reference in given


def logits_of(models: Mapping[str, Any], backend: str | None, layout: Layout) -> dict[str, Source]:
    """The logits of each model by its name, the reference last if it is given by itself."""
    if (models["logits"] is None) == (models["hidden"] is None):
        raise ValueError("either logits are given, or hidden with head")
    if models["logits"] is not None:
        for name in ("head", "bias"):
            if models[name] is not None:
                raise ValueError(f"{name} belongs to hidden, which is not given")
        found = {name: layout.rows(each, name or "logits", 1) for name, each in _by_model(models["logits"])}
    else:
        if models["head"] is None:
            raise ValueError("hidden is given, but no head")
        found = {
            name: HeadSource(
                layout.rows(each, f"hidden of {name}" if name else "hidden", 1),
                _of_model("head", models["head"], name, layout.memory),
                None if models["bias"] is None else _of_model("bias", models["bias"], name, layout.memory),
                backend,
            )
            for name, each in _by_model(models["hidden"])
        }
    if "" in found and models["reference"] is not None:
        found = {"model": found[""]}
    if models["reference"] is not None and not names_model(models["reference"], models):
        if REFERENCE in found:
            raise ValueError(f"a model is called {REFERENCE}, and another reference is given")
        found[REFERENCE] = layout.rows(models["reference"], REFERENCE, 1)
    return found


def _by_model(given: Any) -> list[tuple[str, Any]]:
    if isinstance(given, Mapping):
        if not given:
            raise ValueError("no model is given")
        return [(str(name), each) for name, each in given.items()]
    return [("", given)]


def _of_model(what: str, given: Any, name: str, memory: int) -> Source:
    """What a model has, or all have."""
    if isinstance(given, Mapping):
        if name not in given:
            raise ValueError(f"{what} is given for {', '.join(map(str, given))}, but not for {name!r}")
        given = given[name]
    return source_of(given, what, memory)
