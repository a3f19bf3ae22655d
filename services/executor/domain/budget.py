"""What one turn may cost, whatever its flow and its contact bring.

Work is counted and not timed, so that a turn repeats exactly. A unit is some 10 ns: a whole budget is a few hundredths
of a second, for patterns that RE2 finds hard a few tenths.
"""

from typing import Final

MAX_WORK: Final = 4_000_000
# A step of a template, an operation of an expression, a comparison of a rule.
STEP: Final = 32


class WorkSpent(Exception):
    """The turn's budget is used up: the engine stops the turn."""


class Budget:
    """What is left for a turn. Shared by everything that reads its scope."""

    __slots__ = ("left",)

    def __init__(self, left: int = MAX_WORK) -> None:
        self.left = left

    def spend(self, units: int) -> None:
        """Count work, before or after it is done. Raises WorkSpent."""
        self.left -= units
        if self.left < 0:
            raise WorkSpent
