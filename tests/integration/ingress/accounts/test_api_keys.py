"""API keys: a part of their maker's permissions, shown once, over and done when revoked."""

from typing import Any

import pytest

from services.ingress.accounts.ring import KEY_SECONDS, KeyRing
from tests.fixtures.accounts import Office
from tests.fixtures.rest import SIGNER, rest_verifier

DAY = 86_400.0


@pytest.fixture
async def admin(office: Office) -> str:
    return await office.as_role("org_admin")


async def make(office: Office, token: str, *scopes: str, name: str = "till", **more: object) -> dict[str, Any]:
    answer = await office.ask("POST", "/api-keys", token, json={"name": name, "scopes": list(scopes), **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_key_does_what_its_scopes_say_and_nothing_else(office: Office, admin: str) -> None:
    made = await make(office, admin, "flows:read")

    assert made["key"].startswith(f"ptk_{made['id'].replace('-', '')}_")
    for headers in ({"authorization": f"Bearer {made['key']}"}, {"x-api-key": made["key"]}):
        assert (await office.client.get("/api/v1/flows", headers=headers)).status_code == 200
        for path in ("/conversations", "/users", "/api-keys", "/roles"):
            refused = await office.client.get(f"/api/v1{path}", headers=headers)
            assert (refused.status_code, refused.json()["error_code"]) == (403, "AUTH_INSUFFICIENT_PERMISSION")


async def test_a_key_knows_who_it_is(office: Office, admin: str) -> None:
    made = await make(office, admin, "flows:read", "conversations:read")

    me = (await office.ask("GET", "/auth/me", made["key"])).json()

    assert (me["kind"], me["subject"], me["role"], me["user"]) == ("api_key", f"api_key:{made['id']}", None, None)
    assert me["permissions"] == ["conversations:read", "flows:read"]
    assert me["organization_id"] == str(office.organization_id)


async def test_a_keys_text_is_told_once(office: Office, admin: str) -> None:
    made = await make(office, admin, "flows:read")

    listed = await office.ask("GET", "/api-keys", admin)

    assert [key["name"] for key in listed.json()["api_keys"]] == ["till"]
    assert made["key"] not in listed.text
    assert made["key"].rpartition("_")[2] not in listed.text


@pytest.mark.parametrize("text", ["ptk_", "ptk_" + "0" * 32 + "_" + "x" * 43, "nobodys-key-of-30-characters--"])
async def test_a_text_that_is_nobodys_key_opens_nothing(office: Office, text: str) -> None:
    answer = await office.ask("GET", "/flows", text)

    assert (answer.status_code, answer.json()["error_code"]) == (401, "AUTH_MISSING_TOKEN")


async def test_a_revoked_key_opens_nothing_here_at_once_and_elsewhere_within_half_a_minute(
    office: Office, admin: str
) -> None:
    made = await make(office, admin, "flows:read")
    elsewhere = KeyRing(office.store, office.clock.monotonic)
    assert (await office.ask("GET", "/flows", made["key"])).status_code == 200
    assert await elsewhere.find(made["key"]) is not None

    assert (await office.ask("DELETE", f"/api-keys/{made['id']}", admin)).status_code == 204

    assert (await office.ask("GET", "/flows", made["key"])).status_code == 401
    assert await elsewhere.find(made["key"]) is not None
    office.clock.seconds += KEY_SECONDS
    assert await elsewhere.find(made["key"]) is None
    assert (await office.ask("DELETE", f"/api-keys/{made['id']}", admin)).status_code == 404


async def test_a_key_ends_on_its_day_though_it_was_looked_up_a_moment_ago(office: Office, admin: str) -> None:
    made = await make(office, admin, "flows:read", expires_in_days=1)
    office.clock.seconds += DAY - 1
    assert (await office.ask("GET", "/flows", made["key"])).status_code == 200

    office.clock.seconds += 1

    assert (await office.ask("GET", "/flows", made["key"])).status_code == 401


async def test_a_name_is_free_again_when_its_key_was_revoked_or_has_ended(office: Office, admin: str) -> None:
    first = await make(office, admin, "flows:read", expires_in_days=1)
    body = {"name": "till", "scopes": ["flows:read"]}
    taken = await office.ask("POST", "/api-keys", admin, json=body)
    assert (taken.status_code, taken.json()["error_code"]) == (409, "API_KEY_EXISTS")

    office.clock.seconds += DAY
    second = await make(office, admin, "flows:read")
    await office.ask("DELETE", f"/api-keys/{second['id']}", admin)
    third = await make(office, admin, "flows:read")

    assert len({first["id"], second["id"], third["id"]}) == 3


@pytest.mark.parametrize(
    "body",
    [
        {"name": "till", "scopes": []},
        {"name": "till", "scopes": ["everything"]},
        {"name": " ", "scopes": ["flows:read"]},
        {"name": "a\0b", "scopes": ["flows:read"]},
        {"name": "till", "scopes": ["flows:read"], "expires_in_days": 0},
        {"name": "till", "scopes": ["flows:read"], "requests_per_minute": 0},
    ],
)
async def test_a_key_that_cannot_be_is_refused(office: Office, admin: str, body: dict[str, object]) -> None:
    answer = await office.ask("POST", "/api-keys", admin, json=body)

    assert (answer.status_code, answer.json()["error_code"]) == (422, "VALIDATION_ERROR")


async def test_a_key_makes_no_key_with_more_than_it_has(office: Office, admin: str) -> None:
    maker = (await make(office, admin, "api_keys:manage", "flows:read", name="maker"))["key"]

    assert await make(office, maker, "flows:read", name="child")
    body = {"name": "greedy", "scopes": ["flows:read", "users:read"]}
    assert (await office.ask("POST", "/api-keys", maker, json=body)).status_code == 403


async def test_keys_of_another_organization_are_not_there(office: Office, admin: str) -> None:
    another = office.another()
    made = await make(another, await another.as_role("org_admin"), "flows:read")

    assert (await office.ask("GET", "/api-keys", admin)).json() == {"total": 0, "api_keys": []}
    assert (await office.ask("DELETE", f"/api-keys/{made['id']}", admin)).status_code == 404
    me = (await office.ask("GET", "/auth/me", made["key"])).json()
    assert me["organization_id"] == str(another.organization_id)


async def test_a_key_is_exchanged_for_a_short_token_of_the_same_scopes(office: Office, admin: str) -> None:
    made = await make(office, admin, "flows:read")

    answer = (await office.ask("POST", "/auth/token", made["key"])).json()

    principal = rest_verifier().prove(answer["access_token"])
    assert (principal.subject, principal.role) == (f"api_key:{made['id']}", None)
    assert principal.permissions == {"flows:read"}
    assert answer["expires_in"] == 900
    # Over REST the key itself is asked for: its own limit and its revocation count there.
    assert (await office.ask("GET", "/flows", answer["access_token"])).status_code == 401


async def test_the_token_of_a_key_ends_with_the_key(office: Office, admin: str) -> None:
    made = await make(office, admin, "flows:read", expires_in_days=1)
    office.clock.seconds += DAY - 100

    answer = (await office.ask("POST", "/auth/token", made["key"])).json()

    assert answer["expires_in"] == 100


async def test_only_a_key_is_exchanged_and_only_a_person_has_a_password(office: Office, admin: str) -> None:
    made = await make(office, admin, "flows:read")
    body = {"current_password": "x", "new_password": "um prato de trigo"}

    assert (await office.ask("POST", "/auth/token", admin)).status_code == 403
    assert (await office.ask("POST", "/auth/password", made["key"], json=body)).status_code == 403
    assert (await office.ask("POST", "/auth/logout", made["key"])).status_code == 403


async def test_a_teams_token_that_is_named_like_nobody_is_a_team(office: Office) -> None:
    token = SIGNER.sign(organization_id=str(office.organization_id), role="viewer", subject="user:somebody")

    me = (await office.ask("GET", "/auth/me", token)).json()

    assert (me["kind"], me["user"]) == ("team", None)


async def test_when_a_key_was_used_is_told_roughly(office: Office, admin: str) -> None:
    made = await make(office, admin, "flows:read")
    assert (await office.ask("GET", "/api-keys", admin)).json()["api_keys"][0]["last_used_at"] is None

    await office.ask("GET", "/flows", made["key"])

    assert (await office.ask("GET", "/api-keys", admin)).json()["api_keys"][0]["last_used_at"] is not None


async def test_making_and_ending_a_key_is_noted_and_what_it_does_is_noted_as_its_own(
    office: Office, admin: str
) -> None:
    made = await make(office, admin, "flows:read", "users:manage")
    await office.ask("GET", "/users", made["key"])
    await office.ask("DELETE", f"/api-keys/{made['id']}", admin)

    boss, *_ = [actor for actor, action in await office.noted() if action == "user.login"]

    assert (await office.noted())[2:] == [
        (boss, "api_key.create"), (f"api_key:{made['id']}", "access.deny"), (boss, "api_key.revoke"),
    ]  # fmt: skip
