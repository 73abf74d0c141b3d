"""The example of docs/bring-your-own.md under "An optimiser by ask and tell" runs as it stands."""

from pathlib import Path

import pytest

from tests.docs.test_readme import ROOT, blocks, run
from tests.weights import share_weights

PAGE = (ROOT / "docs" / "bring-your-own.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("\n## An optimiser by ask and tell\n")[2].partition("\n## ")[0]


def test_the_example_s_optimiser_lowers_the_validation_loss(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pytest.importorskip("cmaes")
    (example,) = blocks(SECTION)
    words = run(example.replace("2000", "800"), share_weights(tmp_path, tmp_path_factory))
    words = words.replace("[", " ").replace("]", " ")
    before, after, accuracy = map(float, words.split())
    assert after < before
    assert 0.5 < accuracy <= 1.0
