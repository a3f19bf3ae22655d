"""Departments and queues in apply's files."""

import pytest

from services.pb.router.v1 import router_pb2
from tests.unit.cli.conftest import Line, acme

HOURS = {"timezone": "America/Recife", "schedule": {
    "monday": {"start": "08:00", "end": "18:00"}, "sunday": {"enabled": False, "start": "08:00", "end": "12:00"},
}}  # fmt: skip
AGENT = "5f0c7b1c-6a0e-4c7e-9a44-0c6a3f3b9d10"
SUPPORT = {
    "name": "Support", "business_hours": HOURS, "offline_message": "Voltamos às 8h.", "routing_mode": "round_robin",
    "max_conversations_per_agent": 3, "agent_ids": [AGENT],
}  # fmt: skip
FIRST = {"name": "First", "department": "Support", "sla_minutes": 15, "max_queue_size": 5, "overflow_queue": "Second"}
SECOND = {"name": "Second", "department": "Support", "overflow_queue": "First", "skills_required": ["tax"]}


def file_of(line: Line, **what: object) -> str:
    return line.write(acme(numbers=[], triggers=None, **what))


async def test_departments_and_queues_are_put_once_and_may_overflow_into_each_other(line: Line) -> None:
    file = file_of(line, departments=[SUPPORT], queues=[FIRST, SECOND])
    output = (await line.run("apply", file)).output
    for words in ("new       acme: department Support", "new       acme: queue First", "new       acme: queue Second"):
        assert words in output

    (department,) = [value for key, value in line.kept.values.items() if key[1] == "department"]
    assert department.routing_mode == router_pb2.ROUTING_MODE_ROUND_ROBIN
    assert [(day.day, day.start, day.end) for day in department.business_hours.days] == [("monday", "08:00", "18:00")]
    assert list(department.agent_ids) == [AGENT]
    queues = {key[2]: value for key, value in line.kept.values.items() if key[1] == "queue"}
    assert all(queue.overflow_queue_id for queue in queues.values())
    assert (queues["First"].sla_minutes, queues["First"].priority) == (15, 50)
    assert (await line.run("apply", file)).output.splitlines()[-1] == "nothing to change"


async def test_a_dry_run_tells_what_would_change(line: Line) -> None:
    await line.run("apply", file_of(line, departments=[SUPPORT], queues=[SECOND | {"overflow_queue": ""}]))
    before = dict(line.kept.values)
    changed = file_of(line, departments=[SUPPORT | {"active": False}], queues=[SECOND | {"overflow_queue": ""}])
    output = (await line.run("apply", changed, "--dry-run")).output

    assert "changed   acme: department Support" in output
    assert "changed   acme: queue" not in output
    assert line.kept.values == before


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({"departments": [{}]}, "departments[0].name is missing"),
        ({"departments": [SUPPORT, SUPPORT]}, "each needs its own"),
        ({"departments": [SUPPORT | {"routing_mode": "round-robin"}]}, "did you mean round_robin"),
        ({"departments": [SUPPORT | {"agent_ids": ["rui"]}]}, "agent_ids[0] is 'rui'"),
        ({"departments": [SUPPORT | {"business_hours": {"schedule": {}}}]}, "business_hours.timezone is missing"),
        (
            {
                "departments": [
                    SUPPORT | {"business_hours": {"timezone": "UTC", "schedule": {"monday": {"start": "8"}}}}
                ]
            },
            "schedule.monday.end is missing",
        ),
        ({"queues": [{"name": "First"}]}, "queues[0].department is missing"),
        ({"queues": [FIRST | {"sla_minutes": 10_081}]}, "sla_minutes must be a whole number"),
        ({"queues": [FIRST | {"sla": 5}]}, "sla is not a known key"),
    ],
)
async def test_what_none_can_be_is_named_with_its_place(line: Line, what: dict[str, object], words: str) -> None:
    result = await line.run("apply", file_of(line, **what))
    assert result.exit_code == 2
    assert words in result.output
    assert line.kept.puts == 0
