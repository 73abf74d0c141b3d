"""Controllers on three benches: in this process, at the end of a loopback socket, and of a canned transcript.

``python -m tests.remote_lab`` records the transcripts anew. No test lives here.
"""

from collections.abc import Callable
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from controllers.feedback_alignment.odfa import OdfaConfig, TrainingSet, odfa
from controllers.in_situ.avm import AvmConfig, avm
from controllers.kind import Setting
from controllers.zeroth_order import szo_scd
from controllers.zeroth_order.szo_scd import SzoScdConfig
from emulator.agents.result import RunResult
from emulator.bench import Bench
from emulator.bench_config import BudgetConfig
from emulator.commands import Batch, Controller, Sequence
from emulator.errors import WireError
from emulator.instruments.chip.config import ChipConfig, MonitorConfig
from emulator.instruments.host.config import HostConfig
from emulator.instruments.instrument import Lab, Stand
from emulator.instruments.opu.timing import OpuDesign
from emulator.remote.client.dialect import load_dialect
from emulator.remote.client.kinds import remote_kinds
from emulator.remote.client.link import Link
from emulator.remote.client.talk import Talk
from emulator.remote.client.wire import Address, SocketWire, Wire
from emulator.remote.scpi.blocks import MARK, Format, block_bytes, numbers_in
from emulator.streams import stream
from experiments.models.mlp import Mlp
from experiments.run.watching.watch import overheard
from tests.builders import NotingRecorder, random_design
from tests.opu_lab import small_opu
from tests.wire_lab import behind_a_door, small_bench, small_service

__all__ = [
    "CASES",
    "Canned",
    "Case",
    "Kept",
    "Outing",
    "canned",
    "here",
    "on_loopback",
    "on_wire",
    "transcript",
]

FOLDER = Path(__file__).parent / "transcripts"
_CHIP = random_design((6, 5, 3), 0, active=range(0, 45, 2))
_SAMPLES, _BATCH, _QUERIES = 24, 4, 60
_NETWORK = (6, 5, 4, 3)
_PATIENCE_S = 120.0


@dataclass
class Outing:
    """What is left of a run: the result, what was replied, heaters' phases or weights, and the rows."""

    result: RunResult
    replies: list[Any]
    final: list[NDArray[np.float64]]
    rows: NotingRecorder


@dataclass
class Case:
    """A lab, and who works in it; ``weights`` are what it has learnt, if it learns."""

    name: str
    lab: Lab
    make: Callable[[], tuple[Controller, Callable[[], list[NDArray[np.float64]]]]]


def _data() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rng = stream(0, "tests/remote/data")
    return rng.random((_SAMPLES, _NETWORK[0])), rng.integers(_NETWORK[-1], size=_SAMPLES)


def _descent(loop: str) -> tuple[Controller, Callable[[], list[NDArray[np.float64]]]]:
    inputs, targets = _data()
    active = np.flatnonzero(_CHIP.active)
    setting = Setting(inputs, targets, partial(stream, 0), active, _CHIP.phases()[active], 0.0)
    options = SzoScdConfig.model_validate(
        {"queries": _QUERIES, "batch_size": _BATCH, "epoch_iterations": 3, "loop": loop}
    )
    return szo_scd.start(options, setting).controller, list


def _adjoint() -> tuple[Controller, Callable[[], list[NDArray[np.float64]]]]:
    inputs, targets = _data()
    active = np.flatnonzero(_CHIP.active)
    setting = Setting(inputs, targets, partial(stream, 0), active, _CHIP.phases()[active], 0.0)
    return avm(AvmConfig(queries=30), active, setting.phases, setting.batches(_BATCH)), list


def _visits() -> tuple[Controller, Callable[[], list[NDArray[np.float64]]]]:
    """Have the sequencer read at phases that nobody decides by."""
    inputs, targets = _data()
    active = np.flatnonzero(_CHIP.active)
    heaters = active[: 2 * _BATCH].reshape(_BATCH, 2)
    radians = stream(0, "tests/remote/visits").random((2, *heaters.shape))

    def visits() -> Controller:
        for number in range(2):
            yield Sequence(heaters, radians[number], Batch(number, inputs[:_BATCH], targets[:_BATCH]))

    return visits(), list


def _alignment(schedule: str) -> tuple[Controller, Callable[[], list[NDArray[np.float64]]]]:
    inputs, targets = _data()
    model = Mlp.drawn(_NETWORK, stream(0, "tests/remote/weights"))
    options = OdfaConfig.model_validate(
        {"epochs": 2, "batch_size": _BATCH, "schedule": schedule, "align_every": None}
    )
    data = TrainingSet(torch.tensor(inputs, dtype=torch.float32), torch.tensor(targets))
    streams = stream(0, "tests/remote/batches"), stream(0, "tests/remote/feedback")

    def weights() -> list[NDArray[np.float64]]:
        return [each.detach().numpy().copy() for block in model.blocks for each in block.parameters()]

    return odfa(options, model, data, *streams), weights


