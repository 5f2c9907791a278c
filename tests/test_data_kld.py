"""Files of log-probabilities of llama.cpp, written here from their format."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np
import pytest

import numloss as nl
from numloss.data.opening import source_of
from numloss.errors import FormatError

CHUNK, CHUNKS, CLASSES = 7, 3, 51
ROWS = CHUNKS * (CHUNK - 1 - CHUNK // 2)
LOGITS = (np.random.default_rng(0).normal(size=(ROWS, CLASSES)) * 4).astype(np.float32)
TOKENS = np.random.default_rng(1).integers(0, CLASSES, (CHUNKS, CHUNK)).astype("<i4")
LABELS = TOKENS[:, CHUNK // 2 + 1 :].reshape(-1)


def content(logits: np.ndarray = LOGITS) -> bytes:
    """What llama.cpp writes: steps of the range down to 16 below the top, and nothing but its end below that."""
    parts = [b"_logits_", struct.pack("<3i", CHUNK, CLASSES, CHUNKS), TOKENS.tobytes()]
    for row in logits:
        top = row.max()
        low = max(row.min(), top - np.float32(16.0))
        log_sum = np.float32(math.log(np.exp((row - top).astype(np.float64)).sum()))
        scale = np.float32((top - low) / np.float32(65535.0))
        steps = np.where(row > low, np.rint((row - low) / scale), 0.0) if scale else np.zeros(CLASSES)
        parts += [struct.pack("<2f", scale, low - top - log_sum), np.append(steps, 0).astype("<u2").tobytes()]
    return b"".join(parts)


@pytest.fixture
def saved_base(tmp_path: Path) -> Path:
    path = tmp_path / "base.kld"
    path.write_bytes(content())
    return path


def test_log_probabilities_labels_and_chunks(saved_base: Path) -> None:
    source = source_of(saved_base, "", 1 << 20)
    assert (source.shape, source.dtype) == ((ROWS, CLASSES), np.float32)
    reader = source.reader(4)
    found = np.concatenate([reader.read(k, min(k + 4, ROWS)).copy() for k in range(0, ROWS, 4)])
    reader.close()
    exact = LOGITS - np.log(np.exp(LOGITS.astype(np.float64)).sum(axis=1, keepdims=True))
    top = exact.max(axis=1, keepdims=True)
    near = exact > top - 16.0
    assert np.abs(found - exact)[near].max() <= 16 / 65535 / 2 + 4e-6
    floors = np.broadcast_to(found.min(axis=1, keepdims=True), found.shape)
    assert (found[~near] == floors[~near]).all() and (~near).any()
    for member, expected in (("labels", LABELS), ("documents", np.repeat([0, 1, 2], 3))):
        part = source_of(f"{saved_base}::{member}", "", 1 << 20)
        reader = part.reader(ROWS)
        assert part.shape == (ROWS,) and (reader.read(2, ROWS) == expected[2:]).all()
        reader.close()


def test_its_content_is_recognised_and_scored(saved_base: Path) -> None:
    other = saved_base.rename(saved_base.with_name("base.bin"))
    rest = {"labels": f"{other}::labels", "documents": f"{other}::documents"}
    result = nl.score(LOGITS, reference=other, **rest)
    assert result["same_top"].mean == 1.0
    assert result.perplexity("reference") == pytest.approx(nl.score(LOGITS, LABELS).perplexity(), rel=2e-4)


def test_what_is_no_such_file_is_refused(saved_base: Path) -> None:
    with pytest.raises(FormatError, match="there is no 'logits' in it; there are labels, documents"):
        source_of(f"{saved_base}::logits", "", 1 << 20)
    whole = content()
    for text, message in (
        (whole[:-1], "bytes, but shape"),
        (whole + b"x", "bytes, but shape"),
        (whole[:12], "does not start with _logits_ and three sizes"),
        (b"_logitz_" + whole[8:], "does not start with _logits_"),
        (whole[:8] + struct.pack("<3i", 2, CLASSES, 1) + whole[20:], "chunks of 2 tokens"),
        (whole[:8] + struct.pack("<3i", 7, 1 << 30, 1 << 30) + whole[20:], "which no memory holds"),
        (whole[:8] + struct.pack("<3i", 7, CLASSES, -1) + whole[20:], "-1 chunks"),
    ):
        saved_base.write_bytes(text)
        with pytest.raises(FormatError, match=message):
            source_of(saved_base, "", 1 << 20)
