"""Regular expressions that flow authors write: RE2, so a hostile pattern or text costs linear time.

Linear in the text, times the size of the pattern at worst: so both are bounded, and a longer text matches nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import re2

MAX_PATTERN: Final = 1_000
MAX_SUBJECT: Final = 4_096
# Of each pattern, its program and what RE2 remembers of texts; a pattern that needs more is refused.
MAX_MEMORY_BYTES: Final = 1 << 20
# A search of the hardest kind takes 7 ns a character and instruction, one of the usual kind a thousandth.
_INSTRUCTIONS_A_UNIT: Final = 32

Matches = Callable[[str], bool]


class PatternError(ValueError):
    """A pattern RE2 does not accept; the message is a sentence for the author."""


@dataclass(frozen=True, slots=True)
class Search:
    """A pattern that may match anywhere in a text."""

    compiled: Any

    def matches(self, text: str) -> bool:
        """Whether it matches; a text longer than MAX_SUBJECT never does."""
        return len(text) <= MAX_SUBJECT and self.compiled.search(text) is not None

    def cost(self, text: str) -> int:
        """What a search may cost, in units of the turn's budget."""
        return len(text) * int(self.compiled.programsize) // _INSTRUCTIONS_A_UNIT


def compile_search(pattern: str) -> Search:
    """Compile a pattern that may match anywhere in the text. Raises PatternError."""
    return Search(_compile(pattern))


def compile_validation(pattern: str) -> Matches:
    """Compile a pattern for an answer: the whole answer must match, unless the author anchored it himself."""
    if pattern.startswith("^") or pattern.endswith("$"):
        return compile_search(pattern).matches
    compiled = _compile(pattern)
    return lambda text: len(text) <= MAX_SUBJECT and compiled.fullmatch(text) is not None


def _compile(pattern: str) -> Any:
    if len(pattern) > MAX_PATTERN:
        raise PatternError(f"The regular expression is longer than {MAX_PATTERN} characters.")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_MEMORY_BYTES
    try:
        return re2.compile(pattern, options)
    except re2.error as reason:
        raise PatternError(f'The regular expression "{pattern}" is not valid RE2, or too large.') from reason
