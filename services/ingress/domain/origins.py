"""Origins of web pages, as browsers name them (RFC 6454, section 7)."""

from __future__ import annotations

import re

EVERY_ORIGIN = "*"
_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")


def read_origins(text: str) -> frozenset[str]:
    """Origins from a list with commas between; `*` alone means every one, nothing means none.

    Raises ValueError with the mend: an origin that is written wrongly would only be missed in a browser.
    """
    origins = frozenset(part.strip() for part in text.split(",")) - {""}
    if origins == {EVERY_ORIGIN}:
        return origins
    for origin in sorted(origins):
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(f"{origin!r} is no origin; write it like https://app.example.com, in lower case, no path")
    return origins
