"""What an import did: the lines a flow's author reads before publishing."""

from dataclasses import dataclass, field
from typing import Literal

from services.executor.domain.importers.values import Object

Level = Literal["kept", "changed", "dropped", "problem"]


class UnreadableFlow(ValueError):
    """The source holds nothing to import; the message is one sentence with the mend."""


@dataclass(frozen=True, slots=True)
class ReportItem:
    """One finding; `node_id` and `field` are empty when it concerns the whole document."""

    level: Level
    node_id: str
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """The dialect that was recognised and the findings in document order."""

    dialect: str
    items: tuple[ReportItem, ...] = ()

    def at(self, level: Level) -> tuple[ReportItem, ...]:
        return tuple(item for item in self.items if item.level == level)


@dataclass(frozen=True, slots=True)
class Imported:
    """A native flow document and what happened on the way; the document shares values with its source."""

    flow: Object
    report: Report


@dataclass(frozen=True, slots=True)
class Findings:
    """Collects report lines while one import runs."""

    items: list[ReportItem] = field(default_factory=list)

    def add(self, level: Level, node_id: str, name: str, message: str) -> None:
        self.items.append(ReportItem(level, node_id, name, message))
