"""What a served study says of itself."""

from pathlib import Path

import pytest

from emulator.remote.server.pacing import Asap, RealTime, Stepped
from experiments.run.launch import open_study
from experiments.serve.serve import CLIENTS, Paced, default_out, identity_of, with_clients


def test_a_served_study_says_that_clients_drive_it_and_gives_them_no_budget_of_a_controller() -> None:
    study = open_study("mnist_recovery")
    served = with_clients(study)
    assert (served.controller.kind, getattr(served.controller, "name", "")) == ("own", CLIENTS)
    assert served.batch_size == study.batch_size
    assert served.budget == study.budget
    assert served.lab() == study.lab()
    assert with_clients(served) == served


def test_an_identity_names_maker_instruments_seed_and_version() -> None:
    assert identity_of(open_study("mnist_odfa", seed=7)).split(",")[:3] == ["Lightloop", "opu+host", "7"]


def test_traces_of_a_study_that_is_served_again_are_numbered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    assert default_out("a/b.toml") == Path("out/b-served-1.h5")
    (tmp_path / "out" / "b-served-1.h5.journal").touch()
    assert default_out("b") == Path("out/b-served-2.h5")


def test_a_pace_is_made_by_its_name() -> None:
    assert isinstance(Paced("asap").pace(), Asap)
    assert isinstance(Paced("stepped").pace(), Stepped)
    assert isinstance(Paced("realtime", 2.0).pace(), RealTime)
