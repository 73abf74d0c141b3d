"""Settings of every test process; fixtures live beside the tests that use them, not here."""

import os

from hypothesis import settings

# Tests run side by side, so each keeps to one thread; this must come before NumPy or torch is first imported.
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
os.environ.setdefault("MPLBACKEND", "Agg")

# No deadline: a compiled kernel makes the first example slow. In CI the examples are the same at every run.
settings.register_profile("lightloop", deadline=None, derandomize=bool(os.environ.get("CI")), print_blob=True)
settings.load_profile("lightloop")
