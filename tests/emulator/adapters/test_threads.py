"""Every face in many threads: outputs as from one, and each call's time and energy counted once."""

import copy
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from emulator.adapters.lightonml.opu import OPU
from emulator.adapters.session import OpuSession, as_config, with_intensities, without_noise
from emulator.adapters.sklearn_transformer import OpuFeatures
from emulator.adapters.torch_module import OpuProjection
from emulator.instruments.opu.timing import OpuDesign
from emulator.streams import stream

CALLS, THREADS, FEATURES, OUTPUTS = 24, 8, 12, 20
X = stream(0, "test").integers(0, 2, (6, FEATURES)).astype(np.float32)
EXACT = without_noise(as_config("opu_gen2"))


class Face(NamedTuple):
    """Hold a call, and what it has cost so far."""

    call: Callable[[], Any]
    spent: Callable[[], tuple[float, float]]


def session() -> Face:
    unit = OpuSession(with_intensities(EXACT), OpuDesign(FEATURES, OUTPUTS), 1)
    return Face(lambda: unit.project(X).outputs, lambda: (unit.seconds, unit.joules))


def lightonml() -> Face:
    opu = OPU(n_components=OUTPUTS, config=EXACT, seed=1).fit1d(X.astype(bool))
    return Face(lambda: np.asarray(opu.transform(X.astype(bool))), lambda: (opu.seconds, opu.joules))


def features() -> Face:
    unit = OpuFeatures(n_components=OUTPUTS, noise=False, random_state=1).fit(X)
    return Face(lambda: unit.transform(X), lambda: (unit.seconds_, unit.joules_))


def projection() -> Face:
    layer = OpuProjection(FEATURES, OUTPUTS, config=without_noise(as_config("light_in_the_loop")), seed=1)
    return Face(lambda: layer(torch.from_numpy(X)).numpy(), lambda: (layer.seconds, layer.joules))


@pytest.fixture
def hasty_switching() -> Iterator[None]:
    """Let threads change as often as they can, so that what is not guarded fails."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty_switching")
@pytest.mark.parametrize("make", [session, lightonml, features, projection])
def test_calls_of_many_threads_are_right_and_each_is_counted_once(make: Callable[[], Face]) -> None:
    alone, shared = make(), make()
    expected, *_ = [alone.call() for _ in range(CALLS)]
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda _: shared.call(), range(CALLS)))
    assert all(np.array_equal(outputs, expected) for outputs in found)
    assert shared.spent() == pytest.approx(alone.spent(), rel=1e-12)


def test_copies_have_turns_of_their_own() -> None:
    opu = OPU(n_components=OUTPUTS, config=EXACT, seed=1).fit1d(X.astype(bool))
    unit = OpuSession(with_intensities(EXACT), OpuDesign(FEATURES, OUTPUTS), 1)
    for again in (copy.deepcopy(unit), copy.copy(unit)):
        assert np.array_equal(again.project(X).outputs, unit.project(X).outputs)
    other = copy.deepcopy(opu)
    assert np.array_equal(other.transform(X.astype(bool)), opu.transform(X.astype(bool)))
