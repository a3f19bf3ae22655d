"""router's departments, queues and agents, in memory."""

# ruff: noqa: N802  (gRPC methods are named as in the proto)

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from services.chassis.errors import NotFound
from services.pb.common.v1 import errors_pb2
from services.pb.router.v1 import router_pb2, router_pb2_grpc
from services.router.domain.queues import department_id_of, queue_id_of

if TYPE_CHECKING:
    from tests.unit.cli.fake_house import Kept


class FakeQueues(router_pb2_grpc.QueuesServicer):
    def __init__(self, kept: Kept) -> None:
        self.kept = kept

    async def PutDepartment(self, request: Any, context: Any) -> router_pb2.PutDepartmentResponse:
        form = request.department
        is_changed = self.kept.put(request.organization_id, "department", form.name, value=form)
        return router_pb2.PutDepartmentResponse(is_changed=is_changed)

    async def PutQueue(self, request: Any, context: Any) -> router_pb2.PutQueueResponse:
        form, organization_id = request.queue, UUID(request.organization_id)
        departments = self.kept.of(request.organization_id, "department")
        if form.department_id not in {str(department_id_of(organization_id, name)) for name in departments}:
            raise NotFound("put the department first", reason=errors_pb2.ERROR_REASON_DEPARTMENT_NOT_FOUND)
        queues = self.kept.of(request.organization_id, "queue")
        overflow = form.overflow_queue_id
        if overflow and overflow not in {str(queue_id_of(organization_id, name)) for name in queues}:
            raise NotFound("put the queue first", reason=errors_pb2.ERROR_REASON_QUEUE_NOT_FOUND)
        is_changed = self.kept.put(request.organization_id, "queue", form.name, value=form)
        return router_pb2.PutQueueResponse(is_changed=is_changed)

    async def ListQueues(self, request: Any, context: Any) -> router_pb2.ListQueuesResponse:
        return router_pb2.ListQueuesResponse(queues=self.kept.of(request.organization_id, "queue").values())

    async def PutAgent(self, request: Any, context: Any) -> router_pb2.PutAgentResponse:
        form = request.agent
        return router_pb2.PutAgentResponse(
            is_changed=self.kept.put(request.organization_id, "agent", form.agent_id, value=form)
        )

    async def ListAgents(self, request: Any, context: Any) -> router_pb2.ListAgentsResponse:
        return router_pb2.ListAgentsResponse(agents=self.kept.of(request.organization_id, "agent").values())
