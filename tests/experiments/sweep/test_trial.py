"""Tests of trials: each has a size of its own, named in help and errors, and bad numbers are refused at once."""

from pathlib import Path

import pytest

from emulator.errors import ConfigError
from experiments.sweep.trial import Quick, Size, Trial, by_name, choose, listing

Asked = tuple[Path, int, int, int]


def asked(out: Path, seeds: int, size: int, jobs: int) -> Asked:
    return out, seeds, size, jobs


TRIALS = by_name(
    Trial("alpha", "how sparse", Size("queries", "queries of a run", 3000), asked, Quick(2, 30)),
    Trial("light", "with light", Size("epochs", "epochs of a training", 10), asked),
)


def test_a_trial_is_given_its_size_or_its_default(tmp_path: Path) -> None:
    assert choose("paper", TRIALS, "light").run(tmp_path) == (tmp_path, 5, 10, 2)
    assert choose("paper", TRIALS, "light", 3, ["--epochs", "2"], 1).run(tmp_path) == (tmp_path, 3, 2, 1)
    assert choose("paper", TRIALS, "alpha", 3, ["--queries=7"], 1).run(tmp_path) == (tmp_path, 3, 7, 1)


def test_a_quick_trial_is_small_where_the_user_says_nothing(tmp_path: Path) -> None:
    assert choose("paper", TRIALS, "alpha", quick=True).run(tmp_path) == (tmp_path, 2, 30, 2)
    assert choose("paper", TRIALS, "alpha", 4, quick=True).run(tmp_path)[1:3] == (4, 30)
    assert choose("paper", TRIALS, "alpha", None, ["--queries", "9"], quick=True).run(tmp_path)[1:3] == (2, 9)


def test_a_trial_that_is_less_than_the_whole_says_by_how_much() -> None:
    assert choose("paper", TRIALS, "alpha").shortfall == ""
    assert choose("paper", TRIALS, "alpha", 6, ["--queries", "4000"]).shortfall == ""
    said = choose("paper", TRIALS, "alpha", 2).shortfall
    assert said == "seeds 2, queries of a run 3,000; in full seeds 5, queries of a run 3,000"


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
    name: str, words: list[str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        choose("paper", TRIALS, name, words=words)


@pytest.mark.parametrize(("seeds", "jobs"), [(0, 1), (1, 0)])
def test_no_seeds_and_no_jobs_are_refused(seeds: int, jobs: int) -> None:
    with pytest.raises(ConfigError, match="=0 is not allowed"):
        choose("paper", TRIALS, "alpha", seeds, (), jobs)
