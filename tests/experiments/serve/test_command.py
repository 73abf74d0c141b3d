"""``lightloop serve``: it says where it listens, serves whoever comes, and leaves a trace when it ends."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.trace.open import open_trace
from tests.experiments.command_line import ROOT, refusal
from tests.weights import share_weights
from tests.wire_lab import Dialogue

CODE = "import sys\nfrom experiments.cli import main\nsys.exit(main())"


@pytest.fixture
def served(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[subprocess.Popen[str], Dialogue, Path]]:
    """Serve vowels in a process of its own; return it, a client, and where its trace will be."""
    out = share_weights(tmp_path, tmp_path_factory) / "served.h5"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-P", "-c", CODE, "serve", "vowel_recovery", "--port", "0", "--out", str(out)]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    assert process.stdout is not None
    said = process.stdout.readline()
    found = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+)\n", said)
    assert found is not None, said
    client = Dialogue(int(found[1]))
    yield process, client, out
    client.close()
    process.kill()
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_and_its_trace_is_an_ordinary_one(
    served: tuple[subprocess.Popen[str], Dialogue, Path], number: signal.Signals
) -> None:
    process, client, out = served
    assert client.ask("*IDN?").startswith("Lightloop,chip+host,0,")
    values = int(client.ask("CHIP:SIZE?").split(",")[0])
    client.tell(f"CHIP:INPut {','.join(['0.5'] * values)}")
    for _ in range(3):
        assert client.ask("CHIP:READ?")
    process.send_signal(number)
    said, complained = process.communicate(timeout=60)
    assert process.returncode == 0, complained
    assert f"complete ({number.name} received): 1 clients, 3 queries" in said
    with open_trace(out) as trace:
        assert (trace.status, trace.queries) == ("complete", 3)
        assert trace.labels("commands.agent") == ("client.0",)
        assert 'name = "clients on a wire"' in trace.config_text
        assert len(trace.metrics()["test_accuracy"].value) == 2
    shown = subprocess.run(
        [sys.executable, "-P", "-c", CODE, "inspect", str(out)],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "complete" in shown.stdout


def test_a_control_port_is_announced_with_its_token_and_what_is_done_there_is_in_the_trace(
    tmp_path: Path,
) -> None:
    out = tmp_path / "served.h5"
    command = [sys.executable, "-P", "-c", CODE, "serve", "vowel_recovery", "--port", "0", "--control", "0"]
    process = subprocess.Popen(
        [*command, "--out", str(out)], env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, cwd=tmp_path,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("listening on 127.0.0.1:")
        found = re.fullmatch(
            r"control on 127\.0\.0\.1:(\d+), token ([0-9a-f]{32})\n", process.stdout.readline()
        )
        assert found is not None
        operator = Dialogue(int(found[1]))
        operator.tell(f'TOKen "{found[2]}"')
        assert operator.ask('STAT:SAVE "new";:HIDD "chip.laser",0.5;*OPC?') == "1"
        assert operator.ask("FAUL? \"kind = 'dead_detector', indices = [0]\"") == '"dead_detector.operator0"'
        assert operator.ask('STAT:REST "new";*OPC?;:HIDD? "chip.laser"') == "1;1.0"
        operator.close()
        process.send_signal(signal.SIGTERM)
        said, complained = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0, complained
    assert "0 clients" in said
    with open_trace(out) as trace:
        assert set(trace.labels("commands.agent")) == {"operator.0", "dead_detector.operator0"}
        assert found[2] not in trace.config_text


def test_what_is_refused_is_refused_in_one_line_before_anything_is_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "is unknown" in refusal(capsys, "serve", "no_such_study")
    assert "65535" in refusal(capsys, "serve", "vowel_recovery", "--port", "70000")
    assert "cannot be listened at" in refusal(capsys, "serve", "vowel_recovery", "--listen", "no such place")
    assert "guard.enabled = true is refused" in refusal(
        capsys, "serve", "vowel_recovery", "--set", "guard.enabled=true"
    )
    (tmp_path / "lies.h5").write_text("here")
    assert "lies here already" in refusal(capsys, "serve", "vowel_recovery", "--out", "lies.h5")
    assert not (tmp_path / "out").exists()
    assert (tmp_path / "lies.h5").read_text() == "here"
