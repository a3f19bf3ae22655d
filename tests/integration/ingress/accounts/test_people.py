"""The people of an organization: made, changed, closed, and by whom."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from services.chassis.tenancy import ROLE_PERMISSIONS, ROLES
from tests.fixtures.accounts import PASSWORD, Office
from tests.fixtures.rest import SIGNER

INSUFFICIENT = {"detail": "Insufficient permissions", "error_code": "AUTH_INSUFFICIENT_PERMISSION"}


async def make(office: Office, token: str, who: str, role: str) -> Any:
    body = {"email": office.email(who), "name": who, "role": role, "password": PASSWORD}
    return await office.ask("POST", "/users", token, json=body)


async def key_with(office: Office, *scopes: str) -> str:
    """An API key with exactly these scopes."""
    admin = await office.as_role("org_admin")
    made = await office.ask("POST", "/api-keys", admin, json={"name": uuid4().hex, "scopes": list(scopes)})
    return str(made.json()["key"])


async def test_a_person_that_was_made_is_listed_read_and_let_in(office: Office) -> None:
    admin = await office.as_role("org_admin")

    made = await make(office, admin, "ana", "agent")

    assert made.status_code == 201
    assert made.json()["email"] == office.email("ana")
    assert PASSWORD not in made.text
    listed = (await office.ask("GET", "/users", admin)).json()
    assert listed["total"] == 2
    assert made.json()["id"] in [user["id"] for user in listed["users"]]
    assert (await office.ask("GET", f"/users/{made.json()['id']}", admin)).json()["name"] == "ana"
    assert (await office.login("ana")).status_code == 200


async def test_people_come_in_pages_by_email(office: Office) -> None:
    token = await office.as_role("supervisor")
    for who in ("c", "a", "b"):
        await office.add(who, "viewer")

    page = (await office.ask("GET", "/users", token, params={"skip": 1, "limit": 2})).json()

    assert (page["total"], [user["name"] for user in page["users"]]) == (4, ["b", "c"])
    beyond = (await office.ask("GET", "/users", token, params={"skip": 10})).json()
    assert (beyond["total"], beyond["users"]) == (4, [])


async def test_an_email_is_one_person_in_an_organization_and_may_be_another_elsewhere(office: Office) -> None:
    admin = await office.as_role("org_admin")
    await make(office, admin, "ana", "agent")

    again = await make(office, admin, "ANA", "viewer")

    assert (again.status_code, again.json()["error_code"]) == (409, "USER_EXISTS")
    another = office.another()
    body = {"email": office.email("ana"), "role": "agent", "password": PASSWORD}
    elsewhere = await another.ask("POST", "/users", await another.as_role("org_admin"), json=body)
    assert elsewhere.status_code == 201


async def test_people_of_another_organization_are_not_there(office: Office) -> None:
    another = office.another()
    stranger = await another.add("ana", "agent")
    admin = await office.as_role("org_admin")

    for method, path, body in (
        ("GET", f"/users/{stranger}", None),
        ("PATCH", f"/users/{stranger}", {"role": "viewer"}),
        ("DELETE", f"/users/{stranger}", None),
        ("POST", f"/users/{stranger}/unlock", None),
    ):
        answer = await office.ask(method, path, admin, json=body)
        assert (answer.status_code, answer.json()["error_code"]) == (404, "USER_NOT_FOUND")
    assert stranger not in (await office.ask("GET", "/users", admin)).text
    assert (await another.login("ana")).status_code == 200


@pytest.mark.parametrize("role", ["supervisor", "agent", "viewer"])
async def test_who_may_not_manage_people_makes_none(office: Office, role: str) -> None:
    answer = await make(office, await office.as_role(role), "ana", "viewer")

    assert (answer.status_code, answer.json()) == (403, INSUFFICIENT)


@pytest.mark.parametrize("giver", ["org_admin", "super_admin"])
@pytest.mark.parametrize("role", ROLES)
async def test_who_keeps_people_gives_every_role_but_super_admin(office: Office, giver: str, role: str) -> None:
    answer = await make(office, await office.as_role(giver), "ana", role)

    assert answer.status_code == (403 if role == "super_admin" else 201)


async def test_an_organization_gets_its_first_org_admin_from_the_operators_super_admin(office: Office) -> None:
    token = SIGNER.sign(organization_id=str(office.organization_id), role="super_admin", subject="care")

    made = await make(office, token, "bia", "org_admin")

    assert made.status_code == 201
    # Nobody has told ingress the organization's name yet.
    session = (await office.login("bia", organization=str(office.organization_id))).json()
    assert session["user"]["role"] == "org_admin"
    assert (await make(office, session["access_token"], "ana", "agent")).status_code == 201


async def test_a_super_admin_makes_and_unmakes_org_admins_but_touches_no_super_admin(office: Office) -> None:
    token = await office.as_role("super_admin")
    keeper, clerk = await office.add("bia", "org_admin"), await office.add("ana", "agent")
    himself = (await office.ask("GET", "/auth/me", token)).json()["user"]["id"]
    peer = await office.add("sol", "super_admin")

    raised = await office.ask("PATCH", f"/users/{clerk}", token, json={"role": "org_admin"})
    lowered = await office.ask("PATCH", f"/users/{keeper}", token, json={"role": "viewer"})

    assert (raised.json()["role"], lowered.json()["role"]) == ("org_admin", "viewer")
    for user_id in (himself, peer):
        changed = await office.ask("PATCH", f"/users/{user_id}", token, json={"role": "org_admin"})
        assert changed.json() == INSUFFICIENT
        assert (await office.ask("DELETE", f"/users/{user_id}", token)).json() == INSUFFICIENT


@pytest.mark.parametrize(
    "scopes", [{"users:manage", "users:manage_roles"}, ROLE_PERMISSIONS["super_admin"]], ids=["narrow", "whole"]
)
async def test_a_super_admins_key_appoints_nobody(office: Office, scopes: frozenset[str]) -> None:
    token, clerk = await office.as_role("super_admin"), await office.add("ana", "agent")
    body = {"name": "keys", "scopes": sorted(scopes)}
    key = str((await office.ask("POST", "/api-keys", token, json=body)).json()["key"])

    for role in ("org_admin", "supervisor", "agent"):
        invited = {"email": office.email("bia"), "role": role}
        assert (await make(office, key, "bia", role)).json() == INSUFFICIENT
        assert (await office.ask("POST", "/invitations", key, json=invited)).json() == INSUFFICIENT
    assert (await office.ask("PATCH", f"/users/{clerk}", key, json={"role": "org_admin"})).json() == INSUFFICIENT


async def test_a_super_admins_narrowed_token_appoints_nobody(office: Office) -> None:
    scopes = {"users:manage", "users:manage_roles", *ROLE_PERMISSIONS["viewer"]}
    token = SIGNER.sign(
        organization_id=str(office.organization_id), role="super_admin", subject="care", permissions=scopes
    )

    assert (await make(office, token, "bia", "org_admin")).json() == INSUFFICIENT
    assert (await make(office, token, "vera", "viewer")).status_code == 201


async def test_a_key_gives_no_role_beyond_its_own_scopes(office: Office) -> None:
    viewers = await key_with(office, "users:manage", *ROLE_PERMISSIONS["viewer"])

    assert (await make(office, viewers, "vera", "viewer")).status_code == 201
    assert (await make(office, viewers, "ana", "agent")).json() == INSUFFICIENT


async def test_roles_are_changed_with_the_permission_for_it_only(office: Office) -> None:
    user_id = await office.add("ana", "viewer")
    without = await key_with(office, "users:manage", *ROLE_PERMISSIONS["agent"])
    with_it = await key_with(office, "users:manage", "users:manage_roles", *ROLE_PERMISSIONS["agent"])
    change = {"role": "agent"}

    assert (await office.ask("PATCH", f"/users/{user_id}", without, json=change)).json() == INSUFFICIENT
    assert (await office.ask("PATCH", f"/users/{user_id}", without, json={"name": "Ana"})).status_code == 200
    assert (await office.ask("PATCH", f"/users/{user_id}", with_it, json=change)).json()["role"] == "agent"


async def test_somebody_mightier_is_not_touched(office: Office) -> None:
    keeper, guest = await office.add("bia", "org_admin"), await office.add("sol", "super_admin")
    await office.add("second", "org_admin")
    key = await key_with(office, "users:manage", "users:manage_roles", *ROLE_PERMISSIONS["agent"])
    admin = await office.as_role("org_admin")

    for token, user_id in ((key, keeper), (admin, guest)):
        assert (await office.ask("DELETE", f"/users/{user_id}", token)).json() == INSUFFICIENT
        assert (await office.ask("PATCH", f"/users/{user_id}", token, json={"role": "viewer"})).json() == INSUFFICIENT
        assert (await office.ask("POST", f"/users/{user_id}/unlock", token)).json() == INSUFFICIENT


@pytest.mark.parametrize("change", [{"role": "viewer"}, {"is_active": False}])
async def test_the_last_active_org_admin_stays(office: Office, change: dict[str, object]) -> None:
    await office.add("bia", "org_admin")
    session = await office.enter("bia")
    token, path = session["access_token"], f"/users/{session['user']['id']}"

    refused = await office.ask("PATCH", path, token, json=change)

    assert (refused.status_code, refused.json()["error_code"]) == (409, "LAST_ORG_ADMIN")
    assert (await office.ask("DELETE", path, token)).status_code == 409
    second = await office.add("carla", "org_admin")
    assert (await office.ask("PATCH", path, token, json=change)).status_code == 200
    assert second


async def test_two_org_admins_who_close_each_other_at_once_do_not_both_succeed(office: Office) -> None:
    sessions = []
    for who in ("bia", "carla"):
        await office.add(who, "org_admin")
        sessions.append(await office.enter(who))
    first, second = sessions

    answers = await asyncio.gather(
        office.ask("DELETE", f"/users/{second['user']['id']}", first["access_token"]),
        office.ask("DELETE", f"/users/{first['user']['id']}", second["access_token"]),
    )

    assert sorted(answer.status_code for answer in answers) == [204, 409]


async def test_a_closed_account_can_be_opened_again(office: Office) -> None:
    admin = await office.as_role("org_admin")
    user_id = await office.add("ana", "agent")
    await office.ask("DELETE", f"/users/{user_id}", admin)
    assert (await office.login("ana")).status_code == 401

    opened = await office.ask("PATCH", f"/users/{user_id}", admin, json={"is_active": True})

    assert opened.json()["is_active"] is True
    assert (await office.login("ana")).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"email": "ana", "role": "agent", "password": PASSWORD},
        {"email": "ana@example.com", "role": "owner", "password": PASSWORD},
        {"email": "ana@example.com", "role": "agent", "password": "short"},
        {"email": "ana@example.com", "role": "agent", "password": "ana@example.com"},
        {"email": "ana@example.com", "role": "agent", "password": PASSWORD, "name": "a\0b"},
        {"email": "ana@example.com", "role": "agent", "password": PASSWORD, "name": "line\nbreak"},
        {"email": "ana@example.com", "role": "agent", "password": PASSWORD, "name": "x" * 121},
        {"email": "ana@example.com", "role": "agent"},
    ],
)
async def test_a_wrong_field_is_named_and_no_password_repeated(office: Office, body: dict[str, str]) -> None:
    answer = await office.ask("POST", "/users", await office.as_role("org_admin"), json=body)

    assert (answer.status_code, answer.json()["error_code"]) == (422, "VALIDATION_ERROR")
    assert body.get("password", "-") not in answer.text.replace("ana@example.com", "")


async def test_roles_are_listed_with_what_they_may_do(office: Office) -> None:
    roles = (await office.ask("GET", "/roles", await office.as_role("org_admin"))).json()

    assert {role["name"]: set(role["permissions"]) for role in roles["roles"]} == ROLE_PERMISSIONS
    assert (await office.ask("GET", "/roles", await office.as_role("agent"))).status_code == 403


async def test_every_change_is_noted_with_who_made_it(office: Office) -> None:
    await office.add("bia", "org_admin")
    session = await office.enter("bia")
    token, me = session["access_token"], f"user:{session['user']['id']}"
    user_id = (await make(office, token, "ana", "agent")).json()["id"]
    for body in ({"name": "Ana"}, {"role": "viewer"}, {"is_active": False}, {"is_active": True}, {"role": "viewer"}):
        await office.ask("PATCH", f"/users/{user_id}", token, json=body)

    mine = [(record.action, record.object) for record in await office.records() if record.actor == me][1:]

    assert mine == [
        (f"user.{verb}", f"user:{user_id}") for verb in ("create", "change", "role", "deactivate", "activate")
    ]


async def test_a_refusal_is_noted_with_who_was_refused_and_the_route_without_what_was_filled_in(
    office: Office,
) -> None:
    await office.add("ana", "agent")
    session = await office.enter("ana")

    await office.ask("PATCH", f"/users/{uuid4()}", session["access_token"], json={"role": "org_admin"})

    last = (await office.records())[-1]
    assert (last.actor, last.action) == (f"user:{session['user']['id']}", "access.deny")
    assert last.object == "route:PATCH /users/{user_id}"
