"""Logging in: who gets a session, and what everybody else is told."""

import asyncio
import base64
import json
from datetime import datetime
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from services.ingress.accounts.passwords import Cost, Passwords
from services.ingress.accounts.sessions import REFUSAL_SECONDS
from tests.fixtures.accounts import CHEAP, PASSWORD, Office
from tests.fixtures.servers import Database as OwnDatabase

WRONG = {"detail": "Wrong e-mail, password or organization", "error_code": "AUTH_INVALID_CREDENTIALS"}


def claims_of(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


async def test_a_login_gives_a_token_of_fifteen_minutes_and_a_refresh_token_of_a_week(office: Office) -> None:
    user_id = await office.add("ana", "agent")

    session = await office.enter("ana")

    claims = claims_of(session["access_token"])
    assert (claims["sub"], claims["org_id"]) == (f"user:{user_id}", str(office.organization_id))
    assert (claims["role"], claims["exp"] - claims["iat"]) == ("agent", 900)
    assert "scope" not in claims
    assert (session["token_type"], session["expires_in"], session["refresh_expires_in"]) == ("Bearer", 900, 604_800)
    assert session["refresh_token"].startswith("ptr_")
    assert session["user"] | {"created_at": None, "last_login_at": None} == {
        "id": user_id,
        "email": office.email("ana"),
        "name": "ana",
        "role": "agent",
        "is_active": True,
        "locked_until": None,
        "last_login_at": None,
        "created_at": None,
    }


async def test_the_token_opens_what_the_role_allows(office: Office) -> None:
    await office.add("vera", "viewer")
    token = (await office.enter("vera"))["access_token"]

    me = (await office.ask("GET", "/auth/me", token)).json()

    assert (me["kind"], me["role"], me["user"]["name"]) == ("user", "viewer", "vera")
    assert me["organization_id"] == str(office.organization_id)
    assert "flows:read" in me["permissions"]
    assert "users:read" not in me["permissions"]
    assert (await office.ask("GET", "/flows", token)).status_code == 200
    assert (await office.ask("GET", "/users", token)).status_code == 403


@pytest.mark.parametrize("wrong", ["password", "email", "organization", "closed", "another's", "elsewhere"])
async def test_whatever_is_wrong_the_answer_is_the_same(office: Office, wrong: str) -> None:
    user_id = await office.add("ana", "agent")
    await office.add("bia", "org_admin")
    elsewhere = office.another()
    await elsewhere.add("carla", "agent")
    if wrong == "closed":
        token = (await office.enter("bia"))["access_token"]
        assert (await office.ask("DELETE", f"/users/{user_id}", token)).status_code == 204
    attempts: dict[str, dict[str, str]] = {
        "password": {"password": "três tigres alegres"},
        "email": {"email": office.email("nobody")},
        "organization": {"organization": "no such office"},
        "closed": {},
        "another's": {"organization": str(elsewhere.organization_id)},
        "elsewhere": {"organization": str(uuid4())},
    }

    answer = await office.login("ana", **attempts[wrong])

    assert (answer.status_code, answer.json()) == (401, WRONG)


async def test_no_wrong_login_is_answered_sooner_than_any_other(office: Office) -> None:
    await office.add("ana", "agent")

    await office.login("ana", "três tigres alegres")
    await office.login("nobody")

    assert office.clock.naps == [REFUSAL_SECONDS] * 2


async def test_an_email_is_written_as_people_write_it(office: Office) -> None:
    await office.add("ana", "agent")

    answer = await office.login("ana", email=f"  {office.email('ana').upper()} ")

    assert answer.status_code == 200


async def test_an_organization_is_named_by_name_or_by_id_or_is_the_only_one(office: Office) -> None:
    email = f"{uuid4().hex}@example.com"
    another = office.another()
    for each in (office, another):
        token = await each.as_role("org_admin")
        body = {"email": email, "role": "agent", "password": PASSWORD}
        assert (await each.ask("POST", "/users", token, json=body)).status_code == 201
        alone = await office.client.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD})
        # Known to two, the address alone says nothing; and the answer does not tell that there are two.
        assert alone.status_code == (200 if each is office else 401)

    for organization in (another.name, str(another.organization_id)):
        answer = await office.login("", email=email, organization=organization)
        assert claims_of(answer.json()["access_token"])["org_id"] == str(another.organization_id)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "ana@example.com"},
        {"email": "ana", "password": "x"},
        {"email": "ana@example.com", "password": 7},
        {"email": "ana@example.com", "password": "x", "organization": "a\0b"},
        {"email": "ana@example.com", "password": "x" * 5000},
    ],
)
async def test_a_login_that_can_never_succeed_is_told_which_field(office: Office, body: dict[str, object]) -> None:
    answer = await office.client.post("/api/v1/auth/login", json=body)

    assert (answer.status_code, answer.json()["error_code"]) == (422, "VALIDATION_ERROR")
    assert answer.json()["errors"]


