"""What `make` lets through to the tests: nothing by which the caller's environment would choose kernels."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
GIVEN = {
    "OPENBLAS_CORETYPE": "Prescott",
    "OPENBLAS_L2_SIZE": "1",
    "OPENBLAS_NUM_THREADS": "7",
    "MKL_CBWR": "COMPATIBLE",
    "NPY_DISABLE_CPU_FEATURES": "AVX2",
    "NUMBA_CPU_NAME": "generic",
    "NUMBA_CACHE_DIR": "kernels",
    "ATEN_CPU_CAPABILITY": "default",
}
SHOW = "show: ; @env"


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_no_variable_that_chooses_kernels_reaches_a_recipe() -> None:
    done = subprocess.run(
        ["make", "--no-print-directory", "-C", str(ROOT), "--eval", SHOW, "show"],
        env={**os.environ, **GIVEN},
        capture_output=True,
        text=True,
        check=True,
    )
    seen = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    assert {name: seen[name] for name in GIVEN if name in seen} == {
        "OPENBLAS_NUM_THREADS": "1",
        "NUMBA_CACHE_DIR": "kernels",
    }


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_the_target_of_faults_runs_every_test_and_every_check_that_the_page_of_endurance_names() -> None:
    said = subprocess.run(
        ["make", "--no-print-directory", "-C", str(ROOT), "--dry-run", "faults"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    page = (ROOT / "docs" / "endurance.md").read_text(encoding="utf-8")
    for file in re.findall(r"tests/[a-z0-9_/]+\.py", page):
        assert file in said
    assert "slow or not slow" in said
    found = subprocess.run(
        ["make", "--no-print-directory", "-C", str(ROOT), "--eval", "show: ; @$(FAULT_CHECKS)", "show"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert set(found) == set(re.findall(r"`(lightloop check [^`]+)`", page))
    assert {line.split()[2] for line in found} >= {
        "kills",
        "faults",
        "guard",
        "attack",
        "determinism",
        "--seeds",
    }
