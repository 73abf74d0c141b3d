"""Tests of one run: reproducible from its own trace, refused before anything is written, stopped by budgets."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from emulator.bench import Bench
from emulator.config.models import to_toml
from emulator.errors import ConfigError, PhysicsError, TraceError
from emulator.trace.open import open_trace
from emulator.units import s_to_ps
from experiments.agents.disturb import DisturbOptions
from experiments.run.bench import recorder_of
from experiments.run.run import Started, make_bench, prepare, program_of, run_study
from experiments.run.study import Study, study_from_text
from tests.experiments.conftest import STUDIES

pytestmark = pytest.mark.usefixtures("in_room")


def changed(study: Study, **sections: object) -> Study:
    return study.model_copy(update=sections)


class Onlooker:
    """An observer that counts its looks and logs nothing."""

    every_queries = 7
    looks = 0

    def observe(self, bench: Bench) -> Mapping[str, float]:
        self.looks += bench.queries >= 0
        return {}


def test_a_small_recovery_leaves_a_complete_trace(small_trace: Path, small_study: Study) -> None:
    with open_trace(small_trace) as trace:
        assert (trace.status, trace.reason, trace.seed) == ("complete", "", small_study.seed)
        assert trace.queries >= 200
        assert study_from_text(trace.config_text) == small_study
        series = trace.metrics()
        assert series["test_accuracy"].queries.tolist() == [0, 50, 100, 150, 200, trace.queries]
        assert len(trace.state("best_phases")) == len(trace.state("active")) == 448
        moved = np.flatnonzero(trace.state("final_phases") != trace.state("initial_phases"))
        assert set(moved) <= set(np.flatnonzero(trace.state("active")))


def test_the_configuration_in_a_trace_runs_again_bit_for_bit_whoever_looks_on(
    small_trace: Path, tmp_path: Path
) -> None:
    onlooker = Onlooker()
    with open_trace(small_trace) as first:
        run_study(study_from_text(first.config_text), tmp_path / "again.h5", [onlooker])
        with open_trace(tmp_path / "again.h5") as second:
            assert second.digest == first.digest
    assert onlooker.looks > 20


def test_another_seed_is_another_chip_another_batch_order_and_another_run(
    small_trace: Path, small_study: Study, tmp_path: Path
) -> None:
    task = small_study.task.model_copy(update={"seed": small_study.seed})  # the weights stay the same
    run_study(changed(small_study, seed=1, task=task), tmp_path / "other.h5")
    with open_trace(small_trace) as first, open_trace(tmp_path / "other.h5") as second:
        assert first.digest != second.digest
        assert (first.samples.index[:32] != second.samples.index[:32]).any()
        assert (first.state("active") != second.state("active")).any()


def test_the_result_agrees_with_the_trace(small_study: Study, tmp_path: Path) -> None:
    result = run_study(small_study, tmp_path / "run.h5")
    with open_trace(tmp_path / "run.h5") as trace:
        assert (result.status, result.queries, result.elapsed_s) == (
            trace.status,
            trace.queries,
            trace.elapsed_s,
        )


def test_whoever_watches_is_called_before_time_begins(small_study: Study) -> None:
    seen: list[tuple[int, int, Started]] = []
    run_study(small_study, on_start=lambda s: seen.append((s.bench.now_ps, s.bench.queries, s)))
    assert [(now, queries, started.queries) for now, queries, started in seen] == [(0, 0, 200)]
    assert 0.0 < seen[0][2].watch.test <= 1.0


def test_a_spent_budget_ends_the_run_and_keeps_its_trace(small_study: Study, tmp_path: Path) -> None:
    budget = small_study.budget.model_copy(update={"queries": 40})
    result = run_study(changed(small_study, budget=budget), tmp_path / "run.h5")
    assert (result.status, result.queries) == ("budget", 40)
    assert "budget.queries" in result.reason


def test_missing_folders_of_the_trace_are_made(small_study: Study, tmp_path: Path) -> None:
    prepared = prepare(small_study)
    recorder = recorder_of(small_study, tmp_path / "a" / "b" / "run.h5")
    bench = make_bench(small_study, prepared)
    bench.run({"szo_scd": program_of(small_study, prepared).controller}, recorder=recorder)
    assert (tmp_path / "a" / "b" / "run.h5").is_file()


def test_a_folder_that_cannot_be_made_is_refused(small_study: Study, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TraceError, match="cannot be made"):
        recorder_of(small_study, tmp_path / "file" / "run.h5")


def killing(study: Study, heater: int, at_s: float) -> Study:
    """Return ``study`` with an agent that kills ``heater``."""
    entry = f'[[agents]]\nkind = "disturb"\ntarget = "chip.dead"\nindex = {heater}\nvalue = 1.0\nat_s = {at_s!r}\n'
    return study_from_text(to_toml(study).replace("agents = []\n", "") + entry)


def test_an_agent_of_the_study_kills_a_heater_and_what_the_controller_reads_is_another(
    small_trace: Path, small_study: Study, tmp_path: Path
) -> None:
    with open_trace(small_trace) as alone:
        heater = int(np.flatnonzero(alone.state("active") & (alone.state("initial_phases") > 1.0))[0])
        at_s = alone.elapsed_s / 2
        study = killing(small_study, heater, at_s)
        run_study(study, tmp_path / "killed.h5")
        with open_trace(tmp_path / "killed.h5") as killed:
            assert killed.status == "complete"
            assert study_from_text(killed.config_text) == study
            rows = killed.commands
            kinds = np.array(killed.labels("commands.kind"))[rows.kind]
            [place] = np.flatnonzero(kinds == "disturb.dead").tolist()
            assert killed.labels("commands.agent")[rows.agent[place]] == "disturb.0"
            assert (rows.target[place], rows.value[place]) == (heater, 1.0)
            times = {rows.t_issued[place], rows.t_started[place], rows.t_done[place]}
            assert times == {s_to_ps(at_s)}
            others = np.delete(rows.result, place)
            np.testing.assert_array_equal(others[:place], alone.commands.result[:place])
            assert (others[place:][:20] != alone.commands.result[place:][:20]).any()
            assert killed.state("final_phases")[heater] == 0.0
            assert alone.state("final_phases")[heater] != 0.0


@pytest.mark.parametrize(
    ("target", "index", "value", "what"),
    [
        ("chip.dead", 10_000, 1.0, "device 10000 has no heater"),
        ("chip.dead", -1, 1.0, "device -1 has no heater"),
        ("chip.gama", 0, 1.0, "chip.gamma"),
        ("opu.dead", 0, 1.0, "allowed: chip.dead, chip.gamma"),
    ],
)
def test_an_agent_that_would_disturb_what_the_bench_has_not_is_refused_before_anything_is_written(
    small_study: Study, tmp_path: Path, target: str, index: int, value: float, what: str
) -> None:
    options = DisturbOptions(kind="disturb", target=target, index=index, value=value, at_s=1e6)
    study = small_study.model_copy(update={"agents": (options,)})
    with pytest.raises(ConfigError, match=rf"agents\[0\]: .*{what}"):
        run_study(study, tmp_path / "deep" / "run.h5")
    assert list(tmp_path.iterdir()) == []


def test_light_too_weak_for_its_noise_is_refused_before_anything_is_written(
    small_study: Study, tmp_path: Path
) -> None:
    dark = small_study.chip.model_copy(
        update={"laser": small_study.chip.laser.model_copy(update={"power_w_per_wavelength": 0.0})}
    )
    with pytest.raises(PhysicsError, match="laser"):
        run_study(changed(small_study, chip=dark), tmp_path / "new" / "run.h5")
    assert list(tmp_path.iterdir()) == []


def test_a_batch_larger_than_the_training_set_is_refused_before_anything_is_written(
    small_study: Study, tmp_path: Path
) -> None:
    greedy = small_study.controller.model_copy(update={"batch_size": 100_000})
    with pytest.raises(ConfigError, match=r"batch_size = 100000 is refused"):
        run_study(changed(small_study, controller=greedy), tmp_path / "new" / "run.h5")
    assert list(tmp_path.iterdir()) == []


def test_the_shipped_studies_lie_where_the_package_says() -> None:
    assert sorted(path.stem for path in STUDIES.glob("*.toml")) == [
        "climate_bench_odfa",
        "climate_na_odfa",
        "dialogue_odfa",
        "fashion_cnn_recovery",
        "fashion_diffusion_odfa",
        "fashion_odfa",
        "fashion_recovery",
        "figure4",
        "lab_loop",
        "matrix_recovery",
        "mnist16_diffusion_odfa",
        "mnist_cnn_recovery",
        "mnist_light",
        "mnist_odfa",
        "mnist_recovery",
        "paper_accuracy",
        "paper_power",
        "transformer_1b",
        "vowel_recovery",
    ]
