"""What was tried and what came of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: what was done, where, what was told, and whether it got through."""

    kind: str
    target: str
    told: str
    is_success: bool


@dataclass(slots=True)
class Report:
    """All attempts of a run. `let_in` are callers with every right: a wall that stops everybody proves nothing."""

    attempts: list[Attempt] = field(default_factory=list)
    let_in: list[Attempt] = field(default_factory=list)
    targets: int = 0

    @property
    def successes(self) -> list[Attempt]:
        """Attempts that got through."""
        return [attempt for attempt in self.attempts if attempt.is_success]

    @property
    def shut_out(self) -> list[Attempt]:
        """Callers with every right that were refused all the same."""
        return [attempt for attempt in self.let_in if not attempt.is_success]

    def add(self, other: Report) -> None:
        """Take another run's attempts in."""
        self.attempts.extend(other.attempts)
        self.let_in.extend(other.let_in)
        self.targets += other.targets

    def table(self) -> str:
        """Attempts by kind, for people."""
        tried, through = Counter(a.kind for a in self.attempts), Counter(a.kind for a in self.successes)
        width = max((len(kind) for kind in tried), default=0)
        lines = [f"{'attack':<{width}}  attempts  successes"]
        lines += [f"{kind:<{width}}  {tried[kind]:>8}  {through[kind]:>9}" for kind in sorted(tried)]
        lines.append(f"targets: {self.targets}, attempts: {len(self.attempts)}, successes: {len(self.successes)}")
        lines.append(f"callers with every right: {len(self.let_in)}, refused: {len(self.shut_out)}")
        return "\n".join([*lines, *map(_told, self.successes), *map(_told, self.shut_out)])

    def as_json(self) -> str:
        """The same, for programs."""
        tried, through = Counter(a.kind for a in self.attempts), Counter(a.kind for a in self.successes)
        return json.dumps(
            {
                "targets": self.targets,
                "attempts": len(self.attempts),
                "successes": len(self.successes),
                "let_in": len(self.let_in),
                "shut_out": len(self.shut_out),
                "kinds": {kind: {"attempts": tried[kind], "successes": through[kind]} for kind in sorted(tried)},
                "through": list(map(_told, self.successes)),
            },
            indent=2,
        )


def joined(reports: Iterable[Report]) -> Report:
    """One report of many."""
    whole = Report()
    for report in reports:
        whole.add(report)
    return whole


def _told(attempt: Attempt) -> str:
    return f"  {attempt.kind} → {attempt.target}: {attempt.told}"
