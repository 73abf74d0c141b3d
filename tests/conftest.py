"""Settings of every test process, and what all tests share; other fixtures live beside the tests that use them."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

# Tests run side by side, so each keeps to one thread; this must come before NumPy or torch is first imported.
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
os.environ.setdefault("MPLBACKEND", "Agg")

# No deadline: a compiled kernel makes the first example slow. In CI the examples are the same at every run.
# `make slow` tries many more of them, by the profile "thorough".
settings.register_profile(
    "lightloop", deadline=None, derandomize=bool(os.environ.get("CI")), print_blob=True, max_examples=40
)
settings.register_profile("thorough", deadline=None, print_blob=True, max_examples=400)
settings.load_profile("lightloop")


@pytest.fixture(autouse=True, scope="session")
def _traces_are_converted_here() -> Iterator[None]:
    """Convert journals in this process: a child would cost each of hundreds of small traces half a second.

    What the child is for (crashes, signals, full disks) is tested where ``converts_in_child`` is asked for, and
    wherever a run has a process of its own.
    """
    from tests.conversion import convert_here

    with convert_here():
        yield


@pytest.fixture
def converts_in_child() -> Iterator[None]:
    """Convert journals as runs do: in a child process."""
    from tests.conversion import convert_in_child

    with convert_in_child():
        yield
