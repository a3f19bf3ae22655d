"""Router over gRPC: every method, on real Postgres with the room's own role."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from services.chassis.errors import AlreadyExists, InvalidArgument, NotFound, PermissionDenied
from services.pb.common.v1 import errors_pb2, events_pb2, results_pb2
from services.pb.executor.v1 import executor_pb2
from services.pb.router.v1 import router_pb2
from tests.fixtures.servers import Database
from tests.integration.router.house import Replica, house

OK, DUPLICATE = results_pb2.ITEM_OUTCOME_OK, results_pb2.ITEM_OUTCOME_DUPLICATE
UNROUTABLE, INVALID = results_pb2.ITEM_OUTCOME_UNROUTABLE, results_pb2.ITEM_OUTCOME_INVALID
FLOW, OTHER_FLOW = str(uuid4()), str(uuid4())


def new_number() -> str:
    return str(uuid4().int)[:15]


def message(phone_number_id: str, wa_id: str = "5591900000001", **fields) -> events_pb2.InboundMessage:
    defaults = {"event_id": str(uuid4()), "kind": "text", "text": "oi", "is_flow_input": True}
    return events_pb2.InboundMessage(phone_number_id=phone_number_id, wa_id=wa_id, **(defaults | fields))


def outcomes(results) -> list[int]:
    return [result.outcome for result in results]


async def test_a_message_reaches_executor_whole_and_a_repeat_is_a_repeat(module_database: Database, tmp_path: Path):
    async with house(module_database.url_of("router"), tmp_path) as built:
        (replica,) = built.replicas
        phone = new_number()
        organization_id = await replica.organization(phone, default_flow_id=FLOW)
        sent = message(phone, user_id="BR.1", profile_name="Zé\0", fields=b"{}", message_id="wamid.1")
        assert outcomes(await replica.route(sent)) == [OK]
        assert outcomes(await replica.route(sent)) == [DUPLICATE]
        (event,) = built.notes.events
    assert event.message == sent
    assert (event.organization_id, event.event_id, event.time_zone) == (organization_id, sent.event_id, "America/Belem")
    assert (event.contact_wa_id, event.contact_user_id, event.contact_name) == ("5591900000001", "BR.1", "Zé")
    assert (event.may_run_flow, event.start_flow_id) == (True, FLOW)
    assert event.start_reason == executor_pb2.START_REASON_NUMBER
    assert event.window_expires_at > 0


async def test_executor_is_told_what_may_be_a_repeat(module_database: Database, tmp_path: Path):
    async with house(module_database.url_of("router"), tmp_path) as built:
        (replica,), notes = built.replicas, built.notes
        phone = new_number()
        await replica.organization(phone)
        first, second = message(phone), message(phone)
        await replica.route(first)
        await replica.route(first, is_repeat=True)
        notes.refusals = 1
        assert outcomes(await replica.route(second)) == [OK]
        notes.refusals = 2
        (result,) = await replica.route(second)
    assert notes.repeats == [False, True, False, True, False, True]
    assert result.outcome == results_pb2.ITEM_OUTCOME_RETRY


async def test_each_item_of_a_mixed_batch_has_its_own_answer(module_database: Database, tmp_path: Path):
    async with house(module_database.url_of("router"), tmp_path) as built:
        (replica,) = built.replicas
        phone, other = new_number(), new_number()
        await replica.organization(phone)
        await replica.organization(other, app="loja/um")
        results = await replica.route(
            message(phone, "5591900000002"),
            message("404\0"),
            message(phone, user_id="BR.\0"),
            message(other, signed_by=["outra/app"]),
            message(other, signed_by=["outra/app", "loja/um"], sent_at=-(2**63), received_at_ms=2**63 - 1),
            message(phone, "", parent_user_id="BR.ENT.1"),
            message(phone, "5591900000002", profile_name="x" * 5000),
        )
    assert outcomes(results) == [OK, UNROUTABLE, INVALID, UNROUTABLE, OK, UNROUTABLE, OK]
    assert all(result.reason for result in results if result.outcome != OK)


async def test_a_batch_with_nothing_to_route_is_answered_all_the_same(module_database: Database, tmp_path: Path):
    async with house(module_database.url_of("router"), tmp_path) as built:
        (replica,) = built.replicas
        assert outcomes(await replica.route()) == []
        assert outcomes(await replica.route(message("\0"), message(""))) == [UNROUTABLE, UNROUTABLE]
        assert outcomes(await replica.route_statuses(events_pb2.MessageStatus())) == [UNROUTABLE]
    assert not built.notes.events


async def test_replicas_that_meet_the_same_new_contacts_agree_on_them(module_database: Database, tmp_path: Path):
    async with house(module_database.url_of("router"), tmp_path, replicas=2) as built:
        phone = new_number()
        await built.replicas[0].organization(phone)
        batches = []
        for turn in range(12):
            people = [(f"55919001000{n:02}", f"BR.c{n}") for n in range(8)]
            people = people[turn % 8 :] + people[: turn % 8]
            shown = [
                (wa_id, user_id) if turn % 3 == 0 else (("", user_id), (wa_id, ""))[turn % 3 - 1]
                for wa_id, user_id in people
            ]
            batch = [message(phone, wa_id, user_id=user_id) for wa_id, user_id in shown]
            batches.append(built.replicas[turn % 2].route(*batch))
        answers = await asyncio.gather(*batches)
        both = [message(phone, f"55919001000{n:02}", user_id=f"BR.c{n}") for n in range(8)]
        await built.replicas[0].route(*both)
        phones = [message(phone, f"55919001000{n:02}") for n in range(8)]
        users = [message(phone, "", user_id=f"BR.c{n}") for n in range(8)]
        await built.replicas[1].route(*phones, *users)
        last = [event.conversation_id for event in built.notes.events[-16:]]
    assert {outcome for answer in answers for outcome in outcomes(answer)} == {OK}
    assert last[:8] == last[8:]
    assert len(set(last)) == 8


async def test_a_merge_keeps_a_persons_conversation_silent(module_database: Database, tmp_path: Path):
    async with house(module_database.url_of("router"), tmp_path) as built:
        (replica,) = built.replicas
        phone = new_number()
        organization_id = await replica.organization(phone, default_flow_id=FLOW)
        await replica.route(message(phone, "", user_id="BR.9"))
        await replica.route(message(phone, "5591900000003"))
        changed = await replica.set_owner(
            organization_id=organization_id, contact="+55 91 90000-0003", owner=router_pb2.OWNER_PERSON
        )
        await replica.route(message(phone, "5591900000003", user_id="BR.9"))
        events = built.notes.events
    assert changed.changed == 1
    assert changed.HasField("changed_at")
    assert events[2].conversation_id == events[0].conversation_id
    assert [event.may_run_flow for event in events] == [True, True, False]


async def test_a_changed_number_is_read_from_the_normal_form(module_database: Database, tmp_path: Path):
    async with house(module_database.url_of("router"), tmp_path) as built:
        (replica,) = built.replicas
        phone = new_number()
        await replica.organization(phone)
        system = {"type": "user_changed_number", "previous": "5591900000004", "new_wa_id": "5591900000005"}
        notice = {"kind": "system", "is_flow_input": False, "fields": json.dumps({"system": system}).encode()}
        await replica.route(message(phone, "5591900000004"), message(phone, "", **notice))
        await replica.route(message(phone, "5591900000005"), message(phone, "", kind="system", fields=b"[not json"))
        assert len({event.conversation_id for event in built.notes.events}) == 1
        assert built.notes.events[-1].contact_wa_id == "5591900000005"


async def test_another_replicas_put_counts_for_the_next_batch(module_database: Database, tmp_path: Path):
    async with house(module_database.url_of("router"), tmp_path, replicas=2) as built:
        one, other = built.replicas
        phone = new_number()
        organization_id = await one.organization(phone, default_flow_id=FLOW)
        await other.route(message(phone))
        trigger = router_pb2.Trigger(keyword=" OI ", flow_id=OTHER_FLOW, phone_number_id=phone)
        request = router_pb2.PutTriggersRequest(organization_id=organization_id, triggers=[trigger])
        changes = [(await one.directory("PutTriggers", request)).is_changed for _ in range(2)]
        await other.route(message(phone))
    assert changes == [True, False]
    assert [event.start_flow_id for event in built.notes.events] == [FLOW, OTHER_FLOW]
    assert built.notes.events[1].start_reason == executor_pb2.START_REASON_KEYWORD


async def test_a_status_reaches_sender_with_its_organization(module_database: Database, tmp_path: Path):
    async with house(module_database.url_of("router"), tmp_path) as built:
        (replica,) = built.replicas
        phone = new_number()
        organization_id = await replica.organization(phone)
        known = events_pb2.MessageStatus(event_id="s1", phone_number_id=phone, message_id="wamid.1", status="read")
        results = await replica.route_statuses(known, events_pb2.MessageStatus(phone_number_id="404"))
        (status,) = built.notes.statuses
    assert outcomes(results) == [OK, UNROUTABLE]
    assert (status.organization_id, status.status) == (organization_id, known)


async def test_a_trial_message_goes_the_way_of_a_real_one(module_database: Database, tmp_path: Path):
    async with house(module_database.url_of("router"), tmp_path) as built:
        (replica,) = built.replicas
        organization_id = await replica.organization(new_number())
        fields = {"organization_id": organization_id, "phone_number": "5591900000006", "text": "Olá"}
        answers = [await replica.trial(event_id="trial:1", flow_id=FLOW, **fields) for _ in range(2)]
        (event,) = built.notes.events
    assert {answer.conversation_id for answer in answers} == {event.conversation_id}
    assert (event.start_flow_id, event.start_reason) == (FLOW, executor_pb2.START_REASON_TEST)
    assert (event.message.kind, event.message.text, event.message.is_flow_input) == ("text", "Olá", True)
    assert json.loads(event.message.fields)["text"] == "Olá"


async def test_the_directory_lists_what_was_put(module_database: Database, tmp_path: Path):
    async with house(module_database.url_of("router"), tmp_path) as built:
        (replica,) = built.replicas
        phone = new_number()
        organization_id = await replica.organization(phone)
        put = router_pb2.PutChatbotRequest(
            organization_id=organization_id, name="Bot", main_flow_id=FLOW, is_active=True
        )
        chatbot = await replica.directory("PutChatbot", put)
        changes = [await replica.put_number(organization_id, phone, chatbot_id=chatbot.chatbot_id) for _ in range(2)]
        listed = await replica.directory("ListNumbers", router_pb2.ListNumbersRequest(organization_id=organization_id))
        everyone = await replica.directory("ListOrganizations", router_pb2.ListOrganizationsRequest())
        await replica.route(message(phone))
    assert changes == [True, False]
    assert [(each.phone_number_id, each.chatbot_id) for each in listed.numbers] == [(phone, chatbot.chatbot_id)]
    assert organization_id in {each.organization_id for each in everyone.organizations}
    assert built.notes.events[0].start_reason == executor_pb2.START_REASON_CHATBOT


async def refused(replica: Replica, method: str, request) -> tuple[type, str]:
    with pytest.raises((InvalidArgument, NotFound, AlreadyExists)) as caught:
        await replica.directory(method, request)
    return type(caught.value), caught.value.code


async def test_refusals_carry_their_reason_over_the_wire(module_database: Database, tmp_path: Path):
    async with house(module_database.url_of("router"), tmp_path) as built:
        (replica,) = built.replicas
        phone = new_number()
        await replica.organization(phone)
        mine = await replica.organization(new_number())
        taken = router_pb2.PutNumberRequest(organization_id=mine, phone_number_id=phone)
        nobody = router_pb2.ListNumbersRequest(organization_id=str(UUID(int=7)))
        wrong = router_pb2.PutOrganizationRequest(name="Loja", fallback_flow_id="main")
        lost = router_pb2.PutNumberRequest(organization_id=mine, phone_number_id="1", chatbot_id=FLOW)
        assert await refused(replica, "PutNumber", taken) == (AlreadyExists, "NUMBER_TAKEN")
        assert await refused(replica, "ListNumbers", nobody) == (NotFound, "ORGANIZATION_NOT_FOUND")
        assert await refused(replica, "PutOrganization", wrong) == (InvalidArgument, "INVALID_FIELD")
        assert await refused(replica, "PutNumber", lost) == (NotFound, "CHATBOT_NOT_FOUND")
        pattern = router_pb2.Trigger(keyword="^a", match=router_pb2.KEYWORD_MATCH_REGEX, flow_id=FLOW)
        wrong_match = router_pb2.PutTriggersRequest(organization_id=mine, triggers=[pattern])
        assert await refused(replica, "PutTriggers", wrong_match) == (InvalidArgument, "INVALID_FIELD")
        with pytest.raises(NotFound) as caught:
            await replica.set_owner(organization_id=mine, contact="5591900000009", owner=router_pb2.OWNER_BOT)
        assert caught.value.reason == errors_pb2.ERROR_REASON_CONVERSATION_NOT_FOUND
        with pytest.raises(InvalidArgument, match="owner"):
            await replica.set_owner(organization_id=mine, contact="5591900000009")


async def test_a_room_without_business_here_is_turned_away(module_database: Database, tmp_path: Path):
    async with house(module_database.url_of("router"), tmp_path) as built:
        (replica,) = built.replicas
        stranger = replace(replica, ingress=replica.operator, operator=replica.ingress)
        with pytest.raises(PermissionDenied, match="operator may not call"):
            await stranger.route(message("1"))


def test_the_rooms_role_sees_no_contact_without_naming_the_organization(module_database: Database):
    with psycopg.connect(module_database.url_of("router")) as connection:
        for table in (
            "contact",
            "contact_identity",
            "conversation",
            "number",
            "chatbot",
            "keyword_trigger",
            "flow_trigger",
        ):
            assert connection.execute(f"SELECT count(*) FROM router.{table}").fetchone() == (0,)
