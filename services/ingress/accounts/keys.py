"""API keys of an organization: made with a part of their maker's permissions, shown once, revoked for good."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from services.chassis.audit import AuditEntry
from services.chassis.clock import Now
from services.chassis.errors import InvalidArgument
from services.chassis.tenancy import PERMISSIONS
from services.ingress.accounts import notes
from services.ingress.accounts.people import checked_name
from services.ingress.accounts.ports import KeyStore
from services.ingress.accounts.refusals import beyond_own, key_not_found
from services.ingress.accounts.ring import KeyRing
from services.ingress.domain.accounts.facts import ApiKey
from services.ingress.domain.accounts.giving import Actor, may_give_scopes
from services.ingress.domain.accounts.texts import SECRET_BYTES, check_own_key, digest, key_text

LONGEST_DAYS = 3650
MOST_REQUESTS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedKey:
    """What a key should be; without `expires_in_days` it has no end, without a limit the usual one."""

    name: str
    scopes: Collection[str]
    expires_in_days: int | None = None
    requests_per_minute: int | None = None


class ApiKeys:
    """Lists, makes, changes and revokes keys."""

    def __init__(
        self,
        *,
        store: KeyStore,
        ring: KeyRing,
        now: Now,
        new_id: Callable[[], UUID],
        random: Callable[[int], bytes],
    ) -> None:
        self._store = store
        self._ring = ring
        self._now = now
        self._new_id = new_id
        self._random = random

    async def all(self, *, organization_id: UUID) -> Sequence[ApiKey]:
        """Keys that are not revoked, by name; those that have ended too. Raises Unavailable."""
        return await self._store.list_keys(organization_id=organization_id)

    async def named(self, *, organization_id: UUID, name: str) -> ApiKey | None:
        """The living key with this name. Raises Unavailable."""
        keys, now = await self.all(organization_id=organization_id), self._now()
        return next((key for key in keys if key.name == name and key.is_alive(now)), None)

    async def known(self, *, organization_id: UUID, name: str) -> ApiKey:
        """The same. Raises NotFound or Unavailable."""
        key = await self.named(organization_id=organization_id, name=name)
        if key is None:
            raise key_not_found()
        return key

    async def create(
        self, *, organization_id: UUID, actor: Actor, wanted: WantedKey, own_text: str = ""
    ) -> tuple[ApiKey, str]:
        """A new key and its text, which is shown this once; `own_text` is one the operator chose.

        Raises InvalidArgument, PermissionDenied, AlreadyExists or Unavailable.
        """
        checked_wish(actor, wanted)
        now, key_id = self._now(), self._new_id()
        text = _own(own_text) if own_text else key_text(key_id, self._random(SECRET_BYTES))
        days = wanted.expires_in_days
        key = ApiKey(
            key_id=key_id,
            name=wanted.name.strip(),
            scopes=frozenset(wanted.scopes),
            key_hash=digest(text),
            requests_per_minute=wanted.requests_per_minute,
            created_by=actor.subject,
            created_at=now,
            expires_at=None if days is None else now + timedelta(days=days),
        )
        entry = notes.of_key(organization_id, "create", key, actor=actor.subject, after=key)
        await self._store.add_key(organization_id=organization_id, key=key, entries=[entry])
        self._ring.forget()
        return key, text

    async def change(
        self,
        *,
        organization_id: UUID,
        actor: Actor,
        key_id: UUID,
        scopes: Collection[str],
        requests_per_minute: int | None,
        own_text: str = "",
    ) -> ApiKey:
        """Give a key other scopes, another limit, or another text; the rest of it stays.

        Raises NotFound, InvalidArgument, PermissionDenied, AlreadyExists or Unavailable.
        """
        key_hash = digest(_own(own_text)) if own_text else None

        def decide(key: ApiKey) -> tuple[ApiKey | None, Sequence[AuditEntry]]:
            changed = replace(
                key,
                scopes=frozenset(scopes),
                requests_per_minute=requests_per_minute,
                key_hash=key_hash or key.key_hash,
            )
            checked_wish(
                actor, WantedKey(name=key.name, scopes=changed.scopes, requests_per_minute=requests_per_minute)
            )
            if changed == key:
                return None, ()
            entry = notes.of_key(organization_id, "change", key, actor=actor.subject, before=key, after=changed)
            return changed, [entry]

        stored = await self._store.change_key(organization_id=organization_id, key_id=key_id, decide=decide)
        self._ring.forget()
        return stored

    async def revoke(self, *, organization_id: UUID, actor: Actor, key_id: UUID) -> None:
        """End a key; other processes of ingress may believe it for KEY_SECONDS more.

        Whoever may manage keys may end any of them. Raises NotFound or Unavailable.
        """
        now = self._now()

        def decide(key: ApiKey) -> tuple[ApiKey | None, Sequence[AuditEntry]]:
            entry = notes.of_key(organization_id, "revoke", key, actor=actor.subject, before=key)
            return replace(key, revoked_at=now), [entry]

        await self._store.change_key(organization_id=organization_id, key_id=key_id, decide=decide)
        self._ring.forget()


def checked_wish(actor: Actor, wanted: WantedKey) -> None:
    """Raise InvalidArgument for what no key can be, PermissionDenied for what this actor may not give."""
    if not checked_name(wanted.name):
        raise InvalidArgument("name is empty; say what the key is for")
    unknown = sorted(set(wanted.scopes) - PERMISSIONS)
    if unknown or not wanted.scopes:
        said = f"{', '.join(unknown)} does not exist" if unknown else "scopes is empty"
        raise InvalidArgument(f"scopes: {said}; use some of {', '.join(sorted(PERMISSIONS))}")
    if wanted.expires_in_days is not None and not 1 <= wanted.expires_in_days <= LONGEST_DAYS:
        raise InvalidArgument(f"expires_in_days must be 1 to {LONGEST_DAYS}")
    if wanted.requests_per_minute is not None and not 1 <= wanted.requests_per_minute <= MOST_REQUESTS:
        raise InvalidArgument(f"requests_per_minute must be 1 to {MOST_REQUESTS}")
    if not may_give_scopes(actor, wanted.scopes):
        raise beyond_own()


def _own(text: str) -> str:
    try:
        return check_own_key(text)
    except ValueError as error:
        raise InvalidArgument(f"key {error}") from None
