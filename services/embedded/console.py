"""What people see while the house starts and runs: a spinner on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO


class PlainConsole:
    """Writes lines; a reader that went away (a closed terminal or pipe) never disturbs the house."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout

    def say(self, text: str) -> None:
        """Write one message."""
        with suppress(OSError, ValueError):
            print(text, file=self._stream, flush=True)

    @contextmanager
    def step(self, doing: str, done: str) -> Iterator[None]:
        """Show what is being done, then that it is and how long it took; a failure says so by itself."""
        began = time.monotonic()
        with self._busy(doing):
            yield
        self.say(f"{self._tick()} {done} ({time.monotonic() - began:.1f} s)")

    @contextmanager
    def _busy(self, doing: str) -> Iterator[None]:
        self.say(f"… {doing}")
        yield

    def _tick(self) -> str:
        return "✓"


class TerminalConsole(PlainConsole):
    """A spinner beside what is being done; needs a terminal."""

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console  # lazily: 90 ms that pipes and logs need not pay

        self._rich = Console(highlight=False, markup=False)

    def say(self, text: str) -> None:
        with suppress(OSError, ValueError):
            self._rich.print(text)

    @contextmanager
    def _busy(self, doing: str) -> Iterator[None]:
        with self._rich.status(doing):
            yield


def open_console() -> PlainConsole:
    """Return the console that fits where the output goes."""
    return TerminalConsole() if sys.stdout.isatty() else PlainConsole()
