"""pytake.router.v1.Queues over gRPC on real Postgres, with an executor and a sender that only take notes."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from services.chassis.errors import FailedPrecondition, InvalidArgument, NotFound
from services.pb.common.v1 import errors_pb2, events_pb2
from services.pb.executor.v1 import executor_pb2
from services.pb.router.v1 import router_pb2, router_pb2_grpc
from tests.fixtures.servers import Database as OwnDatabase
from tests.integration.router.house import House, house

PHONE = "5581900000077"
HOURS = router_pb2.BusinessHours(
    time_zone="America/Recife", days=[router_pb2.DayHours(day="monday", start="20:00", end="02:00")]
)


@pytest.fixture
async def running(module_database: OwnDatabase, tmp_path: Path) -> AsyncIterator[House]:
    async with house(module_database.url_of("router"), tmp_path) as running:
        yield running


class Shop:
    """An organization whose contact has written, and the operator's way to its queues."""

    def __init__(self, running: House) -> None:
        self.notes = running.notes
        self.replica = running.replicas[0]
        self.organization_id = ""

    async def begin(self) -> "Shop":
        number = str(uuid4().int)[:15]
        self.organization_id = await self.replica.organization(number)
        message = events_pb2.InboundMessage(
            event_id=str(uuid4()), phone_number_id=number, wa_id=PHONE, kind="text", text="oi", is_flow_input=True
        )
        await self.replica.route(message)
        return self

    async def call(self, method: str, **fields: Any) -> Any:
        request = getattr(router_pb2, f"{method}Request")(organization_id=self.organization_id, **fields)
        peer = self.replica.operator
        return await peer.call(getattr(peer.stub(router_pb2_grpc.QueuesStub), method), request, seconds=10)

    async def line(self, **what: Any) -> str:
        department = router_pb2.Department(name="Support", is_active=True)
        department_id = (await self.call("PutDepartment", department=department)).department_id
        queue = router_pb2.Queue(name="Line", department_id=department_id, is_active=True, **what)
        return str((await self.call("PutQueue", queue=queue)).queue_id)

    async def agent(self) -> str:
        agent_id = str(uuid4())
        await self.call("PutAgent", agent=router_pb2.Agent(agent_id=agent_id, name="Rui", capacity=3, is_active=True))
        await self.call("SetPresence", agent_id=agent_id, presence=router_pb2.PRESENCE_AVAILABLE)
        return agent_id


async def test_what_is_set_up_is_told_as_it_was_put(running: House) -> None:
    shop = await Shop(running).begin()
    department = router_pb2.Department(
        name="Night", business_hours=HOURS, offline_message="Boa noite.", max_conversations_per_agent=2,
        routing_mode=router_pb2.ROUTING_MODE_SKILLS_BASED, agent_ids=[str(uuid4())], is_active=True,
    )  # fmt: skip
    stored = await shop.call("PutDepartment", department=department)
    assert stored.is_changed
    assert not (await shop.call("PutDepartment", department=department)).is_changed
    department.department_id = stored.department_id
    assert list((await shop.call("ListDepartments")).departments) == [department]

    queue = router_pb2.Queue(
        name="Night", department_id=stored.department_id, priority=70, sla_minutes=15, max_queue_size=4,
        skills_required=["english"], allowed_agent_ids=department.agent_ids, is_active=True,
    )  # fmt: skip
    queue.queue_id = (await shop.call("PutQueue", queue=queue)).queue_id
    (told,) = (await shop.call("ListQueues")).queues
    told.is_open = False
    assert told == queue
    await shop.call("DeleteQueue", queue_id=queue.queue_id)
    await shop.call("DeleteDepartment", department_id=stored.department_id)
    assert not (await shop.call("ListDepartments")).departments


async def test_a_conversation_goes_from_the_bot_to_a_queue_an_agent_and_back(running: House) -> None:
    shop = await Shop(running).begin()
    queue_id, agent_id = await shop.line(sla_minutes=30), await shop.agent()
    name = router_pb2.ConversationName(contact=f"+{PHONE}")
    waiting = (await shop.call("Transfer", conversation=name, queue_id=queue_id, reason="asked for it")).entry
    assert (waiting.state, waiting.sla_state, waiting.wa_id) == ("waiting", router_pb2.SLA_STATE_OK, PHONE)
    assert (await shop.call("ListQueues")).queues[0].waiting == 1

    pulled = (await shop.call("Pull", agent_id=agent_id)).entry
    assert (pulled.entry_id, pulled.agent_id) == (waiting.entry_id, agent_id)
    assert not (await shop.call("Pull", agent_id=agent_id)).HasField("entry")
    assert (await shop.call("ListAgents")).agents[0].conversations == 1

    by_id = router_pb2.ConversationName(conversation_id=pulled.conversation_id)
    assert (await shop.call("Release", conversation=by_id, is_unattended=True)).is_changed
    assert not (await shop.call("Release", conversation=by_id)).is_changed
    (ended,) = (await shop.call("ListEntries", state="ended", agent_id=agent_id)).entries
    assert [change.kind for change in ended.changes] == ["transferred", "pulled", "ended"]
    assert ended.changes[0].actor == "operator"
    taken, released = shop.notes.hands
    assert (taken.conversation_id, taken.key) == (pulled.conversation_id, f"entry:{waiting.entry_id}")
    assert isinstance(released, executor_pb2.ReleaseConversationRequest)
    assert released.is_unattended


