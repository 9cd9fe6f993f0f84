"""Files that are written whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from textrnn.errors import DataError


@contextmanager
def whole_file(path: str | Path) -> Iterator[IO[bytes]]:
    """A file to write to, which appears in its place when all went well; a device such as /dev/null is opened as it is.

    DataError where it cannot be written.
    """
    target = Path(path).resolve()  # a link stays, and what it points to is written
    try:
        with _replaced(target) if target.is_file() or not target.exists() else target.open("wb") as file:
            yield file
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}") from None


@contextmanager
def _replaced(target: Path) -> Iterator[IO[bytes]]:
    """A new file that takes the place of the target when all went well."""
    temporary = Path(f"{target}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
        if target.exists():
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    finally:
        with suppress(OSError):
            temporary.unlink()
