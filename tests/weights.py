"""One place for the weights that a session of tests trains, whichever of its processes needs them; no test here."""

import os
from pathlib import Path

import pytest


def share_weights(folder: Path, factory: pytest.TempPathFactory) -> Path:
    """Give ``folder`` the ``.cache`` of the session, so that a network is trained once, and return ``folder``."""
    base = factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "weights"
    shared.mkdir(exist_ok=True)
    (folder / ".cache").symlink_to(shared, target_is_directory=True)
    return folder
