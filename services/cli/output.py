"""Where a command writes what may be about people."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from services.cli.ending import WrongInput


@contextmanager
def opened(out: Path | None) -> Iterator[IO[bytes]]:
    """A file that nobody else may read, or standard output. Raises WrongInput."""
    if out is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        # Whose file it is, alone may read what is in it.
        place = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise WrongInput(f"{out} cannot be written: {error.strerror}") from None
    with os.fdopen(place, "wb") as file:
        yield file
