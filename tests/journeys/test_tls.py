"""A deployment in which everybody shows a certificate: messages travel the whole road, and the operator is let in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.fixtures.servers import Database
from tests.journeys.conftest import new_folder
from tests.journeys.deployment import Deployment, running_deployment
from tests.journeys.house import ROOMS, CommandFailed
from tests.journeys.shop import Shop, flow_of

PLAIN = [("grpc.enable_http_proxy", 0)]


@pytest.fixture(scope="module")
def deployment(module_database: Database, valkey_url: str) -> Iterator[Deployment]:
    with new_folder() as folder, running_deployment(folder, module_database, valkey_url) as started:
        yield started


@pytest.fixture(scope="module")
def shop(deployment: Deployment) -> Shop:
    """An organization that was applied over the operator's encrypted line, and its number at the simulated Meta."""
    shop = Shop(deployment, 1)
    shop.apply(shop.document({"echo": flow_of("echo")}))
    number = {
        "phone_number_id": shop.number,
        "display_phone_number": f"+{shop.number}",
        "waba_id": "200000000000001",
        "access_tokens": [shop.access_token],
        "app_secret": shop.secret,
        "webhook_url": f"{deployment.http}/api/v1/whatsapp/webhook/{shop.app}",
        "verified_name": shop.name,
    }
    answer = deployment.web.put(f"{deployment.meta}/_sim/numbers/{shop.number}", json=number)
    assert answer.status_code == 200, answer.text
    return shop


def as_caller(deployment: Deployment, **settings: str) -> Deployment:
    """The same deployment, with other settings for the commands."""
    return replace(deployment, environment=dict(deployment.environment) | settings)


def test_a_message_travels_the_whole_road_between_rooms_that_show_certificates(shop: Shop) -> None:
    person = shop.person()

    shop.hear_text(person, "Oi", "tudo bem?")

    assert shop.replies(person) == ["You said: ", "You said: tudo bem?"]
    # Over REST, whose answer ingress gathers from router, executor and analytics.
    found = shop.conversation(person, token=shop.token())
    assert [line["type"] for line in found["messages"]] == ["user", "bot", "user", "bot"]


def test_the_audit_log_of_every_room_is_verified_over_encrypted_lines(deployment: Deployment, shop: Shop) -> None:
    noted = [json.loads(line) for line in deployment.pytake("audit", "verify", "--json").splitlines()]

    assert {head["room"] for head in noted if head["organization"] == shop.name} == {
        "ingress", "router", "executor", "sender",
    }  # fmt: skip
    assert all(head["flaw"] is None for head in noted)


def test_the_operator_is_let_in_with_his_own_certificate_only(deployment: Deployment, shop: Shop) -> None:
    plain = as_caller(deployment, TLS_CERT_FILE="", TLS_KEY_FILE="", TLS_CA_FILE="")
    foreign = as_caller(deployment, **deployment.plan.certificate("team"))

    with pytest.raises(CommandFailed, match="router is out of reach"):
        plain.pytake("audit", "verify", "--organization", shop.name)
    with pytest.raises(CommandFailed, match="certificate"):
        foreign.pytake("audit", "verify", "--organization", shop.name)
    with pytest.raises(CommandFailed, match="set all three or none"):
        as_caller(deployment, TLS_CA_FILE="").pytake("audit", "verify")


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_deaf_to_clear_text(deployment: Deployment, room: str) -> None:
    address = deployment.status()["services"][room]["grpc"]
    with grpc.insecure_channel(address, options=PLAIN) as channel, pytest.raises(grpc.RpcError) as refused:
        health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=20)

    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


def test_nothing_of_a_deployments_secrets_stays_where_it_was_applied_from(deployment: Deployment, shop: Shop) -> None:
    assert shop.access_token
    assert not (deployment.data / "secrets" / "applied.json").exists()
