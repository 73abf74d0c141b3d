"""``lightloop tasks``: parses, calls and prints; the work is done by the modules that it imports."""

from experiments.command import Command, Json
from experiments.output.streams.standard import say

__all__ = ["COMMAND"]


def tasks(as_json: Json = False) -> None:
    """List the tasks: their networks, how many samples they have, and where their data come from."""
    from experiments.output.json import to_json
    from experiments.output.streams.screen import Screen
    from experiments.tasks.listing import show_tasks, the_tasks

    found = the_tasks()
    if as_json:
        say(to_json(found) + "\n")
    else:
        show_tasks(found, Screen())


COMMAND = Command(tasks, example="lightloop tasks")
