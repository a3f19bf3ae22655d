"""/api/v1/webhooks: where an organization's systems are told what became of messages."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from services.ingress.domain.outgoing import WantedWebhook, WebhookView
from services.ingress.http.rest.auth import Allowed
from services.ingress.http.rest.models import Time
from services.ingress.http.rest.refusals import refusals
from services.ingress.http.rest.rules import WEB_ADDRESS, Flag, one_of
from services.ingress.ports import Webhooks

Looker = Annotated[UUID, Depends(Allowed("settings:read"))]
Keeper = Annotated[UUID, Depends(Allowed("settings:manage"))]

_NO_NUL = r"^[^\x00]*$"
# What sender knows.
_ALL_EVENTS = tuple(f"message.{status}" for status in ("accepted", "sent", "delivered", "read", "played", "failed"))
_EVENTS = ["message.delivered", "message.failed"]


class WebhookRequest(BaseModel):
    """A webhook as it should be; one of the same name is replaced."""

    name: str = Field(max_length=120, pattern=_NO_NUL, examples=["crm"])
    url: str = Field(
        max_length=2048, pattern=_NO_NUL, description="An https address of the public Internet.",
        examples=["https://crm.example.com/pytake"], json_schema_extra=WEB_ADDRESS,
    )  # fmt: skip
    events: list[Annotated[str, Field(max_length=60, json_schema_extra=one_of(*_ALL_EVENTS))]] = Field(
        default=[], max_length=20, description="What to tell; nothing means everything.", examples=[_EVENTS]
    )
    is_active: Flag = Field(default=True, description="While it is not, nothing is told, then or later.")
    secret: str = Field(
        default="", max_length=256, pattern=_NO_NUL,
        description="What signs, 16 to 256 characters; left out, the one there is stays, or one is made.",
        examples=[""],
    )  # fmt: skip
    renew_secret: Flag = Field(default=False, description="Make a new secret in place of the one there is.")

    def read(self) -> WantedWebhook:
        """As the service behind takes it."""
        return WantedWebhook(
            name=self.name,
            url=self.url,
            events=self.events,
            is_active=self.is_active,
            secret=self.secret,
            is_secret_renewed=self.renew_secret,
        )


class Webhook(BaseModel):
    """A webhook."""

    id: str = Field(examples=["5f0c7b1c-6a0e-4c7e-9a44-0c6a3f3b9d10"])
    name: str = Field(examples=["crm"])
    url: str = Field(examples=["https://crm.example.com/pytake"])
    events: list[str] = Field(examples=[_EVENTS])
    is_active: bool = Field(examples=[True])
    created_at: Time = Field(examples=["2026-03-04T13:20:00Z"])

    @classmethod
    def of(cls, webhook: WebhookView) -> Webhook:
        """From a webhook."""
        return cls(
            id=webhook.webhook_id,
            name=webhook.name,
            url=webhook.url,
            events=list(webhook.events),
            is_active=webhook.is_active,
            created_at=webhook.created_at,
        )


class StoredWebhook(Webhook):
    """A webhook as it was stored, with its secret if one was made now."""

    secret: str | None = Field(description="Told this once; null when none was made.", examples=["whsecret-EXAMPLE"])

    @classmethod
    def with_secret(cls, webhook: WebhookView, secret: str) -> StoredWebhook:
        """From a webhook and its secret."""
        return cls(**Webhook.of(webhook).model_dump(), secret=secret or None)


class WebhookList(BaseModel):
    """Webhooks by name."""

    webhooks: list[Webhook]


class _Endpoints:
    """What one does with webhooks."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks

    async def all(self, organization_id: Looker) -> WebhookList:
        """Webhooks of your organization by name, without their secrets. Permission: settings:read."""
        found = await self._webhooks.all(organization_id=organization_id)
        return WebhookList(webhooks=[Webhook.of(each) for each in found])

    async def put(self, organization_id: Keeper, wanted: WebhookRequest) -> StoredWebhook:
        """Make a webhook, or replace the one of this name; a secret that is made is told this once. Permission:
        settings:manage."""
        webhook, secret = await self._webhooks.put(organization_id=organization_id, wanted=wanted.read())
        return StoredWebhook.with_secret(webhook, secret)

    async def delete(self, organization_id: Keeper, webhook_id: UUID) -> None:
        """Remove a webhook; what waits for it is dropped. Permission: settings:manage."""
        await self._webhooks.delete(organization_id=organization_id, webhook_id=webhook_id)


def webhook_routes(webhooks: Webhooks) -> APIRouter:
    """The routes, to be put under /api/v1."""
    endpoints = _Endpoints(webhooks)
    routes = APIRouter(prefix="/webhooks", tags=["webhooks"])
    routes.add_api_route("", endpoints.all, summary="List webhooks", responses=refusals())
    routes.add_api_route("", endpoints.put, methods=["POST"], summary="Store a webhook", responses=refusals())
    routes.add_api_route(
        "/{webhook_id}",
        endpoints.delete,
        methods=["DELETE"],
        status_code=204,
        summary="Remove a webhook",
        responses=refusals(on_404="No webhook has this id: WEBHOOK_NOT_FOUND"),
    )
    return routes
