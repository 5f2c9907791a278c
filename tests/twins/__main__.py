"""Keeps the answers of other libraries: `python tests/twins`."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from twins import FIXTURE, MODULES, TWINS, answer, installed


def main() -> None:
    """Write the answers of all libraries that are installed."""
    found = [
        {"twin": str(twin), "value": (each := answer(twin, 0))[0], "slopes": [slope.tolist() for slope in each[1]]}
        for twin in TWINS
        if installed(twin.library)
    ]
    versions = {library: version for library in MODULES if (version := installed(library))}
    FIXTURE.write_text(json.dumps({"versions": versions, "answers": found}, indent=1) + "\n")
    print(f"{len(found)} answers of {versions}")


if __name__ == "__main__":
    main()
