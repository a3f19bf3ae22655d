"""Sender's pauses and gates in memory, on a clock the test turns."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

from services.sender.domain.pausing import PauseName
from services.sender.domain.templates import Shape, TemplateKey
from services.sender.ports import Paced, Pause, Place
from tests.fakes.sender_store import Clock

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class FakePauseStore:
    """ports.PauseStore without a database."""

    clock: Clock
    pauses: dict[PauseName, Pause] = field(default_factory=dict)
    probe_at: dict[PauseName, float] = field(default_factory=dict)
    is_away: bool = False

    async def put_pause(self, name: PauseName, *, phone_number_id: str, code: int, text: str, seconds: float) -> bool:
        if name in self.pauses:
            self.pauses[name] = replace(self.pauses[name], code=code, text=text)
            return False
        self.pauses[name] = Pause(
            name=name, phone_number_id=phone_number_id, code=code, text=text, since=START, probes=0, probe_in=0.0
        )
        self.probe_at[name] = self.clock.seconds + seconds
        return True

    async def take_probe(self, name: PauseName, *, seconds: float) -> bool:
        if name not in self.pauses:
            return True
        if self.probe_at[name] > self.clock.seconds:
            return False
        self.pauses[name] = replace(self.pauses[name], probes=self.pauses[name].probes + 1)
        self.probe_at[name] = self.clock.seconds + seconds
        return True

    async def end_pauses(self, names: Sequence[PauseName]) -> list[PauseName]:
        return [name for name in names if self.pauses.pop(name, None) is not None]

    async def resume(self, *, organization_id: UUID, names: Sequence[PauseName]) -> list[PauseName]:
        return await self.end_pauses(names)

    async def read_pauses(self) -> list[Pause]:
        now = self.clock.seconds
        return [replace(each, probe_in=max(self.probe_at[name] - now, 0.0)) for name, each in self.pauses.items()]

    async def list_pauses(self, *, organization_id: UUID) -> list[Pause]:
        return [each for each in await self.read_pauses() if each.name.organization_id == organization_id]


class OpenGate:
    """ports.NumberGate that holds nobody up."""

    def __init__(self) -> None:
        self.slowed: list[str] = []
        self.rests: list[tuple[str, float]] = []

    async def reserve(self, asked: Sequence[Paced], *, within: float) -> list[tuple[bool, float]]:
        return [(True, 0.0)] * len(asked)

    async def penalize(self, phone_number_id: str, *, seconds: float) -> None:
        self.rests.append((phone_number_id, seconds))

    async def slow_down(self, phone_number_id: str) -> None:
        self.slowed.append(phone_number_id)

    async def enter(self, asked: Paced) -> Place:
        return Place(asked.phone_number_id, "", 0.0)

    def leave(self, place: Place) -> None:
        """Others may follow."""


class BoundlessReach:
    """ports.ReachStore of a portfolio without a limit."""

    async def reach(
        self, *, organization_id: UUID, portfolio_id: str, limit: int, recipients: Sequence[str]
    ) -> list[bool]:
        return [True] * len(recipients)


class UnknownTemplates:
    """worker.surroundings.TemplateBook that knows no template."""

    async def get(self, keys: Sequence[TemplateKey]) -> list[Shape | None]:
        return [None] * len(keys)
