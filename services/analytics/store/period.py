"""What statements of reports have in common: whose rows, and since which day."""

from __future__ import annotations

from datetime import date

_EPOCH = date(1970, 1, 1)
_BEFORE_EVERYTHING = -1_000_000

OURS = "organization_id = %(organization)b::uuid"
SINCE = "day >= date '1970-01-01' + %(since)b::int"


def days_since_epoch(first_day: date | None) -> int:
    """The value of `since`; None means of all time."""
    return (first_day - _EPOCH).days if first_day else _BEFORE_EVERYTHING
