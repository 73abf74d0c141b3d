"""The rival's side of the projection benchmark: lightonml's simulated OPU, timed in a process of its own.

It runs by its path with the Python of another environment, in which Lightloop is not installed; so it imports
nothing of the house. Each line of its input asks, as JSON, for some calls of one method at one size; each line of
its output tells the CPU and wall seconds that they took.
"""

import json
import sys
import time
import warnings
from typing import Any

import numpy as np


def main(sizes: list[list[int]], batch: int) -> None:
    """Make one OPU a size, say that it is ready, and serve requests until the input ends."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lightonml  # type: ignore[import-not-found]  # it lives in the rival's environment
    units = [_unit(lightonml, inputs, outputs, batch) for inputs, outputs in sizes]
    print(json.dumps({"version": lightonml.__version__}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        opu, vectors = units[asked["size"]]
        method = getattr(opu, asked["method"])
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        for _ in range(asked["calls"]):
            method(vectors)
        cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
        print(json.dumps({"cpu_s": cpu_s, "wall_s": wall_s}), flush=True)


def _unit(lightonml: Any, inputs: int, outputs: int, batch: int) -> tuple[Any, Any]:
    opu = lightonml.OPU(n_components=outputs, max_n_features=inputs, simulated=True)
    # Half of the entries are ones, in no order that matters: the cost does not depend on them.
    vectors = ((np.arange(batch * inputs) * 2_654_435_761 >> 16) & 1).astype(np.uint8).reshape(batch, inputs)
    opu.fit1d(vectors)
    return opu, vectors


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), int(sys.argv[2]))
