"""``python -m experiments.check.planting.worker BUG FOLDER FIRST LAST``: seeds of the simulation, with a bug in it.

It ends with the first seed that fails, or the last one; the answer is a line of JSON: how many seeds there were,
and what failed. A bug of no name, "none", plants nothing.
"""

import json
import sys
from pathlib import Path

from experiments.check.endurance.laps import faults_of
from experiments.check.planting.bugs import BUGS
from experiments.tasks.pretraining import reproducible

__all__ = ["caught", "main"]


def caught(seeds: range, folder: Path) -> tuple[int, list[str]]:
    """Return how many of ``seeds`` were needed until one failed, and in what; all of them where none did."""
    for number, seed in enumerate(seeds, start=1):
        if found := faults_of(seed, folder):
            return number, found
    return len(seeds), []


def main() -> None:
    """Plant the bug, and try the seeds."""
    name, folder, first, last = sys.argv[1:]
    if name != "none":
        BUGS[name].plant()
    with reproducible():
        found = caught(range(int(first), int(last) + 1), Path(folder))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
