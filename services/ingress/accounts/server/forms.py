"""People, invitations and keys as the contract has them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from services.chassis.errors import InvalidArgument
from services.ingress.domain.accounts.facts import ApiKey, Invitation, User
from services.pb.ingress.v1 import ingress_pb2


def user_form(user: User) -> ingress_pb2.User:
    """A user without its secrets."""
    return ingress_pb2.User(
        user_id=str(user.user_id),
        email=user.email,
        name=user.name,
        role=user.role,
        is_active=user.is_active,
        locked_until=time_form(user.lock.until),
        last_login_at=time_form(user.last_login_at),
        created_at=time_form(user.created_at),
    )


def invitation_form(invitation: Invitation) -> ingress_pb2.Invitation:
    """An invitation without its token."""
    return ingress_pb2.Invitation(
        invitation_id=str(invitation.invitation_id),
        email=invitation.email,
        name=invitation.name,
        role=invitation.role,
        invited_by=invitation.invited_by,
        expires_at=time_form(invitation.expires_at),
    )


def key_form(key: ApiKey) -> ingress_pb2.ApiKey:
    """A key without its text."""
    return ingress_pb2.ApiKey(
        key_id=str(key.key_id),
        name=key.name,
        scopes=sorted(key.scopes),
        requests_per_minute=key.requests_per_minute or 0,
        created_by=key.created_by,
        created_at=time_form(key.created_at),
        expires_at=time_form(key.expires_at),
        last_used_at=time_form(key.last_used_at),
    )


def time_form(moment: datetime | None) -> Timestamp | None:
    """A moment, if there is one."""
    if moment is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp


def text_of(identity: UUID | None) -> str:
    """An id, or nothing."""
    return str(identity) if identity else ""


def id_of(field: str, text: str) -> UUID:
    """Raises InvalidArgument."""
    try:
        return UUID(text)
    except ValueError:
        raise InvalidArgument(f"{field} is {text[:60]!r}; it must be a UUID") from None
