"""What is taken out of every log line: secrets whole, people by a name that only this house can tell from others.

Code logs no secret and no person to begin with (tests/house/test_log_lines.py); this is the second wall, for what
libraries, error messages and tomorrow's code say. It works on lines, which are few: nothing is on a message's road.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from pathlib import PurePath
from urllib.parse import quote
from uuid import UUID

from services.chassis.logs.errors import told, without_asides

MASK = "***"
# A shorter secret would hide ordinary words.
_SHORTEST_SECRET = 8
_ALIAS_DIGITS = 10
_DEEPEST = 6
_MOST_ITEMS = 100
_FEWEST_DIGITS, _MOST_DIGITS = 8, 15

_NAMED = r"access_?token|refresh_?token|verify_?token|app_?secret|client_?secret|api_?key|password|passwd|secret|token"
_SECRETS = re.compile(
    r"""
    EAA[A-Za-z0-9]{2,}                                       # access tokens of Meta
  | pt[kri]_[\w-]+                                           # API keys, refresh tokens and invitations of PyTake
  | eyJ[\w-]{4,}\.[\w-]+\.[\w-]*                             # JWT
  | (?i:bearer)\s+[^\s"',;]+ | Basic\s+[\w+/=-]{8,}          # authorization headers
  | sha(?:1|256)=[0-9A-Fa-f]{8,}                             # signatures
  | (?<![0-9A-Za-z])[0-9A-Fa-f]{64}(?![0-9A-Za-z])           # digests, which signatures are
  | (?<=://)[^/\s:@]*:[^/\s@]+(?=@)                          # user and password of a URL
    """,
    re.VERBOSE,
)
_PAIRS = re.compile(rf"""(?i)((?:{_NAMED}|authorization|sealing_keys?|secret_key)["']?\s*[=:]\s*["']?)[^\s"'&,;)}}]+""")
_PEOPLE = re.compile(
    r"""
    (?P<plain>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12} | [0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})
  | (?P<wamid>wamid\.[\w=+/.-]+)                             # holds the phone number, in base64
  | (?P<user>(?<!\w)[A-Z]{2}\.\d{6,}\w*)                     # business-scoped user ids
  | (?P<spaced>\+\d{1,3}[ ().-]{1,2}\d[\d ().-]{5,17}\d)
  | (?P<phone>(?<!\w)(?<!\d\.)(?:\+|%2[Bb])?\d{8,15}(?!\w)(?!\.\d))
    """,
    re.VERBOSE,
)
_SECRET_KEY = re.compile(
    r"authorization|token|secret|password|passwd|cookie|signature|api[-_]?key|private[-_]?key|sealing|sealed|credential|_url$"
)
_CONTENT_KEYS = frozenset(
    {"body", "caption", "content", "fields", "message", "payload", "profile_name", "transcript", "variables", "words"}
)
# Digits that are no person's: ids of numbers and accounts at Meta, and what is measured.
_PLAIN_KEYS = frozenset({"phone_number_id", "waba_id", "port", "pid", "count", "position", "at"})
_PLAIN_ENDINGS = ("_ms", "_us", "_seconds", "_bytes", "_count", "_at")


@dataclass(frozen=True, slots=True)
class Redactor:
    """Takes out of values what must not be read in a log.

    `key` makes people's names: the same person has the same one wherever the key is the same. `hidden` are this
    process's own secrets, taken out wherever they occur.
    """

    key: bytes
    hidden: re.Pattern[str] | None = None

    @classmethod
    def knowing(cls, key: bytes, secrets: Iterable[str]) -> Redactor:
        """A redactor for a process that has these secrets; short ones are no secrets."""
        forms = {form for secret in secrets if len(secret) >= _SHORTEST_SECRET for form in (secret, quote(secret, ""))}
        longest_first = sorted(forms, key=len, reverse=True)
        return cls(key, re.compile("|".join(map(re.escape, longest_first))) if forms else None)

    def alias(self, number: str) -> str:
        """The name under which a phone number stands in the logs; digits alone count."""
        return "phone:" + self._digest(re.sub(r"\D", "", number))

    def text(self, text: str) -> str:
        """A text without secrets, and with names for people."""
        text = self._plain_text(text)
        text = without_asides(_PAIRS.sub(rf"\1{MASK}", text))
        return _PEOPLE.sub(self._renamed, text)

    def value(self, value: object, *, key: str = "", depth: int = 0) -> object:
        """A value as it may stand in a log under this key; what has no plain form is told by its type alone."""
        if value is None or isinstance(value, bool | float):
            return value
        name = key.lower()
        if _SECRET_KEY.search(name) or name in _CONTENT_KEYS:
            return MASK
        if isinstance(value, int):
            return self._number(value, is_plain=_is_plain(name))
        if isinstance(value, str):
            return self._plain_text(value) if _is_plain(name) else self.text(value)
        if isinstance(value, BaseException):
            return self.text(told(value))
        if isinstance(value, UUID | date | timedelta | PurePath | Enum):
            return self.text(str(value))
        if depth < _DEEPEST and isinstance(value, Mapping | list | tuple | set | frozenset):
            return self._nested(value, key=key, depth=depth + 1)
        # Bytes are messages more often than not; objects may print anything.
        return f"<{type(value).__name__}>"

    def _nested(self, value: Mapping[object, object] | Iterable[object], *, key: str, depth: int) -> object:
        if isinstance(value, Mapping):
            pairs = list(value.items())[:_MOST_ITEMS]
            return {self.text(str(name)): self.value(item, key=str(name), depth=depth) for name, item in pairs}
        return [self.value(item, key=key, depth=depth) for item in list(value)[:_MOST_ITEMS]]

    def _plain_text(self, text: str) -> str:
        """A text without secrets, which JSON takes; under keys whose digits are no person's, that is all."""
        text = text.encode(errors="backslashreplace").decode()  # lone surrogates
        return _SECRETS.sub(MASK, self.hidden.sub(MASK, text) if self.hidden else text)

    def _number(self, value: int, *, is_plain: bool) -> object:
        digits = str(abs(value))
        if not is_plain and _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS:
            return self.alias(digits)
        return value if abs(value) < 2**63 else digits

    def _renamed(self, match: re.Match[str]) -> str:
        found, kind = match.group(), match.lastgroup
        if kind == "plain":
            return found
        if kind in ("wamid", "user"):
            return f"{kind}:{self._digest(found)}"
        digits = re.sub(r"\D", "", re.sub(r"^%2[Bb]", "", found))
        return self.alias(digits) if _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS else found

    def _digest(self, text: str) -> str:
        return hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()[:_ALIAS_DIGITS]


def _is_plain(name: str) -> bool:
    return name in _PLAIN_KEYS or name.endswith(_PLAIN_ENDINGS)
