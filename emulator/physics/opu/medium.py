"""The scattering medium of an optical processing unit, with the store that its size asks for.

Modelled: a fixed circular Gaussian transmission matrix in three stores with one interface and the same moments:
``dense`` keeps all entries (8 bytes each), ``streamed`` draws the same entries anew at each use (1 ns each), and
``structured`` replaces them by a fast transform (n log n steps, some 50 bytes a pixel). Not modelled
here: the light that reaches the medium (``dmd``) and the camera behind it (``camera``, ``speckle_noise``).
"""

from emulator.errors import PhysicsError, nearest
from emulator.physics.opu.gaussian_medium import DenseMedium, StreamedMedium, dense_bytes
from emulator.physics.opu.medium_interface import FieldTile, Medium
from emulator.physics.opu.structured_medium import StructuredMedium, structured_bytes

__all__ = ["STORES", "FieldTile", "Medium", "check_store", "make_medium"]

STORES = ("dense", "streamed", "structured")
"""Names of the stores, from the fastest small one to the fastest large one."""

_WORD = 2**32


def make_medium(store: str, inputs: int, outputs: int, key: tuple[int, int], max_stored_bytes: int) -> Medium:
    """Return the medium of ``outputs`` times ``inputs`` complex entries with E |t|^2 = 1.

    ``key`` is two words of 32 bits; the medium is a function of it. Raises ``PhysicsError`` for an unknown store,
    for sizes below 1, for a key out of range, and where the store would keep more than ``max_stored_bytes``.
    """
    check_store(store, inputs, outputs, max_stored_bytes)
    if not all(0 <= word < _WORD for word in key):
        raise PhysicsError(f"medium: the key is {key}, allowed are two words from 0 to {_WORD - 1}")
    if store == "dense":
        return DenseMedium.draw(inputs, outputs, key)
    if store == "structured":
        return StructuredMedium.draw(inputs, outputs, key)
    return StreamedMedium.draw(inputs, outputs, key)


def check_store(store: str, inputs: int, outputs: int, max_stored_bytes: int) -> None:
    """Raise ``PhysicsError`` for what ``make_medium`` refuses, the key apart; nothing is drawn."""
    if store not in STORES:
        raise PhysicsError(
            f"medium: store is '{store}', allowed are {', '.join(STORES)}; {nearest(store, STORES)}".rstrip(
                "; "
            )
        )
    if inputs < 1 or outputs < 1:
        raise PhysicsError(f"medium: {inputs} inputs and {outputs} outputs, allowed is at least 1 of each")
    if store == "dense":
        _refuse_too_large(store, inputs, outputs, dense_bytes(inputs, outputs), max_stored_bytes)
    elif store == "structured":
        _refuse_too_large(store, inputs, outputs, structured_bytes(inputs, outputs), max_stored_bytes)


def _refuse_too_large(store: str, inputs: int, outputs: int, needed: int, allowed: int) -> None:
    """Raise ``PhysicsError`` if a store needs more memory than is allowed, naming stores that need less."""
    if needed > allowed:
        others = "'streamed' or 'structured'" if store == "dense" else "'streamed'"
        raise PhysicsError(
            f"medium: the store '{store}' keeps {needed} bytes for {inputs} inputs and {outputs} outputs, "
            f"allowed are {allowed}; {others} would do"
        )
