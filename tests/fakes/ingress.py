"""ingress' store in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.chassis.errors import Unavailable
from services.chassis.queue import Item
from services.ingress.ports import Accepted, KeptEvent, MetaApp
from services.pb.common.v1 import errors_pb2

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
ROTATION = timedelta(days=7)


@dataclass(slots=True)
class MemoryStore:
    """Lanes as lists, apps as a dictionary. `is_away` makes it fail; `questions` counts look-ups of apps."""

    messages: dict[UUID, list[Item]] = field(default_factory=dict)
    statuses: dict[UUID, list[Item]] = field(default_factory=dict)
    kept: dict[str, KeptEvent] = field(default_factory=dict)
    apps: dict[tuple[UUID, str], MetaApp] = field(default_factory=dict)
    doors: dict[str, int] = field(default_factory=dict)
    questions: int = 0
    is_away: bool = False

    async def accept(self, entries: Sequence[Accepted]) -> Sequence[None]:
        self._fail()
        for entry in entries:
            if entry.message:
                _append(self.messages, entry.message)
            if entry.status:
                _append(self.statuses, entry.status)
            if entry.kept:
                stamped = replace(entry.kept, received_at=NOON)
                self.kept.setdefault(entry.kept.key, stamped)
        return [None] * len(entries)

    async def list_apps(self) -> list[MetaApp]:
        self.questions += 1
        self._fail()
        return [self.apps[key] for key in sorted(self.apps, key=lambda key: (str(key[0]), key[1]))]

    async def apps_of(self, *, organization_id: UUID) -> list[MetaApp]:
        return [app for app in await self.list_apps() if app.organization_id == organization_id]

    async def put_app(self, app: MetaApp) -> bool:
        self._fail()
        known = self.apps.get((app.organization_id, app.name))
        if known is None or app.previous_app_secret:
            wanted = app
        elif known.app_secret == app.app_secret:
            wanted = replace(app, previous_app_secret=known.previous_app_secret)
        else:
            wanted = replace(app, previous_app_secret=known.app_secret)
        until = NOON + ROTATION if wanted.previous_app_secret else None
        stored = replace(wanted, updated_at=NOON, previous_until=until)
        is_changed = known != stored
        self.apps[app.organization_id, app.name] = stored
        return is_changed

    async def end_rotation(self, *, organization_id: UUID, name: str) -> bool | None:
        self._fail()
        known = self.apps.get((organization_id, name))
        if known is None:
            return None
        self.apps[organization_id, name] = replace(known, previous_app_secret=None, previous_until=None)
        return known.previous_app_secret is not None

    async def list_events(self, *, disposition: str, limit: int) -> list[KeptEvent]:
        self._fail()
        found = [event for event in self.kept.values() if disposition in ("", event.disposition)]
        return found[::-1][:limit]

    async def oldest_unapplied_status_ms(self) -> int:
        self._fail()
        return 1 if self.statuses else 0

    async def note_door(self, *, place: str, open_ms: int) -> None:
        self._fail()
        self.doors[place] = open_ms

    async def forget_door(self, *, place: str) -> None:
        self._fail()
        self.doors.pop(place, None)

    async def doors_open_ms(self) -> int | None:
        self._fail()
        return min(self.doors.values(), default=None)

    def stored(self) -> int:
        """How much came in."""
        lanes = [*self.messages.values(), *self.statuses.values()]
        return sum(len(lane) for lane in lanes) + len(self.kept)

    def _fail(self) -> None:
        if self.is_away:
            raise Unavailable("away", reason=errors_pb2.ERROR_REASON_STORE_UNAVAILABLE)


def _append(box: dict[UUID, list[Item]], item: Item) -> None:
    known = {other.event_id for lane in box.values() for other in lane if other.group_id == item.group_id}
    if item.event_id not in known:
        box.setdefault(item.lane_id, []).append(item)
