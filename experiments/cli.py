"""The command line: it parses, calls and prints; the work is done by the modules that each command imports.

Exit codes: 0 done (a spent budget is done, too), 2 refused or failed in a way Lightloop foresees (one line on
stderr), 3 the run diverged, 130 and 143 ended by Ctrl-C and SIGTERM, 1 anything unforeseen (a traceback).
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Protocol, runtime_checkable

import typer

from emulator.errors import LightloopError
from experiments.trace_cli import add_trace_commands

__all__ = ["app", "main"]

_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
_REFUSED = 2
_MAX_MESSAGE = 2000

app = typer.Typer(
    name="lightloop",
    help="An emulated photonics laboratory: run studies on it and read their traces.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@runtime_checkable
class _UsageError(Protocol):
    """What an error of the option parser offers; its class is not public."""

    exit_code: int

    def format_message(self) -> str: ...


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line ``argv`` (None: the process's) and return the exit code.

    Each process keeps to one thread unless its environment says otherwise: the matrices are small.
    """
    for variable in _ONE_THREAD:
        os.environ.setdefault(variable, "1")
    try:
        code = app(args=None if argv is None else list(argv), prog_name="lightloop", standalone_mode=False)
    except LightloopError as error:
        return _refuse(str(error))
    except Exception as error:
        if not isinstance(error, _UsageError):
            raise
        return _refuse(error.format_message())
    return code if isinstance(code, int) else 0


def _refuse(message: str) -> int:
    sys.stderr.write(f"lightloop: {' '.join(message.split())[:_MAX_MESSAGE]}\n")
    return _REFUSED


@app.command()
def run(
    study: Annotated[
        str, typer.Argument(metavar="STUDY.toml", help="A study file, or the name of a shipped study.")
    ],
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Override one value; may be repeated."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of every random stream.")] = None,
    out: Annotated[Path | None, typer.Option(help="Trace to write; default: out/<study>-seed<N>.h5.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Draw no progress line.")] = False,
) -> None:
    """Run a study and record its trace. Ctrl-C ends it with a valid trace."""
    from rich.console import Console

    from experiments.inspect.inspection import inspect_trace
    from experiments.inspect.view import show_summary
    from experiments.run.launch import default_out, launch, open_study

    config = open_study(study, tuple(overrides or ()), seed)
    path = default_out(study, config.seed) if out is None else out
    launched = launch(config, path, quiet)
    show_summary(inspect_trace(path), Console())
    raise typer.Exit(launched.exit_code)


@app.command()
def presets(
    kind: Annotated[str | None, typer.Argument(help="chip, host or opu; default: all.")] = None,
    name: Annotated[str | None, typer.Argument(help="Print this preset as TOML, with its sources.")] = None,
) -> None:
    """List the presets, or print one with the source of every number."""
    from rich.console import Console

    from experiments.presets.view import preset_text, show_presets

    if kind is not None and name is not None:
        sys.stdout.write(preset_text(kind, name))
    else:
        show_presets(kind, Console())


add_trace_commands(app)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder; files of an earlier demo there are replaced.")] = Path(
        "out/demo"
    ),
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Draw no progress line.")] = False,
) -> None:
    """Tune two chips, train a network with light, print their ledgers and draw their figures: three minutes."""
    from rich.console import Console

    from experiments.demo import run_demo

    raise typer.Exit(run_demo(out, Console(), quiet))


@app.command()
def bench(
    part: Annotated[
        str | None, typer.Argument(help="queries, light or retiming; default: all three.")
    ] = None,
    json_path: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write name -> number here.")
    ] = None,
    rival_python: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="A Python that has lightonml 1.4.3, to compare projections with."),
    ] = None,
) -> None:
    """Measure what the emulator itself costs, as ratios."""
    from experiments.benchmarks.main import run_benchmarks

    run_benchmarks(json_path, part=part, rival_python=rival_python)


@app.command()
def paper(
    name: Annotated[str, typer.Argument(help="The experiment; a wrong name lists them.")],
    seeds: Annotated[int, typer.Option(help="How many seeds.")] = 5,
    queries: Annotated[
        int | None,
        typer.Option(help="Queries of a run (light, ternary: epochs; recovery, latency: vectors)."),
    ] = None,
    jobs: Annotated[int, typer.Option(help="Runs at the same time.")] = 2,
    out: Annotated[Path, typer.Option(help="Folder of traces, tables and figures.")] = Path("out/paper"),
) -> None:
    """Run an experiment of the paper; runs that are finished are not repeated."""
    from experiments.paper.main import run_paper

    run_paper(name, out, seeds, queries, jobs)
