"""Traces are grouped by what they are: seeds apart, in order, and nothing is counted twice."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from emulator.trace import Header, Recorder
from emulator.trace.open import open_trace
from experiments.inspect.seeds import SeedGroup, seed_groups, seeds_text, tree_of


def trace(out: Path, text: str, seed: int, status: str = "complete") -> Path:
    Recorder.create(out, Header.now(text, seed)).close(status, "", 0, 0)  # type: ignore[arg-type]
    return out


def grouped(paths: Sequence[Path]) -> tuple[SeedGroup, ...]:
    with ExitStack() as stack:
        return seed_groups(
            [stack.enter_context(open_trace(path)) for path in paths], [path.stem for path in paths]
        )


def bits(folder: Path, number: int, seed: int) -> Path:
    text = f"seed = {seed}\n[chip.dac]\nbits = {number}\n[task]\nseed = {seed}\n"
    return trace(folder / f"b{number}s{seed}.h5", text, seed)


def test_what_differs_in_seeds_alone_is_a_group_named_by_what_sets_it_apart(tmp_path: Path) -> None:
    found = grouped([bits(tmp_path, number, seed) for seed in (0, 1, 2) for number in (6, 8)])
    assert [(one.name, one.members, one.seeds) for one in found] == [
        ("bits = 6", (0, 2, 4), (0, 1, 2)),
        ("bits = 8", (1, 3, 5), (0, 1, 2)),
    ]


def test_a_trace_that_is_alone_keeps_its_name(tmp_path: Path) -> None:
    found = grouped([bits(tmp_path, 6, 0), bits(tmp_path, 6, 1), bits(tmp_path, 8, 0)])
    assert [one.name for one in found] == ["bits = 6", "b8s0"]


def test_the_same_seed_again_is_no_further_sample(tmp_path: Path) -> None:
    one, other = bits(tmp_path, 6, 0), bits(tmp_path, 6, 1)
    assert [group.members for group in grouped([one, one])] == [(0,), (1,)]
    assert [group.members for group in grouped([one, other, one])] == [(0, 1), (2,)]


def test_a_fragment_is_not_averaged_with_whole_runs(tmp_path: Path) -> None:
    cut = trace(tmp_path / "cut.h5", "a = 1\n", 1, "failed")
    assert len(grouped([trace(tmp_path / "a.h5", "a = 1\n", 0), cut])) == 2


def test_pairs_have_the_same_seeds_in_both_groups(tmp_path: Path) -> None:
    first, second = grouped([
        bits(tmp_path, 6, 0), bits(tmp_path, 6, 1), bits(tmp_path, 8, 2), bits(tmp_path, 8, 1)
    ])  # fmt: skip
    assert second.paired(first) == [(3, 1)]


def test_one_group_alone_is_named_by_its_first_trace(tmp_path: Path) -> None:
    (found,) = grouped([bits(tmp_path, 6, 0), bits(tmp_path, 6, 1), bits(tmp_path, 6, 2)])
    assert found.name == "b6s0 and 2 more"


def test_a_configuration_that_is_no_toml_has_no_keys(tmp_path: Path) -> None:
    with open_trace(trace(tmp_path / "a.h5", "no toml", 0)) as found:
        assert tree_of(found) == {}


@pytest.mark.parametrize(
    ("seeds", "text"), [((0, 1, 2), "0 to 2"), ((3, 1), "1, 3"), ((5,), "5"), ((7, 1, 2), "1, 2, 7")]
)
def test_seeds_are_written_as_people_do(seeds: tuple[int, ...], text: str) -> None:
    assert seeds_text(seeds) == text
