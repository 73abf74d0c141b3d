"""What is checked of an HDF5 file before any of its data is read; a trace may come from a stranger.

Only the names of the schema are looked up, through hard links; a dataset must have exactly the type, the
shape and the filters that our writer gives it, and no more values than its bytes can hold. Residual risk:
HDF5 itself parses the metadata, and its authors do not promise that it withstands crafted files.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import numpy as np

from emulator.errors import TraceError
from emulator.trace.layout import h5py

__all__ = ["check_members", "mapped_errors", "open_dataset", "open_group", "read_number", "read_text"]

_MAX_ATTRIBUTES: Final = 64
_MAX_ATTRIBUTE_BYTES: Final = 65_536
_MAX_RATIO: Final = 1100  # deflate cannot shrink more than about 1030 times
_MAX_CHUNK_BYTES: Final = 16 * 2**20
_FILTERS: Final = (h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_FLETCHER32)


@contextmanager
def mapped_errors(where: str) -> Iterator[None]:
    """Turn whatever h5py raises into a ``TraceError`` that begins with ``where``."""
    try:
        yield
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, MemoryError, OverflowError) as error:
        raise TraceError(f"{where}: damaged or not a trace: {type(error).__name__}: {error}") from error


def check_members(group: Any, names: Sequence[str], where: str) -> None:
    """Refuse ``group`` unless it holds hard links with exactly ``names``; raises ``TraceError``."""
    with mapped_errors(where):
        links = group.id.links
        found = len(group)
        for name in names:
            if not links.exists(name.encode()):
                raise TraceError(f"{where}: it holds no {name!r}")
            if links.get_info(name.encode()).type != h5py.h5l.TYPE_HARD:
                raise TraceError(
                    f"{where}: {name!r} is a link to elsewhere; only what the file itself holds is read"
                )
    if found != len(names):
        raise TraceError(f"{where}: it holds {found} members; a trace has {len(names)} there")


def open_group(parent: Any, name: str, where: str) -> Any:
    """Return the group ``name`` of ``parent``, whose links have been checked; raises ``TraceError``."""
    with mapped_errors(f"{where}/{name}"):
        ident = h5py.h5o.open(parent.id, name.encode())
        if not isinstance(ident, h5py.h5g.GroupID):
            raise TraceError(f"{where}/{name}: it is not a group")
        return h5py.Group(ident)


def open_dataset(parent: Any, name: str, where: str, file_bytes: int) -> Any:
    """Return the dataset ``name`` of ``parent`` once its metadata have been found harmless; no data is read.

    Raises ``TraceError`` for external or virtual storage, other filters or chunks than the writer's, more
    than three dimensions, or more values than the stored bytes can hold.
    """
    with mapped_errors(where):
        ident = h5py.h5o.open(parent.id, name.encode())
        if not isinstance(ident, h5py.h5d.DatasetID):
            raise TraceError(f"{where}: it is not a dataset")
        plist = ident.get_create_plist()
        layout = plist.get_layout()
        if layout == h5py.h5d.VIRTUAL or plist.get_external_count():
            raise TraceError(f"{where}: its data lies outside the file; that is never read")
        if ident.get_space().get_simple_extent_type() == h5py.h5s.NULL or ident.rank > 3:
            raise TraceError(f"{where}: it has no or more than three dimensions")
        _check_storage(ident, plist, layout, where)
        needed = (
            int(np.prod([int(extent) for extent in ident.shape], dtype=object)) * ident.get_type().get_size()
        )
        stored = ident.get_storage_size()
        ratio = _MAX_RATIO if layout == h5py.h5d.CHUNKED else 1
        if stored > file_bytes or needed > stored * ratio:
            raise TraceError(
                f"{where}: {needed} bytes cannot come from {stored} stored in a file of {file_bytes}"
            )
        return h5py.Dataset(ident)


def _check_storage(ident: Any, plist: Any, layout: int, where: str) -> None:
    filters = tuple(plist.get_filter(number)[0] for number in range(min(plist.get_nfilters(), 4)))
    if filters != (_FILTERS if layout == h5py.h5d.CHUNKED else ()):
        raise TraceError(f"{where}: its filters are {filters}; a trace has {_FILTERS}")
    if layout == h5py.h5d.CHUNKED:
        chunk = plist.get_chunk()
        values = int(np.prod([int(extent) for extent in chunk], dtype=object))
        if values * ident.get_type().get_size() > _MAX_CHUNK_BYTES:
            raise TraceError(f"{where}: its chunks of {chunk} are larger than {_MAX_CHUNK_BYTES} bytes")


def read_text(item: Any, name: str, where: str) -> str:
    """Return the text attribute ``name``; raises ``TraceError`` unless it is a fixed-length string."""
    attribute = _attribute(item, name, where)
    kind = attribute.get_type()
    if not isinstance(kind, h5py.h5t.TypeStringID) or kind.is_variable_str() or attribute.shape != ():
        raise TraceError(f"{where}: attribute {name!r} is not a fixed-length text")
    with mapped_errors(f"{where}: attribute {name!r}"):
        return bytes(item.attrs[name]).decode()


def read_number(item: Any, name: str, where: str) -> int:
    """Return the integer attribute ``name``; raises ``TraceError`` unless it is one 64-bit integer."""
    attribute = _attribute(item, name, where)
    with mapped_errors(f"{where}: attribute {name!r}"):
        if attribute.shape != () or attribute.dtype != np.dtype("<i8"):
            raise TraceError(f"{where}: attribute {name!r} is not a whole number")
        return int(item.attrs[name])


def _attribute(item: Any, name: str, where: str) -> Any:
    with mapped_errors(f"{where}: attribute {name!r}"):
        if h5py.h5a.get_num_attrs(item.id) > _MAX_ATTRIBUTES:
            raise TraceError(f"{where}: it has more than {_MAX_ATTRIBUTES} attributes")
        attribute = h5py.h5a.open(item.id, name.encode())
        if attribute.get_storage_size() > _MAX_ATTRIBUTE_BYTES:
            raise TraceError(f"{where}: attribute {name!r} has more than {_MAX_ATTRIBUTE_BYTES} bytes")
        return attribute
