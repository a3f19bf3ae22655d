"""The Accounts service: people, invitations and keys, for the operator and for an organization's people and teams."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias
from uuid import UUID

from grpc import aio

from services.chassis.errors import InvalidArgument, Unavailable
from services.chassis.rpc import actor_of, current_principal
from services.chassis.rpc.masks import fields_meant
from services.chassis.rpc.pages import page_limit, page_of, page_within, read_place
from services.chassis.rpc.sizes import MOST_LISTED_BYTES, fitting
from services.chassis.tenancy import PERMISSIONS, ROLE_PERMISSIONS
from services.ingress.accounts.invitations import Invitations
from services.ingress.accounts.keys import ApiKeys, WantedKey
from services.ingress.accounts.people import People
from services.ingress.accounts.provisioning import OPERATOR, Provisioning, WantedUser
from services.ingress.accounts.server.forms import id_of, invitation_form, key_form, text_of, time_form, user_form
from services.ingress.domain.accounts.facts import Invitation
from services.ingress.domain.accounts.giving import Actor
from services.ingress.domain.limits import LimitReached
from services.pb.common.v1 import errors_pb2
from services.pb.ingress.v1 import ingress_pb2, ingress_pb2_grpc

Context: TypeAlias = aio.ServicerContext[Any, Any]

# Read for one answer at most; fewer fit into it.
_MOST_READ = 10_000


class AccountsServer(ingress_pb2_grpc.AccountsServicer):
    """Users, invitations and API keys. The interceptor has checked that organization_id is a UUID."""

    def __init__(self, *, provisioning: Provisioning, people: People, invitations: Invitations, keys: ApiKeys) -> None:
        self._provisioning = provisioning
        self._people = people
        self._invitations = invitations
        self._keys = keys

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
            user_id=text_of(put.user_id),
            is_changed=put.is_changed,
            is_new=put.is_new,
            invitation_token=put.invitation_token,
            invitation_expires_at=time_form(put.invitation_expires_at),
        )

    async def ListUsers(self, request: ingress_pb2.ListUsersRequest, context: Context) -> ingress_pb2.ListUsersResponse:
        """By e-mail; to the operator who is invited, too."""
        organization_id, half = UUID(request.organization_id), MOST_LISTED_BYTES // 2
        limit, place = page_limit(request.limit), read_place(request.cursor, str)
        found, _ = await self._people.page(
            organization_id=organization_id,
            skip=0,
            limit=(limit or _MOST_READ) + 1,
            after=str(place[0]) if place else "",
        )
        users, cursor = page_of(found, user_form, lambda user: (user.email,), limit or _MOST_READ, most_bytes=half)
        invitations = []
        if current_principal().is_service and not request.cursor:
            open_ones = await self._invitations.open_ones(organization_id=organization_id)
            invitations = fitting(map(invitation_form, open_ones), most_bytes=half)
        return ingress_pb2.ListUsersResponse(users=users, invitations=invitations, cursor=cursor)

    async def GetUser(self, request: ingress_pb2.GetUserRequest, context: Context) -> ingress_pb2.GetUserResponse:
        """One user."""
        user = await self._people.read(
            organization_id=UUID(request.organization_id), user_id=id_of("user_id", request.user_id)
        )
        return ingress_pb2.GetUserResponse(user=user_form(user))

    async def CreateUser(
        self, request: ingress_pb2.CreateUserRequest, context: Context
    ) -> ingress_pb2.CreateUserResponse:
        """Make somebody a member."""
        with _limits_as_errors():
            user = await self._people.create(
                organization_id=UUID(request.organization_id),
                actor=_actor(),
                email=request.email,
                name=request.name,
                role=request.role,
                password=request.password,
            )
        return ingress_pb2.CreateUserResponse(user=user_form(user))

    async def UpdateUser(
        self, request: ingress_pb2.UpdateUserRequest, context: Context
    ) -> ingress_pb2.UpdateUserResponse:
        """Change what the mask names."""
        meant = fields_meant(request, "name", "role", "is_active")
        user = await self._people.change(
            organization_id=UUID(request.organization_id),
            actor=_actor(),
            user_id=id_of("user_id", request.user_id),
            name=request.name if "name" in meant else None,
            role=request.role if "role" in meant else None,
            is_active=request.is_active if "is_active" in meant else None,
        )
        return ingress_pb2.UpdateUserResponse(user=user_form(user))

    async def UnlockUser(
        self, request: ingress_pb2.UnlockUserRequest, context: Context
    ) -> ingress_pb2.UnlockUserResponse:
        """Forget wrong passwords."""
        organization_id = UUID(request.organization_id)
        if _is_by_id("user_id", request.user_id, "email", request.email):
            user_id = id_of("user_id", request.user_id)
        else:
            user_id = (await self._people.with_email(organization_id=organization_id, email=request.email)).user_id
        await self._people.unlock(organization_id=organization_id, actor=_actor(), user_id=user_id)
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

    async def ListRoles(self, request: ingress_pb2.ListRolesRequest, context: Context) -> ingress_pb2.ListRolesResponse:
        """What roles may do."""
        return ingress_pb2.ListRolesResponse(
            roles=[
                ingress_pb2.Role(name=name, permissions=sorted(permissions))
                for name, permissions in ROLE_PERMISSIONS.items()
            ],
            permissions=sorted(PERMISSIONS),
        )

    async def ListInvitations(
        self, request: ingress_pb2.ListInvitationsRequest, context: Context
    ) -> ingress_pb2.ListInvitationsResponse:
        """Newest first."""
        found = await self._invitations.open_ones(organization_id=UUID(request.organization_id))
        invitations, cursor = page_within(
            found, invitation_form, _newest_first, limit=request.limit, cursor=request.cursor
        )
        return ingress_pb2.ListInvitationsResponse(invitations=invitations, cursor=cursor)

    async def CreateInvitation(
        self, request: ingress_pb2.CreateInvitationRequest, context: Context
    ) -> ingress_pb2.CreateInvitationResponse:
        """Invite somebody."""
        invitation, token = await self._invitations.invite(
            organization_id=UUID(request.organization_id),
            actor=_actor(),
            email=request.email,
            name=request.name,
            role=request.role,
        )
        return ingress_pb2.CreateInvitationResponse(invitation=invitation_form(invitation), invitation_token=token)

    async def RevokeInvitation(
        self, request: ingress_pb2.RevokeInvitationRequest, context: Context
    ) -> ingress_pb2.RevokeInvitationResponse:
        """Take an invitation back."""
        await self._invitations.revoke(
            organization_id=UUID(request.organization_id),
            actor=_actor(),
            invitation_id=id_of("invitation_id", request.invitation_id),
        )
        return ingress_pb2.RevokeInvitationResponse()

    async def PutApiKey(self, request: ingress_pb2.PutApiKeyRequest, context: Context) -> ingress_pb2.PutApiKeyResponse:
        """Make or change an API key."""
        put = await self._provisioning.put_key(
            organization_id=UUID(request.organization_id),
            wanted=_wanted_key(request),
            own_text=request.key,
            is_dry_run=request.dry_run,
        )
        return ingress_pb2.PutApiKeyResponse(
            key_id=text_of(put.key_id), is_changed=put.is_changed, is_new=put.is_new, key=put.text
        )

    async def ListApiKeys(
        self, request: ingress_pb2.ListApiKeysRequest, context: Context
    ) -> ingress_pb2.ListApiKeysResponse:
        """Keys that are not revoked, by name."""
        found = await self._keys.all(organization_id=UUID(request.organization_id))
        keys, cursor = page_within(
            found, key_form, lambda key: (key.name, key.key_id.hex), limit=request.limit, cursor=request.cursor
        )
        return ingress_pb2.ListApiKeysResponse(api_keys=keys, cursor=cursor)

    async def CreateApiKey(
        self, request: ingress_pb2.CreateApiKeyRequest, context: Context
    ) -> ingress_pb2.CreateApiKeyResponse:
        """Make a key."""
        key, text = await self._keys.create(
            organization_id=UUID(request.organization_id), actor=_actor(), wanted=_wanted_key(request)
        )
        return ingress_pb2.CreateApiKeyResponse(api_key=key_form(key), key=text)

    async def RevokeApiKey(
        self, request: ingress_pb2.RevokeApiKeyRequest, context: Context
    ) -> ingress_pb2.RevokeApiKeyResponse:
        """End a key."""
        organization_id = UUID(request.organization_id)
        if _is_by_id("key_id", request.key_id, "name", request.name):
            key_id = id_of("key_id", request.key_id)
        else:
            key_id = (await self._keys.known(organization_id=organization_id, name=request.name)).key_id
        await self._keys.revoke(organization_id=organization_id, actor=_actor(), key_id=key_id)
        return ingress_pb2.RevokeApiKeyResponse()


def _actor() -> Actor:
    """Who gives and takes: the operator, who alone of all services may call, or somebody with what his token allows."""
    principal = current_principal()
    return OPERATOR if principal.is_service else Actor(actor_of(principal), principal.permissions, principal.role)


def _is_by_id(id_field: str, identity: str, name_field: str, name: str) -> bool:
    if bool(identity) == bool(name):
        raise InvalidArgument(f"set one of {id_field} and {name_field}")
    return bool(identity)


def _newest_first(invitation: Invitation) -> tuple[int, str]:
    made_at = invitation.created_at or invitation.expires_at
    return -int(made_at.timestamp() * 1_000_000), invitation.invitation_id.hex


def _wanted_key(request: ingress_pb2.PutApiKeyRequest | ingress_pb2.CreateApiKeyRequest) -> WantedKey:
    return WantedKey(
        name=request.name,
        scopes=list(request.scopes),
        expires_in_days=request.expires_in_days or None,
        requests_per_minute=request.requests_per_minute or None,
    )


@contextmanager
def _limits_as_errors() -> Iterator[None]:
    try:
        yield
    except LimitReached as error:
        sentence = f"too many passwords are being checked; {error}"
        raise Unavailable(sentence, reason=errors_pb2.ERROR_REASON_RATE_LIMITED) from None
