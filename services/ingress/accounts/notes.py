"""What the audit log is told of accounts: ids and digests, never an e-mail, a name or a secret."""

from __future__ import annotations

from uuid import UUID

from services.chassis.audit import AuditEntry, digest_of
from services.ingress.domain.accounts.facts import ApiKey, Invitation, User


def of_user(
    organization_id: UUID, verb: str, user: User, *, actor: str, before: User | None = None, after: User | None = None
) -> AuditEntry:
    """Something about a person. The digests are of role and whether active."""
    return AuditEntry(
        organization_id, f"user.{verb}", user.subject, before=_user(before), after=_user(after), actor=actor
    )


def of_session(organization_id: UUID, verb: str, family_id: UUID, *, actor: str) -> AuditEntry:
    """Something about a family of refresh tokens."""
    return AuditEntry(organization_id, f"session.{verb}", f"session:{family_id}", actor=actor)


def of_invitation(organization_id: UUID, verb: str, invitation: Invitation, *, actor: str) -> AuditEntry:
    """Something about an invitation. The digest is of the role it gives."""
    role = digest_of({"role": invitation.role})
    is_end = verb == "revoke"
    return AuditEntry(
        organization_id,
        f"invitation.{verb}",
        f"invitation:{invitation.invitation_id}",
        before=role if is_end else None,
        after=None if is_end else role,
        actor=actor,
    )


def of_key(
    organization_id: UUID,
    verb: str,
    key: ApiKey,
    *,
    actor: str,
    before: ApiKey | None = None,
    after: ApiKey | None = None,
) -> AuditEntry:
    """Something about an API key. The digests are of scopes, end and limit."""
    return AuditEntry(
        organization_id, f"api_key.{verb}", key.subject, before=_key(before), after=_key(after), actor=actor
    )


def _user(user: User | None) -> bytes | None:
    return None if user is None else digest_of({"role": user.role, "is_active": user.is_active})


def _key(key: ApiKey | None) -> bytes | None:
    if key is None:
        return None
    return digest_of(
        {"scopes": sorted(key.scopes), "expires_at": key.expires_at, "requests_per_minute": key.requests_per_minute}
    )
