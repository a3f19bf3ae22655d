"""What makes a password usable. How it is hashed is not decided here (accounts/passwords.py)."""

from __future__ import annotations

import unicodedata

SHORTEST, LONGEST = 8, 256
_FEWEST_SIGNS = 4


def normal_password(text: str) -> str:
    """The same password whatever keyboard composed its letters (NFKC, NIST SP 800-63B)."""
    return unicodedata.normalize("NFKC", text)


def check_password(text: str, *, email: str) -> str:
    """The normal form of a new password. Raises ValueError with the mend; it never repeats the password.

    Length is what counts (NIST SP 800-63B asks for no signs or digits); lock-out and limits do the rest.
    """
    password = normal_password(text)
    try:
        password.encode()
    except UnicodeEncodeError:
        raise ValueError("must not hold broken characters") from None
    if not SHORTEST <= len(password) <= LONGEST:
        raise ValueError(f"must have {SHORTEST} to {LONGEST} characters")
    if len(set(password)) < _FEWEST_SIGNS:
        raise ValueError(f"must have at least {_FEWEST_SIGNS} different characters")
    if password.strip().lower() in (email, email.rpartition("@")[0]):
        raise ValueError("must not be the e-mail address")
    return password
