"""Who may do what over REST, and what strangers and accidents are told."""

import asyncio
import time
from collections.abc import MutableMapping
from typing import Any
from uuid import UUID, uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from structlog.testing import capture_logs

from services.chassis.errors import PermissionDenied
from services.chassis.tenancy import PERMISSIONS
from services.ingress.http.guard import Guard
from services.pb.common.v1 import errors_pb2
from tests.fakes.ingress_peers import state_of
from tests.fixtures.rest import SECRET_KEY, SIGNER, Asker, asking, bearing, stage

LIST = "/api/v1/conversations"
ONE = f"{LIST}/5511987654321"
NOT_AUTHENTICATED = {"detail": "Not authenticated", "error_code": "AUTH_MISSING_TOKEN"}
INSUFFICIENT = {"detail": "Insufficient permissions", "error_code": "AUTH_INSUFFICIENT_PERMISSION"}


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer a.b.c", "Basic dTpw", "token"],
)
async def test_without_a_valid_token_nobody_is_known(asker: Asker, header: str | None) -> None:
    headers = {} if header is None else {"authorization": header}

    answer = await asker.client.get(LIST, headers=headers)

    assert (answer.status_code, answer.json()) == (401, NOT_AUTHENTICATED)
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_an_expired_token_is_no_token(asker: Asker) -> None:
    claims = {"sub": "u", "org_id": str(uuid4()), "role": "agent", "iat": 1, "exp": int(time.time()) - 60}
    token = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET_KEY), algorithms=["HS256"])

    answer = await asker.client.get(LIST, headers={"authorization": f"Bearer {token}"})

    assert (answer.status_code, answer.json()) == (401, NOT_AUTHENTICATED)


@pytest.mark.parametrize(
    ("method", "path", "roles"),
    [
        ("GET", LIST, {"super_admin", "org_admin", "supervisor", "agent"}),
        ("GET", ONE, {"super_admin", "org_admin", "supervisor", "agent"}),
        ("POST", f"{ONE}/send", {"org_admin", "supervisor", "agent"}),
        ("POST", f"{ONE}/take", {"org_admin", "supervisor", "agent"}),
        ("POST", f"{ONE}/release", {"org_admin", "supervisor", "agent"}),
        ("POST", f"{ONE}/close", {"org_admin", "supervisor", "agent"}),
        ("GET", "/api/v1/flows", {"super_admin", "org_admin", "supervisor", "agent", "viewer"}),
        ("GET", "/api/v1/audit", {"super_admin", "org_admin"}),
    ],
)
async def test_only_the_roles_of_the_contract_may(asker: Asker, method: str, path: str, roles: set[str]) -> None:
    asker.house.states[asker.organization_id] = [state_of()]

    answers = {
        role: await asker.client.request(
            method, path, json={"message": "oi"} if method == "POST" else None, headers=asker.in_role(role).headers
        )
        for role in ("super_admin", "org_admin", "supervisor", "agent", "viewer")
    }

    assert {role for role, answer in answers.items() if answer.status_code == 200} == (
        roles if not path.endswith("/close") else {"org_admin"}  # the first one closes it, the next finds it closed
    )
    for role in set(answers) - roles:
        assert (answers[role].status_code, answers[role].json()) == (403, INSUFFICIENT)


async def test_a_token_of_the_contract_is_believed_for_fifteen_minutes(asker: Asker) -> None:
    claims = {"sub": "user_123", "org_id": str(asker.organization_id), "role": "agent"}
    fresh, stale = (
        jwt.encode({"alg": "HS256"}, claims | {"iat": int(time.time()) - age}, OctKey.import_key(SECRET_KEY), ["HS256"])
        for age in (0, 960)
    )

    answers = [await asker.client.get(LIST, headers=bearing(token)) for token in (fresh, stale)]

    assert [answer.status_code for answer in answers] == [200, 401]


@pytest.mark.parametrize(
    ("method", "path", "permission"),
    [
        ("GET", LIST, "conversations:read"),
        ("GET", ONE, "conversations:read"),
        ("POST", f"{ONE}/send", "messages:send"),
        ("POST", f"{ONE}/take", "conversations:manage"),
        ("POST", f"{ONE}/release", "conversations:manage"),
        ("POST", f"{ONE}/close", "conversations:close"),
        ("GET", "/api/v1/flows", "flows:read"),
    ],
)
async def test_a_scope_gives_the_permission_it_names_and_no_other(
    asker: Asker, method: str, path: str, permission: str
) -> None:
    asker.house.states[asker.organization_id] = [state_of()]
    body = {"message": "oi"} if method == "POST" else None
    statuses = []

    for permissions in (PERMISSIONS - {permission}, {permission}):
        token = SIGNER.sign(
            organization_id=str(asker.organization_id), role=None, subject="key", permissions=permissions
        )
        answer = await asker.client.request(method, path, json=body, headers=bearing(token))
        statuses.append(answer.status_code)

    assert statuses == [403, 200]


