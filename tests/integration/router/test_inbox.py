"""Conversations for people, over gRPC and Postgres with router's own role."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.chassis.errors import InvalidArgument, NotFound
from services.pb.router.v1 import router_pb2, router_pb2_grpc
from tests.fixtures.servers import Database
from tests.integration.router.desk import AGENT, new_phone, shop


async def test_conversations_are_listed_by_owner_agent_tag_and_what_is_unread(
    module_database: Database, tmp_path: Path
) -> None:
    async with shop(module_database, tmp_path) as ours:
        phones = [new_phone() for _ in range(4)]
        for phone in phones:
            await ours.hear(phone)
        ids = {phone: (await ours.conversation(phone)).conversation_id for phone in phones}
        await ours.assign(ids[phones[0]])
        await ours.inbox("UpdateConversation", conversation_id=ids[phones[1]], add_tags=["late"], is_read=True)
        await ours.replica.set_owner(organization_id=ours.id, contact=phones[2], owner=router_pb2.OWNER_PERSON)

        async def listed(**asked: Any) -> set[str]:
            found = (await ours.inbox("ListConversations", **asked)).conversations
            return {each.phone_number for each in found}

        assert await listed() == set(phones)
        assert await listed(owner=router_pb2.OWNER_PERSON) == {phones[0], phones[2]}
        assert await listed(owner=router_pb2.OWNER_BOT) == {phones[1], phones[3]}
        assert await listed(agent_id=AGENT) == {phones[0]}
        assert await listed(agent_id=str(uuid4())) == set()
        assert await listed(tag="late") == {phones[1]}
        assert await listed(is_unread=True) == {phones[0], phones[2], phones[3]}
        read = (await ours.conversation(phones[1])).last_inbound_at.seconds
        await ours.hear(phones[1], sent_at=read + 1)
        assert phones[1] in await listed(is_unread=True)

        pages, cursor = [], ""
        for _ in range(2):
            page = await ours.inbox("ListConversations", limit=2, cursor=cursor)
            cursor = page.cursor
            pages.append({each.phone_number for each in page.conversations})
        assert (pages[0] | pages[1], len(pages[0]), cursor) == (set(phones), 2, "")


async def test_conversations_are_listed_by_queue_and_department_while_people_have_them(
    module_database: Database, tmp_path: Path
) -> None:
    async with shop(module_database, tmp_path) as ours:
        queues: list[tuple[str, str]] = []
        for name in ("Oficina", "Vendas"):
            department = router_pb2.Department(name=name, routing_mode=router_pb2.ROUTING_MODE_MANUAL, is_active=True)
            department_id = (await ours.ask("Queues", "PutDepartment", department=department)).department_id
            queue = router_pb2.Queue(department_id=department_id, name=f"{name} 1", is_active=True)
            queues.append((department_id, (await ours.ask("Queues", "PutQueue", queue=queue)).queue_id))
        (workshop, first), (sales, second) = queues
        phones = [new_phone() for _ in range(3)]
        for phone, queue_id in zip(phones, (first, second, None), strict=True):
            await ours.hear(phone)
            if queue_id:
                name = router_pb2.ConversationName(conversation_id=(await ours.conversation(phone)).conversation_id)
                await ours.ask("Queues", "Transfer", conversation=name, queue_id=queue_id)
        assert [(await ours.conversation(phone)).queue_id for phone in phones] == [first, second, ""]

        async def listed(**asked: Any) -> set[str]:
            found = (await ours.inbox("ListConversations", **asked)).conversations
            return {each.phone_number for each in found}

        assert await listed(queue_id=first) == {phones[0]}
        assert await listed(department_id=sales) == {phones[1]}
        assert await listed(department_id=workshop, queue_id=second) == set()
        assert await listed(queue_id=str(uuid4())) == set()
        await ours.replica.set_owner(organization_id=ours.id, contact=phones[0], owner=router_pb2.OWNER_BOT)
        assert await listed(queue_id=first) == set()


async def test_an_assigned_conversation_is_peoples_until_the_bot_has_it_again(
    module_database: Database, tmp_path: Path
) -> None:
    async with shop(module_database, tmp_path) as ours:
        phone = new_phone()
        await ours.hear(phone)
        found, before = await ours.conversation(phone), len(await ours.noted())
        key = {"conversation_id": found.conversation_id}
        await ours.assign(found.conversation_id)
        assigned = await ours.conversation(phone)
        await ours.hear(phone)
        runs_flow = ours.notes.events[-1].may_run_flow
        read = await ours.inbox("UpdateConversation", **key, is_read=True)
        await ours.replica.set_owner(organization_id=ours.id, contact=phone, owner=router_pb2.OWNER_BOT)
        back = await ours.conversation(phone)
        actions = [record.action for record in (await ours.noted())[before:]]

    assert (assigned.owner, assigned.agent_id) == (router_pb2.OWNER_PERSON, AGENT)
    assert not runs_flow
    assert (read.is_changed, read.conversation.is_unread) == (False, False)
    assert (back.owner, back.agent_id) == (router_pb2.OWNER_BOT, "")
    assert actions == ["agent.put", "conversation.assign", "conversation.set_owner"]


async def test_notes_are_told_oldest_first_and_noted(module_database: Database, tmp_path: Path) -> None:
    async with shop(module_database, tmp_path) as ours:
        phone = new_phone()
        await ours.hear(phone)
        found = await ours.conversation(phone)
        for text in ("first", "second"):
            await ours.inbox("AddNote", conversation_id=found.conversation_id, text=text)
        notes = (await ours.inbox("ListNotes", conversation_id=found.conversation_id)).notes
        last = (await ours.noted())[-1]
        for wrong, error in (
            ({"text": " "}, InvalidArgument),
            ({"text": "x", "conversation_id": str(uuid4())}, NotFound),
        ):
            with pytest.raises(error):
                await ours.inbox("AddNote", **({"conversation_id": found.conversation_id} | wrong))

    assert [(each.text, each.author) for each in notes] == [("first", "service:ingress"), ("second", "service:ingress")]
    assert (last.action, last.object) == ("conversation.note", f"conversation:{found.conversation_id}")
    assert "second" not in last.entry


async def test_an_erased_contact_takes_its_notes_along(module_database: Database, tmp_path: Path) -> None:
    async with shop(module_database, tmp_path) as ours:
        phone = new_phone()
        await ours.hear(phone)
        found = await ours.conversation(phone)
        await ours.inbox("AddNote", conversation_id=found.conversation_id, text="Calls on Friday.")
        stub = ours.replica.ingress.stub(router_pb2_grpc.PrivacyStub)
        asked = router_pb2.FindPersonRequest(organization_id=ours.id, contact=phone)
        person = (await ours.replica.ingress.call(stub.FindPerson, asked, seconds=10)).person
        export = router_pb2.ExportContactRequest(organization_id=ours.id, contact_ids=person.contact_ids)
        page = (await ours.replica.ingress.call(stub.ExportContact, export, seconds=10)).page
        erase = router_pb2.EraseContactRequest(organization_id=ours.id, person=person, job_id=str(uuid4()))
        erased = await ours.replica.ingress.call(stub.EraseContact, erase, seconds=10)
        with pytest.raises(NotFound):
            await ours.inbox("ListNotes", conversation_id=found.conversation_id)

    assert "Calls on Friday." in str(page)
    assert {each.table: each.rows for each in erased.progress.counts}["router.conversation_note"] == 1
