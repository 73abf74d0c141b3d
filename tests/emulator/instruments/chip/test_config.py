"""Every field of the hardware's configuration: mutants of it are refused, what is meant is accepted."""

import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from pydantic import BaseModel, BeforeValidator

from emulator.bench_config import BudgetConfig, ClockConfig, TraceConfig
from emulator.config.models import StrictModel, Tree, build, paths, to_toml, with_overrides
from emulator.errors import ConfigError
from emulator.instruments.chip.config import ChipConfig, DacConfig, HeaterConfig
from emulator.instruments.host.config import HostConfig


class Study(StrictModel):
    """All models of the module under the keys of a study file."""

    chip: ChipConfig = ChipConfig()
    host: HostConfig = HostConfig()
    budget: BudgetConfig = BudgetConfig()
    trace: TraceConfig = TraceConfig()
    clock: ClockConfig = ClockConfig()


def leaves(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any, list[object]]]:
    """Yield (dotted key, plain type, constraints) of every field, found without the code under test."""
    for name, field in model.model_fields.items():
        plain, extra = _unwrapped(field.annotation)
        if isinstance(plain, type) and issubclass(plain, BaseModel):
            yield from leaves(plain, f"{prefix}{name}.")
        else:
            yield prefix + name, plain, [*extra, *field.metadata]


def _unwrapped(annotation: Any) -> tuple[Any, list[object]]:
    if get_origin(annotation) in (Union, types.UnionType):
        members = [member for member in get_args(annotation) if member is not type(None)]
        return _unwrapped(members[0])
    if get_origin(annotation) is Annotated:
        plain, extra = _unwrapped(get_args(annotation)[0])
        return plain, [*extra, *get_args(annotation)[1:]]
    return annotation, []


LEAVES = list(leaves(Study))


def mutants() -> Iterator[tuple[str, object]]:
    """Yield (dotted key, refused value); the key itself is misspelt where the value is ``TYPO``."""
    for key, plain, extra in LEAVES:
        yield key + "x", 1
        yield key[:-1], 1
        yield key, ["one"] if get_origin(plain) is tuple and not _of_names(plain) else [1]
        yield key, {"inner": 1}
        if plain in (int, float):
            yield from ((key, value) for value in (-1, -1e-30, float("nan"), float("inf"), -float("inf")))
            yield from ((key, value) for value in (True, False, "", "1", "one", "1 parsec^7", "-1 s"))
        if plain is float:
            yield key, 10**400
            if any(isinstance(item, BeforeValidator) for item in extra):
                yield key, "3 kg"
        elif plain is int:
            yield from ((key, value) for value in (1.0, 1.5, "1 us"))
        elif plain is bool:
            yield from ((key, value) for value in (0, 1, 1.0, "true", "yes"))
        elif plain is str or get_origin(plain) is Literal:
            yield from ((key, value) for value in (0, 1.5, True, "", "Xx", " paper"))
        elif get_origin(plain) is tuple:
            yield from ((key, value) for value in (1, [-1], [1.5], [True], [[1]]))
            if not _of_names(plain):
                yield key, "1"
        else:
            pytest.fail(f"{key}: the walker knows no mutants of {plain}")


def _of_names(plain: Any) -> bool:
    """Return whether a list of such items may hold any text, and one text stands for a list of one."""
    return get_args(plain)[0] is str


MUTANTS = list(mutants())


def nested(key: str, value: object) -> Tree:
    tree: object = value
    for part in reversed(key.split(".")):
        tree = {part: tree}
    assert isinstance(tree, dict)
    return tree


def test_the_walker_finds_every_leaf() -> None:
    assert [key for key, _, _ in LEAVES] == [key for key, _ in paths(Study)]
    assert len(LEAVES) > 50
    assert len(MUTANTS) > 6 * len(LEAVES)


def test_every_mutant_is_refused_in_one_line_that_names_its_key() -> None:
    survivors = []
    for key, value in MUTANTS:
        try:
            build(Study, nested(key, value), "study.toml")
        except ConfigError as error:
            message = str(error)
            if key not in message or "\n" in message or not message.startswith("study.toml: "):
                survivors.append((key, value, message))
        else:
            survivors.append((key, value, "accepted"))
    assert survivors == []


def test_a_misspelt_key_is_answered_with_the_right_one() -> None:
    for key, _, _ in LEAVES:
        with pytest.raises(ConfigError, match=rf"not a known key; did you mean '{key}'\?"):
            build(Study, nested(key + "x", 1), "study.toml")


def test_a_key_in_the_wrong_section_is_found_in_the_whole_tree() -> None:
    with pytest.raises(ConfigError, match=r"chip\.tau = 1 .*did you mean 'chip\.heaters\.tau_s'\?"):
        build(Study, {"chip": {"tau": 1}}, "study.toml")


def test_every_number_can_be_moved_within_its_range() -> None:
    for key, plain, _ in LEAVES:
        if plain is float:
            build(Study, nested(key, 1e-3 if key.endswith("_per_sqrt_hz") else 0.01), "study.toml")
        elif plain is int:
            build(Study, nested(key, 2), "study.toml")


