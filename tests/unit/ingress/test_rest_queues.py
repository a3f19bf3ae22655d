"""/api/v1/departments, /queues, /agents and who has which conversation, over fakes."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from tests.fakes.ingress_queues import entry_of
from tests.fixtures.rest import SIGNER, Asker, asking, bearing

PHONE = "5511987654321"
HOURS = {"timezone": "America/Recife", "schedule": {
    "monday": {"enabled": True, "start": "08:00", "end": "18:00"},
    "tuesday": {"enabled": False, "start": "08:00", "end": "18:00"},
}}  # fmt: skip
SUPPORT = {"name": "Suporte", "business_hours": HOURS, "offline_message": "Voltamos às 8h."}


async def send(asker: Asker, method: str, path: str, **more: object) -> tuple[int, dict[str, object]]:
    answer = await asker.client.request(method, f"/api/v1{path}", headers=asker.headers, **more)  # type: ignore[arg-type]
    return answer.status_code, answer.json() if answer.content else {}


def as_user(asker: Asker, role: str = "agent") -> UUID:
    """From now on the asker is a person."""
    user_id = uuid4()
    token = SIGNER.sign(organization_id=str(asker.organization_id), role=role, subject=f"user:{user_id}")
    asker.headers = bearing(token)
    return user_id


async def test_a_department_is_stored_listed_and_removed() -> None:
    async with asking() as asker:
        status, stored = await send(asker, "POST", "/departments", json=SUPPORT)
        assert (status, stored["is_changed"]) == (200, True)
        assert (await send(asker, "POST", "/departments", json=SUPPORT))[1]["is_changed"] is False
        _, listed = await send(asker, "GET", "/departments")
        (department,) = listed["departments"]  # type: ignore[misc]  # JSON
        assert department["business_hours"] == {
            "timezone": "America/Recife", "schedule": {"monday": {"enabled": True, "start": "08:00", "end": "18:00"}},
        }  # fmt: skip
        assert department["routing_mode"] == "manual"
        assert (await send(asker, "DELETE", f"/departments/{stored['id']}"))[0] == 204
        status, problem = await send(asker, "DELETE", f"/departments/{stored['id']}")
        assert (status, problem["error_code"]) == (404, "DEPARTMENT_NOT_FOUND")


async def test_a_queue_is_of_a_department_that_then_stays() -> None:
    async with asking() as asker:
        wanted = {"name": "Financeiro", "department_id": str(uuid4()), "sla_minutes": 15, "skills_required": ["tax"]}
        assert (await send(asker, "POST", "/queues", json=wanted))[0] == 404
        _, department = await send(asker, "POST", "/departments", json=SUPPORT)
        status, stored = await send(asker, "POST", "/queues", json=wanted | {"department_id": department["id"]})
        assert status == 200
        _, listed = await send(asker, "GET", "/queues")
        (queue,) = listed["queues"]  # type: ignore[misc]  # JSON
        assert (queue["sla_minutes"], queue["skills_required"], queue["overflow_queue_id"]) == (15, ["tax"], None)
        status, problem = await send(asker, "DELETE", f"/departments/{department['id']}")
        assert (status, problem["error_code"]) == (409, "QUEUE_IN_USE")
        assert (await send(asker, "DELETE", f"/queues/{stored['id']}"))[0] == 204


async def test_an_agent_is_stored_and_says_what_they_do() -> None:
    async with asking() as asker:
        user_id = str(uuid4())
        wanted = {"id": user_id, "name": "Rui", "skills": ["tax"], "capacity": 3}
        assert (await send(asker, "POST", "/agents", json=wanted))[1] == {"id": user_id, "is_changed": True}
        assert (await send(asker, "GET", "/agents"))[1]["agents"][0]["presence"] == "offline"  # type: ignore[index]
        me = as_user(asker)
        status, told = await send(asker, "POST", "/agents/me/presence", json={"presence": "available", "seconds": 60})
        assert (status, told["presence"]) == (200, "available")
        assert asker.rights.queues.asked == [("presence", me, "available", 60)]


async def test_of_a_department_only_what_the_body_gives_changes_and_null_takes_it_away() -> None:
    async with asking() as asker:
        agent = str(uuid4())
        _, stored = await send(asker, "POST", "/departments", json=SUPPORT | {"agent_ids": [agent]})
        path = f"/departments/{stored['id']}"
        status, before = await send(asker, "GET", path)
        assert (status, before["name"], before["agent_ids"]) == (200, "Suporte", [agent])
        status, after = await send(asker, "PATCH", path, json={"business_hours": None, "routing_mode": "load_balance"})
        assert (status, after) == (200, before | {"business_hours": None, "routing_mode": "load_balance"})
        assert (await send(asker, "PATCH", path, json={"agent_ids": None}))[1] == after | {"agent_ids": []}
        assert (await send(asker, "PATCH", path, json={"name": "Suporte"}))[0] == 200
        status, problem = await send(asker, "PATCH", path, json={"name": "Vendas", "agent_ids": [agent]})
        assert (status, problem["error_code"]) == (422, "VALIDATION_ERROR")
        assert (await send(asker, "GET", path))[1] == after | {"agent_ids": []}
        for method in ("GET", "PATCH"):
            status, problem = await send(asker, method, f"/departments/{agent}", json={})
            assert (status, problem["error_code"]) == (404, "DEPARTMENT_NOT_FOUND")


async def test_of_a_queue_only_what_the_body_gives_changes() -> None:
    async with asking() as asker:
        _, department = await send(asker, "POST", "/departments", json=SUPPORT)
        wanted = {"name": "Financeiro", "department_id": department["id"], "sla_minutes": 15, "priority": 70}
        _, stored = await send(asker, "POST", "/queues", json=wanted)
        path = f"/queues/{stored['id']}"
        _, before = await send(asker, "GET", path)
        changes = {"skills_required": ["tax"], "priority": None, "routing_mode": "skills_based"}
        status, after = await send(asker, "PATCH", path, json=changes)
        assert (status, after) == (200, before | changes | {"priority": 50})
        for body in ({"priority": 101}, {"is_active": None}, {"department_id": None}, {"name": "Outra"}):
            assert (await send(asker, "PATCH", path, json=body))[0] == 422, body
        assert (await send(asker, "PATCH", path, json={}))[1] == after
        status, problem = await send(asker, "GET", f"/queues/{uuid4()}")
        assert (status, problem["error_code"]) == (404, "QUEUE_NOT_FOUND")


async def test_an_agent_is_renamed_and_removed() -> None:
    async with asking() as asker:
        user_id = str(uuid4())
        await send(asker, "POST", "/agents", json={"id": user_id, "name": "Rui", "skills": ["tax"], "capacity": 3})
        status, agent = await send(asker, "PATCH", f"/agents/{user_id}", json={"name": "Rui Dias", "skills": None})
        assert (status, agent["name"], agent["skills"], agent["capacity"]) == (200, "Rui Dias", [], 3)
        assert (await send(asker, "GET", f"/agents/{user_id}"))[1] == agent
        asker.rights.queues.kept_agents[user_id] = replace(asker.rights.queues.kept_agents[user_id], conversations=1)
        status, problem = await send(asker, "DELETE", f"/agents/{user_id}")
        assert (status, problem["error_code"]) == (409, "AGENT_IN_USE")
        asker.rights.queues.kept_agents[user_id] = replace(asker.rights.queues.kept_agents[user_id], conversations=0)
        assert (await send(asker, "DELETE", f"/agents/{user_id}"))[0] == 204
        status, problem = await send(asker, "DELETE", f"/agents/{user_id}")
        assert (status, problem["error_code"]) == (404, "AGENT_NOT_FOUND")


async def test_an_agent_pulls_what_comes_next_until_nothing_waits() -> None:
    async with asking() as asker:
        me = as_user(asker)
        asker.rights.queues.line = [entry_of(PHONE)]
        status, pulled = await send(asker, "POST", "/queues/pull")
        entry = pulled["entry"]
        assert isinstance(entry, dict)
        assert (status, entry["state"], entry["agent_id"]) == (200, "assigned", str(me))
        assert (entry["phone_number"], entry["handoff_context"]) == ("+55 11 98765-4321", "quer remarcar")
        assert entry["changes"][0]["kind"] == "queued"
        assert (await send(asker, "POST", "/queues/pull", json={"queue_ids": [str(me)]}))[1] == {"entry": None}
        assert asker.rights.queues.asked == [("pull", me, ()), ("pull", me, (me,))]


async def test_a_conversation_is_given_to_an_agent_or_to_oneself() -> None:
    async with asking() as asker:
        other = str(uuid4())
        status, problem = await send(asker, "POST", f"/conversations/{PHONE}/assign", json={"agent_id": other})
        assert (status, problem["error_code"]) == (409, "AGENT_UNAVAILABLE")
        await send(asker, "POST", "/agents", json={"id": other, "name": "Rui"})
        body = {"agent_id": other, "reason": "knows her"}
        status, answer = await send(asker, "POST", "/conversations/+55 11 98765-4321/assign", json=body)
        assert (status, answer["entry"]["agent_id"]) == (200, other)  # type: ignore[index]
        me = as_user(asker)
        assert (await send(asker, "POST", f"/conversations/{PHONE}/assign"))[0] == 409
        assert asker.rights.queues.asked[-2:] == [
            ("assign", PHONE, UUID(other), "knows her"), ("assign", PHONE, me, ""),
        ]  # fmt: skip


async def test_a_conversation_is_put_into_another_queue() -> None:
    async with asking(role="agent") as asker:
        queue_id = uuid4()
        body = {"queue_id": str(queue_id), "reason": "about taxes"}
        status, answer = await send(asker, "POST", f"/conversations/{PHONE}/transfer", json=body)
        assert (status, answer["entry"]["queue_id"]) == (200, str(queue_id))  # type: ignore[index]
        assert asker.rights.queues.asked == [("transfer", PHONE, queue_id, None, "about taxes")]


async def test_conversations_among_people_are_listed_by_page() -> None:
    async with asking(role="agent") as asker:
        asker.rights.queues.line = [entry_of(PHONE), entry_of("5511987654322")]
        _, page = await send(asker, "GET", "/queues/entries?state=waiting&limit=1")
        assert (len(page["entries"]), page["next"]) == (1, "further")  # type: ignore[arg-type]
        assert page["entries"][0]["sla_state"] == "at_risk"  # type: ignore[index]
        await send(asker, "GET", f"/queues/entries?cursor=further&queue_id={UUID(int=7)}")
        assert asker.rights.queues.asked == [
            ("entries", None, None, "waiting", 1, ""), ("entries", UUID(int=7), None, "", 50, "further"),
        ]  # fmt: skip


async def test_who_is_no_person_names_the_agent() -> None:
    async with asking() as asker:
        for path in ("/queues/pull", f"/conversations/{PHONE}/assign"):
            status, problem = await send(asker, "POST", path)
            assert (status, problem["error_code"]) == (404, "AGENT_NOT_FOUND")
        assert (await send(asker, "POST", "/agents/me/presence", json={"presence": "away"}))[0] == 404


@pytest.mark.parametrize(
    ("role", "refused"),
    [
        (
            "agent",
            [("POST", "/departments"), ("POST", "/queues"), ("POST", "/agents"), ("DELETE", f"/queues/{UUID(int=7)}")],
        ),
        ("viewer", [("GET", "/departments"), ("GET", "/queues/entries"), ("POST", "/queues/pull")]),
        ("super_admin", [("POST", "/queues/pull"), ("POST", f"/conversations/{PHONE}/transfer")]),
    ],
)
async def test_who_may_not_is_refused(role: str, refused: list[tuple[str, str]]) -> None:
    async with asking(role=role) as asker:
        for method, path in refused:
            body = SUPPORT | {"id": str(uuid4()), "department_id": str(uuid4())}
            assert (await send(asker, method, path, json=body))[0] == 403, path


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("/departments", {"name": ""}),
        ("/departments", {"business_hours": {"timezone": "UTC", "schedule": {"someday": HOURS}}}),
        ("/departments", {"business_hours": {"timezone": "UTC", "schedule": {"monday": {"start": "8", "end": "9"}}}}),
        ("/queues", {"priority": 101}),
        ("/queues", {"sla_minutes": -1}),
        ("/queues", {"routing_mode": "chance"}),
        ("/agents", {"capacity": 1001}),
        ("/agents", {"id": "rui"}),
    ],
)
async def test_what_cannot_be_is_refused_field_by_field(path: str, change: dict[str, object]) -> None:
    async with asking() as asker:
        body = {"name": "Suporte", "department_id": str(uuid4()), "id": str(uuid4())} | change
        status, problem = await send(asker, "POST", path, json=body)
        assert (status, problem["error_code"]) == (422, "VALIDATION_ERROR")
