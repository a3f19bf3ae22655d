from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import pytest

from services.embedded.keys import ROOMS
from services.embedded.rooms import GRAPH_API, READERS, Surroundings, graph_api_base, plan_replicas, target

SECRETS = {"SECRET_KEY": "made", "SEALING_KEYS": "made", "META_APP_SECRET": "made", "postgres": "superuser's"}
HTTP = "127.0.0.1:8000"
OWN = dict.fromkeys(READERS, "the user's")


def surroundings(environment: Mapping[str, str] | None = None, replicas: int = 1) -> Surroundings:
    return Surroundings(
        plan=plan_replicas(replicas, HTTP, set()),
        http_address=HTTP,
        graph_api_base="http://127.0.0.1:9/v26.0",
        database_urls={room: f"postgresql://svc_{room}@127.0.0.1/pytake" for room in ROOMS},
        redis_url="redis://127.0.0.1/0",
        secrets=SECRETS,
        secrets_folder=Path("/data/secrets"),
        log_folder=Path("/data/log"),
        environment=environment or {},
    )


def variables_of(room: str, environment: Mapping[str, str] | None = None) -> Mapping[str, str]:
    around = surroundings(environment)
    return around.command(around.plan[room][0]).environment


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_logs_in_as_itself_and_signs_with_its_own_key(room: str) -> None:
    variables = variables_of(room)
    assert f"svc_{room}@" in variables["DATABASE_URL"]
    assert variables["SERVICE_KEY_FILE"] == f"/data/secrets/{room}.jwk.json"


def test_only_ingress_is_told_where_to_serve_http() -> None:
    assert [room for room in ROOMS if "HTTP_ADDRESS" in variables_of(room)] == ["ingress"]


def test_no_room_learns_the_superusers_password() -> None:
    assert all("superuser's" not in variables_of(room).values() for room in ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_told_the_secrets_that_its_settings_read_and_no_others(room: str) -> None:
    fields = import_module(f"services.{room}.settings").Settings.__dataclass_fields__.values()
    read = {field.metadata["variable"] for field in fields}

    told = {name for name, value in variables_of(room, OWN).items() if value == "the user's"}

    assert told == (set(READERS) & read) - {"DATABASE_URL"}


def test_the_simulator_is_told_no_secret_of_the_house_by_its_environment() -> None:
    variables = surroundings(OWN).simulator_command("127.0.0.1:9", Path("simulator.json")).environment

    assert not set(READERS) & set(variables)


def test_a_variable_of_the_user_reaches_the_services() -> None:
    assert variables_of("router", {"LOG_LEVEL": "debug"})["LOG_LEVEL"] == "debug"


def test_a_secret_of_the_user_wins_over_the_houses() -> None:
    assert variables_of("ingress", {"SECRET_KEY": "mine"})["SECRET_KEY"] == "mine"


def test_an_empty_variable_of_the_user_counts_as_unset() -> None:
    assert variables_of("ingress", {"SECRET_KEY": ""})["SECRET_KEY"] == "made"


def test_the_users_database_url_never_reaches_a_room_with_the_administrators_login() -> None:
    url = variables_of("router", {"DATABASE_URL": "postgresql://admin@db/x"})["DATABASE_URL"]
    assert url == "postgresql://svc_router@127.0.0.1/pytake"


def test_a_target_names_every_replica_for_client_side_balancing() -> None:
    replicas = plan_replicas(2, HTTP, set())["router"]
    assert target(replicas) == f"ipv4:{replicas[0].grpc},{replicas[1].grpc}"


def test_replicas_have_names_logs_and_addresses_of_their_own() -> None:
    around = surroundings(replicas=2)
    commands = [around.command(replica) for replica in around.plan["sender"]]
    assert [command.name for command in commands] == ["sender", "sender-2"]
    assert len({command.log_file for command in commands}) == 2
    assert len({command.environment["OPS_ADDRESS"] for command in commands}) == 2


def test_the_first_ingress_serves_at_the_told_address_and_no_two_at_the_same() -> None:
    addresses = [replica.http for replica in plan_replicas(3, HTTP, set())["ingress"]]
    assert addresses[0] == HTTP
    assert len(set(addresses)) == 3


@pytest.mark.parametrize(
    ("environment", "simulator", "base"),
    [
        ({}, "127.0.0.1:9", "http://127.0.0.1:9/v26.0"),
        ({}, None, GRAPH_API),
        ({"META_GRAPH_API_BASE": "https://example.org/v1"}, "127.0.0.1:9", "https://example.org/v1"),
        ({"META_GRAPH_API_BASE": ""}, None, GRAPH_API),
    ],
)
def test_sends_go_to_the_users_choice_else_the_simulator_else_meta(
    environment: Mapping[str, str], simulator: str | None, base: str
) -> None:
    assert graph_api_base(environment, simulator) == base
