"""What a shell offers: names that exist and begin as the word does."""

from types import SimpleNamespace
from typing import Any

import pytest

from experiments.cli import main
from experiments.keys import completion


def test_names_are_completed_where_they_stand() -> None:
    assert completion.studies("vowel") == ["vowel_recovery"]
    assert completion.overrides("chip.heaters.settle") == ["chip.heaters.settle_s="]
    assert completion.prefixes("chip.heat")[0] == "chip.heaters"
    assert completion.preset_kinds("c") == ["chip"]
    assert completion.tables("read") == ["readings"]
    context: Any = SimpleNamespace(params={"kind": "host"})
    assert completion.presets(context, "work") == ["workstation"]
    nothing: Any = SimpleNamespace(params={"kind": None})
    assert completion.presets(nothing, "") == []


def test_a_shell_gets_them_from_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_LIGHTLOOP_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "lightloop run vow")
    monkeypatch.setenv("COMP_CWORD", "2")
    with pytest.raises(SystemExit):
        main([])
    assert capsys.readouterr().out.split() == ["vowel_recovery"]
