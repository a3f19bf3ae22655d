"""Which country somebody is called in."""

from __future__ import annotations

from functools import lru_cache

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

_LONGEST_CODE = 3


def calling_code(phone_number: str) -> int:
    """The country calling code of a phone number, with or without its plus; 0 where it tells none."""
    return _code_of(phone_number.removeprefix("+")[:_LONGEST_CODE])


@lru_cache(maxsize=1024)
def _code_of(beginning: str) -> int:
    """No code begins with another (ITU-T E.164), so that at most one fits."""
    if not (beginning.isascii() and beginning.isdigit()):
        return 0
    codes = (int(beginning[:length]) for length in range(1, len(beginning) + 1))
    return next((code for code in codes if code in COUNTRY_CODE_TO_REGION_CODE), 0)
