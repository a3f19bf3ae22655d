"""Reading a test's values with a place for every complaint."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import re2

from services.executor.domain.flowtest.steps import BadTest
from services.executor.domain.json_value import Json

_SECONDS: Final = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_SPAN: Final = re2.compile(r"(?:\s*[0-9]+(?:\.[0-9]+)?\s*(?:d|h|ms|m|s))+\s*")
_PART: Final = re2.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(d|h|ms|m|s)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a test a value stands, such as `case "Sunday", step 3`."""

    words: str

    def wrong(self, sentence: str) -> BadTest:
        """What to raise for a value here."""
        return BadTest(f"{self.words}: {sentence}" if self.words else sentence)

    def within(self, words: str) -> "Place":
        """A place inside this one."""
        return Place(f"{self.words}, {words}" if self.words else words)

    def mapping(self, value: object, what: str) -> dict[str, Json]:
        """An object with text keys, which is JSON."""
        if not isinstance(value, Mapping):
            raise self.wrong(f"{what} is not an object with named fields")
        return {self._key(key): self.json(item, what) for key, item in value.items()}

    def _key(self, key: object) -> str:
        if isinstance(key, str):
            return key
        if isinstance(key, int) and not isinstance(key, bool):
            return str(key)
        raise self.wrong(f"the key {key!r} is no text; write it in quotes")

    def known(self, value: Mapping[str, Json], keys: Collection[str], what: str) -> None:
        """Complain of a field that means nothing."""
        for key in value:
            if key not in keys:
                raise self.wrong(f"{what} has the unknown field {key!r}; known are {', '.join(keys)}")

    def json(self, value: object, what: str) -> Json:
        """Any JSON value."""
        if isinstance(value, Mapping):
            return {self._key(key): self.json(item, what) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.json(item, what) for item in value]
        if value is None or isinstance(value, str | int | float):
            return value
        raise self.wrong(f"{what} holds a value that JSON has not, such as a date; write it in quotes")

    def text(self, value: object, what: str) -> str:
        """A text; a number is one as well."""
        if isinstance(value, str):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        raise self.wrong(f"{what} is no text; write it in quotes")

    def whole(self, value: object, what: str) -> int:
        """A whole number."""
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise self.wrong(f"{what} is no whole number")

    def flag(self, value: object, what: str) -> bool:
        """True or false."""
        if isinstance(value, bool):
            return value
        raise self.wrong(f"{what} is neither true nor false")

    def listed(self, value: object, what: str) -> list[Json]:
        """A list of JSON values."""
        if not isinstance(value, list):
            raise self.wrong(f"{what} is not a list")
        return [self.json(item, what) for item in value]

    def span(self, value: object, what: str) -> timedelta:
        """A time such as 2h30m, 90s or 1d."""
        text = self.text(value, what)
        if not _SPAN.fullmatch(text):
            raise self.wrong(f"{what} is {text!r}, which is no time such as 2h30m, 90s or 1d")
        return timedelta(seconds=sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text)))
