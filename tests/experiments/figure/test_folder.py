"""The folder of a sweep is drawn anew from its table, as the sweep drew it; what is no sweep is refused."""

from pathlib import Path

import pytest

from emulator.errors import ConfigError
from experiments.figure.folder import draw_folder, read_summary
from experiments.output.pareto import goals_of
from experiments.output.statistics import share_interval
from experiments.sweep.folder import Record
from experiments.sweep.plan import plan_of
from experiments.sweep.results import Row, to_csv
from experiments.sweep.summary import summarize
from experiments.sweep.sweep import sweep
from tests.experiments.sweep.runs import SHORT, Here

GOALS = "accuracy,energy_j"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Return a folder with the table of a sweep over texts, numbers and lists, of which one run failed."""
    sweeps = ("task.split=random,speaker", "chip.dac.bits=6,8")
    plan = plan_of("vowel_recovery", sweeps, 2, SHORT)
    rows = []
    for number, run in enumerate(plan.runs):
        numbers = {
            "accuracy": 0.5 + 0.05 * number,
            "test_samples": 50.0,
            "elapsed_s": 1e-3,
            "energy_j": 1.0 / (1 + number),
        }
        failed = number == 3
        record = Record("failed" if failed else "complete", 'why, "so"', 1, {} if failed else numbers)
        rows.append(Row.of(run, record, share_interval))
    (tmp_path / "results.csv").write_text(to_csv(rows, plan.paths), encoding="utf-8")
    expected = summarize(plan, rows, tmp_path.name, goals_of(GOALS))
    assert read_summary(tmp_path, goals_of(GOALS)).to_csv() == expected.to_csv()
    return tmp_path


def test_what_is_drawn_is_what_the_sweep_drew(in_room: Path, tmp_path: Path) -> None:
    out = tmp_path / "s"
    axes = {"chip.dac.bits": [6, 8]}
    changes = {"controller.queries": 40, "evaluation.every_queries": 20, "task.seed": 0}
    sweep("vowel_recovery", axes, out, changes=changes, executor=Here(), pareto=GOALS)
    names = ("sweep.png", "sweep.svg", "pareto.png", "pareto.svg")
    before = {name: (out / name).read_bytes() for name in names}
    for name in names:
        (out / name).unlink()
    drawn = (*draw_folder(out), *draw_folder(out, pareto=GOALS))
    assert drawn == tuple(out / name for name in names)
    assert {name: (out / name).read_bytes() for name in names} == before


def test_an_image_elsewhere_is_replaced_only_by_force(table: Path) -> None:
    out = table / "mine.pdf"
    assert draw_folder(table, out) == (out,)
    with pytest.raises(ConfigError, match="--force"):
        draw_folder(table, out)
    assert draw_folder(table, out, kind="pareto", pareto=GOALS, force=True) == (out,)


def test_what_is_asked_for_and_not_there_is_refused(table: Path) -> None:
    for words, said in (
        ({"kind": "learning"}, r"allowed: sweep, pareto, or traces: .*/traces/\*\.h5"),
        ({"kind": "pareto"}, "belong together"),
        ({"kind": "sweep", "pareto": GOALS}, "belong together"),
        ({"pareto": "accuracy,energy"}, "no run has a 'energy'"),
    ):
        with pytest.raises(ConfigError, match=said):
            draw_folder(table, **words)  # type: ignore[arg-type]
    assert sorted(path.name for path in table.iterdir()) == ["results.csv"]


def test_a_folder_that_is_no_sweeps_is_refused_with_what_it_holds(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no results\.csv; it holds nothing"):
        draw_folder(tmp_path)
    for number in range(7):
        (tmp_path / f"{number}.h5").touch()
    with pytest.raises(
        ConfigError, match=r"it holds 0\.h5, .*4\.h5 and 2 more; allowed: traces, or the folder"
    ):
        draw_folder(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "found: none"),
        ("a,b\n1,2\n", "found: a, b"),
        ("point,seed,name,status,reason\n", "expected columns: point, the swept paths"),
        ("point,x,seed,name,status,reason,accuracy\n1,2,0,a,complete,\n", "line 2: this is no row"),
        ("point,x,seed,name,status,reason,accuracy\n1,2,0,a,complete,,much\n", "line 2: this is no row"),
        (
            "point,x,seed,name,status,reason,accuracy\n1,2,0,a,failed,why,\n",
            "no run of this sweep has finished",
        ),
        ("\xff", "no table of a sweep"),
    ],
)
def test_a_table_that_is_none_is_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "results.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        draw_folder(tmp_path)
