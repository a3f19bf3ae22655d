"""sender.v1.Health: how business numbers do."""

from __future__ import annotations

from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from grpc import aio

from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc
from services.sender.ports.teams import Failures
from services.sender.server.numbers import told_of
from services.sender.server.reading import read_id
from services.sender.usecases.health import NumberFinding, NumberHealth, TellHealth


class HealthServer(sender_pb2_grpc.HealthServicer):
    """How numbers do."""

    def __init__(self, health: TellHealth) -> None:
        self._health = health

    async def GetNumberHealth(
        self, request: sender_pb2.GetNumberHealthRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.GetNumberHealthResponse:
        """Tells how numbers do."""
        numbers = await self._health.of_numbers(
            organization_id=read_id("organization_id", request.organization_id), phone_number_id=request.phone_number_id
        )
        return sender_pb2.GetNumberHealthResponse(numbers=[_health(number) for number in numbers])

    async def CheckNumbers(
        self, request: sender_pb2.CheckNumbersRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.CheckNumbersResponse:
        """Checks numbers with the Graph API."""
        findings = await self._health.check(organization_id=read_id("organization_id", request.organization_id))
        return sender_pb2.CheckNumbersResponse(findings=[_finding(each) for each in findings])


def _health(number: NumberHealth) -> sender_pb2.NumberHealth:
    health = sender_pb2.NumberHealth(
        phone_number_id=number.phone_number_id,
        quality_rating=number.state.quality_rating,
        messaging_limit=number.state.messaging_limit,
        throughput_level=number.state.throughput_level,
        connection=number.state.connection,
        problem=number.problem,
        queued=number.backlog.queued,
        errors=[_errors(each) for each in number.failures],
        pauses=[told_of(each) for each in number.pauses],
        messages_per_second=number.facts.messages_per_second,
        users_per_day=number.facts.users_per_day,
    )
    if number.backlog.oldest_at is not None:
        health.oldest_queued_at.FromDatetime(number.backlog.oldest_at)
    return health


def _errors(failures: Failures) -> sender_pb2.ErrorCount:
    last_at = Timestamp()
    last_at.FromDatetime(failures.last_at)
    return sender_pb2.ErrorCount(
        error_code=failures.error_code, count=failures.count, last_text=failures.last_text, last_at=last_at
    )


def _finding(number: NumberFinding) -> sender_pb2.NumberFinding:
    finding = number.finding
    return sender_pb2.NumberFinding(
        phone_number_id=number.phone_number_id,
        check=finding.check,
        result=finding.result,
        text=finding.text,
        mend=finding.mend,
        callback_url=finding.callback_url,
    )
