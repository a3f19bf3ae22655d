"""Contacts as audiences, on real Postgres with the room's own role."""

import time
import uuid
from pathlib import Path

import pytest

from services.chassis.db import Database as Pool
from services.chassis.db import fetch_all
from services.chassis.errors import InvalidArgument
from services.pb.common.v1 import events_pb2
from services.pb.router.v1 import router_pb2, router_pb2_grpc
from tests.fixtures.servers import Database
from tests.integration.router.house import Replica, house

NUMBER = "300400511"


async def chosen(replica: Replica, organization_id: str, limit: int = 2, **filters: object) -> list[str]:
    """The phone numbers of everybody that a filter chooses, page by page."""
    stub = replica.sender.stub(router_pb2_grpc.ContactsStub)
    request = router_pb2.ListByFilterRequest(organization_id=organization_id, limit=limit, **filters)  # type: ignore[arg-type]  # by name
    found: list[str] = []
    while True:
        page = await replica.sender.call(stub.ListByFilter, request, seconds=10)
        assert len(page.contacts) <= limit
        found += [contact.wa_id for contact in page.contacts]
        if not page.cursor:
            return sorted(found)
        request.cursor = page.cursor


async def test_who_wrote_since_a_moment_replied_and_who_was_only_written_to_did_not(
    module_database: Database, tmp_path: Path
):
    number, now = "300400512", int(time.time())
    phones = [f"559190000020{n}" for n in range(3)]
    async with house(module_database.url_of("router"), tmp_path) as built:
        (replica,) = built.replicas
        organization_id = await replica.organization(number)
        addresses = replica.sender.stub(router_pb2_grpc.AddressesStub)
        contacts = replica.sender.stub(router_pb2_grpc.ContactsStub)
        addressees = [router_pb2.Addressee(phone_number_id=number, phone_number=phone) for phone in phones]
        opening = router_pb2.OpenConversationsRequest(organization_id=organization_id, addressees=addressees)
        opened = (await replica.sender.call(addresses.OpenConversations, opening, seconds=10)).conversations

        async def replies(since: int, *, stranger: str = str(uuid.uuid4())) -> int:
            ids = [*(each.conversation_id for each in opened), stranger]
            awaited = [router_pb2.AwaitedReply(conversation_id=each, since=since) for each in ids]
            request = router_pb2.CountRepliesRequest(organization_id=organization_id, awaited=awaited)
            return int((await replica.sender.call(contacts.CountReplies, request, seconds=10)).replies)

        before = await replies(now - 60)
        for event, phone in (("a", phones[0]), ("a", phones[0]), ("b", phones[0]), ("c", phones[1])):
            await replica.route(
                events_pb2.InboundMessage(
                    event_id=event, phone_number_id=number, wa_id=phone, kind="text", text="oi", sent_at=now
                )
            )
        counts = [await replies(since) for since in (now - 60, now, now + 3600)]
    assert before == 0
    assert counts == [2, 2, 0]


async def test_contacts_are_chosen_by_tags_and_attributes_page_by_page(module_database: Database, tmp_path: Path):
    url = module_database.url_of("router")
    phones = [f"559190000010{n}" for n in range(7)]
    async with house(url, tmp_path) as built:
        (replica,) = built.replicas
        organization_id = await replica.organization(NUMBER)
        for phone in phones:
            await replica.route(
                events_pb2.InboundMessage(
                    event_id=f"e{phone}", phone_number_id=NUMBER, wa_id=phone, kind="text", text="oi"
                )
            )
        pool = await Pool.open(url, size=1, name="audience test")
        async with pool.transaction([organization_id]) as connection:
            await fetch_all(
                connection,
                "UPDATE router.contact SET tags = ARRAY['garden', wa_id], attributes = '{\"city\": \"Recife\"}', "
                "opted_in = false WHERE wa_id < '5591900000103' RETURNING 1",
            )
        await pool.close()
        everybody = await chosen(replica, organization_id)
        tagged = await chosen(replica, organization_id, tags=["garden", "harbour"])
        named = await chosen(replica, organization_id, tags=[phones[0], phones[5]], attributes={"city": "Recife"})
        nobody = await chosen(replica, organization_id, attributes={"city": "Belém"})
        stub = replica.sender.stub(router_pb2_grpc.AddressesStub)
        addressees = [router_pb2.Addressee(phone_number_id=NUMBER, phone_number=phone) for phone in phones[2:4]]
        request = router_pb2.OpenConversationsRequest(organization_id=organization_id, addressees=addressees)
        opened = (await replica.sender.call(stub.OpenConversations, request, seconds=10)).conversations
        with pytest.raises(InvalidArgument, match="limit"):
            await chosen(replica, organization_id, limit=1001)
    assert everybody == phones
    assert tagged == phones[:3]
    assert named == phones[:1]
    assert nobody == []
    assert [each.opt_in for each in opened] == [router_pb2.OPT_IN_REFUSED, router_pb2.OPT_IN_UNSPECIFIED]
