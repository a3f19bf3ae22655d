"""Secrets in requests: by name only, as marks, until the moment of the call.

An author writes `{{secret.NAME}}`. Left in braces, a contact who types the same would have the secret sent along
wherever their words go. So the author's text gets marks before it is filled in: they hold a NUL character, which no
value that is filled in can hold (json_value.storable).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from services.executor.domain.json_value import Json

MASK: Final = "***"

_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
_WRITTEN = re.compile(r"\{\{\s*secret\.(" + _NAME + r")\s*\}\}")
_MARK = re.compile(f"\x00secret:({_NAME})\x00")
_FULL_NAME = re.compile(_NAME)


def is_secret_name(text: str) -> bool:
    """Whether a secret can have this name: 1 to 64 letters, digits, dots, dashes and underscores."""
    return _FULL_NAME.fullmatch(text) is not None


def with_marks(text: str) -> str:
    """An author's text with a mark for each `{{secret.NAME}}`, to be compiled as a template."""
    return _WRITTEN.sub(lambda found: f"\x00secret:{found[1]}\x00", text)


def secret_names(text: str) -> list[str]:
    """The names of the secrets that an author's text uses, in order."""
    return list(dict.fromkeys(_WRITTEN.findall(text)))


def marked_names(value: Json) -> set[str]:
    """The names of the secrets that are marked in a request, at any depth."""
    return {name for text in _texts(value) for name in _MARK.findall(text)}


def put_in(value: Json, secrets: Mapping[str, str]) -> Json:
    """A request with the secrets in place of their marks. Raises KeyError for a name that is not there."""
    if isinstance(value, str):
        return _MARK.sub(lambda found: secrets[found[1]], value)
    if isinstance(value, list):
        return [put_in(item, secrets) for item in value]
    if isinstance(value, dict):
        return {_MARK.sub(lambda found: secrets[found[1]], key): put_in(item, secrets) for key, item in value.items()}
    return value


def masked(value: Json, forms: re.Pattern[str] | None) -> Json:
    """A value without secrets: whatever `forms` finds in its texts is ***."""
    if forms is None:
        return value
    if isinstance(value, str):
        return forms.sub(MASK, value)
    if isinstance(value, list):
        return [masked(item, forms) for item in value]
    if isinstance(value, dict):
        return {forms.sub(MASK, key): masked(item, forms) for key, item in value.items()}
    return value


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _texts(item)
