"""Agents in apply's files: users who answer, by e-mail or id, and the departments they are of."""

from typing import Any
from uuid import UUID, uuid5

import pytest

from tests.unit.cli.conftest import Line, acme

RUI_ID, BIA_ID = (str(uuid5(UUID(int=0), email)) for email in ("rui@example.com", "bia@example.com"))
OTHER_ID = "5f0c7b1c-6a0e-4c7e-9a44-0c6a3f3b9d10"
USERS = [
    {"email": "Rui@Example.com", "name": "Rui", "role": "agent", "password": "a long password of Rui"},
    {"email": "bia@example.com", "name": "Bia", "role": "agent", "password": "a long password of Bia"},
]
RUI = {"user": "rui@example.com", "departments": ["Support"], "skills": ["English", "tax "], "capacity": 3}
BIA = {"user": "Bia@example.com", "name": "Beatriz"}
DEPARTMENTS = [{"name": "Support", "agent_ids": [OTHER_ID]}, {"name": "Sales"}]


def file_of(line: Line, **what: Any) -> str:
    fields = {"users": USERS, "departments": DEPARTMENTS, "agents": [RUI, BIA]} | what
    return line.write(acme(numbers=[], triggers=None, **fields))


def kept(line: Line, kind: str) -> dict[str, Any]:
    return {key[2]: value for key, value in line.kept.values.items() if key[1:2] == (kind,)}


async def test_agents_are_put_once_by_the_ids_of_their_users_and_join_their_departments(line: Line) -> None:
    file = file_of(line)
    output = (await line.run("apply", file)).output
    assert "new       acme: agent rui@example.com" in output

    agents = kept(line, "agent")
    rui, bia = agents[RUI_ID], agents[BIA_ID]
    assert (rui.name, list(rui.skills), rui.capacity, rui.is_active) == ("Rui", ["english", "tax"], 3, True)
    assert (bia.name, list(bia.skills), bia.capacity) == ("Beatriz", [], 5)
    departments = kept(line, "department")
    assert set(departments["Support"].agent_ids) == {OTHER_ID, RUI_ID}
    assert list(departments["Sales"].agent_ids) == []
    assert (await line.run("apply", file)).output.splitlines()[-1] == "nothing to change"


async def test_a_dry_run_compares_agents_with_those_of_the_house(line: Line) -> None:
    await line.run("apply", file_of(line))
    before = dict(line.kept.values)
    carla = {"user": OTHER_ID, "name": "Carla"}
    changed = file_of(line, agents=[RUI | {"skills": ["tax"], "departments": ["Support", "Sales"]}, BIA, carla])
    output = (await line.run("apply", changed, "--dry-run")).output

    assert "changed   acme: agent rui@example.com" in output
    assert "unchanged acme: agent bia@example.com" in output
    assert f"new       acme: agent {OTHER_ID}" in output
    assert "changed   acme: department Sales" in output
    assert "unchanged acme: department Support" in output
    assert line.kept.values == before
    await line.run("apply", changed)
    assert list(kept(line, "department")["Sales"].agent_ids) == [RUI_ID]
    assert kept(line, "agent")[OTHER_ID].name == "Carla"


async def test_who_has_not_accepted_an_invitation_is_put_when_they_have(line: Line) -> None:
    invited = [USERS[0], {"email": "bia@example.com", "role": "agent"}]
    agents = [RUI, BIA | {"departments": ["Sales"]}]
    output = (await line.run("apply", file_of(line, users=invited, agents=agents))).output
    assert "unchanged acme: agent bia@example.com (waits: they were invited" in output
    assert set(kept(line, "agent")) == {RUI_ID}

    output = (await line.run("apply", file_of(line, agents=agents))).output
    assert "new       acme: agent bia@example.com" in output
    assert list(kept(line, "department")["Sales"].agent_ids) == [BIA_ID]


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({"agents": [{}]}, "agents[0].user is missing"),
        ({"agents": [{"user": "rui"}]}, "agents[0].user must be the e-mail of a user"),
        ({"agents": [RUI, RUI]}, "agents[1].user is 'rui@example.com', as of the agent at"),
        ({"agents": [RUI | {"capacity": 1001}]}, "capacity must be a whole number"),
        ({"agents": [RUI | {"skill": "tax"}]}, "did you mean skills"),
        ({"agents": [RUI | {"departments": ["Tax"]}]}, "has 'Tax', which is not a department here"),
        ({"agents": [{"user": "eva@example.com"}]}, "is 'eva@example.com', who is no user"),
    ],
)
async def test_what_none_can_be_is_named_with_its_place(line: Line, what: dict[str, object], words: str) -> None:
    result = await line.run("apply", file_of(line, **what))
    assert result.exit_code == 2
    assert words in result.output
    assert line.kept.puts == 0
