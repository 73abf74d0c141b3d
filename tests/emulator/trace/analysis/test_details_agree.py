"""Whatever a run is and however much of it was kept, every account of it says the same."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.commands import Compute, Controller, Disturb, Join, Project, Start, Wait
from emulator.instruments.host.config import HostConfig
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.frames import FRAME_STATES
from emulator.retiming.lab import Laboratory
from emulator.streams import stream
from emulator.trace import Detail, Header, Recorder
from emulator.trace.analysis import frames
from emulator.trace.analysis.attribution import Attribution, attribute_energy
from emulator.trace.analysis.critical_path import critical_path
from emulator.trace.analysis.excerpt import all_spans
from emulator.trace.analysis.frames import frames_known, stored_spans
from emulator.trace.analysis.ledger import energy_by_component, latency_by_span
from emulator.trace.analysis.path_shares import path_segments, path_shares_ps
from emulator.trace.analysis.utilisation import Utilisation, utilisation
from emulator.trace.open import open_trace
from emulator.trace.reading.reader import Trace
from emulator.trace.writing.finalize import finalize
from tests.bench_lab import queries
from tests.emulator.retiming.retiming_lab import OPU_DESIGN, chip_lab, opu_lab, run, with_configs


@pytest.fixture(autouse=True, scope="module")
def _convert_here() -> Iterator[None]:
    """Convert journals in this process: hundreds of small ones are quicker so."""

    def convert(journal: Path, out: Path, descriptor: int) -> None:
        del descriptor
        finalize(journal, out)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("emulator.trace.writing.recorder.finalize_in_child", convert)
        yield


@dataclass(frozen=True)
class Accounts:
    """Everything that is said of a run: spans, both ledgers, their product, use of resources, critical path."""

    spans: list[list[int]]
    elapsed_ps: int
    latency_ps: dict[str, int]
    energy_j: dict[str, float]
    metered_j: dict[str, float]
    attribution: Attribution
    use: tuple[Utilisation, ...]
    path_ps: dict[str, int]
    segments: list[Any]
    known: bool | None


def accounts_of(path: Path) -> Accounts:
    with open_trace(path) as trace:
        latency_s = latency_by_span(trace)
        energy_j = energy_by_component(trace)
        longest = critical_path(trace)
        return Accounts(
            spans=[column.tolist() for column in vars(all_spans(trace)).values()],
            elapsed_ps=trace.elapsed_ps,
            latency_ps={name: round(seconds * 1e12) for name, seconds in latency_s.items()},
            energy_j=energy_j,
            metered_j=trace.totals()["energy_j"],
            attribution=attribute_energy(trace, latency_s, energy_j),
            use=utilisation(trace),
            path_ps=path_shares_ps(trace, longest),
            segments=list(path_segments(trace, longest, np.arange(len(longest.kind)))),
            known=frames_known(trace),
        )


def assert_adds_up(found: Accounts) -> None:
    """Check the accounts of one trace against each other."""
    joules = found.attribution.energy_j
    assert sum(found.latency_ps.values()) == found.elapsed_ps == sum(found.path_ps.values())
    assert found.energy_j == pytest.approx(found.metered_j, rel=1e-12)
    assert found.attribution.spans == tuple(found.latency_ps)
    assert found.attribution.measured
    np.testing.assert_allclose(joules.sum(axis=0), list(found.energy_j.values()), rtol=1e-12)
    constant = found.attribution.components.index("opu.box" if "opu.box" in found.energy_j else "chip.laser")
    watts = joules[:, constant].sum() / found.attribution.time_s.sum()
    np.testing.assert_allclose(joules[:, constant], watts * found.attribution.time_s, rtol=1e-9, atol=1e-18)


def assert_equal(found: Accounts, other: Accounts) -> None:
    """Check that two traces of one run say the same: instants to the picosecond, energies to 1e-12."""
    for name in ("spans", "elapsed_ps", "latency_ps", "use", "path_ps", "segments", "known"):
        assert getattr(found, name) == getattr(other, name), name
    assert found.energy_j == pytest.approx(other.energy_j, rel=1e-12)
    scale = found.attribution.energy_j.sum()
    np.testing.assert_allclose(
        found.attribution.energy_j, other.attribution.energy_j, rtol=1e-12, atol=1e-12 * scale
    )


def projector(seed: int, batches: int, late: int, gap_ps: int) -> Controller:
    """Project batches, of which ``late`` may be under way when the next begins; compute and wait meanwhile."""
    rng = stream(seed, "tests/projector")
    tickets = []
    for number in range(batches):
        vectors = rng.integers(-1, 2, (int(rng.integers(1, 6)), OPU_DESIGN.features)).astype(np.float32)
        vectors[rng.random(len(vectors)) < 0.2] = 0.0
        tickets.append((yield Start(Project(vectors))))
        yield Compute(int(rng.integers(0, 3_000_000)), 1000, "update")
        yield Wait((number + 1) * gap_ps)
        if len(tickets) > late:
            yield Join(tickets.pop(0))
    for ticket in tickets:
        yield Join(ticket)


units = st.fixed_dictionaries(
    {
        "dmd": st.fixed_dictionaries(
            {
                "rows": st.just(40),
                "columns": st.just(40),
                "memory_patterns": st.sampled_from([1, 2, 100]),
                "torn_probability": st.sampled_from([0.0, 0.3]),
                "load_s": st.sampled_from([0.0, 1e-4]),
            }
        ),
        "camera": st.fixed_dictionaries(
            {
                "rows_max": st.just(64),
                "columns": st.just(64),
                "frame_rate_hz": st.sampled_from([None, 1500.0]),
                "missed_probability": st.sampled_from([0.0, 0.2]),
                "buffer_frames": st.sampled_from([1, 16]),
            }
        ),
        "pcie": st.fixed_dictionaries(
            {
                "rate_bit_per_s": st.sampled_from([1e6, 1e8, 1.6e10]),
                "latency_s": st.sampled_from([0.0, 1e-6, 1e-3, 5e-3]),
                "buffer_frames": st.sampled_from([1, 3000]),
                "deadline_s": st.sampled_from([None, 3e-3]),
            }
        ),
        "recovery": st.fixed_dictionaries(
            {"mode": st.sampled_from(["off_axis", "phase_shifting", "intensity"])}
        ),
        "batch_patterns": st.sampled_from([2, 3000]),
        "acquisition": st.sampled_from(["batch", "batch", "online"]),
        "acquisition_s": st.sampled_from([0.0, 1e-3]),
        "format_s_per_byte": st.sampled_from([0.0, 0.0, 1e-5]),
        "count": st.sampled_from([1, 1, 3]),
        "split": st.sampled_from(["patterns", "outputs"]),
        "retries": st.integers(0, 2),
        "skip_zero": st.booleans(),
    }
)
hosts = st.sampled_from(
    [
        HostConfig(),
        HostConfig(bytes_per_s=1e7, flops_per_s=1e9, frame_power_w=60.0),
        HostConfig(overhead_s=2e-3),
    ]
)


@settings(max_examples=15)
@given(units, hosts, st.integers(0, 99), st.integers(0, 2), st.sampled_from([0, 10**9]), st.booleans())
def test_every_account_of_projections_is_the_same_at_every_detail(
    tmp_path_factory: pytest.TempPathFactory,
    unit: dict[str, Any],
    host: HostConfig,
    seed: int,
    late: int,
    gap_ps: int,
    tunes: bool,
) -> None:
    if unit["recovery"]["mode"] == "intensity":  # without phases only binary patterns are recovered
        unit = {**unit, "dmd": {**unit["dmd"], "encoding": "ternary"}, "recovery": {"mode": "off_axis"}}
    lab = with_configs(opu_lab(seed), opu=OpuConfig.model_validate(unit), host=host)
    room = tmp_path_factory.mktemp("agree")

    def agents() -> Mapping[str, Controller]:
        others = {"tuner": queries(4)} if tunes else {}
        return {"projector": projector(seed, 4, late, gap_ps), **others}

    found = [accounts_of(recorded(lab, agents, room, detail)) for detail in ("commands", "full")]
    for one in found:
        assert_adds_up(one)
        assert one.known
    assert_equal(*found)


FAULTS = {"missed": 0.4, "torn": 0.4, "trigger": 2e-4, "link": 3e-3}
"""A value of each hidden state that decides what becomes of frames."""


@settings(max_examples=8)
@given(st.integers(0, 99), st.sampled_from(sorted(FRAME_STATES)), st.integers(0, 20), st.integers(0, 2))
def test_every_account_is_the_same_at_every_detail_while_agents_disturb_frames(
    tmp_path_factory: pytest.TempPathFactory, seed: int, state: str, at_ms: int, late: int
) -> None:
    room = tmp_path_factory.mktemp("agree")

    def fault() -> Controller:
        yield Wait(at_ms * 10**9 + 1)  # no command is issued at that very instant
        yield Disturb(f"opu.{state}", FAULTS[state])
        yield Wait((at_ms + 6) * 10**9 + 1)
        yield Disturb(f"opu.{state}", 0.0)

    def agents() -> Mapping[str, Controller]:
        return {"projector": projector(seed, 6, late, 0), "fault": fault()}

    found = [accounts_of(recorded(opu_lab(seed), agents, room, detail)) for detail in ("commands", "full")]
    for one in found:
        assert_adds_up(one)
        assert one.known
    assert_equal(*found)


def recorded(lab: Laboratory, agents: Any, room: Path, detail: Any) -> Path:
    return run(lab, agents, room / f"{detail}.h5", detail).path


@settings(max_examples=8)
@given(st.integers(1, 12), st.integers(1, 3), st.sampled_from([0.0, 1e-6, 5e-6]))
def test_every_account_of_a_chip_is_the_same_at_every_detail(
    tmp_path_factory: pytest.TempPathFactory, count: int, tuners: int, overhead_s: float
) -> None:
    lab = with_configs(chip_lab(), host=HostConfig(overhead_s=overhead_s))
    room = tmp_path_factory.mktemp("agree")

    def agents() -> Mapping[str, Controller]:
        return {f"tuner{number}": queries(count, 0.1 + number) for number in range(tuners)}

    found = [accounts_of(recorded(lab, agents, room, detail)) for detail in ("commands", "full")]
    for one in found:
        assert_adds_up(one)
        assert one.known is None
    assert_equal(*found)


def test_frames_that_are_cut_in_parts_give_the_same_accounts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = recorded(opu_lab(), lambda: {"projector": projector(0, 5, 2, 0)}, tmp_path, "commands")
    whole = accounts_of(path)
    monkeypatch.setattr(frames, "_PART", 1)
    assert_equal(accounts_of(path), whole)


# ------------------------------------------------------------------------------ where frames are not known
def test_a_trace_whose_configuration_is_another_keeps_its_stages(tmp_path: Path) -> None:
    path = recorded(opu_lab(), lambda: {"projector": projector(0, 3, 1, 0)}, tmp_path, "commands")
    for unit in ("", 'opu = "none"\n', "[opu]\ncolour = 1\n", "[opu.camera]\nexposure_s = 1e-3\n"):
        with open_trace(path) as trace:
            trace.config_text = unit  # what a bench that no study built may say
            assert frames_known(trace) is False
            assert stored_spans(trace) is trace.spans
            assert round(sum(latency_by_span(trace).values()) * 1e12) == trace.elapsed_ps


@pytest.mark.parametrize("detail", ["commands", "summary"])
def test_a_trace_without_projections_has_no_frames(tmp_path: Path, detail: Detail) -> None:
    Recorder.create(tmp_path / "run.h5", Header.now("", 0), detail).close("complete", "", 0, 0)
    with open_trace(tmp_path / "run.h5") as trace:
        assert frames_known(trace) is None


def test_frames_of_commands_that_a_kill_left_out_are_not_missed(tmp_path: Path) -> None:
    path = recorded(opu_lab(), lambda: {"projector": projector(0, 3, 1, 0)}, tmp_path, "commands")
    with open_trace(path) as trace:
        whole = stored_spans(trace)
        cut = _first_projections(trace, 2)
        kept = stored_spans(cut)
    rows = np.isin(whole.command, cut.frames.command)
    assert kept.t_end.tolist() == whole.t_end[rows].tolist()


def _first_projections(trace: Trace, count: int) -> Any:
    """Return a trace of which only the first ``count`` projections are left, as after a kill."""
    kept = type(trace.frames)(*(column[:count] for column in vars(trace.frames).values()))
    mine = np.isin(trace.spans.command, kept.command)
    stages = type(trace.spans)(*(column[mine] for column in vars(trace.spans).values()))

    class Cut:
        frames, spans = kept, stages

        def __getattr__(self, name: str) -> Any:
            return getattr(trace, name)

    return Cut()
