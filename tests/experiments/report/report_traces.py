"""Small traces for tests of comparisons and reports; no test and no oracle lives here."""

from pathlib import Path

from emulator.plan import Step
from emulator.trace import NO_COMMAND, Detail, Header, Recorder

__all__ = ["HOSTILE", "TYPESET", "hostile_trace", "pipelined_trace"]

HOSTILE = "</script><script>stolen=1</script><img src=x onerror=stolen=1>"
"""A name that runs wherever it is written into a page as it is, of as many bytes as a name may have."""

TYPESET = "$$x$$"
"""A name that makes a plot fetch a typesetter from the web, unless it is told not to."""


def hostile_trace(out: Path) -> Path:
    """Write a trace whose every name and text is hostile, and return its path."""
    config = f'title = "{HOSTILE}"\n\n["{HOSTILE}"]\nvalue = "{HOSTILE}"\n'
    recorder = Recorder.create(out, Header.now(config, 0))
    agent, instrument, kind = (
        recorder.label(f"commands.{column}", HOSTILE) for column in ("agent", "instrument", "kind")
    )
    power = recorder.label("power.component", HOSTILE)
    plan = recorder.plan([Step(HOSTILE, HOSTILE, 60_000), Step(TYPESET, TYPESET, 40_000)])
    cause = NO_COMMAND
    for row in range(20):
        t = 150_000 * row
        recorder.power(power, t, 1.0 + row % 2)
        recorder.metric(HOSTILE, t, row, 1.0)
        recorder.metric("test_accuracy", t, row, row / 20)
        cause = recorder.command(
            agent, instrument, kind, plan, cause, t, t + 10_000, t + 110_000, -1, 0.0, 0.0
        )
    recorder.close("failed", HOSTILE, 3_000_000, 20)
    return out


def pipelined_trace(out: Path, detail: Detail = "commands", batches: int = 30) -> Path:
    """Write a trace of an OPU whose frames overlap and whose host computes meanwhile, and return its path.

    It has no queries and no heaters; camera and host draw power in steps.
    """
    recorder = Recorder.create(out, Header.now("[opu]\nframe_s = 1e-6\n", 3), detail)
    trainer = recorder.label("commands.agent", "odfa")
    opu, host = (recorder.label("commands.instrument", name) for name in ("opu", "host"))
    project, compute = (recorder.label("commands.kind", name) for name in ("project", "compute"))
    lit, cpu = (recorder.label("power.component", name) for name in ("opu", "host"))
    frames = recorder.plan(
        [Step("dmd", "load", 300_000), Step("camera", "exposure", 500_000), Step("link", "readout", 400_000)]
    )
    update = recorder.plan([Step("host", "update", 350_000)])
    recorder.power(lit, 0, 30.0)
    recorder.power(cpu, 0, 40.0)
    computed: list[int] = []
    for batch in range(batches):
        t = 600_000 * batch
        recorder.power(cpu, t, 100.0)
        recorder.power(cpu, t + 350_000, 40.0)
        if batch % 10 == 0:
            recorder.metric("test_accuracy", t, 0, 0.5 + batch / 100)
        cause = computed[-1] if computed else NO_COMMAND
        computed.append(
            recorder.command(trainer, host, compute, update, cause, t, t, t + 350_000, -1, 0.0, 0.0)
        )
        if batch >= 2:
            begun, cause = t - 850_000, computed[-3]
            recorder.command(
                trainer, opu, project, frames, cause, begun, begun, begun + 1_200_000, -1, 0.0, 0.0
            )
    recorder.close("complete", "", 600_000 * batches, 0)
    return out
