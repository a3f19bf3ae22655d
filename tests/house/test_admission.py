"""Every method of every room against every kind of caller: who is let in follows from the policy and nothing else."""

import importlib
from collections.abc import Iterator
from itertools import product
from uuid import uuid4

import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from joserfc.jwk import KeySet, OKPKey

from services.chassis.errors import PermissionDenied, Unauthenticated
from services.chassis.rpc.policy import admit, read_policies
from services.chassis.tenancy import ROLES, ServiceSigner, TokenVerifier, sign_team_token
from services.embedded.keys import ROOMS
from services.pb.common.v1 import audit_pb2, lanes_pb2, policy_pb2

SECRET_KEY = "a key of the tests, longer than thirty-two characters"
OURS, OTHERS = str(uuid4()), str(uuid4())
CALLERS = (*ROOMS, "operator")
KEYS = {name: OKPKey.generate_key("Ed25519", parameters={"kid": name}) for name in CALLERS}
POLICY = policy_pb2.policy


def verifier_of(room: str) -> TokenVerifier:
    return TokenVerifier(audience=room, jwks=KeySet(list(KEYS.values())), secret_key=SECRET_KEY)


def methods_of(room: str) -> Iterator[MethodDescriptor]:
    """Everything the room may serve, dead letters and the audit log too."""
    module = importlib.import_module(f"services.pb.{room}.v1.{room}_pb2")
    for file in (module.DESCRIPTOR, lanes_pb2.DESCRIPTOR, audit_pb2.DESCRIPTOR):
        for service in file.services_by_name.values():
            yield from service.methods


def request_for(method: MethodDescriptor, organization_id: str) -> Message:
    """A request that names the organization, if the method's request can."""
    request: Message = GetMessageClass(method.input_type)()
    if "organization_id" in method.input_type.fields_by_name:
        setattr(request, "organization_id", organization_id)  # noqa: B010  # its type is known to protobuf only
    return request


def answer(room: str, method: MethodDescriptor, token: str | None, organization_id: str = OURS) -> str:
    """in, or the code of the refusal."""
    service = method.containing_service.full_name
    try:
        admit(
            f"/{service}/{method.name}",
            request_for(method, organization_id),
            token,
            read_policies([service]),
            verifier_of(room),
        )
    except (PermissionDenied, Unauthenticated) as error:
        return error.code
    return "in"


def team_token(role: str) -> str:
    return sign_team_token(SECRET_KEY, organization_id=OURS, role=role, subject="test")


@pytest.mark.parametrize("room", ROOMS)
def test_a_service_is_let_in_where_its_name_stands(room: str) -> None:
    for method, caller in product(methods_of(room), CALLERS):
        token = ServiceSigner(caller, KEYS[caller]).token_for(room)
        is_listed = caller in method.GetOptions().Extensions[POLICY].callers

        assert answer(room, method, token) == ("in" if is_listed else "CALLER_NOT_ALLOWED"), (method.full_name, caller)


@pytest.mark.parametrize("room", ROOMS)
def test_a_team_is_let_in_with_a_role_that_stands_there_and_for_its_own_organization(room: str) -> None:
    for method, role in product(methods_of(room), ROLES):
        policy = method.GetOptions().Extensions[POLICY]
        is_listed = "team" in policy.callers and (not policy.roles or role in policy.roles)
        told = [answer(room, method, team_token(role), organization_id) for organization_id in (OURS, OTHERS, "")]

        wanted = ["in", "ORGANIZATION_MISMATCH", "ORGANIZATION_MISMATCH"] if is_listed else ["CALLER_NOT_ALLOWED"] * 3
        assert told == wanted, (method.full_name, role)


@pytest.mark.parametrize("room", ROOMS)
def test_nobody_is_let_in_without_a_token_or_with_one_for_another_room(room: str) -> None:
    elsewhere = next(other for other in ROOMS if other != room)
    for method in methods_of(room):
        callers = [caller for caller in method.GetOptions().Extensions[POLICY].callers if caller != "team"]
        tokens = [ServiceSigner(caller, KEYS[caller]).token_for(elsewhere) for caller in callers]

        assert {answer(room, method, token) for token in (None, "", "nonsense", *tokens)} == {"UNAUTHENTICATED"}


def test_a_method_that_is_not_served_is_denied_to_everybody() -> None:
    token = ServiceSigner("ingress", KEYS["ingress"]).token_for("router")
    request = lanes_pb2.ListDeadLettersRequest()

    with pytest.raises(PermissionDenied, match="not served"):
        admit("/pytake.router.v1.Routing/Nothing", request, token, {}, verifier_of("router"))
