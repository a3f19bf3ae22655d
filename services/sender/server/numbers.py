"""What numbers may send, and what Meta refuses as a whole."""

from __future__ import annotations

from math import ceil
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from grpc import aio

from services.chassis.errors import InvalidArgument
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc
from services.sender.domain.codes import Scope
from services.sender.ports import NumberFacts, Pause
from services.sender.server.reading import read_id
from services.sender.usecases import KeepNumbers


class NumbersServer(sender_pb2_grpc.NumbersServicer):
    """What numbers may send, and what Meta refuses as a whole."""

    def __init__(self, numbers: KeepNumbers) -> None:
        self._numbers = numbers

    async def PutNumberLimits(
        self, request: sender_pb2.PutNumberLimitsRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.PutNumberLimitsResponse:
        """Replaces what sender is told of a number."""
        is_changed = await self._numbers.put_limits(
            organization_id=read_id("organization_id", request.organization_id),
            phone_number_id=request.phone_number_id,
            facts=NumberFacts(
                waba_id=request.waba_id,
                portfolio_id=request.portfolio_id,
                messages_per_second=request.messages_per_second,
                users_per_day=request.users_per_day,
            ),
        )
        return sender_pb2.PutNumberLimitsResponse(is_changed=is_changed)

    async def ListPauses(
        self, request: sender_pb2.ListPausesRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.ListPausesResponse:
        """Lists what is paused."""
        pauses = await self._numbers.list_pauses(organization_id=read_id("organization_id", request.organization_id))
        return sender_pb2.ListPausesResponse(pauses=[told_of(each) for each in pauses])

    async def EndPauses(
        self, request: sender_pb2.EndPausesRequest, context: aio.ServicerContext[Any, Any]
    ) -> sender_pb2.EndPausesResponse:
        """Ends pauses after something was mended."""
        if not request.phone_number_id and not request.template:
            raise InvalidArgument("phone_number_id and template are empty; give what Meta takes again")
        ended = await self._numbers.end_pauses(
            organization_id=read_id("organization_id", request.organization_id),
            phone_number_id=request.phone_number_id,
            template=request.template,
        )
        return sender_pb2.EndPausesResponse(ended=ended)


def told_of(pause: Pause) -> sender_pb2.Pause:
    """A pause as the contract has it; of a token nothing is told."""
    since = Timestamp()
    since.FromDatetime(pause.since)
    return sender_pb2.Pause(
        scope=pause.name.scope.value,
        name="" if pause.name.scope is Scope.CREDENTIALS else pause.name.name,
        phone_number_id=pause.phone_number_id,
        error_code=pause.code,
        error_text=pause.text,
        since=since,
        probes=pause.probes,
        probe_in_seconds=ceil(pause.probe_in),
    )
