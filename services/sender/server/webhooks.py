"""sender.v1.Webhooks: where an organization's systems are told."""

from __future__ import annotations

from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from grpc import aio

from services.chassis.rpc.pages import page_within
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc
from services.sender.domain.webhooks import Webhook
from services.sender.server.reading import read_id
from services.sender.usecases.webhooks import KeepWebhooks, WantedWebhook


class WebhooksServer(sender_pb2_grpc.WebhooksServicer):
    """Webhooks of organizations."""

    def __init__(self, webhooks: KeepWebhooks) -> None:
        self._webhooks = webhooks

    async def PutWebhook(
        self, request: sender_pb2.PutWebhookRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.PutWebhookResponse:
        """Creates or replaces a webhook."""
        wanted = WantedWebhook(
            name=request.name,
            url=request.url,
            events=list(request.events),
            is_active=request.is_active,
            secret=request.secret,
            is_secret_renewed=request.is_secret_renewed,
        )
        organization_id = read_id("organization_id", request.organization_id)
        if request.dry_run:
            stored, secret = await self._webhooks.compare(organization_id=organization_id, wanted=wanted), ""
        else:
            stored, secret = await self._webhooks.put(organization_id=organization_id, wanted=wanted)
        return sender_pb2.PutWebhookResponse(
            webhook=_webhook(stored.webhook), is_changed=stored.is_changed, secret=secret, is_new=stored.is_new
        )

    async def ListWebhooks(
        self, request: sender_pb2.ListWebhooksRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.ListWebhooksResponse:
        """Lists webhooks by name."""
        found = await self._webhooks.all(organization_id=read_id("organization_id", request.organization_id))
        webhooks, cursor = page_within(
            found, _webhook, lambda webhook: (webhook.name,), limit=request.limit, cursor=request.cursor
        )
        return sender_pb2.ListWebhooksResponse(webhooks=webhooks, cursor=cursor)

    async def DeleteWebhook(
        self, request: sender_pb2.DeleteWebhookRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.DeleteWebhookResponse:
        """Removes a webhook."""
        await self._webhooks.delete(
            organization_id=read_id("organization_id", request.organization_id),
            webhook_id=read_id("webhook_id", request.webhook_id),
        )
        return sender_pb2.DeleteWebhookResponse()


def _webhook(webhook: Webhook) -> sender_pb2.Webhook:
    created_at = Timestamp()
    created_at.FromDatetime(webhook.created_at)
    return sender_pb2.Webhook(
        webhook_id=str(webhook.webhook_id),
        name=webhook.name,
        url=webhook.url,
        events=webhook.events,
        is_active=webhook.is_active,
        created_at=created_at,
    )
