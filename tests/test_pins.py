"""What is declared is pinned, and the pins fit every machine."""

import re
import tomllib

from tests.test_house_rules import ROOT


def normalised(requirement: str) -> str:
    """Return the package name of a requirement, in the form in which names are compared."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\s\[<>=!~;]", requirement, maxsplit=1)[0]).lower()


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {normalised(name): version for name, version in pairs}


def test_every_declared_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared = [*project["build-system"]["requires"], *project["project"]["dependencies"]]
    for extra in project["project"]["optional-dependencies"].values():
        declared += extra
    assert {normalised(text) for text in declared} - pins().keys() - {"lightloop"} == set()


def test_the_pins_admit_every_build_of_torch_and_bring_no_gpu_packages() -> None:
    assert "+" not in pins()["torch"]
    assert [name for name in pins() if name.startswith(("nvidia", "cuda", "triton"))] == []
