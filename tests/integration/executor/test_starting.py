"""Whatever publishes or archives a flow tells router what starts it, in the same transaction, and in order."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from services.chassis.errors import FailedPrecondition
from services.chassis.queue import Item
from services.executor.ports import FlowStarts
from services.executor.store import PostgresFlows, PostgresVersions, Starting
from services.executor.usecases import FlowKeeping, Publishing, Taking
from services.executor.worker import encode_starts
from services.pb.router.v1 import router_pb2
from tests.fakes.executor_templates import TemplatesToldOf
from tests.integration.executor.conftest import FLOWS, Room
from tests.integration.executor.press import PINNED, Press

TEA = json.loads((FLOWS / "tea_house.json").read_bytes())


def tea(*keywords: str, farewell: str = "") -> dict[str, Any]:
    """The tea house, started by these keywords."""
    document: dict[str, Any] = json.loads(json.dumps(TEA).replace("are on their way", farewell or "are on their way"))
    start = next(node for node in document["nodes"] if node["type"] == "start")
    start["data"] = {"triggers": [{"kind": "keyword", "keywords": list(keywords)}]} if keywords else {}
    return document


def told(room: Room, flow_id: str = "") -> list[tuple[int, list[str]]]:
    """What router was told of a flow, in order: sequence and keywords."""
    rows = room.as_superuser(
        "SELECT payload FROM executor.notices_item WHERE organization_id = %s AND lane_id = %s ORDER BY pos",
        room.organization_id,
        UUID(flow_id or room.flow_id),
    )
    orders = [router_pb2.Order.FromString(row[0]).flow_triggers for row in rows]  # type: ignore[arg-type]
    return [(each.sequence, [word for one in each.triggers for word in one.keywords]) for each in orders]


async def put(room: Room, document: dict[str, Any], *, publish: bool = True) -> None:
    await room.flows.put(
        organization_id=room.organization_id,
        name="tea",
        document=json.dumps(document).encode(),
        publish=publish,
        dry_run=False,
    )


async def test_every_way_of_publishing_and_archiving_is_told_once_each(room: Room, press: Press) -> None:
    whose = {"organization_id": room.organization_id, "flow_id": UUID(room.flow_id)}
    assert told(room) == [(2, [])]
    await put(room, tea("one"))
    await put(room, tea("one"))
    await press.draft(tea("two"))
    await press.publish()
    await press.publish()
    await press.rollback(2)
    await room.flows.delete(**whose, force=True)
    await put(room, tea("late"), publish=False)
    assert told(room) == [(2, []), (4, ["one"]), (6, ["two"]), (8, ["one"]), (9, [])]
    await put(room, tea("one"))
    assert told(room)[5:] == [(10, ["one"])]


async def test_a_draft_an_import_and_what_is_refused_tell_nothing(room: Room, press: Press) -> None:
    broken = tea("x")
    broken["edges"][0]["target"] = "nowhere"
    await put(room, broken)
    with pytest.raises(FailedPrecondition):
        await press.publish()
    await room.flows.import_(
        organization_id=room.organization_id, name="", document=json.dumps(tea("y")).encode(), dry_run=False
    )
    assert told(room) == [(2, [])]


@dataclass
class Dying:
    """An encoder in whose place the process dies."""

    is_dead: bool = False

    def __call__(self, starts: FlowStarts) -> Item:
        if self.is_dead:
            raise KeyboardInterrupt
        return encode_starts(starts)


async def test_who_dies_before_the_notice_has_published_nothing(room: Room) -> None:
    dying = Dying()
    starting = Starting(room.notices, dying, on_told=lambda: None)
    flows = PostgresFlows(room.database, room.audit, starting)
    versions = PostgresVersions(room.database, room.audit, starting, on_begun=lambda: None)
    keeping, publishing = FlowKeeping(flows, TemplatesToldOf()), Publishing(flows, versions, TemplatesToldOf())
    whose: dict[str, Any] = {"organization_id": room.organization_id, "flow_id": UUID(room.flow_id)}
    await put(room, tea("draft"), publish=False)
    dying.is_dead = True
    for attempt in (
        publishing.publish(**whose, taking=PINNED),
        publishing.publish(**whose, taking=Taking("restart", (), "")),
        keeping.delete(**whose, force=True),
        keeping.put(
            organization_id=room.organization_id, name="tea", document=json.dumps(tea("z")).encode(), publish=True,
            dry_run=False,
        ),
    ):  # fmt: skip
        with pytest.raises(KeyboardInterrupt):
            await attempt
    assert await flows.published_digest(**whose) == (1, (await flows.head(**whose)).published_digest)  # type: ignore[union-attr]
    assert told(room) == [(2, [])]


async def test_what_a_process_left_behind_is_claimed_by_the_next_one_in_order(room: Room) -> None:
    await put(room, tea("one"))
    await put(room, tea("two"))
    (lane,) = [claim for claim in await room.notices.claim() if claim.lane_id == UUID(room.flow_id)]
    orders = [router_pb2.Order.FromString(item.payload) for item in lane.items]
    assert [order.flow_triggers.sequence for order in orders] == [2, 4, 6]
    assert {order.organization_id for order in orders} == {str(room.organization_id)}
