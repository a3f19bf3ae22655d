"""Templates on real Postgres and against the simulated Meta: read, made, deleted, told about, checked."""

import time
import uuid
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from services.chassis.errors import FailedPrecondition, InvalidArgument, NotFound
from services.pb.common.v1 import content_pb2, errors_pb2, events_pb2
from services.sender.app import Room
from services.sender.ports import NumberFacts
from tests.integration.sender.conftest import NUMBER, Stage, eventually
from tests.integration.sender.test_consent import hear, settled

BODY = {"type": "BODY", "text": "Olá {{1}}, até {{2}}."}


@pytest.fixture
async def room(stage: Stage) -> Room:
    room = await stage.sender()
    await stage.put_token(room)
    await room.numbers.put_limits(
        organization_id=UUID(stage.organization_id), phone_number_id=NUMBER, facts=NumberFacts(waba_id=waba(stage))
    )
    return room


def waba(stage: Stage) -> str:
    return stage.meta.numbers[NUMBER].waba_id


def make(stage: Stage, name: str, **changes: Any) -> None:
    """A template that was made elsewhere."""
    values = {"name": name, "language": "pt_BR", "category": "UTILITY", "components": [BODY]}
    stage.meta.templates.create(waba(stage), values | changes)


def news(stage: Stage, name: str, **told: Any) -> events_pb2.Notice:
    values = {"name": name, "language": "pt_BR", "told_at_ms": int(time.time() * 1000)}
    return events_pb2.Notice(waba_id=waba(stage), template=events_pb2.TemplateNews(**values | told))


async def known(stage: Stage, room: Room) -> dict[str, tuple[str, str, str]]:
    listing = await room.templates.listing(
        organization_id=UUID(stage.organization_id), phone_number_id="", known_digest=""
    )
    return {each.name: (each.status, each.category, each.quality) for each in listing.kept.templates}


async def sync(stage: Stage, room: Room) -> tuple[int, int, int]:
    return await room.templates.sync(organization_id=UUID(stage.organization_id), phone_number_id=NUMBER)


def sending(stage: Stage, name: str, *values: str) -> Any:
    body = [content_pb2.TemplateParameter(text=value) for value in values]
    content = content_pb2.TemplateContent(name=name, language="pt_BR", body=body)
    return stage.message(uuid.uuid4(), "", content=content_pb2.Content(template=content))


async def test_all_pages_are_read_and_what_meta_has_no_longer_goes(stage: Stage, room: Room) -> None:
    for n in range(65):
        make(stage, f"t{n}")
    assert await sync(stage, room) == (65, 65, 0)
    assert await sync(stage, room) == (65, 0, 0)
    stage.meta.templates.delete(waba(stage), name="t7", template_id="")
    stage.meta.templates.change(waba(stage), "t8", "pt_BR", {"status": "PAUSED", "quality": "RED"})
    assert await sync(stage, room) == (64, 1, 1)
    found = await known(stage, room)
    assert "t7" not in found
    assert found["t8"] == ("PAUSED", "UTILITY", "RED")


async def test_a_listing_that_is_known_is_not_told_again(stage: Stage, room: Room) -> None:
    make(stage, "parcel")
    await sync(stage, room)
    ask = {"organization_id": UUID(stage.organization_id), "phone_number_id": NUMBER}
    first = await room.templates.listing(**ask, known_digest="")
    await sync(stage, room)
    assert (first.is_unchanged, first.kept.is_synced) == (False, True)
    assert (await room.templates.listing(**ask, known_digest=first.digest)).is_unchanged


async def test_a_template_is_made_and_deleted_at_meta(stage: Stage, room: Room) -> None:
    number = {"organization_id": UUID(stage.organization_id), "phone_number_id": NUMBER}
    part = b'[{"type": "BODY", "text": "Bom dia"}]'
    for language in ("pt_BR", "en_US"):
        made = await room.templates.create(
            **number, name="hello", language=language, category="UTILITY", components=part
        )
        assert (made.status, made.template_id.isdigit()) == ("APPROVED", True)
    assert await room.templates.delete(**number, name="hello", language="en_US") == 1
    assert stage.meta.templates.known(waba(stage), "hello", "en_US") is None
    assert stage.meta.templates.known(waba(stage), "hello", "pt_BR") is not None
    assert await room.templates.delete(**number, name="hello", language="") == 1
    with pytest.raises(NotFound):
        await room.templates.delete(**number, name="hello", language="pt_BR")
    actions = await stage.sql("SELECT action FROM sender.audit_event WHERE action LIKE 'template.%' ORDER BY seq")
    assert actions == [("template.create",)] * 2 + [("template.delete",)] * 2


