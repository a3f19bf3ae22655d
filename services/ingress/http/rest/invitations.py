"""/api/v1/invitations: how people join an organization."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request

from services.ingress.accounts.invitations import Invitations
from services.ingress.domain.accounts.facts import Caller
from services.ingress.http.limits import client_address
from services.ingress.http.rest.account_models import (
    AcceptAnswer,
    AcceptRequest,
    InvitationList,
    InvitationMade,
    InvitationRequest,
)
from services.ingress.http.rest.auth import Permitted
from services.ingress.http.rest.refusals import open_refusals, refusals

Keeper = Annotated[Caller, Depends(Permitted("users:manage"))]


class _Endpoints:
    """What one does with invitations."""

    def __init__(self, invitations: Invitations) -> None:
        self._invitations = invitations

    async def all(self, caller: Keeper) -> InvitationList:
        """Invitations that can be accepted, newest first. Permission: users:manage."""
        return InvitationList.of(await self._invitations.open_ones(organization_id=caller.organization_id))

    async def invite(self, caller: Keeper, wanted: InvitationRequest) -> InvitationMade:
        """Invite somebody; the token is told this once, and serves for 7 days. Permission: users:manage, and all that
        the role may do.

        PyTake mails nothing: hand the token over yourself. An earlier invitation of the same e-mail ends.
        """
        invitation, token = await self._invitations.invite(
            organization_id=caller.organization_id,
            actor=caller.actor,
            email=wanted.email,
            name=wanted.name,
            role=wanted.role,
        )
        return InvitationMade.with_token(invitation, token)

    async def revoke(self, caller: Keeper, invitation_id: UUID) -> None:
        """Take an invitation back. Permission: users:manage."""
        await self._invitations.revoke(
            organization_id=caller.organization_id, actor=caller.actor, invitation_id=invitation_id
        )

    async def accept(self, request: Request, wanted: AcceptRequest) -> AcceptAnswer:
        """Join the organization that invited you; log in afterwards. No token but the invitation's is needed."""
        organization_id, user = await self._invitations.accept(
            token=wanted.token, name=wanted.name, password=wanted.password, address=client_address(request)
        )
        return AcceptAnswer.of(organization_id, user)


def invitation_routes(invitations: Invitations) -> APIRouter:
    """The routes, to be put under /api/v1."""
    endpoints = _Endpoints(invitations)
    routes = APIRouter(prefix="/invitations", tags=["people"])
    unknown = "The invitation is not open: INVITATION_NOT_FOUND"
    member = "Somebody has this e-mail: USER_EXISTS"
    routes.add_api_route("", endpoints.all, summary="List invitations", responses=refusals())
    routes.add_api_route(
        "",
        endpoints.invite,
        methods=["POST"],
        status_code=201,
        summary="Invite somebody",
        responses=refusals(on_409=member),
    )
    routes.add_api_route(
        "/accept",
        endpoints.accept,
        methods=["POST"],
        status_code=201,
        summary="Accept an invitation",
        responses=open_refusals(on_404=unknown, on_409=member),
    )
    routes.add_api_route(
        "/{invitation_id}",
        endpoints.revoke,
        methods=["DELETE"],
        status_code=204,
        summary="Take an invitation back",
        responses=refusals(on_404=unknown),
    )
    return routes
