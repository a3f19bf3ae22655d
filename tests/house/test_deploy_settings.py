"""What deployments say in the environment is what the services read."""

import dataclasses
import re
from typing import Any

import pytest
import yaml

from services.chassis.settings import ServiceSettings, read_settings
from services.cli.serve import MODULES
from services.embedded.keys import ROOMS
from tests.house.kustomize import EXAMPLE, ROOT, container_of, of_kind, render
from tools.settings_docs import settings_class, variables_of

DOCUMENTS = render(EXAMPLE)
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SHARED: dict[str, str] = of_kind(DOCUMENTS, "ConfigMap")["pytake"]["data"]
VARIABLE = re.compile(r"\$\{(\w+)")


def manifest_of(room: str) -> dict[str, str]:
    """The environment of a room's pods; a secret's value is its key."""
    env = container_of(of_kind(DOCUMENTS, "Deployment")[room])["env"]
    return SHARED | {entry["name"]: entry.get("value", entry["name"]) for entry in env}


@pytest.mark.parametrize("room", ROOMS)
def test_a_pod_is_told_nothing_that_its_service_does_not_read(room: str) -> None:
    assert set(manifest_of(room)) <= {variable.name for variable in variables_of(room)}


@pytest.mark.parametrize("room", ROOMS)
def test_a_pod_is_told_all_that_its_service_requires(room: str) -> None:
    assert read_settings(settings_class(room), manifest_of(room))


def test_shared_values_are_settings_of_every_service() -> None:
    assert set(SHARED) <= {field.metadata["variable"] for field in dataclasses.fields(ServiceSettings)}


@pytest.mark.parametrize("room", ROOMS)
def test_a_target_is_given_and_never_left_to_its_default(room: str) -> None:
    targets = {variable.name for variable in variables_of(room) if variable.name.endswith("_TARGET")}

    for name in targets:
        peer = name.removesuffix("_TARGET").lower()
        assert manifest_of(room)[name] == f"dns:///{peer}:7000"
        assert COMPOSE["services"][room]["environment"][name] == f"dns:///{peer}:7000"


@pytest.mark.parametrize("room", ROOMS)
def test_compose_passes_every_setting_on(room: str) -> None:
    passed = set(COMPOSE["services"][room]["environment"])

    assert passed == {variable.name for variable in variables_of(room)}


@pytest.mark.parametrize("room", ROOMS)
def test_compose_runs_two_of_every_room_once_the_database_is_migrated(room: str) -> None:
    service = COMPOSE["services"][room]

    assert service["command"] == [room]
    assert service["deploy"]["replicas"] == 2
    assert service["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert {secret["source"] for secret in service["secrets"] if isinstance(secret, dict)} == {f"{room}-key"}


def test_compose_runs_only_programs_of_the_image() -> None:
    programs = [service["command"][0] for service in COMPOSE["services"].values() if service["image"] == "pytake"]

    assert sorted(programs) == sorted(MODULES)


def test_everything_compose_asks_for_is_in_the_example() -> None:
    asked = set(VARIABLE.findall((ROOT / "compose.yaml").read_text())) - {"PYTAKE_USER"}
    offered = set(re.findall(r"^#?([A-Z][A-Z0-9_]*)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert asked == offered


def test_sender_knows_how_many_share_its_limits() -> None:
    replicas = of_kind(DOCUMENTS, "Deployment")["sender"]["spec"]["replicas"]

    assert manifest_of("sender")["SENDER_REPLICAS"] == str(replicas)
    sender = COMPOSE["services"]["sender"]
    assert sender["environment"]["SENDER_REPLICAS"] == str(sender["deploy"]["replicas"])
