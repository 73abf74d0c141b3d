"""Benches of studies: what cannot be done is refused before a file exists, with what would fit."""

from pathlib import Path

import pytest

from emulator.errors import ConfigError
from experiments.run.run import run_study
from experiments.run.study import Study, study_from_overrides


def slow_light(*more: str) -> Study:
    """Return a training whose camera takes a frame in a hundred thousand seconds: 184 frames last 106 days."""
    return study_from_overrides(
        (
            "controller.kind=odfa", "controller.epochs=1", "task.name=mnist8x8", "task.hidden=[8]",
            "opu.preset=light_in_the_loop", "opu.camera.frame_rate_hz=1e-5", *more,
        ),
        "slow light",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ((), "106 days"),
        (("opu.camera.frame_rate_hz=1e-7",), "allowed: faster parts"),
        (("opu.camera.frame_rate_hz=1e-7", "budget.time_s=1"), "106 days"),
        (("budget.queries=300",), r"budget\.queries = \d+ would fit"),
    ],
)
def test_a_run_beyond_the_range_of_time_is_refused_before_anything_is_written(
    tmp_path: Path, more: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        run_study(slow_light(*more), tmp_path / "slow.h5")
    assert list(tmp_path.iterdir()) == []


def test_what_is_said_to_fit_fits(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        run_study(slow_light("budget.queries=300"), tmp_path / "slow.h5")
    most = str(refused.value).partition("budget.queries = ")[2].partition(" ")[0]
    study = slow_light(f"budget.queries={most}", f"controller.batch_size={most}", "trace.detail=summary")
    assert run_study(study, tmp_path / "most.h5").queries == int(most)