async def test_a_denial_is_written_down_with_the_route_and_not_the_phone(asker: Asker) -> None:
    with capture_logs() as written:
        await asker.client.get(ONE)
        await asker.in_role("viewer").get(ONE)

    denied = {(line["reason"], line["principal"]): line for line in written if line["event"] == "call_denied"}
    assert set(denied) == {("AUTH_MISSING_TOKEN", ""), ("AUTH_INSUFFICIENT_PERMISSION", "team")}
    assert {line["method"] for line in denied.values()} == {"GET /conversations/{phone}"}
    assert denied["AUTH_INSUFFICIENT_PERMISSION", "team"]["organization_id"] == str(asker.organization_id)


async def test_a_stranger_learns_nothing_about_fields(asker: Asker) -> None:
    answer = await asker.client.get(LIST, params={"limit": "0"})

    assert answer.status_code == 401


async def test_an_accident_is_told_by_an_id_only(asker: Asker, capfd: pytest.CaptureFixture[str]) -> None:
    asker.house.failure = ZeroDivisionError("with 5511987654321 in it")

    answer = await asker.get(ONE)

    assert (answer.status_code, answer.json()["error_code"]) == (500, "INTERNAL")
    detail = answer.json()["detail"]
    assert "5511987654321" not in detail
    written = capfd.readouterr()
    assert detail.rpartition(" ")[2] in written.out + written.err


async def test_a_room_that_refuses_ingress_itself_is_an_accident(asker: Asker) -> None:
    asker.house.failure = PermissionDenied("ingress may not", reason=errors_pb2.ERROR_REASON_CALLER_NOT_ALLOWED)

    answer = await asker.get(ONE)

    assert (answer.status_code, answer.json()["error_code"]) == (500, "INTERNAL")


async def test_unknown_paths_and_methods_are_answered_in_the_one_form(asker: Asker) -> None:
    unknown, wrong = await asker.get("/api/v1/nothing"), await asker.post(LIST, {})

    assert (unknown.status_code, unknown.json()["error_code"]) == (404, "NOT_FOUND")
    assert (wrong.status_code, wrong.json()["error_code"]) == (405, "METHOD_NOT_ALLOWED")
    assert wrong.headers["allow"] == "GET, HEAD, OPTIONS"
    assert set(unknown.json()) == set(wrong.json()) == {"detail", "error_code"}


async def test_a_huge_body_is_refused(asker: Asker) -> None:
    answer = await asker.post(f"{ONE}/send", {"message": "x" * 70_000})

    assert (answer.status_code, answer.json()["error_code"]) == (413, "BODY_TOO_LARGE")
    assert answer.headers["connection"] == "close"


async def test_json_that_is_nested_without_end_is_refused(asker: Asker) -> None:
    headers = asker.headers | {"content-type": "application/json"}
    for body in (b"[" * 60_000, b"[" * 30_000 + b"]" * 30_000, b'{"message":' * 5_000):
        answer = await asker.client.post(f"{ONE}/send", content=body, headers=headers)

        assert answer.status_code in (400, 422)


async def test_a_body_that_comes_too_slowly_is_not_waited_for() -> None:
    async with asking() as asker:
        guarded = Guard(stage(is_ready=True)[0].build_middleware_stack(), body_seconds=0.0)
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            await asyncio.Event().wait()
            raise AssertionError("nothing comes")

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        headers = [(name.encode(), value.encode()) for name, value in asker.headers.items()]
        scope = {
            "type": "http", "http_version": "1.1", "method": "POST", "path": f"{ONE}/send", "query_string": b"",
            "headers": [*headers, (b"content-type", b"application/json")], "app": stage(is_ready=True)[0],
        }  # fmt: skip
        await guarded(scope, receive, send)

    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]
    assert b"BODY_TIMEOUT" in sent[1]["body"]


@pytest.mark.parametrize(
    "path",
    [f"/api/v1/campaigns/{UUID(int=7)}/recipients", "/api/v1/messages", "/api/v1/messages/",
     *(f"/api/v1/flows/{UUID(int=7)}/{verb}" for verb in ("publish", "rollback"))],
)  # fmt: skip
async def test_a_list_as_long_as_it_may_be_is_read_and_one_that_is_longer_is_not(asker: Asker, path: str) -> None:
    longest, longer = [await asker.post(path, {"more": "x" * size}) for size in (500 * 1024, 600 * 1024)]

    assert longest.status_code != 413
    assert (longer.status_code, longer.json()["error_code"]) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize("path", ["/healthz", "/docs", LIST, "/nothing"])
async def test_every_answer_forbids_guessing_framing_and_foreign_scripts(asker: Asker, path: str) -> None:
    headers = (await asker.get(path)).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"


async def test_health_and_readiness_answer_probes() -> None:
    async with asking() as well, asking(is_ready=False) as unwell:
        assert (await well.get("/healthz")).json() == {"status": "ok"}
        assert (await well.client.head("/healthz")).status_code == 200
        assert (await well.get("/readyz")).json() == {"status": "ready"}
        assert (await unwell.get("/healthz")).status_code == 200
        assert (await unwell.get("/readyz")).status_code == 503
