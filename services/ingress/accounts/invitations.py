"""Invitations: an organization says who may join and as what, the person chooses name and password."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from services.chassis.audit import AuditEntry
from services.chassis.clock import Now
from services.chassis.tenancy import ROLE_PERMISSIONS
from services.ingress.accounts import notes
from services.ingress.accounts.passwords import Passwords
from services.ingress.accounts.people import checked_email, checked_name, refuse_role
from services.ingress.accounts.ports import InvitationStore
from services.ingress.accounts.refusals import beyond_own, invitation_not_found
from services.ingress.cache import RateLimits
from services.ingress.domain.accounts.facts import INVITATION_LIFE, Invitation, User
from services.ingress.domain.accounts.giving import Actor, may_give_role
from services.ingress.domain.accounts.texts import INVITATION_PREFIX, SECRET_BYTES, bound_text, digest, organization_of
from services.ingress.domain.limits import RestLimits, Spending


class Invitations:
    """Makes, lists, revokes and accepts invitations. Nothing is mailed: whoever invites hands the token over."""

    def __init__(
        self,
        *,
        store: InvitationStore,
        passwords: Passwords,
        rates: RateLimits,
        limits: RestLimits,
        now: Now,
        new_id: Callable[[], UUID],
        random: Callable[[int], bytes],
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._rates = rates
        self._limits = limits
        self._now = now
        self._new_id = new_id
        self._random = random

    async def open_ones(self, *, organization_id: UUID) -> Sequence[Invitation]:
        """Those that can still be accepted, newest first. Raises Unavailable."""
        found = await self._store.list_invitations(organization_id=organization_id)
        now = self._now()
        return [invitation for invitation in found if invitation.is_open(now)]

    async def invite(
        self, *, organization_id: UUID, actor: Actor, email: str, name: str, role: str, organization_name: str = ""
    ) -> tuple[Invitation, str]:
        """A new invitation and its token, which is shown this once; an older one of the same e-mail ends.

        Raises InvalidArgument, PermissionDenied, AlreadyExists (a member already) or Unavailable.
        """
        refuse_role(actor, role)
        text = bound_text(INVITATION_PREFIX, organization_id, self._random(SECRET_BYTES))
        invitation = Invitation(
            invitation_id=self._new_id(),
            email=checked_email(email),
            name=checked_name(name),
            role=role,
            token_hash=digest(text),
            invited_by=actor.subject,
            expires_at=self._now() + INVITATION_LIFE,
        )
        entry = notes.of_invitation(organization_id, "create", invitation, actor=actor.subject)
        await self._store.add_invitation(
            organization_id=organization_id,
            invitation=invitation,
            organization_name=organization_name,
            entries=[entry],
        )
        return invitation, text

    async def revoke(self, *, organization_id: UUID, actor: Actor, invitation_id: UUID) -> None:
        """Take an invitation back. Raises NotFound, PermissionDenied or Unavailable."""

        def decide(invitation: Invitation) -> Sequence[AuditEntry]:
            if not may_give_role(actor, invitation.role, ROLE_PERMISSIONS):
                raise beyond_own()
            return [notes.of_invitation(organization_id, "revoke", invitation, actor=actor.subject)]

        await self._store.revoke_invitation(organization_id=organization_id, invitation_id=invitation_id, decide=decide)

    async def accept(self, *, token: str, name: str, password: str, address: str) -> tuple[UUID, User]:
        """Become a member; gives organization and person.

        Raises NotFound, InvalidArgument, AlreadyExists, LimitReached or Unavailable.
        """
        await self._rates.spend(Spending(f"acceptance:{address}", self._limits.acceptance))
        organization_id = organization_of(INVITATION_PREFIX, token)
        if organization_id is None:
            raise invitation_not_found()
        invitation = await self._store.invitation(organization_id=organization_id, token_hash=digest(token))
        now = self._now()
        if invitation is None or not invitation.is_open(now):
            raise invitation_not_found()
        chosen_name = checked_name(name) or invitation.name
        password_hash = await self._passwords.hash_new(password, email=invitation.email)
        user_id = self._new_id()

        def decide(found: Invitation) -> tuple[User, Sequence[AuditEntry]]:
            if not found.is_open(now):
                raise invitation_not_found()
            user = User(
                user_id=user_id, email=found.email, name=chosen_name, role=found.role, password_hash=password_hash
            )
            return user, [
                notes.of_invitation(organization_id, "accept", found, actor=user.subject),
                notes.of_user(organization_id, "create", user, actor=user.subject, after=user),
            ]

        user = await self._store.accept_invitation(
            organization_id=organization_id, token_hash=digest(token), decide=decide
        )
        return organization_id, user
