"""Conversations by name, on real Postgres with the room's own role."""

from pathlib import Path

from services.pb.common.v1 import errors_pb2, events_pb2
from services.pb.router.v1 import router_pb2, router_pb2_grpc
from tests.fixtures.servers import Database
from tests.integration.router.house import Replica, house

NUMBER = "300400500"
PHONE = "5591900000031"


async def opened(replica: Replica, organization_id: str, *addressees: router_pb2.Addressee):
    stub = replica.sender.stub(router_pb2_grpc.AddressesStub)
    request = router_pb2.OpenConversationsRequest(organization_id=organization_id, addressees=addressees)
    return list((await replica.sender.call(stub.OpenConversations, request, seconds=10)).conversations)


def inbound(event_id: str, wa_id: str, user_id: str = "") -> events_pb2.InboundMessage:
    return events_pb2.InboundMessage(
        event_id=event_id, phone_number_id=NUMBER, wa_id=wa_id, user_id=user_id, kind="text", text="oi"
    )


async def test_who_is_written_to_first_answers_in_the_same_conversation(module_database: Database, tmp_path: Path):
    async with house(module_database.url_of("router"), tmp_path) as built:
        (replica,) = built.replicas
        organization_id = await replica.organization(NUMBER)
        named = router_pb2.Addressee(phone_number_id=NUMBER, phone_number=f"+{PHONE}")
        (first,) = await opened(replica, organization_id, named)
        (second,) = await opened(replica, organization_id, named)
        await replica.route(inbound("e1", PHONE, "BR.31"))
        (third,) = await opened(replica, organization_id, router_pb2.Addressee(conversation_id=first.conversation_id))
        (event,) = built.notes.events
    assert first == second
    assert (first.window_expires_at, first.wa_id, first.reason) == (0, PHONE, errors_pb2.ERROR_REASON_UNSPECIFIED)
    assert event.conversation_id == first.conversation_id == third.conversation_id
    assert third.window_expires_at == event.window_expires_at > 0
    assert third.user_id == "BR.31"


async def test_a_merged_contacts_conversation_leads_to_the_winners(module_database: Database, tmp_path: Path):
    async with house(module_database.url_of("router"), tmp_path) as built:
        (replica,) = built.replicas
        phone, other = "5591900000032", "BR.32"
        organization_id = await _organization(replica)
        # One after the other: the older contact wins.
        await replica.route(inbound("m1", phone))
        await replica.route(inbound("m2", "", other))
        loser = built.notes.events[1].conversation_id
        await replica.route(inbound("m3", phone, other))
        (found,) = await opened(replica, organization_id, router_pb2.Addressee(conversation_id=loser))
    assert found.conversation_id == built.notes.events[2].conversation_id != loser


async def _organization(replica: Replica) -> str:
    answer = await replica.directory("ListOrganizations", router_pb2.ListOrganizationsRequest())
    for each in answer.organizations:
        request = router_pb2.ListNumbersRequest(organization_id=each.organization_id)
        numbers = (await replica.directory("ListNumbers", request)).numbers
        if NUMBER in {number.phone_number_id for number in numbers}:
            return str(each.organization_id)
    return await replica.organization(NUMBER)


async def test_a_neighbours_conversation_is_unknown(module_database: Database, tmp_path: Path):
    async with house(module_database.url_of("router"), tmp_path) as built:
        (replica,) = built.replicas
        organization_id, other = await _organization(replica), await replica.organization("300400501")
        named = router_pb2.Addressee(phone_number_id=NUMBER, phone_number="5591900000033")
        (theirs,) = await opened(replica, organization_id, named)
        asked = router_pb2.Addressee(conversation_id=theirs.conversation_id)
        (unknown,) = await opened(replica, other, asked)
    assert unknown.reason == errors_pb2.ERROR_REASON_CONVERSATION_NOT_FOUND
    assert not unknown.conversation_id
