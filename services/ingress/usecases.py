"""What ingress does: prove whose POST it is, make every event durable, and only then say so."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from uuid import UUID

import psycopg

from services.chassis.clock import Monotonic, Now
from services.chassis.errors import InvalidArgument, NotFound, Unavailable
from services.chassis.queue import Batcher, Item
from services.ingress.apps import AppDirectory, Signers
from services.ingress.domain.signature import matching_secrets
from services.ingress.domain.webhook import NAMES_NO_NUMBER, Event, MalformedBody, parse_webhook, read_webhook
from services.ingress.entries import (
    kept_fields,
    kept_key,
    lane_of,
    message_payload,
    notice_payload,
    notice_place,
    number_key,
    status_payload,
)
from services.ingress.ports import Accepted, KeptEvent, MetaApp, Store
from services.pb.common.v1 import errors_pb2

# Meta sends up to 1,000 in a body. Ten times as many are taken all the same; beyond it is nothing Meta can have sent.
MOST_EVENTS = 10_000
# A commit that merges more events than this would only grow the latency of all of them.
_LARGEST_COMMIT = 512
# Where many webhooks come, each commit waits so long for more of them.
_PATIENCE = 0.003
# A body of at most so many bytes is parsed in one go, and a slice of a larger one is so many events: about 1 ms each.
_ONE_GO_BYTES = 8 * 1024
_SLICE = 64
_LONGEST_SECRET = 1024
# Hashing so many bytes, once for each secret, takes about as long as answering a webhook: it goes to a thread.
_HASHED_AT_ONCE = 256 * 1024


class Door:
    """How long ingress has been able to commit; the sender's reconcile rule asks (GetWatermark)."""

    def __init__(self, monotonic: Monotonic) -> None:
        self._monotonic = monotonic
        self._open_since = monotonic()

    def failed(self) -> None:
        """A webhook was refused because it could not be made durable."""
        self._open_since = self._monotonic()

    @property
    def open_ms(self) -> int:
        """Milliseconds without such a failure."""
        return int((self._monotonic() - self._open_since) * 1000)


class Intake:
    """The webhook's use cases."""

    def __init__(self, *, store: Store, apps: AppDirectory, door: Door, now: Now, place: str = "here") -> None:
        self._place = place
        self._apps = apps
        self._door = door
        self._now = now
        self._store = store
        poison = (psycopg.DataError,)
        self._batcher: Batcher[Accepted, None] = Batcher(
            store.accept, limit=_LARGEST_COMMIT, poison=poison, patience=_PATIENCE
        )
        # Commits of their own: a lone message never waits for the slice of a large body.
        self._slices: Batcher[Accepted, None] = Batcher(store.accept, limit=_SLICE, poison=poison)

    async def signers(self, body: bytes, header: bytes, *, app: str | None) -> tuple[str, ...]:
        """References of the apps whose secret, or previous one, signed exactly these bytes; none means refuse."""
        candidates = await self._candidates(app, refresh=False)
        found = await _signers_among(candidates, body, header)
        if found:
            return found
        renewed = await self._candidates(app, refresh=True)
        return () if renewed is candidates else await _signers_among(renewed, body, header)

    def signers_at_once(self, body: bytes | bytearray, header: bytes, *, app: str | None) -> tuple[str, ...] | None:
        """The same for what is hashed in no time, without asking the store; None when that might change the answer."""
        candidates, is_certain = self._apps.signers_at_once(app)
        indices = matching_secrets(body, header, candidates.secrets)
        return _references(candidates, indices) if indices or is_certain else None

    async def receive(self, body: bytes, *, signed_by: tuple[str, ...]) -> int:
        """Make every event of a body durable; gives how many. Raises MalformedBody or Unavailable.

        Whatever keeps a webhook from being stored restarts the door's time: Meta may have a status to send again.
        """
        received_at_ms = int(self._now().timestamp() * 1000)
        if len(body) > _ONE_GO_BYTES:
            return await self._receive_in_slices(body, received_at_ms, signed_by)
        events = parse_webhook(body)
        entries = [entry_of(event, received_at_ms=received_at_ms, signed_by=signed_by) for event in events]
        if entries:
            await self._store_by(self._batcher, entries)
        return len(entries)

    async def _receive_in_slices(self, body: bytes, received_at_ms: int, signed_by: tuple[str, ...]) -> int:
        """The same for many events: between two slices others get their turn, here and at the store.

        All are read before the first is stored. Those of a body that fails half-way come again and are repeats then.
        """
        reading = read_webhook(body)
        await asyncio.sleep(0)
        events: list[Event] = []
        while slice_of_events := list(islice(reading, _SLICE)):
            events += slice_of_events
            if len(events) > MOST_EVENTS:
                raise MalformedBody(f"The body holds more than {MOST_EVENTS:,} events.")
            await asyncio.sleep(0)
        for start in range(0, len(events), _SLICE):
            chosen = events[start : start + _SLICE]
            entries = [entry_of(event, received_at_ms=received_at_ms, signed_by=signed_by) for event in chosen]
            await self._store_by(self._slices, entries)
        return len(events)

    async def _store_by(self, batcher: Batcher[Accepted, None], entries: Sequence[Accepted]) -> None:
        try:
            await batcher.submit(entries)
        except Exception:
            self._door.failed()
            raise

    async def _candidates(self, app: str | None, *, refresh: bool) -> Signers:
        try:
            return await self._apps.signers(app, refresh=refresh)
        except Unavailable:
            self._door.failed()
            raise

    async def verify_tokens(self, *, app: str | None) -> list[str]:
        """Verify tokens a handshake may name; looked up anew, for an app may just have been added."""
        return [candidate.verify_token for candidate in await self._apps.named(app, refresh=True)]

    async def watermark(self) -> tuple[int, int]:
        """Age in ms of the oldest status not applied, and how long every door has been open.

        Every door: a status may be waiting before one that is down while this one is open.
        """
        oldest_ms, others_ms = await self._store.oldest_unapplied_status_ms(), await self._store.doors_open_ms()
        own_ms = self._door.open_ms
        return oldest_ms, own_ms if others_ms is None else min(own_ms, others_ms)

    async def announce_door(self) -> None:
        """Tell the other doors of this one; called every two seconds."""
        await self._store.note_door(place=self._place, open_ms=self._door.open_ms)

    async def leave_door(self) -> None:
        """This door closes on purpose; with Postgres away it is forgotten in a moment all the same."""
        with suppress(Unavailable):
            await self._store.forget_door(place=self._place)

    async def events(self, *, disposition: str, limit: int) -> list[KeptEvent]:
        """Kept events, newest first. Raises InvalidArgument."""
        if disposition not in ("", "recorded", "invalid", "unroutable"):
            raise InvalidArgument(f"disposition is {disposition!r}; use recorded, invalid, unroutable or leave it out")
        if not 0 <= limit <= 1000:
            raise InvalidArgument(f"limit is {limit}; use 1 to 1000")
        return await self._store.list_events(disposition=disposition, limit=limit or 100)

    async def put_app(
        self, *, organization_id: UUID, name: str, app_secret: str, previous_app_secret: str, verify_token: str
    ) -> bool:
        """Store a Meta app. Raises InvalidArgument with the field and the mend."""
        _check_app(name, app_secret, verify_token)
        app = MetaApp(organization_id, name, app_secret, previous_app_secret or None, verify_token)
        is_changed = await self._store.put_app(app)
        self._apps.forget()
        return is_changed

    async def end_rotation(self, *, organization_id: UUID, name: str) -> bool:
        """Believe an app's previous secret no longer; tells whether one was believed. Raises NotFound."""
        is_changed = await self._store.end_rotation(organization_id=organization_id, name=name)
        if is_changed is None:
            sentence = "no Meta app of this organization has this name; `pytake apply` makes one"
            raise NotFound(sentence, reason=errors_pb2.ERROR_REASON_APP_NOT_FOUND)
        self._apps.forget()
        return is_changed

    async def list_apps(self, *, organization_id: UUID) -> list[MetaApp]:
        """The Meta apps of one organization."""
        return await self._store.apps_of(organization_id=organization_id)

    async def drain(self) -> None:
        """Wait until nothing is left to commit."""
        await self._batcher.drain()
        await self._slices.drain()


