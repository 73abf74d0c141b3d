"""What can be done with both traces of a run over a wire: the client's, and that of the bench that was served."""

from pathlib import Path
from typing import NamedTuple

import pytest

from emulator.clock import PacedClock
from emulator.remote.server.limits import Limits
from emulator.remote.server.pacing import Asap
from emulator.remote.server.service import Service
from emulator.trace.open import open_trace
from experiments.cli import main
from experiments.inspect.inspection import inspect_trace
from experiments.run.bench import make_bench, recorder_of
from experiments.run.elsewhere.elsewhere import called_up, places_of
from experiments.run.launch import open_study
from experiments.run.prepare import prepare, recorded
from experiments.run.run import run_study
from experiments.serve.serve import identity_of, with_clients
from tests.experiments.command_line import refusal
from tests.experiments.conftest import room
from tests.wire_lab import behind_a_door

__all__ = ["room"]


class Traces(NamedTuple):
    """The client's trace, and that of the bench."""

    client: Path
    bench: Path


@pytest.fixture(scope="module")
def traces(room: Path, tmp_path_factory: pytest.TempPathFactory) -> Traces:
    """Have a short recovery drive a bench that is served, and keep what both have recorded."""
    own = tmp_path_factory.mktemp("traces")  # the room lasts longer than a module does, which may come twice
    found = Traces(own / "client.h5", own / "bench.h5")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(room)
        study = open_study("vowel_recovery", ("controller.queries=40", "controller.batch_size=4"))
        prepared = prepare(study)
        service = Service(
            make_bench(study, prepared, clock=PacedClock()), identity_of(study), Asap(), Limits()
        )
        service.open(recorder_of(recorded(with_clients(study), prepared), found.bench))
        with behind_a_door(service) as hosted:
            places = places_of([f"tcp://127.0.0.1:{hosted.port}"], ())
            with called_up(*places) as there:
                run_study(study, found.client, elsewhere=there)
    return found


def test_both_are_inspected_and_tell_the_same_queries_time_and_energy(traces: Traces) -> None:
    client, bench = (inspect_trace(path) for path in traces)
    assert (client.status, bench.status) == ("complete", "complete")
    assert client.queries == bench.queries == 40
    assert client.elapsed_s == bench.elapsed_s
    assert client.energy_j == pytest.approx(bench.energy_j, rel=1e-9)
    with open_trace(traces.client) as trace:
        assert {name.partition(".")[0] for name in trace.labels("commands.kind")} == {"remote"}


@pytest.mark.parametrize("which", ["client", "bench"])
def test_both_are_reported_drawn_as_a_timeline_and_exported(
    traces: Traces, which: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = str(getattr(traces, which))
    assert main(["report", trace, "--out", str(tmp_path / "report.html")]) == 0
    assert main(["timeline", trace, "--out", str(tmp_path / "timeline.json")]) == 0
    assert main(["export", trace, "--table", "commands", "--out", str(tmp_path / "commands.csv")]) == 0
    assert "report.html" in capsys.readouterr().out
    rows = (tmp_path / "commands.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) > 40
    assert ("remote.probe" in rows[2]) == (which == "client")


@pytest.mark.parametrize(
    "line",
    [
        ("whatif", "--set", "chip.link.latency_s=2us"),
        ("replay", "--mode", "rerun"),
        ("replay", "--mode", "timed"),
        ("replay", "--mode", "closed"),
    ],
    ids=" ".join,
)
def test_what_a_client_recorded_has_no_price_here_and_is_refused_in_a_line(
    traces: Traces, line: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    said = refusal(capsys, line[0], str(traces.client), *line[1:])
    assert "made on a bench at the end of a wire, 'Lightloop,chip+host,0," in said
    assert "takes traces of emulated benches" in said


@pytest.mark.parametrize("mode", ["closed", "timed"])
def test_what_was_served_is_replayed_as_any_run_is(
    traces: Traces, mode: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(traces.bench), "--mode", mode]) == 0
    capsys.readouterr()


def test_what_was_served_is_asked_what_if_and_a_slower_link_takes_longer(
    traces: Traces, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["whatif", str(traces.bench), "--set", "chip.link.latency_s=20us"]) == 0
    assert "latency" in capsys.readouterr().out


def test_clients_are_no_controller_that_could_run_again(
    traces: Traces, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "clients on a wire" in refusal(capsys, "replay", str(traces.bench), "--mode", "rerun")
