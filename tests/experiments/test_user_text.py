"""What users wrote is text wherever it is shown: no markup is obeyed, no sign of theirs reaches a terminal."""

import io
import json
import re
import sys
from pathlib import Path
from typing import Final

import pytest

from controllers.kind import Setting
from emulator.bench import Bench
from emulator.commands import Controller, Log, Probe, SetPhases, Settle
from emulator.trace.open import open_trace
from experiments.cli import main
from experiments.output.streams.standard import visible
from experiments.run.run import run_study
from experiments.run.study import Study

MARKS: Final = "[/red] [bold]x[/bold] [link=http://a.b]y[/link] :smile: $a_b{ <blink>"
ORDERS: Final = "\x1b[2J\x1b]0;owned\x07 \x9b5m\x7f\x08 \u202eback"
TITLE: Final = f"{MARKS} {ORDERS}\nseed 99 complete"
REASON: Final = f"stopped {MARKS} {ORDERS}"
NAMES: Final = "[/red][bold]$a_b{<blink>"
"""Of agents and metrics; characters that command a terminal are refused there."""

RICH: Final = re.compile(r"\x1b\[[0-9;]*m")
"""What rich writes of its own: colours."""

ORDER: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Terminal(io.StringIO):
    """A terminal that shows colours and keeps what it was told."""

    def isatty(self) -> bool:
        return True

    def seen(self) -> str:
        """Return what was written, less the colours of rich; nothing in it commands a terminal."""
        text = RICH.sub("", self.getvalue())
        assert ORDER.findall(text) == []
        return text


@pytest.fixture(scope="module")
def odd(room: Path, small_study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a trace whose every text is odd: path, title, reason, agent, metric."""
    folder = tmp_path_factory.mktemp("odd") / "[bold]$a_b{"
    folder.mkdir()

    def own(setting: Setting) -> Controller:
        batch, phases = next(setting.batches(8)), setting.phases
        yield Log(NAMES, 1.0)
        for heater, phase in zip(setting.heaters.tolist() * 9, phases.tolist() * 9, strict=True):
            yield SetPhases([heater], [phase])
            yield Settle()
            yield Probe([heater], [phase], batch)

    own.__name__ = NAMES

    class Hand:
        every_queries = 30

        def observe(self, bench: Bench) -> dict[str, float]:
            if bench.queries >= self.every_queries:
                bench.stop("failed", REASON)
            return {}

    study = small_study.model_copy(update={"title": TITLE})
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(room)
        run_study(study, folder / "[red]t.h5", [Hand()], own=own)
    return folder / "[red]t.h5"


def shown(words: list[str], monkeypatch: pytest.MonkeyPatch, code: int = 0) -> str:
    """Return what a terminal shows of ``words``, stdout and stderr."""
    out, err = Terminal(), Terminal()
    with monkeypatch.context() as patch:
        patch.setenv("TERM", "xterm-256color")
        patch.delenv("NO_COLOR", raising=False)
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        assert main(words) == code, err.getvalue()
    return out.seen() + err.seen()


VIEWS: Final = {
    "inspect {}": (REASON, NAMES),
    "inspect {} --critical-path": (),
    "inspect {} --json": (),
    "compare {} {}": ("[red]t",),
    "whatif {} --set chip.link.latency_s=1us": (NAMES,),
    "whatif {} --set chip.link.latency_s=1us --csv": (),
    "replay {} --mode closed": ("[bold]$a_b{/[red]t.h5",),
    "tail {} --once": (),
    "config {}": (),
    "figure {} -o {folder}/[red]f.png --force": ("[red]f.png",),
    "report {} -o {folder}/[red]r.html --force": ("[red]r.html",),
    "timeline {} -o {folder}/[red]t.json --force": ("[red]t.json",),
    "export {} --table metrics -o {folder}/[red]e.csv --force": ("[red]e.csv",),
}
"""Commands that show a trace, and what of it each of them shows."""


@pytest.mark.parametrize("line", VIEWS)
def test_a_view_shows_text_as_it_is_and_obeys_nothing(
    line: str, odd: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [word.format(odd, folder=odd.parent) for word in line.split()]
    text = " ".join(shown(words, monkeypatch).split())
    assert "Traceback" not in text
    for told in VIEWS[line]:
        first = " ".join(visible(told, lines=False).split())[:40]
        assert first in text, told


def test_files_hold_the_texts_as_texts(odd: Path, tmp_path: Path) -> None:
    page, timeline, table = (tmp_path / name for name in ("r.html", "t.json", "e.csv"))
    assert main(["report", str(odd), "-o", str(page)]) == 0
    assert main(["timeline", str(odd), "-o", str(timeline)]) == 0
    assert main(["export", str(odd), "--table", "metrics", "-o", str(table)]) == 0
    html = page.read_text(encoding="utf-8")
    assert "<blink>" not in html
    assert "[bold]x[/bold]" in html
    assert NAMES in json.dumps(json.loads(timeline.read_text(encoding="utf-8")))
    assert NAMES in table.read_text(encoding="utf-8")
    with open_trace(odd) as trace:
        assert trace.reason == REASON


@pytest.mark.parametrize(
    "words",
    [
        ["run", f"{ORDERS}{MARKS}"],
        ["run", f"{ORDERS}{MARKS}.toml"],
        ["run", "vowel_recovery", "--set", f"{MARKS}{ORDERS}=1"],
        ["run", "vowel_recovery", "--with", f"{ORDERS}{MARKS}.toml"],
        ["inspect", f"{ORDERS}{MARKS}.h5"],
        ["presets", "chip", f"{ORDERS}{MARKS}"],
        ["presets", f"{ORDERS}{MARKS}"],
        ["keys", f"{ORDERS}{MARKS}"],
        ["studies", f"{ORDERS}{MARKS}"],
        ["paper", f"{ORDERS}{MARKS}"],
        ["check", f"{ORDERS}{MARKS}"],
        ["bench", f"{ORDERS}{MARKS}"],
        [f"{ORDERS}{MARKS}"],
        ["inspect", f"--{ORDERS}{MARKS}"],
    ],
    ids=lambda words: " ".join(words)[:12].encode("ascii", "backslashreplace").decode(),
)
def test_a_refusal_shows_what_was_typed_and_obeys_nothing(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = shown(words, monkeypatch, 2)
    assert text.startswith("lightloop: ")
    assert text.count("\n") == 1


def test_a_preset_file_of_one_s_own_is_printed_and_obeyed_in_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        f'# {MARKS}\npreset = "doped_si"\n[link]\nlatency_s = 1e-6 # \u202eback\n', encoding="utf-8"
    )
    assert MARKS in shown(["presets", "chip", str(path)], monkeypatch)
    assert main(["presets", "chip", str(path)]) == 0
    assert "\u202eback" in capsys.readouterr().out  # a file is a file: byte for byte


def test_what_commands_a_terminal_has_a_sign_of_its_own() -> None:
    assert visible("\x1b[2J\x00\x7f\x9b\u202e\r") == "\u241b[2J\u2400\u2421\ufffd\ufffd\u240d"
    assert visible("a\tb\nc é µ") == "a\tb\nc é µ"
    assert visible("a\tb\nc", lines=False) == "a b c"


def test_every_command_prints_through_the_screen_or_by_say() -> None:
    for path in (Path(__file__).resolve().parents[2] / "experiments").glob("*/command.py"):
        text = path.read_text(encoding="utf-8")
        assert re.findall(r"stdout\.write|(?<!console\.)\bprint\(|\bConsole\(", text) == [], path
