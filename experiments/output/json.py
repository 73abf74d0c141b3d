"""JSON for machines: records and numbers as standard JSON in ASCII, in which what is not finite is null."""

from pydantic_core import PydanticSerializationError
from pydantic_core import to_json as encoded

from emulator.errors import ConfigError

__all__ = ["to_json"]


def to_json(record: object, indent: int | None = 2) -> str:
    """Return a record, or a mapping or list of values and records, as one JSON text.

    Raises ``ConfigError`` for a text that is no Unicode, as the name of a file may be.
    """
    try:
        return encoded(record, indent=indent, inf_nan_mode="null", ensure_ascii=True).decode()
    except PydanticSerializationError as error:
        raise ConfigError(f"this cannot be written as JSON: {error}") from error