def test_every_quantity_can_be_written_with_its_unit() -> None:
    units = {"s": "s", "w": "W", "m": "m", "v": "V", "j": "J", "hz": "Hz", "db": "dB"}
    units |= {"rad_per_v2": "rad/V^2", "per_m": "1/m", "bit_per_s": "bit/s", "a_per_w": "A/W"}
    units |= {"a_per_sqrt_hz": "A/Hz^0.5", "w_per_channel": "W", "w_per_wavelength": "W", "j_per_symbol": "J"}
    for key, plain, extra in LEAVES:
        if plain is float and any(isinstance(item, BeforeValidator) for item in extra):
            suffix = max((s for s in units if key.endswith(f"_{s}")), key=len)
            value = 0.001 if suffix == "a_per_sqrt_hz" else 0.01
            written = build(Study, nested(key, f"{value} {units[suffix]}"), "x")
            assert written == build(Study, nested(key, value), "x"), key


def test_a_number_with_a_unit_says_so_in_its_name() -> None:
    dimensionless = {"sigma_gamma", "truncation_sigma", "omega", "contact_coupling", "substrate_coupling"}
    dimensionless |= {"sigma_max", "full_scale_hidden", "full_scale_output", "wall_plug_efficiency", "factor"}
    dimensionless |= {"activation_clip", "oscillator_fraction", "tapped_fraction", "full_scale"}
    counted = {"flops_per_s", "bytes_per_s"}  # operations and bytes are no SI unit: a number says it all
    plain = {key.split(".")[-1] for key, kind, extra in LEAVES if kind is float and not _has_unit(extra)}
    assert plain == dimensionless | counted


def _has_unit(extra: list[object]) -> bool:
    return any(isinstance(item, BeforeValidator) for item in extra)


def test_overrides_beat_the_file_which_beats_the_preset_which_beats_the_defaults() -> None:
    file: Tree = {"chip": {"preset": "undercut", "heaters": {"omega": 0.01, "tau_s": 1e-3}}}
    study = build(Study, with_overrides(file, ["chip.heaters.tau_s=2 us"]), "study.toml")
    assert study.chip.heaters.tau_s == 2e-6
    assert study.chip.heaters.omega == 0.01
    assert study.chip.heaters.p_pi_w == 50e-6
    assert study.chip.preset == "undercut"
    assert study.host == HostConfig()


def test_an_override_can_choose_the_preset_under_the_file() -> None:
    file: Tree = {"chip": {"preset": "undercut", "heaters": {"omega": 0.01}}}
    study = build(Study, with_overrides(file, ["chip.preset=soi_bridge"]), "study.toml")
    assert study.chip.heaters.p_pi_w == 12.5e-3
    assert study.chip.heaters.omega == 0.01


def test_a_preset_also_serves_in_python_and_takes_whole_sections() -> None:
    chip = ChipConfig(preset="undercut", dac=DacConfig(bits=4))
    assert chip.heaters.p_pi_w == 50e-6
    assert chip.dac == DacConfig(bits=4)


@pytest.mark.parametrize("name", ["papr", "", "../host/ideal", "paper.toml", "/etc/passwd", "PAPER"])
def test_an_unknown_preset_is_refused_with_the_names_there_are(name: str) -> None:
    with pytest.raises(
        ConfigError, match=r"chip\.preset is refused: .* is no chip preset; allowed: doped_si, "
    ):
        build(Study, {"chip": {"preset": name}}, "study.toml")


def test_a_study_reads_back_from_its_own_toml() -> None:
    file: Tree = {"chip": {"preset": "lab_loop"}, "budget": {"energy_j": "50 J", "queries": 7}}
    study = build(Study, file, "x")
    assert build(Study, with_overrides({}, []) | _parsed(study), "x") == study


def _parsed(study: Study) -> Tree:
    from emulator.config.models import parse_toml

    return parse_toml(to_toml(study), "resolved")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ["chip.dac.domain=voltage", "chip.dac.v_max_v=6.1 V"],
            r"chip\.dac\.v_max_v is refused: .*>= 6\.16529 V",
        ),
        (["chip.heaters.sigma_gamma=0.09"], r"chip\.heaters\.sigma_gamma is refused: .*< 0\.08265"),
        (
            ["chip.heaters.sigma_gamma=0.5", "chip.heaters.sigma_kind=relative"],
            r"chip\.heaters\.sigma_gamma is refused: .*< 0\.5",
        ),
    ],
)
def test_fields_that_contradict_each_other_are_refused(overrides: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(Study, with_overrides({}, overrides), "study.toml")


def test_a_voltage_range_that_reaches_two_pi_or_a_phase_domain_is_accepted() -> None:
    build(Study, with_overrides({}, ["chip.dac.domain=voltage", "chip.dac.v_max_v=6.2"]), "x")
    build(Study, with_overrides({}, ["chip.dac.v_max_v=1"]), "x")


def test_a_slip_of_units_is_caught_by_the_upper_limits() -> None:
    for slip in ["chip.heaters.p_pi_w=24.77", "chip.heaters.tau_s=1.22", "chip.heaters.pair_pitch_m=37"]:
        with pytest.raises(ConfigError, match="<="):
            build(Study, with_overrides({}, [slip]), "x")


def test_no_limit_is_the_default_budget() -> None:
    budget = BudgetConfig()
    assert (budget.energy_j, budget.peak_power_w, budget.time_s, budget.queries) == (None, None, None, None)


def test_python_callers_get_the_same_strictness() -> None:
    with pytest.raises(ConfigError, match=r"^HeaterConfig: tau_s = nan is refused"):
        HeaterConfig(tau_s=float("nan"))
    with pytest.raises(ConfigError, match=r"^HeaterConfig: omega = true is refused"):
        HeaterConfig(omega=True)
