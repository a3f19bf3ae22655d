"""gRPC in and out: protobuf to values, one use case, result to response."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from google.protobuf.timestamp_pb2 import Timestamp
from grpc import aio

from services.chassis.errors import InvalidArgument
from services.chassis.rpc import Servicer
from services.pb.common.v1 import results_pb2
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc
from services.sender.ports import Listed, NewMessage, StatusEvent
from services.sender.usecases import Deliver, KeepCredentials, ListMessages

Value = TypeVar("Value")
Parsed = TypeVar("Parsed")

_OK = results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_OK)
_DUPLICATE = results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_DUPLICATE)
_UNSTORABLE = "a value of this item cannot be stored"
_LONGEST_TEXT = 1024


class DeliveryServer(sender_pb2_grpc.DeliveryServicer):
    """Messages and statuses in batches; one bad item costs its neighbours nothing."""

    def __init__(self, deliver: Deliver) -> None:
        self._deliver = deliver

    async def Enqueue(
        self, request: sender_pb2.EnqueueRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.EnqueueResponse:
        """Takes messages durably, in order within a conversation."""
        results = await _batch(request.messages, read_message, self._deliver.enqueue)
        return sender_pb2.EnqueueResponse(results=results)

    async def ApplyStatuses(
        self, request: sender_pb2.ApplyStatusesRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.ApplyStatusesResponse:
        """Applies statuses; a repeat, or one of an unknown message, is taken like any other."""

        async def apply(events: Sequence[StatusEvent]) -> Sequence[bool]:
            await self._deliver.apply_statuses(events)
            return [True] * len(events)

        results = await _batch(request.statuses, read_status, apply)
        return sender_pb2.ApplyStatusesResponse(results=results)


class CredentialsServer(sender_pb2_grpc.CredentialsServicer):
    """Access tokens of numbers."""

    def __init__(self, credentials: KeepCredentials) -> None:
        self._credentials = credentials

    async def PutCredential(
        self, request: sender_pb2.PutCredentialRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.PutCredentialResponse:
        """Stores the access token of a number, encrypted."""
        is_changed = await self._credentials.put(
            organization_id=_id("organization_id", request.organization_id),
            phone_number_id=request.phone_number_id,
            token=request.access_token,
        )
        return sender_pb2.PutCredentialResponse(is_changed=is_changed)

    async def CheckCredentials(
        self, request: sender_pb2.CheckCredentialsRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.CheckCredentialsResponse:
        """Asks the Graph API whether each number's token works."""
        checks = await self._credentials.check(organization_id=_id("organization_id", request.organization_id))
        return sender_pb2.CheckCredentialsResponse(
            checks=[
                sender_pb2.CredentialCheck(
                    phone_number_id=check.phone_number_id, is_valid=not check.problem, problem=check.problem
                )
                for check in checks
            ]
        )