def entry_of(event: Event, *, received_at_ms: int, signed_by: tuple[str, ...]) -> Accepted:
    """What an event becomes. Unknown statuses travel too: sender keeps and does not act upon them.

    News for sender are kept and travel.
    """
    if event.type == "message":
        payload = message_payload(event, received_at_ms=received_at_ms, signed_by=signed_by)
        return Accepted(message=_item(event, payload))
    if event.type == "status":
        payload = status_payload(event, received_at_ms=received_at_ms, signed_by=signed_by)
        return Accepted(status=_item(event, payload))
    reason = str(event.fields.get("reason", "")) if event.type == "invalid" else ""
    disposition = "recorded" if not reason else "unroutable" if reason in NAMES_NO_NUMBER else "invalid"
    key, fields = kept_key(event.dedupe_key), kept_fields(event)
    kept = KeptEvent(key, disposition, event.type, event.phone_number_id, reason, fields)
    notice = notice_payload(event, received_at_ms=received_at_ms, signed_by=signed_by)
    return Accepted(kept=kept, status=Item(*notice_place(event), event.dedupe_key, notice) if notice else None)


async def _signers_among(candidates: Signers, body: bytes, header: bytes) -> tuple[str, ...]:
    if len(body) * len(candidates.secrets) > _HASHED_AT_ONCE:
        indices = await asyncio.to_thread(matching_secrets, body, header, candidates.secrets)
    else:
        indices = matching_secrets(body, header, candidates.secrets)
    return _references(candidates, indices)


def _references(candidates: Signers, indices: Sequence[int]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([candidates.references[index] for index in indices]))


def _item(event: Event, payload: bytes) -> Item:
    return Item(number_key(event.phone_number_id or ""), lane_of(event), event.dedupe_key, payload)


def _check_app(name: str, app_secret: str, verify_token: str) -> None:
    if not name or len(name) > 64 or not all(sign.isalnum() or sign in "._-" for sign in name) or not name.isascii():
        raise InvalidArgument(f"name is {name!r}; use 1 to 64 letters, digits, dots, dashes or underscores")
    if not app_secret:
        raise InvalidArgument("app_secret is empty; copy it from the app's settings page at Meta")
    if not verify_token:
        raise InvalidArgument("verify_token is empty; choose a text and enter the same one at Meta")
    for field, text in (("app_secret", app_secret), ("verify_token", verify_token)):
        if len(text) > _LONGEST_SECRET:
            raise InvalidArgument(f"{field} has {len(text)} characters; no app's is longer than {_LONGEST_SECRET}")
