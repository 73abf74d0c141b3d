"""Named, seeded random streams: the only source of randomness, so that a run is a function of its seed.

A stream is keyed by its name, not by the order of creation: adding one never shifts another.
"""

import hashlib

import numpy as np

from emulator.arguments import checked_kind, checked_whole

__all__ = ["key_words", "stream"]


def key_words(seed: int, name: str) -> tuple[int, int]:
    """Return two 32-bit words that key the counter-based noise stream ``name`` of ``seed``."""
    digest = hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:], "little")


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the generator of the stream ``name`` (such as ``"chip/gamma"``) of a run with ``seed``, >= 0.

    Raises ``ConfigError`` for a seed that is no whole number, and for a name that is no text.
    """
    checked_whole("stream: seed", seed, 0)
    digest = hashlib.blake2b(
        checked_kind("stream: name", name, str, "a text, such as 'mine/noise'").encode(), digest_size=16
    ).digest()
    words = np.frombuffer(digest, dtype="<u4").tolist()
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *words])))
