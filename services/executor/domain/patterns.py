"""Regular expressions that flow authors write: RE2, so a hostile pattern or text costs linear time."""

from collections.abc import Callable
from typing import Final

import re2

MAX_PATTERN: Final = 1_000
_MAX_MEMORY_BYTES: Final = 1 << 20

Matches = Callable[[str], bool]


class PatternError(ValueError):
    """A pattern RE2 does not accept; the message is a sentence for the author."""


def compile_search(pattern: str) -> Matches:
    """Compile a pattern that may match anywhere in the text."""
    compiled = _compile(pattern)
    return lambda text: compiled.search(text) is not None


def compile_validation(pattern: str) -> Matches:
    """Compile a pattern for an answer: the whole answer must match, unless the author anchored it himself."""
    if pattern.startswith("^") or pattern.endswith("$"):
        return compile_search(pattern)
    compiled = _compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


def _compile(pattern: str):  # type: ignore[no-untyped-def]  # re2 ships no types; the two callers narrow to bool
    if len(pattern) > MAX_PATTERN:
        raise PatternError(f"The regular expression is longer than {MAX_PATTERN} characters.")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_MEMORY_BYTES
    try:
        return re2.compile(pattern, options)
    except re2.error as reason:
        raise PatternError(f'The regular expression "{pattern}" is not valid RE2.') from reason
