"""Makes the run that docs/guides/compare-backends.md shows, on this machine: `python benchmarks/guide.py`."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from numloss.bench import environment
from numloss.common.files import atomic_write

GUIDE = Path(__file__).parents[1] / "docs" / "guides" / "compare-backends.md"
PLACE = re.compile("<!-- run -->.*?<!-- end of run -->", re.DOTALL)
ARGUMENTS = ["bce_with_logits", "--n", "2^10,2^14,2^18,2^22", "--threads", "1,2", "--seconds", "120"]
# Other processes that wait for a core, for each core, from which a machine is called busy.
BUSY = 0.2


def conditions() -> str:
    """The machine, the versions, and how busy it is."""
    found = environment.describe()
    machine, versions, load = found["machine"], found["versions"], found["load_before"]["average"][0]
    named = ("numpy", "numba", "torch", "jax", "scikit-learn")
    libraries = ", ".join(f"{name} {versions[name]}" for name in named if versions[name] != "not installed")
    cpu = f"{machine['cpu']}, {machine['cores']} cores, {' '.join(machine['flags'])}"
    said = f"{found['date'][:10]}, {cpu}; {libraries}. "
    if load < BUSY * machine["cores"]:
        return said + "The machine was quiet."
    return said + (
        f"The machine was busy (load average {load:.1f} on {machine['cores']} cores), so threads wait for each other "
        "and single figures are not to be relied upon."
    )


def main() -> None:
    """Run it, and put the table and the picture into the guide."""
    said = conditions()
    line = ["bench", *ARGUMENTS, "--plot", str(GUIDE.with_suffix(".png"))]
    run = [sys.executable, "-m", "numloss", *line]
    table = subprocess.run(run, check=True, stdout=subprocess.PIPE, text=True).stdout
    rows = "\n".join(row.rstrip() for row in table.splitlines() if row.strip())
    shown = f"<!-- run -->\n```\n$ numloss {' '.join(line[:-2])} --plot compare-backends.png\n{rows}\n```\n\n{said}"
    text = GUIDE.read_text(encoding="utf-8")
    with atomic_write(GUIDE) as file:
        file.write(PLACE.sub(lambda _: f"{shown}\n<!-- end of run -->", text).encode())


if __name__ == "__main__":
    main()
