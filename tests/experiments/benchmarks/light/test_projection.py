"""The benchmark of light, made short: its results are complete and finite; nobody looks at how fast it was."""

import math
import sys
from pathlib import Path

import pytest

from emulator.errors import LightloopError
from experiments.benchmarks.light.odfa_epoch import epoch_cost, epoch_study
from experiments.benchmarks.light.optics import field_cost
from experiments.benchmarks.light.projection import LightEffort, ProjectionSize, measure_light
from experiments.benchmarks.light.rival import LightonmlProcess

SMALL = LightEffort(
    rounds=1,
    batch=4,
    sizes=(ProjectionSize(10, 500, 2, ""),),
    images=((16, 32, 2),),
    epoch_rounds=1,
    epoch_task="vowel",
)


@pytest.fixture
def stand_in(tmp_path: Path) -> str:
    """Return an interpreter that runs the rival's script with a stand-in for lightonml."""
    package = tmp_path / "lightonml"
    package.mkdir()
    (package / "__init__.py").write_text(
        "__version__ = '0.0'\n"
        "class OPU:\n"
        "    def __init__(self, n_components, max_n_features, simulated): pass\n"
        "    def fit1d(self, x): self.fitted = x\n"
        "    def transform(self, x): return sum(range(10_000))\n"
        "    linear_transform = transform\n"
    )
    python = tmp_path / "python"
    python.write_text(
        f"#!/bin/sh\nshift\nscript=$1\nshift\n"
        f'PYTHONPATH="{tmp_path}" exec "{sys.executable}" -P "$script" "$@"\n'
    )
    python.chmod(0o755)
    return str(python)


@pytest.mark.slow
def test_a_short_benchmark_returns_every_number(stand_in: str, capsys: pytest.CaptureFixture[str]) -> None:
    results = measure_light(SMALL, stand_in)
    named = {"projection_over_lightonml_10x500", "linear_projection_over_lightonml_10x500"}
    named |= {"structured_1e6_s", "structured_1e6_peak_mb", "odfa_epoch_over_torch"}
    assert named | {"field_frames_per_s_16x32", "field_fft_share_16x32"} == results.keys()
    assert all(math.isfinite(value) and value > 0 for value in results.values())
    assert "rival: lightonml 0.0" in capsys.readouterr().out


def test_the_rival_takes_turns_in_a_process_of_its_own(stand_in: str) -> None:
    with LightonmlProcess(stand_in, [(10, 500)], batch=4) as rival:
        cost = rival.workload(0, "transform", 3)()
    assert rival.version == "0.0"
    assert cost.cpu_s >= 0
    assert cost.wall_s > 0


def test_an_interpreter_without_the_rival_is_told_by_its_last_line(tmp_path: Path) -> None:
    with (
        pytest.raises(LightloopError, match="No module named 'lightonml'"),
        LightonmlProcess(sys.executable, [(10, 500)], batch=4),
    ):
        pass
    with pytest.raises(LightloopError, match="cannot be run"):
        LightonmlProcess(str(tmp_path / "nowhere"), [(10, 500)], batch=4)


def test_shares_of_a_hologram_are_parts_of_one_whole() -> None:
    cost = field_cost(32, 64, 4, rounds=1)
    assert all(share > 0 for share in cost.shares)
    assert sum(cost.shares) < 1
    assert cost.frames_per_s > 0


def test_both_epochs_train_on_the_same_samples() -> None:
    study = epoch_study("vowel")
    task = study.task.model_copy(update={"hidden": (16, 16)})
    cost = epoch_cost(study.model_copy(update={"task": task}), rounds=1)
    assert cost.samples > 0
    assert cost.ratio.value > 0
