"""What people write for a value where only text can be written."""

from __future__ import annotations

from typing import Any

import numpy as np

WORDS: dict[str, Any] = {"true": True, "false": False, "none": None}


def value_of(text: str) -> Any:
    """A number, true, false, none, an array of numbers with commas between them, or a word."""
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    if "," in text:
        return np.array([float(part) for part in text.split(",")])
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text
