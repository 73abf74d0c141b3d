"""``lightloop run --bench``: a study drives a bench on a wire; what is wrong is said before a file is."""

from pathlib import Path

import pytest

from emulator.clock import PacedClock
from emulator.errors import ConfigError
from emulator.remote.client.dialect import load_dialect
from emulator.remote.client.talk import Talk
from emulator.remote.server.limits import Limits
from emulator.remote.server.pacing import Asap
from emulator.remote.server.service import Service
from emulator.trace.open import open_trace
from experiments.run.bench import make_bench
from experiments.run.elsewhere.elsewhere import Elsewhere, called_up, places_of
from experiments.run.launch import open_study
from experiments.run.prepare import prepare
from experiments.run.run import run_study
from experiments.serve.serve import identity_of
from tests.experiments.command_line import refusal
from tests.simulated_lab import SimulatedWire
from tests.wire_lab import behind_a_door

SHORT = ("controller.queries=40", "controller.batch_size=4")


def served(study_name: str = "vowel_recovery") -> Service:
    study = open_study(study_name, SHORT)
    prepared = prepare(study)
    bench = make_bench(study, prepared, clock=PacedClock())
    service = Service(bench, identity_of(study), Asap(), Limits())
    service.open()
    return service


def test_a_study_ends_at_the_same_phases_on_a_bench_elsewhere_and_its_trace_says_where(
    tmp_path: Path,
) -> None:
    study = open_study("vowel_recovery", SHORT)
    run_study(study, tmp_path / "here.h5")
    with (
        behind_a_door(served()) as hosted,
        called_up(*places_of([f"tcp://127.0.0.1:{hosted.port}"], ())) as there,
    ):
        result = run_study(study, tmp_path / "there.h5", elsewhere=there)
    assert (result.status, result.queries) == ("complete", 40)
    with open_trace(tmp_path / "here.h5") as mine, open_trace(tmp_path / "there.h5") as theirs:
        assert mine.state("final_phases").tobytes() == theirs.state("final_phases").tobytes()
        assert mine.state("initial_phases").tobytes() == theirs.state("initial_phases").tobytes()
        assert (mine.queries, mine.elapsed_s) == (theirs.queries, theirs.elapsed_s)
        losses = [trace.metrics()["train_loss"].value.tolist() for trace in (mine, theirs)]
        assert losses[0] == losses[1]
        assert dict(theirs.versions)["bench"].startswith("Lightloop,chip+host,0,")
        assert "test_accuracy" not in theirs.metrics()


def test_a_bench_to_which_nobody_brings_samples_is_cautioned_of() -> None:
    meter = Talk(SimulatedWire("n7744c"), load_dialect("n7744c"))
    (caution,) = Elsewhere((meter,)).cautions(open_study("vowel_recovery"))
    assert "nothing brings the study's samples to the chip" in caution
    assert Elsewhere((meter,)).cautions(open_study("mnist_odfa")) == ()


def test_as_many_dialects_as_benches_are_named_or_none() -> None:
    with pytest.raises(ConfigError, match="said 1 times and --bench 2 times; allowed: one for each"):
        places_of(["tcp://a:1", "tcp://b:1"], ["lightloop"])
    assert [place.dialect.name for place in places_of(["tcp://a:1", "tcp://b:1"], ())] == ["lightloop"] * 2


def test_what_is_refused_is_refused_in_one_line_before_anything_is_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    there = ("run", "vowel_recovery", "--bench")
    assert "nobody to talk to there" in refusal(capsys, *there, "tcp://127.0.0.1:9")
    assert "allowed: tcp://HOST:PORT" in refusal(capsys, *there, "127.0.0.1:9")
    assert "did you mean 'lightloop'" in refusal(capsys, *there, "tcp://127.0.0.1:9", "--dialect", "lightlop")
    assert "with --bench alone" in refusal(capsys, "run", "vowel_recovery", "--dialect", "lightloop")
    assert "one of --dry-run and --bench" in refusal(capsys, *there, "tcp://127.0.0.1:9", "--dry-run")
    with behind_a_door() as hosted:
        url = f"tcp://127.0.0.1:{hosted.port}"
        assert "both need the same study" in refusal(capsys, *there, url)
        (tmp_path / "other.toml").write_text('title = "t"\nsource = "s"\nidentity = "ACME,*"\n')
        assert "another one is chosen by --dialect" in refusal(
            capsys, *there, url, "--dialect", "./other.toml"
        )
        assert "real_time' is refused with --bench" in refusal(
            capsys, *there, url, "--set", "clock.mode=real_time"
        )
    assert not (tmp_path / "out").exists()
