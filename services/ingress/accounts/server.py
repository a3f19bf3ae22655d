"""The Accounts service: what the operator provides."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from grpc import aio

from services.chassis.errors import Unavailable
from services.chassis.rpc.sizes import MOST_LISTED_BYTES, fitting
from services.ingress.accounts.keys import WantedKey
from services.ingress.accounts.provisioning import Provisioning, WantedUser
from services.ingress.domain.accounts.facts import ApiKey, Invitation, User
from services.ingress.domain.limits import LimitReached
from services.pb.common.v1 import errors_pb2
from services.pb.ingress.v1 import ingress_pb2, ingress_pb2_grpc

Context: TypeAlias = aio.ServicerContext[Any, Any]


class AccountsServer(ingress_pb2_grpc.AccountsServicer):
    """Users and API keys. The interceptor has checked that organization_id is a UUID."""

    def __init__(self, provisioning: Provisioning) -> None:
        self._provisioning = provisioning

    async def PutUser(self, request: ingress_pb2.PutUserRequest, context: Context) -> ingress_pb2.PutUserResponse:
        """Make or change a user, or invite one."""
        wanted = WantedUser(
            email=request.email,
            name=request.name,
            role=request.role,
            password=request.password,
            is_active=not request.is_inactive,
        )
        with _limits_as_errors():
            put = await self._provisioning.put_user(
                organization_id=UUID(request.organization_id),
                organization_name=request.organization_name,
                wanted=wanted,
                is_dry_run=request.dry_run,
            )
        return ingress_pb2.PutUserResponse(
            user_id=_text(put.user_id),
            is_changed=put.is_changed,
            is_new=put.is_new,
            invitation_token=put.invitation_token,
            invitation_expires_at=_time(put.invitation_expires_at),
        )

    async def ListUsers(self, request: ingress_pb2.ListUsersRequest, context: Context) -> ingress_pb2.ListUsersResponse:
        """Everybody, and who is invited."""
        users, invitations = await self._provisioning.users(organization_id=UUID(request.organization_id))
        half = MOST_LISTED_BYTES // 2
        return ingress_pb2.ListUsersResponse(
            users=fitting(map(_user, users), most_bytes=half),
            invitations=fitting(map(_invitation, invitations), most_bytes=half),
        )

    async def UnlockUser(
        self, request: ingress_pb2.UnlockUserRequest, context: Context
    ) -> ingress_pb2.UnlockUserResponse:
        """Forget wrong passwords."""
        await self._provisioning.unlock(organization_id=UUID(request.organization_id), email=request.email)
        return ingress_pb2.UnlockUserResponse()

    async def SetPassword(
        self, request: ingress_pb2.SetPasswordRequest, context: Context
    ) -> ingress_pb2.SetPasswordResponse:
        """Give a user another password."""
        with _limits_as_errors():
            await self._provisioning.set_password(
                organization_id=UUID(request.organization_id), email=request.email, password=request.password
            )
        return ingress_pb2.SetPasswordResponse()

    async def PutApiKey(self, request: ingress_pb2.PutApiKeyRequest, context: Context) -> ingress_pb2.PutApiKeyResponse:
        """Make or change an API key."""
        put = await self._provisioning.put_key(
            organization_id=UUID(request.organization_id),
            wanted=WantedKey(
                name=request.name,
                scopes=list(request.scopes),
                expires_in_days=request.expires_in_days or None,
                requests_per_minute=request.requests_per_minute or None,
            ),
            own_text=request.key,
            is_dry_run=request.dry_run,
        )
        return ingress_pb2.PutApiKeyResponse(
            key_id=_text(put.key_id), is_changed=put.is_changed, is_new=put.is_new, key=put.text
        )

    async def ListApiKeys(
        self, request: ingress_pb2.ListApiKeysRequest, context: Context
    ) -> ingress_pb2.ListApiKeysResponse:
        """Keys that are not revoked."""
        keys = await self._provisioning.keys(organization_id=UUID(request.organization_id))
        return ingress_pb2.ListApiKeysResponse(api_keys=fitting(map(_key, keys)))

    async def RevokeApiKey(
        self, request: ingress_pb2.RevokeApiKeyRequest, context: Context
    ) -> ingress_pb2.RevokeApiKeyResponse:
        """End a key."""
        await self._provisioning.revoke_key(organization_id=UUID(request.organization_id), name=request.name)
        return ingress_pb2.RevokeApiKeyResponse()


@contextmanager
def _limits_as_errors() -> Iterator[None]:
    try:
        yield
    except LimitReached as error:
        sentence = f"too many passwords are being checked; {error}"
        raise Unavailable(sentence, reason=errors_pb2.ERROR_REASON_RATE_LIMITED) from None


def _user(user: User) -> ingress_pb2.User:
    return ingress_pb2.User(
        user_id=str(user.user_id),
        email=user.email,
        name=user.name,
        role=user.role,
        is_active=user.is_active,
        locked_until=_time(user.lock.until),
        last_login_at=_time(user.last_login_at),
    )


def _invitation(invitation: Invitation) -> ingress_pb2.Invitation:
    return ingress_pb2.Invitation(
        invitation_id=str(invitation.invitation_id),
        email=invitation.email,
        role=invitation.role,
        expires_at=_time(invitation.expires_at),
    )


def _key(key: ApiKey) -> ingress_pb2.ApiKey:
    return ingress_pb2.ApiKey(
        key_id=str(key.key_id),
        name=key.name,
        scopes=sorted(key.scopes),
        requests_per_minute=key.requests_per_minute or 0,
        expires_at=_time(key.expires_at),
        last_used_at=_time(key.last_used_at),
    )


def _time(moment: datetime | None) -> Timestamp | None:
    if moment is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp


def _text(identity: UUID | None) -> str:
    return str(identity) if identity else ""
