"""Each change that router makes is noted once, in its own transaction; what changes nothing is not noted."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.chassis.audit import AuditRecord
from services.chassis.errors import AlreadyExists, InvalidArgument, NotFound
from services.pb.common.v1 import audit_pb2, audit_pb2_grpc, events_pb2
from services.pb.router.v1 import router_pb2
from tests.fixtures.noted import noted
from tests.fixtures.servers import Database
from tests.integration.router.house import Replica, house

CONTACT = "5591900000077"


def new_number() -> str:
    return str(uuid4().int)[:15]


async def the_one_noted(replica: Replica, organization_id: str, *, beyond: int) -> AuditRecord:
    """The only entry after the first `beyond`."""
    (record,) = (await noted(replica.audit, organization_id))[beyond:]
    return record


async def test_an_organization_is_noted_when_it_is_made_and_when_its_settings_change(
    module_database: Database, tmp_path: Path
) -> None:
    name = f"Padaria {uuid4()}"
    async with house(module_database.url_of("router"), tmp_path) as built:
        (replica,) = built.replicas

        async def put(zone: str, *, replace: bool) -> Any:
            request = router_pb2.PutOrganizationRequest(name=name, time_zone=zone, replace=replace)
            return await replica.directory("PutOrganization", request)

        organization_id = (await put("America/Belem", replace=False)).organization_id
        made = await the_one_noted(replica, organization_id, beyond=0)
        for zone, replace in (("America/Belem", True), ("America/Recife", False)):
            assert not (await put(zone, replace=replace)).is_changed
        assert (await put("America/Recife", replace=True)).is_changed
        changed = await the_one_noted(replica, organization_id, beyond=1)

    assert (made.actor, made.action, made.before) == ("operator", "organization.put", None)
    assert made.object == f"organization:{organization_id}"
    assert (changed.action, changed.before) == ("organization.put", made.after)
    assert changed.after not in (None, made.after)
    assert name not in made.entry


async def test_chatbots_numbers_and_triggers_are_noted_once_each(module_database: Database, tmp_path: Path) -> None:
    async with house(module_database.url_of("router"), tmp_path) as built:
        (replica,) = built.replicas
        request = router_pb2.PutOrganizationRequest(name=f"Padaria {uuid4()}", time_zone="America/Belem")
        organization_id = (await replica.directory("PutOrganization", request)).organization_id
        number = new_number()
        chatbot = router_pb2.PutChatbotRequest(organization_id=organization_id, name="Ana", is_active=True)
        chatbot_id = (await replica.directory("PutChatbot", chatbot)).chatbot_id
        puts = [
            ("PutChatbot", chatbot, f"chatbot:{chatbot_id}"),
            (
                "PutNumber",
                router_pb2.PutNumberRequest(
                    organization_id=organization_id, phone_number_id=number, chatbot_id=chatbot_id, is_active=True
                ),
                f"number:{number}",
            ),
            (
                "PutTriggers",
                router_pb2.PutTriggersRequest(
                    organization_id=organization_id,
                    triggers=[router_pb2.Trigger(keyword="pão", flow_id=str(uuid4()))],
                ),
                "triggers",
            ),
        ]
        for method, change, _ in puts:
            for _ in range(2):
                await replica.directory(method, change)
        records = await noted(replica.audit, organization_id)
        puts[0][1].is_active, puts[1][1].is_active, puts[2][1].triggers[0].keyword = False, False, "bolo"
        for method, change, _ in puts:
            for _ in range(2):
                await replica.directory(method, change)
        changes = (await noted(replica.audit, organization_id))[len(records) :]

    places = [place for _, _, place in puts]
    assert [record.object for record in records[1:]] == places
    assert [record.action for record in records[1:]] == ["chatbot.put", "number.put", "triggers.put"]
    assert all(record.before is None for record in records)
    assert [record.object for record in changes] == places
    assert [record.before for record in changes] == [record.after for record in records[1:]]
    assert not any("pão" in record.entry or "Ana" in record.entry for record in (*records, *changes))


async def test_a_change_of_owner_is_noted_for_the_conversation_without_the_contacts_number(
    module_database: Database, tmp_path: Path
) -> None:
    async with house(module_database.url_of("router"), tmp_path) as built:
        (replica,), phone = built.replicas, new_number()
        organization_id = await replica.organization(phone, default_flow_id=str(uuid4()))
        before = len(await noted(replica.audit, organization_id))
        await replica.route(
            events_pb2.InboundMessage(
                phone_number_id=phone, wa_id=CONTACT, event_id=str(uuid4()), kind="text", text="oi", is_flow_input=True
            )
        )
        (event,) = built.notes.events
        for _ in range(2):
            await replica.set_owner(organization_id=organization_id, contact=CONTACT, owner=router_pb2.OWNER_PERSON)

        record = await the_one_noted(replica, organization_id, beyond=before)

    assert (record.action, record.object) == ("conversation.set_owner", f"conversation:{event.conversation_id}")
    assert record.before != record.after
    assert CONTACT not in record.entry


async def test_a_change_that_is_refused_is_not_noted(module_database: Database, tmp_path: Path) -> None:
    async with house(module_database.url_of("router"), tmp_path) as built:
        (replica,), taken = built.replicas, new_number()
        await replica.organization(taken)
        organization_id = await replica.organization(new_number())
        before = await noted(replica.audit, organization_id)

        with pytest.raises(AlreadyExists):
            await replica.put_number(organization_id, taken)
        with pytest.raises(NotFound):
            await replica.put_number(organization_id, new_number(), chatbot_id=str(uuid4()))
        trigger = router_pb2.Trigger(keyword="oi", flow_id=str(uuid4()), phone_number_id=new_number())
        triggers = router_pb2.PutTriggersRequest(organization_id=organization_id, triggers=[trigger])
        with pytest.raises(NotFound):
            await replica.directory("PutTriggers", triggers)
        with pytest.raises(NotFound):
            await replica.set_owner(organization_id=organization_id, contact=CONTACT, owner=router_pb2.OWNER_BOT)
        stranger = str(uuid4())
        with pytest.raises(NotFound):
            await replica.put_number(stranger, new_number())

        assert await noted(replica.audit, organization_id) == before
        assert await noted(replica.audit, stranger) == []


async def test_the_log_is_listed_and_verified_over_grpc(module_database: Database, tmp_path: Path) -> None:
    async with house(module_database.url_of("router"), tmp_path) as built:
        (replica,) = built.replicas
        organization_id = await replica.organization(new_number())
        stub = replica.operator.stub(audit_pb2_grpc.AuditStub)

        async def listed(**fields: Any) -> audit_pb2.ListAuditEventsResponse:
            request = audit_pb2.ListAuditEventsRequest(organization_id=organization_id, **fields)
            return await replica.operator.call(stub.ListAuditEvents, request, seconds=10)

        async def verified(**fields: Any) -> audit_pb2.VerifyAuditResponse:
            request = audit_pb2.VerifyAuditRequest(organization_id=organization_id, **fields)
            return await replica.operator.call(stub.VerifyAudit, request, seconds=10)

        newest, oldest = (await listed()).events
        assert (newest.room, newest.organization_id, newest.seq) == ("router", organization_id, 2)
        assert (newest.prev_hash, newest.action) == (oldest.hash, "number.put")
        assert abs(newest.at.ToNanoseconds() - oldest.at.ToNanoseconds()) < 10**12
        assert [event.seq for event in (await listed(before_seq=2)).events] == [1]
        first = await verified(limit=1)
        assert (first.seq, first.hash, first.has_more, first.flaw) == (1, oldest.hash, True, "")
        rest = await verified(after_seq=1, after_hash=first.hash)
        assert (rest.seq, rest.hash, rest.has_more, rest.flaw) == (2, newest.hash, False, "")
        torn = await verified(after_seq=1, after_hash=bytes(32))
        assert (torn.seq, torn.flawed_seq) == (1, 2)
        for wrong in ({"limit": 10_001}, {"after_seq": 1, "after_hash": b"short"}, {"after_seq": -1}):
            with pytest.raises(InvalidArgument):
                await verified(**wrong)
        for wrong in ({"limit": 1001}, {"before_seq": -1}):
            with pytest.raises(InvalidArgument):
                await listed(**wrong)
