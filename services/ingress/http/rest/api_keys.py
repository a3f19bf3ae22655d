"""/api/v1/api-keys: keys for programs."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from services.ingress.accounts.keys import ApiKeys, WantedKey
from services.ingress.domain.accounts.facts import Caller
from services.ingress.http.rest.account_models import ApiKeyList, ApiKeyMade, ApiKeyRequest
from services.ingress.http.rest.auth import Allowed, Permitted
from services.ingress.http.rest.refusals import refusals

Reader = Annotated[UUID, Depends(Allowed("api_keys:read"))]
Keeper = Annotated[Caller, Depends(Permitted("api_keys:manage"))]


class _Endpoints:
    """What one does with keys."""

    def __init__(self, keys: ApiKeys) -> None:
        self._keys = keys

    async def all(self, organization_id: Reader) -> ApiKeyList:
        """Keys that are not revoked, by name, without their texts. Permission: api_keys:read."""
        return ApiKeyList.of(await self._keys.all(organization_id=organization_id))

    async def create(self, caller: Keeper, wanted: ApiKeyRequest) -> ApiKeyMade:
        """Make a key; its text is told this once. Permission: api_keys:manage, and every scope of the key.

        The key belongs to the organization: it stays when the person who made it goes.
        """
        key, text = await self._keys.create(
            organization_id=caller.organization_id,
            actor=caller.actor,
            wanted=WantedKey(
                name=wanted.name,
                scopes=wanted.scopes,
                expires_in_days=wanted.expires_in_days,
                requests_per_minute=wanted.requests_per_minute,
            ),
        )
        return ApiKeyMade.with_text(key, text)

    async def revoke(self, caller: Keeper, key_id: UUID) -> None:
        """End a key; all processes heed it within 30 seconds. Permission: api_keys:manage."""
        await self._keys.revoke(organization_id=caller.organization_id, actor=caller.actor, key_id=key_id)


def api_key_routes(keys: ApiKeys) -> APIRouter:
    """The routes, to be put under /api/v1."""
    endpoints = _Endpoints(keys)
    routes = APIRouter(prefix="/api-keys", tags=["api-keys"])
    routes.add_api_route("", endpoints.all, summary="List API keys", responses=refusals())
    routes.add_api_route(
        "",
        endpoints.create,
        methods=["POST"],
        status_code=201,
        summary="Make an API key",
        responses=refusals(on_409="A key has this name: API_KEY_EXISTS"),
    )
    routes.add_api_route(
        "/{key_id}",
        endpoints.revoke,
        methods=["DELETE"],
        status_code=204,
        summary="End an API key",
        responses=refusals(on_404="API key not found: API_KEY_NOT_FOUND"),
    )
    return routes
