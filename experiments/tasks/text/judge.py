"""What judges guesses of the next token: cross-entropy to learn by, and bits for each character for people.

Tokens of one vocabulary are longer than those of another, and a loss a token says nothing without their length:
bits are added up over the tokens that were guessed, and divided by the characters of these very tokens.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from data.sets import FloatArray, IntArray
from experiments.tasks.judges import Targets

if TYPE_CHECKING:
    import torch

__all__ = ["NEXT_TOKEN", "BitsPerCharacter", "NextToken"]

_AT_ONCE: Final = 256
"""Windows that are judged together."""


class NextToken:
    """Mean cross-entropy of the outputs' softmax (windows, tokens, vocabulary) against tokens, in nats a token."""

    def of_arrays(self, outputs: FloatArray, targets: Targets) -> float:
        """Return it as torch has it."""
        import torch

        return float(self.of_tensors(torch.from_numpy(outputs), torch.from_numpy(np.array(targets))).item())

    def of_tensors(self, outputs: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
        """Return it in torch."""
        from torch.nn.functional import cross_entropy

        return cross_entropy(outputs.flatten(0, -2), targets.flatten())


@dataclass(frozen=True, eq=False)
class BitsPerCharacter:
    """Bits that a text takes in the code of a network's guesses, a character; ``lengths`` are those of tokens."""

    lengths: IntArray
    name = "bits_per_character"

    def of_arrays(self, outputs: NDArray[np.floating], targets: Targets) -> float:
        """Return the bits of all guesses over the characters of all tokens that were to be guessed."""
        bits, characters = self.of_windows(outputs, targets)
        return float(bits.sum() / characters.sum())

    def of_windows(self, outputs: NDArray[np.floating], targets: Targets) -> tuple[FloatArray, FloatArray]:
        """Return bits and characters of each window of tokens, shape (windows,)."""
        import torch
        from torch.nn.functional import cross_entropy

        nats = []
        for first in range(0, len(targets), _AT_ONCE):
            guesses = torch.from_numpy(outputs[first : first + _AT_ONCE])
            wanted = torch.from_numpy(np.array(targets[first : first + _AT_ONCE]))
            each = cross_entropy(guesses.flatten(0, 1), wanted.flatten(), reduction="none")
            nats.append(each.double().numpy().reshape(wanted.shape).sum(axis=1))
        return np.concatenate(nats) / np.log(2.0), self.lengths[targets].sum(axis=1).astype(np.float64)

    def text(self, value: float) -> str:
        """Return ``value`` with three digits."""
        return f"{value:.3f} bits/character"

    def of_values_times(self, factor: float) -> "BitsPerCharacter":
        """Return itself: tokens have no scale."""
        del factor
        return self


NEXT_TOKEN: Final = NextToken()
