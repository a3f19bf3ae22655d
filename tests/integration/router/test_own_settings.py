"""What an organization's own people set up, over gRPC and Postgres with router's own role."""

from pathlib import Path
from uuid import uuid4

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from services.chassis.errors import AlreadyExists, InvalidArgument, NotFound
from services.pb.common.v1 import errors_pb2
from services.router.usecases.own_settings import HOUSE_APP
from tests.fixtures.servers import Database
from tests.integration.router.desk import new_number, new_phone, shop


async def test_numbers_and_chatbots_are_made_changed_and_taken_away(module_database: Database, tmp_path: Path) -> None:
    async with shop(module_database, tmp_path) as ours:
        flow, phone = str(uuid4()), new_number()
        chatbot = (await ours.settings("CreateChatbot", name="Encomendas", main_flow_id=flow)).chatbot
        with pytest.raises(AlreadyExists):
            await ours.settings("CreateChatbot", name="Encomendas")
        made = (
            await ours.settings("CreateNumber", phone_number_id=phone, chatbot_id=chatbot.chatbot_id, waba_id="77")
        ).number
        with pytest.raises(AlreadyExists) as mine:
            await ours.settings("CreateNumber", phone_number_id=phone)
        mask = FieldMask(paths=["display_phone_number", "is_active"])
        changed = await ours.settings(
            "UpdateNumber", phone_number_id=phone, update_mask=mask, display_phone_number="+55 1"
        )
        await ours.hear(new_phone(), number=phone)
        quiet = len(ours.notes.events)
        await ours.settings("UpdateNumber", phone_number_id=phone, is_active=True)
        await ours.hear(new_phone(), number=phone)
        started = ours.notes.events[-1].start_flow_id
        off = await ours.settings(
            "UpdateChatbot", chatbot_id=chatbot.chatbot_id, update_mask=FieldMask(paths=["is_active"])
        )
        await ours.settings("DeleteChatbot", chatbot_id=chatbot.chatbot_id)
        with pytest.raises(NotFound):
            await ours.settings("DeleteChatbot", chatbot_id=chatbot.chatbot_id)
        left = (await ours.settings("GetNumber", phone_number_id=phone)).number
        actions = [(record.action, record.object) for record in await ours.noted()]

    assert (chatbot.is_active, off.chatbot.is_active, off.chatbot.main_flow_id) == (True, False, flow)
    assert mine.value.reason == errors_pb2.ERROR_REASON_NUMBER_EXISTS
    assert (changed.number.is_active, changed.number.chatbot_id) == (False, made.chatbot_id)
    assert (quiet, started) == (0, flow)
    assert (left.chatbot_id, left.display_phone_number, left.waba_id) == ("", "+55 1", "77")
    assert actions[-1] == ("chatbot.put", f"chatbot:{chatbot.chatbot_id}")


async def test_a_number_is_bound_to_an_app_of_its_own_organization(module_database: Database, tmp_path: Path) -> None:
    async with shop(module_database, tmp_path) as ours:
        with pytest.raises(InvalidArgument, match=r"^app"):
            await ours.settings("CreateNumber", phone_number_id=new_number(), app=f"{uuid4()}/main")
        taken = new_number()
        await ours.replica.organization(taken)
        with pytest.raises(AlreadyExists) as theirs:
            await ours.settings("CreateNumber", phone_number_id=taken)
        with pytest.raises(NotFound):
            await ours.settings("UpdateNumber", phone_number_id=taken, is_active=True)

        made = (await ours.settings("CreateNumber", phone_number_id=new_number())).number

    assert made.app == HOUSE_APP
    assert theirs.value.reason == errors_pb2.ERROR_REASON_NUMBER_TAKEN


async def test_an_organization_changes_what_its_mask_names(module_database: Database, tmp_path: Path) -> None:
    async with shop(module_database, tmp_path) as ours:
        flow = str(uuid4())
        first = await ours.settings("UpdateOrganization", fallback_flow_id=flow)
        second = await ours.settings("UpdateOrganization", time_zone="America/Recife")
        third = await ours.settings("UpdateOrganization", update_mask=FieldMask(paths=["fallback_flow_id"]))
        same = await ours.settings("UpdateOrganization", time_zone="America/Recife")
        with pytest.raises(InvalidArgument, match=r"^time_zone"):
            await ours.settings("UpdateOrganization", time_zone="Olinda")
        now = (await ours.settings("GetOrganization")).organization

    assert (first.organization.fallback_flow_id, second.organization.fallback_flow_id) == (flow, flow)
    assert (third.organization.fallback_flow_id, now.time_zone, same.is_changed) == ("", "America/Recife", False)
