"""ingress' gRPC side on a store in memory: Meta apps, kept events, the watermark."""

import json
from collections.abc import AsyncIterator
from typing import Any, cast
from uuid import uuid4

import pytest

from services.chassis.errors import InvalidArgument, NotFound
from services.ingress.server import AppsServer, EventsServer, IntakeServer
from services.pb.ingress.v1 import ingress_pb2
from tests.fakes.ingress import MemoryStore
from tests.fixtures.webhooks import Entrance, messages_body, signature, status_body

ORGANIZATION = str(uuid4())
NO_CONTEXT = cast(Any, None)


@pytest.fixture
async def entrance() -> AsyncIterator[Entrance]:
    entrance = Entrance(MemoryStore())
    yield entrance
    await entrance.client.aclose()


def app(**named: str) -> ingress_pb2.PutAppRequest:
    usual = {"organization_id": ORGANIZATION, "name": "main", "app_secret": "s3cret", "verify_token": "t0ken"}
    return ingress_pb2.PutAppRequest(**(usual | named))


async def test_an_app_is_put_once_and_listed_without_its_secrets(entrance: Entrance) -> None:
    server = AppsServer(entrance.intake)

    changes = [(await server.PutApp(app(), NO_CONTEXT)).is_changed for _ in range(2)]
    listed = await server.ListApps(ingress_pb2.ListAppsRequest(organization_id=ORGANIZATION), NO_CONTEXT)

    assert changes == [True, False]
    assert [(one.name, one.has_previous_secret) for one in listed.apps] == [("main", False)]
    assert "s3cret" not in str(listed)
    assert "t0ken" not in str(listed)


async def test_another_organizations_apps_are_not_listed(entrance: Entrance) -> None:
    server = AppsServer(entrance.intake)
    await server.PutApp(app(), NO_CONTEXT)

    listed = await server.ListApps(ingress_pb2.ListAppsRequest(organization_id=str(uuid4())), NO_CONTEXT)

    assert list(listed.apps) == []


async def test_an_app_put_here_is_believed_at_once(entrance: Entrance) -> None:
    header = signature(b"x", "s3cret").encode()
    assert await entrance.intake.signers(b"x", header, app=None) == ()

    await AppsServer(entrance.intake).PutApp(app(), NO_CONTEXT)

    assert await entrance.intake.signers(b"x", header, app=None) == (f"{ORGANIZATION}/main",)


async def test_a_rotation_believes_both_secrets_until_it_is_ended(entrance: Entrance) -> None:
    server, old = AppsServer(entrance.intake), signature(b"x", "s3cret").encode()
    await server.PutApp(app(), NO_CONTEXT)
    await server.PutApp(app(app_secret="n3w"), NO_CONTEXT)
    (rotating,) = (await server.ListApps(ingress_pb2.ListAppsRequest(organization_id=ORGANIZATION), NO_CONTEXT)).apps
    believed = await entrance.intake.signers(b"x", old, app="main")

    request = ingress_pb2.EndRotationRequest(organization_id=ORGANIZATION, name="main")
    ended = [(await server.EndRotation(request, NO_CONTEXT)).is_changed for _ in range(2)]

    assert (rotating.has_previous_secret, rotating.HasField("previous_until")) == (True, True)
    assert believed == (f"{ORGANIZATION}/main",)
    assert ended == [True, False]
    assert await entrance.intake.signers(b"x", old, app="main") == ()
    assert await entrance.intake.signers(b"x", signature(b"x", "n3w").encode(), app="main") == believed


async def test_a_rotation_of_an_unknown_app_is_not_ended(entrance: Entrance) -> None:
    request = ingress_pb2.EndRotationRequest(organization_id=ORGANIZATION, name="nowhere")

    with pytest.raises(NotFound, match="no Meta app"):
        await AppsServer(entrance.intake).EndRotation(request, NO_CONTEXT)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("organization_id", "acme"),
        ("name", ""),
        ("name", "a/b"),
        ("name", "ação"),
        ("name", "x" * 65),
        ("app_secret", ""),
        ("app_secret", "x" * 1025),
        ("verify_token", ""),
        ("verify_token", "x" * 1025),
    ],
)
async def test_a_wrong_field_of_an_app_is_named(entrance: Entrance, field: str, value: str) -> None:
    with pytest.raises(InvalidArgument, match=field):
        await AppsServer(entrance.intake).PutApp(app(**{field: value}), NO_CONTEXT)


async def test_the_watermark_tells_of_statuses_and_of_the_door(entrance: Entrance) -> None:
    server = IntakeServer(entrance.intake)
    entrance.seconds += 30

    quiet = await server.GetWatermark(ingress_pb2.GetWatermarkRequest(), NO_CONTEXT)
    await entrance.intake.receive(status_body("sent"), signed_by=())
    busy = await server.GetWatermark(ingress_pb2.GetWatermarkRequest(), NO_CONTEXT)

    assert (quiet.oldest_unapplied_status_ms, quiet.door_open_ms) == (0, 30_000)
    assert busy.oldest_unapplied_status_ms > 0


async def test_events_that_drive_nothing_can_be_seen(entrance: Entrance) -> None:
    change = {"field": "account_update", "value": {"event": "VERIFIED"}}
    body = {"object": "whatsapp_business_account", "entry": [{"id": "2", "changes": [change]}]}
    await entrance.intake.receive(json.dumps(body).encode(), signed_by=())
    await entrance.intake.receive(messages_body("oi"), signed_by=())

    listed = await EventsServer(entrance.intake).ListEvents(ingress_pb2.ListEventsRequest(), NO_CONTEXT)

    (event,) = listed.events
    assert (event.disposition, event.HasField("received_at")) == ("recorded", True)
    assert isinstance(json.loads(event.fields_json), dict)


@pytest.mark.parametrize(("disposition", "limit"), [("odd", 1), ("", -1), ("", 1001)])
async def test_a_question_for_events_that_makes_no_sense_is_refused(
    entrance: Entrance, disposition: str, limit: int
) -> None:
    request = ingress_pb2.ListEventsRequest(disposition=disposition, limit=limit)

    with pytest.raises(InvalidArgument):
        await EventsServer(entrance.intake).ListEvents(request, NO_CONTEXT)


async def test_the_watermark_waits_for_the_door_that_was_opened_last(entrance: Entrance) -> None:
    entrance.store.doors["elsewhere"] = 1_500
    entrance.seconds += 30
    watermark = await IntakeServer(entrance.intake).GetWatermark(ingress_pb2.GetWatermarkRequest(), NO_CONTEXT)
    assert watermark.door_open_ms == 1_500


async def test_a_door_tells_the_others_how_long_it_has_been_open_and_when_it_leaves(entrance: Entrance) -> None:
    entrance.seconds += 7
    await entrance.intake.announce_door()
    assert list(entrance.store.doors.values()) == [7_000]
    await entrance.intake.leave_door()
    assert entrance.store.doors == {}


async def test_leaving_with_the_store_away_is_no_error(entrance: Entrance) -> None:
    entrance.store.is_away = True
    await entrance.intake.leave_door()
