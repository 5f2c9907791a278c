"""The list of injected faults fits the tree: every text is there once, and so are the tests that should see it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from injected_faults import PLACES, CannotTry, Fault, read_faults

ROOT = Path(__file__).resolve().parent.parent
FAULTS = read_faults()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_its_text_occurs_once(fault: Fault) -> None:
    text = fault.broken(ROOT)
    assert fault.new != fault.old
    if fault.file.endswith(".py"):
        ast.parse(text)
    assert fault.on in PLACES
    assert all((ROOT / test).exists() for test in fault.tests), fault.tests


def test_names_are_different() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 30
    assert {fault.on for fault in FAULTS} == set(PLACES)


def test_a_text_that_is_gone_is_noticed(tmp_path: Path) -> None:
    fault = Fault("none", "nothing", "law.py", "a + b", "a - b", "host", ())
    with pytest.raises(CannotTry, match=r"no law\.py"):
        fault.broken(tmp_path)
    for text in ("a * b", "a + b; a + b"):
        (tmp_path / "law.py").write_text(text)
        with pytest.raises(CannotTry, match="times"):
            fault.broken(tmp_path)
