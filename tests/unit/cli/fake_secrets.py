"""Secrets of flows of the fake house, in memory."""

# ruff: noqa: N802  (gRPC methods are named as in the proto)

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.pb.executor.v1 import executor_pb2, executor_pb2_grpc

if TYPE_CHECKING:
    from tests.unit.cli.fake_house import Kept


@dataclass
class FakeSecrets(executor_pb2_grpc.SecretsServicer):
    """Keeps values, and tells names only."""

    kept: Kept

    async def PutSecret(self, request: Any, context: Any) -> executor_pb2.PutSecretResponse:
        is_changed = self.kept.put(request.organization_id, "secret", request.name, value=request.value)
        return executor_pb2.PutSecretResponse(is_changed=is_changed)

    async def ListSecrets(self, request: Any, context: Any) -> executor_pb2.ListSecretsResponse:
        names = sorted(self.kept.of(request.organization_id, "secret"))
        return executor_pb2.ListSecretsResponse(secrets=[executor_pb2.SecretName(name=name) for name in names])

    async def DeleteSecret(self, request: Any, context: Any) -> executor_pb2.DeleteSecretResponse:
        key = (request.organization_id, "secret", request.name)
        return executor_pb2.DeleteSecretResponse(was_there=self.kept.values.pop(key, None) is not None)
