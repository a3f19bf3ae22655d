"""Who calls whom is one map: NetworkPolicies, targets in the settings, and the policies in the protos."""

import importlib
from collections.abc import Iterator

from services.chassis.rpc.policy import read_policies
from services.embedded.keys import ROOMS
from tests.house.kustomize import EXAMPLE, Document, of_kind, render
from tools.settings_docs import variables_of

POLICIES = of_kind(render(EXAMPLE), "NetworkPolicy")
GRPC_PORT = 7000

Call = tuple[str, str]
"""Caller and callee."""


def targets() -> set[Call]:
    """The calls that settings have an address for."""
    return {
        (room, variable.name.removesuffix("_TARGET").lower())
        for room in ROOMS
        for variable in variables_of(room)
        if variable.name.endswith("_TARGET")
    }


def allowed_by_protos() -> set[Call]:
    """The calls that some method's policy allows."""
    return {
        (caller, room)
        for room in ROOMS
        for policy in read_policies(_services_of(room)).values()
        for caller in policy.callers
        if caller in ROOMS
    }


def _services_of(room: str) -> list[str]:
    module = importlib.import_module(f"services.pb.{room}.v1.{room}_pb2")
    return [service.full_name for service in module.DESCRIPTOR.services_by_name.values()]


def _grpc_peers(policy: Document, direction: str, side: str) -> Iterator[str]:
    for rule in policy["spec"].get(direction, ()):
        if GRPC_PORT in [port["port"] for port in rule["ports"]]:
            assert rule.get(side), "gRPC is open to everybody"
            for peer in rule[side]:
                yield peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"]


def test_the_network_lets_in_exactly_the_calls_that_services_make() -> None:
    assert {(caller, room) for room in ROOMS for caller in _grpc_peers(POLICIES[room], "ingress", "from")} == targets()


def test_the_network_lets_out_exactly_the_calls_that_services_make() -> None:
    assert {(room, callee) for room in ROOMS for callee in _grpc_peers(POLICIES[room], "egress", "to")} == targets()


def test_every_call_that_services_make_is_allowed_by_a_policy() -> None:
    assert targets() <= allowed_by_protos()


def test_what_no_policy_names_is_denied() -> None:
    assert POLICIES["default-deny"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert all("Ingress" in POLICIES[room]["spec"]["policyTypes"] for room in ROOMS)


def test_only_ingress_is_open_to_everybody_and_only_over_http() -> None:
    is_open = {
        name: [port["port"] for port in rule["ports"]]
        for name, policy in POLICIES.items()
        for rule in policy["spec"].get("ingress", ())
        if not rule.get("from")
    }

    assert is_open == {"ingress": [8000]}


def test_only_sender_and_what_flows_call_reach_the_internet_and_no_private_address() -> None:
    outside = {
        name: rule
        for name, policy in POLICIES.items()
        for rule in policy["spec"].get("egress", ())
        if any("ipBlock" in peer for peer in rule.get("to", ()))
    }

    ports = {room: [port["port"] for port in rule["ports"]] for room, rule in outside.items()}
    assert ports == {"sender": [443], "executor": [443, 80]}
    for rule in outside.values():
        (peer,) = rule["to"]
        assert {"10.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"} <= set(peer["ipBlock"]["except"])
