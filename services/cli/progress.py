"""How far a long command is."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import typer

# A bar of time has no unit of its own.
_BAR_LENGTH = 1000


@contextmanager
def bar_of_time(label: str, until: datetime | None, *, is_shown: bool) -> Iterator[Callable[[int], None]]:
    """A bar as long as the time from the first record to the end; told when the last one that was written was.

    Moments are microseconds since 1970. It never goes back, whatever the order.
    """
    if not is_shown:
        yield lambda _: None
        return
    end_us = int((until.replace(tzinfo=UTC) if until else datetime.now(UTC)).timestamp() * 1_000_000)
    first_us: int | None = None
    shown = 0
    with typer.progressbar(length=_BAR_LENGTH, label=label, file=sys.stderr) as bar:

        def advance(last_us: int) -> None:
            nonlocal first_us, shown
            first_us = last_us if first_us is None else first_us
            place = int(_BAR_LENGTH * (last_us - first_us) / max(1, end_us - first_us))
            bar.update(max(0, place - shown))
            shown = max(shown, place)

        yield advance
        bar.update(_BAR_LENGTH - shown)