async def test_only_what_the_mask_names_changes(running: House) -> None:
    shop = await Shop(running).begin()
    queue_id, agent_id = await shop.line(sla_minutes=30, priority=70), await shop.agent()
    before = (await shop.call("GetQueue", queue_id=queue_id)).queue
    assert (before.sla_minutes, before.is_open) == (30, True)
    wanted = router_pb2.Queue(queue_id=queue_id, skills_required=["tax"], priority=1)
    mask = FieldMask(paths=["skills_required", "sla_minutes"])
    changed = await shop.call("UpdateQueue", queue=wanted, update_mask=mask)
    assert changed.is_changed
    assert not (await shop.call("UpdateQueue", queue=wanted, update_mask=mask)).is_changed
    before.sla_minutes = 0
    before.skills_required[:] = ["tax"]
    assert changed.queue == before == (await shop.call("GetQueue", queue_id=queue_id)).queue
    # Without a mask, what is not empty.
    assert (await shop.call("UpdateQueue", queue=wanted)).queue.priority == 1

    department_id = before.department_id
    closed = router_pb2.Department(department_id=department_id, business_hours=HOURS)
    assert (await shop.call("UpdateDepartment", department=closed)).department.business_hours == HOURS
    opened = await shop.call("UpdateDepartment", department=router_pb2.Department(department_id=department_id),
                             update_mask=FieldMask(paths=["business_hours"]))  # fmt: skip
    assert not opened.department.HasField("business_hours")
    assert opened.department == (await shop.call("GetDepartment", department_id=department_id)).department

    renamed = router_pb2.Agent(agent_id=agent_id, name="Rui Dias")
    agent = (await shop.call("UpdateAgent", agent=renamed)).agent
    assert (agent.name, agent.capacity, agent.presence) == ("Rui Dias", 3, router_pb2.PRESENCE_AVAILABLE)
    assert agent == (await shop.call("GetAgent", agent_id=agent_id)).agent


async def test_an_agent_who_has_conversations_stays(running: House) -> None:
    shop = await Shop(running).begin()
    await shop.line()
    agent_id = await shop.agent()
    name = router_pb2.ConversationName(contact=PHONE)
    await shop.call("Assign", conversation=name, agent_id=agent_id)
    with pytest.raises(FailedPrecondition) as refused:
        await shop.call("DeleteAgent", agent_id=agent_id)
    assert refused.value.reason == errors_pb2.ERROR_REASON_AGENT_IN_USE

    await shop.call("Release", conversation=name)
    await shop.call("DeleteAgent", agent_id=agent_id)
    assert not (await shop.call("ListAgents")).agents
    with pytest.raises(NotFound):
        await shop.call("DeleteAgent", agent_id=agent_id)


async def test_refusals_name_their_reason(running: House) -> None:
    shop = await Shop(running).begin()
    queue_id = await shop.line()
    name = router_pb2.ConversationName(contact=PHONE)
    await shop.call("Transfer", conversation=name, queue_id=queue_id)
    agent_id = str(uuid4())
    away = router_pb2.Agent(agent_id=agent_id, name="Rui", capacity=1, is_active=True)
    await shop.call("PutAgent", agent=away)
    for expected, reason, method, fields in (
        (NotFound, errors_pb2.ERROR_REASON_AGENT_NOT_FOUND, "Pull", {"agent_id": str(uuid4())}),
        (NotFound, errors_pb2.ERROR_REASON_QUEUE_NOT_FOUND, "DeleteQueue", {"queue_id": str(uuid4())}),
        (NotFound, errors_pb2.ERROR_REASON_QUEUE_NOT_FOUND, "GetQueue", {"queue_id": str(uuid4())}),
        (NotFound, errors_pb2.ERROR_REASON_AGENT_NOT_FOUND, "GetAgent", {"agent_id": str(uuid4())}),
        (
            NotFound, errors_pb2.ERROR_REASON_DEPARTMENT_NOT_FOUND, "UpdateQueue",
            {"queue": router_pb2.Queue(queue_id=queue_id, department_id=str(uuid4()))},
        ),
        (
            InvalidArgument, errors_pb2.ERROR_REASON_INVALID_FIELD, "UpdateQueue",
            {"queue": router_pb2.Queue(queue_id=queue_id), "update_mask": FieldMask(paths=["name"])},
        ),
        (NotFound, errors_pb2.ERROR_REASON_DEPARTMENT_NOT_FOUND, "DeleteDepartment", {"department_id": str(uuid4())}),
        (FailedPrecondition, errors_pb2.ERROR_REASON_QUEUE_IN_USE, "DeleteQueue", {"queue_id": queue_id}),
        (
            FailedPrecondition, errors_pb2.ERROR_REASON_AGENT_UNAVAILABLE, "Assign",
            {"conversation": name, "agent_id": agent_id},
        ),
        (InvalidArgument, errors_pb2.ERROR_REASON_INVALID_FIELD, "SetPresence", {"agent_id": agent_id}),
        (InvalidArgument, errors_pb2.ERROR_REASON_INVALID_FIELD, "ListEntries", {"state": "open"}),
        (InvalidArgument, errors_pb2.ERROR_REASON_INVALID_FIELD, "ListEntries", {"limit": 201}),
        (InvalidArgument, errors_pb2.ERROR_REASON_INVALID_FIELD, "Assign", {"agent_id": agent_id}),
    ):  # fmt: skip
        with pytest.raises(expected) as refused:
            await shop.call(method, **fields)
        assert refused.value.reason == reason, method


async def test_hours_that_mean_nothing_are_refused(running: House) -> None:
    shop = await Shop(running).begin()
    twice = router_pb2.BusinessHours(time_zone="UTC", days=[*HOURS.days, *HOURS.days])
    for hours in (twice, router_pb2.BusinessHours(time_zone="Mars", days=HOURS.days)):
        with pytest.raises(InvalidArgument, match="business_hours"):
            await shop.call(
                "PutDepartment", department=router_pb2.Department(name="x", business_hours=hours, is_active=True)
            )
