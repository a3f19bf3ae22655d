"""sender's messages and webhooks as ingress sees them, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid5

from services.chassis.errors import NotFound
from services.ingress.domain.outgoing import (
    MessageFilter,
    MessagePage,
    MessageView,
    OutgoingMessage,
    SendResult,
    WantedWebhook,
    WebhookView,
)
from services.pb.common.v1 import errors_pb2

MORNING = datetime(2026, 3, 4, 13, 20, tzinfo=UTC)


@dataclass
class Outgoing:
    """ports.Messages: takes what is not called "late"."""

    sent: list[tuple[UUID, OutgoingMessage]] = field(default_factory=list)
    asked: list[tuple[MessageFilter, int, str]] = field(default_factory=list)

    async def send(self, *, organization_id: UUID, messages: Sequence[OutgoingMessage]) -> list[SendResult]:
        return [self._take(organization_id, message) for message in messages]

    def _take(self, organization_id: UUID, message: OutgoingMessage) -> SendResult:
        message_id = str(uuid5(organization_id, message.key))
        if message.key == "late":
            return SendResult(
                outcome="invalid", message_id=message_id, conversation_id="", reason="WINDOW_EXPIRED",
                problem="the window is closed", fields=[("content", "is free text")],
            )  # fmt: skip
        self.sent.append((organization_id, message))
        return SendResult(outcome="ok", message_id=message_id, conversation_id="c", reason="", problem="", fields=[])

    async def one(self, *, organization_id: UUID, message_id: UUID) -> MessageView:
        for owner, message in self.sent:
            if owner == organization_id and str(message_id) == str(uuid5(owner, message.key)):
                return _view(str(message_id))
        raise NotFound("no such message", reason=errors_pb2.ERROR_REASON_MESSAGE_NOT_FOUND)

    async def page(self, *, organization_id: UUID, chosen: MessageFilter, limit: int, cursor: str) -> MessagePage:
        self.asked.append((chosen, limit, cursor))
        own = [message for owner, message in self.sent if owner == organization_id]
        return MessagePage(
            [_view(str(uuid5(organization_id, message.key))) for message in own], "further" if own else ""
        )


def _view(message_id: str) -> MessageView:
    return MessageView(
        message_id=message_id, conversation_id="c", phone_number_id="1", state="accepted", status="sent", attempts=1,
        wamids=["wamid.1"], is_maybe_duplicate=False, error_code=0, error_text="", created_at=MORNING,
    )  # fmt: skip


@dataclass
class Hooks:
    """ports.Webhooks."""

    kept: dict[tuple[UUID, str], WebhookView] = field(default_factory=dict)
    wanted: list[WantedWebhook] = field(default_factory=list)

    async def put(self, *, organization_id: UUID, wanted: WantedWebhook) -> tuple[WebhookView, str]:
        self.wanted.append(wanted)
        is_new = (organization_id, wanted.name) not in self.kept
        view = WebhookView(
            webhook_id=str(uuid5(organization_id, wanted.name)), name=wanted.name, url=wanted.url,
            events=wanted.events, is_active=wanted.is_active, created_at=MORNING,
        )  # fmt: skip
        self.kept[organization_id, wanted.name] = view
        return view, "a secret of the tests" if is_new and not wanted.secret else ""

    async def all(self, *, organization_id: UUID) -> list[WebhookView]:
        return [view for (owner, _), view in self.kept.items() if owner == organization_id]

    async def delete(self, *, organization_id: UUID, webhook_id: UUID) -> None:
        for (owner, name), view in list(self.kept.items()):
            if owner == organization_id and view.webhook_id == str(webhook_id):
                del self.kept[owner, name]
                return
        raise NotFound("no such webhook", reason=errors_pb2.ERROR_REASON_WEBHOOK_NOT_FOUND)
