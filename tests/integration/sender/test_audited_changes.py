"""A new access token is noted, and is nowhere in what is noted."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import psycopg
import pytest

from services.chassis.egress import Egress
from services.chassis.errors import InvalidArgument
from services.chassis.sealing import Sealer
from services.sender.app import furnish_teams
from services.sender.domain.codes import Scope
from services.sender.domain.pausing import PauseName
from services.sender.ports import NumberFacts
from services.sender.store import PostgresCredentials
from services.sender.usecases.webhooks import WantedWebhook
from tests.fixtures.noted import everything_noted, noted
from tests.fixtures.servers import Database
from tests.integration.sender.conftest import NUMBER, TOKEN, Stage

NEW_TOKEN = "EAAcanary0123456789"
SECRET = "canary of webhooks 0123"


async def test_a_token_is_noted_when_it_changes_and_never_told(stage: Stage, database: Database) -> None:
    room = await stage.sender()

    for token in (TOKEN, TOKEN, NEW_TOKEN):
        await stage.put_token(room, token)
    with pytest.raises(InvalidArgument):
        await stage.put_token(room, "two words")

    first, second = await noted(room.audit, stage.organization_id)
    assert {record.action for record in (first, second)} == {"credential.put"}
    assert {record.object for record in (first, second)} == {f"credential:{NUMBER}"}
    assert (first.before, second.before) == (None, first.after)
    everything = everything_noted(database.superuser_url, "sender")
    assert TOKEN not in everything
    assert NEW_TOKEN not in everything
    assert NEW_TOKEN.encode().hex() not in everything


async def test_a_webhook_is_noted_when_it_is_made_changed_and_removed_and_its_secret_never(
    stage: Stage, database: Database
) -> None:
    room = await stage.sender()
    nobody: Any = None
    sealer = Sealer.from_text(stage.settings.sealing_keys)
    webhooks = furnish_teams(stage.settings, stage.pool, room, sealer, nobody, Egress()).webhooks
    organization_id = UUID(stage.organization_id)
    wanted = WantedWebhook(name="crm", url="https://crm.example/", events=(), is_active=True, secret=SECRET)

    stored, _ = await webhooks.put(organization_id=organization_id, wanted=wanted)
    await webhooks.put(organization_id=organization_id, wanted=wanted)
    await webhooks.put(organization_id=organization_id, wanted=replace(wanted, secret="", is_secret_renewed=True))
    await webhooks.delete(organization_id=organization_id, webhook_id=stored.webhook.webhook_id)

    records = await noted(room.audit, stage.organization_id)
    assert [record.action for record in records] == ["webhook.put", "webhook.put", "webhook.delete"]
    assert {record.object for record in records} == {f"webhook:{stored.webhook.webhook_id}"}
    assert (records[0].before, records[2].after) == (None, None)
    everything = everything_noted(database.superuser_url, "sender")
    assert SECRET not in everything
    assert SECRET.encode().hex() not in everything


async def test_a_token_that_does_not_open_any_more_was_there_all_the_same(stage: Stage) -> None:
    room = await stage.sender()
    await stage.put_token(room)

    lost_key = PostgresCredentials(stage.pool, Sealer((b"\7" * 32,)), room.audit)
    organization_id = UUID(stage.organization_id)
    await lost_key.put_credential(organization_id=organization_id, phone_number_id=NUMBER, token=NEW_TOKEN)

    first, second = await noted(room.audit, stage.organization_id)
    assert second.before not in (None, first.after)


async def test_a_token_that_cannot_be_stored_is_not_noted(stage: Stage, database: Database) -> None:
    room = await stage.sender()
    with psycopg.connect(database.superuser_url, autocommit=True) as superuser:
        superuser.execute("ALTER TABLE sender.credential ADD CHECK (length(phone_number_id) < 2)")

    with pytest.raises(psycopg.errors.CheckViolation):
        await stage.put_token(room)

    assert await noted(room.audit, stage.organization_id) == []


async def test_limits_and_the_end_of_a_pause_are_noted_when_they_change_something(stage: Stage) -> None:
    room = await stage.sender()
    organization_id = UUID(stage.organization_id)
    for per_second in (20, 20, 80):
        facts = NumberFacts(messages_per_second=per_second)
        await room.numbers.put_limits(organization_id=organization_id, phone_number_id=NUMBER, facts=facts)
    name = PauseName(organization_id, Scope.NUMBER, NUMBER)
    await room.pauses.refused(name, phone_number_id=NUMBER, code=133010, text="gone", seconds=60.0)
    for _ in range(2):
        await room.numbers.end_pauses(organization_id=organization_id, phone_number_id=NUMBER)

    first, second, third = await noted(room.audit, stage.organization_id)
    assert {first.action, second.action} == {"number_limits.put"}
    assert {first.object, second.object} == {f"number_limits:{NUMBER}"}
    assert (first.before, second.before) == (None, first.after)
    assert (third.action, third.object) == ("pause.end", "pause:number")
