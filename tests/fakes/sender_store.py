"""Sender's store in memory, on a clock the test turns; held to the same suite as the real one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

from services.chassis.queue import Claim, StoredItem
from services.sender.domain.message import Key as MessageKey
from services.sender.domain.message import Message, key_of, with_status
from services.sender.domain.settling import Deferral, Lost, PairLimit, Released, Turn, Wish, settle
from services.sender.ports import Departure, NewMessage, Settlement, StatusEvent, StatusFate
from services.sender.ports.teams import Listed, MessageFilter

Key = tuple[UUID, UUID]
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Clock:
    """Seconds since the test began; `now` is what Postgres' now() would be."""

    seconds: float = 0.0

    def now(self) -> float:
        return self.seconds

    async def pause(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Lane:
    items: list[StoredItem] = field(default_factory=list)
    head: int = 0
    wake_at: float | None = None
    lease: UUID | None = None
    attempts: int = 0
    last_error: str | None = None
    pair_mark: float = 0.0


class FakeStore:
    """ports.Store without a database."""

    def __init__(self, clock: Clock, *, limit: PairLimit, lease_seconds: float = 6.0) -> None:
        self.clock = clock
        self.limit = limit
        self.lease_seconds = lease_seconds
        self.lanes: dict[Key, Lane] = {}
        self.messages: dict[MessageKey, Message] = {}
        self.attempted_at: dict[MessageKey, float] = {}
        self.deferred: dict[MessageKey, Deferral] = {}
        self.parked: dict[tuple[UUID, str], list[StatusEvent]] = {}

    async def enqueue(self, messages: Sequence[NewMessage]) -> list[bool]:
        return [self._add(message) for message in messages]

    def _add(self, message: NewMessage) -> bool:
        key = message.key
        if key in self.messages:
            return False
        self.messages[key] = Message(
            organization_id=message.organization_id, message_id=message.message_id, lane_id=message.lane_id,
            phone_number_id=message.phone_number_id, recipient_wa_id=message.recipient_wa_id,
            flow_id=message.flow_id, node_id=message.node_id,
        )  # fmt: skip
        lane = self.lanes.setdefault((message.organization_id, message.lane_id), Lane())
        position = len(lane.items) + 1
        lane.items.append(StoredItem(position, str(message.message_id), message.payload, START))
        lane.wake_at = self.clock.now() if lane.wake_at is None else lane.wake_at
        return True

    async def enqueue_and_depart(
        self, messages: Sequence[NewMessage], wishes: Mapping[MessageKey, Wish]
    ) -> tuple[list[bool], list[Departure]]:
        lanes = dict.fromkeys((message.organization_id, message.lane_id) for message in messages)
        idle = [key for key in lanes if key not in self.lanes or self.lanes[key].wake_at is None]
        is_new = await self.enqueue(messages)
        token = uuid4()
        claims = [self._take(key, token) for key in idle if key in self.lanes and self.lanes[key].wake_at is not None]
        return is_new, [self._depart(claim, wishes) for claim in claims]

    def _depart(self, claim: Claim, wishes: Mapping[MessageKey, Wish]) -> Departure:
        wish = wishes.get(key_of(claim.group_id, UUID(claim.items[0].event_id)))
        if wish is None:
            return Departure(claim, None)
        return Departure(claim, self._settle(claim, Turn(claim.head, wish=replace(wish, position=claim.place_of(0)))))

    async def claim(self, *, limit: int) -> list[Claim]:
        now, token = self.clock.now(), uuid4()
        ready = [key for key, lane in self.lanes.items() if lane.wake_at is not None and lane.wake_at <= now]
        return [self._take(key, token) for key in ready[:limit]]

    def _take(self, key: Key, token: UUID) -> Claim:
        lane = self.lanes[key]
        lane.lease, lane.wake_at = token, self.clock.now() + self.lease_seconds
        lane.attempts += 1
        tail = len(lane.items)
        items = tuple(lane.items[lane.head :])
        return Claim(key[0], key[1], token, lane.head, tail, lane.attempts, 0, lane.last_error, items, tail)

    async def renew(self, claims: Sequence[Claim]) -> set[Key]:
        held = {(claim.group_id, claim.lane_id) for claim in claims if self._is_held(claim)}
        for key in held:
            self.lanes[key].wake_at = self.clock.now() + self.lease_seconds
        return held

    def _is_held(self, claim: Claim) -> bool:
        return self.lanes[claim.group_id, claim.lane_id].lease == claim.token

    async def settle(self, turns: Sequence[tuple[Claim, Turn]]) -> list[Settlement]:
        return [self._settle(claim, turn) for claim, turn in turns]

    def _settle(self, claim: Claim, turn: Turn) -> Settlement:
        now, lane = self.clock.now(), self.lanes[claim.group_id, claim.lane_id]
        parts = [part.message_id for part in (turn.outcome, turn.wish) if part is not None]
        keys = {n: key_of(claim.group_id, n) for n in parts}
        found = {n: self._read(key) for n, key in keys.items() if key in self.messages}
        settled = settle(
            turn, found, is_held=self._is_held(claim), pair_ahead=lane.pair_mark - now, now=now, limit=self.limit
        )
        for row in settled.rows:
            self._write(row)
        if isinstance(settled.verdict, Lost):
            return Settlement(settled.verdict, has_more=False)
        for deferral in settled.deferrals:
            self.deferred[key_of(claim.group_id, deferral.message_id)] = deferral
        lane.head = max(lane.head, settled.head)
        lane.last_error = settled.note
        if settled.pair_ahead is not None:
            lane.pair_mark = now + settled.pair_ahead
        if settled.is_kept:
            lane.wake_at = now + self.lease_seconds
            return Settlement(settled.verdict, has_more=False)
        assert isinstance(settled.verdict, Released)
        lane.lease, lane.attempts = None, 0
        wait = settled.verdict.wait or 0.0
        lane.wake_at = now + wait if lane.head < len(lane.items) else None
        return Settlement(settled.verdict, lane.wake_at is not None and wait == 0)

    def _read(self, key: MessageKey) -> Message:
        message, at = self.messages[key], self.attempted_at.get(key)
        return replace(message, attempt_age=None if at is None else self.clock.now() - at, is_attempted_now=False)

    def _write(self, message: Message) -> None:
        before = self.messages[message.key]
        if message.is_attempted_now:
            self.attempted_at[message.key] = self.clock.now()
        self.messages[message.key] = message
        for wamid in message.wamids:
            if wamid not in before.wamids:
                for event in self.parked.pop((message.organization_id, wamid), []):
                    self._apply(message.key, event)

    async def apply_statuses(self, statuses: Sequence[StatusEvent]) -> list[StatusFate]:
        return ["applied" if self._take_status(event) else "nothing" for event in statuses]

    def _take_status(self, event: StatusEvent) -> bool:
        key = self._owner(event)
        if key is not None:
            return self._apply(key, event)
        parked = self.parked.setdefault((event.organization_id, event.wamid), [])
        if event.event_id not in [known.event_id for known in parked]:
            parked.append(event)
        return False

    def _owner(self, event: StatusEvent) -> MessageKey | None:
        called = key_of(event.organization_id, event.callback) if event.callback is not None else None
        if called in self.messages:
            return called
        ours = (key for key in self.messages if key[0] == event.organization_id.int)
        return next((key for key in ours if event.wamid in self.messages[key].wamids), None)

    def _apply(self, key: MessageKey, event: StatusEvent) -> bool:
        before = self._read(key)
        after = with_status(before, event.status, event.wamid, event.error_code, price=event.price)
        if after == before:
            return False
        self._write(after)
        lane = self.lanes[after.organization_id, after.lane_id]
        if after.is_settled and not before.is_settled and lane.lease is None and lane.wake_at is not None:
            lane.wake_at = min(lane.wake_at, self.clock.now())
        return True

    async def outbound_of(self, *, organization_id: UUID, message_id: UUID) -> bytes | None:
        items = (item for lane in self.lanes.values() for item in lane.items)
        return next((item.payload for item in items if item.event_id == str(message_id)), None)

    async def find(self, *, organization_id: UUID, message_ids: Sequence[UUID]) -> Mapping[UUID, Listed]:
        """See ports.teams.MessageBook."""
        keys = [key_of(organization_id, message_id) for message_id in message_ids]
        return {self.messages[key].message_id: _listed(self.messages[key]) for key in keys if key in self.messages}

    async def page(self, *, organization_id: UUID, chosen: MessageFilter, limit: int) -> list[Listed]:
        """See ports.teams.MessageBook; all messages are of one moment here."""
        found = [
            message for message in self.messages.values()
            if message.organization_id == organization_id and chosen.lane_id in (None, message.lane_id)
            and chosen.state in ("", message.state) and chosen.status in ("", message.status)
            and chosen.phone_number_id in ("", message.phone_number_id)
            and (chosen.before is None or message.message_id < chosen.before[1])
        ]  # fmt: skip
        found.sort(key=lambda message: message.message_id, reverse=True)
        return [_listed(message) for message in found[:limit]]


def _listed(m: Message) -> Listed:
    return Listed(
        message_id=m.message_id, lane_id=m.lane_id, phone_number_id=m.phone_number_id, state=m.state,
        status=m.status, attempts=m.attempts, wamids=m.wamids, resolved_by=m.resolved_by,
        is_maybe_duplicate=m.is_maybe_duplicate, error_code=m.error_code, error_text=m.error_text, created_at=START,
        error_action=m.error_action,
    )  # fmt: skip
