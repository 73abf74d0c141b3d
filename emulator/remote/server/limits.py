"""What a server bears: every queue, line, block and wait has an end."""

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True)
class Limits:
    """Bound what clients may take; all numbers are assumed, and far above what a laboratory's scripts need."""

    clients: int = 32
    """Clients at once; who comes when the house is full is hung up on."""
    line_bytes: int = 64 * 1024
    """Bytes of a line, its blocks apart."""
    block_bytes: int = 16 * 1024 * 1024
    """Bytes of a block: 512 vectors of 8,192 values of 32 bits."""
    held_bytes: int = 20 * 1024 * 1024
    """Bytes of all clients that wait to be whole or for their turn; beyond, who holds most is hung up on."""
    units: int = 64
    """Commands and queries on one line."""
    messages: int = 64
    """Messages of one client that wait for their turn; after them nothing more is read from it."""
    errors: int = 32
    """Errors that wait to be read by one client."""
    unread_bytes: int = 256 * 1024
    """Answers that one client has not read; after them nothing more of it is carried out."""
    stalled_s: float = 10.0
    """Time for which so much may stay unread; then the client is hung up on."""
    idle_s: float = 3600.0
    """Time for which a client may say nothing; then it is hung up on."""
    turn_s: float = 1e-3
    """Time for which messages are carried out before the sockets are read again."""
    memory_s: float = 1.0
    """Time after which a client's use of the server counts for a third; who has used least has the next turn."""
    events_at_once: int = 500
    """Events of the bench that are processed before the sockets have their turn."""
