"""What `make` lets through to the tests: nothing by which the caller's environment would choose kernels."""

import os
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
