"""Who the audit log says it was: what the token proves, and the person ingress speaks for."""

import asyncio

import pytest

from services.chassis.rpc import act_as, actor_of, current_actor
from services.chassis.rpc.actor import ACTOR_HEADER, actor_behind, header_for_person
from services.chassis.tenancy import Principal

ORGANIZATION = "5d0f9d6e-23b1-4b0e-9a87-5a7c1f3f2b10"


def service(name: str) -> Principal:
    return Principal(name, None, None, 0.0, name, frozenset())


def team(subject: str) -> Principal:
    return Principal("team", ORGANIZATION, "org_admin", 0.0, subject, frozenset())


@pytest.mark.parametrize(
    ("principal", "actor"),
    [
        (service("operator"), "operator"),
        (service("router"), "service:router"),
        (team("user:7"), "user:7"),
        (team("api_key:7"), "api_key:7"),
        (team("cli"), "team:cli"),
        (team("operator"), "team:operator"),
        (team("service:router"), "team:service:router"),
        (team(""), "team:"),
        (team('user:"\n\0é'), "user:%22%0A%00%C3%A9"),
        (team("user:" + "x" * 500), "user:" + "x" * 195),
    ],
)
def test_nobody_passes_for_the_operator_or_a_service(principal: Principal, actor: str) -> None:
    assert actor_of(principal) == actor


@pytest.mark.parametrize("person", ["user:7", "api_key:7", "team:cli"])
def test_ingress_speaks_for_people_and_nobody_else_does(person: str) -> None:
    metadata = {ACTOR_HEADER: person}

    assert actor_behind(service("ingress"), metadata) == person
    assert actor_behind(service("router"), metadata) == "service:router"
    assert actor_behind(service("operator"), metadata) == "operator"
    assert actor_behind(team("user:8"), metadata) == "user:8"


@pytest.mark.parametrize("claim", ["operator", "service:router", ""])
def test_ingress_cannot_speak_for_the_operator_or_a_service(claim: str) -> None:
    assert actor_behind(service("ingress"), {ACTOR_HEADER: claim}) == "service:ingress"


async def test_an_actor_is_known_to_what_its_task_starts_and_to_no_other() -> None:
    async def works_for(actor: str) -> tuple[str, tuple[tuple[str, str], ...]]:
        act_as(actor)
        await asyncio.sleep(0)
        return await asyncio.create_task(_seen())

    async def _seen() -> tuple[str, tuple[tuple[str, str], ...]]:
        return current_actor(), header_for_person()

    found = await asyncio.gather(*(asyncio.create_task(works_for(name)) for name in ("user:1", "operator")))

    assert found == [("user:1", ((ACTOR_HEADER, "user:1"),)), ("operator", ())]
    assert (current_actor(), header_for_person()) == ("", ())
