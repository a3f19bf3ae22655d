"""Which country a recipient is of, as far as their name tells: Meta may keep an account from a country as a whole."""

from __future__ import annotations

import re

# Country codes of one and two digits (ITU-T E.164); all others have three.
_TWO_DIGITS = frozenset(
    str(code)
    for code in (
        20, 27, *range(30, 35), 36, 39, 40, 41, *range(43, 50), *range(51, 59), *range(60, 67), 81, 82, 84, 86,
        *range(90, 96), 98,
    )
)  # fmt: skip
_USER_ID = re.compile(r"([A-Z]{2})\.")
# Several countries share these: an area code belongs to one of them, the next digit to Kazakhstan or not.
_NORTH_AMERICA = "1"
_RUSSIA_AND_KAZAKHSTAN = "7"
_KAZAKHSTAN = ("76", "77")


def country_of(recipient: str) -> str:
    """The country code with a plus (with the area code where countries share one), or two letters of a user id.

    Empty when the name tells none.
    """
    user_id = _USER_ID.match(recipient)
    if user_id is not None:
        return user_id[1]
    digits = recipient.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()) or len(digits) < 7:
        return ""
    if digits.startswith(_NORTH_AMERICA):
        return f"+{digits[:4]}"
    if digits.startswith(_RUSSIA_AND_KAZAKHSTAN):
        return "+77" if digits.startswith(_KAZAKHSTAN) else "+7"
    return f"+{digits[:2]}" if digits[:2] in _TWO_DIGITS else f"+{digits[:3]}"
