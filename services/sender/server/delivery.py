"""Messages, statuses and notices in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from grpc import aio

from services.chassis.errors import InvalidArgument
from services.pb.common.v1 import results_pb2
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc
from services.sender.domain.desk import DeskEvent
from services.sender.domain.number_news import NumberNews
from services.sender.domain.templates import News
from services.sender.ports import NewMessage, StatusEvent, Wanted
from services.sender.server.desk import read_desk_event
from services.sender.server.notices import OrganizationNews, OrganizationNumberNews, read_notice
from services.sender.server.reading import read_message, read_status
from services.sender.usecases import Deliver
from services.sender.usecases.desk import HearDesk
from services.sender.usecases.notices import HearNotices

Value = TypeVar("Value")
Parsed = TypeVar("Parsed")

_OK = results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_OK)
_DUPLICATE = results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_DUPLICATE)
_ERASED = results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_ERASED)
_UNSTORABLE = "a value of this item cannot be stored"


class DeliveryServer(sender_pb2_grpc.DeliveryServicer):
    """Messages, statuses and notices in batches; one bad item costs its neighbours nothing."""

    def __init__(self, deliver: Deliver, notices: HearNotices, desk: HearDesk) -> None:
        self._deliver = deliver
        self._notices = notices
        self._desk = desk

    async def Enqueue(
        self, request: sender_pb2.EnqueueRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.EnqueueResponse:
        """Takes messages durably, in order within a conversation."""

        async def enqueue(messages: Sequence[NewMessage]) -> list[results_pb2.ItemResult]:
            return [_OK if is_new else _DUPLICATE for is_new in await self._deliver.enqueue(messages)]

        return sender_pb2.EnqueueResponse(results=await batch(request.messages, read_message, enqueue))

    async def ApplyNotices(
        self, request: sender_pb2.ApplyNoticesRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.ApplyNoticesResponse:
        """Takes news durably, in order."""

        async def hear(
            notices: Sequence[Wanted | OrganizationNews | OrganizationNumberNews],
        ) -> list[results_pb2.ItemResult]:
            news = [notice for notice in notices if not isinstance(notice, Wanted)]
            fates = iter(await self._notices.want([notice for notice in notices if isinstance(notice, Wanted)]))
            await self._notices.hear([(whose, each) for whose, each in news if isinstance(each, News)])
            await self._notices.hear_of_numbers([(whose, each) for whose, each in news if isinstance(each, NumberNews)])
            return [_ERASED if isinstance(notice, Wanted) and next(fates) == "erased" else _OK for notice in notices]

        return sender_pb2.ApplyNoticesResponse(results=await batch(request.notices, read_notice, hear))

    async def TellDesk(
        self, request: sender_pb2.TellDeskRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.TellDeskResponse:
        """Takes events of the desk durably, in order within a conversation."""

        async def hear(events: Sequence[tuple[UUID, DeskEvent]]) -> list[results_pb2.ItemResult]:
            return [_OK if is_new else _DUPLICATE for is_new in await self._desk.hear(events)]

        return sender_pb2.TellDeskResponse(results=await batch(request.events, read_desk_event, hear))

    async def ApplyStatuses(
        self, request: sender_pb2.ApplyStatusesRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.ApplyStatusesResponse:
        """Applies statuses; a repeat, or one of an unknown message, is taken like any other."""

        async def apply(events: Sequence[StatusEvent]) -> list[results_pb2.ItemResult]:
            return [_ERASED if fate == "erased" else _OK for fate in await self._deliver.apply_statuses(events)]

        return sender_pb2.ApplyStatusesResponse(results=await batch(request.statuses, read_status, apply))


async def batch(
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


def _invalid(reason: str) -> results_pb2.ItemResult:
    return results_pb2.ItemResult(outcome=results_pb2.ITEM_OUTCOME_INVALID, reason=reason)
