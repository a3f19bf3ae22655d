"""Invitations: a token that makes somebody a member, once, for a week."""

import asyncio
from typing import Any

import pytest

from services.ingress.domain.accounts.facts import INVITATION_LIFE
from tests.fixtures.accounts import PASSWORD, Office


@pytest.fixture
async def admin(office: Office) -> str:
    return await office.as_role("org_admin")


async def invite(office: Office, token: str, who: str = "rui", role: str = "agent") -> dict[str, Any]:
    body = {"email": office.email(who), "name": who, "role": role}
    answer = await office.ask("POST", "/invitations", token, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def accept(office: Office, token: str, **more: str) -> Any:
    return await office.ask("POST", "/invitations/accept", json={"token": token, "password": PASSWORD} | more)


def is_not_open(answer: Any) -> bool:
    return (answer.status_code, answer.json()["error_code"]) == (404, "INVITATION_NOT_FOUND")


async def test_an_invited_person_chooses_a_password_and_logs_in(office: Office, admin: str) -> None:
    invited = await invite(office, admin)

    joined = await accept(office, invited["token"], name="Rui Lima")

    assert joined.status_code == 201
    assert joined.json()["organization_id"] == str(office.organization_id)
    assert (joined.json()["user"]["name"], joined.json()["user"]["role"]) == ("Rui Lima", "agent")
    assert (await office.login("rui")).status_code == 200


async def test_without_a_name_the_invitations_own_is_taken(office: Office, admin: str) -> None:
    joined = await accept(office, (await invite(office, admin))["token"])

    assert joined.json()["user"]["name"] == "rui"


async def test_a_token_serves_once_even_when_it_is_used_many_times_at_once(office: Office, admin: str) -> None:
    token = (await invite(office, admin))["token"]

    answers = await asyncio.gather(*(accept(office, token) for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [201, 404, 404, 404, 404]
    assert is_not_open(await accept(office, token))


async def test_an_invitation_ends_after_a_week(office: Office, admin: str) -> None:
    token = (await invite(office, admin))["token"]
    office.clock.seconds += INVITATION_LIFE.total_seconds()

    assert is_not_open(await accept(office, token))


async def test_a_newer_invitation_ends_the_older_one(office: Office, admin: str) -> None:
    older, newer = await invite(office, admin), await invite(office, admin, role="viewer")

    listed = (await office.ask("GET", "/invitations", admin)).json()

    assert [(one["id"], one["role"]) for one in listed["invitations"]] == [(newer["id"], "viewer")]
    assert "pti_" not in str(listed)
    assert is_not_open(await accept(office, older["token"]))
    assert (await accept(office, newer["token"])).json()["user"]["role"] == "viewer"


async def test_an_invitation_that_was_taken_back_opens_nothing(office: Office, admin: str) -> None:
    invited = await invite(office, admin)

    statuses = [(await office.ask("DELETE", f"/invitations/{invited['id']}", admin)).status_code for _ in range(2)]

    assert statuses == [204, 404]
    assert is_not_open(await accept(office, invited["token"]))


async def test_a_member_is_not_invited_again(office: Office, admin: str) -> None:
    await office.add("rui", "viewer")

    answer = await office.ask("POST", "/invitations", admin, json={"email": office.email("rui"), "role": "agent"})

    assert (answer.status_code, answer.json()["error_code"]) == (409, "USER_EXISTS")


async def test_who_became_a_member_meanwhile_keeps_his_account(office: Office, admin: str) -> None:
    token = (await invite(office, admin, role="org_admin"))["token"]
    await office.add("rui", "viewer")

    answer = await accept(office, token)

    assert (answer.status_code, answer.json()["error_code"]) == (409, "USER_EXISTS")


async def test_nobody_invites_to_more_than_he_may_do(office: Office, admin: str) -> None:
    for token, role in ((admin, "super_admin"), (await office.as_role("supervisor"), "viewer")):
        answer = await office.ask("POST", "/invitations", token, json={"email": office.email("rui"), "role": role})
        assert (answer.status_code, answer.json()["error_code"]) == (403, "AUTH_INSUFFICIENT_PERMISSION")


async def test_invitations_of_another_organization_are_not_there(office: Office, admin: str) -> None:
    another = office.another()
    invited = await invite(another, await another.as_role("org_admin"))

    assert (await office.ask("GET", "/invitations", admin)).json() == {"total": 0, "invitations": []}
    assert (await office.ask("DELETE", f"/invitations/{invited['id']}", admin)).status_code == 404
    assert (await accept(office, invited["token"])).json()["organization_id"] == str(another.organization_id)


@pytest.mark.parametrize("token", ["", "pti_", "pti_AAAA", "ptr_AAAA", "x" * 500])
async def test_what_is_no_invitation_is_told_so(office: Office, token: str) -> None:
    assert is_not_open(await accept(office, token))


async def test_a_weak_password_leaves_the_invitation_open(office: Office, admin: str) -> None:
    token = (await invite(office, admin))["token"]

    assert (await accept(office, token, password="short")).status_code == 422
    assert (await accept(office, token)).status_code == 201


async def test_who_invited_and_who_joined_is_noted(office: Office, admin: str) -> None:
    taken_back, invited = await invite(office, admin, "leo"), await invite(office, admin)
    await office.ask("DELETE", f"/invitations/{taken_back['id']}", admin)
    joined = (await accept(office, invited["token"])).json()["user"]["id"]

    noted = (await office.noted())[2:]

    boss = noted[0][0]
    assert noted == [
        (boss, "invitation.create"), (boss, "invitation.create"), (boss, "invitation.revoke"),
        (f"user:{joined}", "invitation.accept"), (f"user:{joined}", "user.create"),
    ]  # fmt: skip