_HOST = Stand(HostConfig())
_ON_CHIP: Lab = {"chip": Stand(ChipConfig(), _CHIP), "host": _HOST}
_WATCHED: Lab = {"chip": Stand(ChipConfig(monitors=MonitorConfig(fitted=True)), _CHIP), "host": _HOST}
_IN_LIGHT: Lab = {
    "opu": Stand(small_opu(), OpuDesign(_NETWORK[-1], sum(_NETWORK[1:-1]), "ternary")),
    "host": _HOST,
}

CASES = (
    Case("szo_scd", _ON_CHIP, partial(_descent, "host")),
    Case("szo_scd_sequencer", _ON_CHIP, partial(_descent, "sequencer")),
    Case("visits", _ON_CHIP, _visits),
    Case("avm", _WATCHED, _adjoint),
    Case("odfa", _IN_LIGHT, partial(_alignment, "wait")),
    Case("odfa_late", _IN_LIGHT, partial(_alignment, "late")),
)


def _run(case: Case, bench: Bench) -> Outing:
    controller, weights = case.make()
    rows, replies = NotingRecorder(), list[Any]()
    result = bench.run({"main": overheard(controller, lambda _, reply: replies.append(reply))}, recorder=rows)
    final = [rows.states["final_phases"]] if "final_phases" in rows.states else weights()
    return Outing(result, replies, final, rows)


def here(case: Case) -> Outing:
    """Run ``case`` on a bench in this process."""
    return _run(case, Bench(case.lab, 0))


def on_wire(case: Case, wire: Wire, budget: BudgetConfig | None = None) -> Outing:
    """Run ``case`` on the bench at the end of ``wire``."""
    kinds = remote_kinds(Link(Talk(wire, load_dialect())))
    return _run(case, Bench(case.lab, 0, budget, kinds=kinds))


def on_loopback(case: Case, through: Callable[[Wire], Wire] = lambda wire: wire) -> tuple[Outing, RunResult]:
    """Run ``case`` on a bench that is served on loopback; return also what the server has counted."""
    with behind_a_door(small_service(bench=small_bench(case.lab))) as hosted:
        connected = SocketWire(Address("127.0.0.1", hosted.port), load_dialect().config.wire)
        connected.wait_for(_PATIENCE_S)
        wire = through(connected)
        outing = on_wire(case, wire)
        wire.close()
    assert hosted.result is not None
    return outing, hosted.result


class Kept:
    """Keep what goes over ``wire``."""

    def __init__(self, wire: Wire) -> None:
        self.lines: list[str] = []
        self._wire = wire

    def send(self, lines: SequenceOf[bytes]) -> None:
        self.lines += [f"> {_escaped(line)}" for line in lines]
        self._wire.send(lines)

    def receive(self) -> bytes:
        line = self._wire.receive()
        self.lines.append(f"< {_escaped(line)}")
        return line

    def close(self) -> None:
        self._wire.close()


class Canned:
    """Answer what was kept in ``lines``; another line than was sent then is refused.

    Numbers in blocks may differ by what another processor's last bits make of them.
    """

    def __init__(self, lines: SequenceOf[str]) -> None:
        self._lines = iter(lines)

    def send(self, lines: SequenceOf[bytes]) -> None:
        for line in lines:
            expected = next(self._lines, "the end")
            if not expected.startswith("> ") or not _alike(_unescaped(expected[2:]), line):
                raise WireError(f"sent {line[:80]!r}; the transcript has {expected[:80]!r}")

    def receive(self) -> bytes:
        line = next(self._lines)
        assert line.startswith("< "), line[:80]
        return _unescaped(line[2:])

    def close(self) -> None:
        assert next(self._lines, None) is None


def _escaped(line: bytes) -> str:
    return line.decode("latin-1").encode("unicode_escape").decode()


def _unescaped(text: str) -> bytes:
    return text.encode().decode("unicode_escape").encode("latin-1")


def _alike(one: bytes, other: bytes) -> bool:
    (text, numbers), (same, alike) = _parts(one), _parts(other)
    return text == same and np.allclose(numbers, alike, rtol=1e-5, atol=1e-9)


def _parts(line: bytes) -> tuple[bytes, list[float]]:
    """Return the text of ``line``, and the numbers of its blocks."""
    text, numbers, place = b"", [], 0
    while (mark := line.find(MARK, place)) >= 0:
        content, end = block_bytes(line, mark)
        text += line[place : end - len(content)]
        numbers += numbers_in(content, Format("REAL")).tolist()
        place = end
    return text + line[place:], numbers


def transcript(case: Case) -> Path:
    """Return where the transcript of ``case`` lies."""
    return FOLDER / f"{case.name}.txt"


def canned(case: Case) -> Outing:
    """Run ``case`` on the transcript that lies in the repository."""
    wire = Canned(transcript(case).read_text(encoding="ascii").splitlines())
    outing = on_wire(case, wire)
    wire.close()
    return outing


def main() -> None:
    """Record all transcripts anew."""
    FOLDER.mkdir(exist_ok=True)
    for case in CASES:
        kept: list[Kept] = []

        def keep(wire: Wire, kept: list[Kept] = kept) -> Wire:
            kept.append(Kept(wire))
            return kept[0]

        on_loopback(case, keep)
        transcript(case).write_text("".join(f"{line}\n" for line in kept[0].lines), encoding="ascii")


if __name__ == "__main__":
    main()
