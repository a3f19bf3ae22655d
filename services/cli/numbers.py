"""How business numbers do, in lines for people or as JSON."""

import json
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path

from google.protobuf.json_format import MessageToDict

from services.chassis.clock import now
from services.cli.rooms import Rooms, talk
from services.embedded.state import State
from services.pb.sender.v1 import sender_pb2, sender_pb2_grpc

Health = tuple[str, sender_pb2.NumberHealth]
"""An organization's name, and one of its numbers."""


def lines_of_numbers(data: Path, *, as_json: bool) -> Sequence[str]:
    """A line for each number of every organization. Raises HouseError or Failed."""

    async def work(rooms: Rooms, _: State) -> list[Health]:
        return await _health_of_numbers(rooms)

    write = _json_of_number if as_json else describe_number
    return [write(*each) for each in talk(data, work)]


async def _health_of_numbers(rooms: Rooms) -> list[Health]:
    stub = rooms.peer("sender").stub(sender_pb2_grpc.HealthStub)
    found: list[Health] = []
    for organization in await rooms.organizations():
        request = sender_pb2.GetNumberHealthRequest(organization_id=organization.organization_id)
        response = await rooms.call("sender", stub.GetNumberHealth, request)
        found += [(organization.name, number) for number in response.numbers]
    return found


def describe_number(organization: str, number: sender_pb2.NumberHealth) -> str:
    """One number: Meta's word, what waits, what failed in the last 24 hours."""
    word = number.problem or ", ".join(filter(None, _told(number))) or "Meta tells nothing of it"
    waits = f"{number.queued} wait, the oldest for {_age(number):.0f} s" if number.queued else "none wait"
    paused = "".join(f"; PAUSED by {pause.error_code}: {pause.error_text}" for pause in number.pauses)
    failed = ", ".join(f"{error.count} × {error.error_code or 'refused'}" for error in number.errors)
    errors = f"; failed in 24 hours: {failed}" if failed else ""
    return f"number     {number.phone_number_id} of {organization}: {word}{_kept_to(number)}; {waits}{paused}{errors}"


def _age(number: sender_pb2.NumberHealth) -> float:
    return max((now() - number.oldest_queued_at.ToDatetime(UTC)).total_seconds(), 0.0)


def _told(number: sender_pb2.NumberHealth) -> tuple[str, ...]:
    return (
        number.connection,
        f"quality {number.quality_rating}" if number.quality_rating else "",
        f"limit {number.messaging_limit}" if number.messaging_limit else "",
        f"throughput {number.throughput_level}" if number.throughput_level else "",
    )


def _kept_to(number: sender_pb2.NumberHealth) -> str:
    limits = (
        f"{number.messages_per_second} a second" if number.messages_per_second else "",
        f"{number.users_per_day} users a day" if number.users_per_day else "",
    )
    kept = ", ".join(filter(None, limits))
    return f"; kept to {kept}" if kept else ""


def _json_of_number(organization: str, number: sender_pb2.NumberHealth) -> str:
    told = {"organization": organization, **MessageToDict(number, preserving_proto_field_name=True)}
    return json.dumps(told, ensure_ascii=False)
