"""What a journal says in words: the header that opens a run, its footer, names, counts and states; not its rows.

Everything here is read back from files that a stranger may have written, so every field is checked.
"""

import json
import platform
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError, nearest
from emulator.trace.schema import (
    COMMANDS,
    DETAILS,
    READABLE,
    SCHEMA_VERSION,
    STATUSES,
    VOCABULARIES,
    Detail,
    Status,
)

__all__ = ["MAX_REASON", "Counts", "Footer", "Header", "Label", "Opening", "Origin", "State", "text_digest"]

MAX_REASON: Final = 10_000
"""Most characters of a footer's reason that are kept."""

_MAX_LABEL_BYTES: Final = 64
_MAX_INT: Final = 2**63 - 1
_PACKAGES: Final = ("lightloop", "numpy", "scipy", "numba", "simpy", "h5py", "torch")
_STATE_NAME: Final = re.compile(r"[a-z0-9_][a-z0-9_.-]{0,63}")
_STATE_DTYPES: Final = {"f": "<f8", "i": "<i8", "u": "<i8", "b": "|u1"}
_STATE_HEAD: Final = struct.Struct("<I")


def text_digest(text: str) -> str:
    """Return the BLAKE2b digest of ``text`` as 32 hexadecimal digits."""
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _dump(tree: object) -> bytes:
    return json.dumps(tree, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _load(body: bytes | memoryview, what: str) -> Any:
    try:
        return json.loads(bytes(body).decode())
    except (ValueError, RecursionError) as error:
        raise TraceError(f"{what}: not the JSON text that a journal holds") from error


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_INT


def _is_text(*values: object) -> bool:
    return all(isinstance(value, str) and "\0" not in value and _encodes(value) for value in values)


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class Origin(NamedTuple):
    """Say in which ``mode`` a trace was made from another one, and the digest ``of`` that one."""

    mode: str
    of: str


@dataclass(frozen=True)
class Header:
    """What is known when a run begins; enough to run it again.

    Attributes
    ----------
    config_text : str
        The whole resolved configuration, as TOML text.
    seed : int
        The seed of every random stream of the run, in [0, 2^63).
    config_digest : str
        Digest of the configuration.
    versions : tuple of (package, version)
        The software whose version may change the bits of the result.
    created : str
        Wall-clock time at which the run began, ISO 8601, UTC; not part of the trace's digest.
    origin : Origin or None
        What the trace was made from, where it replays another one.
    """

    config_text: str
    seed: int
    config_digest: str
    versions: tuple[tuple[str, str], ...]
    created: str
    origin: Origin | None = None

    def __post_init__(self) -> None:
        """Refuse what could not be read back; raises ``TraceError``."""
        texts = (self.config_text, self.config_digest, self.created, *sum(self.versions, ()))
        if not _is_text(*texts) or len(self.config_digest) > 128 or len(self.created) > 64:
            raise TraceError("header: configuration, digest, versions and creation time must be plain text")
        if self.origin is not None and (not _is_text(*self.origin) or max(map(len, self.origin)) > 128):
            raise TraceError(f"header: origin {self.origin!r} must be a mode and a digest of a trace")
        if not _is_count(self.seed):
            raise TraceError(f"header: seed {self.seed!r} is not a whole number in [0, 2^63)")

    @classmethod
    def now(
        cls, config_text: str, seed: int, config_digest: str | None = None, origin: Origin | None = None
    ) -> "Header":
        """Return the header of a run that begins now, with the versions of the installed packages."""
        versions = [
            ("python", platform.python_version()),
            ("machine", f"{platform.system()} {platform.machine()}"),
        ]
        for package in _PACKAGES:
            try:
                versions.append((package, version(package)))
            except PackageNotFoundError:
                continue
        created = datetime.now(UTC).isoformat(timespec="seconds")
        found = config_digest or text_digest(config_text)
        return cls(config_text, seed, found, tuple(versions), created, origin)


@dataclass(frozen=True)
class Opening:
    """The first block of a journal: the header, how much is recorded, the process that writes, and its schema."""

    header: Header
    detail: Detail
    pid: int
    version: int = SCHEMA_VERSION

    def encode(self) -> bytes:
        """Return the JSON text of the block."""
        header = self.header
        return _dump(
            {
                "schema_version": SCHEMA_VERSION,
                "config": header.config_text,
                "config_digest": header.config_digest,
                "seed": header.seed,
                "versions": header.versions,
                "created": header.created,
                "detail": self.detail,
                "pid": self.pid,
                "origin": header.origin,
            }
        )

    @classmethod
    def decode(cls, body: bytes | memoryview, where: str) -> "Opening":
        """Read the JSON text of the block; raises ``TraceError`` when it is damaged or of another version."""
        tree = _load(body, f"{where}: header")
        if not isinstance(tree, dict) or tree.get("schema_version") not in READABLE:
            found = tree.get("schema_version") if isinstance(tree, dict) else None
            readable = ", ".join(map(str, READABLE))
            raise TraceError(f"{where}: schema version {found!r}; this Lightloop reads {readable}")
        try:
            pairs = tuple((name, text) for name, text in tree["versions"])
            origin = None if tree.get("origin") is None else Origin(*tree["origin"])
            header = Header(
                tree["config"], tree["seed"], tree["config_digest"], pairs, tree["created"], origin
            )
            detail, pid = tree["detail"], tree["pid"]
        except (KeyError, TypeError, ValueError) as error:
            raise TraceError(
                f"{where}: the header lacks a field or has one of a wrong type: {error}"
            ) from error
        if detail not in DETAILS or not _is_count(pid):
            raise TraceError(f"{where}: detail {detail!r} or pid {pid!r} of the header is unknown")
        return cls(header, detail, pid, tree["schema_version"])


@dataclass(frozen=True)
class Footer:
    """How a run ended; ``partial``: rows were lost before the end, so the totals are not theirs."""

    status: Status
    reason: str
    elapsed_ps: int
    queries: int
    partial: bool = False

    def __post_init__(self) -> None:
        """Refuse what could not be read back; raises ``TraceError``."""
        if self.status not in STATUSES:
            hint = nearest(str(self.status), STATUSES)
            raise TraceError(f"footer: status {self.status!r} is none of {', '.join(STATUSES)}; {hint}")
        if not (_is_count(self.elapsed_ps) and _is_count(self.queries)):
            found = f"elapsed_ps {self.elapsed_ps!r} and queries {self.queries!r}"
            raise TraceError(f"footer: {found} must be whole numbers in [0, 2^63)")
        if not _is_text(self.reason) or len(self.reason) > MAX_REASON:
            raise TraceError(f"footer: the reason must be plain text of at most {MAX_REASON} characters")

    def encode(self) -> bytes:
        """Return the JSON text of the footer."""
        return _dump([self.status, self.reason, self.elapsed_ps, self.queries, self.partial])

    @classmethod
    def decode(cls, body: bytes | memoryview, where: str) -> "Footer":
        """Read the JSON text of a footer; raises ``TraceError`` when it is damaged."""
        tree = _load(body, f"{where}: footer")
        if not isinstance(tree, list) or len(tree) != 5 or not isinstance(tree[4], bool):
            raise TraceError(f"{where}: the footer does not have its five fields")
        return cls(*tree)


@dataclass(frozen=True)
class Label:
    """An interned name: ``text`` is number ``index`` of its vocabulary."""

    vocabulary: str
    index: int
    text: str

    def __post_init__(self) -> None:
        """Refuse names that are empty, long or hard to print; raises ``TraceError``."""
        text = self.text
        if not _is_text(text) or not text.isprintable() or '"' in text or "\\" in text or not text:
            raise TraceError(f"name {text!r}: it must be printable text without quotes or backslashes")
        if len(text.encode()) > _MAX_LABEL_BYTES:
            raise TraceError(f"name {text!r}: it has more than {_MAX_LABEL_BYTES} bytes")
        if self.vocabulary not in VOCABULARIES or not _is_count(self.index):
            raise TraceError(f"name {text!r}: {self.vocabulary!r} {self.index!r} is no place in a vocabulary")

    def encode(self) -> bytes:
        """Return the JSON text of the name."""
        return _dump([self.vocabulary, self.index, self.text])

    @classmethod
    def decode(cls, body: bytes | memoryview, where: str) -> "Label":
        """Read the JSON text of a name; raises ``TraceError`` when it is damaged."""
        tree = _load(body, f"{where}: name")
        if not isinstance(tree, list) or len(tree) != 3:
            raise TraceError(f"{where}: a name does not have its three fields")
        return cls(*tree)


@dataclass(frozen=True)
class Counts:
    """Say which kinds of command are queries: of each, the column of /commands that says how many, or ""."""

    columns: Mapping[str, str]

    def __post_init__(self) -> None:
        """Refuse a column that could not be summed; raises ``TraceError``."""
        known = ("", *(column.name for column in COMMANDS.columns if column.vocabulary is None))
        for kind, column in self.columns.items():
            if not _is_text(kind) or column not in known:
                raise TraceError(
                    f"counts: {kind!r} by {column!r}; a column of /commands that has numbers, or ''"
                )

    def encode(self) -> bytes:
        """Return the JSON text of the rule."""
        return _dump(dict(self.columns))

    @classmethod
    def decode(cls, body: bytes | memoryview, where: str) -> "Counts":
        """Read the JSON text of the rule; raises ``TraceError`` when it is damaged."""
        tree = _load(body, f"{where}: counts")
        if not isinstance(tree, dict):
            raise TraceError(f"{where}: the rule that counts queries is not a table of kinds")
        return cls(tree)


@dataclass(frozen=True, eq=False)
class State:
    """A recorded array (initial phases, best weights) of type f8, i8 or u1, C-ordered, little-endian."""

    name: str
    units: str
    array: NDArray[Any]

    def __post_init__(self) -> None:
        """Refuse a name that no dataset could have and more than three dimensions; raises ``TraceError``."""
        if not (isinstance(self.name, str) and _STATE_NAME.fullmatch(self.name)):
            raise TraceError(
                f"state {self.name!r}: a name is 1 to 64 of a-z, 0-9, '_', '.', '-', no '.' or '-' first"
            )
        if not _is_text(self.units) or len(self.units) > 32:
            raise TraceError(f"state {self.name}: units {self.units!r} must be at most 32 characters")
        if self.array.ndim > 3:
            raise TraceError(f"state {self.name}: {self.array.ndim} dimensions; at most 3 are stored")

    @classmethod
    def of(cls, name: str, values: NDArray[Any] | Sequence[float], units: str) -> "State":
        """Return a copy of ``values`` as it is stored; raises ``TraceError`` unless they are real numbers."""
        array = np.asarray(values)
        if array.dtype.kind not in _STATE_DTYPES:
            raise TraceError(f"state {name}: type {array.dtype} is not stored; split it into real arrays")
        target = "|u1" if array.dtype == np.uint8 else _STATE_DTYPES[array.dtype.kind]
        return cls(name, units, np.array(array, dtype=target, order="C"))

    def encode(self) -> bytes:
        """Return the blob: length of the JSON head, head, raw values."""
        head = _dump([self.name, self.units, self.array.dtype.str, self.array.shape])
        return _STATE_HEAD.pack(len(head)) + head + self.array.tobytes()

    @classmethod
    def decode(cls, body: memoryview, where: str) -> "State":
        """Read a blob back; raises ``TraceError`` when its size and its head disagree."""
        try:
            (length,) = _STATE_HEAD.unpack_from(body)
            name, units, dtype, shape = _load(body[4 : 4 + length], f"{where}: state")
            if dtype not in (*_STATE_DTYPES.values(),) or not all(_is_count(extent) for extent in shape):
                raise TraceError(f"{where}: state {name!r} has type {dtype!r} and shape {shape!r}")
            array = np.frombuffer(body[4 + length :], dtype=dtype).reshape(shape)
        except (struct.error, ValueError, TypeError) as error:
            raise TraceError(f"{where}: a recorded state is damaged: {error}") from error
        return cls(name, units, array)
