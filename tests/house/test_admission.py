"""Every method of every room against every kind of caller: who is let in follows from the policy and nothing else."""

import importlib
from collections.abc import Iterator
from itertools import product
from uuid import uuid4

import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from joserfc.jwk import OKPKey

from services.chassis.errors import InvalidArgument, PermissionDenied, PytakeError, Unauthenticated
from services.chassis.rpc.admission import authorize, check_certificate, identify
from services.chassis.rpc.policy import MethodPolicy, read_policies
from services.chassis.tenancy import (
    PERMISSIONS,
    ROLE_PERMISSIONS,
    ROLES,
    Principal,
    PublicKeys,
    ServiceSigner,
    TeamSigner,
    TokenVerifier,
)
from services.embedded.keys import ROOMS
from services.pb.common.v1 import audit_pb2, lanes_pb2, policy_pb2, sealing_pb2
from services.pb.executor.v1 import executor_pb2

OURS, OTHERS = str(uuid4()), str(uuid4())
CALLERS = (*ROOMS, "operator")
KEYS = {name: OKPKey.generate_key("Ed25519", parameters={"kid": name}) for name in CALLERS}
POLICY = policy_pb2.policy
MALFORMED = ("", "acme", OURS.upper(), f"{{{OURS}}}", OURS.replace("-", ""), f"{OURS}\n", f"{OURS}0")


def verifier_of(room: str) -> TokenVerifier:
    return TokenVerifier(audience=room, keys=PublicKeys(KEYS.values()))


def methods_of(room: str) -> Iterator[MethodDescriptor]:
    """Everything the room may serve, what all rooms do too."""
    module = importlib.import_module(f"services.pb.{room}.v1.{room}_pb2")
    for file in (module.DESCRIPTOR, lanes_pb2.DESCRIPTOR, sealing_pb2.DESCRIPTOR, audit_pb2.DESCRIPTOR):
        for service in file.services_by_name.values():
            yield from service.methods


def request_for(method: MethodDescriptor, organization_id: str) -> Message:
    """A request that names the organization, if the method's request can."""
    request: Message = GetMessageClass(method.input_type)()
    if "organization_id" in method.input_type.fields_by_name:
        setattr(request, "organization_id", organization_id)  # noqa: B010  # its type is known to protobuf only
    return request


def answer(room: str, method: MethodDescriptor, token: str, organization_id: str = OURS) -> str:
    """in, or the code of the refusal."""
    service = method.containing_service.full_name
    try:
        principal = identify(token, verifier_of(room))
        request = request_for(method, organization_id)
        authorize(f"/{service}/{method.name}", request, principal, read_policies([service]))
    except PytakeError as error:
        return error.code
    return "in"


def team_token(role: str | None, *permissions: str) -> str:
    signer = TeamSigner("operator", KEYS["operator"])
    return signer.sign(organization_id=OURS, role=role, subject="test", permissions=permissions or None)


@pytest.mark.parametrize("room", ROOMS)
def test_a_service_is_let_in_where_its_name_stands(room: str) -> None:
    for method, caller in product(methods_of(room), CALLERS):
        token = ServiceSigner(caller, KEYS[caller]).token_for(room)
        is_listed = caller in method.GetOptions().Extensions[POLICY].callers

        assert answer(room, method, token) == ("in" if is_listed else "CALLER_NOT_ALLOWED"), (method.full_name, caller)


@pytest.mark.parametrize("room", ROOMS)
def test_a_team_is_let_in_with_the_permission_that_stands_there_and_for_its_own_organization(room: str) -> None:
    for method, role in product(methods_of(room), ROLES):
        policy = method.GetOptions().Extensions[POLICY]
        may = "team" in policy.callers and policy.scope in ROLE_PERMISSIONS[role]
        told = [answer(room, method, team_token(role), organization_id) for organization_id in (OURS, OTHERS, "")]

        wanted = ["in", "ORGANIZATION_MISMATCH", "INVALID_FIELD"] if may else ["CALLER_NOT_ALLOWED"] * 3
        assert told == wanted, (method.full_name, role)