class MessagesServer(sender_pb2_grpc.MessagesServicer):
    """What became of messages."""

    def __init__(self, list_messages: ListMessages) -> None:
        self._list_messages = list_messages

    async def ListMessages(
        self, request: sender_pb2.ListMessagesRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.ListMessagesResponse:
        """Lists messages of an organization, newest first."""
        lane_id = _id("conversation_id", request.conversation_id) if request.conversation_id else None
        listed = await self._list_messages(
            organization_id=_id("organization_id", request.organization_id),
            lane_id=lane_id,
            state=request.state,
            limit=request.limit,
        )
        return sender_pb2.ListMessagesResponse(messages=[_record(message) for message in listed])


def servicers(deliver: Deliver, credentials: KeepCredentials, list_messages: ListMessages) -> list[Servicer]:
    """Sender's own services."""
    return [
        Servicer("pytake.sender.v1.Delivery", sender_pb2_grpc.add_DeliveryServicer_to_server, DeliveryServer(deliver)),
        Servicer(
            "pytake.sender.v1.Credentials",
            sender_pb2_grpc.add_CredentialsServicer_to_server,
            CredentialsServer(credentials),
        ),
        Servicer(
            "pytake.sender.v1.Messages",
            sender_pb2_grpc.add_MessagesServicer_to_server,
            MessagesServer(list_messages),
        ),
    ]


def read_message(message: sender_pb2.OutboundMessage) -> NewMessage:
    """A message to be stored. Raises InvalidArgument."""
    if not message.phone_number_id.isascii() or not message.phone_number_id.isdigit():
        raise InvalidArgument("phone_number_id is not a number's id; it has digits only")
    if not message.recipient_wa_id and not message.recipient_user_id:
        raise InvalidArgument("recipient_wa_id and recipient_user_id are empty; one of them must be set")
    if message.content.WhichOneof("kind") is None:
        raise InvalidArgument("content is empty; set text, buttons or list")
    if message.window_expires_at <= 0:
        raise InvalidArgument("window_expires_at is missing; give the second at which the 24 hour window closes")
    return NewMessage(
        organization_id=_id("organization_id", message.organization_id),
        message_id=_id("message_id", message.message_id),
        lane_id=_id("conversation_id", message.conversation_id),
        phone_number_id=message.phone_number_id,
        recipient_wa_id=_text("recipient_wa_id", message.recipient_wa_id),
        recipient_user_id=_text("recipient_user_id", message.recipient_user_id),
        flow_id=_text("flow_id", message.flow_id),
        node_id=_text("node_id", message.node_id),
        payload=message.SerializeToString(),
    )


def read_status(item: sender_pb2.OrganizationStatus) -> StatusEvent:
    """A status webhook. Raises InvalidArgument; callback data that is not ours counts as none."""
    status = item.status
    if not status.message_id.isprintable() or not 0 < len(status.message_id) <= _LONGEST_TEXT:
        raise InvalidArgument("status.message_id is not an id of Meta")
    code = status.error_codes[0] if status.error_codes else 0
    return StatusEvent(
        organization_id=_id("organization_id", item.organization_id),
        event_id=_text("event_id", status.event_id),
        wamid=status.message_id,
        status=_text("status", status.status),
        callback=_own_id(status.callback_data),
        error_code=code if abs(code) < 2**31 else 0,
        # Microseconds of it must fit 64 bits; a time beyond the year 9999 is no time.
        occurred_at=status.occurred_at if 0 < status.occurred_at < 253_402_300_800 else 0,
    )


async def _batch(
    items: Sequence[Value],
    read: Callable[[Value], Parsed],
    take: Callable[[Sequence[Parsed]], Awaitable[Sequence[bool]]],
) -> list[results_pb2.ItemResult]:
    """One result per item: INVALID for what cannot be read or stored, else OK or DUPLICATE."""
    results: list[results_pb2.ItemResult] = [_OK] * len(items)
    parsed: dict[int, Parsed] = {}
    for number, item in enumerate(items):
        try:
            parsed[number] = read(item)
        except InvalidArgument as error:
            results[number] = _invalid(error.sentence)
    try:
        answers = await take(list(parsed.values()))
    except psycopg.DataError:
        # Some value cannot be stored: one at a time finds which.
        answers = []
        for number, value in list(parsed.items()):
            try:
                answers += await take([value])
            except psycopg.DataError:
                answers.append(True)
                results[number] = _invalid(_UNSTORABLE)
    for number, is_new in zip(parsed, answers, strict=True):
        if not is_new:
            results[number] = _DUPLICATE
    return results


def _invalid(reason: str) -> results_pb2.ItemResult:
    return results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_INVALID, reason=reason)


def _record(message: Listed) -> sender_pb2.MessageRecord:
    created_at = Timestamp()
    created_at.FromDatetime(message.created_at)
    return sender_pb2.MessageRecord(
        message_id=str(message.message_id),
        conversation_id=str(message.lane_id),
        phone_number_id=message.phone_number_id,
        state=message.state,
        status=message.status,
        attempts=message.attempts,
        wamids=message.wamids,
        resolved_by=message.resolved_by,
        is_maybe_duplicate=message.is_maybe_duplicate,
        error_code=message.error_code,
        created_at=created_at,
    )


def _id(field: str, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidArgument(f"{field} is not a UUID") from None


def _own_id(callback_data: str) -> UUID | None:
    try:
        return UUID(callback_data)
    except ValueError:
        return None


def _text(field: str, text: str) -> str:
    if len(text) > _LONGEST_TEXT or "\x00" in text:
        raise InvalidArgument(f"{field} has more than {_LONGEST_TEXT} characters, or a NUL among them")
    return text
