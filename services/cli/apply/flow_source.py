"""Flow documents on their way into the house: from a file or from inside apply's own, always as JSON bytes."""

import json
from pathlib import Path

from services.cli.apply.reading import load_file, load_text

MAX_FLOW_BYTES = 1024 * 1024


def read_flow(file: Path | None, inline: object) -> bytes:
    """Return a flow's JSON: of the file, else of the inline object or text. Raises ValueError with one sentence."""
    if file is not None:
        return _read(file)
    value = load_text(inline, is_json=True) if isinstance(inline, str) else inline
    return _as_json(value)


def _read(file: Path) -> bytes:
    try:
        value = load_file(file)
    except ValueError as error:
        raise ValueError(f"names {file}, but {error}") from None
    return _as_json(value)


def _as_json(value: object) -> bytes:
    try:
        return json.dumps(value, separators=(",", ":")).encode()
    except TypeError:
        raise ValueError("holds a value that JSON has not, such as a date; put it in quotes") from None