async def test_five_wrong_passwords_lock_for_a_minute_even_against_the_right_one(office: Office) -> None:
    await office.add("ana", "agent")
    for _ in range(5):
        assert (await office.login("ana", "três tigres alegres")).status_code == 401

    locked = await office.login("ana")
    office.clock.seconds += 61
    opened = await office.login("ana")

    assert (locked.status_code, locked.json()) == (401, WRONG)
    assert opened.status_code == 200


async def test_locks_in_a_row_get_longer_and_a_login_ends_the_row(office: Office) -> None:
    admin = await office.as_role("org_admin")
    user_id = await office.add("ana", "agent")

    async def locked_minutes() -> int:
        for _ in range(5):
            await office.login("ana", "três tigres alegres")
        until = (await office.ask("GET", f"/users/{user_id}", admin)).json()["locked_until"]
        seconds = (datetime.fromisoformat(until) - office.clock.now()).total_seconds()
        office.clock.seconds += seconds + 1
        return round(seconds / 60)

    assert [await locked_minutes() for _ in range(3)] == [1, 2, 4]
    await office.enter("ana")
    assert await locked_minutes() == 1


async def test_forty_wrong_passwords_at_once_are_all_counted(office: Office) -> None:
    await office.add("ana", "agent")

    await asyncio.gather(*(office.login("ana", "três tigres alegres") for _ in range(4)))
    assert (await office.login("ana")).status_code == 200
    await asyncio.gather(*(office.login("ana", "três tigres alegres") for _ in range(40)))

    assert (await office.login("ana")).status_code == 401
    assert [action for _, action in await office.noted()].count("user.lock") == 1


async def test_an_administrator_unlocks(office: Office) -> None:
    admin = await office.as_role("org_admin")
    user_id = await office.add("ana", "agent")
    for _ in range(5):
        await office.login("ana", "três tigres alegres")
    assert (await office.login("ana")).status_code == 401

    unlocked = await office.ask("POST", f"/users/{user_id}/unlock", admin)

    assert (unlocked.status_code, unlocked.json()["locked_until"]) == (200, None)
    assert (await office.login("ana")).status_code == 200


async def test_logins_failures_and_locks_are_noted_and_nothing_personal_with_them(office: Office) -> None:
    user_id = await office.add("ana", "agent")
    await office.enter("ana")
    for _ in range(5):
        await office.login("ana", "três tigres alegres")
    await office.login("nobody")

    me = f"user:{user_id}"
    failed = (me, "user.login_failed")
    assert await office.noted() == [
        ("operator", "user.create"), (me, "user.login"), *[failed] * 5, ("service:ingress", "user.lock"),
    ]  # fmt: skip
    assert not [record for record in await office.records() if "ana" in record.entry or "@" in record.entry]


async def test_a_hash_of_an_older_cost_is_made_anew_at_the_next_login(
    office: Office, module_database: OwnDatabase
) -> None:
    user_id = await office.add("ana", "agent")
    old = await Passwords(Cost(memory_kib=32, iterations=1)).hash(PASSWORD)
    with psycopg.connect(module_database.superuser_url) as connection:
        connection.execute("UPDATE ingress.user_account SET password_hash = %s WHERE user_id = %s", (old, user_id))

    await office.enter("ana")

    with psycopg.connect(module_database.superuser_url) as connection:
        row = connection.execute("SELECT password_hash FROM ingress.user_account WHERE user_id = %s", (user_id,))
        (stored,) = row.fetchone() or ("",)
    assert stored.startswith(CHEAP.prefix)
    assert (await office.login("ana")).status_code == 200


async def test_neither_passwords_nor_tokens_nor_the_directorys_emails_are_stored_in_clear(
    office: Office, module_database: OwnDatabase
) -> None:
    await office.add("ana", "org_admin")
    session = await office.enter("ana")
    made = (
        await office.ask("POST", "/api-keys", session["access_token"], json={"name": "k", "scopes": ["flows:read"]})
    ).json()
    body = {"email": office.email("rui"), "role": "agent"}
    invited = (await office.ask("POST", "/invitations", session["access_token"], json=body)).json()

    tables = ("user_account", "refresh_token", "api_key", "invitation", "audit_event", "api_key_directory")
    with psycopg.connect(module_database.superuser_url) as connection:
        stored = "\n".join(str(connection.execute(f"SELECT * FROM ingress.{t}").fetchall()) for t in tables)
        directory = str(connection.execute("SELECT * FROM ingress.login_directory").fetchall())

    for secret in (PASSWORD, session["refresh_token"], made["key"], invited["token"]):
        assert secret not in stored
        assert secret[-16:] not in stored
    assert "ana@" not in directory