@pytest.mark.parametrize("room", ROOMS)
def test_an_api_key_is_let_in_by_its_scope_alone(room: str) -> None:
    for method in methods_of(room):
        scope = method.GetOptions().Extensions[POLICY].scope
        if scope:
            assert answer(room, method, team_token(None, scope)) == "in"
            assert answer(room, method, team_token(None, *(PERMISSIONS - {scope}))) == "CALLER_NOT_ALLOWED"
            another = min(ROLE_PERMISSIONS["org_admin"] - {scope})
            assert answer(room, method, team_token("org_admin", another)) == "CALLER_NOT_ALLOWED"


@pytest.mark.parametrize("room", ROOMS)
def test_an_organization_that_is_no_uuid_is_refused_whoever_asks(room: str) -> None:
    for method in methods_of(room):
        policy = method.GetOptions().Extensions[POLICY]
        if policy.tenant != policy_pb2.TENANT_RULE_REQUEST:
            continue
        tokens = [ServiceSigner(it, KEYS[it]).token_for(room) for it in policy.callers if it != "team"]
        tokens += [team_token(None, policy.scope)] if policy.scope else []
        for token, organization_id in product(tokens, MALFORMED):
            assert answer(room, method, token, organization_id) == "INVALID_FIELD", (method.full_name, organization_id)


@pytest.mark.parametrize("room", ROOMS)
def test_nobody_is_let_in_without_a_token_or_with_one_for_another_room(room: str) -> None:
    elsewhere = next(other for other in ROOMS if other != room)
    for method in methods_of(room):
        callers = [caller for caller in method.GetOptions().Extensions[POLICY].callers if caller != "team"]
        tokens = [ServiceSigner(caller, KEYS[caller]).token_for(elsewhere) for caller in callers]

        assert {answer(room, method, token) for token in ("", "nonsense", *tokens)} == {"UNAUTHENTICATED"}


def test_a_method_that_is_not_served_is_denied_to_everybody() -> None:
    principal = identify(ServiceSigner("ingress", KEYS["ingress"]).token_for("router"), verifier_of("router"))

    with pytest.raises(PermissionDenied, match="not served"):
        authorize("/pytake.router.v1.Routing/Nothing", lanes_pb2.ListDeadLettersRequest(), principal, {})


def principal(name: str, organization_id: str | None = None, *permissions: str) -> Principal:
    return Principal(name, organization_id, None, 0.0, "someone", frozenset(permissions))


def batch(*organizations: str) -> executor_pb2.SubmitRequest:
    return executor_pb2.SubmitRequest(
        events=[executor_pb2.ConversationEvent(organization_id=organization_id) for organization_id in organizations]
    )


BATCH = {
    "/batch": MethodPolicy(
        frozenset({"router", "team"}),
        policy_pb2.TENANT_RULE_BATCH,
        "messages:send",
        (("events", "organization_id"),),
    )
}


def test_who_is_bound_to_an_organization_may_name_no_other_in_any_item_of_a_batch() -> None:
    team = principal("team", OURS, "messages:send")

    authorize("/batch", batch(), team, BATCH)
    authorize("/batch", batch(OURS, OURS), team, BATCH)
    with pytest.raises(PermissionDenied, match="leave other organizations alone"):
        authorize("/batch", batch(OURS, OTHERS), team, BATCH)
    with pytest.raises(InvalidArgument):
        authorize("/batch", batch(OURS, ""), team, BATCH)


def test_a_service_among_the_callers_of_a_batch_may_name_many_organizations() -> None:
    authorize("/batch", batch(OURS, OTHERS), principal("router"), BATCH)
    with pytest.raises(PermissionDenied):
        authorize("/batch", batch(OURS), principal("sender"), BATCH)


@pytest.mark.parametrize(
    ("name", "certificate", "is_let_in"),
    [
        ("router", {"router"}, True),
        ("router", {"router", "localhost"}, True),
        ("router", {"sender"}, False),
        ("router", {"team"}, False),
        ("router", set(), False),
        ("team", {"team"}, True),
        ("team", {"ingress"}, True),
        ("team", {"router"}, False),
        ("ingress", {"team"}, False),
        ("operator", {"operator"}, True),
    ],
)
def test_a_token_serves_on_its_callers_own_connection_only(name: str, certificate: set[str], is_let_in: bool) -> None:
    if is_let_in:
        check_certificate(principal(name), frozenset(certificate))
        return
    with pytest.raises(Unauthenticated, match="certificate is not"):
        check_certificate(principal(name), frozenset(certificate))
