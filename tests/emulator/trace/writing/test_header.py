"""The words of a journal survive their text, and damaged or hostile ones are refused."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import TraceError
from emulator.trace.writing.header import Footer, Header, Label, Opening, State, text_digest

OPENING = Opening(Header("a = 1", 7, "d", (("numpy", "2.4"),), "now"), "commands", 99)


def test_an_opening_survives_its_text() -> None:
    assert Opening.decode(OPENING.encode(), "journal") == OPENING


def test_the_header_of_now_names_versions_and_digests_the_configuration() -> None:
    header = Header.now("a = 1", 7)
    assert header.config_digest == text_digest("a = 1")
    assert {"python", "machine", "numpy", "h5py"} <= {name for name, _ in header.versions}
    assert header.created.endswith("+00:00")


@given(
    st.sampled_from(sorted(json.loads(OPENING.encode()))),
    st.sampled_from([None, [], {}, -1, "\0", 1.5, [[1]]]),
)
def test_a_mutated_opening_is_refused(field: str, value: object) -> None:
    tree = json.loads(OPENING.encode())
    tree[field] = value
    if (field == "versions" and value in ([], {})) or (field == "origin" and value is None):
        return
    with pytest.raises(TraceError):
        Opening.decode(json.dumps(tree).encode(), "journal")


@given(st.binary(max_size=40))
def test_random_bytes_are_no_part_of_a_journal(data: bytes) -> None:
    for part in (Opening, Footer, Label):
        with pytest.raises(TraceError):
            part.decode(data, "journal")  # type: ignore[attr-defined]
    with pytest.raises(TraceError):
        State.decode(memoryview(data), "journal")


def test_deeply_nested_text_is_refused() -> None:
    with pytest.raises(TraceError):
        Footer.decode(b"[" * 60_000, "journal")


@given(
    st.sampled_from(["complete", "killed"]), st.text(st.characters(exclude_characters="\0", codec="utf-8"))
)
def test_a_footer_survives_its_text(status: str, reason: str) -> None:
    footer = Footer(status, reason, 5, 6, True)  # type: ignore[arg-type]
    assert Footer.decode(footer.encode(), "journal") == footer


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.array(3),
        np.array([True]),
        np.zeros((0, 2), np.float32),
        np.array([7], ">i2"),
    ],
)
def test_a_state_survives_its_blob(array: np.ndarray) -> None:  # type: ignore[type-arg]
    state = State.of("phases", array, "rad")
    back = State.decode(memoryview(state.encode()), "journal")
    assert (back.name, back.units, back.array.dtype.str) == ("phases", "rad", state.array.dtype.str)
    np.testing.assert_array_equal(back.array, array)


def test_a_state_whose_size_and_head_disagree_is_refused() -> None:
    blob = State.of("phases", np.zeros(4), "rad").encode()
    with pytest.raises(TraceError, match="damaged"):
        State.decode(memoryview(blob[:-8]), "journal")
