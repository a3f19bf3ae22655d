"""Tells what is running and how far it is; tables alone go to the standard output."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO


def say(text: str, *, out: TextIO | None = None) -> None:
    """Tell one thing, with the time, on the standard error or where it is wanted."""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=out or sys.stderr, flush=True)


@dataclass(slots=True)
class Progress:
    """Counts `steps` measurements and says how long the rest will take, by what the last ones took."""

    steps: int
    done: int = 0
    out: TextIO | None = None
    clock: Callable[[], float] = time.monotonic
    _spent: float = 0.0

    def say(self, text: str) -> None:
        """Tell one thing."""
        say(text, out=self.out)

    @contextmanager
    def step(self, what: str) -> Iterator[Callable[[str], None]]:
        """Tell that a measurement begins, and with what is given to the yielded function, what came of it."""
        self.say(f"{self.done + 1}/{self.steps} {what} …")
        began = self.clock()

        def finish(result: str) -> None:
            self.done += 1
            self._spent += self.clock() - began
            self.say(f"{self.done}/{self.steps} {what}: {result}{self._rest()}")

        yield finish

    def _rest(self) -> str:
        left = (self.steps - self.done) * self._spent / self.done
        return f" (about {left / 60:.0f} min of measuring left)" if left >= 30 else ""
