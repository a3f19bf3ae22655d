"""A service starts only with policies that can be held."""

import pytest

from services.chassis.rpc import RpcServer
from services.chassis.rpc.policy import PolicyMissing, read_policies
from services.chassis.tenancy import PublicKeys, TokenVerifier
from services.pb.common.v1 import policy_pb2
from tests.fixtures.declared import declare

REQUEST = policy_pb2.TENANT_RULE_REQUEST
BATCH = policy_pb2.TENANT_RULE_BATCH
HOUSE = policy_pb2.TENANT_RULE_HOUSE


def policy(*callers: str, tenant: policy_pb2.TenantRule.ValueType, scope: str = "") -> policy_pb2.Policy:
    return policy_pb2.Policy(callers=callers, tenant=tenant, scope=scope)


@pytest.mark.parametrize(
    ("declared", "fields", "why"),
    [
        (None, (), "has no \\(policy\\) option"),
        (policy(tenant=HOUSE), (), "has no \\(policy\\) option"),
        (policy_pb2.Policy(callers=["router"]), (), "has no \\(policy\\) option"),
        (policy("team", tenant=REQUEST), ("organization_id",), "must have a scope"),
        (policy("router", tenant=REQUEST, scope="flows:read"), ("organization_id",), "must have a scope"),
        (policy("team", tenant=REQUEST, scope="flows:fly"), ("organization_id",), "scope 'flows:fly', which nobody"),
        (policy("router", tenant=REQUEST), ("organization",), "has no organization_id"),
        (policy("router", tenant=BATCH), ("organization_id",), "marks no field"),
        (policy("team", tenant=HOUSE, scope="flows:read"), ("organization_id",), "no team's"),
    ],
)
def test_a_policy_that_cannot_be_held_keeps_its_service_from_starting(
    declared: policy_pb2.Policy | None, fields: tuple[str, ...], why: str
) -> None:
    with pytest.raises(PolicyMissing, match=why):
        read_policies([declare(declared, fields=fields).name])


@pytest.mark.parametrize("gives_stream", [False, True])
def test_a_stream_of_requests_keeps_its_service_from_starting(*, gives_stream: bool) -> None:
    declared = policy("router", tenant=HOUSE)

    assert read_policies([declare(declared, gives_stream=gives_stream).name])
    with pytest.raises(PolicyMissing, match="takes a stream"):
        read_policies([declare(declared, takes_stream=True, gives_stream=gives_stream).name])


async def test_the_server_itself_refuses_a_method_without_a_policy() -> None:
    async def answer(request: object, _: object) -> object:
        return request

    with pytest.raises(PolicyMissing):
        RpcServer(
            "127.0.0.1:0",
            [declare(None).served_by(answer)],
            TokenVerifier(audience="router", keys=PublicKeys([])),
            drain_seconds=0.0,
        )


def test_a_good_policy_says_where_organizations_stand() -> None:
    service = declare(policy("team", "router", tenant=BATCH, scope="flows:read"), fields=("organization_id!", "text"))

    (found,) = read_policies([service.name]).values()

    assert (found.callers, found.scope) == ({"team", "router"}, "flows:read")
    assert found.tenant_keys == (("organization_id",),)
