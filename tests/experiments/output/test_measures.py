"""The names and units of metrics."""

from experiments.output.measures import MEASURES, measure_in, rises


def test_a_trace_is_read_by_the_metric_that_it_has() -> None:
    assert measure_in({"val_loss", "test_r2"}).name == "r2"
    assert measure_in(()).name == "accuracy"


def test_values_are_shown_with_their_unit() -> None:
    shown = {each.name: each.text(0.12345) for each in MEASURES}
    assert shown["accuracy"] == "12.3 %"
    assert shown["fidelity"] == "0.1235"
    assert measure_in({"test_accuracy"}).label == "accuracy (%)"


def test_errors_fall_and_all_else_rises() -> None:
    assert [each.name for each in MEASURES if not rises(f"selected_test_{each.name}")] == [
        "rmse",
        "rmse_k",
        "v_error",
        "relative_error",
        "bits_per_character",
    ]
    assert not rises("val_loss")


def test_text_is_judged_in_bits_a_character_and_never_in_percent() -> None:
    measure = measure_in({"val_loss", "test_bits_per_character"})
    assert (measure.heading, measure.text(2.4431)) == (
        "Cross-entropy (bits/character)",
        "2.443 bits/character",
    )
