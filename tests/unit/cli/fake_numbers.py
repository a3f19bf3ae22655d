"""Tokens, limits and health of numbers, and webhooks, as sender's fake answers them."""

# ruff: noqa: N802  (gRPC methods are named as in the proto)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf import timestamp_pb2

from services.chassis.errors import InvalidArgument
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc

if TYPE_CHECKING:
    from tests.unit.cli.fake_house import Kept


class FakeCredentials(sender_pb2_grpc.CredentialsServicer):
    def __init__(self, kept: Kept) -> None:
        self.kept = kept

    async def PutCredential(self, request: Any, context: Any) -> sender_pb2.PutCredentialResponse:
        is_changed = self.kept.put("token", request.phone_number_id, value=request.access_token)
        return sender_pb2.PutCredentialResponse(is_changed=is_changed)


class FakeHealth(sender_pb2_grpc.HealthServicer):
    """Says of numbers what the test put in `Kept.findings`; every number with a token does well."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept

    async def CheckNumbers(self, request: Any, context: Any) -> sender_pb2.CheckNumbersResponse:
        return sender_pb2.CheckNumbersResponse(findings=self.kept.findings)

    async def GetNumberHealth(self, request: Any, context: Any) -> sender_pb2.GetNumberHealthResponse:
        errors = [sender_pb2.ErrorCount(error_code=131047, count=2), sender_pb2.ErrorCount(count=1)]
        numbers = [
            sender_pb2.NumberHealth(
                phone_number_id=name, quality_rating="GREEN", messaging_limit="TIER_2K", connection="CONNECTED",
                queued=3, oldest_queued_at=timestamp_pb2.Timestamp(seconds=1), errors=errors,
                pauses=[sender_pb2.Pause(scope="number", error_code=133010, error_text="not registered")],
                messages_per_second=80, users_per_day=2000,
            )
            for name in self.kept.of("token")
        ]  # fmt: skip
        return sender_pb2.GetNumberHealthResponse(numbers=numbers)


class FakeNumbers(sender_pb2_grpc.NumbersServicer):
    """Limits of numbers; the number 9 is paused."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept

    async def PutNumberLimits(self, request: Any, context: Any) -> sender_pb2.PutNumberLimitsResponse:
        value = (request.waba_id, request.portfolio_id, request.messages_per_second, request.users_per_day)
        if value == ("", "", 0, 0):
            return sender_pb2.PutNumberLimitsResponse()
        is_changed = self.kept.put("limits", request.phone_number_id, value=value)
        return sender_pb2.PutNumberLimitsResponse(is_changed=is_changed)

    async def ListPauses(self, request: Any, context: Any) -> sender_pb2.ListPausesResponse:
        return sender_pb2.ListPausesResponse(pauses=[
            sender_pb2.Pause(scope="number", name=name, phone_number_id=name, error_code=133010,
                             error_text="not registered", probes=2, probe_in_seconds=40)
            for name in self.kept.of("token")
            if name == "9" and (request.organization_id, "number", name) in self.kept.values
        ])  # fmt: skip


class FakeWebhooks(sender_pb2_grpc.WebhooksServicer):
    """Webhooks by name; calls only https addresses, and makes the secret `made` for who gives none."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept

    async def PutWebhook(self, request: Any, context: Any) -> sender_pb2.PutWebhookResponse:
        if not request.url.startswith("https://"):
            raise InvalidArgument("url cannot be called: it has no TLS")
        before = self.kept.of(request.organization_id, "webhook").get(request.name)
        secret = request.secret or ("made" if before is None or request.is_secret_renewed else before[1])
        webhook = sender_pb2.Webhook(
            webhook_id=f"id of {request.name}", name=request.name, url=request.url, events=request.events,
            is_active=request.is_active,
        )  # fmt: skip
        value = (webhook, secret)
        if request.dry_run:
            return sender_pb2.PutWebhookResponse(webhook=webhook, is_changed=before != value, is_new=before is None)
        is_changed = self.kept.put(request.organization_id, "webhook", request.name, value=value)
        is_told = secret == "made" and is_changed
        return sender_pb2.PutWebhookResponse(
            webhook=webhook, is_changed=is_changed, is_new=before is None, secret=secret if is_told else ""
        )

    async def ListWebhooks(self, request: Any, context: Any) -> sender_pb2.ListWebhooksResponse:
        found = self.kept.of(request.organization_id, "webhook")
        return sender_pb2.ListWebhooksResponse(webhooks=[found[name][0] for name in sorted(found)])

    async def DeleteWebhook(self, request: Any, context: Any) -> sender_pb2.DeleteWebhookResponse:
        del self.kept.values[request.organization_id, "webhook", request.webhook_id.removeprefix("id of ")]
        return sender_pb2.DeleteWebhookResponse()
