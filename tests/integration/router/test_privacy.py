"""Erasure and retention over gRPC on real Postgres, and what a race with a message comes to."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from services.chassis.audit import AuditLog
from services.chassis.db import Database
from services.chassis.errors import InvalidArgument, NotFound, PermissionDenied
from services.pb.common.v1 import events_pb2, results_pb2
from services.pb.router.v1 import router_pb2, router_pb2_grpc
from services.router.domain.conversation import Touch
from services.router.domain.identity import Identity, conversation_id_of
from services.router.ports import Raced
from services.router.store import PostgresPrivacy, PostgresRouting
from tests.fixtures.servers import Database as OwnDatabase
from tests.integration.router.house import NAMES, Replica, house

OK, ERASED = results_pb2.ITEM_OUTCOME_OK, results_pb2.ITEM_OUTCOME_ERASED
WA_ID = "5581900000001"


@pytest.fixture
async def replica(module_database: OwnDatabase, tmp_path: Path) -> AsyncIterator[Replica]:
    async with house(module_database.url_of("router"), tmp_path) as running:
        yield running.replicas[0]


def number() -> str:
    return str(uuid4().int)[:15]


def message(phone_number_id: str, sent_at: int = 1_790_000_000, **fields: Any) -> events_pb2.InboundMessage:
    named = {"wa_id": WA_ID, "profile_name": "Ana Canário", "text": "oi", "kind": "text"} | fields
    return events_pb2.InboundMessage(
        event_id=f"e{uuid4()}", phone_number_id=phone_number_id, sent_at=sent_at, is_flow_input=True, **named
    )


async def rights(replica: Replica, method: str, request: Any, *, as_operator: bool = False) -> Any:
    peer = replica.operator if as_operator else replica.ingress
    return await peer.call(getattr(peer.stub(router_pb2_grpc.PrivacyStub), method), request, seconds=10)


async def find(replica: Replica, organization_id: str, contact: str) -> router_pb2.Person:
    request = router_pb2.FindPersonRequest(organization_id=organization_id, contact=contact)
    person: router_pb2.Person = (await rights(replica, "FindPerson", request)).person
    return person


async def erase(replica: Replica, organization_id: str, person: router_pb2.Person) -> router_pb2.EraseContactResponse:
    request = router_pb2.EraseContactRequest(organization_id=organization_id, job_id=str(uuid4()), person=person)
    response: router_pb2.EraseContactResponse = await rights(replica, "EraseContact", request)
    return response


async def outcomes(replica: Replica, *messages: events_pb2.InboundMessage) -> list[int]:
    return [result.outcome for result in await replica.route(*messages)]


async def test_an_erased_persons_names_are_nowhere_and_their_repeats_are_known(
    replica: Replica, module_database: OwnDatabase
) -> None:
    phone = number()
    organization_id = await replica.organization(phone)
    sent = message(phone, user_id="BR.canario")
    assert await outcomes(replica, sent) == [OK]

    person = await find(replica, organization_id, "+55 81 90000-0001")
    erased = await erase(replica, organization_id, person)

    assert not erased.is_changed
    assert {count.table: count.rows for count in erased.progress.counts}["router.contact_identity"] == 2
    assert await outcomes(replica, sent, message(phone, wa_id="", user_id="BR.canario")) == [ERASED, ERASED]
    with psycopg.connect(module_database.superuser_url) as connection:
        for table in ("contact", "contact_identity", "conversation", "erased_identity"):
            rows = connection.execute(f"SELECT t::text FROM router.{table} t".encode()).fetchall()
            assert not any(name in row[0] for row in rows for name in (WA_ID, "BR.canario", "Canário"))


async def test_a_person_told_before_something_changed_is_not_erased(replica: Replica) -> None:
    phone = number()
    organization_id = await replica.organization(phone)
    await outcomes(replica, message(phone))
    person = await find(replica, organization_id, WA_ID)
    await outcomes(replica, message(phone, user_id="BR.new"))

    response = await erase(replica, organization_id, person)

    assert response.is_changed
    assert not response.HasField("erased_at")


async def test_a_merged_contact_is_erased_under_all_its_names(replica: Replica) -> None:
    phone = number()
    organization_id = await replica.organization(phone)
    for names in ({}, {"wa_id": "", "user_id": "BR.x"}, {"user_id": "BR.x"}):
        await outcomes(replica, message(phone, **names))
    person = await find(replica, organization_id, "BR.x")
    assert len(person.contact_ids) == 2
    assert len(person.conversation_ids) == 2

    await erase(replica, organization_id, person)

    assert await outcomes(replica, message(phone), message(phone, wa_id="", user_id="BR.x")) == [ERASED, ERASED]


async def test_a_message_that_is_being_routed_while_its_contact_is_erased_is_decided_anew(
    replica: Replica, module_database: OwnDatabase
) -> None:
    phone, other = number(), number()
    organization_id = await replica.organization(phone)
    await replica.put_number(organization_id, other)
    await outcomes(replica, message(phone))
    identity = Identity(UUID(organization_id), "wa_id", WA_ID)
    database = await Database.open(module_database.url_of("router"), size=2, name="race")
    routing, privacy = PostgresRouting(database, NAMES), PostgresPrivacy(database, NAMES, AuditLog("router", database))

    async def route_slowly() -> None:
        async with routing.routing([identity.organization_id]) as work:
            contact = (await work.contacts_of([identity])).contacts[identity]
            person = await privacy.find(identity=identity)
            assert person is not None
            assert await privacy.erase(organization_id=identity.organization_id, job_id=uuid4(), person=person)
            conversation_id = conversation_id_of(contact.contact_id, other)
            await work.touch([Touch(identity.organization_id, conversation_id, contact.contact_id, other, 5, 0)])

    with pytest.raises(Raced):
        await route_slowly()
    await database.close()


async def test_a_length_is_the_operators_and_is_listed_with_the_numbers(replica: Replica) -> None:
    phone = number()
    organization_id = await replica.organization(phone)
    put = router_pb2.PutRetentionRequest(organization_id=organization_id, days=30)
    with pytest.raises(PermissionDenied):
        await rights(replica, "PutRetention", put)

    assert (await rights(replica, "PutRetention", put, as_operator=True)).is_changed

    listed = (await rights(replica, "ListRetentions", router_pb2.ListRetentionsRequest())).retentions
    assert [(r.days, list(r.phone_number_ids)) for r in listed if r.organization_id == organization_id] == [
        (30, [phone])
    ]


@pytest.mark.parametrize("days", [1, 8, -1, 40_000])
async def test_a_length_shorter_than_metas_repeats_is_refused_with_the_reason(replica: Replica, days: int) -> None:
    put = router_pb2.PutRetentionRequest(organization_id=str(uuid4()), days=days)

    with pytest.raises(InvalidArgument, match="Meta repeats webhooks for a week"):
        await rights(replica, "PutRetention", put, as_operator=True)


async def test_what_is_not_there_or_not_said_is_told(replica: Replica) -> None:
    organization_id = await replica.organization(number())
    with pytest.raises(NotFound, match="no contact has this name"):
        await find(replica, organization_id, WA_ID)
    with pytest.raises(NotFound):
        await rights(
            replica,
            "FindPerson",
            router_pb2.FindPersonRequest(organization_id=organization_id, contact_ids=[str(uuid4())]),
        )
    with pytest.raises(InvalidArgument, match="before is not set"):
        await rights(replica, "Expire", router_pb2.ExpireRequest(organization_id=organization_id))
    with pytest.raises(InvalidArgument, match="neither wa_ids nor user_ids"):
        await erase(replica, organization_id, router_pb2.Person(contact_ids=[str(uuid4())]))


async def test_an_export_tells_contact_names_and_conversations(replica: Replica) -> None:
    phone = number()
    organization_id = await replica.organization(phone)
    await outcomes(replica, message(phone))
    person = await find(replica, organization_id, WA_ID)
    request = router_pb2.ExportContactRequest(organization_id=organization_id, contact_ids=person.contact_ids)

    page = (await rights(replica, "ExportContact", request)).page

    assert [row.kind for row in page.rows] == ["contact", "identity", "conversation"]
    assert "Ana Canário" in page.rows[0].data.decode()
    assert page.cursor == ""
