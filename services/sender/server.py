"""gRPC in and out: protobuf to values, one use case, result to response."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError
from google.protobuf.timestamp_pb2 import Timestamp
from grpc import aio

from services.chassis.errors import InvalidArgument
from services.chassis.queue import export_page_of, progress_of
from services.chassis.rpc import Servicer
from services.pb.common.v1 import results_pb2
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc
from services.sender.ports import Erasure, Listed, NewMessage, Privacy, StatusEvent
from services.sender.usecases import Deliver, KeepCredentials, ListMessages

Value = TypeVar("Value")
Parsed = TypeVar("Parsed")

_OK = results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_OK)
_DUPLICATE = results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_DUPLICATE)
_ERASED = results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_ERASED)
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

        async def enqueue(messages: Sequence[NewMessage]) -> list[results_pb2.ItemResult]:
            return [_OK if is_new else _DUPLICATE for is_new in await self._deliver.enqueue(messages)]

        return sender_pb2.EnqueueResponse(results=await _batch(request.messages, read_message, enqueue))

    async def ApplyStatuses(
        self, request: sender_pb2.ApplyStatusesRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.ApplyStatusesResponse:
        """Applies statuses; a repeat, or one of an unknown message, is taken like any other."""

        async def apply(events: Sequence[StatusEvent]) -> list[results_pb2.ItemResult]:
            return [_ERASED if fate == "erased" else _OK for fate in await self._deliver.apply_statuses(events)]

        return sender_pb2.ApplyStatusesResponse(results=await _batch(request.statuses, read_status, apply))


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


class PrivacyServer(sender_pb2_grpc.PrivacyServicer):
    """What sender keeps of people."""

    def __init__(self, privacy: Privacy) -> None:
        self._privacy = privacy

    async def EraseContact(
        self, request: sender_pb2.EraseContactRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.EraseContactResponse:
        """Empties messages of what they say and to whom."""
        erasure = Erasure(
            conversation_ids=[_id("conversation_ids", each) for each in request.conversation_ids],
            wa_ids=list(request.wa_ids),
            user_ids=list(request.user_ids),
            wamid_parts=list(request.wamid_parts),
        )
        cleared = await self._privacy.erase(
            organization_id=_id("organization_id", request.organization_id),
            job_id=_id("job_id", request.job_id),
            erasure=erasure,
        )
        return sender_pb2.EraseContactResponse(progress=progress_of(cleared))

    async def ExportContact(
        self, request: sender_pb2.ExportContactRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.ExportContactResponse:
        """A page of what is kept."""
        page = await self._privacy.page(
            organization_id=_id("organization_id", request.organization_id),
            conversation_ids=[_id("conversation_ids", each) for each in request.conversation_ids],
            cursor=request.cursor,
        )
        return sender_pb2.ExportContactResponse(page=export_page_of(page, _content))

    async def Expire(
        self, request: sender_pb2.ExpireRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.ExpireResponse:
        """Removes a batch of what is old."""
        if not request.HasField("before"):
            raise InvalidArgument("before is not set; give the moment before which things are old")
        cleared = await self._privacy.expire(
            organization_id=_id("organization_id", request.organization_id),
            job_id=_id("job_id", request.job_id),
            before=request.before.ToDatetime(UTC),
        )
        return sender_pb2.ExpireResponse(progress=progress_of(cleared))


def servicers(
    deliver: Deliver, credentials: KeepCredentials, list_messages: ListMessages, privacy: Privacy
) -> list[Servicer]:
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
        Servicer("pytake.sender.v1.Privacy", sender_pb2_grpc.add_PrivacyServicer_to_server, PrivacyServer(privacy)),
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
        recipient_wa_id=status.recipient_wa_id,
        recipient_user_id=status.recipient_user_id,
    )


async def _batch(
    items: Sequence[Value],
    read: Callable[[Value], Parsed],
    take: Callable[[Sequence[Parsed]], Awaitable[list[results_pb2.ItemResult]]],
) -> list[results_pb2.ItemResult]:
    """One result per item: INVALID for what cannot be read or stored, else what `take` says."""
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
        answers = [await _alone(value, take) for value in parsed.values()]
    for number, answer in zip(parsed, answers, strict=True):
        results[number] = answer
    return results


async def _alone(
    value: Parsed, take: Callable[[Sequence[Parsed]], Awaitable[list[results_pb2.ItemResult]]]
) -> results_pb2.ItemResult:
    try:
        (answer,) = await take([value])
    except psycopg.DataError:
        return _invalid(_UNSTORABLE)
    return answer


def _content(_: str, payload: bytes) -> object:
    """A message in plain words; as hexadecimal when it is none."""
    try:
        return MessageToDict(sender_pb2.OutboundMessage.FromString(payload), preserving_proto_field_name=True)
    except DecodeError:
        return {"hex": payload.hex()}


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
