"""The genetic algorithm keeps to its span, and names the best candidate that was read."""

import numpy as np

from controllers.populations.ga import KIND, GaConfig
from emulator.commands import Incumbent, Sequence
from tests.controllers.known_optimum import SETTING, distance, of_kind, talk


def test_no_candidate_leaves_the_span_and_without_mixing_or_mutation_there_is_nothing_new() -> None:
    commands = list(talk(KIND.start(GaConfig(queries=300, spread_rad=0.3, span_rad=0.2), SETTING).controller))
    rows = np.concatenate([each.radians for each in of_kind(commands, Sequence)])
    off = np.mod(rows - SETTING.phases + np.pi, 2 * np.pi) - np.pi
    assert np.abs(off).max() <= 0.2 + 1e-12


def test_the_incumbent_is_the_best_that_was_read_so_far() -> None:
    commands = list(talk(KIND.start(GaConfig(queries=300, population=10), SETTING).controller))
    best = np.inf
    for sequence, named in zip(of_kind(commands, Sequence), of_kind(commands, Incumbent)[1:], strict=True):
        read = [distance(Incumbent(row)) for row in sequence.radians]
        best = min(best, *read)
        assert distance(named) == best
