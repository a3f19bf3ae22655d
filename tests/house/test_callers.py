"""One call map: policies in the protos, targets in the settings, peers in the code, contracts for imports."""

import ast
import importlib
import tomllib
from collections.abc import Iterator

import pytest
from google.protobuf.descriptor import Descriptor, ServiceDescriptor

from services.chassis.rpc.policy import FieldPath, MethodPolicy, read_policies
from services.chassis.tenancy import PERMISSIONS
from services.embedded.keys import ROOMS
from services.pb.common.v1 import audit_pb2, lanes_pb2, sealing_pb2
from tests.house.calls import COMMON, SERVICES, Use, imports_of, peers_of, uses_of
from tests.house.kustomize import ROOT
from tools.settings_docs import variables_of

DEEPEST = 4
PRINCIPALS = {*ROOMS, "operator", "team"}


def services_of(room: str) -> list[ServiceDescriptor]:
    """The services a room's own proto declares, or those of all rooms."""
    if room == COMMON:
        files = (lanes_pb2.DESCRIPTOR, sealing_pb2.DESCRIPTOR, audit_pb2.DESCRIPTOR)
    else:
        files = (importlib.import_module(f"services.pb.{room}.v1.{room}_pb2").DESCRIPTOR,)
    return [service for file in files for service in file.services_by_name.values()]


def policies_of(room: str) -> dict[tuple[str, str], MethodPolicy]:
    """Policies by service and method, without the package; of the room COMMON for what every room may serve."""
    found = read_policies([service.full_name for service in services_of(room)])
    return {(path.split(".")[-1].split("/")[0], path.split("/")[-1]): policy for path, policy in found.items()}


def used() -> set[Use]:
    return {use for room in ROOMS for use in uses_of(room)}


def allowed() -> set[Use]:
    return {
        Use(caller, room, service, method)
        for room in (*ROOMS, COMMON)
        for (service, method), policy in policies_of(room).items()
        for caller in policy.callers & set(ROOMS)
    }


def targets_of(room: str) -> set[str]:
    names = (variable.name for variable in variables_of(room))
    return {name.removesuffix("_TARGET").lower() for name in names if name.endswith("_TARGET")}


def test_a_room_may_call_exactly_what_it_calls() -> None:
    assert sorted(map(str, used())) == sorted(map(str, allowed()))


def test_the_map_is_not_empty_where_messages_travel() -> None:
    assert {
        Use("ingress", "router", "Routing", "RouteMessages"),
        Use("router", "executor", "Execution", "Submit"),
        Use("executor", "sender", "Delivery", "Enqueue"),
        Use("sender", "ingress", "Intake", "GetWatermark"),
    } <= used()


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_an_address_for_each_room_it_calls_and_no_other(room: str) -> None:
    assert targets_of(room) == {use.callee for use in uses_of(room)} - {COMMON}


@pytest.mark.parametrize("room", ROOMS)
def test_stubs_of_other_rooms_are_in_peers_only(room: str) -> None:
    elsewhere = {
        path
        for path, module in imports_of(room)
        if module.endswith("_pb2_grpc") and module.partition(".")[0] not in (room, "common")
    }

    assert elsewhere <= set(peers_of(room))


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_knows_the_messages_of_the_rooms_it_calls_and_no_others(room: str) -> None:
    assert {module.partition(".")[0] for _, module in imports_of(room)} - {room, "common"} == targets_of(room)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_calls_out_from_app_by_the_name_of_the_room(room: str) -> None:
    calls = [
        node for node in ast.walk(ast.parse((SERVICES / room / "app.py").read_text())) if isinstance(node, ast.Call)
    ]
    names = {ast.literal_eval(call.args[0]) for call in calls if ast.unparse(call.func) == "PeerAddress"}

    assert names == targets_of(room)


@pytest.mark.parametrize("room", ROOMS)
def test_every_connection_of_a_room_is_encrypted_when_it_has_certificates(room: str) -> None:
    calls = [
        node for node in ast.walk(ast.parse((SERVICES / room / "app.py").read_text())) if isinstance(node, ast.Call)
    ]
    made = [call for call in calls if ast.unparse(call.func) in ("Peer", "RpcServer")]

    assert len(made) > len(targets_of(room))
    for call in made:
        assert "certificates" in {keyword.arg for keyword in call.keywords}, ast.unparse(call)


@pytest.mark.parametrize("room", [*ROOMS, COMMON])
def test_every_method_has_a_policy_of_known_callers_and_permissions(room: str) -> None:
    policies = policies_of(room)

    assert set(policies) == {(service.name, method.name) for service in services_of(room) for method in service.methods}
    for name, policy in policies.items():
        assert policy.callers <= PRINCIPALS, name
        assert policy.scope in {None, *PERMISSIONS}, name
        assert ("team" in policy.callers) == (policy.scope is not None), name


def fields_below(message: Descriptor, path: FieldPath = ()) -> Iterator[FieldPath]:
    for field in message.fields:
        yield (*path, field.name)
        if field.message_type is not None and len(path) < DEEPEST:
            yield from fields_below(field.message_type, (*path, field.name))


@pytest.mark.parametrize("room", [*ROOMS, COMMON])
def test_every_organization_inside_an_item_of_a_request_is_marked(room: str) -> None:
    for service in services_of(room):
        for method in service.methods:
            named = {path for path in fields_below(method.input_type) if path[-1] == "organization_id"}
            marked = set(policies_of(room)[service.name, method.name].tenant_keys)

            assert named - {("organization_id",)} == marked, method.full_name


def test_the_import_contracts_know_every_room() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    by_id = {contract["id"]: contract for contract in contracts}
    rooms = {f"services.{room}" for room in ROOMS}

    assert set(by_id["rooms"]["modules"]) == rooms
    assert set(by_id["layers"]["containers"]) == rooms
    assert set(by_id["pure-domain"]["source_modules"]) == {f"{room}.domain" for room in rooms}
    assert "ignore_imports" not in by_id["rooms"]
