"""A run that was cut off is called a fragment by every command that shows or re-uses its trace."""

from pathlib import Path

import pytest

from emulator.bench import Bench
from emulator.trace.open import open_trace
from experiments.cli import main
from experiments.figure.style import title_of
from experiments.run.run import run_study
from experiments.run.study import Study

NOTE = "a fragment, not a whole study: its run was cut off (aborted) after"


@pytest.fixture(scope="module")
def fragment(room: Path, small_study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the trace of a run that somebody ended before its time."""
    out = tmp_path_factory.mktemp("fragment") / "cut.h5"

    class Hand:
        every_queries = 80

        def observe(self, bench: Bench) -> dict[str, float]:
            if bench.queries >= self.every_queries:
                bench.stop("aborted", "SIGINT received")
            return {}

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(room)
        run_study(small_study, out, [Hand()])
    return out


@pytest.mark.parametrize(
    "words",
    [
        ("inspect", "{}"),
        ("whatif", "{}", "--set", "host.overhead_s=1 us"),
        ("whatif", "{}", "--set", "host.overhead_s=1 us", "--json"),
        ("whatif", "{}", "--set", "host.overhead_s=1 us", "--csv"),
        ("replay", "{}", "--mode", "closed"),
        ("timeline", "{}", "-o", "{}.json"),
        ("export", "{}", "--table", "metrics", "-o", "{}.csv"),
        ("figure", "{}", "-o", "{}.svg"),
    ],
    ids=" ".join,
)
def test_a_fragment_is_called_one(
    words: tuple[str, ...], fragment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([word.format(fragment) for word in words]) == 0
    assert NOTE in " ".join(capsys.readouterr().out.split())


def test_a_comparison_says_which_is_one(
    fragment: Path, small_trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", str(fragment), str(small_trace)]) == 0
    said = capsys.readouterr().out
    assert "aborted: a fragment" in " ".join(said.split())
    assert NOTE not in said


def test_a_figure_and_a_page_say_it_themselves(fragment: Path, tmp_path: Path) -> None:
    page = tmp_path / "cut.html"
    with open_trace(fragment) as trace:
        assert title_of(trace).splitlines()[-1].startswith(NOTE)
    assert main(["report", str(fragment), "-o", str(page)]) == 0
    assert NOTE in page.read_text(encoding="utf-8")


def test_a_whole_run_is_called_nothing(small_trace: Path) -> None:
    with open_trace(small_trace) as trace:
        assert "fragment" not in title_of(trace)
