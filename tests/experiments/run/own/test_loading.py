"""A controller is found by file and name or by what a package offers, and nothing else is run."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from emulator.errors import ConfigError
from experiments.run.own import loading
from experiments.run.own.loading import load_own
from tests.experiments.run.own.test_own import idle


def test_a_function_is_found_in_its_file_with_the_file_s_digest(mine: Path) -> None:
    own = load_own("mine.py:tune")
    assert (own.name, own.agent, len(own.source)) == ("mine.py:tune", "tune", 32)
    assert load_own(str(mine) + ":tune").source == own.source
    mine.write_text(mine.read_text(encoding="utf-8").replace("0.1", "0.2"), encoding="utf-8")
    changed = load_own("mine.py:tune")
    assert changed.source != own.source
    assert changed.function.__defaults__ == (0.2,)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("mne.py:tune", "there is no file mne.py; allowed: FILE.py:NAME; did you mean 'mine.py'"),
        ("away/mine.py:tune", "there is no file"),
        ("mine.txt:tune", "no file of Python"),
        ("mine.py:tun", "'tun' is not there; mine.py has tune, .*; did you mean 'tune'"),
        ("mine.py:table", "'table' is dict and no function"),
        ("mine.py", "it names no function; allowed: mine.py:tune or"),
        ("mine.py:", "it names no function"),
        ("mine", "'mine' is unknown; allowed: FILE.py:NAME"),
        ("syntax.py:tune", r"syntax\.py line 2: "),
        ("absent.py:tune", r"absent\.py line 1: ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("leaving.py:tune", "leaves Python while it is imported"),
        ("bytes.py:tune", "--controller bytes.py:tune: "),
    ],
)
def test_what_is_not_to_be_found_is_refused_with_what_is(named: str, said: str, mine: Path) -> None:
    files = {
        "syntax.py": b"x = 1\ndef tune(:\n",
        "absent.py": b"import nowhere_at_all\n",
        "leaving.py": b"raise SystemExit(3)\n",
        "bytes.py": b"x = '\xff'\n",
    }
    for name, content in files.items():
        (mine.parent / name).write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        load_own(named)


def test_a_file_may_import_what_lies_beside_it(mine: Path) -> None:
    (mine.parent / "lies_beside.py").write_text("GAIN = 0.5\n", encoding="utf-8")
    mine.write_text("from lies_beside import GAIN\n" + mine.read_text(encoding="utf-8"), encoding="utf-8")
    assert load_own("mine.py:tune").agent == "tune"


def test_a_package_offers_controllers_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    offered = [
        EntryPoint("idler", f"{idle.__module__}:idle", loading.ENTRY_POINTS),
        EntryPoint("broken", "nowhere_at_all:idle", loading.ENTRY_POINTS),
    ]
    monkeypatch.setattr(loading, "entry_points", lambda group: offered)
    own = load_own("idler")
    assert (own.name, own.agent, own.function) == ("idler", "idle", idle)
    with pytest.raises(ConfigError, match="did you mean 'idler'"):
        load_own("idle")
    with pytest.raises(ConfigError, match="cannot be imported: ModuleNotFoundError"):
        load_own("broken")
