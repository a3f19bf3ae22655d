"""Rows of accounts as domain facts, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.ingress.domain.accounts.facts import ApiKey, Invitation, RefreshToken, User
from services.ingress.domain.accounts.lockout import Lock

Row = Sequence[Any]
Values = dict[str, object]


def user_of(row: Row) -> User:
    """From USER_COLUMNS."""
    user_id, email, name, role, password_hash, is_active, failures, locks, locked_until, created_at, last_login_at = row
    return User(
        user_id=user_id,
        email=email,
        name=name,
        role=role,
        password_hash=password_hash,
        is_active=is_active,
        lock=Lock(failures, locks, locked_until),
        created_at=created_at,
        last_login_at=last_login_at,
    )


def values_of_user(organization_id: UUID, user: User) -> Values:
    """For ADD_USER and PUT_USER."""
    return {
        "organization": organization_id,
        "user": user.user_id,
        "email": user.email,
        "name": user.name,
        "role": user.role,
        "password": user.password_hash,
        "is_active": user.is_active,
        "failures": user.lock.failures,
        "locks": user.lock.times,
        "locked_until": user.lock.until,
        "last_login_at": user.last_login_at,
    }


def link_of(row: Row) -> RefreshToken:
    """From LINK_COLUMNS."""
    token_hash, family_id, user_id, issued_at, expires_at, used_at, revoked_at = row
    return RefreshToken(
        token_hash=bytes(token_hash),
        family_id=family_id,
        user_id=user_id,
        issued_at=issued_at,
        expires_at=expires_at,
        used_at=used_at,
        revoked_at=revoked_at,
    )


def values_of_link(organization_id: UUID, link: RefreshToken) -> Values:
    """For ADD_LINK and DROP_OLD_LINKS."""
    return {
        "organization": organization_id,
        "hash": link.token_hash,
        "family": link.family_id,
        "user": link.user_id,
        "issued_at": link.issued_at,
        "expires_at": link.expires_at,
    }


def invitation_of(row: Row) -> Invitation:
    """From INVITATION_COLUMNS."""
    invitation_id, email, name, role, token_hash, invited_by, expires_at, created_at, accepted_at, revoked_at = row
    return Invitation(
        invitation_id=invitation_id,
        email=email,
        name=name,
        role=role,
        token_hash=bytes(token_hash),
        invited_by=invited_by,
        expires_at=expires_at,
        created_at=created_at,
        accepted_at=accepted_at,
        revoked_at=revoked_at,
    )


def values_of_invitation(organization_id: UUID, invitation: Invitation) -> Values:
    """For ADD_INVITATION and those that name one."""
    return {
        "organization": organization_id,
        "invitation": invitation.invitation_id,
        "email": invitation.email,
        "name": invitation.name,
        "role": invitation.role,
        "hash": invitation.token_hash,
        "invited_by": invitation.invited_by,
        "expires_at": invitation.expires_at,
    }


def key_of(row: Row) -> ApiKey:
    """From KEY_COLUMNS."""
    (
        key_id, name, scopes, key_hash, requests_per_minute, created_by, created_at, expires_at, revoked_at,
        last_used_at,
    ) = row  # fmt: skip
    return ApiKey(
        key_id=key_id,
        name=name,
        scopes=frozenset(scopes),
        key_hash=bytes(key_hash),
        requests_per_minute=requests_per_minute,
        created_by=created_by,
        created_at=created_at,
        expires_at=expires_at,
        revoked_at=revoked_at,
        last_used_at=last_used_at,
    )


def values_of_key(organization_id: UUID, key: ApiKey) -> Values:
    """For every statement that writes one key."""
    return {
        "organization": organization_id,
        "key": key.key_id,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "hash": key.key_hash,
        "requests_per_minute": key.requests_per_minute,
        "created_by": key.created_by,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
    }
