"""What may be said of one value of a body: a complaint with the mend, or nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

_LONGEST_LINK = 2048
_LINK = re.compile(r"https?://[^\s/?#]\S*", re.IGNORECASE)
# Arrows, signs and letters in circles lie below and are shown as text.
_FIRST_EMOJI = 0x2300
_EMOJI_STYLE = "\ufe0f"
_MOST_SPACES = 4


class Check(Protocol):
    """Looks at one value; None stands for a value that is not there."""

    def complaint(self, value: object) -> str | None:
        """What is wrong and how it is mended, to be read after the field's name; None when all is well."""


@dataclass(frozen=True, slots=True)
class IfThere:
    """Another check, for a value that may be left out."""

    check: Check

    def complaint(self, value: object) -> str | None:
        """What the other check says of a value that is there."""
        return None if value is None else self.check.complaint(value)


@dataclass(frozen=True, slots=True)
class Words:
    """A text of `least` to `most` characters; with a `least` of 0 it may be left out."""

    least: int
    most: int

    def complaint(self, value: object) -> str | None:
        """Empty, blank, or too long."""
        if value is None or value == "":
            return f"is empty; give 1 to {self.most:,} characters" if self.least else None
        if not isinstance(value, str):
            return "is no text; give it as text"
        if len(value) > self.most:
            return f"has {len(value):,} characters, Meta takes at most {self.most:,}; shorten it"
        if self.least and not value.strip():
            return f"is blank; give 1 to {self.most:,} characters"
        return None


@dataclass(frozen=True, slots=True)
class Items:
    """A list of `least` to `most` entries."""

    least: int
    most: int

    def complaint(self, value: object) -> str | None:
        """Too few or too many."""
        count = len(value) if isinstance(value, Sequence) and not isinstance(value, str) else 0
        if count < self.least:
            return f"has {count} entries, Meta wants at least {self.least}; add some"
        if count > self.most:
            return f"has {count} entries, Meta takes at most {self.most}; leave some out"
        return None


@dataclass(frozen=True, slots=True)
class Absent:
    """Nothing may stand there, for this reason."""

    reason: str

    def complaint(self, value: object) -> str | None:
        """There is something all the same."""
        return None if value is None else self.reason


@dataclass(frozen=True, slots=True)
class Needed:
    """Something must stand there."""

    mend: str

    def complaint(self, value: object) -> str | None:
        """Nothing, or nothing in it."""
        return f"is missing; {self.mend}" if value is None or value == "" or value == {} or value == [] else None


@dataclass(frozen=True, slots=True)
class Between:
    """A number in a range; Meta takes it written as a text as well."""

    least: float
    most: float

    def complaint(self, value: object) -> str | None:
        """Not there, outside the range, or no number."""
        if value is None:
            return f"is missing; give a number from {self.least:g} to {self.most:g}"
        return None if self._holds(value) else f"is {value}, Meta takes {self.least:g} to {self.most:g}; correct it"

    def _holds(self, value: object) -> bool:
        try:
            return isinstance(value, int | float | str) and self.least <= float(value) <= self.most
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of these words."""

    words: frozenset[str]

    def complaint(self, value: object) -> str | None:
        """Another word."""
        return None if value in self.words else f"is {value!r}; use one of {', '.join(sorted(self.words))}"


@dataclass(frozen=True, slots=True)
class Form:
    """A text written in a certain way."""

    pattern: re.Pattern[str]
    example: str

    def complaint(self, value: object) -> str | None:
        """Not there, or written otherwise."""
        if isinstance(value, str) and self.pattern.fullmatch(value):
            return None
        return f"is {value!r}; write it as {self.example}" if value else f"is missing; give it as {self.example}"


@dataclass(frozen=True, slots=True)
class Link:
    """A web address."""

    def complaint(self, value: object) -> str | None:
        """None, or none that Meta could fetch."""
        if not isinstance(value, str) or not _LINK.fullmatch(value):
            return "is no web address; begin it with http:// or https:// and leave no spaces in it"
        if len(value) > _LONGEST_LINK:
            return f"has {len(value):,} characters, Meta takes at most {_LONGEST_LINK:,}; use a shorter address"
        return None


@dataclass(frozen=True, slots=True)
class NoEmoji:
    """A text without emoji."""

    def complaint(self, value: object) -> str | None:
        """An emoji is in it."""
        if isinstance(value, str) and any(_is_emoji(sign) for sign in value):
            return "has an emoji, Meta takes none there; use words"
        return None


@dataclass(frozen=True, slots=True)
class Lines:
    """A text with at most so many line breaks."""

    most_breaks: int

    def complaint(self, value: object) -> str | None:
        """More of them."""
        count = value.count("\n") if isinstance(value, str) else 0
        if count > self.most_breaks:
            return f"has {count} line breaks, Meta takes at most {self.most_breaks}; join lines"
        return None


@dataclass(frozen=True, slots=True)
class OneLine:
    """What Meta puts into a template's text: no line breaks, no tabs, no more than four spaces in a row."""

    def complaint(self, value: object) -> str | None:
        """What would tear the template's text apart."""
        if not isinstance(value, str):
            return None
        if any(sign in value for sign in "\n\r\t") or " " * (_MOST_SPACES + 1) in value:
            return "has a line break, a tab or more than four spaces in a row; put single spaces there"
        return None


@dataclass(frozen=True, slots=True)
class Source:
    """A file: an id of Meta's, or an address that Meta can fetch."""

    def complaint(self, value: object) -> str | None:
        """Neither, or one that cannot be."""
        given = value if isinstance(value, Mapping) else {}
        if "id" in given:
            found = Words(1, 512).complaint(given["id"])
            return found and f"has an id that {found}"
        if "link" in given:
            found = Link().complaint(given["link"])
            return found and f"has a link that {found}"
        return "names no file; give the id of an upload or a link"


def _is_emoji(sign: str) -> bool:
    return sign == _EMOJI_STYLE or (ord(sign) >= _FIRST_EMOJI and unicodedata.category(sign) == "So")
