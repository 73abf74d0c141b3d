"""A recorder with a name in every column, and a command to record; no test lives here."""

from pathlib import Path

from emulator.trace import NO_COMMAND, NO_PLAN, Header, Recorder
from emulator.trace.schema import Detail

__all__ = ["add", "labelled"]


def add(recorder: Recorder, row: int, **changed: int) -> int:
    values = {"plan": NO_PLAN, "cause": NO_COMMAND, "t_issued": row, "t_started": row, "t_done": row + 1}
    values |= changed
    times = (values["t_issued"], values["t_started"], values["t_done"])
    return recorder.command(0, 0, 0, values["plan"], values["cause"], *times, 0, 0.0, 0.0)


def labelled(out: Path, header: Header, detail: Detail = "commands") -> Recorder:
    recorder = Recorder.create(out, header, detail)
    for column in ("agent", "instrument", "kind"):
        recorder.label(f"commands.{column}", "forward")
    return recorder
