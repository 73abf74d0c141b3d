"""An output that is no number ends the run at that projection, whichever output it is, and is named."""

import math

import numpy as np
import pytest

from emulator.commands import Controller, Project
from emulator.instruments.opu.optics import OpuCore, Projected
from tests.opu_lab import DESIGN, random_vectors, run_opu, small_opu

NUMBERS = (math.nan, math.inf, -math.inf)


@pytest.mark.parametrize("output", range(DESIGN.outputs))
def test_an_output_that_is_no_number_ends_the_run_at_that_projection(
    output: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    after: list[str] = []
    true = OpuCore.project

    def spoilt(core: OpuCore, vectors: np.ndarray, first: int) -> Projected:
        found = true(core, vectors, first)
        if first:
            found.outputs[1, output] = NUMBERS[output % 3]
        return found

    def agent() -> Controller:
        yield Project(random_vectors(2))
        yield Project(random_vectors(3))
        after.append("gone on")

    monkeypatch.setattr(OpuCore, "project", spoilt)
    outing = run_opu(small_opu(), [agent()])
    assert (outing.result.status, after) == ("diverged", [])
    said = f"opu: output {output} of vector 3 is {NUMBERS[output % 3]}; it would have been commands row 1"
    assert outing.result.reason == said
    assert len(outing.rows.commands) == 1
    assert outing.rows.closings[0][:2] == ("diverged", said)


def test_a_sum_that_no_number_holds_ends_the_run_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def bright(core: OpuCore, vectors: np.ndarray, first: int) -> Projected:
        return Projected(np.full((len(vectors), DESIGN.outputs), 3e38, dtype=np.float32), 0)

    def agent() -> Controller:
        yield Project(random_vectors(2))

    monkeypatch.setattr(OpuCore, "project", bright)
    with np.errstate(over="ignore"):
        assert run_opu(small_opu(), [agent()]).result.status == "diverged"
