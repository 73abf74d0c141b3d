"""Tests of ``lightloop paper what_ifs``: one number changes, and light gains and loses where it should."""

from pathlib import Path

from experiments.paper.training_time.what_ifs import (
    QUESTIONS,
    WHAT_IFS,
    Answer,
    Question,
    _draw,
    _table,
    answered,
    thinned,
)


def ratios(question: Question) -> list[float]:
    found = answered(question, 2)
    return [one.odfa.seconds_per_sample / one.bp.seconds_per_sample for one in found]


def question(key: str) -> Question:
    return next(one for one in QUESTIONS if one.key == key)


def test_light_gains_with_width_and_rate_and_loses_with_the_batch() -> None:
    for key in ("workload.width", "opu.camera.frame_rate_hz", "opu.count"):
        first, last = ratios(question(key))
        assert last < first
    first, last = ratios(question("workload.batch"))
    assert last > first


def test_a_curve_keeps_its_ends_when_it_is_thinned() -> None:
    assert thinned((1, 2, 4, 8, 16), 3) == (1, 4, 16)
    assert thinned((1, 2), 9) == (1, 2)
    assert thinned((1, 2, 3), 1) == (1,)


def test_a_variant_is_timed_from_the_second_value_on_and_all_is_drawn(tmp_path: Path) -> None:
    small = Question("GPUs", "transformer_1b", "gpu.count", (1, 2), variant=question("gpu.count").variant)
    answers = answered(small)
    assert [(one.value, one.variant) for one in answers] == [(1, False), (2, False), (2, True)]
    assert "pipeline" in _table(small, answers).texts()[2]
    found: list[tuple[Question, list[Answer]]] = [(small, answers)] * len(QUESTIONS)
    _draw(found, tmp_path / "what_ifs.png", "label")
    assert (tmp_path / "what_ifs.png").stat().st_size > 0


def test_a_quick_run_has_few_points() -> None:
    assert WHAT_IFS.quick is not None
    assert WHAT_IFS.quick.size == 3
