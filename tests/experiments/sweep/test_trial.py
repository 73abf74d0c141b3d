"""Tests of trials: each has a size of its own, named in help and errors, and bad numbers are refused at once."""

from pathlib import Path

import pytest

from emulator.errors import ConfigError
from experiments.sweep.trial import Size, Trial, by_name, listing, run_trial

asked: list[tuple[Path, int, int, int]] = []
TRIALS = by_name(
    Trial(
        "alpha", "how sparse", Size("queries", "queries of a run", 3000), lambda *words: asked.append(words)
    ),
    Trial(
        "light", "with light", Size("epochs", "epochs of a training", 10), lambda *words: asked.append(words)
    ),
)


def test_a_trial_is_given_its_size_or_its_default(tmp_path: Path) -> None:
    asked.clear()
    run_trial("paper", TRIALS, "light", tmp_path)
    run_trial("paper", TRIALS, "light", tmp_path, 3, ["--epochs", "2"], 1)
    run_trial("paper", TRIALS, "alpha", tmp_path, 3, ["--queries=7"], 1)
    assert asked == [(tmp_path, 5, 10, 2), (tmp_path, 3, 2, 1), (tmp_path, 3, 7, 1)]


def test_the_listing_tells_each_size_with_unit_and_default() -> None:
    assert listing(TRIALS)[0] == "alpha: how sparse; --queries N, queries of a run (3,000 unless given)"


@pytest.mark.parametrize(
    ("name", "words", "message"),
    [
        (
            "light",
            ["--queries", "3"],
            r"'--queries' is no option; its size is --epochs N, epochs of a training \(10",
        ),
        ("light", ["--epoch", "3"], "did you mean '--epochs'"),
        ("light", ["--sed", "3"], "did you mean '--seeds'"),
        ("light", ["--epochs"], "--epochs='' is no whole number"),
        ("light", ["--epochs", "many"], "'many' is no whole number"),
        ("light", ["--epochs", "3", "more"], "'more' is no option"),
        ("light", ["--epochs", "0"], "epochs=0 is not allowed; allowed: >= 1"),
        ("lihgt", [], "paper: 'lihgt' is unknown; known: alpha, light. did you mean 'light'"),
    ],
)
def test_an_option_that_is_not_the_trials_is_refused_with_what_is(
    name: str, words: list[str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=message):
        run_trial("paper", TRIALS, name, tmp_path, words=words)


@pytest.mark.parametrize(("seeds", "jobs"), [(0, 1), (1, 0)])
def test_no_seeds_and_no_jobs_are_refused(seeds: int, jobs: int, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="=0 is not allowed"):
        run_trial("paper", TRIALS, "alpha", tmp_path, seeds, (), jobs)
