"""The one door for files that a command writes beside its traces: never half, never over what is needed."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from emulator.errors import ConfigError

__all__ = ["check_new", "new_file", "write_text"]


def check_new(out: Path, force: bool = False, inputs: Sequence[Path] = ()) -> None:
    """Refuse ``out`` before anything is computed for it; raises ``ConfigError``.

    A file that lies there is refused unless ``force``; a link, what is no file, and one of ``inputs`` always are.
    """
    if not out.name:
        raise ConfigError(f"--out is empty or names a folder ({str(out)!r}); name a file")
    if out.is_symlink():
        raise ConfigError(f"{out}: a link lies here; name the file that it leads to")
    if os.path.lexists(out):
        if not force:
            raise ConfigError(f"{out}: a file lies here already; choose another path or add --force")
        if not out.is_file():
            raise ConfigError(f"{out}: it cannot be written: what lies here is no file; choose another path")
        if any(path.exists() and out.samefile(path) for path in inputs):
            raise ConfigError(f"{out}: it is read by the same command; choose another path")
    folder = next((place for place in out.absolute().parents if place.exists()), Path(os.sep))
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        raise ConfigError(f"{out}: it cannot be written: {folder} is no folder that takes files")


@contextmanager
def new_file(out: Path, force: bool = False, inputs: Sequence[Path] = ()) -> Iterator[Path]:
    """Check ``out``, yield a path of the same name to write, and move it to ``out`` when the block ends well.

    Folders on the way are made. Raises ``ConfigError`` as ``check_new`` does, and when the disk refuses.
    """
    check_new(out, force, inputs)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        # A folder of its own, on the same disk: nobody can have planted a link under the name that is written.
        with TemporaryDirectory(dir=out.parent, prefix=".lightloop-") as folder:
            part = Path(folder) / out.name
            yield part
            check_new(out, force, inputs)
            part.replace(out)
    except OSError as error:
        raise ConfigError(f"{out}: it cannot be written: {error.strerror}") from error


def write_text(out: Path, text: str) -> None:
    """Write ``text`` to ``out``, whole or not at all, over a file of an earlier time; raises ``ConfigError``."""
    with new_file(out, force=True) as part:
        part.write_text(text, encoding="utf-8")
