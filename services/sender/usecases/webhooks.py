"""Webhooks of organizations: kept, and called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID, uuid5

from services.chassis.clock import Now
from services.chassis.errors import InvalidArgument, NotFound
from services.pb.common.v1 import errors_pb2
from services.sender.domain.webhooks import EVENTS, Call, Webhook, headers_of
from services.sender.ports.teams import Outside, Stored, WebhookStore

MOST_WEBHOOKS = 20
_LONGEST_NAME = 120
_LONGEST_URL = 2048
_SHORTEST_SECRET, _LONGEST_SECRET = 16, 256

WhyNot = Callable[[str], str]
"""Why an address may not be called, one sentence; empty when it may, as far as its text tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedWebhook:
    """A webhook as somebody wants it. An empty secret keeps the one there is, unless it is to be renewed."""

    name: str
    url: str
    events: Sequence[str]
    is_active: bool
    secret: str = ""
    is_secret_renewed: bool = False


class KeepWebhooks:
    """Stores, lists and removes webhooks."""

    def __init__(self, store: WebhookStore, *, why_not: WhyNot, new_secret: Callable[[], str]) -> None:
        self._store = store
        self._why_not = why_not
        self._new_secret = new_secret

    async def put(self, *, organization_id: UUID, wanted: WantedWebhook) -> tuple[Stored, str]:
        """Create or replace by name; gives the secret if one was made now. Raises InvalidArgument."""
        before = await self._known(organization_id, wanted)
        webhook = _made_of(organization_id, wanted)
        made = self._new_secret()
        chosen = wanted.secret or (made if wanted.is_secret_renewed else None)
        stored, is_spare_used = await self._store.put(
            organization_id=organization_id, wanted=webhook, secret=chosen, spare_secret=made
        )
        return replace(stored, is_new=before is None), made if is_spare_used or chosen == made else ""

    async def compare(self, *, organization_id: UUID, wanted: WantedWebhook) -> Stored:
        """What `put` would come to; nothing is changed. Raises InvalidArgument."""
        before = await self._known(organization_id, wanted)
        if before is None:
            return Stored(_made_of(organization_id, wanted), True, is_new=True)
        found = await self._store.secret_of(organization_id=organization_id, webhook_id=before.webhook_id)
        keeps_secret = found is not None and wanted.secret in ("", found[1]) and not wanted.is_secret_renewed
        return Stored(before, not keeps_secret or before.facts != _made_of(organization_id, wanted).facts)

    async def all(self, *, organization_id: UUID) -> list[Webhook]:
        """Webhooks by name."""
        return await self._store.all(organization_id=organization_id)

    async def delete(self, *, organization_id: UUID, webhook_id: UUID) -> None:
        """Remove one. Raises NotFound."""
        if not await self._store.delete(organization_id=organization_id, webhook_id=webhook_id):
            raise NotFound("the organization has no such webhook", reason=errors_pb2.ERROR_REASON_WEBHOOK_NOT_FOUND)

    async def _known(self, organization_id: UUID, wanted: WantedWebhook) -> Webhook | None:
        """The webhook of this name. Raises InvalidArgument when none like the wanted one may be."""
        self._check(wanted)
        known = await self._store.all(organization_id=organization_id)
        before = next((each for each in known if each.name == wanted.name), None)
        if before is None and len(known) >= MOST_WEBHOOKS:
            raise InvalidArgument(f"there are {len(known)} webhooks, and at most {MOST_WEBHOOKS} may be; remove one")
        return before

    def _check(self, wanted: WantedWebhook) -> None:
        if not 0 < len(wanted.name) <= _LONGEST_NAME or not wanted.name.isprintable():
            raise InvalidArgument(f"name has {len(wanted.name)} characters, or an unseen one; use 1 to {_LONGEST_NAME}")
        if len(wanted.url) > _LONGEST_URL:
            raise InvalidArgument(f"url has {len(wanted.url)} characters; use at most {_LONGEST_URL}")
        if why_not := self._why_not(wanted.url):
            raise InvalidArgument(f"url cannot be called: {why_not}")
        for event in wanted.events:
            if event not in EVENTS:
                raise InvalidArgument(f"events has {event[:60]!r}; use {', '.join(EVENTS)}, or none for all")
        if wanted.secret and wanted.is_secret_renewed:
            raise InvalidArgument("secret and is_secret_renewed are both given; give one of them")
        length = len(wanted.secret)
        if length and not (_SHORTEST_SECRET <= length <= _LONGEST_SECRET and wanted.secret.isprintable()):
            raise InvalidArgument(f"secret has {length} characters; use {_SHORTEST_SECRET} to {_LONGEST_SECRET}")


def _made_of(organization_id: UUID, wanted: WantedWebhook) -> Webhook:
    return Webhook(
        webhook_id=uuid5(organization_id, f"webhook:{wanted.name}"),
        name=wanted.name,
        url=wanted.url,
        events=tuple(dict.fromkeys(wanted.events)),
        is_active=wanted.is_active,
        created_at=datetime.now(UTC),
    )


Taken = str
"""Why a call was not taken, one sentence; empty when it was, or when nobody wants it any more."""


class CallWebhook:
    """Makes one call, signed for now."""

    def __init__(self, store: WebhookStore, outside: Outside, now: Now) -> None:
        self._store = store
        self._outside = outside
        self._now = now

    async def __call__(self, organization_id: UUID, call: Call) -> Taken:
        """Raises Unavailable when it cannot be known where to call."""
        found = await self._store.secret_of(organization_id=organization_id, webhook_id=call.webhook_id)
        if found is None or not found[0].is_active:
            return ""
        webhook, secret = found
        headers = headers_of(call, secret, int(self._now().timestamp()))
        return await self._outside.post(webhook.url, headers=headers, body=call.body)
