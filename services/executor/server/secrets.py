"""executor.v1.Secrets."""

from __future__ import annotations

from services.chassis.rpc.pages import page_within
from services.executor.ports import SecretName
from services.executor.server.reading import Context, uuid_of
from services.executor.usecases import SecretKeeping
from services.pb.executor.v1 import executor_pb2, executor_pb2_grpc


class SecretsServer(executor_pb2_grpc.SecretsServicer):
    """Secrets of calls outside: values go in and never come out."""

    def __init__(self, secrets: SecretKeeping) -> None:
        self._secrets = secrets

    async def PutSecret(
        self, request: executor_pb2.PutSecretRequest, context: Context
    ) -> executor_pb2.PutSecretResponse:
        """Store a secret."""
        is_changed = await self._secrets.put(
            organization_id=uuid_of(request.organization_id, "organization_id"), name=request.name, value=request.value
        )
        return executor_pb2.PutSecretResponse(is_changed=is_changed)

    async def ListSecrets(
        self, request: executor_pb2.ListSecretsRequest, context: Context
    ) -> executor_pb2.ListSecretsResponse:
        """The organization's secrets, without values."""
        found = await self._secrets.names(organization_id=uuid_of(request.organization_id, "organization_id"))
        secrets, cursor = page_within(
            found, _name, lambda secret: (secret.name,), limit=request.limit, cursor=request.cursor
        )
        return executor_pb2.ListSecretsResponse(secrets=secrets, cursor=cursor)

    async def DeleteSecret(
        self, request: executor_pb2.DeleteSecretRequest, context: Context
    ) -> executor_pb2.DeleteSecretResponse:
        """Remove a secret."""
        was_there = await self._secrets.delete(
            organization_id=uuid_of(request.organization_id, "organization_id"), name=request.name
        )
        return executor_pb2.DeleteSecretResponse(was_there=was_there)


def _name(secret: SecretName) -> executor_pb2.SecretName:
    told = executor_pb2.SecretName(name=secret.name)
    told.updated_at.FromDatetime(secret.updated_at)
    return told
