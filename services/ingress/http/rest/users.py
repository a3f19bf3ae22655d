"""/api/v1/users and /api/v1/roles: the people of an organization."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from services.chassis.tenancy import PERMISSIONS, ROLE_PERMISSIONS
from services.ingress.accounts.people import People
from services.ingress.domain.accounts.facts import Caller
from services.ingress.http.rest.account_models import (
    RoleAnswer,
    RoleList,
    UserAnswer,
    UserChange,
    UserList,
    UserRequest,
)
from services.ingress.http.rest.auth import Allowed, Permitted
from services.ingress.http.rest.refusals import refusals

_LARGEST = 2**31 - 1

Reader = Annotated[UUID, Depends(Allowed("users:read"))]
RoleReader = Annotated[UUID, Depends(Allowed("roles:read"))]
Keeper = Annotated[Caller, Depends(Permitted("users:manage"))]


class _Endpoints:
    """What one does with people."""

    def __init__(self, people: People) -> None:
        self._people = people

    async def page(
        self,
        organization_id: Reader,
        skip: Annotated[int, Query(ge=0, le=_LARGEST, description="How many to leave out.")] = 0,
        limit: Annotated[int, Query(ge=1, le=500, description="How many to give.")] = 50,
    ) -> UserList:
        """People of your organization by e-mail. Permission: users:read."""
        return UserList.of(*await self._people.page(organization_id=organization_id, skip=skip, limit=limit))

    async def create(self, caller: Keeper, wanted: UserRequest, response: Response) -> UserAnswer:
        """Make somebody a member. Permission: users:manage, and all that the role may do.

        A super_admin gives every role but his own, which nobody gives here.
        """
        user = await self._people.create(
            organization_id=caller.organization_id,
            actor=caller.actor,
            email=wanted.email,
            name=wanted.name,
            role=wanted.role,
            password=wanted.password,
        )
        response.headers["location"] = f"/api/v1/users/{user.user_id}"
        return UserAnswer.of(user)

    async def read(self, organization_id: Reader, user_id: UUID) -> UserAnswer:
        """One person. Permission: users:read."""
        return UserAnswer.of(await self._people.read(organization_id=organization_id, user_id=user_id))

    async def change(self, caller: Keeper, user_id: UUID, wanted: UserChange) -> UserAnswer:
        """Change name, role, or whether the person may log in. Permission: users:manage; for a role users:manage_roles.

        A new role and a closed account end every session at once. Access tokens that were given out live on until
        their 15 minutes are over.
        """
        user = await self._people.change(
            organization_id=caller.organization_id,
            actor=caller.actor,
            user_id=user_id,
            name=wanted.name,
            role=wanted.role,
            is_active=wanted.is_active,
        )
        return UserAnswer.of(user)

    async def close(self, caller: Keeper, user_id: UUID) -> None:
        """Close a person's account; it can be opened again with PATCH. Permission: users:manage."""
        await self._people.change(
            organization_id=caller.organization_id, actor=caller.actor, user_id=user_id, is_active=False
        )

    async def unlock(self, caller: Keeper, user_id: UUID) -> UserAnswer:
        """Forget a person's wrong passwords. Permission: users:manage."""
        user = await self._people.unlock(organization_id=caller.organization_id, actor=caller.actor, user_id=user_id)
        return UserAnswer.of(user)

    async def roles(self, _: RoleReader) -> RoleList:
        """Roles and what they may do. Permission: roles:read."""
        return RoleList(
            roles=[RoleAnswer(name=name, permissions=sorted(may)) for name, may in ROLE_PERMISSIONS.items()],
            permissions=sorted(PERMISSIONS),
        )


def user_routes(people: People) -> APIRouter:
    """The routes, to be put under /api/v1."""
    endpoints = _Endpoints(people)
    routes = APIRouter(tags=["people"])
    unknown = "User not found: USER_NOT_FOUND"
    last = "The last active org_admin stays: LAST_ORG_ADMIN"
    routes.add_api_route("/users", endpoints.page, summary="List users", responses=refusals())
    routes.add_api_route(
        "/users",
        endpoints.create,
        methods=["POST"],
        status_code=201,
        summary="Make a user",
        responses=refusals(on_409="Somebody has this e-mail: USER_EXISTS"),
    )
    routes.add_api_route("/users/{user_id}", endpoints.read, summary="Read a user", responses=refusals(on_404=unknown))
    routes.add_api_route(
        "/users/{user_id}",
        endpoints.change,
        methods=["PATCH"],
        summary="Change a user",
        responses=refusals(on_404=unknown, on_409=last),
    )
    routes.add_api_route(
        "/users/{user_id}",
        endpoints.close,
        methods=["DELETE"],
        status_code=204,
        summary="Close a user's account",
        responses=refusals(on_404=unknown, on_409=last),
    )
    routes.add_api_route(
        "/users/{user_id}/unlock",
        endpoints.unlock,
        methods=["POST"],
        summary="Unlock a user",
        responses=refusals(on_404=unknown),
    )
    routes.add_api_route("/roles", endpoints.roles, summary="List roles", responses=refusals())
    return routes
