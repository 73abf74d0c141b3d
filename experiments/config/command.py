"""``lightloop config``: parses, calls and prints; the work is done by the modules that it imports."""

from experiments.command import Command, Json, TracePath
from experiments.output.streams.standard import say

__all__ = ["COMMAND"]


def config(trace: TracePath, as_json: Json = False) -> None:
    """Print the whole configuration of a trace as a study that lightloop run takes."""
    from experiments.config.embedded import embedded_study, embedded_toml
    from experiments.output.json import to_json

    if as_json:
        say(to_json(embedded_study(trace).model_dump()) + "\n")
    else:
        say(embedded_toml(trace))


COMMAND = Command(config, example="lightloop config out/vowel.h5 > mine.toml")
