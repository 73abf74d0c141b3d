"""Traces of seeds: what each reached and drew is chosen by the test."""

from pathlib import Path

from emulator.trace import Header, Recorder

SECOND = 10**12


def seed_trace(folder: Path, bits: int, seed: int, accuracy: float, watts: float = 2.0) -> Path:
    """Write a run of a second that drew ``watts`` and reached ``accuracy`` of 100 samples after 10 queries."""
    folder.mkdir(exist_ok=True)
    out = folder / f"b{bits}s{seed}.h5"
    recorder = Recorder.create(out, Header.now(f"seed = {seed}\n[chip.dac]\nbits = {bits}\n", seed))
    recorder.power(recorder.label("power.component", "chip"), 0, watts)
    recorder.metric("test_samples", 0, 0, 100.0)
    for t_ps, queries, share in ((0, 0, 0.5), (SECOND, 10, 1.0)):
        value = 0.25 + share * (accuracy - 0.25) if queries == 0 else accuracy
        recorder.metric("test_accuracy", t_ps, queries, value)
        recorder.metric("heater_power_w", t_ps, queries, 1.0 + seed)
    recorder.metric("selected_test_accuracy", SECOND, 10, accuracy)
    recorder.close("complete", "", SECOND, 10)
    return out
