"""Chance, seeded: which request is mistreated and how, and what happens to statuses."""

import random
from collections import Counter

from .plans import Faults


class FaultDice:
    """Rolls by the plan in force; the same seed and the same order of rolls give the same faults."""

    def __init__(self) -> None:
        self.rolled: Counter[str] = Counter()
        self.set_plan(Faults())

    def set_plan(self, plan: Faults) -> None:
        """Replace the plan and start its random sequence anew."""
        self.plan = plan
        self._random = random.Random(plan.seed)  # noqa: S311 (faults are no secret)
        self._shares = [(kind, float(getattr(plan, kind))) for kind in Faults.KINDS if getattr(plan, kind)]

    def fault(self) -> str:
        """The kind of fault for one request, or the empty string; counted."""
        if not self._shares:
            return ""
        rest = self._random.random()
        for kind, share in self._shares:
            if rest < share:
                self.rolled[kind] += 1
                return kind
            rest -= share
        return ""

    def statuses(self, names: tuple[str, ...]) -> list[str]:
        """The statuses to tell, in the order to tell them: dropped, doubled or shuffled as planned."""
        told: list[str] = []
        for name in names:
            if self._happens(self.plan.drop, "status_dropped"):
                continue
            told += [name, name] if self._happens(self.plan.duplicate, "status_duplicated") else [name]
        if self.plan.shuffle:
            self._random.shuffle(told)
        return told

    def _happens(self, probability: float, name: str) -> bool:
        happens = probability > 0 and self._random.random() < probability
        self.rolled[name] += happens
        return happens
