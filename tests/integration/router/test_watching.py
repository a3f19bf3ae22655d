"""A conversation is watched over gRPC, on real Postgres: whatever changes of it is told, wherever it was changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.chassis.errors import InvalidArgument, NotFound, PermissionDenied, Unavailable
from services.pb.router.v1 import router_pb2, router_pb2_grpc
from tests.fixtures.servers import Database
from tests.integration.router.desk import AGENT, Shop, new_number, new_phone, shop
from tests.integration.router.house import Replica, house

Told = router_pb2.WatchConversationResponse
Stream = AsyncGenerator[Told, None]


def watch(replica: Replica, organization_id: str, **asked: Any) -> Stream:
    """A stream, as a team of the organization asks for it."""
    replica.bearer.organization_id = organization_id
    request = router_pb2.WatchConversationRequest(organization_id=organization_id, **asked)
    stub = replica.team.stub(router_pb2_grpc.InboxStub)
    return replica.team.stream(stub.WatchConversation, request, seconds=20)


async def all_of(stream: Stream) -> list[Told]:
    async with aclosing(stream):
        return [told async for told in stream]


async def known(ours: Shop) -> tuple[str, router_pb2.Conversation]:
    phone = new_phone()
    await ours.hear(phone, name="Iara")
    return phone, await ours.conversation(phone)


async def test_every_change_of_a_conversation_is_told(module_database: Database, tmp_path: Path) -> None:
    async with shop(module_database, tmp_path) as ours:
        phone, conversation = await known(ours)
        conversation_id = conversation.conversation_id
        cursors = set()

        async def next_told() -> Told:
            told = await anext(stream)
            cursors.add(told.cursor)
            return told

        async with aclosing(watch(ours.replica, ours.id, conversation_id=conversation_id)) as stream:
            first = await next_told()
            # In the same second: what is to be seen stays, and yet there is news.
            await ours.hear(phone, name="Iara", sent_at=conversation.last_inbound_at.seconds)
            message = await next_told()
            await ours.inbox("UpdateConversation", conversation_id=conversation_id, add_tags=["late"])
            tagged = await next_told()
            await ours.inbox("AddNote", conversation_id=conversation_id, text="Calls on Friday.")
            noted = await next_told()
            await ours.inbox("UpdateConversation", conversation_id=conversation_id, is_read=True)
            read = await next_told()
            await ours.assign(conversation_id)
            assigned = await next_told()
            await ours.replica.set_owner(organization_id=ours.id, contact=phone, owner=router_pb2.OWNER_BOT)
            released = await next_told()

    assert (first.conversation, first.notes, first.HasField("entry")) == (conversation, 0, False)
    assert message.conversation == conversation
    assert tagged.conversation.tags == ["late"]
    assert noted.notes == 1
    assert (first.conversation.is_unread, read.conversation.is_unread) == (True, False)
    assert assigned.conversation.owner == router_pb2.OWNER_PERSON
    assert (assigned.entry.state, assigned.entry.agent_id) == ("assigned", AGENT)
    assert (released.conversation.owner, released.HasField("entry")) == (router_pb2.OWNER_BOT, False)
    assert len(cursors) == 7


async def test_a_contact_names_the_conversation_in_which_it_wrote_last(
    module_database: Database, tmp_path: Path
) -> None:
    async with shop(module_database, tmp_path) as ours:
        phone, conversation = await known(ours)
        async with aclosing(watch(ours.replica, ours.id, contact=phone)) as stream:
            assert (await anext(stream)).conversation == conversation


async def test_what_changed_between_two_streams_is_told_by_the_cursor_on_any_replica(
    module_database: Database, tmp_path: Path
) -> None:
    async with house(module_database.url_of("router"), tmp_path, replicas=2) as built:
        here, there = built.replicas
        number = new_number()
        ours = Shop(here, built.notes, await here.organization(number, default_flow_id=str(uuid4())), number)
        _, conversation = await known(ours)
        key = {"conversation_id": conversation.conversation_id}
        async with aclosing(watch(here, ours.id, **key)) as stream:
            cursor = (await anext(stream)).cursor
        await ours.inbox("UpdateConversation", **key, add_tags=["late"])

        async with aclosing(watch(there, ours.id, **key, cursor=cursor)) as stream:
            told = await anext(stream)
            assert told.conversation.tags == ["late"]
            following = asyncio.ensure_future(anext(stream))
            await ours.inbox("UpdateConversation", **key, remove_tags=["late"])
            assert (await following).conversation.tags == []


async def test_a_stream_ends_when_its_token_does(module_database: Database, tmp_path: Path) -> None:
    async with shop(module_database, tmp_path) as ours:
        _, conversation = await known(ours)
        ours.replica.bearer.seconds = 2

        assert len(await all_of(watch(ours.replica, ours.id, conversation_id=conversation.conversation_id))) == 1


async def test_streams_end_when_the_replica_stops(module_database: Database, tmp_path: Path) -> None:
    async with shop(module_database, tmp_path) as ours:
        _, conversation = await known(ours)
        stream = watch(ours.replica, ours.id, conversation_id=conversation.conversation_id)
        async with aclosing(stream):
            await anext(stream)
            await ours.replica.watching.stop()
            assert await all_of(stream) == []


async def test_an_organization_watches_so_many_conversations_of_a_replica_at_a_time(
    module_database: Database, tmp_path: Path
) -> None:
    async with shop(module_database, tmp_path) as ours:
        _, conversation = await known(ours)
        key = {"conversation_id": conversation.conversation_id}
        streams = [watch(ours.replica, ours.id, **key) for _ in range(2)]
        for stream in streams:
            await anext(stream)

        with pytest.raises(Unavailable, match="too many"):
            await anext(watch(ours.replica, ours.id, **key))
        for stream in streams:
            await stream.aclose()


async def test_nobody_watches_what_is_not_his(module_database: Database, tmp_path: Path) -> None:
    async with shop(module_database, tmp_path) as ours:
        _, conversation = await known(ours)
        other = await ours.replica.organization(new_number())

        for asked, error in (
            ({"conversation_id": conversation.conversation_id}, NotFound),
            ({"conversation_id": "x"}, InvalidArgument),
            ({"contact": new_phone()}, NotFound),
            ({}, InvalidArgument),
        ):
            with pytest.raises(error):
                await anext(watch(ours.replica, other, **asked))
        ours.replica.bearer.permissions = ["contacts:read"]
        with pytest.raises(PermissionDenied):
            await anext(watch(ours.replica, ours.id, conversation_id=conversation.conversation_id))
