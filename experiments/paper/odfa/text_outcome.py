"""What the tables of a training on text need of one run, read from its trace; it judges nothing."""

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError
from emulator.trace.open import open_trace
from emulator.trace.reading.reader import MetricSeries
from experiments.run.study import Study, study_from_text

__all__ = ["TextOutcome", "read_text_training", "texts_of"]

Floats = NDArray[np.float64]

_MEASURE = "test_bits_per_character"
_LAYER = re.compile(r"alignment_output_(\d+)")
_ATTENTION = ("attention", "attention_tokens")
_BOX = "opu.box"
_EXPOSURE = "camera.exposure"


@dataclass(frozen=True, slots=True, eq=False)
class TextOutcome:
    """One finished training; arrays run over the looks, the first being before it.

    Attributes
    ----------
    bits, tokens : arrays (looks,)
        Bits a character of the test, and tokens learnt from until then.
    alignment : array (hidden blocks,)
        Cosine between projected and true gradient at each block's output, when it was last compared.
    error : float
        Standard error over windows of the last of ``bits``; NaN where the trace has none.
    box_j, host_j : float
        Energy of the processing unit and of the host, in the whole run; no unit stands where light is not used.
    said : tuple of str
        What the network said at each look; empty where the trace does not have it.
    attention, words : array (blocks, tokens, tokens), tuple of str
        Where each token of a sentence looks at the end, and the tokens; empty where the trace has none.
    """

    seed: int
    status: str
    created: str
    study: Study
    bits: Floats
    tokens: Floats
    elapsed_s: float
    alignment: Floats
    error: float = math.nan
    box_j: float = 0.0
    host_j: float = 0.0
    exposed_s: float = 0.0
    said: tuple[str, ...] = ()
    attention: Floats | None = None
    words: tuple[str, ...] = ()

    @property
    def final(self) -> float:
        """Return the bits a character at the end."""
        return float(self.bits[-1])


def read_text_training(path: Path) -> TextOutcome:
    """Read the trace at ``path``; raises ``TraceError`` when it is damaged or holds no training on text."""
    with open_trace(path) as trace:
        study = study_from_text(trace.config_text, str(path))
        metrics = trace.metrics()
        states = {name: trace.state(name) for name in ("glimpses", *_ATTENTION) if name in trace.states}
        missing = {_MEASURE, "epoch"} - metrics.keys()
        if missing:
            raise TraceError(f"{path}: no training on text was recorded ({', '.join(sorted(missing))})")
        totals = trace.totals()
        energy_j = totals.get("energy_j", {})
        epochs = np.append(0.0, metrics["epoch"].value)
        bits = metrics[_MEASURE].value
        steps = int(getattr(study.controller, "steps", None) or 0)
        whole = steps * study.batch_size * (study.task.context or 0) if study.batch_size else 0
        return TextOutcome(
            seed=trace.seed,
            status=trace.status,
            created=trace.created,
            study=study,
            bits=bits,
            tokens=whole * epochs[: len(bits)] / epochs[-1],
            elapsed_s=trace.elapsed_s,
            alignment=_alignment(metrics),
            error=_last(metrics, "text_error"),
            box_j=energy_j.get(_BOX, 0.0),
            host_j=math.fsum(value for name, value in energy_j.items() if name.startswith("host")),
            exposed_s=totals.get("busy_s", {}).get(_EXPOSURE, 0.0),
            said=texts_of(states.get("glimpses")),
            attention=states.get(_ATTENTION[0]),
            words=texts_of(states.get(_ATTENTION[1])),
        )


def texts_of(rows: NDArray[np.uint8] | None) -> tuple[str, ...]:
    """Return the texts in ``rows`` of bytes, which zeros fill up."""
    return () if rows is None else tuple(bytes(row).rstrip(b"\0").decode("ascii") for row in rows)


def _alignment(metrics: dict[str, MetricSeries]) -> Floats:
    layers = sorted((int(found[1]), name) for name in metrics if (found := _LAYER.fullmatch(name)))
    return np.array([metrics[name].value[-1] for _, name in layers])


def _last(metrics: dict[str, MetricSeries], name: str) -> float:
    return float(metrics[name].value[-1]) if name in metrics else math.nan
