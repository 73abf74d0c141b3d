"""``lightloop tasks``: parses, calls and prints; the work is done by the modules that it imports."""

import sys

from experiments.command import Command, Json

__all__ = ["COMMAND"]


def tasks(as_json: Json = False) -> None:
    """List the tasks: their networks, how many samples they have, and where their data come from."""
    from rich.console import Console

    from experiments.output.json import to_json
    from experiments.tasks.listing import show_tasks, the_tasks

    found = the_tasks()
    if as_json:
        sys.stdout.write(to_json(found) + "\n")
    else:
        show_tasks(found, Console())


COMMAND = Command(tasks)
