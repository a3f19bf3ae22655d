"""Who asks over REST, how often he may, and what he may: one look for every request."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from services.chassis.audit import AuditEntry
from services.chassis.clock import Now
from services.chassis.errors import Unauthenticated, Unavailable
from services.chassis.logs import get_logger
from services.chassis.rpc.actor import actor_of
from services.chassis.tenancy import Principal, TokenVerifier
from services.ingress.accounts.ports import Notes
from services.ingress.accounts.refusals import beyond_own
from services.ingress.accounts.ring import KeyRing
from services.ingress.cache import RateLimits
from services.ingress.domain.accounts.facts import API_KEY, TEAM, USER, Caller, Kind
from services.ingress.domain.accounts.texts import is_key_text
from services.ingress.domain.limits import Account, Limit, RestLimits, Spending

_log = get_logger(__name__)


class Gate:
    """Proves callers, counts their requests, and notes when they are refused."""

    def __init__(
        self, *, verifier: TokenVerifier, ring: KeyRing, rates: RateLimits, limits: RestLimits, notes: Notes, now: Now
    ) -> None:
        self._verifier = verifier
        self._ring = ring
        self._rates = rates
        self._limits = limits
        self._notes = notes
        self._now = now

    async def identify(self, credential: str) -> Caller:
        """Whose token or API key this is.

        Raises Unauthenticated, PermissionDenied for a service, or Unavailable for a key while Postgres is away.
        """
        if is_key_text(credential):
            return await self._owner_of_key(credential)
        return _caller(self._verifier.prove(credential))

    async def count(self, caller: Caller) -> Account | None:
        """Count a request; gives the tightest account. Raises LimitReached."""
        own = caller.requests_per_minute
        return await self._rates.spend(
            Spending(f"organization:{caller.organization_id}", self._limits.organization),
            Spending(
                f"caller:{caller.organization_id}:{caller.subject}",
                self._limits.caller if own is None else Limit(own, 60.0),
            ),
        )

    async def count_sending(self, organization_id: UUID) -> None:
        """Count a test message. Raises LimitReached."""
        await self._rates.spend(Spending(f"sending:{organization_id}", self._limits.sending))

    async def count_upload(self, organization_id: UUID) -> None:
        """Count a file. Raises LimitReached."""
        await self._rates.spend(Spending(f"upload:{organization_id}", self._limits.upload))

    def require(self, caller: Caller, permission: str) -> None:
        """Raise PermissionDenied for a caller without the permission."""
        if permission not in caller.permissions:
            raise beyond_own()

    async def note_denial(self, caller: Caller, request: str) -> None:
        """Note that a known caller was refused; `request` is method and route, without what was filled in."""
        entry = AuditEntry(caller.organization_id, "access.deny", f"route:{request}", actor=caller.subject)
        try:
            await self._notes.note(organization_id=caller.organization_id, entries=[entry])
        except Unavailable:
            # Refused he is all the same.
            _log.error("denial_not_noted", subject=caller.subject, method=request)

    async def _owner_of_key(self, text: str) -> Caller:
        owner = await self._ring.find(text)
        if owner is None or not owner.key.is_alive(self._now()):
            raise Unauthenticated("this API key is not valid; ask an administrator of your organization for one")
        key = owner.key
        return Caller(
            kind=API_KEY,
            subject=key.subject,
            organization_id=owner.organization_id,
            role=None,
            permissions=key.scopes,
            expires_at=key.expires_at,
            requests_per_minute=key.requests_per_minute,
        )


def _caller(principal: Principal) -> Caller:
    if principal.organization_id is None:
        # A service names no organization: it speaks gRPC.
        raise beyond_own()
    subject = actor_of(principal)
    kind = _kind_of(subject)
    if kind == API_KEY:
        # Its limit and its revocation are the key's own; the token it was exchanged for is for gRPC.
        raise Unauthenticated("send the API key itself over REST")
    return Caller(
        kind=kind,
        subject=subject,
        organization_id=UUID(principal.organization_id),
        role=principal.role,
        permissions=principal.permissions,
        expires_at=datetime.fromtimestamp(principal.expires_at, UTC),
    )


def _kind_of(subject: str) -> Kind:
    """People are named by ids; whoever else a token names is a team."""
    kind, _, name = subject.partition(":")
    if kind == API_KEY:
        return API_KEY
    try:
        return USER if kind == USER and UUID(name) else TEAM
    except ValueError:
        return TEAM
