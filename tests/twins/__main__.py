"""Keeps the answers of other libraries: `python tests/twins`."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from twins import FIXTURE, MODULES, TWINS, answer, installed


def main() -> None:
    """Write the answers of all libraries that are installed, and keep those of the others."""
    old = json.loads(FIXTURE.read_text())
    kept = {each["twin"]: each for each in old["answers"]}
    found = []
    for twin in TWINS:
        if installed(twin.library):
            value, slopes = answer(twin, 0)
            kept[str(twin)] = {"twin": str(twin), "value": value, "slopes": [slope.tolist() for slope in slopes]}
        found.append(kept[str(twin)])
    versions = {library: version for library in MODULES if (version := installed(library))}
    FIXTURE.write_text(json.dumps({"versions": old["versions"] | versions, "answers": found}, indent=1) + "\n")
    print(f"{len(found)} answers, of {versions} anew")


if __name__ == "__main__":
    main()
