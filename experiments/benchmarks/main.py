"""``lightloop bench``: measures the emulator against itself and its rivals; every result is a ratio."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from emulator.errors import ConfigError, nearest
from experiments.benchmarks.chip.queries import Effort, measure_queries
from experiments.benchmarks.light.projection import LightEffort, measure_light
from experiments.benchmarks.light.text_steps import measure_text
from experiments.benchmarks.retiming import run_retiming_benchmark
from experiments.benchmarks.scale import run_scale_benchmark
from experiments.benchmarks.sweep import measure_sweep
from experiments.benchmarks.wire.questions import WireEffort, measure_wire
from experiments.output.files import check_new, new_file
from experiments.output.json import to_json

__all__ = ["Effort", "run_benchmarks"]

_USUAL = ("queries", "light", "retiming")
"""The parts of a benchmark that names none."""

_QUERIES = 2_000_000
"""Queries of the trace that is re-timed."""


def run_benchmarks(
    json_path: Path | None = None,
    effort: Effort | None = None,
    part: str | None = None,
    rival_python: str | None = None,
    light: LightEffort | None = None,
    retimed_queries: int = _QUERIES,
    wire: WireEffort | None = None,
) -> dict[str, float]:
    """Measure, print tables to stdout, and return the results by name; ``json_path`` gets them as JSON.

    An older file there is replaced.

    ``part`` is "queries", "light", "retiming", "sweep", "scale", "text" or "wire"; None: the first three.
    ``rival_python``: a Python with lightonml. Raises ``ConfigError`` on an unknown part and when ``json_path``
    cannot be written, before anything is measured.
    """
    parts: dict[str, Callable[[], dict[str, float]]] = {
        "queries": lambda: measure_queries(effort or Effort()),
        "light": lambda: measure_light(light, rival_python),
        "retiming": lambda: run_retiming_benchmark(retimed_queries),
        "sweep": measure_sweep,
        "scale": run_scale_benchmark,
        "text": measure_text,
        "wire": lambda: measure_wire(wire),
    }
    if part is not None and part not in parts:
        raise ConfigError(
            f"bench: {part!r} is no part; allowed: {', '.join(parts)}. {nearest(part, parts)}".strip()
        )
    if json_path is not None:
        check_new(json_path, force=True)
    began_s = time.monotonic()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start; medians of rounds in turn\n")
    results: dict[str, float] = {}
    for name in _USUAL if part is None else (part,):
        results |= parts[name]()
    print(f"measured in {time.monotonic() - began_s:.0f} s")
    if json_path is not None:
        with new_file(json_path, force=True) as file:
            file.write_text(to_json(results) + "\n", encoding="utf-8")
    return results
