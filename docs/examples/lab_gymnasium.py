"""A lent bench as a Gymnasium environment: heaters bring a sample to its class; ``python lab_gymnasium.py [PORT]``.

Importing this file registers ``Lightloop/LentChip-v0``; ``gymnasium.make("Lightloop/LentChip-v0", port=5025)``
makes one.
"""

import sys
from typing import Any

import gymnasium
import numpy as np
import pyvisa
from gymnasium.spaces import Box
from numpy.typing import NDArray

Observation = NDArray[np.float64]
TURN = 2 * np.pi
STEP_RAD = 0.1
LIMIT = 1e6


class LentChip(gymnasium.Env[Observation, Observation]):
    """Turn the first ``heaters`` heaters of a chip, so that one output outshines the others.

    An observation is the phases of these heaters, in radians, and what the receivers read. An action adds up to
    +-0.1 rad to each phase. The reward is the logarithm of the softmax of the outputs at ``wanted``. ``reset``
    draws a sample and drives the heaters to where the bench began; it cannot bring back the bench's noise.
    """

    def __init__(self, port: int = 5025, heaters: int = 8, wanted: int = 0) -> None:
        self._wire = pyvisa.ResourceManager("@py").open_resource(
            f"TCPIP::127.0.0.1::{port}::SOCKET", read_termination="\n", write_termination="\n", timeout=60_000
        )
        self._values, outputs = map(int, self._ask("CHIP:SIZE?").split(","))
        self._channels = f"(@1:{heaters})"
        self._wanted = wanted
        low, high = [0.0] * heaters + [-LIMIT] * outputs, [TURN] * heaters + [LIMIT] * outputs
        self.observation_space = Box(np.array(low), np.array(high), dtype=np.float64)
        self.action_space = Box(-STEP_RAD, STEP_RAD, (heaters,), dtype=np.float64)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode with a new sample."""
        super().reset(seed=seed)
        sample = ",".join(map(repr, self.np_random.random(self._values).tolist()))
        self._ask(f"*RST;:CHIP:INPut {sample};*OPC?")
        return self._observed(), {}

    def step(self, action: Observation) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Turn the heaters by ``action``, let the heat settle, and read."""
        phases = (self._numbers(f"CHIP:PHASe? {self._channels}") + action) % TURN
        self._ask(f"CHIP:PHASe {self._channels},{','.join(map(repr, phases.tolist()))};*OPC?")
        observed = self._observed()
        outputs = observed[len(phases) :]
        reward = outputs[self._wanted] - np.logaddexp.reduce(outputs)
        return observed, float(reward), False, False, {}

    def close(self) -> None:
        """Give the bench back."""
        self._wire.close()

    def _ask(self, line: str) -> str:
        return str(self._wire.query(line))

    def _numbers(self, line: str) -> Observation:
        return np.array([float(each) for each in self._ask(line).split(",")])

    def _observed(self) -> Observation:
        return np.concatenate((self._numbers(f"CHIP:PHASe? {self._channels}"), self._numbers("CHIP:READ?")))


def _made(**options: Any) -> LentChip:
    return LentChip(**options)


gymnasium.register("Lightloop/LentChip-v0", _made, nondeterministic=True, max_episode_steps=100)


if __name__ == "__main__":
    world = gymnasium.make("Lightloop/LentChip-v0", port=int(sys.argv[1]) if len(sys.argv) > 1 else 5025)
    world.reset(seed=0)
    world.action_space.seed(0)
    for _ in range(5):
        step = world.step(world.action_space.sample())
        print(f"reward {step[1]:.4f}")
    world.close()
