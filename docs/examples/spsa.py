"""Simultaneous perturbation: two queries tell how the loss changes along one random direction of all heaters."""

import numpy as np

from lightloop import Controller, Incumbent, Log, Probe, Setting, cross_entropy


def spsa(setting: Setting, gain: float = 0.1, probe_rad: float = 0.02) -> Controller:
    """Follow the slope of the loss along random directions, by ``gain`` a step."""
    heaters, phases = setting.heaters.tolist(), setting.phases.copy()
    for batch in setting.batches:
        way = setting.rng.choice((-1.0, 1.0), size=len(phases))
        above = yield Probe(heaters, list((phases + probe_rad * way) % (2 * np.pi)), batch)
        below = yield Probe(heaters, list((phases - probe_rad * way) % (2 * np.pi)), batch)
        losses = [cross_entropy(reading.outputs, batch.labels) for reading in (above, below)]
        phases -= gain * (losses[0] - losses[1]) / (2 * probe_rad) * way / len(phases)
        yield Incumbent(phases % (2 * np.pi))  # what is judged: probes scatter around it
        yield Log("train_loss", sum(losses) / 2)
