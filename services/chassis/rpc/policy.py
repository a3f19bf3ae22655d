"""The policy of every method, read from the protos: default deny, and no method without a policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from google.protobuf import descriptor_pool
from google.protobuf.message import Message

from services.chassis.errors import PermissionDenied, Unauthenticated
from services.chassis.tenancy import Principal, TokenVerifier
from services.pb.common.v1 import errors_pb2, policy_pb2

# Probes and reflection tell nothing of a tenant; they are open to whoever reaches the port.
OPEN_SERVICES = (
    "grpc.health.v1.Health",
    "grpc.reflection.v1alpha.ServerReflection",
    "grpc.reflection.v1.ServerReflection",
)


@dataclass(frozen=True, slots=True)
class MethodPolicy:
    """Who may call one method and how its tenant is checked."""

    callers: frozenset[str]
    tenant: int
    roles: frozenset[str]


class PolicyMissing(Exception):
    """A served method declares no policy; the service must not start."""


def read_policies(service_names: Iterable[str]) -> Mapping[str, MethodPolicy]:
    """Policies by full method path ("/package.Service/Method"). Raises PolicyMissing."""
    policies: dict[str, MethodPolicy] = {}
    pool = descriptor_pool.Default()
    for service_name in service_names:
        for method in pool.FindServiceByName(service_name).methods:
            policy = method.GetOptions().Extensions[policy_pb2.policy]
            if not policy.callers or policy.tenant == policy_pb2.TENANT_RULE_UNSPECIFIED:
                raise PolicyMissing(f"{service_name}/{method.name} has no (policy) option in its proto; declare one")
            policies[f"/{service_name}/{method.name}"] = MethodPolicy(
                frozenset(policy.callers), policy.tenant, frozenset(policy.roles)
            )
    return policies


def admit(
    method: str,
    request: Message,
    token: str | None,
    policies: Mapping[str, MethodPolicy],
    verifier: TokenVerifier,
) -> Principal:
    """Prove the caller and hold it against the method's policy. Raises Unauthenticated or PermissionDenied."""
    policy = policies.get(method)
    if policy is None:
        raise PermissionDenied("this method is not served", reason=errors_pb2.ERROR_REASON_CALLER_NOT_ALLOWED)
    if not token:
        raise Unauthenticated("no token; send `authorization: Bearer …`, made by `pytake token`")
    principal = verifier.prove(token)
    if principal.name not in policy.callers:
        raise PermissionDenied(
            f"{principal.name} may not call this method", reason=errors_pb2.ERROR_REASON_CALLER_NOT_ALLOWED
        )
    if not principal.is_service:
        _check_team(request, principal, policy)
    return principal


def _check_team(request: Message, principal: Principal, policy: MethodPolicy) -> None:
    if policy.roles and principal.role not in policy.roles:
        raise PermissionDenied(
            f"role {principal.role} may not call this method",
            reason=errors_pb2.ERROR_REASON_CALLER_NOT_ALLOWED,
        )
    if policy.tenant != policy_pb2.TENANT_RULE_REQUEST:
        raise PermissionDenied("only services may call this method", reason=errors_pb2.ERROR_REASON_CALLER_NOT_ALLOWED)
    if getattr(request, "organization_id", None) != principal.organization_id:
        raise PermissionDenied(
            "organization_id is not the token's organization; leave other organizations alone",
            reason=errors_pb2.ERROR_REASON_ORGANIZATION_MISMATCH,
        )
