"""Who calls, and whether the method's policy lets that caller in."""

from __future__ import annotations

import re
from collections.abc import Mapping

from google.protobuf.message import Message

from services.chassis.errors import InvalidArgument, PermissionDenied, Unauthenticated
from services.chassis.rpc.policy import MethodPolicy, organizations_in
from services.chassis.tenancy import TEAM, Principal, TokenVerifier
from services.pb.common.v1 import errors_pb2, policy_pb2

# The one spelling, since it is compared with tokens as a text.
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

# Teams have no certificate each: theirs is "team", and ingress speaks for people.
_CARRIERS = {TEAM: frozenset({TEAM, "ingress"})}


def identify(token: str, verifier: TokenVerifier) -> Principal:
    """The caller its token proves. Raises Unauthenticated."""
    if not token:
        raise Unauthenticated("no token; send `authorization: Bearer …`, made by `pytake token`")
    return verifier.prove(token)


def check_certificate(principal: Principal, named: frozenset[str]) -> None:
    """Hold a caller against the principals that its connection's certificate names. Raises Unauthenticated.

    A token that was stolen from one caller is worth nothing on the connection of another.
    """
    if named.isdisjoint(_CARRIERS.get(principal.name, {principal.name})):
        raise Unauthenticated(f"the token is of {principal.name} and the connection's certificate is not")


def authorize(method: str, request: Message, principal: Principal, policies: Mapping[str, MethodPolicy]) -> None:
    """Hold a caller and its request against the method's policy. Raises PermissionDenied or InvalidArgument."""
    policy = policies.get(method)
    if policy is None:
        raise PermissionDenied("this method is not served", reason=errors_pb2.ERROR_REASON_CALLER_NOT_ALLOWED)
    if principal.name not in policy.callers:
        raise PermissionDenied(
            f"{principal.name} may not call this method", reason=errors_pb2.ERROR_REASON_CALLER_NOT_ALLOWED
        )
    if not principal.is_service and policy.scope not in principal.permissions:
        raise PermissionDenied(
            f"calling this method needs the permission {policy.scope}",
            reason=errors_pb2.ERROR_REASON_CALLER_NOT_ALLOWED,
        )
    if policy.tenant == policy_pb2.TENANT_RULE_REQUEST:
        _check_organization(getattr(request, "organization_id", ""), principal)
    if not principal.is_service:
        for path in policy.tenant_keys:
            for organization_id in organizations_in(request, path):
                _check_organization(organization_id, principal)


def _check_organization(organization_id: str, principal: Principal) -> None:
    if not _UUID.fullmatch(organization_id):
        raise InvalidArgument("organization_id is not a UUID in lower case with hyphens; give the organization's id")
    if not principal.is_service and organization_id != principal.organization_id:
        raise PermissionDenied(
            "organization_id is not the token's organization; leave other organizations alone",
            reason=errors_pb2.ERROR_REASON_ORGANIZATION_MISMATCH,
        )
