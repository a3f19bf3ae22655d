"""Replays on real Postgres: what is kept of a conversation, run again against a document."""

from __future__ import annotations

import copy
import json
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.chassis.clock import Monotonic
from services.chassis.errors import FailedPrecondition, InvalidArgument, NotFound
from services.executor.domain.limits import Limits
from services.executor.server.messages import replay_message
from services.executor.store import PostgresFlows, PostgresRecordings
from services.executor.usecases import FlowLibrary, Replayed, Replaying, Telling
from services.executor.worker import recorded_arrival, told_message, told_said
from tests.integration.executor.conftest import Room
from tests.integration.executor.press import TEA, Press, tea


def replaying(room: Room, monotonic: Monotonic = lambda: 0.0) -> Replaying:
    flows = PostgresFlows(room.database, room.audit, room.starting)
    telling = Telling(recorded_arrival, told_message, told_said)
    recordings = PostgresRecordings(room.database)
    return Replaying(
        flows,
        recordings,
        FlowLibrary(flows),
        telling,
        limits=Limits(),
        ttl=timedelta(hours=24),
        monotonic=monotonic,
    )


async def replayed(
    room: Room, document: dict[str, Any] | None = None, *, by: Replaying | None = None, **changes: Any
) -> Replayed:
    wanted: dict[str, Any] = {
        "organization_id": room.organization_id,
        "conversation_id": room.conversation_id,
        "flow_id": None,
        "document": json.dumps(document).encode() if document else b"",
        **changes,
    }
    return await (by or replaying(room)).replay(**wanted)


async def test_a_conversation_is_the_same_with_what_it_was_held_with(room: Room) -> None:
    await room.say("hi", "Ana", "many", "3", "hi", "Bia")

    answer = replay_message(await replayed(room, TEA))

    assert (answer.first_difference, answer.is_cut, answer.flow_id) == (0, False, room.flow_id)
    assert [turn.text for turn in answer.turns] == ["hi", "Ana", "many", "3", "hi", "Bia"]
    assert all(turn.is_same for turn in answer.turns)
    assert [said.text for turn in answer.turns for said in turn.recorded] == room.said()
    assert answer.turns[3].recorded[0].node_id == "bye"


async def test_the_draft_is_compared_when_no_document_is_given(press: Press) -> None:
    room = press.room
    await room.say("hi", "Ana", "3")
    await press.draft(tea())

    answer = replay_message(await replayed(room))

    assert answer.first_difference == 3
    turn = answer.turns[2]
    assert [said.text for said in turn.recorded] == ["Ana, 3 pots are on their way"]
    assert [said.text for said in turn.replayed] == ["Ana, 3 pots follow"]
    assert turn.replayed[0].kind == "text"


async def test_nothing_of_a_replay_is_kept(room: Room) -> None:
    await room.say("hi", "Ana")
    before = (await room.state(), room.said(), len(room.records()))

    await replayed(room, TEA)

    assert (await room.state(), room.said(), len(room.records())) == before


async def test_a_record_whose_beginning_is_gone_says_so(room: Room) -> None:
    await room.say("hi", "Ana", "3")
    room.as_superuser("DELETE FROM executor.inbox_item WHERE organization_id = %s AND pos = 1", room.organization_id)

    found = await replayed(room, TEA)

    assert (found.is_cut, len(found.turns)) == (True, 2)


async def test_of_large_events_only_the_last_are_replayed(room: Room) -> None:
    await room.say("hi", "x" * 3000, "3")

    recordings = PostgresRecordings(room.database, most_bytes=2000)
    recording = await recordings.recording(
        organization_id=room.organization_id, conversation_id=room.conversation_id, limit=100
    )

    assert ([item.position for item in recording.events], recording.is_cut) == ([3], True)


async def test_a_replay_that_takes_too_long_is_given_up(room: Room) -> None:
    await room.say("hi")

    with pytest.raises(FailedPrecondition, match="takes more than 5 seconds"):
        await replayed(room, TEA, by=replaying(room, monotonic=count(step=10.0).__next__))


async def test_an_event_that_cannot_be_read_is_left_out(room: Room) -> None:
    await room.say("hi", "Ana")
    room.as_superuser(
        "UPDATE executor.inbox_item SET payload = 'x' WHERE organization_id = %s AND pos = 2", room.organization_id
    )

    assert [turn.words for turn in (await replayed(room, TEA)).turns] == ["hi"]


async def test_what_cannot_be_replayed_is_refused_with_a_sentence(room: Room) -> None:
    await room.say("hi")
    broken = copy.deepcopy(TEA)
    broken["edges"][0]["target"] = "nowhere"

    with pytest.raises(InvalidArgument, match=r"document cannot run: .*nowhere"):
        await replayed(room, broken)
    with pytest.raises(NotFound, match="no event of this conversation is kept"):
        await replayed(room, TEA, conversation_id=uuid4())
    with pytest.raises(NotFound, match="no flow has this id"):
        await replayed(room, TEA, flow_id=uuid4())
    with pytest.raises(NotFound, match="no event"):
        await replayed(room, TEA, organization_id=uuid4())


async def test_a_record_that_starts_no_flow_needs_to_be_told_which(room: Room) -> None:
    await room.submit(room.event("hi", start_flow_id=""))

    with pytest.raises(InvalidArgument, match="name the flow"):
        await replayed(room, TEA)
    assert (await replayed(room, TEA, flow_id=UUID(room.flow_id))).turns[0].replayed == []