async def test_metas_refusal_is_told_in_its_words(stage: Stage, room: Room) -> None:
    make(stage, "hello")
    number = {"organization_id": UUID(stage.organization_id), "phone_number_id": NUMBER}
    with pytest.raises(FailedPrecondition) as refused:
        await room.templates.create(
            **number, name="hello", language="pt_BR", category="UTILITY", components=b'[{"type": "BODY", "text": "x"}]'
        )
    assert refused.value.reason == errors_pb2.ERROR_REASON_REFUSED_BY_META
    for wrong in ({"name": "Hello"}, {"category": "X"}, {"components": b"{}"}, {"language": "Portuguese"}):
        values = {"name": "n", "language": "pt_BR", "category": "UTILITY", "components": b'[{"type": "BODY"}]'}
        with pytest.raises(InvalidArgument):
            await room.templates.create(**number, **values | wrong)  # type: ignore[arg-type]


async def test_without_an_account_or_a_token_nothing_is_read(stage: Stage) -> None:
    room = await stage.sender()
    with pytest.raises(FailedPrecondition) as refused:
        await sync(stage, room)
    assert refused.value.reason == errors_pb2.ERROR_REASON_ACCOUNT_NOT_KNOWN
    await room.numbers.put_limits(
        organization_id=UUID(stage.organization_id), phone_number_id=NUMBER, facts=NumberFacts(waba_id=waba(stage))
    )
    with pytest.raises(FailedPrecondition) as refused:
        await sync(stage, room)
    assert refused.value.reason == errors_pb2.ERROR_REASON_CREDENTIAL_NOT_FOUND


async def test_a_message_that_does_not_fit_its_template_makes_no_call(stage: Stage, room: Room) -> None:
    make(stage, "parcel")
    await sync(stage, room)
    await stage.enqueue(room, sending(stage, "parcel", "Iara"))
    assert await settled(stage) == [("failed", 132000)]
    ((text, attempts),) = await stage.sql("SELECT error_text, attempts FROM sender.message")
    assert "takes 2 values in its body, and the message brings 1; give 2 values" in text
    assert attempts == 0
    await stage.enqueue(room, sending(stage, "parcel", "Iara", "sexta"))
    assert sorted(await settled(stage)) == [("accepted", 0), ("failed", 132000)]


async def test_of_a_template_that_was_edited_nothing_is_said_until_it_is_read_anew(stage: Stage, room: Room) -> None:
    make(stage, "parcel")
    await sync(stage, room)
    stage.meta.templates.change(waba(stage), "parcel", "pt_BR", {"components": [{"type": "BODY", "text": "Oi {{1}}"}]})
    await hear(stage, room, news(stage, "parcel", is_edited=True))
    await stage.enqueue(room, sending(stage, "parcel", "Iara"))
    assert await settled(stage) == [("accepted", 0)]
    await stage.sql("UPDATE sender.template_account SET due_at = now() RETURNING 1")
    await room.templates.read_due()
    await stage.enqueue(room, sending(stage, "parcel", "Iara", "sexta"))
    assert sorted(await settled(stage)) == [("accepted", 0), ("failed", 132000)]


async def test_what_a_webhook_tells_is_kept_and_older_news_change_nothing(stage: Stage, room: Room) -> None:
    now = int(time.time() * 1000)
    await hear(stage, room, news(stage, "parcel", status="APPROVED", category="UTILITY", told_at_ms=now))
    await hear(stage, room, news(stage, "parcel", quality="YELLOW", told_at_ms=now + 1))
    await hear(stage, room, news(stage, "parcel", status="REJECTED", told_at_ms=now - 1))
    assert await known(stage, room) == {"parcel": ("APPROVED", "UTILITY", "YELLOW")}


async def test_messages_of_a_paused_template_wait_until_it_is_approved_again(stage: Stage, room: Room) -> None:
    make(stage, "parcel")
    await sync(stage, room)
    stage.meta.templates.change(waba(stage), "parcel", "pt_BR", {"status": "PAUSED"})
    await hear(stage, room, news(stage, "parcel", status="PAUSED"))
    await stage.enqueue(room, sending(stage, "parcel", "Iara", "sexta"))
    assert [(row["state"], row["error_code"]) for row in await stage.rows("error_code")] == [("queued", 132015)]
    stage.meta.templates.change(waba(stage), "parcel", "pt_BR", {"status": "APPROVED"})
    await hear(stage, room, news(stage, "parcel", status="REINSTATED", told_at_ms=int(time.time() * 1000) + 5))

    async def has_left() -> bool:
        await room.requeue()
        return [row["state"] for row in await stage.rows()] == ["accepted"]

    await eventually(has_left)


async def test_two_organizations_know_only_their_own_templates(stage: Stage, room: Room) -> None:
    make(stage, "parcel")
    await sync(stage, room)
    other = replace(stage, organization_id=str(uuid.uuid4()), rooms=[])
    assert await known(other, room) == {}
