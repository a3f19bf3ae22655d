"""Logging in and staying logged in.

An access token is a JWT of 15 minutes that no service looks up; a refresh token is one link of a family, serves once,
and brings the next link. Whoever presents a link that was used already ends the family: one of the two is a thief, and
nobody can tell which (docs/decisions/0019-people-and-keys.md).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.chassis.clock import Monotonic, Now
from services.ingress.accounts import notes
from services.ingress.accounts.passwords import Passwords
from services.ingress.accounts.ports import AccountStore, RefreshChange, Signer, UserChange
from services.ingress.accounts.refusals import RefreshRefused, WrongCredentials, beyond_own
from services.ingress.cache import RateLimits
from services.ingress.domain.accounts.emails import email_hash
from services.ingress.domain.accounts.facts import (
    ACCESS_SECONDS,
    API_KEY,
    REFRESH_LIFE,
    Caller,
    RefreshToken,
    User,
    use_of,
)
from services.ingress.domain.accounts.lockout import OPEN, after_failure
from services.ingress.domain.accounts.texts import REFRESH_PREFIX, SECRET_BYTES, bound_text, digest, organization_of
from services.ingress.domain.limits import RestLimits, Spending

REFUSAL_SECONDS = 0.3
"""No wrong login is answered sooner: what is written down about people who exist would show in the time."""
_NOBODYS = UUID(int=0)

Sleep = Callable[[float], Awaitable[None]]
Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Session:
    """What a person takes away from a login or a refresh."""

    user: User
    access_token: str
    refresh_token: str


class Sessions:
    """Login, refresh, logout, passwords, and tokens for API keys."""

    def __init__(
        self,
        *,
        store: AccountStore,
        passwords: Passwords,
        signer: Signer,
        rates: RateLimits,
        limits: RestLimits,
        now: Now,
        monotonic: Monotonic,
        sleep: Sleep,
        new_id: Callable[[], UUID],
        random: Random,
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._signer = signer
        self._rates = rates
        self._limits = limits
        self._now = now
        self._monotonic = monotonic
        self._sleep = sleep
        self._new_id = new_id
        self._random = random

    async def login(self, *, email: str, password: str, organization: str | None, address: str) -> Session:
        """Begin a session; `email` is in its normal form, `organization` a name or an id.

        Raises WrongCredentials, LimitReached or Unavailable.
        """
        started = self._monotonic()
        key = email_hash(email)
        await self._rates.spend(
            Spending(f"login:address:{address}", self._limits.login),
            Spending(f"login:email:{key.hex()}", self._limits.login),
        )
        try:
            return await self._login(email, key, password, organization)
        except WrongCredentials:
            await self._sleep(max(started + REFUSAL_SECONDS - self._monotonic(), 0.0))
            raise

    async def refresh(self, *, token: str, address: str) -> Session:
        """Use a refresh token. Raises RefreshRefused, LimitReached or Unavailable."""
        await self._rates.spend(Spending(f"refresh:{address}", self._limits.refresh))
        organization_id = organization_of(REFRESH_PREFIX, token)
        if organization_id is None:
            raise RefreshRefused
        now, text = self._now(), self._new_text(organization_id)

        def decide(link: RefreshToken, user: User) -> RefreshChange:
            use = use_of(link, now)
            if use == "good" and user.is_active:
                return RefreshChange(next_link=self._link(text, link.family_id, user.user_id, now))
            if use == "reused" and link.revoked_at is None:
                entry = notes.of_session(organization_id, "reuse", link.family_id, actor=user.subject)
                return RefreshChange(ends_family=True, entries=(entry,))
            return RefreshChange()

        used = await self._store.use_refresh(organization_id=organization_id, token_hash=digest(token), decide=decide)
        if used is None or used[0].next_link is None:
            raise RefreshRefused
        return self._session(organization_id, used[1], text)

    async def logout(self, *, token: str) -> None:
        """End the family of a refresh token; a token that is nobody's is answered alike. Raises Unavailable."""
        organization_id = organization_of(REFRESH_PREFIX, token)
        if organization_id is not None:
            await self._store.end_family(
                organization_id=organization_id,
                token_hash=digest(token),
                note=lambda link: notes.of_session(
                    organization_id, "end", link.family_id, actor=f"user:{link.user_id}"
                ),
            )

    async def logout_everywhere(self, *, caller: Caller) -> None:
        """End every family of the person who asks. Raises PermissionDenied, NotFound or Unavailable."""
        user_id = _person(caller)

        def decide(user: User, _: int) -> UserChange:
            entry = notes.of_user(caller.organization_id, "logout", user, actor=caller.subject)
            return UserChange(ends_sessions=True, entries=(entry,))

        await self._store.change_user(organization_id=caller.organization_id, user_id=user_id, decide=decide)

    async def change_password(self, *, caller: Caller, current: str, new: str) -> None:
        """Give oneself another password; every session ends. A wrong `current` counts as a failed login.

        Raises WrongCredentials, InvalidArgument, PermissionDenied, LimitReached or Unavailable.
        """
        user_id, organization_id = _person(caller), caller.organization_id
        await self._rates.spend(Spending(f"password:{organization_id}:{user_id}", self._limits.login))
        named = await self._store.user(organization_id=organization_id, user_id=user_id)
        user, now = await self._prove(organization_id, named, current), self._now()
        password_hash = await self._passwords.hash_new(new, email=user.email, field="new_password")

        def decide(found: User, _: int) -> UserChange:
            _refuse_unless_checked(found, user, now)
            changed = replace(found, password_hash=password_hash, lock=OPEN)
            entry = notes.of_user(organization_id, "password", user, actor=caller.subject)
            return UserChange(changed, ends_sessions=True, entries=(entry,))

        await self._store.change_user(organization_id=organization_id, user_id=user_id, decide=decide)

    def token_for_key(self, *, caller: Caller) -> tuple[str, int]:
        """An access token with a key's permissions, for gRPC, and its life in seconds. Raises PermissionDenied."""
        if caller.kind != API_KEY:
            raise beyond_own()
        seconds = ACCESS_SECONDS
        if caller.expires_at is not None:
            seconds = max(min(seconds, int((caller.expires_at - self._now()).total_seconds())), 1)
        token = self._signer.sign(
            organization_id=str(caller.organization_id),
            role=None,
            subject=caller.subject,
            permissions=caller.permissions,
            seconds=seconds,
        )
        return token, seconds

    async def _login(self, email: str, key: bytes, password: str, organization: str | None) -> Session:
        organization_id = await self._organization_meant(organization, key)
        named = await self._store.user_with_email(organization_id=organization_id, email=email)
        user = await self._prove(organization_id, named, password)
        new_hash = await self._passwords.hash(password) if self._passwords.is_outdated(user.password_hash) else None
        now, text = self._now(), self._new_text(organization_id)

        def decide(found: User, _: int) -> UserChange:
            _refuse_unless_checked(found, user, now)
            changed = replace(found, lock=OPEN, last_login_at=now, password_hash=new_hash or found.password_hash)
            family = self._link(text, self._new_id(), found.user_id, now)
            entry = notes.of_user(organization_id, "login", found, actor=found.subject)
            return UserChange(changed, new_family=family, entries=(entry,))

        stored = await self._store.change_user(organization_id=organization_id, user_id=user.user_id, decide=decide)
        return self._session(organization_id, stored, text)

    async def _organization_meant(self, organization: str | None, key: bytes) -> UUID:
        """Whichever it is, one question is asked; nobody's id when it is not clear."""
        if organization is None:
            known = await self._store.organizations_of_email(email_hash=key)
            return known[0] if len(known) == 1 else _NOBODYS
        named = await self._store.organization_named(name=organization)
        return named or _uuid_or_nobodys(organization)

    async def _prove(self, organization_id: UUID, user: User | None, password: str) -> User:
        """The person, if this is the password; a wrong one is counted.

        Raises WrongCredentials after the same work in every case.
        """
        now = self._now()
        may_enter = user is not None and user.is_active and not user.lock.holds(now)
        is_right = await self._passwords.is_right(password, user.password_hash if user and may_enter else None)
        if user is None:
            raise WrongCredentials
        if not is_right:
            await self._count_failure(organization_id, user, now)
            raise WrongCredentials
        return user

    async def _count_failure(self, organization_id: UUID, user: User, now: datetime) -> None:
        def decide(found: User, _: int) -> UserChange:
            lock = after_failure(found.lock, now) if found.is_active else found.lock
            entries = [notes.of_user(organization_id, "login_failed", found, actor=found.subject)]
            if lock.times > found.lock.times:
                entries.append(notes.of_user(organization_id, "lock", found, actor="service:ingress"))
            return UserChange(replace(found, lock=lock), entries=tuple(entries))

        await self._store.change_user(organization_id=organization_id, user_id=user.user_id, decide=decide)

    def _link(self, text: str, family_id: UUID, user_id: UUID, now: datetime) -> RefreshToken:
        return RefreshToken(
            token_hash=digest(text),
            family_id=family_id,
            user_id=user_id,
            issued_at=now,
            expires_at=now + REFRESH_LIFE,
        )

    def _new_text(self, organization_id: UUID) -> str:
        return bound_text(REFRESH_PREFIX, organization_id, self._random(SECRET_BYTES))

    def _session(self, organization_id: UUID, user: User, refresh_token: str) -> Session:
        access_token = self._signer.sign(
            organization_id=str(organization_id), role=user.role, subject=user.subject, seconds=ACCESS_SECONDS
        )
        return Session(user, access_token, refresh_token)


def _refuse_unless_checked(found: User, checked: User, now: datetime) -> None:
    """Between check and change somebody may have locked, closed or changed the account. Raises WrongCredentials."""
    if not found.is_active or found.lock.holds(now) or found.password_hash != checked.password_hash:
        raise WrongCredentials


def _person(caller: Caller) -> UUID:
    if caller.user_id is None:
        raise beyond_own()
    return caller.user_id


def _uuid_or_nobodys(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return _NOBODYS
