"""Regular expressions of triggers: RE2, so that what a contact writes costs linear time, times the pattern's size."""

from __future__ import annotations

from typing import Any, NamedTuple

import re2

# As executor's linter has them (services/executor/domain/patterns.py), which told the author of a pattern that is none.
MOST_CHARACTERS = 1_000
LONGEST_TEXT = 4_096
MOST_MEMORY_BYTES = 1 << 20
_INSTRUCTIONS_A_UNIT = 32

# What the patterns of one message may cost together, in units of some 10 ns; 224 ns for those that RE2 finds hardest.
MOST_WORK = 50_000


class Pattern(NamedTuple):
    """A pattern ready to be searched for."""

    compiled: Any
    size: int

    def work(self, text: str) -> int:
        """What a search may cost."""
        return len(text) * self.size // _INSTRUCTIONS_A_UNIT

    def is_in(self, text: str) -> bool:
        """Whether it is found anywhere in the text."""
        return self.compiled.search(text) is not None


def compile_pattern(pattern: str) -> Pattern | None:
    """The pattern; None when RE2 refuses it."""
    if len(pattern) > MOST_CHARACTERS:
        return None
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MOST_MEMORY_BYTES
    try:
        compiled = re2.compile(pattern, options)
    except re2.error:
        return None
    return Pattern(compiled, int(compiled.programsize))
