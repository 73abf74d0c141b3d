"""What if the loop closed on the chip, or on the host? A real run, where readings do not depend on time."""

from pathlib import Path

import numpy as np
import pytest

from emulator.errors import ConfigError
from emulator.trace.open import open_trace
from experiments.replay.modes import replay
from experiments.run.run import run_study
from experiments.run.study import load_study
from experiments.whatif.points import whatif
from tests.experiments.conftest import STUDIES

pytestmark = pytest.mark.usefixtures("in_room")

SHORT = ("controller.queries=120", "evaluation.every_queries=60", "chip.heaters.dynamics=instant")
LOOPS = ("host", "sequencer")


def ran(path: Path, loop: str, *more: str) -> Path:
    run_study(load_study(STUDIES / "vowel_recovery.toml", (*SHORT, f"controller.loop={loop}", *more)), path)
    return path


@pytest.mark.parametrize(("was", "becomes"), [LOOPS, LOOPS[::-1]])
@pytest.mark.parametrize(
    "more",
    [
        (),
        ("controller.queries=83", "controller.power_awareness=0.6"),
        ("controller.queries=61", "controller.selection=bernoulli", "controller.sparsity=0.2"),
    ],
)
def test_a_loop_closed_otherwise_is_the_real_run_to_the_picosecond(
    was: str, becomes: str, more: tuple[str, ...], tmp_path: Path
) -> None:
    recorded, real = ran(tmp_path / "recorded.h5", was, *more), ran(tmp_path / "real.h5", becomes, *more)
    changed = (f"controller.loop={becomes}",)
    (point,) = whatif(recorded, changed).points
    replay(recorded, "closed", tmp_path / "closed.h5", changed)
    with open_trace(real) as then, open_trace(tmp_path / "closed.h5") as now:
        assert point.elapsed_s == then.elapsed_s
        energy_j = then.totals()["energy_j"]
        assert point.energy_j == pytest.approx(sum(energy_j.values()), rel=1e-12)
        assert now.totals()["energy_j"] == pytest.approx(energy_j, rel=1e-12)
        for name in ("kind", "cause", "t_issued", "t_started", "t_done", "target", "value", "result"):
            np.testing.assert_array_equal(getattr(now.commands, name), getattr(then.commands, name), name)
    assert point.warnings == ()


def test_a_loop_is_closed_otherwise_under_other_parameters_too(tmp_path: Path) -> None:
    times = ("chip.link.latency_s=3 us", "chip.sequencer.decision_s=0.2 us", "host.overhead_s=9 us")
    (point,) = whatif(ran(tmp_path / "host.h5", "host"), ("controller.loop=sequencer", *times)).points
    real = run_study(
        load_study(STUDIES / "vowel_recovery.toml", (*SHORT, "controller.loop=sequencer", *times))
    )
    assert point.elapsed_s == real.elapsed_s
    assert point.energy_j == pytest.approx(real.energy_j, rel=1e-12)


def test_heaters_that_take_time_to_settle_are_told(tmp_path: Path) -> None:
    path = ran(tmp_path / "host.h5", "host", "chip.heaters.dynamics=dynamic")
    (point,) = whatif(path, ("controller.loop=sequencer",)).points
    assert any("another loop leaves heaters another time" in warning for warning in point.warnings)


def test_whatever_else_the_controller_chooses_is_refused(tmp_path: Path) -> None:
    path = ran(tmp_path / "host.h5", "host")
    with pytest.raises(ConfigError, match=r"controller\.step_rad = 0\.1 cannot be re-timed"):
        whatif(path, ("controller.loop=sequencer", "controller.step_rad=0.1"))
