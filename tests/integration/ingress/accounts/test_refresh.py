"""Staying logged in: every refresh token serves once, and a second use ends its family."""

import asyncio
from typing import Any

import psycopg
import pytest

from services.ingress.domain.accounts.facts import REFRESH_LIFE
from services.ingress.domain.accounts.texts import REFRESH_PREFIX, bound_text
from tests.fixtures.accounts import PASSWORD, Office
from tests.fixtures.servers import Database as OwnDatabase

DEAD = {"detail": "The refresh token is not valid; log in again", "error_code": "AUTH_INVALID_REFRESH_TOKEN"}


@pytest.fixture
async def session(office: Office) -> dict[str, Any]:
    await office.add("ana", "agent")
    return await office.enter("ana")


async def is_dead(office: Office, token: str) -> bool:
    answer = await office.refresh(token)
    if answer.status_code == 401:
        assert answer.json() == DEAD
    return answer.status_code == 401


async def test_each_use_brings_the_next_token(office: Office, session: dict[str, Any]) -> None:
    tokens = [session["refresh_token"]]
    for _ in range(3):
        answer = await office.refresh(tokens[-1])
        assert answer.status_code == 200
        assert (await office.ask("GET", "/auth/me", answer.json()["access_token"])).status_code == 200
        tokens.append(answer.json()["refresh_token"])

    assert len(set(tokens)) == 4


async def test_a_token_that_is_used_again_ends_the_whole_family(office: Office, session: dict[str, Any]) -> None:
    first = session["refresh_token"]
    second = (await office.refresh(first)).json()["refresh_token"]
    third = (await office.refresh(second)).json()["refresh_token"]

    assert await is_dead(office, first)

    assert await is_dead(office, third)
    assert await is_dead(office, second)


async def test_a_reuse_is_noted_once_and_other_sessions_go_on(office: Office, session: dict[str, Any]) -> None:
    other = await office.enter("ana")
    await office.refresh(session["refresh_token"])
    for _ in range(3):
        assert await is_dead(office, session["refresh_token"])

    assert [action for _, action in await office.noted()].count("session.reuse") == 1
    assert not await is_dead(office, other["refresh_token"])


async def test_of_twenty_uses_at_once_one_wins_and_the_family_ends(office: Office, session: dict[str, Any]) -> None:
    answers = await asyncio.gather(*(office.refresh(session["refresh_token"]) for _ in range(20)))

    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert {answer.status_code for answer in answers} == {200, 401}
    assert await is_dead(office, won[0].json()["refresh_token"])


async def test_a_token_lives_seven_days(office: Office, session: dict[str, Any]) -> None:
    office.clock.seconds += REFRESH_LIFE.total_seconds() - 1
    fresh = (await office.refresh(session["refresh_token"])).json()["refresh_token"]
    office.clock.seconds += REFRESH_LIFE.total_seconds()

    assert await is_dead(office, fresh)
    assert "session.reuse" not in [action for _, action in await office.noted()]


@pytest.mark.parametrize("token", ["", "ptr_", "ptr_AAAA", "pti_x", "é", "x" * 500])
async def test_what_was_never_given_out_opens_nothing(office: Office, token: str) -> None:
    assert await is_dead(office, token)


async def test_a_token_of_one_organization_is_nobodys_in_another(office: Office, session: dict[str, Any]) -> None:
    # The organization stands in the token: made for another one, it is another text and finds no row.
    assert await is_dead(office, bound_text(REFRESH_PREFIX, office.another().organization_id, bytes(32)))


async def test_logging_out_ends_this_session_only(office: Office, session: dict[str, Any]) -> None:
    other = await office.enter("ana")
    body = {"refresh_token": session["refresh_token"]}

    for _ in range(2):
        assert (await office.ask("POST", "/auth/logout", json=body)).status_code == 204

    assert await is_dead(office, session["refresh_token"])
    assert not await is_dead(office, other["refresh_token"])
    assert [action for _, action in await office.noted()].count("session.end") == 1


async def test_logging_out_everywhere_takes_the_access_token(office: Office, session: dict[str, Any]) -> None:
    other = await office.enter("ana")
    assert (await office.ask("POST", "/auth/logout")).status_code == 401

    assert (await office.ask("POST", "/auth/logout", session["access_token"])).status_code == 204

    assert await is_dead(office, session["refresh_token"])
    assert await is_dead(office, other["refresh_token"])


@pytest.mark.parametrize("change", [{"role": "viewer"}, {"is_active": False}])
async def test_another_role_and_a_closed_account_end_every_session(
    office: Office, session: dict[str, Any], change: dict[str, object]
) -> None:
    admin = await office.as_role("org_admin")
    path = f"/users/{session['user']['id']}"

    assert (await office.ask("PATCH", path, admin, json=change)).status_code == 200

    assert await is_dead(office, session["refresh_token"])


async def test_another_name_ends_no_session(office: Office, session: dict[str, Any]) -> None:
    admin = await office.as_role("org_admin")

    await office.ask("PATCH", f"/users/{session['user']['id']}", admin, json={"name": "Ana Souza"})

    assert not await is_dead(office, session["refresh_token"])


async def test_another_password_ends_every_session_and_opens_the_next(office: Office, session: dict[str, Any]) -> None:
    body = {"current_password": PASSWORD, "new_password": "um prato de trigo"}

    changed = await office.ask("POST", "/auth/password", session["access_token"], json=body)

    assert changed.status_code == 204
    assert await is_dead(office, session["refresh_token"])
    assert (await office.login("ana")).status_code == 401
    assert (await office.login("ana", "um prato de trigo")).status_code == 200


async def test_a_wrong_current_password_counts_towards_the_lock(office: Office, session: dict[str, Any]) -> None:
    body = {"current_password": "três tigres alegres", "new_password": "um prato de trigo"}
    for _ in range(5):
        refused = await office.ask("POST", "/auth/password", session["access_token"], json=body)
        assert (refused.status_code, refused.json()["error_code"]) == (401, "AUTH_INVALID_CREDENTIALS")

    assert (await office.login("ana")).status_code == 401


async def test_a_weak_new_password_is_refused_and_changes_nothing(office: Office, session: dict[str, Any]) -> None:
    body = {"current_password": PASSWORD, "new_password": "short"}

    refused = await office.ask("POST", "/auth/password", session["access_token"], json=body)

    assert (refused.status_code, refused.json()["error_code"]) == (422, "VALIDATION_ERROR")
    assert "new_password must have" in refused.json()["detail"]
    assert not await is_dead(office, session["refresh_token"])


async def test_links_that_have_ended_are_swept_at_the_next_login(
    office: Office, session: dict[str, Any], module_database: OwnDatabase
) -> None:
    office.clock.seconds += REFRESH_LIFE.total_seconds() + 1

    await office.enter("ana")

    with psycopg.connect(module_database.superuser_url) as connection:
        rows = connection.execute(
            "SELECT count(*) FROM ingress.refresh_token WHERE organization_id = %s", (office.organization_id,)
        )
        assert rows.fetchone() == (1,)
