"""Field types of the configuration: SI floats that may be written ``"10 us"``, bounded numbers; no models.

That NaN, infinity and a bool in place of a number are refused is the strictness of ``config.StrictModel``.
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from emulator.config.amounts import quantity
from emulator.errors import ConfigError

__all__ = [
    "Amperes",
    "BitRate",
    "Bits",
    "Decibels",
    "DecibelsPerHertz",
    "Fraction",
    "Hertz",
    "Joules",
    "Meters",
    "Name",
    "NoiseDensity",
    "PerMeter",
    "PositiveInt",
    "RadPerSquareVolt",
    "Radians",
    "Responsivity",
    "Seconds",
    "Unit",
    "Volts",
    "Watts",
]


@dataclass(frozen=True)
class Unit:
    """Read a field given as text into a float in the SI unit ``symbol``; numbers pass unchanged."""

    symbol: str
    example: str

    def __call__(self, value: object) -> object:
        """Return ``value``, parsed if it is text; a text that is no such quantity is refused."""
        if not isinstance(value, str):
            return value
        try:
            return quantity(value, self.symbol)
        except ConfigError as error:
            raise PydanticCustomError("quantity", "{reason}", {"reason": str(error)}) from error


Seconds = Annotated[float, BeforeValidator(Unit("s", "10 us"))]
"""A time in seconds."""
Watts = Annotated[float, BeforeValidator(Unit("W", "25 mW"))]
"""A power in watts."""
Joules = Annotated[float, BeforeValidator(Unit("J", "5 mJ"))]
"""An energy in joules."""
Hertz = Annotated[float, BeforeValidator(Unit("Hz", "1 GHz"))]
"""A frequency in hertz."""
BitRate = Annotated[float, BeforeValidator(Unit("bit/s", "16 Gbit/s"))]
"""A throughput in bits per second."""
Meters = Annotated[float, BeforeValidator(Unit("m", "37 um"))]
"""A length in metres."""
PerMeter = Annotated[float, BeforeValidator(Unit("1/m", "0.1275 1/um"))]
"""A rate of decay in 1/m."""
Volts = Annotated[float, BeforeValidator(Unit("V", "10.8 V"))]
"""A voltage in volts."""
Radians = Annotated[float, BeforeValidator(Unit("rad", "20 mrad"))]
"""An angle in radians."""
RadPerSquareVolt = Annotated[float, BeforeValidator(Unit("rad/V^2", "0.1653 rad/V^2"))]
"""The response of a heater in rad/V^2."""
Responsivity = Annotated[float, BeforeValidator(Unit("A/W", "1 A/W"))]
"""Photocurrent per optical power in A/W."""
NoiseDensity = Annotated[float, BeforeValidator(Unit("A/Hz^0.5", "20 pA/Hz^0.5"))]
"""A current noise density in A/sqrt(Hz)."""
Amperes = Annotated[float, BeforeValidator(Unit("A", "50 nA"))]
"""A current in amperes."""
Decibels = Annotated[float, BeforeValidator(Unit("dB", "0.25 dB"))]
"""A ratio of powers in decibels."""
DecibelsPerHertz = Annotated[float, BeforeValidator(Unit("dB/Hz", "-155 dB/Hz"))]
"""A relative spectral density in decibels per hertz."""

Fraction = Annotated[float, Field(ge=0, le=1)]
"""A number from 0 to 1."""
PositiveInt = Annotated[int, Field(ge=1)]
"""A whole number from 1."""
Bits = Annotated[int, Field(ge=0, le=16)]
"""A resolution in bits, 0 to 16; 0 is ideal."""
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,64}$")]
"""A name that is safe in a path: a-z, 0-9, ``_`` and ``-``, up to 64 characters."""
