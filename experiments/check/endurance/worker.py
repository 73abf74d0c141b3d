"""``python -m experiments.check.endurance.worker FOLDER``: a process that is told seeds, and answers what fails.

A seed is a line on stdin; the answer is a line of JSON on stdout, a list of texts. It ends with stdin.
"""

import json
import sys
from pathlib import Path

from experiments.check.endurance.laps import faults_of
from experiments.tasks.pretraining import reproducible

__all__ = ["main"]


def main() -> None:
    """Answer each seed until stdin ends."""
    folder = Path(sys.argv[1])
    with reproducible():
        for line in sys.stdin:
            sys.stdout.write(json.dumps(faults_of(int(line), folder)) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
