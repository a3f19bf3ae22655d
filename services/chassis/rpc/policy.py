"""The policy of every method, read from the protos: default deny, and no method without a policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, MethodDescriptor
from google.protobuf.message import Message

from services.chassis.tenancy import PERMISSIONS, TEAM, Permission
from services.pb.common.v1 import policy_pb2

# Probes and reflection tell nothing of a tenant; they are open to whoever reaches the port.
OPEN_SERVICES = (
    "grpc.health.v1.Health",
    "grpc.reflection.v1alpha.ServerReflection",
    "grpc.reflection.v1.ServerReflection",
)

FieldPath = tuple[str, ...]
"""Names of fields from a request down to one of them; a repeated one stands for all its items."""


@dataclass(frozen=True, slots=True)
class MethodPolicy:
    """Who may call one method, how its tenant is checked, and the permission that teams need."""

    callers: frozenset[str]
    tenant: int
    scope: Permission | None
    tenant_keys: tuple[FieldPath, ...] = ()


class PolicyMissing(Exception):
    """A served method has no policy, or one that cannot be held; the service must not start."""


def read_policies(service_names: Iterable[str]) -> Mapping[str, MethodPolicy]:
    """Policies by full method path ("/package.Service/Method"). Raises PolicyMissing."""
    pool = descriptor_pool.Default()
    return {
        f"/{service_name}/{method.name}": _policy(method)
        for service_name in service_names
        for method in pool.FindServiceByName(service_name).methods
    }


def organizations_in(message: Message, path: FieldPath) -> Iterator[str]:
    """Every value of a field, through repeated messages too."""
    name, *rest = path
    value = getattr(message, name)
    if not rest:
        yield value
        return
    for item in (value,) if isinstance(value, Message) else value:
        yield from organizations_in(item, tuple(rest))


def _policy(method: MethodDescriptor) -> MethodPolicy:
    declared = method.GetOptions().Extensions[policy_pb2.policy]
    policy = MethodPolicy(
        frozenset(declared.callers),
        declared.tenant,
        declared.scope or None,
        tuple(_marked(method.input_type, frozenset())),
    )
    if wrong := _what_is_wrong(method, policy):
        raise PolicyMissing(f"{method.full_name} {wrong}")
    return policy


def _what_is_wrong(method: MethodDescriptor, policy: MethodPolicy) -> str | None:
    if not policy.callers or policy.tenant == policy_pb2.TENANT_RULE_UNSPECIFIED:
        return "has no (policy) option in its proto; declare one"
    if method.client_streaming:
        return "takes a stream, of which only the first message would be checked; take one request"
    if policy.scope is not None and policy.scope not in PERMISSIONS:
        return f"has the scope {policy.scope!r}, which nobody can have; use a permission of chassis.tenancy"
    if (TEAM in policy.callers) != (policy.scope is not None):
        return "must have a scope if teams are among its callers, and only then"
    match policy.tenant:
        case policy_pb2.TENANT_RULE_REQUEST:
            if "organization_id" not in method.input_type.fields_by_name:
                return "is about one organization and its request has no organization_id"
        case policy_pb2.TENANT_RULE_BATCH:
            if not policy.tenant_keys:
                return "is about a batch of organizations and marks no field with tenant_key"
        case _:
            if TEAM in policy.callers:
                return "is about the whole house, which is no team's"
    return None


def _marked(message: Descriptor, above: frozenset[str]) -> Iterator[FieldPath]:
    """Paths to the fields marked tenant_key; a message inside itself is not entered again."""
    for field in message.fields:
        if field.GetOptions().Extensions[policy_pb2.tenant_key]:
            yield (field.name,)
        if field.message_type is not None and field.message_type.full_name not in above:
            for path in _marked(field.message_type, above | {message.full_name}):
                yield (field.name, *path)
