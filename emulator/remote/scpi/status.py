"""The status of one client: the registers of IEEE 488.2, and SCPI's two, OPERation and QUEStionable."""

from typing import Final

from emulator.remote.scpi.faults import ScpiError

__all__ = ["OPERATION_COMPLETE", "POWER_ON", "SETTLING", "Register", "Status"]

OPERATION_COMPLETE, POWER_ON = 0, 7
"""Bits of the event status register (IEEE 488.2, 11.5.1)."""

SETTLING: Final = 1
"""Bit of OPERation's condition: something that was set in motion has not come to rest (SCPI-1999, 20.1)."""

_BYTE, _WORD = 0xFF, 0x7FFF
_ERRORS, _QUESTIONABLE, _EVENTS, _REQUEST, _OPERATION = 2, 3, 5, 6, 7  # IEEE 488.2, 11.2; SCPI


class Register:
    """One of SCPI's registers: what is the case, what has come to be the case since it was read, what counts."""

    def __init__(self) -> None:
        self.condition = self.event = self.enable = 0

    def set(self, bit: int, on: bool) -> None:
        """Set or clear a bit of the condition; a bit that rises is an event."""
        before, mask = self.condition, 1 << bit
        self.condition = before | mask if on else before & ~mask
        self.event |= self.condition & ~before

    def take_event(self) -> int:
        """Return the events and forget them."""
        event, self.event = self.event, 0
        return event

    def let(self, mask: int) -> None:
        """Let the events of ``mask`` count; raises ``ScpiError`` for what 15 bits do not hold."""
        self.enable = _checked(mask, _WORD)

    @property
    def summary(self) -> bool:
        """Return whether an event counts that has happened."""
        return bool(self.event & self.enable)


class Status:
    """All that a client can ask of what happened to what it said."""

    def __init__(self) -> None:
        self.operation = Register()
        self.questionable = Register()
        self._events = 1 << POWER_ON
        self._enable = self._request = 0

    def note(self, bit: int) -> None:
        """Set a bit of the event status register."""
        self._events |= 1 << bit

    def take_events(self) -> int:
        """Return the event status register and clear it."""
        events, self._events = self._events, 0
        return events

    @property
    def enable(self) -> int:
        """Return which events of the event status register count."""
        return self._enable

    def let(self, mask: int) -> None:
        """Let the events of ``mask`` count; raises ``ScpiError`` for what a byte does not hold."""
        self._enable = _checked(mask, _BYTE)

    @property
    def request(self) -> int:
        """Return which bits of the status byte ask for service."""
        return self._request

    def request_by(self, mask: int) -> None:
        """Let the bits of ``mask`` ask for service; bit 6 never counts (IEEE 488.2, 11.3.2)."""
        self._request = _checked(mask, _BYTE) & ~(1 << _REQUEST)

    def byte(self, errors: bool) -> int:
        """Return the status byte: whether ``errors`` wait, and what has happened that counts.

        No answer ever waits (bit 4): each is sent when it is there.
        """
        found = errors << _ERRORS | self.questionable.summary << _QUESTIONABLE
        found |= bool(self._events & self._enable) << _EVENTS | self.operation.summary << _OPERATION
        return found | bool(found & self._request) << _REQUEST

    def clear(self) -> None:
        """Forget what has happened; what counts stays."""
        self._events = self.operation.event = self.questionable.event = 0

    def preset(self) -> None:
        """Let no event of SCPI's registers count."""
        self.operation.enable = self.questionable.enable = 0


def _checked(mask: int, most: int) -> int:
    if not 0 <= mask <= most:
        raise ScpiError(-222, f"{mask}; allowed: 0 to {most}")
    return mask
