"""People and programs of an organization, over a running house: applied, let in, kept in their bounds."""

from __future__ import annotations

import re

import grpc
import pytest

from services.pb.executor.v1 import executor_pb2, executor_pb2_grpc
from tests.journeys.conftest import OpenShop
from tests.journeys.patience import eventually
from tests.journeys.rooms import call, organization_of
from tests.journeys.shop import Shop, flow_of


@pytest.fixture
def shop(open_shop: OpenShop) -> Shop:
    return open_shop({"echo": flow_of("echo")})


def email(shop: Shop, who: str) -> str:
    return f"canary-{who}-{shop.serial}@example.com"


def password(shop: Shop) -> str:
    return f"canary-password-{shop.serial}"


def told(said: str, called: str) -> str:
    """A secret that a command told."""
    found = re.search(rf"{called} (\S+) \(told this once\)", said)
    assert found, said
    return found[1]


def test_an_applied_user_logs_in_stays_in_and_a_stolen_refresh_token_ends_it(shop: Shop) -> None:
    users = [{"email": email(shop, "ana"), "name": "Ana", "role": "org_admin", "password": password(shop)}]
    document = shop.document({}, users=users)
    assert f"new       {shop.name}: user {email(shop, 'ana')}" in shop.apply(document)
    assert shop.apply(document).splitlines()[-1] == "nothing to change"
    credentials = {"email": email(shop, "ana").upper(), "password": password(shop)}

    wrong = shop.ask("POST", "/auth/login", token="", json=credentials | {"password": "canary-wrong-password"})
    session = shop.ask("POST", "/auth/login", token="", json=credentials | {"organization": shop.name}).json()

    assert (wrong.status_code, wrong.json()["error_code"]) == (401, "AUTH_INVALID_CREDENTIALS")
    me = shop.ask("GET", "/auth/me", token=session["access_token"]).json()
    assert (me["user"]["email"], me["role"]) == (email(shop, "ana"), "org_admin")
    flows = shop.ask("GET", "/flows", token=session["access_token"])
    assert [flow["name"] for flow in flows.json()["flows"]] == ["echo"]
    assert int(flows.headers["ratelimit-remaining"]) < int(flows.headers["ratelimit-limit"])

    def refreshed(token: str) -> tuple[int, str]:
        answer = shop.ask("POST", "/auth/refresh", token="", json={"refresh_token": token})
        return answer.status_code, answer.json().get("refresh_token", "")

    status, second = refreshed(session["refresh_token"])
    assert status == 200
    assert refreshed(session["refresh_token"])[0] == 401  # used before: one of the two is a thief
    assert refreshed(second)[0] == 401


def test_a_key_can_do_what_its_scope_says_over_rest_and_grpc_until_it_is_revoked(
    shop: Shop, open_shop: OpenShop
) -> None:
    said = shop.apply(shop.document({}, api_keys=[{"name": "till", "scopes": ["flows:read"]}]))
    key = told(said, "key")

    assert shop.ask("GET", "/flows", token=key).json()["total"] == 1
    assert shop.house.web.get(f"{shop.house.http}/api/v1/flows", headers={"X-API-Key": key}).status_code == 200
    for method, path in (("GET", "/conversations"), ("GET", "/users"), ("POST", "/api-keys")):
        refused = shop.ask(method, path, token=key)
        assert (refused.status_code, refused.json()["error_code"]) == (403, "AUTH_INSUFFICIENT_PERMISSION")

    token = shop.ask("POST", "/auth/token", token=key).json()["access_token"]
    stub, request = (
        executor_pb2_grpc.FlowServiceStub,
        executor_pb2.ListFlowsRequest(organization_id=organization_of(token)),
    )
    assert [flow.name for flow in call(shop.house, "executor", stub, "ListFlows", request, token=token).flows] == [
        "echo"
    ]
    states = executor_pb2.ListStatesRequest(organization_id=organization_of(token), limit=1)
    with pytest.raises(grpc.RpcError, match="conversations:read"):
        call(shop.house, "executor", executor_pb2_grpc.StatesStub, "ListStates", states, token=token)
    elsewhere = organization_of(open_shop({"echo": flow_of("echo")}).token())
    with pytest.raises(grpc.RpcError, match="not the token's organization"):
        call(
            shop.house, "executor", stub, "ListFlows", executor_pb2.ListFlowsRequest(organization_id=elsewhere),
            token=token,
        )  # fmt: skip

    assert "flows:read" in shop.house.pytake("api-key", "list", "--organization", shop.name)
    shop.house.pytake("api-key", "revoke", "till", "--organization", shop.name)
    eventually(lambda: shop.ask("GET", "/flows", token=key).status_code == 401, "an end of the key", seconds=60)


def test_an_invited_person_joins_with_the_token_that_was_printed(shop: Shop) -> None:
    who = email(shop, "rui")
    said = shop.house.pytake("user", "add", who, "--organization", shop.name, "--role", "agent", "--name", "Rui")
    body = {"token": told(said, "invitation_token"), "password": password(shop)}

    joined = shop.ask("POST", "/invitations/accept", token="", json=body)

    assert (joined.status_code, joined.json()["user"]["name"]) == (201, "Rui")
    assert f"{who} (Rui)  agent" in shop.house.pytake("user", "list", "--organization", shop.name)
    assert shop.ask("POST", "/invitations/accept", token="", json=body).status_code == 404

    log = shop.house.log()
    assert [secret for secret in (body["token"], body["password"], who) if secret in log] == []
