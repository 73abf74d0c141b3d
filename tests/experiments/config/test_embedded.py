"""The study in a trace stands as today's keys have it, also when an older Lightloop wrote it."""

from pathlib import Path

from experiments.config.embedded import embedded_study, embedded_toml
from experiments.run.study import Study, study_from_text


def test_the_toml_is_the_studys(small_trace: Path, small_study: Study) -> None:
    assert embedded_study(small_trace) == small_study == study_from_text(embedded_toml(small_trace))
