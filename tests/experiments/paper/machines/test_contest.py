"""Every kind that tunes a chip takes part, and a budget's leader is who is best within it."""

import numpy as np

from controllers.kind import DEPLOYMENT
from controllers.registry import CONTROLLERS
from experiments.paper.machines.contest import Contestant, contestants, leader
from tests.experiments.paper.outcomes import of_curve


def test_every_kind_that_tunes_deployed_weights_takes_part_with_each_of_its_loops() -> None:
    found = contestants()
    tuners = {kind.name for kind in CONTROLLERS.values() if DEPLOYMENT in kind.needs}
    assert {one.kind for one in found} == tuners
    assert {one.loop for one in found if one.kind == "szo_scd"} == {"host", "sequencer"}


def test_a_loop_is_what_its_title_says_whichever_the_kind_has_by_itself() -> None:
    for one in contestants():
        said = [each for each in one.overrides("doped_si", 20_000) if each.startswith("controller.loop")]
        field = CONTROLLERS[one.kind].options.model_fields.get("loop")
        loop = said[0].split("=")[1] if said else (field.default if field else "host")
        assert (loop, one.title) == (one.loop, one.kind if loop == "host" else f"{one.kind}, {loop}")


def test_a_population_takes_a_tenth_of_the_queries() -> None:
    shares = {one.kind: one.share for one in contestants()}
    assert {kind for kind, share in shares.items() if share == 10} == {"cmaes", "ga", "pso"}
    assert "controller.queries=200" in Contestant("ga", "host", 20_000, share=10).overrides("undercut", 2_000)


def test_a_short_search_is_not_made_longer() -> None:
    short = Contestant("szo_scd", "host", 300)
    assert "controller.queries=300" in short.overrides("doped_si", 20_000)
    assert "controller.queries=50" in short.overrides("doped_si", 50)


def test_the_leader_of_a_budget_is_the_most_accurate_within_it() -> None:
    fast = of_curve(np.array([0.5, 0.8, 0.8, 0.8]), every=100)  # 1 ms and 0.1 J every 100 queries
    slow = of_curve(np.array([0.5, 0.6, 0.7, 0.9]), every=100)
    each = [(Contestant("fast", "host", 1), (fast,)), (Contestant("slow", "sequencer", 1), (slow,))]
    assert leader(each, 0.0021, "s") == (("fast", 0.8), "slow, sequencer (70.0)")
    assert leader(each, 0.3, "J") == (("slow, sequencer", 0.9), "fast (80.0)")
    assert leader(each, 1e-9, "s")[0][1] == 0.5
